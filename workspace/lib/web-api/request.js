// The body and the token of a Web API request.
'use strict';

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('./methods/arguments').Params} Params
 */

const MAX_BODY_BYTES = 10_000_000;
/** The result of `readBody` for a body above the limit. */
const TOO_LONG = Symbol('too long');

/**
 * @param {IncomingMessage} request
 * @returns {Promise<Buffer | typeof TOO_LONG>} rejects if the client goes away
 */
function readBody(request) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    let chunks = [];
    let size = 0;
    const onData = (/** @type {Buffer} */ chunk) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) tooLong();
      else chunks.push(chunk);
    };
    const tooLong = () => {
      request.off('data', onData);
      chunks = [];
      resolve(TOO_LONG);
    };
    request.on('error', reject).on('close', reject);
    if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
      tooLong();
      return;
    }
    request.on('data', onData).on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/**
 * The token in the header, the body or the query. It is removed from the arguments.
 *
 * @param {IncomingMessage} request
 * @param {Params} params
 * @returns {string | undefined} undefined if there is none
 */
function takeToken(request, params) {
  const { token } = params;
  delete params.token;
  const [, bearer] = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '') ?? [];
  if (bearer) return bearer;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/**
 * The headers that may be shown: without the token and cookies.
 *
 * @param {IncomingMessage} request
 */
function headersWithoutSecrets({ headers }) {
  const { authorization, cookie, ...rest } = headers;
  return rest;
}

module.exports = { TOO_LONG, headersWithoutSecrets, readBody, takeToken };
