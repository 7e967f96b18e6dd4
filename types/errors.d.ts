/**
 * The errors of the package. Every error has a `code`, and a comparison of the code narrows the type:
 *
 * ```ts
 * import { ErrorCode, RTMClient } from 'slack-rtm-native';
 * import type { RTMError } from 'slack-rtm-native';
 *
 * const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN ?? '');
 * rtm.start();
 * rtm.sendMessage('hello', 'C0123456789').catch((error: RTMError) => {
 *   if (error.code === ErrorCode.SendMessagePlatformError) console.error(error.data.error);
 * });
 * ```
 *
 * @module
 */

import type { RTMCallResult, RTMClient, RTMResponseMetadata } from '../index';
import type { Open, SlackObject } from './objects';

/** All errors of the package, except the `TypeError` or `RangeError` for an invalid argument or option. */
export type RTMError = RTMCallError | RTMConnectError | RTMKeepAliveConfigError | RTMAbortError;

/** The codes of the client's own errors. Errors of Web API calls have other codes, see {@link RTMConnectError}. */
export enum ErrorCode {
  /** A message was sent without a connection. See {@link RTMSendWhileDisconnectedError}. */
  SendWhileDisconnectedError = 'slack_rtmapi_send_while_disconnected_error',
  /** A message was sent before the connection was `ready`. See {@link RTMSendWhileNotReadyError}. */
  SendWhileNotReadyError = 'slack_rtmapi_send_while_not_ready_error',
  /** Slack refused a message. See {@link RTMPlatformError}. */
  SendMessagePlatformError = 'slack_rtmapi_send_message_platform_error',
  /** The socket failed or was closed. See {@link RTMWebsocketError}. */
  WebsocketError = 'slack_rtmapi_websocket_error',
  /** The reply to a message did not arrive. See {@link RTMNoReplyReceivedError}. */
  NoReplyReceivedError = 'slack_rtmapi_no_reply_received_error',
  /** `serverPongTimeout` is not below `clientPingTimeout`. See {@link RTMKeepAliveConfigError}. */
  KeepAliveConfigError = 'slack_rtmapi_keepalive_config_error',
  /** @deprecated Not used. */
  KeepAliveClientNotConnected = 'slack_rtmapi_keepalive_client_not_connected',
  /** @deprecated Not used. */
  KeepAliveInconsistentState = 'slack_rtmapi_keepalive_inconsistent_state',
}

/** The fields of Node's errors. They make every error of the package assignable to `NodeJS.ErrnoException`. */
interface NodeError extends Error {
  errno?: number | undefined;
  path?: string | undefined;
  syscall?: string | undefined;
}

/** An error of the client itself. Its `code` says which one. */
export interface CodedError extends NodeError {
  code: ErrorCode;
}

/** The errors that the methods which send messages reject with. */
export type RTMCallError =
  | RTMPlatformError
  | RTMWebsocketError
  | RTMNoReplyReceivedError
  | RTMSendWhileDisconnectedError
  | RTMSendWhileNotReadyError;

/** Slack refused a message. */
export interface RTMPlatformError extends CodedError {
  code: ErrorCode.SendMessagePlatformError;
  /** Slack's reply. Its `error.msg` is the reason, for example `message text is missing`. */
  data: RTMCallResult;
}

/** The socket failed or was closed, or a message could not be written to it. */
export interface RTMWebsocketError extends CodedError {
  code: ErrorCode.WebsocketError;
  /**
   * The cause. If the transport failed, its `code` is Node's error code, for example `ECONNRESET`. If the server closed the
   * connection, its `code` is the close code (a number), and `reason` is the reason.
   */
  original: Open<Error>;
}

/**
 * The reply to a message did not arrive: the connection ended, or `replyTimeout` passed (for a ping, `serverPongTimeout`).
 * Slack may have received the message, so a message that you send again can appear twice.
 */
export interface RTMNoReplyReceivedError extends CodedError {
  code: ErrorCode.NoReplyReceivedError;
}

/** {@link RTMClient.send} or {@link RTMClient.ping} was called while the client had no connection. */
export interface RTMSendWhileDisconnectedError extends CodedError {
  code: ErrorCode.SendWhileDisconnectedError;
}

/** {@link RTMClient.send} or {@link RTMClient.ping} was called before the connection was `ready`, or while it was ending. */
export interface RTMSendWhileNotReadyError extends CodedError {
  code: ErrorCode.SendWhileNotReadyError;
}

/** The constructor throws this error if `serverPongTimeout` is not below `clientPingTimeout`. */
export interface RTMKeepAliveConfigError extends CodedError {
  code: ErrorCode.KeepAliveConfigError;
}

/** {@link RTMClient.disconnect} was called before {@link RTMClient.start} resolved. The `name` is `AbortError`. */
export interface RTMAbortError extends NodeError {
  code: 'ABORT_ERR';
}

/**
 * The type of the error that listeners of `unable_to_rtm_start` and `error` receive. It has the fields of all these errors,
 * and its `code` can be compared with the values of any enum. To narrow the type by the code, declare the parameter as
 * `(error: RTMConnectError) => …`.
 */
export interface RTMEventError extends NodeError, SlackObject {
  /** The code, which says which error it is. */
  code: any;
  /** The cause. Set for {@link RTMConnectRequestError} and {@link RTMWebsocketError}. */
  original: any;
  /** Slack's response. Set for {@link RTMConnectPlatformError}. */
  data: any;
  /** The time to wait, in seconds. Set for {@link RTMConnectRateLimitedError}. */
  retryAfter: any;
  /** The HTTP status. Set for {@link RTMConnectHTTPError}, like the next three fields. */
  statusCode: any;
  /** The text of the HTTP status. */
  statusMessage: any;
  /** The headers of the response. */
  headers: any;
  /** The body of the response. */
  body: any;
}

/** The error that `disconnected` passes if {@link RTMClient.disconnect} was not called. */
export type RTMDisconnectError = RTMConnectError | RTMWebsocketError;

/** The errors of the connect call and of {@link RTMClient.apiCall}, with the codes of `@slack/web-api`. */
export type RTMConnectError =
  | RTMConnectRequestError
  | RTMConnectHTTPError
  | RTMConnectRateLimitedError
  | RTMConnectPlatformError;

/** There was no response: the connection was refused or reset, DNS or TLS failed, or `requestTimeout` passed. */
export interface RTMConnectRequestError extends NodeError {
  code: 'slack_webapi_request_error';
  /** The cause. Its `code` is Node's error code, for example `ENOTFOUND`. */
  original: Open<Error>;
}

/** The HTTP status of the response was neither 200 nor 429. */
export interface RTMConnectHTTPError extends NodeError {
  code: 'slack_webapi_http_error';
  /** The HTTP status, for example 503. */
  statusCode: number;
  /** The text of the status, for example `Service Unavailable`. */
  statusMessage: string;
  /** The headers of the response. */
  headers: RTMResponseHeaders;
  /** The body of the response: parsed if it is JSON, otherwise a string. */
  body?: any;
}

/** The headers of an HTTP response. The names are in lower case. */
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

/** Slack limits the rate of calls: the HTTP status was 429. */
export interface RTMConnectRateLimitedError extends NodeError {
  code: 'slack_webapi_rate_limited_error';
  /** The time to wait before the next call, in seconds, from the `Retry-After` header. */
  retryAfter: number;
}

/** Slack refused the call with `ok: false`, or the response could not be used. */
export interface RTMConnectPlatformError extends NodeError {
  code: 'slack_webapi_platform_error';
  /** The response. Its `error` is Slack's code, for example `invalid_auth`. */
  data: Open<{ ok: boolean; error: string; response_metadata?: RTMResponseMetadata }>;
}
