// A line before a server of scripted-server.js, whose URLs lead through it from then on: a TCP relay that counts, that can
// refuse, and whose connections can go dead as if all packets vanished. Owns the bytes between, and no expectation.
//
//   const wire = await line(t, server);               // on 127.0.0.1, or { host }; ends with the test
//   wire.silence();                                   // what is open now carries nothing any longer: no byte, no end
//   await wire.shut();                                // the port refuses, and what was open is gone
//   await wire.open();                                // the same port again
//   wire.connections;                                 // those that the client has not ended
'use strict';

const net = require('node:net');
const { atEnd } = require('./cleanup.js');
const { listen } = require('./listen.js');

class Line {
  #open = new Set();
  #pairs = new Set();
  #server;
  #host;
  #port = 0;

  /**
   * @param {string} host where the line listens
   * @param {number} port the server's
   */
  constructor(host, port) {
    this.#host = host;
    this.#server = net.createServer({ noDelay: true }, (near) => this.#join(near, net.connect(port, '127.0.0.1')));
  }

  get host() {
    return `${this.#host}:${this.#port}`;
  }

  get connections() {
    return this.#open.size;
  }

  async open() {
    await listen(this.#server, this.#port, this.#host);
    this.#port = this.#server.address().port;
  }

  silence() {
    for (const { near, far } of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.off('close', near.whenGone);
      far.off('close', far.whenGone);
      // What still comes is swallowed.
      near.resume();
      far.resume();
    }
  }

  async shut() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
    await closed;
  }

  #join(near, far) {
    this.#pairs.add({ near, far });
    this.#open.add(near);
    for (const end of ['end', 'close']) near.on(end, () => this.#open.delete(near));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.setNoDelay(true);
      from.whenGone = () => to.destroy();
      from.on('error', () => {}).on('close', from.whenGone);
      from.pipe(to);
    }
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ host: string }} server with its port; from now on it is the line's
 * @param {{ host?: string }} [options] where the line listens
 */
async function line(t, server, { host = '127.0.0.1' } = {}) {
  const wire = new Line(host, Number(server.host.split(':')[1]));
  await wire.open();
  atEnd(t, () => wire.shut());
  Object.defineProperty(server, 'host', { value: wire.host });
  return wire;
}

module.exports = { line };
