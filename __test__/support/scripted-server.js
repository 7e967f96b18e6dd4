// A server that does what the test scripts: the response to each connect call, each upgrade, and the server's end of each
// socket. For behaviour that the local workspace does not have. It answers no frame by itself, not even a ping.
//
//   const server = await scriptedServer(t);          // closes with all its sockets when the test ends
//   const rtm = clientOf(t, server);                 // the server has `apiUrl` and `token`, like a workspace
//
//   server.responses.push({ ok: false, error: 'x' });  // the next connect call gets this JSON (with a 200),
//   server.responses.push('<html>');                   // … this text (with a 200),
//   server.responses.push(server.connectResponse({ url: '' })); // … the good response with other fields,
//   server.responses.push((request, response, call) => response.destroy()); // … or runs this function.
//                                                    // When the list is empty, it gets the good response
//   server.refusals.push(503);                       // the next upgrade is refused with this status,
//   server.refusals.push((request, tcp) => {});      // … or runs this function (here: no response)
//   server.greet = (socket) => {};                   // runs when a socket opens; default: `socket.hello()`
//
//   const call = await server.nextCall();            // { method, url, headers, body, form }, in the order of arrival:
//                                                    // `url` is the path, `form` the fields of the body
//   server.calls;                                    // all calls
//   server.upgrades;                                 // all upgrade requests: { url, headers }
//   const socket = await server.nextSocket();        // in the order of opening, after `greet`
//   server.sockets;                                  // all sockets, including closed ones
//
//   socket.send({ type: 'x' });                      // an object as JSON, a string or Buffer unchanged
//   socket.hello();
//   const frame = await socket.nextFrame('ping');    // the client's next frame (of this type), parsed; each comes once
//   socket.frames;                                   // all frames, parsed
//   socket.close(4000, 'reason');                    // with a close frame
//   socket.drop();                                   // without a close frame
//   socket.reset();                                  // the client gets ECONNRESET
//   await socket.closed;                             // { code, reason } of the client's close frame; 1006 without one
//   socket.ws; socket.headers;                       // the `ws` socket, and the upgrade request's headers
//
// Options: `tls` ({ key, cert }) for https: and wss:; `ws` are options of ws's WebSocketServer.
'use strict';

const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');
const { atEnd } = require('./cleanup.js');

/** A queue that hands out each item once, in the order of arrival. `next` may ask for items of a kind. */
class Queue {
  #items = [];
  #waiting = [];

  push(item) {
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (index === -1) this.#items.push(item);
    else this.#waiting.splice(index, 1)[0].resolve(item);
  }

  next(wanted = () => true) {
    const index = this.#items.findIndex(wanted);
    if (index !== -1) return Promise.resolve(this.#items.splice(index, 1)[0]);
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }
}

class ScriptedSocket {
  frames = [];
  #queue = new Queue();
  #tcp;

  constructor(ws, request) {
    this.ws = ws;
    this.#tcp = request.socket;
    this.headers = request.headers;
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    ws.on('error', () => {});
    ws.on('message', (data) => {
      const frame = JSON.parse(data.toString());
      this.frames.push(frame);
      this.#queue.push(frame);
    });
  }

  hello() {
    this.send({ type: 'hello' });
  }

  send(frame) {
    this.ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  nextFrame(type) {
    return this.#queue.next((frame) => type === undefined || frame.type === type);
  }

  close(code, reason) {
    this.ws.close(code, reason);
  }

  drop() {
    this.ws.terminate();
  }

  reset() {
    this.#tcp.resetAndDestroy();
  }
}

class ScriptedServer {
  token = 'xoxb-scripted';
  responses = [];
  refusals = [];
  greet = (socket) => socket.hello();
  calls = [];
  upgrades = [];
  sockets = [];
  #http;
  #ws;
  /** The sockets of refused upgrades. */
  #tcps = new Set();
  #newCalls = new Queue();
  #newSockets = new Queue();

  constructor({ tls, ws } = {}) {
    this.secure = tls !== undefined;
    this.#http = this.secure ? https.createServer(tls) : http.createServer();
    this.#ws = new WebSocketServer({ noServer: true, ...ws });
    this.#http.on('request', (request, response) => this.#onRequest(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  listen() {
    return new Promise((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
  }

  get host() {
    return `127.0.0.1:${this.#http.address().port}`;
  }

  get apiUrl() {
    return `${this.secure ? 'https' : 'http'}://${this.host}/api/`;
  }

  get socketUrl() {
    return `${this.secure ? 'wss' : 'ws'}://${this.host}/socket`;
  }

  /** The good response to a connect call, with some fields replaced. Fields that are undefined are left out. */
  connectResponse(fields) {
    const self = { id: 'U1', name: 'robot' };
    return { ok: true, url: this.socketUrl, self, team: { id: 'T1', name: 'Acme', domain: 'acme' }, ...fields };
  }

  nextCall() {
    return this.#newCalls.next();
  }

  nextSocket() {
    return this.#newSockets.next();
  }

  close() {
    for (const { ws } of this.sockets) ws.terminate();
    for (const tcp of this.#tcps) tcp.destroy();
    this.#ws.close();
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  async #onRequest(request, response) {
    const { url, headers } = request;
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const form = Object.fromEntries(new URLSearchParams(body));
    const call = { method: request.method, url, headers, body, form };
    const scripted = this.responses.length > 0 ? this.responses.shift() : this.connectResponse();
    this.calls.push(call);
    this.#newCalls.push(call);
    if (typeof scripted === 'function') scripted(request, response, call);
    else response.end(typeof scripted === 'string' ? scripted : JSON.stringify(scripted));
  }

  #onUpgrade(request, tcp, head) {
    this.upgrades.push({ url: request.url, headers: request.headers });
    const refusal = this.refusals.shift();
    tcp.on('error', () => {});
    if (refusal !== undefined) {
      this.#tcps.add(tcp);
      if (typeof refusal === 'function') return refusal(request, tcp);
      const reason = http.STATUS_CODES[refusal];
      return tcp.end(`HTTP/1.1 ${refusal} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    return this.#ws.handleUpgrade(request, tcp, head, (ws) => {
      const socket = new ScriptedSocket(ws, request);
      this.sockets.push(socket);
      this.greet(socket);
      this.#newSockets.push(socket);
    });
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ tls?: import('node:https').ServerOptions, ws?: import('ws').ServerOptions }} [options]
 */
async function scriptedServer(t, options) {
  const server = new ScriptedServer(options);
  await server.listen();
  atEnd(t, () => server.close());
  return server;
}

module.exports = { scriptedServer };
