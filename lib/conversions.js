// What users hand over, as the network side takes it, and the connect call's answer as users get it. Owns these shapes;
// errors have a file of their own (errors.js).
'use strict';

const { checkToken } = require('./options.js');

const FORM = 'application/x-www-form-urlencoded';

/**
 * The options of a Web API method as form fields, as @slack/web-api makes them: objects and arrays as JSON, nothing for
 * what JSON has no form for. A `token` among them takes the place of the client's, unless it is empty.
 * @param {Record<string, any>} [options]
 */
function formOf(options) {
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(options ?? {})) {
    const text = key === 'token' && value === '' ? undefined : textOf(value);
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
function textOf(value) {
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
 * A message as JSON without its `id`, which the network side adds.
 * @param {string} type
 * @param {any} body
 */
function messageOf(type, body) {
  const { id, ...rest } = body ?? {};
  return JSON.stringify({ ...rest, type });
}

/**
 * A Web API method's arguments as a request: form fields, or, with bytes among them, a multipart form.
 * @param {unknown} method
 * @param {Record<string, any>} [options]
 */
async function apiRequestOf(method, options) {
  if (typeof method !== 'string' || !/^[a-zA-Z][\w.-]*$/.test(method)) {
    throw new TypeError(`a Web API method has a name like chat.postMessage, but this is ${String(method)}`);
  }
  if (typeof (options ?? {}) !== 'object') {
    throw new TypeError(`the arguments of ${method} must be an object, but are ${String(options)}`);
  }
  const { token, ...rest } = options ?? {};
  if (token) checkToken(token);
  const way = { token: token || null, contentType: FORM, body: Buffer.alloc(0) };
  if (!Object.values(rest).some(isFile)) return { ...way, body: Buffer.from(formOf(rest)) };
  const form = new FormData();
  for (const [key, value] of Object.entries(rest)) {
    const sent = isFile(value) ? asBlob(value) : textOf(value);
    if (sent instanceof Blob) form.append(key, sent, value.name ?? key);
    else if (sent !== undefined) form.append(key, sent);
  }
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? FORM;
  return { ...way, contentType, body: Buffer.from(await encoded.arrayBuffer()) };
}

/** @param {any} bytes */
function asBlob(bytes) {
  return bytes instanceof Blob ? bytes : new Blob([bytes]);
}

/**
 * Whether something goes out as a file.
 * @param {any} value
 */
function isFile(value) {
  if (typeof value?.pipe === 'function' || value instanceof ReadableStream) {
    throw new TypeError('apiCall takes no streams: read it into a Buffer first');
  }
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob;
}

/**
 * A Web API method's answer as users get it.
 * @param {{ data: any, scopes: string | null, acceptedScopes: string | null }} payload
 */
function answerOf({ data, scopes, acceptedScopes }) {
  const metadata = { ...data.response_metadata };
  if (scopes !== null) metadata.scopes = scopes.trim().split(/\s*,\s*/);
  if (acceptedScopes !== null) metadata.acceptedScopes = acceptedScopes.trim().split(/\s*,\s*/);
  return { ...data, response_metadata: metadata };
}

/**
 * Slack's remarks about a call.
 * @param {any} data
 * @param {(level: 'warn' | 'error', text: string) => void} log
 */
function logNotes({ response_metadata: { warnings, messages } }, log) {
  for (const warning of Array.isArray(warnings) ? warnings : []) log('warn', String(warning));
  for (const message of Array.isArray(messages) ? messages.map(String) : []) {
    const [, level, text] = /^\s*\[(ERROR|WARN)\]\s*(.*)/s.exec(message) ?? [];
    if (level !== undefined) log(level === 'ERROR' ? 'error' : 'warn', text);
  }
}

module.exports = { answerOf, apiRequestOf, formOf, logNotes, messageOf };
