// Servers on 127.0.0.1 that never respond.
//
//   await silentServer(t)                             // accepts connections and sends nothing; resolves with its port
//   await fullBacklogServer(t)                        // accepts no connection: its backlog is full (Linux); its port
//   outcomeWithin(promise, ms)                        // { waited, value or error }, or { hangs: true } after `ms`
'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { inProcess } = require('./child.js');
const { atEnd } = require('./cleanup.js');

/** @param {import('node:test').TestContext} t */
async function silentServer(t) {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {}).resume()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/** @param {import('node:test').TestContext} t */
async function fullBacklogServer(t) {
  // The child listens, then blocks its event loop, so that it never accepts.
  const child = inProcess(t, undefined, ({ report }) => {
    const server = require('node:net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      report(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
    });
  });
  const port = await child.report();
  let connects = true;
  for (let n = 0; n < 20 && connects; n += 1) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    atEnd(t, () => socket.destroy());
    connects = !(await outcomeWithin(once(socket, 'connect'), 300)).hangs;
  }
  if (connects) throw new Error('the backlog does not fill');
  return port;
}

/**
 * The outcome of a promise, and how long it took in ms.
 * @param {Promise<any>} promise
 * @param {number} longest
 */
async function outcomeWithin(promise, longest) {
  const begin = performance.now();
  let timer;
  const outcome = await Promise.race([
    promise.then(
      (value) => ({ value }),
      (error) => ({ error }),
    ),
    new Promise((resolve) => {
      timer = setTimeout(() => resolve({ hangs: true }), longest);
    }),
  ]);
  clearTimeout(timer);
  return { waited: performance.now() - begin, ...outcome };
}

module.exports = { fullBacklogServer, silentServer, outcomeWithin };
