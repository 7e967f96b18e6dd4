// The typings of the client and of the results of its methods. The folder types/ has its options, events and errors.
// All typings compile without the types of Node.

/** The client, and the results of its methods. @module */

/// <reference lib="es2020" />

// The typings of `@slack/rtm-api` load the types of Node, so code that uses `process` compiles even if the `types` of
// its tsconfig.json do not list `node` (TypeScript 6 loads only listed types). This import does the same, if they are
// installed.
// @ts-ignore
import type {} from 'node';
import { EventEmitter } from 'eventemitter3';
import type {
  RTMConnectError,
  RTMNoReplyReceivedError,
  RTMPlatformError,
  RTMSendWhileDisconnectedError,
  RTMSendWhileNotReadyError,
  RTMWebsocketError,
} from './types/errors';
import type { RTMClientEvents, RTMListeners } from './types/events';
import type { MessageEvent } from './types/messages';
import type { Open } from './types/objects';
import type { RTMConstructorOptions } from './types/options';

export * from './types/errors';
export * from './types/events';
export * from './types/messages';
export * from './types/objects';
export * from './types/options';
export * from './types/slack-events';

/**
 * A client of Slack's Real Time Messaging (RTM) API. It keeps one WebSocket connection to one workspace open, and
 * replaces the connection when it is lost.
 *
 * The client emits every event from Slack under up to three names, in this order: `slack_event` (with the type and the
 * event), the event's `type`, and `type::subtype` if the event has a `subtype`. {@link RTMClientEvents} lists the
 * events of the client itself.
 *
 * The class has the members of the client of `@slack/rtm-api`. The additions are {@link state}, {@link ping},
 * {@link latency}, {@link lastActivity} and {@link apiCall}.
 *
 * @example
 * const { RTMClient } = require('slack-rtm-native');
 * const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN);
 * rtm.on('message', (event) => rtm.sendMessage(`You said: ${event.text}`, event.channel));
 * rtm.start();
 */
export class RTMClient extends EventEmitter {
  /**
   * Creates a client. The client does not connect until you call {@link start}.
   *
   * @param token - A token that may use the RTM API. It can be empty if you pass the option `webClient`.
   * @param options - The options of the client. Unknown options are ignored.
   * @throws `TypeError` or `RangeError` if the token is missing or an option is invalid. The message names the option
   * and its value, but never the token.
   * @throws {@link RTMKeepAliveConfigError} if `serverPongTimeout` is not below `clientPingTimeout`.
   */
  constructor(token: string, options?: RTMConstructorOptions);

  /** Whether the connection is open: true from the `connected` event until the connection ends. */
  connected: boolean;

  /** Whether Slack has accepted the token: true from the `authenticated` event until the connection ends. */
  authenticated: boolean;

  /**
   * The id of the user that the token belongs to (`U…`). Set while {@link authenticated} is true, otherwise undefined.
   */
  activeUserId?: string;

  /** The id of the workspace (`T…`). Set while {@link authenticated} is true, otherwise undefined. */
  activeTeamId?: string;

  /** The client's state. In a listener, it is the state that belongs to the event. */
  readonly state: RTMClientState;

  /** The round-trip time of the last ping, in milliseconds. Undefined until Slack has replied to a ping. */
  readonly latency: number | undefined;

  /** The time when the last frame arrived, in milliseconds since the epoch. Undefined until a frame has arrived. */
  readonly lastActivity: number | undefined;

  /**
   * The `webClient` option. Without the option, it is a `WebClient` of `@slack/web-api` that is created on first use.
   *
   * @throws An error with code `MODULE_NOT_FOUND` if a `WebClient` must be created and `@slack/web-api` is not
   * installed.
   * @deprecated It is private in `@slack/rtm-api`, and exists for bots that use it. Use {@link apiCall} or create a
   * `WebClient` instead.
   */
  readonly webClient: any;

  /**
   * Its method returns {@link state}.
   *
   * @deprecated It is private in `@slack/rtm-api`, and exists for bots that use it. Use {@link state} instead.
   */
  readonly stateMachine: { getCurrentState(): RTMClientState };

  /**
   * Connects to Slack.
   *
   * If you call it again while the client is connecting, both promises settle together. While the client is connected,
   * the promise resolves with the response of the current connection. While the client is disconnecting, it connects
   * again after the disconnect.
   *
   * The promise resolves at the `authenticated` event, before `ready`. You need not wait for `ready` to send:
   * {@link sendMessage} and {@link addOutgoingEvent} keep the message until then. Only {@link send} and {@link ping} need
   * a `ready` client.
   *
   * @param options - The arguments of the connect call. The client uses them for reconnects, too.
   * @returns Slack's response to the connect call.
   * @throws {@link RTMConnectError} if the connect call fails permanently, or its retries (`retryConfig`) are
   * exhausted.
   * @throws {@link RTMWebsocketError} if the connection is lost before `authenticated` and `autoReconnect` is false.
   * @throws {@link RTMAbortError} if {@link disconnect} is called before `authenticated`.
   */
  start<Result extends object = RTMConnectResult>(options?: RTMStartOptions): Promise<Result>;
  /**
   * The signature that subclasses, fakes and mocks are checked against. It requires no more than the signature of
   * `@slack/rtm-api`. (TypeScript checks them against the last signature, and against the others with `any` for
   * `Result`.)
   *
   * @hidden
   */
  start(options?: RTMStartOptions): Promise<RTMApiCallResult>;

  /**
   * Closes the connection, or cancels the attempt to connect, and stops reconnecting. You can call it in every state.
   *
   * Messages that were not sent stay in the queue for the next {@link start}.
   *
   * @returns A promise that resolves immediately if there is nothing to close, otherwise within 5 seconds. After that,
   * no event from Slack reaches a listener.
   */
  disconnect(): Promise<void>;

  /**
   * Sends a text message to a conversation. Same as `addOutgoingEvent(true, 'message', { text, channel })`.
   *
   * @param text - The text, in Slack's markup. Replace `&`, `<` and `>` by `&amp;`, `&lt;` and `&gt;` in other text.
   * @param conversationId - The id of a channel (`C…`), a direct message (`D…`) or a group (`G…`).
   * @returns Slack's reply. Its `ts` identifies the message in the conversation.
   * @throws The errors of {@link addOutgoingEvent}.
   */
  sendMessage(text: string, conversationId: string): Promise<RTMCallResult>;

  /**
   * Shows in a conversation, for a few seconds, that the bot is typing. Same as
   * `addOutgoingEvent(false, 'typing', { channel })`.
   *
   * @param conversationId - The id of a channel (`C…`), a direct message (`D…`) or a group (`G…`).
   * @returns A promise that resolves when the message has been written. Slack does not reply.
   */
  sendTyping(conversationId: string): Promise<void>;

  /**
   * Subscribes to the `presence_change` events of these users. The list replaces the previous one. A subscription ends
   * with the connection, so call this method in a `ready` listener. Same as `addOutgoingEvent(false, 'presence_sub', {
   * ids })`.
   *
   * @param userIds - The ids of the users (`U…`). An empty list ends the subscription.
   * @returns A promise that resolves when the message has been written. Slack does not reply.
   */
  subscribePresence(userIds: string[]): Promise<void>;

  /**
   * Sends a message of any type as soon as the client is `ready`.
   *
   * Messages are sent in the order of the calls. A message that has not been sent survives a reconnect. No message is
   * sent twice.
   *
   * @param awaitReply - Whether to wait for Slack's reply. Slack does not reply to every type.
   * @param type - The `type` of the message.
   * @param body - The other fields. The client sets `type` and `id`. The body is converted to JSON immediately, so
   * later changes to the object have no effect.
   * @returns The reply. If `awaitReply` is false: undefined, when the message has been written.
   * @throws {@link RTMPlatformError} if Slack refused the message.
   * @throws {@link RTMNoReplyReceivedError} if the connection ended, or `replyTimeout` passed, before the reply
   * arrived. Slack may have received the message.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   */
  addOutgoingEvent(awaitReply: true, type: string, body?: object): Promise<RTMCallResult>;
  addOutgoingEvent(awaitReply: false, type: string, body?: object): Promise<undefined>;
  addOutgoingEvent(awaitReply: boolean, type: string, body?: object): Promise<RTMCallResult | undefined>;

  /**
   * Sends a message of any type now. The message is not queued, and the promise does not wait for a reply.
   *
   * @param type - The `type` of the message.
   * @param body - The other fields. The client sets `type` and `id`.
   * @returns The `id` of the message, when it has been written. A reply has this id as `reply_to`.
   * @throws {@link RTMSendWhileDisconnectedError} if there is no connection.
   * @throws {@link RTMSendWhileNotReadyError} if the connection is not `ready`.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   */
  send(type: string, body?: object): Promise<number>;

  /**
   * Sends a ping to Slack and measures the round-trip time, for a health check. To keep the connection alive, the
   * client sends pings itself; see the option `clientPingTimeout`.
   *
   * @returns The round-trip time in milliseconds.
   * @throws {@link RTMSendWhileDisconnectedError} if there is no connection.
   * @throws {@link RTMSendWhileNotReadyError} if the connection is not `ready`.
   * @throws {@link RTMNoReplyReceivedError} if the connection ended, or `serverPongTimeout` passed, before the
   * reply arrived.
   */
  ping(): Promise<number>;

  /**
   * Calls a method of Slack's Web API. The client need not be connected.
   *
   * The call uses the client's token, TLS settings, proxy and retries. If the option `webClient` is set, that object
   * makes the call instead, with its own settings.
   *
   * @example
   * const { members } = await rtm.apiCall<{ members: { id: string }[] }>('users.list', { limit: 100 });
   *
   * @param method - The name of the method, for example `chat.postMessage`.
   * @param options - The arguments of the method. Objects and arrays are sent as JSON. If a `Buffer`, `Uint8Array` or
   * `Blob` is among the arguments, the request is a multipart form. A `token` replaces the client's token.
   * @returns Slack's response. Its `ok` is always true.
   * @throws {@link RTMConnectError} if the call fails, or if the response has `ok: false`.
   * @throws `TypeError` if the arguments cannot be sent, for example a stream.
   */
  apiCall<Result extends object = RTMApiCallResult>(method: string, options?: Record<string, unknown>): Promise<Result>;

  // Each of the following methods has three signatures: for the events with known types, for other subtypes of
  // `message`, and for all other listeners: of other events, with other parameter types, or with another number of
  // parameters.

  /**
   * Adds a listener.
   *
   * @param event - The name of the event: one of {@link RTMClientEvents}, the `type` of an event from Slack
   * ({@link RTMEvents} lists the types that Slack documents), or `type::subtype`.
   * @param listener - Called for each event, in the order in which the listeners were added.
   * @param context - The value of `this` in the listener. Default: the client.
   */
  on<E extends keyof RTMListeners>(event: E, listener: (...args: RTMListeners[E]) => void, context?: any): this;
  on(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  on<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;

  /** Same as {@link on}. */
  addListener<E extends keyof RTMListeners>(
    event: E,
    listener: (...args: RTMListeners[E]) => void,
    context?: any,
  ): this;
  addListener(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  addListener<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;

  /** Adds a listener that is removed after its first event. See {@link on}. */
  once<E extends keyof RTMListeners>(event: E, listener: (...args: RTMListeners[E]) => void, context?: any): this;
  once(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  once<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;
}

/** The state of an {@link RTMClient}. When the client enters a state, it emits the event with the state's name. */
export type RTMClientState = 'disconnected' | 'connecting' | 'connected' | 'disconnecting' | 'reconnecting';

/**
 * The messages that clients publish with `node:diagnostics_channel`, by the name of the channel. They show how a client
 * connects, and why it has no connection. No message contains a token.
 *
 * @example
 * const { subscribe } = require('node:diagnostics_channel');
 * subscribe('slack-rtm-native:pause', ({ milliseconds, reason }) => console.log(`away for ${milliseconds} ms: ${reason}`));
 */
export interface RTMDiagnostics {
  /** The client makes a connect call. `attempt` is 1 for the first call since the client was last `ready`. */
  'slack-rtm-native:connect': { client: RTMClient; attempt: number };
  /** The connect call succeeded, and the client opens the socket to `server`, a host name. */
  'slack-rtm-native:dial': { client: RTMClient; server: string };
  /** There is no connection because of `reason`. The client makes the next connect call after `milliseconds`. */
  'slack-rtm-native:pause': { client: RTMClient; milliseconds: number; reason: string };
  /** The client is about to emit a lifecycle event. `error` is the event's error, if it has one. */
  'slack-rtm-native:lifecycle': { client: RTMClient; event: keyof RTMClientEvents; error: Error | undefined };
}

/**
 * The arguments of the connect call. All are optional. Those from `include_locale` on affect only the snapshot that a
 * server sends with `useRtmConnect: false`; see {@link RTMConnectResult}.
 */
export interface RTMStartOptions {
  /** A token that replaces the client's token for this session. */
  token?: string;
  /** Whether Slack can report several users in one `presence_change` event, in `users` instead of `user`. */
  batch_presence_aware?: boolean;
  /** Whether Slack sends `presence_change` only for the users of {@link RTMClient.subscribePresence}. */
  presence_sub?: boolean;
  /** Whether users and channels have a `locale`. */
  include_locale?: boolean;
  /** Whether group direct messages are listed in `mpims`, separately from private channels. */
  mpim_aware?: boolean;
  /** Whether to omit the latest message of each conversation. Implies `no_unreads`. */
  no_latest?: boolean;
  /** Whether to omit the number of unread messages of each conversation. */
  no_unreads?: boolean;
  /** Whether to send only the timestamp of the latest message of each conversation. */
  simple_latest?: boolean;
}

/** Slack's response to the connect call. Fields that are not listed here can be read, too. */
export interface RTMConnectResult {
  /** Always true. A response with `ok: false` becomes an {@link RTMConnectPlatformError}. */
  ok: boolean;
  /** The URL of the socket. The client has already used it; it is valid for one connection only. */
  url: string;
  /** The user that the token belongs to. */
  self: Open<{ id: string; name: string }>;
  /** The workspace. */
  team: Open<{ id: string; name: string; domain: string }>;
  /** Always undefined. A response with `ok: false` becomes an {@link RTMConnectPlatformError}. */
  error?: string;
  /** Slack's notes about the call, and the scopes of the token. */
  response_metadata?: RTMResponseMetadata;
  /**
   * The users of the workspace. This field and the lists below are the snapshot. They exist only if `useRtmConnect` is
   * false and the server sends a snapshot. Slack no longer does.
   */
  users?: any;
  /** The public channels. */
  channels?: any;
  /** The private channels that the user is a member of. */
  groups?: any;
  /** The group direct messages that the user is a member of. */
  mpims?: any;
  /** The user's direct messages. */
  ims?: any;
  /** The bots of the workspace. */
  bots?: any;
  [field: string]: any;
}

/** Slack's response to a Web API method. The method's own fields can be read, too. */
export interface RTMApiCallResult {
  /** Always true. A response with `ok: false` becomes an {@link RTMConnectPlatformError}. */
  ok: boolean;
  /** Always undefined. A response with `ok: false` becomes an {@link RTMConnectPlatformError}. */
  error?: string;
  /** Slack's notes about the call, and the scopes of the token. */
  response_metadata?: RTMResponseMetadata;
  [field: string]: any;
}

/** Slack's notes about a call. Every field is missing if Slack does not send it. */
export interface RTMResponseMetadata {
  /** The scopes of the token, from the header `x-oauth-scopes`. */
  scopes?: string[];
  /** The scopes that the method accepts, from the header `x-accepted-oauth-scopes`. The token needs one of them. */
  acceptedScopes?: string[];
  /** The codes of warnings. */
  warnings?: string[];
  /** Warnings and errors as text. */
  messages?: string[];
  /** The cursor of the next page of a list. Empty on the last page. */
  next_cursor?: string;
  [field: string]: any;
}

/** Slack's reply to a message. */
export interface RTMCallResult {
  /** Whether Slack accepted the message. */
  ok?: boolean;
  /** The timestamp of the message, which is its id in the conversation. */
  ts: string;
  /** The `id` that the client sent the message with. */
  reply_to?: number;
  /** The text of the message as Slack stored it. */
  text?: string;
  /** Why Slack refused the message. A reply with an error becomes an {@link RTMPlatformError}. */
  error?: { code: number; msg: string };
}
