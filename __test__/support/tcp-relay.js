// A TCP relay between clients and a server of scripted-server.js, whose URLs lead through the relay from then on. It counts
// connections, can refuse them, and can make them half-open, as if all packets were lost.
//
//   const relay = await tcpRelay(t, server);          // on 127.0.0.1, or { host }; ends with the test
//   relay.silence();                                  // open connections carry nothing from now on, not even their end
//   await relay.close();                              // ends open connections, and refuses new ones
//   await relay.open();                               // listens on the same port again
//   relay.connections;                                // the number of connections that the client has not ended
'use strict';

const net = require('node:net');
const { atEnd } = require('./cleanup.js');
const { listen } = require('./listen.js');

class TcpRelay {
  #open = new Set();
  #pairs = new Set();
  #server;
  #host;
  #port = 0;

  /**
   * @param {string} host the address to listen on
   * @param {number} port of the server
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
      near.off('close', near.onClose);
      far.off('close', far.onClose);
      // Reads on and discards the data.
      near.resume();
      far.resume();
    }
  }

  async close() {
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
      from.onClose = () => to.destroy();
      from.on('error', () => {}).on('close', from.onClose);
      from.pipe(to);
    }
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {{ host: string }} server with its port; from now on it is the relay's
 * @param {{ host?: string }} [options] the address to listen on
 */
async function tcpRelay(t, server, { host = '127.0.0.1' } = {}) {
  const relay = new TcpRelay(host, Number(server.host.split(':')[1]));
  await relay.open();
  atEnd(t, () => relay.close());
  Object.defineProperty(server, 'host', { value: relay.host });
  return relay;
}

module.exports = { tcpRelay };
