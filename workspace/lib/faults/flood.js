// The fault that posts many messages.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { checkNumber } = require('../check-number');

/** ms between two batches of messages */
const TICK = 10;
/** The most messages in one batch. A larger one would block the event loop for too long. */
const MAX_BATCH = 1000;

/**
 * Publishes messages at a given rate, more slowly if the clients do not keep up.
 *
 * @param {import('../../index').FloodOptions} options
 * @param {import('../state/state').State} state
 * @param {() => import('../rtm/connection').Connection[]} connections gives the open connections
 * @param {AbortSignal} signal ends the flood
 * @returns {Promise<number>} the number of messages published
 */
async function flood(options, state, connections, signal) {
  const { count = 1000, perSecond = 5000, text = (/** @type {number} */ n) => `flood ${n}` } = options;
  checkNumber('count', count);
  if (!(checkNumber('perSecond', perSecond) > 0)) throw new RangeError('perSecond must be above 0');
  const channel = state.channels.get(options.channel ?? state.channels.all.filter((one) => !one.isIm)[0]);
  const user = options.user === undefined ? defaultUser(state, channel) : state.users.get(options.user);
  // A client that has stopped reading must not prevent the end of the flood.
  let end = () => {};
  const ended = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    end = resolve;
  });
  signal.addEventListener('abort', end);
  const started = performance.now();
  let sent = 0;
  while (sent < count && !signal.aborted) {
    const due = Math.ceil(((performance.now() - started + TICK) / 1000) * perSecond);
    const batchEnd = Math.min(count, due, sent + MAX_BATCH);
    for (; sent < batchEnd; sent += 1) state.messages.publishUnsaved(user, channel, text(sent), { via: 'test' });
    const drained = Promise.all(connections().map((connection) => connection.drained()));
    await pause(TICK, undefined, { signal }).catch(() => {});
    await Promise.race([drained, ended]);
  }
  signal.removeEventListener('abort', end);
  return sent;
}

/**
 * The first person in the channel.
 *
 * @param {import('../state/state').State} state
 * @param {import('../../index').Channel} channel
 */
function defaultUser({ users }, channel) {
  return users.people.find(({ id }) => channel.members.has(id)) ?? users.all[0];
}

module.exports = { flood };
