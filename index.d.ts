/// <reference types="node" />

import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import type { Logger, LogLevel } from '@slack/logger';
import { EventEmitter } from 'eventemitter3';

export { Logger, LogLevel } from '@slack/logger';

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
  constructor(token: string, options?: RTMClientOptions);

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
  start(options?: RTMStartOptions): Promise<RTMConnectResult>;

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
  apiCall<Result extends object = RTMApiCallResult>(
    method: string,
    options?: Record<string, unknown>,
  ): Promise<Result>;

  /**
   * Adds a listener.
   *
   * @param event - One of {@link RTMClientEvents}, a `type` of Slack's events, or `type::subtype`.
   * @param context - What `this` is in the listener. Default: the client.
   */
  on<E extends keyof RTMClientEvents>(event: E, listener: (...args: RTMClientEvents[E]) => void, context?: any): this;
  on(event: string | symbol, listener: (...args: any[]) => void, context?: any): this;

  /** Same as {@link on}. */
  addListener<E extends keyof RTMClientEvents>(
    event: E,
    listener: (...args: RTMClientEvents[E]) => void,
    context?: any,
  ): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void, context?: any): this;

  /** Adds a listener that is called once at most. See {@link on}. */
  once<E extends keyof RTMClientEvents>(event: E, listener: (...args: RTMClientEvents[E]) => void, context?: any): this;
  once(event: string | symbol, listener: (...args: any[]) => void, context?: any): this;
}

/** State of an {@link RTMClient}. Entering one emits the event of the same name. */
export type RTMClientState = 'disconnected' | 'connecting' | 'connected' | 'disconnecting' | 'reconnecting';

/** The events of the client itself, with what their listeners get. Slack's own events come under their `type`. */
export interface RTMClientEvents {
  /** The client begins to connect: at {@link RTMClient.start} and at each reconnect. */
  connecting: [];
  /** The connect call succeeded. */
  authenticated: [result: RTMConnectResult];
  /** Slack said `hello` on the socket. */
  connected: [];
  /** Messages may go out. */
  ready: [];
  /** {@link RTMClient.disconnect} was called, and there is a connection or an attempt to end. */
  disconnecting: [];
  /** The connection was lost, or the connect call failed for now; the client tries again by itself. */
  reconnecting: [];
  /**
   * The client stands still until the next {@link RTMClient.start}. Undefined after {@link RTMClient.disconnect}, else
   * an {@link RTMConnectError} or an {@link RTMWebsocketError}; `any`, since bots written for the original read
   * `error.message` without a look whether there is one.
   */
  disconnected: [error: any];
  /** The connect call failed. `reconnecting` or `disconnected` follows. */
  unable_to_rtm_start: [error: Open<RTMConnectError>];
  /**
   * The transport failed: an upgrade refused, TLS, a reset. The state event that it causes follows. Not thrown where
   * nobody listens.
   */
  error: [error: Open<RTMWebsocketError>];
  /** Anything Slack sent. A reply to a message has no type: `type` is undefined then. */
  slack_event: [type: any, event: any];
  /** A message goes out: what is sent, `type` and `id` included. */
  outgoing_message: [message: Open<{ type: string; id: number }>];
}

/** Options of {@link RTMClient}. `undefined` counts as left out, an unknown option is ignored. */
export interface RTMClientOptions {
  /**
   * Makes the connect call in place of the client itself, for example a `WebClient` of `@slack/web-api`. Its own
   * settings then apply to that call instead of `slackApiUrl`, `proxy` and the like, its own retries included. (How often
   * a first start is tried again after a passing answer of Slack's stays with `retryConfig`.) What it fails with
   * is handed on unchanged. An `ok: false` that it lets pass, and an answer without `url`, is an
   * {@link RTMConnectPlatformError}.
   */
  webClient?: RTMWebClient;
  /** Prefix of the connect call's URL. Default: `https://slack.com/api/`. */
  slackApiUrl?: string;
  /** Where the client logs to. Default: the console. */
  logger?: RTMLogger;
  /** The least severe level that is logged. Default: `info`. */
  logLevel?: LogLevel | `${LogLevel}`;
  /**
   * When a failed connect call is tried again. Default: 10 retries within about 30 minutes,
   * `{ retries: 10, factor: 1.96821, randomize: true }`. When the retries of a first {@link RTMClient.start} are spent,
   * it rejects, also where Slack answered with a passing error. A client that was once authenticated goes on as long as
   * `autoReconnect` says so, with pauses of at most a minute.
   */
  retryConfig?: RTMRetryOptions;
  /**
   * Makes the connections of the connect call and of the socket. Default: none.
   *
   * Agents of `https-proxy-agent`, `http-proxy-agent`, `socks-proxy-agent`, `hpagent` and `tunnel` are read: their proxy
   * is used as if given by {@link proxy}, unless they bear options that only Node knows. Every other agent really makes
   * the connections, in Node; then the connection depends on JavaScript: while that is busy, nothing is sent, received or
   * answered.
   */
  agent?: Agent;
  /** Whether a lost connection is replaced. Default: true. */
  autoReconnect?: boolean;
  /**
   * Whether to connect by `rtm.connect`. False: by `rtm.start`, whose answer also has a snapshot of the workspace.
   * Default: true.
   */
  useRtmConnect?: boolean;
  /**
   * Milliseconds of silence, in either direction, after which a ping is sent; 0 for no keepalive. Default: 6000.
   */
  clientPingTimeout?: number;
  /**
   * Milliseconds after a ping within which something must arrive, else the connection is replaced. Must be below
   * `clientPingTimeout`. Default: 4000.
   */
  serverPongTimeout?: number;
  /**
   * Milliseconds a reconnected client waits for replies to messages of the previous connection before it is `ready`.
   * Default: 2000.
   */
  replyAckOnReconnectTimeout?: number;
  /** Client certificate and trust, for the connect call and the socket. Default: no certificate, and Node's trust. */
  tls?: RTMTLSOptions;
  /**
   * Proxy for the connect call and the socket: `http://`, `https://`, `socks5://` or `socks5h://` (the proxy resolves
   * the name), with `user:password@` where needed (reserved characters percent-encoded). Not together with `agent`. The
   * environment's proxy settings are not used. Default: none.
   */
  proxy?: string | URL;
  /**
   * Additional HTTP headers of the connect call and of the socket's upgrade request (an `authorization` among them goes
   * with the connect call only). Default: none.
   */
  headers?: Record<string, string | number | readonly string[] | undefined>;
  /** Milliseconds one attempt of a Web API call may take; 0 for no limit. Default: 30000. */
  requestTimeout?: number;
  /** Milliseconds from dialling the socket to Slack's `hello`; 0 for no limit. Default: 30000. */
  connectTimeout?: number;
  /**
   * Milliseconds after which a message without a reply rejects with {@link RTMNoReplyReceivedError}; 0 for no limit.
   * Default: 0.
   */
  replyTimeout?: number;
  /**
   * How many messages may be awaiting their replies before the next one is held back; 1 sends each after the reply to
   * the one before, as `@slack/rtm-api` does. Default: no limit.
   */
  maxPendingReplies?: number;
  /**
   * A frame of Slack's that is longer, in bytes, ends the connection (which is then replaced) with an error that says so.
   * At most 500,000,000. Default: 134217728, which is 128 MiB.
   */
  maxFrameBytes?: number;
}

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

/** What the `webClient` option needs to have. */
export interface RTMWebClient {
  /** Calls a Web API method; rejects unless the answer is `ok`. */
  apiCall(method: string, options?: Record<string, unknown>): Promise<any>;
}

/** What the `logger` option needs to have: a {@link Logger}, though not its `getLevel`. */
export type RTMLogger = Omit<Logger, 'getLevel'> & Partial<Pick<Logger, 'getLevel'>>;

/** When a failed call is tried again: the options of the npm package `retry`. */
export interface RTMRetryOptions {
  /** How often at most. Default: 10. */
  retries?: number;
  /** By what each pause is longer than the one before. Default: 2. */
  factor?: number;
  /** The first pause, in milliseconds. Default: 1000. */
  minTimeout?: number;
  /** The longest pause, in milliseconds. Default: Infinity. */
  maxTimeout?: number;
  /** Whether each pause is multiplied by a random number between 1 and 2. Default: false. */
  randomize?: boolean;
  /** Whether to go on for ever, whatever `retries` says. Default: false. */
  forever?: boolean;
  /** Milliseconds after the first attempt from which on nothing is tried again. Default: Infinity. */
  maxRetryTime?: number;
  /** @deprecated Has no effect. */
  unref?: boolean;
}

/** Ready-made values for `retryConfig`: those of `@slack/web-api`. */
export const retryPolicies: {
  /** Ten retries within about thirty minutes: the default. */
  readonly tenRetriesInAboutThirtyMinutes: Readonly<RTMRetryOptions>;
  /** Five retries within about five minutes. */
  readonly fiveRetriesInFiveMinutes: Readonly<RTMRetryOptions>;
  /** Ten retries at once, for tests. */
  readonly rapidRetryPolicy: Readonly<RTMRetryOptions>;
};

/** TLS settings, as Node's `tls.createSecureContext` takes them. TLS 1.2 or later is spoken. */
export interface RTMTLSOptions {
  /** Trusted certificate authorities (PEM), in place of Node's, which are its bundled ones and `NODE_EXTRA_CA_CERTS`. */
  ca?: SecureContextOptions['ca'];
  /** Private key of the client certificate (PEM; RSA, EC P-256 or P-384, Ed25519), encrypted or not. */
  key?: SecureContextOptions['key'];
  /** Client certificate with its chain (PEM). */
  cert?: SecureContextOptions['cert'];
  /** Private key and certificate in one (PKCS#12), in place of `key` and `cert`. */
  pfx?: SecureContextOptions['pfx'];
  /** Passphrase of `key` or `pfx`. */
  passphrase?: string;
  /** False: any certificate of the server's will do. For tests only. Default: true. */
  rejectUnauthorized?: boolean;
  /** Additional HTTP headers of the connect call and of the socket's upgrade request. */
  headers?: Record<string, string | number | readonly string[] | undefined>;
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
  /** What Slack tells about the call, and the token's scopes from the answer's headers. */
  response_metadata?: Open<RTMResponseMetadata>;
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

/** Codes of the client's own errors. Those of the connect call are in {@link RTMConnectError}. */
export enum ErrorCode {
  /** See {@link RTMSendWhileDisconnectedError}. */
  SendWhileDisconnectedError = 'slack_rtmapi_send_while_disconnected_error',
  /** See {@link RTMSendWhileNotReadyError}. */
  SendWhileNotReadyError = 'slack_rtmapi_send_while_not_ready_error',
  /** See {@link RTMPlatformError}. */
  SendMessagePlatformError = 'slack_rtmapi_send_message_platform_error',
  /** See {@link RTMWebsocketError}. */
  WebsocketError = 'slack_rtmapi_websocket_error',
  /** See {@link RTMNoReplyReceivedError}. */
  NoReplyReceivedError = 'slack_rtmapi_no_reply_received_error',
  /** `serverPongTimeout` is not below `clientPingTimeout`. */
  KeepAliveConfigError = 'slack_rtmapi_keepalive_config_error',
  /** @deprecated Not in use. */
  KeepAliveClientNotConnected = 'slack_rtmapi_keepalive_client_not_connected',
  /** @deprecated Not in use. */
  KeepAliveInconsistentState = 'slack_rtmapi_keepalive_inconsistent_state',
}

/** An error of the client's own. Tell them apart by `code`. */
export interface CodedError extends NodeJS.ErrnoException {
  code: ErrorCode;
}

/** What sending may reject with. */
export type RTMCallError =
  | RTMPlatformError
  | RTMWebsocketError
  | RTMNoReplyReceivedError
  | RTMSendWhileDisconnectedError
  | RTMSendWhileNotReadyError;

/** Slack's reply to a message was an error. */
export interface RTMPlatformError extends CodedError {
  code: ErrorCode.SendMessagePlatformError;
  /** The reply. */
  data: RTMCallResult;
}

/** The socket failed or was closed. */
export interface RTMWebsocketError extends CodedError {
  code: ErrorCode.WebsocketError;
  /** The cause: the transport's error, or the close code and reason. */
  original: Open<Error>;
}

/** The connection on which a message was sent ended before its reply came, or `replyTimeout` is over. */
export interface RTMNoReplyReceivedError extends CodedError {
  code: ErrorCode.NoReplyReceivedError;
}

/** A message was to be sent without a connection. */
export interface RTMSendWhileDisconnectedError extends CodedError {
  code: ErrorCode.SendWhileDisconnectedError;
}

/** A message was to be sent on a connection that is not `ready`. */
export interface RTMSendWhileNotReadyError extends CodedError {
  code: ErrorCode.SendWhileNotReadyError;
}

/** Why the connect call, or another call of the Web API, failed. The codes are those of `@slack/web-api`. */
export type RTMConnectError =
  | RTMConnectRequestError
  | RTMConnectHTTPError
  | RTMConnectRateLimitedError
  | RTMConnectPlatformError;

/** There was no answer: connection refused or reset, DNS, TLS, a timeout. */
export interface RTMConnectRequestError extends NodeJS.ErrnoException {
  code: 'slack_webapi_request_error';
  /** The cause. */
  original: Open<Error>;
}

/** The answer's HTTP status was neither 200 nor 429. */
export interface RTMConnectHTTPError extends NodeJS.ErrnoException {
  code: 'slack_webapi_http_error';
  /** HTTP status, for example 503. */
  statusCode: number;
  /** Its name, for example `Service Unavailable`. */
  statusMessage: string;
  /** The answer's headers, names in lower case. */
  headers: IncomingHttpHeaders;
  /** The answer's body. */
  body?: any;
}

/** Slack asked to wait: HTTP status 429. */
export interface RTMConnectRateLimitedError extends NodeJS.ErrnoException {
  code: 'slack_webapi_rate_limited_error';
  /** Seconds to wait. */
  retryAfter: number;
}

/** Slack refused the call: an answer with `ok: false`. */
export interface RTMConnectPlatformError extends NodeJS.ErrnoException {
  code: 'slack_webapi_platform_error';
  /** The answer. Its `error` is Slack's code, for example `invalid_auth`. */
  data: Open<{ ok: boolean; error: string; response_metadata?: RTMResponseMetadata }>;
}

/** `T`, where other fields than the known ones may be read too. */
type Open<T> = T & { [field: string]: any };
