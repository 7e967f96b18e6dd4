// Servers on 127.0.0.1 with which nothing ever comes about. Owns how far each lets a client get.
//
//   await muteServer(t)                               // takes connections, and says nothing; gives its port
//   await fullServer(t)                               // takes none: its backlog is full (Linux); gives its port
//   waits(promise, ms)                                // { waited, value or error }, or { hangs: true } after so long
'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { inProcess } = require('./child.js');
const { atEnd } = require('./cleanup.js');

/** @param {import('node:test').TestContext} t */
async function muteServer(t) {
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
async function fullServer(t) {
  // It listens, and is then too busy to accept.
  const child = inProcess(t, undefined, ({ report }) => {
    const server = require('node:net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      report(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120_000);
    });
  });
  const port = await child.report();
  let isTaken = true;
  for (let n = 0; n < 20 && isTaken; n += 1) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    atEnd(t, () => socket.destroy());
    isTaken = !(await waits(once(socket, 'connect'), 300)).hangs;
  }
  if (isTaken) throw new Error('the backlog does not fill');
  return port;
}

/**
 * What a promise comes to, and after how long.
 * @param {Promise<any>} promise
 * @param {number} longest
 */
async function waits(promise, longest) {
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

module.exports = { fullServer, muteServer, waits };
