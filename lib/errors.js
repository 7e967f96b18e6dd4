// Error objects: what users see of every failure. Owns their shapes; what failed and why is told by the network side
// (src/binding/encode.rs).
'use strict';

/** Codes of the errors that this package makes. */
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
 * An error as it crosses from the network side. `null` stands for what is not there.
 * @typedef {object} ErrorDescription
 * @property {string} code
 * @property {string} message
 * @property {boolean} [given] it is what the user's WebClient failed with; no other property then
 * @property {boolean} [shared] whether later events and promises may refer to the same object
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
 * What lies behind a request error or a WebSocket error. `code` is Node's name for it where there is one; of a
 * connection that was closed, the close code.
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
 * The body of an HTTP error: parsed where it is JSON, else the text.
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
 * A message that Slack refused.
 * @param {{ error?: { msg?: unknown, code?: unknown } | null }} reply
 */
function platformError(reply) {
  const reason = typeof reply.error?.msg === 'string' ? reply.error.msg : JSON.stringify(reply.error);
  return codedError(ErrorCode.SendMessagePlatformError, `Slack refused the message: ${reason}`, { data: reply });
}

module.exports = { ErrorCode, codedError, errorFrom, platformError };
