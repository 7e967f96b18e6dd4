/** The client, and the results of its methods. @module */

// types/ has the options, events and errors. All typings also compile without the types of Node.

/// <reference lib="es2020" />

// The typings of `@slack/rtm-api` load the types of Node. Code that uses `process` therefore compiles although its tsconfig does
// not list `node` in `types`, which TypeScript 6 requires otherwise. This import has the same effect. If the types of Node are
// not installed, it has none.
// @ts-ignore
import type {} from 'node';
import { EventEmitter } from 'eventemitter3';
import type {
  CodedError,
  RTMAbortError,
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
 * A client of Slack's Real Time Messaging API. It keeps one WebSocket connection to one workspace, and reconnects when the
 * connection is lost.
 *
 * Each event from Slack is emitted under up to three names: `slack_event` (with its type and the event), its `type`, and
 * `type::subtype` if it has a `subtype`. {@link RTMClientEvents} lists the client's own events.
 *
 * @example
 * const { RTMClient } = require('slack-rtm-native');
 * const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN);
 * rtm.on('message', (event) => rtm.sendMessage(`You said: ${event.text}`, event.channel));
 * rtm.start();
 */
export class RTMClient extends EventEmitter {
  /**
   * Creates a client. Call {@link start} to connect it.
   *
   * @param token - A token that can use the RTM API. It can be empty if the option `webClient` is set.
   * @param options - Default: see each option in {@link RTMConstructorOptions}.
   * @throws `TypeError` or `RangeError` if the token is missing or an option is invalid, for example a certificate or a
   * passphrase. The message names the option and its value, but never a secret.
   * @throws {@link CodedError} with the code `ErrorCode.KeepAliveConfigError` if `serverPongTimeout` is not below
   * `clientPingTimeout`.
   */
  constructor(token: string, options?: RTMConstructorOptions);

  /** Whether the socket is open and Slack has sent `hello`: true from `connected` on, until the connection ends. */
  connected: boolean;

  /** Whether the connect call has succeeded: true from `authenticated` on, until the connection ends. */
  authenticated: boolean;

  /** The id of the user that the token belongs to, for example the bot's. Undefined unless `authenticated` is true. */
  activeUserId?: string;

  /** The id of the workspace that the token belongs to. Undefined unless `authenticated` is true. */
  activeTeamId?: string;

  /** The state of the client. In a listener, it is the state at the time of the event that the listener handles. */
  readonly state: RTMClientState;

  /** The round-trip time of the last answered ping, in milliseconds. Undefined before the first one. */
  readonly latency: number | undefined;

  /** The time when the last frame arrived, in milliseconds since the epoch. Undefined before the first one. */
  readonly lastActivity: number | undefined;

  /**
   * The `webClient` option. Without the option, a `WebClient` of `@slack/web-api` that is created on first use. Throws an
   * error with the code `MODULE_NOT_FOUND` if that package is not installed.
   *
   * @deprecated Private in `@slack/rtm-api`, and kept for code that uses it. Use {@link apiCall}, or create a `WebClient`.
   */
  readonly webClient: any;

  /** @deprecated Private in `@slack/rtm-api`, and kept for code that uses it. Use {@link state} instead. */
  readonly stateMachine: { getCurrentState(): RTMClientState };

  /**
   * Connects to Slack. Temporary errors are retried according to the option `retryConfig`.
   *
   * A second call opens no second connection. While connecting, it settles with the attempt in progress. While connected,
   * it resolves with the current data. While disconnecting, it connects again after the disconnect.
   *
   * @param options - The arguments of the connect call. The client also uses them when it reconnects.
   * @returns Resolves with the response of the connect call, at the `authenticated` event. You can call
   * {@link sendMessage} right away: the message waits for the `ready` event.
   * @throws {@link RTMConnectError} if the connect call fails permanently, or if its retries are exhausted. With the option
   * `webClient`, the error of that object.
   * @throws {@link RTMAbortError} if {@link disconnect} is called before the `authenticated` event.
   * @throws `TypeError` if the argument `token` contains characters that cannot be sent.
   */
  start<Result extends object = RTMConnectResult>(options?: RTMStartOptions): Promise<Result>;
  /**
   * The signature that subclasses and mocks must match, with the same result type as in `@slack/rtm-api`. TypeScript
   * compares them with the last signature, and with the earlier ones with `any` for `Result`.
   *
   * @hidden
   */
  start(options?: RTMStartOptions): Promise<RTMApiCallResult>;

  /**
   * Ends the connection or the connection attempt, and stops reconnecting. Works in every state. Queued messages that were
   * not written are kept for the next {@link start}. Messages whose reply has not arrived when the connection ends reject
   * with {@link RTMNoReplyReceivedError}.
   *
   * @returns Resolves immediately if there is nothing to end, otherwise within 5 s. After that, no event from Slack is
   * emitted.
   */
  disconnect(): Promise<void>;

  /**
   * Sends a text message to a conversation and waits for Slack's reply. The same as
   * `addOutgoingEvent(true, 'message', { text, channel })`.
   *
   * @param text - The text, in Slack's markup.
   * @param conversationId - The id of a channel, a direct message or a group direct message.
   * @returns Resolves with Slack's reply, whose `ts` identifies the message.
   * @throws The errors of {@link addOutgoingEvent}.
   */
  sendMessage(text: string, conversationId: string): Promise<RTMCallResult>;

  /**
   * Shows the typing indicator of the bot in a conversation, for a few seconds. The same as
   * `addOutgoingEvent(false, 'typing', { channel })`.
   *
   * @param conversationId - The id of a channel, a direct message or a group direct message.
   * @returns Resolves when the message has been written.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   */
  sendTyping(conversationId: string): Promise<void>;

  /**
   * Subscribes to the `presence_change` events of these users. The same as
   * `addOutgoingEvent(false, 'presence_sub', { ids })`.
   *
   * The list replaces the previous one; an empty list ends the subscription. A subscription also ends with the connection,
   * so call this method in a listener of `ready`.
   *
   * @param userIds - The ids of the users.
   * @returns Resolves when the message has been written.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   */
  subscribePresence(userIds: string[]): Promise<void>;

  /**
   * Adds a message of any type to the queue. The client sends the queue while it is `ready`, in the order of the calls.
   * Queued messages survive a reconnect. No message is written twice.
   *
   * @param awaitReply - Whether to wait for Slack's reply. Slack replies to some types only, for example `message`.
   * @param type - The `type` of the message.
   * @param body - The other fields of the message. They are converted to JSON immediately. The client sets `type` and `id`.
   * @returns With `awaitReply`, resolves with the reply. Otherwise, resolves with undefined when the message has been
   * written.
   * @throws {@link RTMPlatformError} if Slack refuses the message.
   * @throws {@link RTMNoReplyReceivedError} if the connection ends, or `replyTimeout` passes, before the reply arrives.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   * @throws `TypeError` if `body` cannot be converted to JSON.
   */
  addOutgoingEvent(awaitReply: true, type: string, body?: object): Promise<RTMCallResult>;
  addOutgoingEvent(awaitReply: false, type: string, body?: object): Promise<undefined>;
  addOutgoingEvent(awaitReply: boolean, type: string, body?: object): Promise<RTMCallResult | undefined>;

  /**
   * Sends a message of any type immediately, without the queue. Does not wait for a reply.
   *
   * @param type - The `type` of the message.
   * @param body - The other fields of the message. The client sets `type` and `id`.
   * @returns Resolves with the `id` of the message when it has been written. A reply has this id as `reply_to`.
   * @throws {@link RTMSendWhileDisconnectedError} if there is no connection.
   * @throws {@link RTMSendWhileNotReadyError} if the connection is not `ready`.
   * @throws {@link RTMWebsocketError} if the message could not be written.
   * @throws `TypeError` if `body` cannot be converted to JSON.
   */
  send(type: string, body?: object): Promise<number>;

  /**
   * Sends a ping and waits for the pong, for health checks. To keep the connection alive, the client sends pings by itself
   * (option `clientPingTimeout`).
   *
   * @returns Resolves with the round-trip time in milliseconds.
   * @throws {@link RTMSendWhileDisconnectedError} if there is no connection.
   * @throws {@link RTMSendWhileNotReadyError} if the connection is not `ready`.
   * @throws {@link RTMNoReplyReceivedError} if the connection ends, or `serverPongTimeout` passes, before the pong arrives.
   */
  ping(): Promise<number>;

  /**
   * Calls a Web API method with the client's token. The client does not need to be connected. The call uses the same HTTP
   * client, retries and errors as the connect call. With the option `webClient`, that object makes the call.
   *
   * @example
   * const { members } = await rtm.apiCall<{ members: { id: string }[] }>('users.list', { limit: 100 });
   *
   * @param method - The name of the method, for example `chat.postMessage`.
   * @param options - The arguments of the method. Objects and arrays are sent as JSON, and `undefined` is omitted. If an
   * argument is a `Buffer`, `Uint8Array` or `Blob`, the request is a multipart form. A `token` replaces the client's token.
   * @returns Resolves with Slack's response, whose `ok` is true.
   * @throws {@link RTMConnectError} if Slack responds with `ok: false`, or if there is no usable response after all retries.
   * With the option `webClient`, the error of that object.
   * @throws `TypeError` if `method` is not a method name, or if an argument cannot be sent (for example a stream).
   */
  apiCall<Result extends object = RTMApiCallResult>(method: string, options?: Record<string, unknown>): Promise<Result>;

  // Each method has three signatures: for known events, for other subtypes of `message`, and for everything else. The last one
  // accepts other event names, and listeners of known events with other parameters.

  /**
   * Adds a listener for an event.
   *
   * @param event - A name of {@link RTMClientEvents}, the `type` of an event from Slack ({@link RTMEvents} lists the
   * documented ones), or `type::subtype`.
   * @param listener - Called for each event.
   * @param context - The value of `this` in the listener. Default: the client.
   * @returns The client.
   */
  on<E extends keyof RTMListeners>(event: E, listener: (...args: RTMListeners[E]) => void, context?: any): this;
  on(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  on<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;

  /** The same as {@link on}. */
  addListener<E extends keyof RTMListeners>(
    event: E,
    listener: (...args: RTMListeners[E]) => void,
    context?: any,
  ): this;
  addListener(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  addListener<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;

  /** Adds a listener that is called for the next event only, and then removed. Otherwise the same as {@link on}. */
  once<E extends keyof RTMListeners>(event: E, listener: (...args: RTMListeners[E]) => void, context?: any): this;
  once(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  once<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;
}

/** The state of an {@link RTMClient}. When the client enters a state, it emits the event with the same name. */
export type RTMClientState = 'disconnected' | 'connecting' | 'connected' | 'disconnecting' | 'reconnecting';

/**
 * The messages that all clients publish on channels of `node:diagnostics_channel`, by the name of the channel. They report
 * how a client connects, and why it has no connection.
 *
 * @example
 * const { subscribe } = require('node:diagnostics_channel');
 * subscribe('slack-rtm-native:pause', ({ milliseconds, reason }) => {
 *   console.log(`no connection for ${milliseconds} ms: ${reason}`);
 * });
 */
export interface RTMDiagnostics {
  /** The client makes a connect call. `attempt` counts the calls since the client was last `ready`, from 1. */
  'slack-rtm-native:connect': { client: RTMClient; attempt: number };
  /** The connect call succeeded, and the client opens the socket. `server` is the host of the socket. */
  'slack-rtm-native:dial': { client: RTMClient; server: string };
  /** There is no connection, for this `reason`. The next connect call follows after `milliseconds`. */
  'slack-rtm-native:pause': { client: RTMClient; milliseconds: number; reason: string };
  /** The client is about to emit a lifecycle event. `error` is the error that the event passes, if any. */
  'slack-rtm-native:lifecycle': { client: RTMClient; event: keyof RTMClientEvents; error: Error | undefined };
}

/**
 * The arguments of the connect call, for {@link RTMClient.start}. The arguments from `include_locale` on affect only the
 * snapshot, see {@link RTMConnectResult}.
 */
export interface RTMStartOptions {
  /** The token of this session. Default: the client's token. */
  token?: string;
  /** Whether a `presence_change` event can report several users, in `users`. */
  batch_presence_aware?: boolean;
  /** Whether Slack reports only the presence of users that {@link RTMClient.subscribePresence} subscribed to. */
  presence_sub?: boolean;
  /** Whether the response has the locale of users and channels. */
  include_locale?: boolean;
  /** Whether the response lists group direct messages in `mpims`, apart from private channels. */
  mpim_aware?: boolean;
  /** Whether to omit the latest message of each conversation. Implies `no_unreads`. */
  no_latest?: boolean;
  /** Whether to omit the numbers of unread messages. */
  no_unreads?: boolean;
  /** Whether the latest message of each conversation is only its timestamp. */
  simple_latest?: boolean;
}

/** The response of the connect call. It can have fields that are not listed here. */
export interface RTMConnectResult {
  /** Always true. If it is false, the call fails with {@link RTMConnectError}. */
  ok: boolean;
  /** The URL of the socket. It is a secret, and valid for one connection, which the client opens. */
  url: string;
  /** The user that the token belongs to. */
  self: Open<{ id: string; name: string }>;
  /** The workspace. `domain` is the part of its URL before `.slack.com`. */
  team: Open<{ id: string; name: string; domain: string }>;
  /** Not set in a response. If the call fails, the `data` of {@link RTMConnectError} has it. */
  error?: string;
  /** The scopes of the token, and warnings. */
  response_metadata?: RTMResponseMetadata;
  /**
   * The users of the workspace. This list and the following ones are the snapshot. Only servers that send a snapshot with
   * `useRtmConnect: false` set them; Slack no longer does.
   */
  users?: any;
  /** The public channels. */
  channels?: any;
  /** The private channels that the user is in. */
  groups?: any;
  /** The group direct messages that the user is in. */
  mpims?: any;
  /** The direct messages of the user. */
  ims?: any;
  /** The bots of the workspace. */
  bots?: any;
  [field: string]: any;
}

/** The response of a Web API method, with the fields of the method. */
export interface RTMApiCallResult {
  /** Always true. If it is false, the call fails with {@link RTMConnectError}. */
  ok: boolean;
  /** Not set in a response. If the call fails, the `data` of {@link RTMConnectError} has it. */
  error?: string;
  /** The scopes of the token, warnings, and the cursor of the next page. */
  response_metadata?: RTMResponseMetadata;
  [field: string]: any;
}

/** Additional information in the response of a Web API method. */
export interface RTMResponseMetadata {
  /** The scopes of the token, from the header `x-oauth-scopes`. */
  scopes?: string[];
  /** The scopes that the method accepts, from the header `x-accepted-oauth-scopes`. The token needs one of them. */
  acceptedScopes?: string[];
  /** Codes of warnings, for example `missing_charset`. */
  warnings?: string[];
  /** Warnings and errors as text. */
  messages?: string[];
  /** The `cursor` argument for the next page of a list. An empty string means that this is the last page. */
  next_cursor?: string;
  [field: string]: any;
}

/** Slack's reply to a message. */
export interface RTMCallResult {
  /** Whether Slack accepted the message. */
  ok?: boolean;
  /** The timestamp of the message. It identifies the message in its conversation. */
  ts: string;
  /** The `id` of the message, which the client assigned. */
  reply_to?: number;
  /** The text of the message, as Slack stored it. */
  text?: string;
  /** The reason why Slack refused the message. A reply with an `error` rejects with {@link RTMPlatformError}. */
  error?: { code: number; msg: string };
}
