// The typings of the errors. Every error has a `code`, and comparing the code narrows the type to the fields of that
// error:
//
//   rtm.sendMessage('hello', channel).catch((error: RTMError) => {
//     if (error.code === ErrorCode.SendMessagePlatformError) console.error(error.data.error);
//   });

/** The errors, each with its `code` and fields. @module */

import type { RTMCallResult, RTMClient, RTMResponseMetadata } from '../index';
import type { Open, SlackObject } from './objects';

/**
 * Every error that a method rejects with or the constructor throws, except the `TypeError` or `RangeError` for an
 * invalid argument or option.
 */
export type RTMError = RTMCallError | RTMConnectError | RTMKeepAliveConfigError | RTMAbortError;

/** The codes of the client's own errors, as in `@slack/rtm-api`. {@link RTMConnectError} has those of the Web API. */
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
  /** See {@link RTMKeepAliveConfigError}. */
  KeepAliveConfigError = 'slack_rtmapi_keepalive_config_error',
  /** @deprecated No error has this code. It exists because `@slack/rtm-api` has it. */
  KeepAliveClientNotConnected = 'slack_rtmapi_keepalive_client_not_connected',
  /** @deprecated No error has this code. It exists because `@slack/rtm-api` has it. */
  KeepAliveInconsistentState = 'slack_rtmapi_keepalive_inconsistent_state',
}

/** The fields of `NodeJS.ErrnoException`. The interface also exists without the types of Node. */
interface NodeError extends Error {
  errno?: number | undefined;
  path?: string | undefined;
  syscall?: string | undefined;
}

/** An error of the client. Its `code` says which one. */
export interface CodedError extends NodeError {
  code: ErrorCode;
}

/** The errors that the methods for sending reject with. */
export type RTMCallError =
  | RTMPlatformError
  | RTMWebsocketError
  | RTMNoReplyReceivedError
  | RTMSendWhileDisconnectedError
  | RTMSendWhileNotReadyError;

/** Slack refused a message. */
export interface RTMPlatformError extends CodedError {
  code: ErrorCode.SendMessagePlatformError;
  /** Slack's reply. Its `error.msg` says why. */
  data: RTMCallResult;
}

/** The socket could not be opened, failed, or was closed. */
export interface RTMWebsocketError extends CodedError {
  code: ErrorCode.WebsocketError;
  /**
   * The cause. If the network failed, its `code` is Node's error code, for example `ECONNRESET`. If the server closed
   * the socket, its `code` is the close code (a number) and its `reason` is the reason in the close frame.
   */
  original: Open<Error>;
}

/**
 * The reply to a message did not arrive: the connection ended, or `replyTimeout` passed. Slack may have received the
 * message. If you send it again, it may appear twice.
 */
export interface RTMNoReplyReceivedError extends CodedError {
  code: ErrorCode.NoReplyReceivedError;
}

/** {@link RTMClient.send} or {@link RTMClient.ping} was called without a connection. */
export interface RTMSendWhileDisconnectedError extends CodedError {
  code: ErrorCode.SendWhileDisconnectedError;
}

/** {@link RTMClient.send} or {@link RTMClient.ping} was called before the `ready` event. */
export interface RTMSendWhileNotReadyError extends CodedError {
  code: ErrorCode.SendWhileNotReadyError;
}

/** Thrown by the constructor if `serverPongTimeout` is not below `clientPingTimeout`. */
export interface RTMKeepAliveConfigError extends CodedError {
  code: ErrorCode.KeepAliveConfigError;
}

/** {@link RTMClient.disconnect} ended a {@link RTMClient.start} before the `authenticated` event. */
export interface RTMAbortError extends NodeError {
  code: 'ABORT_ERR';
}

/**
 * The error that listeners of `unable_to_rtm_start` and `error` receive, by default. Code that was written for
 * `@slack/rtm-api` reads the fields of any error without checking which one it is, so this type has the fields of all
 * of them. To have the fields checked, give the parameter another type: `(error: RTMConnectError) => …`.
 */
export interface RTMEventError extends NodeError, SlackObject {
  /** Says which error it is. */
  code: any;
  /** The cause. See {@link RTMConnectRequestError} and {@link RTMWebsocketError}. */
  original: any;
  /** Slack's response. See {@link RTMConnectPlatformError}. */
  data: any;
  /** The seconds to wait. See {@link RTMConnectRateLimitedError}. */
  retryAfter: any;
  /** The HTTP status. See {@link RTMConnectHTTPError}. */
  statusCode: any;
  /** The text of the HTTP status. See {@link RTMConnectHTTPError}. */
  statusMessage: any;
  /** The headers of the response. See {@link RTMConnectHTTPError}. */
  headers: any;
  /** The body of the response. See {@link RTMConnectHTTPError}. */
  body: any;
}

/** The error of a client that became `disconnected` without a call of {@link RTMClient.disconnect}. */
export type RTMDisconnectError = RTMConnectError | RTMWebsocketError;

/**
 * The error of the connect call, or of {@link RTMClient.apiCall}. The codes and fields are those of `@slack/web-api`.
 *
 * If the option `webClient` is set, its errors are passed on unchanged. They can be other values than these.
 */
export type RTMConnectError =
  | RTMConnectRequestError
  | RTMConnectHTTPError
  | RTMConnectRateLimitedError
  | RTMConnectPlatformError;

/** There was no response: the connection was refused or reset, or DNS, TLS or the proxy failed, or a timeout passed. */
export interface RTMConnectRequestError extends NodeError {
  code: 'slack_webapi_request_error';
  /**
   * The cause. Its `code` is Node's error code, if Node has one: for example `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`.
   */
  original: Open<Error>;
}

/** The response had an HTTP status other than 200 and 429. */
export interface RTMConnectHTTPError extends NodeError {
  code: 'slack_webapi_http_error';
  /** The HTTP status, for example 503. */
  statusCode: number;
  /** The text of the HTTP status, for example `Service Unavailable`. */
  statusMessage: string;
  /** The headers of the response. */
  headers: RTMResponseHeaders;
  /** The body of the response: the parsed value if it is JSON, otherwise a string. */
  body?: any;
}

/** The headers of a response. The names are in lower case. */
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

/** Slack limits the rate of the calls: the response had the HTTP status 429. */
export interface RTMConnectRateLimitedError extends NodeError {
  code: 'slack_webapi_rate_limited_error';
  /** How long Slack asks to wait, in seconds. */
  retryAfter: number;
}

/** Slack refused the call: the response has `ok: false`. */
export interface RTMConnectPlatformError extends NodeError {
  code: 'slack_webapi_platform_error';
  /** Slack's response. Its `error` is Slack's code, for example `invalid_auth`. */
  data: Open<{ ok: boolean; error: string; response_metadata?: RTMResponseMetadata }>;
}
