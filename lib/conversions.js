// Conversions between the values of the API and those of native code: messages, Web API requests and responses.
'use strict';

const { checkToken } = require('./option-checks.js');

const FORM = 'application/x-www-form-urlencoded';

/**
 * Encodes the options of a Web API method as form fields, like @slack/web-api: objects and arrays as JSON, undefined and
 * functions omitted. A `token` that is not empty replaces the client's token.
 * @param {Record<string, any>} [options]
 */
function encodeForm(options) {
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(options ?? {})) {
    const text = key === 'token' && value === '' ? undefined : formValue(value);
    if (text === undefined) continue;
    if (key === 'token') checkToken(value);
    form.append(key, text);
  }
  return form.toString();
}

/**
 * @param {unknown} value
 * @returns {string | undefined}
 */
function formValue(value) {
  switch (typeof value) {
    case 'object':
      return value === null ? undefined : JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : '';
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return String(value);
  }
}

/**
 * Serializes a message without its `id`, which native code adds.
 * @param {string} type
 * @param {any} body
 */
function serializeMessage(type, body) {
  const { id, ...rest } = body ?? {};
  return JSON.stringify({ ...rest, type });
}

/**
 * Encodes the arguments of a Web API method: as form fields or, if one of them contains bytes, as a multipart form.
 * @param {unknown} method
 * @param {Record<string, any>} [options]
 */
async function encodeApiRequest(method, options) {
  if (typeof method !== 'string' || !/^[a-zA-Z][\w.-]*$/.test(method)) {
    throw new TypeError(`method must be the name of a Web API method, like chat.postMessage, but is ${String(method)}`);
  }
  if (typeof (options ?? {}) !== 'object') {
    throw new TypeError(`the arguments of ${method} must be an object, but are ${String(options)}`);
  }
  const { token, ...rest } = options ?? {};
  if (token) checkToken(token);
  const request = { token: token || null, contentType: FORM, body: Buffer.alloc(0) };
  if (!Object.values(rest).some(isFile)) return { ...request, body: Buffer.from(encodeForm(rest)) };
  const form = new FormData();
  for (const [key, value] of Object.entries(rest)) {
    const sent = isFile(value) ? asBlob(value) : formValue(value);
    if (sent instanceof Blob) form.append(key, sent, value.name ?? key);
    else if (sent !== undefined) form.append(key, sent);
  }
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? FORM;
  return { ...request, contentType, body: Buffer.from(await encoded.arrayBuffer()) };
}

/** @param {any} bytes */
function asBlob(bytes) {
  return bytes instanceof Blob ? bytes : new Blob([bytes]);
}

/**
 * Whether a value is sent as a file.
 * @param {any} value
 */
function isFile(value) {
  if (typeof value?.pipe === 'function' || value instanceof ReadableStream) {
    throw new TypeError('apiCall cannot send a stream: read it into a Buffer first');
  }
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob;
}

/**
 * Adds the scopes from the response's headers to the response of a Web API method.
 * @param {{ data: any, scopes: string | null, acceptedScopes: string | null }} payload
 */
function responseFrom({ data, scopes, acceptedScopes }) {
  const metadata = { ...data.response_metadata };
  if (scopes !== null) metadata.scopes = scopes.trim().split(/\s*,\s*/);
  if (acceptedScopes !== null) metadata.acceptedScopes = acceptedScopes.trim().split(/\s*,\s*/);
  return { ...data, response_metadata: metadata };
}

/**
 * Logs the warnings and messages of a response.
 * @param {any} data
 * @param {(level: 'warn' | 'error', text: string) => void} log
 */
function logResponseMetadata({ response_metadata: { warnings, messages } }, log) {
  for (const warning of Array.isArray(warnings) ? warnings : []) log('warn', String(warning));
  for (const message of Array.isArray(messages) ? messages.map(String) : []) {
    const [, level, text] = /^\s*\[(ERROR|WARN)\]\s*(.*)/s.exec(message) ?? [];
    if (level !== undefined) log(level === 'ERROR' ? 'error' : 'warn', text);
  }
}

module.exports = { encodeApiRequest, encodeForm, logResponseMetadata, responseFrom, serializeMessage };
