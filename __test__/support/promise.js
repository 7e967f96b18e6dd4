// A promise of docs/reliability.md as a test: what is measured, and what must hold of it. Owns where figures go.
//
//   promise('a half-open connection is replaced within ping + pong + 0.5 s', {
//     measure: async (t) => ({ 'replaced after': seconds(elapsed) }),   // runs against this package or the peer
//     keep: (figures) => assert.ok(…),                                  // what is promised: of this package alone
//   });
//
// `npm test` and `npm run test:slow` run them against this package. `npm run reliability` runs them against both, and
// makes the table of the figures: what the peer comes to is told, not judged.
'use strict';

const { appendFileSync } = require('node:fs');
const test = require('node:test');
const { isSlackRtmApi } = require('./client.js');

/** Whether the slow promises are kept at their full length: a shorter run of each is part of `npm test`. */
const isFull = process.env.PROMISES === 'full';

/**
 * How much later than promised something may be seen on a machine that is busy with other tests, in ms. The session's
 * own tests hold the exact times, on a fake clock.
 */
const SLACK = 2000;

/**
 * @typedef {Record<string, string | number>} Figures what was measured, by name, with units in the values
 *
 * @param {string} name
 * @param {object} options
 * @param {(t: import('node:test').TestContext) => Promise<Figures>} options.measure
 * @param {(figures: any) => void} [options.keep] throws where the promise is not kept
 * @param {string} [options.peer] why the peer cannot be run through it
 * @param {string | false} [options.skip] why it cannot be run here
 * @param {number} [options.timeout] in ms
 */
function promise(name, { measure, keep, peer, skip: notHere = false, timeout = 60_000 }) {
  const skip = notHere || (isSlackRtmApi && peer !== undefined && `the peer: ${peer}`);
  if (skip && !notHere) keepFigures(name, { 'not run': peer });
  test(name, { timeout, skip }, async (t) => {
    const figures = isSlackRtmApi ? await measuredOfPeer(t, measure, timeout) : await measure(t);
    tell(t, name, figures);
    if (!isSlackRtmApi) keep?.(figures);
  });
}

/** The peer may throw, or hang, at what it is not made for: that is a figure too. */
async function measuredOfPeer(t, measure, timeout) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ outcome: `nothing within ${timeout / 1000} s` }), timeout - 5000);
  });
  const failed = (/** @type {any} */ error) => ({ outcome: `fails: ${String(error?.message).split('\n')[0]}` });
  try {
    return await Promise.race([measure(t).catch(failed), late]);
  } finally {
    clearTimeout(timer);
  }
}

function tell(t, name, figures) {
  for (const [what, value] of Object.entries(figures)) t.diagnostic(`${what}: ${value}`);
  keepFigures(name, figures);
}

function keepFigures(name, figures) {
  if (process.env.FIGURES === undefined) return;
  const line = { promise: name, client: isSlackRtmApi ? 'peer' : 'ours', figures };
  appendFileSync(process.env.FIGURES, `${JSON.stringify(line)}\n`);
}

module.exports = { SLACK, isFull, promise };
