// Runs a client into a fault of the server's, one client and server for each, and tells what it made of it. Owns the
// steps; what is right is the test's.
'use strict';

const assert = require('node:assert/strict');
const { ErrorCode, clientOf, next, record } = require('./client.js');
const { rawPeer, text } = require('./raw-frames.js');
const { scriptedServer } = require('./scripted-server.js');

/** A client that is not back after that is told as such, in ms. */
const PATIENCE = 20_000;

/** What every fault comes after: none of it may get lost. */
const BEFORE = [1, 2, 3].map((n) => ({ type: 'before', n }));

/**
 * What a promise comes to, or `otherwise` when that takes too long.
 * @template T
 * @param {Promise<T>} promise
 * @param {any} [otherwise]
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
async function within(promise, otherwise, ms = PATIENCE) {
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
 * @property {number | string} answer the client's close code: 'none' without a close frame
 * @property {string[]} errors what the `error` events said
 * @property {boolean} areCoded whether these were websocket errors
 * @property {boolean} isWhole whether all that came before the fault was heard, once and in order
 * @property {boolean} isBack whether a new connection became ready
 */

/**
 * A first connection with a fault in it; the ones after it are good.
 * @param {import('node:test').TestContext} t
 * @param {(peer: import('./raw-frames.js').RawPeer) => unknown} attack right behind `hello` and BEFORE
 * @param {Record<string, any>} [options] the client's
 * @returns {Promise<Outcome>}
 */
async function meet(t, attack, options) {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server, options);
  const { events } = record(rtm);
  const heard = [];
  rtm.on('before', (event) => heard.push(event));
  const answer = new Promise((resolve) => {
    server.refusals.push(
      rawPeer(async (peer) => {
        peer.send(text({ type: 'hello' }), ...BEFORE.map(text));
        await attack(peer);
        resolve(await peer.closeCode);
        peer.tcp.end();
      }),
    );
  });
  const isBack = next(rtm, 'reconnecting').then(() => next(rtm, 'ready'));
  rtm.start().catch(() => {});
  return {
    isBack: (await within(isBack, null)) !== null,
    answer: await within(answer, 'nothing', 1000),
    isWhole: JSON.stringify(heard) === JSON.stringify(BEFORE),
    ...errorsOf(events),
  };
}

/** What a record says of `error` events. */
function errorsOf(events) {
  const errors = events.filter(({ name }) => name === 'error').map(({ args }) => args[0]);
  return {
    errors: errors.map((error) => String(error?.original?.message ?? error?.message)),
    areCoded: errors.every((error) => error?.code === ErrorCode.WebsocketError),
  };
}

/**
 * How many of several outcomes are right, in words; the others are told.
 * @param {import('node:test').TestContext} t
 * @param {[name: string, outcome: any][]} outcomes
 * @param {(outcome: any, name: string) => boolean} isRight
 */
function tally(t, outcomes, isRight) {
  const wrong = outcomes.filter(([name, outcome]) => !isRight(outcome, name));
  for (const [name, outcome] of wrong) t.diagnostic(`${name}: ${JSON.stringify(outcome)}`);
  return `${outcomes.length - wrong.length} of ${outcomes.length}`;
}

/** Asserts that each figure, made by `tally`, tells of all there are. */
function keepAll(figures) {
  for (const [what, figure] of Object.entries(figures)) {
    const [right, all] = figure.split(' of ');
    assert.ok(right === all && Number(all) > 0, `${what}: ${figure}`);
  }
}

module.exports = { errorsOf, keepAll, meet, tally, within };
