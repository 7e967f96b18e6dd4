// Listening on a port. Owns the patience with a port that is to be opened again, and was taken meanwhile as the
// near end of somebody's connection, which soon lets go of it.
'use strict';

const { once } = require('node:events');
const { setTimeout: elapse } = require('node:timers/promises');

/** So often, 100 ms apart. */
const ATTEMPTS = 50;

/**
 * @param {import('node:net').Server} server
 * @param {number} port 0: any
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
      await elapse(100);
    }
  }
}

module.exports = { listen };
