// The client and what its methods give. Its options, events and errors are in types/. Nothing here needs the types of Node.

/** The client, and what its methods give. @module */

/// <reference lib="es2020" />

// The typings of `@slack/rtm-api` make the types of Node known to the whole program, so that code which uses `process` compiles
// without naming them in `types` (as TypeScript 6 asks for). Here it is the same where they are installed; else it has no effect.
// @ts-ignore
import type {} from 'node';
import { EventEmitter } from 'eventemitter3';
import type {
  CodedError,
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
 * A client of Slack's Real Time Messaging API: one WebSocket to one workspace, kept alive and replaced when it is lost.
 *
 * What Slack sends, it emits: each event as `slack_event` with its type and itself, then under its `type`, then, where
 * it has a `subtype`, under `type::subtype`. The events of the client itself are listed in {@link RTMClientEvents}.
 *
 * @example
 * const { RTMClient } = require('slack-rtm-native');
 * const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN);
 * rtm.on('message', (event) => rtm.sendMessage(`You said: ${event.text}`, event.channel));
 * rtm.start();
 */
export class RTMClient extends EventEmitter {
  /**
   * Makes a client. It connects with {@link start}.
   *
   * @param token - A token with access to the RTM API.
   * @throws `TypeError` or `RangeError` for a missing token or a bad option, naming the option and its value; unusable
   * TLS material and a wrong passphrase included.
   * @throws {@link CodedError} with `ErrorCode.KeepAliveConfigError` when `serverPongTimeout` is not below
   * `clientPingTimeout`.
   */
  constructor(token: string, options?: RTMConstructorOptions);

  /** Whether Slack has said `hello` on the socket in use: true from `connected` on, until the connection ends. */
  connected: boolean;

  /** Whether the connect call has succeeded: true from `authenticated` on, until the connection ends. */
  authenticated: boolean;

  /** ID of the user the token belongs to. Set exactly while `authenticated` is true. */
  activeUserId?: string;

  /** ID of the workspace the client is connected to. Set exactly while `authenticated` is true. */
  activeTeamId?: string;

  /** The state the client is in, as of the event that is being handled. */
  readonly state: RTMClientState;

  /** Round trip in milliseconds of the last ping that was answered. Undefined before the first. */
  readonly latency: number | undefined;

  /** When the last frame arrived, in milliseconds since the epoch. Undefined before the first. */
  readonly lastActivity: number | undefined;

  /**
   * The `webClient` option if it was given, else a `WebClient` made on first use, where `@slack/web-api` is installed.
   *
   * @deprecated Private in `@slack/rtm-api`; kept for code that reaches for it. Make a `WebClient` of your own instead.
   */
  readonly webClient: any;

  /** @deprecated Private in `@slack/rtm-api`; kept for code that reaches for it. Read {@link state} instead. */
  readonly stateMachine: { getCurrentState(): RTMClientState };

  /**
   * Connects. Called again while connecting, it settles with the attempt under way; while connected, it resolves with
   * the data in force; while disconnecting, it begins anew once that is done.
   *
   * @param options - Arguments of the connect call, kept for reconnects.
   * @returns Slack's answer to the connect call, as soon as it is there. Messages may go out from the `ready` event on;
   * {@link addOutgoingEvent} and what builds on it wait for that by themselves.
   * @throws {@link RTMConnectError} when the connect call fails for good or its retries are spent.
   * @throws {@link RTMWebsocketError} when the connection is lost before that and `autoReconnect` is off.
   * @throws An error with code `ABORT_ERR` when {@link disconnect} comes first.
   */
  start<Result extends object = RTMConnectResult>(options?: RTMStartOptions): Promise<Result>;
  /**
   * What subclasses, fakes and mocks have to give: no more than with `@slack/rtm-api`. (They are measured by the last
   * signature, and by those before it with `any` for `Result`.)
   *
   * @hidden
   */
  start(options?: RTMStartOptions): Promise<RTMApiCallResult>;

  /**
   * Ends the connection, or the attempt to make one, and stops reconnecting. Works in every state: resolves at once
   * where there is nothing to end, within 5 s otherwise. Messages not yet sent are kept for the next {@link start}.
   */
  disconnect(): Promise<void>;

  /**
   * Sends a text message to a conversation. Same as `addOutgoingEvent(true, 'message', { text, channel })`.
   *
   * @param conversationId - ID of a channel, direct message or group direct message.
   */
  sendMessage(text: string, conversationId: string): Promise<RTMCallResult>;

  /**
   * Shows in a conversation that the client's user is typing. Same as `addOutgoingEvent(false, 'typing', { channel })`.
   *
   * @param conversationId - ID of a channel, direct message or group direct message.
   */
  sendTyping(conversationId: string): Promise<void>;

  /**
   * Asks for the `presence_change` events of these users, in place of those asked for before. Same as
   * `addOutgoingEvent(false, 'presence_sub', { ids })`.
   */
  subscribePresence(userIds: string[]): Promise<void>;

  /**
   * Queues a message of any type. Messages go out in the order of the calls, once the client is `ready`; those not yet
   * sent survive a reconnect, and none is sent twice.
   *
   * @param awaitReply - Whether to wait for Slack's reply. Not every type gets one.
   * @param type - The message's `type`.
   * @param body - Its other fields. `type` and `id` are set by the client.
   * @returns The reply, or without `awaitReply` undefined, once the message is sent.
   * @throws {@link RTMPlatformError} when the reply is an error.
   * @throws {@link RTMNoReplyReceivedError} when the connection ended before the reply came, or `replyTimeout` is over.
   * @throws {@link RTMWebsocketError} when the message could not be written.
   */
  addOutgoingEvent(awaitReply: true, type: string, body?: object): Promise<RTMCallResult>;
  addOutgoingEvent(awaitReply: false, type: string, body?: object): Promise<undefined>;
  addOutgoingEvent(awaitReply: boolean, type: string, body?: object): Promise<RTMCallResult | undefined>;

  /**
   * Sends a message of any type at once, or fails: it is not queued, and no reply is awaited.
   *
   * @param type - The message's `type`.
   * @param body - Its other fields. `type` and `id` are set by the client.
   * @returns The message's `id`, which a reply would bear as `reply_to`.
   * @throws {@link RTMSendWhileDisconnectedError} without a connection.
   * @throws {@link RTMSendWhileNotReadyError} on a connection that is not `ready`.
   * @throws {@link RTMWebsocketError} when the message could not be written.
   */
  send(type: string, body?: object): Promise<number>;

  /**
   * Pings Slack over the connection in use. The client does so by itself, see `clientPingTimeout`; this is for health
   * checks.
   *
   * @returns The round trip in milliseconds.
   * @throws What {@link send} throws, or {@link RTMNoReplyReceivedError} when the connection ended before the answer.
   */
  ping(): Promise<number>;

  /**
   * Calls a method of the Web API, connected or not: with the client's token, over the same transport as the connect call
   * and with its retries and rate limits. With the option `webClient`, that one makes the call.
   *
   * @example
   * const { members } = await rtm.apiCall<{ members: { id: string }[] }>('users.list', { limit: 100 });
   *
   * @param method - Name of the method, for example `chat.postMessage`.
   * @param options - Its arguments. Objects and arrays go out as JSON; a `Buffer`, `Uint8Array` or `Blob` makes it a
   * multipart form; a `token` takes the place of the client's.
   * @returns Slack's answer, which is `ok`.
   * @throws {@link RTMConnectError}, also when Slack's answer is not `ok`.
   */
  apiCall<Result extends object = RTMApiCallResult>(method: string, options?: Record<string, unknown>): Promise<Result>;

  // Each has three signatures: for the events that are known, for other subtypes of `message`, and for whatever else a
  // listener may be: other names, other types of its own (also of known events), other numbers of arguments.

  /**
   * Adds a listener.
   *
   * @param event - One of {@link RTMClientEvents}, a `type` of Slack's events ({@link RTMEvents} has those that Slack
   * documents), or `type::subtype`.
   * @param context - What `this` is in the listener. Default: the client.
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

  /** Adds a listener that is called once at most. See {@link on}. */
  once<E extends keyof RTMListeners>(event: E, listener: (...args: RTMListeners[E]) => void, context?: any): this;
  once(event: `message::${string}`, listener: (event: MessageEvent) => void, context?: any): this;
  once<E extends string | symbol>(event: E, listener: (...args: any[]) => void, context?: any): this;
}

/** State of an {@link RTMClient}. Entering one emits the event of the same name. */
export type RTMClientState = 'disconnected' | 'connecting' | 'connected' | 'disconnecting' | 'reconnecting';

/**
 * The messages that every client publishes on channels of `node:diagnostics_channel`, by the channel's name: what it does
 * to get a connection, and why it is without one.
 *
 * @example
 * const { subscribe } = require('node:diagnostics_channel');
 * subscribe('slack-rtm-native:pause', ({ milliseconds, reason }) => console.log(`away for ${milliseconds} ms: ${reason}`));
 */
export interface RTMDiagnostics {
  /** A connect call is made: the first, second, … since the client was last `ready`. */
  'slack-rtm-native:connect': { client: RTMClient; attempt: number };
  /** The connect call was answered, and the socket is dialled. */
  'slack-rtm-native:dial': { client: RTMClient; server: string };
  /** There is no connection, for the reason given, and the next connect call is made after this pause. */
  'slack-rtm-native:pause': { client: RTMClient; milliseconds: number; reason: string };
  /** A lifecycle event, right before its listeners hear it; with its error, where it has one. */
  'slack-rtm-native:lifecycle': { client: RTMClient; event: keyof RTMClientEvents; error: Error | undefined };
}

/** Arguments of the connect call. Those from `include_locale` on shape the snapshot, see {@link RTMConnectResult}. */
export interface RTMStartOptions {
  /** Token for this session in place of the client's. */
  token?: string;
  /** Whether one `presence_change` event may tell of several users. */
  batch_presence_aware?: boolean;
  /** Whether presence is told only of users asked for with {@link RTMClient.subscribePresence}. */
  presence_sub?: boolean;
  /** Whether the answer has the locale of users and channels. */
  include_locale?: boolean;
  /** Whether the answer has group direct messages apart from private channels. */
  mpim_aware?: boolean;
  /** Whether to leave out the latest message of each conversation. Implies `no_unreads`. */
  no_latest?: boolean;
  /** Whether to leave out the counts of unread messages. */
  no_unreads?: boolean;
  /** Whether to give of the latest message of each conversation its timestamp only. */
  simple_latest?: boolean;
}

/** Slack's answer to the connect call, with whatever other fields it has. */
export interface RTMConnectResult {
  /** True: any other answer is an {@link RTMConnectError}. */
  ok: boolean;
  /** URL of the socket, good for one connection, which the client makes. */
  url: string;
  /** The user the token belongs to. */
  self: Open<{ id: string; name: string }>;
  /** The workspace. */
  team: Open<{ id: string; name: string; domain: string }>;
  /** Not there: an answer with it is an {@link RTMConnectError}. */
  error?: string;
  /** What Slack tells about the call, and the token's scopes from the answer's headers. */
  response_metadata?: RTMResponseMetadata;
  /** Users of the workspace. This and the lists below are the snapshot, there with `useRtmConnect: false` only. */
  users?: any;
  /** Public channels. */
  channels?: any;
  /** Private channels the user is in. */
  groups?: any;
  /** Group direct messages the user is in. */
  mpims?: any;
  /** Direct messages of the user. */
  ims?: any;
  /** Bots of the workspace. */
  bots?: any;
  [field: string]: any;
}

/** Slack's answer to a Web API method, with the method's own fields. */
export interface RTMApiCallResult {
  /** True: any other answer is an {@link RTMConnectError}. */
  ok: boolean;
  /** Not there: an answer with it is an {@link RTMConnectError}. */
  error?: string;
  /** What Slack tells about the call, and the token's scopes from the answer's headers. */
  response_metadata?: RTMResponseMetadata;
  [field: string]: any;
}

/** What Slack tells about a call besides its result. */
export interface RTMResponseMetadata {
  /** Scopes the token has. */
  scopes?: string[];
  /** Scopes of which the method needs one. */
  acceptedScopes?: string[];
  /** Codes of warnings. */
  warnings?: string[];
  /** Warnings and errors in words. */
  messages?: string[];
  /** Of lists: where the next page begins. */
  next_cursor?: string;
  [field: string]: any;
}

/** Slack's reply to a message. */
export interface RTMCallResult {
  /** Whether Slack took the message. */
  ok?: boolean;
  /** The message's timestamp, which is its ID within its conversation. */
  ts: string;
  /** The `id` the message was sent with. */
  reply_to?: number;
  /** The text as Slack took it. */
  text?: string;
  /** Why Slack refused the message. A reply with it rejects, see {@link RTMPlatformError}. */
  error?: { code: number; msg: string };
}
