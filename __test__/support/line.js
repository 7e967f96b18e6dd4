// A line before a server of scripted-server.js, whose URLs lead through it from then on: a TCP relay that counts, and
// whose connections can go dead as if all packets vanished. Owns the bytes between, and no expectation.
//
//   const wire = await line(t, server);               // on 127.0.0.1, or { host }; ends with the test
//   wire.silence();                                   // what is open now carries nothing any longer: no byte, no end
//   wire.open;                                        // connections that the client has not ended
'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { atEnd } = require('./cleanup.js');

class Line {
  #open = new Set();
  #pairs = new Set();
  #server;

  /** @param {number} port the server's */
  constructor(port) {
    this.#server = net.createServer({ noDelay: true }, (near) => this.#join(near, net.connect(port, '127.0.0.1')));
  }

  async listen(host) {
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  get open() {
    return this.#open.size;
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

  close() {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    return new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near, far) {
    this.#pairs.add({ near, far });
    this.#open.add(near);
    for (const end of ['end', 'close']) near.on(end, () => this.#open.delete(near));
    for (const [from, to] of [[near, far], [far, near]]) {
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
  const wire = new Line(Number(server.host.split(':')[1]));
  const port = await wire.listen(host);
  atEnd(t, () => wire.close());
  Object.defineProperty(server, 'host', { value: `${host}:${port}` });
  return wire;
}

module.exports = { line };
