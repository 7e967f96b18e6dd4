// A door before a scripted server, whose URLs lead through it from then on. It can be shut (the port is closed, and
// opened again as the same port), and what goes through it can be lost without a word. Owns no expectation.
//
//   const door = await doorBefore(t, server);
//   await door.shut();                        // the port refuses, and what was open is gone
//   await door.open();                        // the same port again
//   door.lose();                              // what is open is lost to the server; the client is not told, ever
'use strict';

const net = require('node:net');
const { atEnd } = require('./cleanup.js');
const { listen } = require('./listen.js');

class Door {
  #listener;
  #port = 0;
  #pairs = new Set();

  constructor(host) {
    this.#listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const [name, port] = host.split(':');
      const far = net.connect({ host: name, port: Number(port), allowHalfOpen: true, noDelay: true });
      this.#join({ near, far });
    });
  }

  #join(pair) {
    const { near, far } = pair;
    this.#pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('close', () => {
      far.destroy();
      this.#pairs.delete(pair);
    });
    far.on('close', () => {
      if (!pair.lost) near.destroy();
    });
  }

  get host() {
    return `127.0.0.1:${this.#port}`;
  }

  async open() {
    await listen(this.#listener, this.#port);
    this.#port = this.#listener.address().port;
  }

  /** Nobody is there any more. */
  async shut() {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    for (const { near } of this.#pairs) near.destroy();
    await closed;
  }

  /** What is open leads nowhere: what the client writes is taken and lost, and nothing comes. */
  lose() {
    for (const pair of this.#pairs) {
      pair.lost = true;
      pair.near.unpipe(pair.far);
      pair.far.unpipe(pair.near);
      pair.near.resume();
      pair.far.destroy();
    }
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ host: string }} server
 */
async function doorBefore(t, server) {
  const door = new Door(server.host);
  await door.open();
  Object.defineProperty(server, 'host', { value: door.host });
  atEnd(t, () => door.shut());
  return door;
}

module.exports = { doorBefore };
