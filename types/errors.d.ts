// What the package fails with. Every error has a `code` that tells which one it is, and a comparison of it narrows
// the type to the fields that this one has:
//
//   rtm.sendMessage('hello', channel).catch((error: RTMError) => {
//     if (error.code === ErrorCode.SendMessagePlatformError) console.error(error.data.error);
//   });

/** Errors, told apart by `code`. @module */

import type { RTMCallResult, RTMClient, RTMResponseMetadata } from '../index';
import type { Open, SlackObject } from './objects';

/** Whatever the package rejects with or throws, but for the `TypeError` or `RangeError` of a bad option. */
export type RTMError = RTMCallError | RTMConnectError | RTMKeepAliveConfigError | RTMAbortError;

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

/** What errors of Node have, and so those of the package: a `NodeJS.ErrnoException`, where Node's types are installed. */
interface NodeError extends Error {
  errno?: number | undefined;
  path?: string | undefined;
  syscall?: string | undefined;
}

/** An error of the client's own. Tell them apart by `code`. */
export interface CodedError extends NodeError {
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

/** `serverPongTimeout` is not below `clientPingTimeout`: the constructor throws it. */
export interface RTMKeepAliveConfigError extends CodedError {
  code: ErrorCode.KeepAliveConfigError;
}

/** {@link RTMClient.disconnect} came before {@link RTMClient.start} was done. */
export interface RTMAbortError extends NodeError {
  code: 'ABORT_ERR';
}

/**
 * An error as listeners of `unable_to_rtm_start` and `error` get it: whatever any kind of it has may be read, and its `code`
 * compared with whatever enum has it. `(error: RTMConnectError) => …` is narrowed by it.
 */
export interface RTMEventError extends NodeError, SlackObject {
  /** Which kind of error it is. */
  code: any;
  /** The cause, see {@link RTMConnectRequestError} and {@link RTMWebsocketError}. */
  original: any;
  /** Slack's answer, see {@link RTMConnectPlatformError}. */
  data: any;
  /** See {@link RTMConnectRateLimitedError}. */
  retryAfter: any;
  /** See {@link RTMConnectHTTPError}, which has the next three, too. */
  statusCode: any;
  statusMessage: any;
  headers: any;
  body: any;
}

/** Why a client is `disconnected` that was not asked to be. */
export type RTMDisconnectError = RTMConnectError | RTMWebsocketError;

/** Why the connect call, or another call of the Web API, failed. The codes are those of `@slack/web-api`. */
export type RTMConnectError =
  | RTMConnectRequestError
  | RTMConnectHTTPError
  | RTMConnectRateLimitedError
  | RTMConnectPlatformError;

/** There was no answer: connection refused or reset, DNS, TLS, a timeout. */
export interface RTMConnectRequestError extends NodeError {
  code: 'slack_webapi_request_error';
  /** The cause. */
  original: Open<Error>;
}

/** The answer's HTTP status was neither 200 nor 429. */
export interface RTMConnectHTTPError extends NodeError {
  code: 'slack_webapi_http_error';
  /** HTTP status, for example 503. */
  statusCode: number;
  /** Its name, for example `Service Unavailable`. */
  statusMessage: string;
  /** The answer's headers, names in lower case. */
  headers: RTMResponseHeaders;
  /** The answer's body. */
  body?: any;
}

/** Headers of an answer, names in lower case. */
export interface RTMResponseHeaders {
  'content-length'?: string;
  'content-type'?: string;
  date?: string;
  location?: string;
  'retry-after'?: string;
  server?: string;
  'set-cookie'?: string[];
  [name: string]: string | string[] | undefined;
}

/** Slack asked to wait: HTTP status 429. */
export interface RTMConnectRateLimitedError extends NodeError {
  code: 'slack_webapi_rate_limited_error';
  /** Seconds to wait. */
  retryAfter: number;
}

/** Slack refused the call: an answer with `ok: false`. */
export interface RTMConnectPlatformError extends NodeError {
  code: 'slack_webapi_platform_error';
  /** The answer. Its `error` is Slack's code, for example `invalid_auth`. */
  data: Open<{ ok: boolean; error: string; response_metadata?: RTMResponseMetadata }>;
}
