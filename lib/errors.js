// Error objects, created from the descriptions that native code sends (src/binding/outbox/encode.rs).
'use strict';

/** The codes of the client's own errors. */
const ErrorCode = Object.freeze({
  SendWhileDisconnectedError: 'slack_rtmapi_send_while_disconnected_error',
  SendWhileNotReadyError: 'slack_rtmapi_send_while_not_ready_error',
  SendMessagePlatformError: 'slack_rtmapi_send_message_platform_error',
  WebsocketError: 'slack_rtmapi_websocket_error',
  NoReplyReceivedError: 'slack_rtmapi_no_reply_received_error',
  KeepAliveConfigError: 'slack_rtmapi_keepalive_config_error',
  KeepAliveClientNotConnected: 'slack_rtmapi_keepalive_client_not_connected',
  KeepAliveInconsistentState: 'slack_rtmapi_keepalive_inconsistent_state',
});

/**
 * The description of an error, from native code. `null` means: not available.
 * @typedef {object} ErrorDescription
 * @property {string} code
 * @property {string} message
 * @property {boolean} [fromWebClient] it is the error of the user's WebClient; the other properties are missing
 * @property {boolean} [shared] whether later events and promises can use the same object
 * @property {{ message: string, code: string | null, closeCode?: number, reason?: string }} [original]
 * @property {number} [statusCode]
 * @property {string} [statusMessage]
 * @property {Record<string, string | string[]>} [headers]
 * @property {string} [body]
 * @property {number} [retryAfter] seconds
 * @property {unknown} [data]
 */

/**
 * @param {string} code
 * @param {string} message
 * @param {Record<string, unknown>} [fields]
 */
function codedError(code, message, fields) {
  return Object.assign(new Error(message), { code }, fields);
}

/** @param {ErrorDescription} description */
function errorFrom({ shared, code, message, original, body, ...fields }) {
  const error = codedError(code, message, fields);
  if (code === 'ABORT_ERR') error.name = 'AbortError';
  if (original !== undefined) Object.assign(error, { original: originalFrom(original) });
  if (body !== undefined) Object.assign(error, { body: parsedIfJson(body) });
  return error;
}

/**
 * The `original` of a request error or a WebSocket error. Its `code` is Node's error code or, for a closed connection,
 * the close code.
 * @param {NonNullable<ErrorDescription['original']>} original
 */
function originalFrom({ message, code, closeCode, reason }) {
  const error = new Error(message);
  const known = code ?? closeCode;
  if (known !== undefined) Object.assign(error, { code: known });
  if (reason !== undefined) Object.assign(error, { reason });
  return error;
}

/**
 * The body of an HTTP error: parsed if it is JSON, otherwise the text.
 * @param {string} body
 * @returns {unknown}
 */
function parsedIfJson(body) {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/**
 * The error for a message that Slack refused.
 * @param {{ error?: { msg?: unknown, code?: unknown } | null }} reply
 */
function platformError(reply) {
  const reason = typeof reply.error?.msg === 'string' ? reply.error.msg : JSON.stringify(reply.error);
  return codedError(ErrorCode.SendMessagePlatformError, `Slack refused the message: ${reason}`, { data: reply });
}

module.exports = { ErrorCode, codedError, errorFrom, platformError };
