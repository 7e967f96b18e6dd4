// Runs a client into a fault of its server, and returns the outcome. Each fault has its own client and server. The test checks the
// outcome.
'use strict';

const assert = require('node:assert/strict');
const { ErrorCode, clientOf, next, record } = require('./client.js');
const { rawConnection, text } = require('./raw-frames.js');
const { scriptedServer } = require('./scripted-server.js');

/** The time in which a client must reconnect, in ms. */
const LIMIT = 20_000;

/** The events before the fault. None of them may be lost. */
const BEFORE = [1, 2, 3].map((n) => ({ type: 'before', n }));

/**
 * The value of a promise, or `otherwise` if it takes too long.
 * @template T
 * @param {Promise<T>} promise
 * @param {any} [otherwise]
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
async function within(promise, otherwise, ms = LIMIT) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, otherwise);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @typedef {object} Outcome
 * @property {number | string} closeCode the client's close code: 'none' without a close frame
 * @property {string[]} errors the messages of the `error` events
 * @property {boolean} areCoded whether all of them are websocket errors
 * @property {boolean} isComplete whether the events before the fault were emitted, once and in order
 * @property {boolean} isReadyAgain whether a new connection became ready
 */

/**
 * The first connection has the fault. Later connections are good.
 * @param {import('node:test').TestContext} t
 * @param {(connection: import('./raw-frames.js').RawConnection) => unknown} attack right after `hello` and BEFORE
 * @param {Record<string, any>} [options] the client's
 * @returns {Promise<Outcome>}
 */
async function runIntoFault(t, attack, options) {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server, options);
  const { events } = record(rtm);
  const received = [];
  rtm.on('before', (event) => received.push(event));
  const closeCode = new Promise((resolve) => {
    server.refusals.push(
      rawConnection(async (connection) => {
        connection.send(text({ type: 'hello' }), ...BEFORE.map(text));
        await attack(connection);
        resolve(await connection.closeCode);
        connection.tcp.end();
      }),
    );
  });
  const readyAgain = next(rtm, 'reconnecting').then(() => next(rtm, 'ready'));
  rtm.start().catch(() => {});
  return {
    isReadyAgain: (await within(readyAgain, null)) !== null,
    closeCode: await within(closeCode, 'nothing', 1000),
    isComplete: JSON.stringify(received) === JSON.stringify(BEFORE),
    ...errorsOf(events),
  };
}

/** The `error` events of a record. */
function errorsOf(events) {
  const errors = events.filter(({ name }) => name === 'error').map(({ args }) => args[0]);
  return {
    errors: errors.map((error) => String(error?.original?.message ?? error?.message)),
    areCoded: errors.every((error) => error?.code === ErrorCode.WebsocketError),
  };
}

/**
 * The number of right outcomes, as text. The wrong ones are printed.
 * @param {import('node:test').TestContext} t
 * @param {[name: string, outcome: any][]} outcomes
 * @param {(outcome: any, name: string) => boolean} isRight
 */
function countRight(t, outcomes, isRight) {
  const wrong = outcomes.filter(([name, outcome]) => !isRight(outcome, name));
  for (const [name, outcome] of wrong) t.diagnostic(`${name}: ${JSON.stringify(outcome)}`);
  return `${outcomes.length - wrong.length} of ${outcomes.length}`;
}

/** Asserts that all outcomes are right, in each figure of `countRight`. */
function assertAllRight(figures) {
  for (const [name, figure] of Object.entries(figures)) {
    const [right, all] = figure.split(' of ');
    assert.ok(right === all && Number(all) > 0, `${name}: ${figure}`);
  }
}

module.exports = { assertAllRight, countRight, errorsOf, runIntoFault, within };
