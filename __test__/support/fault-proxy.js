// A TCP proxy that causes the faults of a bad network. fault-schedule.js decides which and when.
//
//   const proxy = await faultProxy(t, port, random);  // closed when the test ends; `random` is for jitter and garbage
//   proxy.host;                                       // leads to 127.0.0.1:port
//   proxy.conditions.latency = 200;                   // ms, plus up to 200 ms of jitter; the order is kept
//   proxy.conditions.bytesPerSecond = 500;            // in each direction
//   proxy.hold(); proxy.release();                    // stops all data; then passes it in one burst
//   proxy.cut(); proxy.reset();                       // FIN or RST to both sides; data on the way is discarded
//   proxy.silence('up');                              // silently discards the client's data ('down': the server's data;
//                                                     // 'both': a half-open connection)
//   proxy.garble('down');                             // inserts random bytes towards the client
//   proxy.tear('down');                               // ends the connection within the next data of that direction
//   await proxy.refuse(); await proxy.accept();       // starts and stops refusing connections (ECONNREFUSED)
//   await proxy.calm();                               // ends all faults; resets damaged connections, except half-open ones
//   proxy.connections;                                // all connections so far: { path, isSocket, isWhole, … }
//   proxy.mostSockets;                                // the largest number of sockets that the client had open at once
'use strict';

const net = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { atEnd } = require('./cleanup.js');
const { listen } = require('./listen.js');

/** Slow data is sent in this many pieces per second. */
const PIECES = 20;

/** How late the server learns that the client has closed a silent connection, in ms. */
const SERVER_DELAY = 2000;

/** Sockets are counted after this delay, in ms, because the proxy may see a new socket before the end of the previous one. */
const COUNT_DELAY = 250;

/** One direction of a connection. */
class Pipe {
  /** Whether data was discarded or inserted. */
  isDamaged = false;
  isSilent = false;
  isDone = false;
  /** A function that ends the connection within the next data. */
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

  /** Ends this direction after all data. */
  end() {
    if (this.isSilent) return;
    this.#queue.push({ then: () => this.#finish(), due: 0 });
    this.#pump();
  }

  /** Ends this direction immediately. */
  stop() {
    if (this.#queue.length > 0) this.isDamaged = true;
    this.#queue = [];
    this.isDone = true;
  }

  /** Ends the other side. All data has been passed. */
  #finish() {
    this.isDone = true;
    this.#to.end();
  }

  #push(data) {
    const { latency } = this.#proxy.conditions;
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
      const { bytesPerSecond } = this.#proxy.conditions;
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

/** A connection of the client, and the proxy's connection to the server for it. */
class Connection {
  /** The path of the HTTP request. */
  path = '';
  /** Whether the request is an upgrade. */
  isSocket = false;
  /** False once the proxy knows that the client has ended the connection. */
  isOpen = true;
  /** Whether the server ended the connection, and the client received all data before it ended its side. */
  isWhole = false;

  constructor(proxy, client) {
    this.client = client;
    this.server = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    client.once('data', (data) => this.#begin(proxy, data));
    this.up = new Pipe(proxy, client, this.server);
    this.down = new Pipe(proxy, this.server, client);
    client.on('end', () => this.#closeClient(this.down.isDone && !this.down.isDamaged));
    client.on('error', () => this.#closeClient(false));
    client.on('close', () => {
      this.#closeClient(false);
      this.up.end();
    });
    this.server.on('error', () => this.#resetByServer());
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
    if (this.isSocket) setTimeout(() => proxy.count(), COUNT_DELAY).unref();
  }

  #stop() {
    this.down.isDamaged = true;
    this.up.stop();
    this.down.stop();
  }

  /** The client has ended the connection. */
  #closeClient(isWhole) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.isWhole = isWhole;
    this.down.stop();
    this.client.end();
    if (this.isSilent) setTimeout(() => this.server.destroy(), SERVER_DELAY).unref();
  }

  /** The server has reset the connection. */
  #resetByServer() {
    if (!this.down.isSilent) this.reset();
  }
}

class FaultProxy {
  conditions = { latency: 0, bytesPerSecond: Infinity };
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

  /** The connections that the client has not ended. */
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
    this.conditions = { latency: 0, bytesPerSecond: Infinity };
    this.release();
    await this.accept();
    for (const connection of this.open) {
      connection.pipes('both').forEach((pipe) => (pipe.torn = undefined));
      // The client itself detects a half-open connection.
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
