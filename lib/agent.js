// Requests by the user's agent, which makes the connections in Node: a proxy that cannot be taken over, certificates of
// its own, a network of its own. Owns the HTTP with Node's own client; what the requests are for is not its affair.
'use strict';

const http = require('node:http');
const https = require('node:https');
const { MAX_ANSWER_BYTES } = require('./binding.js');

/**
 * @typedef {object} Way
 * @property {http.Agent} agent makes the connections
 * @property {Record<string, any>} tls goes with each request
 */

/**
 * @typedef {object} AgentAnswer
 * @property {number} status
 * @property {string} reason
 * @property {string[]} headers names, in lower case, and values in turn
 * @property {Buffer} body
 * @property {any} [socket] where an upgrade was taken
 * @property {Buffer} [head] what the socket has brought already
 */

/**
 * One request, through to the whole answer, or to the upgrade that was asked for.
 * @param {Way} way
 * @param {{ method: string, url: string, headers: string[], body: Buffer }} what
 * @returns {{ answer: Promise<AgentAnswer>, destroy: () => void }} `destroy` calls it off
 */
function requestBy({ agent, tls }, { method, url, headers, body }) {
  /** @type {http.ClientRequest | undefined} */
  let request;
  const answer = new Promise((resolve, reject) => {
    const { request: begin } = url.startsWith('https:') ? https : http;
    request = begin(url, { ...tls, agent, method, headers: headersOf(headers) });
    request.on('error', reject);
    request.on('response', (response) => readWhole(response).then(resolve, reject));
    request.on('upgrade', (response, socket, head) => {
      resolve({ ...headOf(response), body: Buffer.alloc(0), socket, head });
    });
    request.end(body);
  });
  return { answer, destroy: () => request?.destroy() };
}

/**
 * @param {string[]} pairs names and values in turn
 * @returns {Record<string, string | string[]>}
 */
function headersOf(pairs) {
  /** @type {Record<string, string | string[]>} */
  const headers = {};
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, value] = [pairs[i], pairs[i + 1]];
    headers[name] = name in headers ? [headers[name], value].flat() : value;
  }
  return headers;
}

/** @param {http.IncomingMessage} response */
function headOf({ statusCode = 0, statusMessage = '', rawHeaders }) {
  const headers = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  return { status: statusCode, reason: statusMessage, headers };
}

/**
 * @param {http.IncomingMessage} response
 * @returns {Promise<AgentAnswer>}
 */
async function readWhole(response) {
  const chunks = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
  }
  return { ...headOf(response), body: Buffer.concat(chunks) };
}

/**
 * Carries a socket's bytes to the network side and back, until it is closed.
 * @param {import('node:stream').Duplex & { setNoDelay?: any, setTimeout?: any }} socket
 * @param {Buffer | undefined} head
 * @param {import('../binding').ByteStream} stream
 * @param {() => void} closed
 * @returns {() => void} to be called when the network side has something for the socket
 */
function carry(socket, head, stream, closed) {
  // A connection to Slack is long, and what goes over it short. Who is silent for too long is the session's to say.
  socket.setTimeout?.(0);
  socket.setNoDelay?.();
  const attend = () => {
    const orders = stream.commands(!socket.writableNeedDrain);
    if (orders.destroy) return socket.destroy();
    if (orders.write !== null && !socket.destroyed) socket.write(orders.write);
    if (orders.end) socket.end();
    if (orders.read) socket.resume();
  };
  socket.on('error', (error) => stream.finish(error.message, /** @type {any} */ (error).code ?? null));
  socket.on('end', () => stream.finish(null, null));
  socket.on('close', () => {
    stream.finish(null, null);
    closed();
  });
  socket.on('drain', attend);
  if (head !== undefined && head.length > 0) stream.push(head);
  socket.on('data', (bytes) => {
    if (!stream.push(bytes)) socket.pause();
  });
  attend();
  return attend;
}

module.exports = { carry, requestBy };
