// What users hand over, as the network side takes it, and the connect call's answer as users get it. Owns these shapes;
// errors have a file of their own (errors.js).
'use strict';

const { Stream } = require('node:stream');
const { checkToken } = require('./options.js');

const FORM = 'application/x-www-form-urlencoded';

/**
 * The options of the connect call as form fields: objects and arrays as JSON, nothing for undefined and null. A
 * `token` among them takes the place of the client's, unless it is empty.
 * @param {Record<string, any>} [options]
 */
function formOf(options) {
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value === undefined || value === null || (key === 'token' && value === '')) continue;
    if (key === 'token') checkToken(value);
    form.append(key, textOf(value));
  }
  return form.toString();
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
  const { token, ...rest } = options ?? {};
  if (token) checkToken(token);
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  const way = { token: token || null, contentType: FORM, body: Buffer.from(formOf(rest)) };
  if (!fields.some(([, value]) => isFile(value))) return way;
  const form = new FormData();
  for (const [key, value] of fields) {
    if (isFile(value)) form.append(key, value instanceof Blob ? value : new Blob([/** @type {Buffer} */ (value)]), key);
    else form.append(key, textOf(value));
  }
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? FORM;
  return { ...way, contentType, body: Buffer.from(await encoded.arrayBuffer()) };
}

/** @param {unknown} value */
function isFile(value) {
  if (value instanceof Stream) throw new TypeError('apiCall takes no streams: read it into a Buffer first');
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob;
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
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
