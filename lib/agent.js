// HTTP requests and upgrades in Node, through an agent of the user that native code cannot replace.
'use strict';

const http = require('node:http');
const https = require('node:https');
const { urlToHttpOptions } = require('node:url');
const { MAX_RESPONSE_BYTES } = require('./binding.js');

/**
 * @typedef {object} Route
 * @property {http.Agent} agent makes the connections
 * @property {Record<string, any>} tls the TLS options of each request
 */

/**
 * @typedef {object} AgentResponse
 * @property {number} status
 * @property {string} reason
 * @property {string[]} headers names in lower case and values, alternating
 * @property {Buffer} body
 * @property {any} [socket] if the server accepted an upgrade
 * @property {Buffer} [head] bytes that the socket has already received
 */

/**
 * Makes one request. Its response is complete, or has the socket of an upgrade.
 * @param {Route} route
 * @param {{ method: string, url: string, headers: string[], body: Buffer }} description
 * @returns {{ response: Promise<AgentResponse>, destroy: () => void }} `destroy` cancels the request
 */
function requestThrough({ agent, tls }, { method, url, headers, body }) {
  /** @type {http.ClientRequest | undefined} */
  let request;
  const response = new Promise((resolve, reject) => {
    const { request: send } = url.startsWith('https:') ? https : http;
    // One options object: agent-base 4 (of https-proxy-agent 2 and 3) replaces `https.request` with a function that
    // takes no URL beside the options.
    request = send({ ...urlToHttpOptions(new URL(url)), ...tls, agent, method, headers: headersFrom(headers) });
    request.on('error', reject);
    request.on('response', (message) => readResponse(message).then(resolve, reject));
    request.on('upgrade', (message, socket, head) => {
      resolve({ ...statusAndHeaders(message), body: Buffer.alloc(0), socket, head });
    });
    request.end(body);
  });
  return { response, destroy: () => request?.destroy() };
}

/**
 * @param {string[]} pairs names and values, alternating
 * @returns {Record<string, string | string[]>}
 */
function headersFrom(pairs) {
  /** @type {Record<string, string | string[]>} */
  const headers = {};
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, value] = [pairs[i], pairs[i + 1]];
    headers[name] = name in headers ? [headers[name], value].flat() : value;
  }
  return headers;
}

/** @param {http.IncomingMessage} response */
function statusAndHeaders({ statusCode = 0, statusMessage = '', rawHeaders }) {
  const headers = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  return { status: statusCode, reason: statusMessage, headers };
}

/**
 * @param {http.IncomingMessage} response
 * @returns {Promise<AgentResponse>}
 */
async function readResponse(response) {
  const chunks = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES) throw new Error(`the response is larger than ${MAX_RESPONSE_BYTES} bytes`);
  }
  return { ...statusAndHeaders(response), body: Buffer.concat(chunks) };
}

/**
 * Passes the bytes between a socket and native code, until the socket is closed.
 * @param {import('node:stream').Duplex & { setNoDelay?: any, setTimeout?: any }} socket
 * @param {Buffer | undefined} head
 * @param {import('../binding').ByteStream} stream
 * @param {() => void} closed
 * @returns {() => void} call it when native code has bytes or a command for the socket
 */
function bridgeSocket(socket, head, stream, closed) {
  // Messages are short and the connection is long. The session has its own limits for silence.
  socket.setTimeout?.(0);
  socket.setNoDelay?.();
  const runCommands = () => {
    const commands = stream.commands(!socket.writableNeedDrain);
    if (commands.destroy) return socket.destroy();
    if (commands.write !== null && !socket.destroyed) socket.write(commands.write);
    if (commands.end) socket.end();
    if (commands.read) socket.resume();
  };
  socket.on('error', (error) => stream.finish(error.message, /** @type {any} */ (error).code ?? null));
  socket.on('end', () => stream.finish(null, null));
  socket.on('close', () => {
    stream.finish(null, null);
    closed();
  });
  socket.on('drain', runCommands);
  if (head !== undefined && head.length > 0) stream.push(head);
  socket.on('data', (bytes) => {
    if (!stream.push(bytes)) socket.pause();
  });
  runCommands();
  return runCommands;
}

module.exports = { bridgeSocket, requestThrough };
