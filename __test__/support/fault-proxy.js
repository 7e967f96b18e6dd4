// A TCP proxy that does badly what a network does badly. Owns the bytes between a client and a server; what is done to
// them when is the schedule's (fault-schedule.js).
//
//   const proxy = await faultProxy(t, port, random);  // closed when the test ends; `random` is for jitter and garbage
//   proxy.host;                                       // in front of 127.0.0.1:port
//   proxy.weather.latency = 200;                      // ms, with as much jitter on top; order is kept
//   proxy.weather.bytesPerSecond = 500;               // in each direction
//   proxy.hold(); proxy.release();                    // nothing passes; then all that waited, in one burst
//   proxy.cut(); proxy.reset();                       // a FIN, a RST to both sides; what is on the way is thrown away
//   proxy.silence('up');                              // what the client sends is thrown away ('down': what the
//                                                     // server sends; 'both': half-open), and neither is told
//   proxy.garble('down');                             // bytes that nobody sent, towards the client
//   proxy.tear('down');                               // ends within the next piece of data of that direction
//   await proxy.refuse(); await proxy.accept();       // ECONNREFUSED, and an end of it
//   await proxy.calm();                               // no faults from now on; what is damaged is reset, but for
//                                                     // half-open connections
//   proxy.connections;                                // all there were: { path, isSocket, isWhole, … }
//   proxy.mostSockets;                                // so many sockets the client had open at once, at most
'use strict';

const net = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { atEnd } = require('./cleanup.js');
const { listen } = require('./listen.js');

/** Data that is slowed down goes in pieces, so many a second. */
const PIECES = 20;

/** A server learns so late, in ms, that the client has left a connection that went silent. */
const UNAWARE = 2000;

/** One socket may be seen to open before the end of the one before is read: they are counted so late, in ms. */
const COUNTED_AFTER = 250;

/** One direction of a connection. */
class Pipe {
  /** Whether something was thrown away, or put in. */
  isDamaged = false;
  isSilent = false;
  isDone = false;
  /** What ends the connection within the next data. */
  torn = undefined;
  #queue = [];
  #pumping = false;
  #proxy;
  #to;

  constructor(proxy, from, to) {
    this.#proxy = proxy;
    this.#to = to;
    from.on('data', (data) => this.put(data));
    from.on('end', () => this.end());
  }

  put(data) {
    if (this.isSilent || this.isDone) {
      this.isDamaged = true;
      return;
    }
    const { torn } = this;
    if (torn !== undefined && data.length > 1) {
      this.torn = undefined;
      this.#push(data.subarray(0, this.#proxy.random.between(1, data.length - 1)));
      this.#queue.push({ then: torn, due: 0 });
      this.isSilent = true;
      this.isDamaged = true;
    } else {
      this.#push(data);
    }
    this.#pump();
  }

  /** The end, behind all data. */
  end() {
    if (this.isSilent) return;
    this.#queue.push({ then: () => this.#finish(), due: 0 });
    this.#pump();
  }

  /** The end, at once. */
  stop() {
    if (this.#queue.length > 0) this.isDamaged = true;
    this.#queue = [];
    this.isDone = true;
  }

  /** The end, in order: whatever was put in has been passed. */
  #finish() {
    this.isDone = true;
    this.#to.end();
  }

  #push(data) {
    const { latency } = this.#proxy.weather;
    this.#queue.push({ data, due: performance.now() + latency * (1 + this.#proxy.random.next()) });
  }

  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0) {
      const wait = this.#queue[0].due - performance.now();
      if (wait > 0) await sleep(wait);
      if (this.#proxy.held !== undefined) await this.#proxy.held.released;
      const next = this.#queue[0];
      if (next === undefined) break;
      const { bytesPerSecond } = this.#proxy.weather;
      if (next.data === undefined) {
        this.#queue.shift();
        next.then();
      } else if (bytesPerSecond === Infinity) {
        this.#queue.shift();
        this.#to.write(next.data);
      } else {
        const size = Math.ceil(bytesPerSecond / PIECES);
        this.#to.write(next.data.subarray(0, size));
        next.data = next.data.subarray(size);
        if (next.data.length === 0) this.#queue.shift();
        await sleep(1000 / PIECES);
      }
    }
    this.#pumping = false;
  }
}

/** A connection of the client's, and the one to the server that stands for it. */
class Connection {
  /** Of the request that it began with. */
  path = '';
  /** Whether that asked for a WebSocket. */
  isSocket = false;
  /** Whether the client has not ended it, as far as the proxy knows. */
  isOpen = true;
  /** Whether the server ended it, and the client was passed all that the server had sent before it left by itself. */
  isWhole = false;

  constructor(proxy, client) {
    this.client = client;
    this.server = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    client.once('data', (data) => this.#begin(proxy, data));
    this.up = new Pipe(proxy, client, this.server);
    this.down = new Pipe(proxy, this.server, client);
    client.on('end', () => this.#leave(this.down.isDone && !this.down.isDamaged));
    client.on('error', () => this.#leave(false));
    client.on('close', () => {
      this.#leave(false);
      this.up.end();
    });
    this.server.on('error', () => this.#break());
  }

  get isSilent() {
    return this.up.isSilent || this.down.isSilent;
  }

  get isDamaged() {
    return this.up.isDamaged || this.down.isDamaged;
  }

  cut() {
    this.#stop();
    this.client.end();
    this.server.end();
  }

  reset() {
    this.#stop();
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  /** @param {'up' | 'down' | 'both'} direction */
  pipes(direction) {
    return { up: [this.up], down: [this.down], both: [this.up, this.down] }[direction];
  }

  #begin(proxy, data) {
    const [method, path] = data.toString('latin1').split(' ', 2);
    this.path = path;
    this.isSocket = method === 'GET';
    if (this.isSocket) setTimeout(() => proxy.count(), COUNTED_AFTER).unref();
  }

  #stop() {
    this.down.isDamaged = true;
    this.up.stop();
    this.down.stop();
  }

  /** The client has ended the connection. */
  #leave(isWhole) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.isWhole = isWhole;
    this.down.stop();
    this.client.end();
    if (this.isSilent) setTimeout(() => this.server.destroy(), UNAWARE).unref();
  }

  /** The server has reset the connection. */
  #break() {
    if (!this.down.isSilent) this.reset();
  }
}

class FaultProxy {
  weather = { latency: 0, bytesPerSecond: Infinity };
  /** @type {{ released: Promise<void>, release: () => void } | undefined} */
  held = undefined;
  /** @type {Connection[]} */
  connections = [];
  mostSockets = 0;
  #server;
  #address;

  constructor(port, random) {
    this.port = port;
    this.random = random;
    this.#server = net.createServer({ allowHalfOpen: true }, (client) => {
      this.connections.push(new Connection(this, client));
    });
  }

  async listen(port = 0) {
    await listen(this.#server, port);
    this.#address = this.#server.address();
  }

  get host() {
    return `127.0.0.1:${this.#address.port}`;
  }

  /** Connections that the client has not ended. */
  get open() {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  count() {
    const sockets = this.open.filter(({ isSocket }) => isSocket);
    this.mostSockets = Math.max(this.mostSockets, sockets.length);
  }

  hold() {
    if (this.held !== undefined) return;
    let release = () => {};
    const released = new Promise((resolve) => (release = () => resolve()));
    this.held = { released, release };
  }

  release() {
    this.held?.release();
    this.held = undefined;
  }

  cut() {
    for (const connection of this.open) connection.cut();
  }

  reset() {
    for (const connection of this.open) connection.reset();
  }

  silence(direction) {
    for (const connection of this.open) {
      for (const pipe of connection.pipes(direction)) {
        pipe.stop();
        pipe.isDone = false;
        pipe.isSilent = true;
        pipe.isDamaged = true;
      }
    }
  }

  garble(direction) {
    for (const connection of this.open) {
      for (const pipe of connection.pipes(direction)) {
        pipe.put(this.random.bytes(this.random.between(4, 60)));
        pipe.isDamaged = true;
      }
    }
  }

  tear(direction) {
    for (const connection of this.open) {
      const end = this.random.chance(0.5) ? () => connection.cut() : () => connection.reset();
      for (const pipe of connection.pipes(direction)) pipe.torn = end;
    }
  }

  async refuse() {
    if (this.#server.listening) this.#server.close();
  }

  async accept() {
    if (!this.#server.listening) await this.listen(this.#address.port);
  }

  async calm() {
    this.weather = { latency: 0, bytesPerSecond: Infinity };
    this.release();
    await this.accept();
    for (const connection of this.open) {
      connection.pipes('both').forEach((pipe) => (pipe.torn = undefined));
      // Of silence both ways a client can learn by itself.
      const isHalfOpen = connection.up.isSilent && connection.down.isSilent;
      if (connection.isDamaged && !isHalfOpen) connection.reset();
    }
  }

  close() {
    this.release();
    if (this.#server.listening) this.#server.close();
    for (const { client, server } of this.connections) {
      client.destroy();
      server.destroy();
    }
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {number} port of the server
 * @param {import('./random.js').Random} random
 */
async function faultProxy(t, port, random) {
  const proxy = new FaultProxy(port, random);
  await proxy.listen();
  atEnd(t, () => proxy.close());
  return proxy;
}

module.exports = { faultProxy };
