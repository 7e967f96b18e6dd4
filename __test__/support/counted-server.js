// A TCP server that counts its connections and can cut them, and socket helpers. The proxies of the tests are built from
// these.
//
//   const relay = await countingRelay(t, server);     // between clients and a server of scripted-server.js, whose URLs
//                                                     // lead through it from then on: a test sees in `connections`
//                                                     // whether a connection went around the proxy
//   relay.connections;                                // the number of connections accepted since the start
//   relay.open;                                       // the number of open connections
//   relay.drop();                                     // ends the open connections
'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { atEnd } = require('./cleanup.js');

/** A server on a free port of 127.0.0.1 that counts its connections. */
class CountedServer {
  host = '127.0.0.1';
  connections = 0;
  #open = new Set();

  /**
   * @param {net.Server} server
   * @param {{ scheme: string, user?: string, password?: string }} address
   */
  constructor(server, address) {
    this.server = server;
    this.address = address;
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#open.add(socket);
      socket.on('error', () => {}).on('close', () => this.#open.delete(socket));
    });
  }

  /** @param {import('node:test').TestContext} t */
  async listen(t) {
    await new Promise((resolve) => this.server.listen(0, this.host, resolve));
    atEnd(t, () => {
      this.drop();
      return new Promise((resolve) => this.server.close(resolve));
    });
    return this;
  }

  get port() {
    return /** @type {net.AddressInfo} */ (this.server.address()).port;
  }

  get url() {
    return this.urlWith({});
  }

  /** @param {{ scheme?: string, host?: string, user?: string, password?: string }} other */
  urlWith(other) {
    const { scheme, host, user, password } = { host: this.host, ...this.address, ...other };
    const name = user === undefined ? '' : encodeURIComponent(user);
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `${scheme}://${name}${secret}${name || secret ? '@' : ''}${host}:${this.port}`;
  }

  get open() {
    return this.#open.size;
  }

  drop() {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Pipes two sockets into each other. When one fails, the other is destroyed. */
function join(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => (from.readableEnded ? undefined : to.destroy()));
  }
}

/** Resolves with an open connection; rejects if the connection fails. */
async function connected(host, port) {
  const socket = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Joins the socket with a new connection to this place. */
function joinTo(socket, host, port) {
  join(socket, net.connect({ host, port, allowHalfOpen: true, noDelay: true }));
}

/** Reads without a response until the client ends the connection. */
function ignore(socket) {
  if (!socket.destroyed) socket.on('end', () => socket.end()).resume();
}

/** Sends the bytes one by one. */
async function sendByteByByte(socket, bytes) {
  for (const byte of Buffer.from(bytes)) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    await new Promise(setImmediate);
  }
}

/** A queue that hands out each request once, in the order of arrival. */
class Requests {
  all = [];
  #waiting = [];
  #taken = 0;

  add(request) {
    this.all.push(request);
    if (this.#waiting.length > 0) this.#waiting.shift()(this.all[this.#taken++]);
  }

  next() {
    if (this.#taken < this.all.length) return Promise.resolve(this.all[this.#taken++]);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Host and port of `host:port` or `[host]:port`. */
function parseHostAndPort(target) {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  return { host, port: Number(port) };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ host: string }} server with its port; from now on it is the relay's
 * @returns {Promise<CountedServer>}
 */
async function countingRelay(t, server) {
  const { host, port } = parseHostAndPort(server.host);
  const front = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => joinTo(socket, host, port));
  const relay = await new CountedServer(front, { scheme: 'tcp' }).listen(t);
  Object.defineProperty(server, 'host', { value: `${relay.host}:${relay.port}` });
  return relay;
}

module.exports = {
  CountedServer,
  Requests,
  connected,
  countingRelay,
  ignore,
  join,
  joinTo,
  parseHostAndPort,
  sendByteByByte,
};
