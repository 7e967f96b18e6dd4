// Proxies in the test's process that do what the test scripts, on free ports of 127.0.0.1. They end with the test.
//
//   const proxy = await scriptedProxy(t, proxyHandlers.refuse(502));
//   proxy.handler = (request, socket) => socket.end('HTTP/1.1 403 No\r\n\r\n');  // from now on
//   proxy.requests; await proxy.nextRequest();        // { method, target, headers, lines, socket }, in order of arrival
//   proxy.host; proxy.port; proxy.url; proxy.urlWith(…); proxy.connections; proxy.open; proxy.drop();
//
//   proxyHandlers.tunnel({ head, leftover, slowly })  // forwards to the target; the default
//   proxyHandlers.demand(user, password)              // forwards clients with these credentials; 407 to others
//   proxyHandlers.refuse(407, { headers, body, keepAlive })  // `keepAlive`: the connection can be used again
//   proxyHandlers.raw(bytes, { end: true })           // any bytes
//   proxyHandlers.silence(); proxyHandlers.close(); proxyHandlers.reset();
//   proxyHandlers.endless('HTTP/1.1 200 OK\r\n', 'X: y\r\n')  // repeats the second until the client closes
//   scriptedProxy(t, handler, { accept: (socket) => socket.destroy() });  // acts before anything is read
//
//   const proxy = await scriptedSocks(t);             // a SOCKS 5 proxy; with { user, password } it requires them
//   await scriptedSocks(t, { request: () => socksReply(5) });        // refuses
//   await scriptedSocks(t, { greeting: () => Buffer.of(5, 0xff) });  // accepts no method
//   await scriptedSocks(t, { greeting: () => {} });                  // sends nothing more
//   await scriptedSocks(t, { request: (request, socket) => socket.resetAndDestroy() });
//   await scriptedSocks(t, { slowly: true });                        // replies byte by byte
//   proxy.requests; await proxy.nextRequest();        // { version, methods, user, password, command, type, host, port,
//                                                     // socket }: the fields that the client has sent
//   The stages are greeting, auth and request. Each returns the reply to send, or nothing to make it the last stage.
'use strict';

const net = require('node:net');
const {
  CountedServer,
  Requests,
  connected,
  ignore,
  join,
  parseHostAndPort,
  sendByteByByte,
} = require('./counted-server.js');

/** Resolves when the socket is readable or closed. */
function readable(socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('readable', done).off('close', done);
      resolve(undefined);
    };
    socket.on('readable', done).on('close', done);
  });
}

/** The next `count` bytes of a socket; undefined if it ends before. */
async function take(socket, count) {
  for (;;) {
    const bytes = count === 0 ? Buffer.alloc(0) : socket.read(count);
    if (bytes?.length === count) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) return undefined;
    await readable(socket);
  }
}

/** The next request's head with its empty line; undefined if the socket ends before. Later bytes stay in the socket. */
async function takeHead(socket) {
  let head = Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read();
    if (bytes !== null) {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n') + 4;
      if (end >= 4) {
        if (end < head.length) socket.unshift(head.subarray(end));
        return head.toString('latin1', 0, end);
      }
    }
    if (socket.readableEnded || socket.destroyed) return undefined;
    if (bytes === null) await readable(socket);
  }
}

/** The parts of a request's head, with header names in lower case. */
function parseHead(head) {
  const [first, ...lines] = head.trimEnd().split('\r\n');
  const [method, target] = first.split(' ');
  const pairs = lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return { method, target, headers: Object.fromEntries(pairs), lines: [first, ...lines] };
}

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} target
 * @property {Record<string, string>} headers
 * @property {string[]} lines of the head as received
 * @property {net.Socket} socket
 *
 * @typedef {(request: Request, socket: net.Socket) => unknown} Handler returns true if another request may follow
 */

class ScriptedProxy extends CountedServer {
  #requests = new Requests();

  /**
   * @param {Handler} handler
   * @param {(socket: net.Socket) => unknown} [accept]
   */
  constructor(handler, accept) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, async (socket) => {
      if (accept) accept(socket);
      else await this.#serve(socket);
    });
    super(server, { scheme: 'http' });
    this.handler = handler;
  }

  async #serve(socket) {
    for (let again = true; again; ) {
      const head = await takeHead(socket);
      if (head === undefined) return void socket.end();
      const request = { ...parseHead(head), socket };
      this.#requests.add(request);
      again = (await this.handler(request, socket)) === true;
    }
  }

  get requests() {
    return this.#requests.all;
  }

  nextRequest() {
    return this.#requests.next();
  }
}

/**
 * An HTTP proxy whose handler the test provides.
 * @param {import('node:test').TestContext} t
 * @param {Handler} [handler]
 * @param {{ accept?: (socket: net.Socket) => unknown }} [options] `accept` gets each new connection instead of `handler`
 * @returns {Promise<ScriptedProxy>}
 */
function scriptedProxy(t, handler = proxyHandlers.tunnel(), { accept } = {}) {
  return new ScriptedProxy(handler, accept).listen(t);
}

/** Forwards a CONNECT request, or one with an absolute URL, to its target. */
async function forward(request, socket, write, head) {
  const isConnect = request.method === 'CONNECT';
  const url = isConnect ? undefined : new URL(request.target);
  const { host, port } = isConnect
    ? parseHostAndPort(request.target)
    : { host: url.hostname, port: Number(url.port || 80) };
  const other = await connected(host, port).catch(() => undefined);
  if (other === undefined) return void refuseWith(socket, 502);
  if (isConnect) await write(head);
  else other.write(`${originForm(request, url)}\r\n\r\n`, 'latin1');
  join(socket, other);
}

/** The head of a request with an absolute URL, in the form in which the server expects it. */
function originForm({ method, lines }, url) {
  const kept = lines.slice(1).filter((line) => !/^proxy-/i.test(line));
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...kept].join('\r\n');
}

function refuseWith(socket, status, { headers = {}, body = '', keepAlive = false } = {}) {
  const connection = keepAlive ? 'keep-alive' : 'close';
  const fields = { 'Content-Length': Buffer.byteLength(body), Connection: connection, ...headers };
  const lines = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.write(`HTTP/1.1 ${status} Scripted\r\n${lines}\r\n${body}`);
  if (!keepAlive) socket.end();
  return keepAlive;
}

const BASIC = { headers: { 'Proxy-Authenticate': 'Basic realm="test"' } };
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Handlers for `scriptedProxy`. */
const proxyHandlers = {
  /**
   * Forwards to the target. `leftover` is sent in one write with the head, before the target's bytes.
   * @returns {Handler}
   */
  tunnel:
    ({ head = ESTABLISHED, leftover = '', slowly = false } = {}) =>
    (request, socket) => {
      const write = (bytes) => (slowly ? sendByteByByte(socket, bytes) : socket.write(bytes));
      return forward(request, socket, write, Buffer.concat([Buffer.from(head), Buffer.from(leftover)]));
    },

  /**
   * Forwards clients that have these credentials, and refuses others with 407.
   * @returns {Handler}
   */
  demand: (user, password) => (request, socket) => {
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const isKnown = request.headers['proxy-authorization'] === wanted;
    return (isKnown ? proxyHandlers.tunnel() : proxyHandlers.refuse(407, { keepAlive: true }))(request, socket);
  },

  /**
   * Refuses with a status; 407 asks for `Basic`.
   * @param {number} status
   * @param {{ headers?: Record<string, string>, body?: string, keepAlive?: boolean }} [options]
   * @returns {Handler}
   */
  refuse: (status, options) => (_request, socket) =>
    refuseWith(socket, status, { ...(status === 407 ? BASIC : {}), ...options }),

  /** @returns {Handler} */
  raw:
    (bytes, { end = false } = {}) =>
    (_request, socket) => {
      socket.write(bytes);
      if (end) socket.end();
      ignore(socket);
    },

  /** @returns {Handler} */
  silence: () => (_request, socket) => ignore(socket),

  /** @returns {Handler} */
  close: () => (_request, socket) => void socket.end(() => socket.destroy()),

  /** @returns {Handler} */
  reset: () => (_request, socket) => void socket.resetAndDestroy(),

  /**
   * Sends `first`, then `repeated` again and again until the client closes the connection.
   * @returns {Handler}
   */
  endless: (first, repeated) => async (_request, socket) => {
    ignore(socket);
    socket.write(first);
    const many = repeated.repeat(Math.ceil(4096 / repeated.length));
    while (!socket.destroyed) await new Promise((resolve) => socket.write(many, resolve));
  },
};

/** A SOCKS 5 reply to a request. Code 0 is success, 1 to 8 are refusals. */
function socksReply(code, bound = Buffer.of(1, 0, 0, 0, 0, 0, 0)) {
  return Buffer.concat([Buffer.of(5, code, 0), bound]);
}

/** How to read the address types of SOCKS 5. */
const ADDRESSES = {
  1: { type: 'ipv4', length: async () => 4, text: (bytes) => bytes.join('.') },
  3: { type: 'domain', length: async (socket) => (await take(socket, 1))?.[0], text: (bytes) => bytes.toString() },
  4: {
    type: 'ipv6',
    length: async () => 16,
    text: (bytes) =>
      bytes
        .toString('hex')
        .match(/..../g)
        .map((part) => parseInt(part, 16).toString(16))
        .join(':'),
  },
};

/** Read the client's message of each stage; undefined if the client ends before. */
const STAGES = {
  async greeting(socket) {
    const head = await take(socket, 2);
    const methods = head && (await take(socket, head[1]));
    return methods && { version: head[0], methods: [...methods] };
  },

  async auth(socket) {
    const words = [];
    if ((await take(socket, 1)) === undefined) return undefined;
    for (let index = 0; index < 2; index += 1) {
      const length = await take(socket, 1);
      words.push(length && (await take(socket, length[0])));
    }
    return words[1] && { user: words[0].toString(), password: words[1].toString() };
  },

  async request(socket) {
    const head = await take(socket, 4);
    const address = head && ADDRESSES[head[3]];
    const length = address && (await address.length(socket));
    const host = length === undefined ? undefined : await take(socket, length);
    const port = host && (await take(socket, 2));
    return port && { command: head[1], type: address.type, host: address.text(host), port: port.readUInt16BE() };
  },
};

/** The replies of a well-behaved proxy. */
function goodSocks({ user, password }) {
  const method = user === undefined ? 0 : 2;
  return {
    greeting: ({ methods }) => Buffer.of(5, methods.includes(method) ? method : 0xff),
    auth: (request) => Buffer.of(1, request.user === user && request.password === password ? 0 : 1),
    request: () => socksReply(0),
  };
}

/**
 * @typedef {(request: any, socket: net.Socket) => Uint8Array | void} Stage the reply to send; undefined makes this stage the last
 * @typedef {object} SocksScript
 * @property {string} [user]
 * @property {string} [password]
 * @property {boolean} [slowly] all replies are sent byte by byte
 * @property {Stage} [greeting]
 * @property {Stage} [auth]
 * @property {Stage} [request]
 */

class ScriptedSocks extends CountedServer {
  /** All requests, each from its greeting on. */
  requests = [];
  /** Requests of which no further stage follows. */
  #complete = new Requests();

  /** @param {SocksScript} script */
  constructor(script) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#serve(socket));
    super(server, { scheme: 'socks5', user: script.user, password: script.password });
    this.script = script;
  }

  nextRequest() {
    return this.#complete.next();
  }

  /** Runs the stages until one fails. */
  async #serve(socket) {
    const request = { socket };
    let method = await this.#stage('greeting', socket, request);
    if (method === 2) method = await this.#stage('auth', socket, request);
    const code = method === 0 ? await this.#stage('request', socket, request) : undefined;
    if (request.command === undefined) this.#complete.add(request);
    if (code !== 0) ignore(socket);
  }

  /** The code of the reply, which is its second byte; undefined without a reply. */
  async #stage(name, socket, request) {
    const message = await STAGES[name](socket);
    if (message === undefined) return void socket.end();
    Object.assign(request, message);
    if (name === 'greeting') this.requests.push(request);
    if (name === 'request') this.#complete.add(request);
    const reply = { ...goodSocks(this.script), ...this.script }[name](request, socket);
    if (reply === undefined) return undefined;
    const [, code] = reply;
    if (name === 'request' && code === 0) await this.#forward(request, reply);
    else await this.#send(socket, reply);
    if (name !== 'greeting' && code !== 0) socket.end();
    return code;
  }

  async #forward({ host, port, socket }, reply) {
    const other = await connected(host, port).catch(() => undefined);
    await this.#send(socket, other ? reply : socksReply(5));
    if (other) join(socket, other);
    else socket.end();
  }

  async #send(socket, bytes) {
    if (this.script.slowly) await sendByteByByte(socket, bytes);
    else socket.write(bytes);
  }
}

/**
 * A SOCKS 5 proxy whose replies the test can replace.
 * @param {import('node:test').TestContext} t
 * @param {SocksScript} [script]
 * @returns {Promise<ScriptedSocks>}
 */
function scriptedSocks(t, script = {}) {
  return new ScriptedSocks(script).listen(t);
}

module.exports = { proxyHandlers, scriptedProxy, scriptedSocks, socksReply };
