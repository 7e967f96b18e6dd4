// What users hand over, as the network side takes it, and the connect call's answer as users get it. Owns these shapes;
// errors have a file of their own (errors.js).
'use strict';

const { checkToken } = require('./options.js');

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
    form.append(key, typeof value === 'object' ? JSON.stringify(value) : String(value));
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
 * The connect call's answer as users get it.
 * @param {{ data: any, scopes: string | null, acceptedScopes: string | null }} payload
 */
function startDataOf({ data, scopes, acceptedScopes }) {
  const metadata = { ...data.response_metadata };
  if (scopes !== null) metadata.scopes = scopes.trim().split(/\s*,\s*/);
  if (acceptedScopes !== null) metadata.acceptedScopes = acceptedScopes.trim().split(/\s*,\s*/);
  return { ...data, response_metadata: metadata };
}

/**
 * Slack's remarks about the connect call.
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

module.exports = { formOf, logNotes, messageOf, startDataOf };
