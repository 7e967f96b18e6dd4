// Listens on a port, and retries while the port is in use: between two uses of a port, the system may give it to an
// outgoing connection for a short time.
'use strict';

const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

/** 100 ms apart. */
const ATTEMPTS = 50;

/**
 * @param {import('node:net').Server} server
 * @param {number} port 0 means any free port
 * @param {string} [host]
 */
async function listen(server, port, host = '127.0.0.1') {
  for (let attempt = 1; !server.listening; attempt += 1) {
    server.listen(port, host);
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error;
      await sleep(100);
    }
  }
}

module.exports = { listen };
