// Guarantees of docs/reliability.md as tests: each measures figures, and checks what is guaranteed.
//
//   guarantee('a half-open connection is replaced within ping + pong + 0.5 s', {
//     measure: async (t) => ({ 'replaced after': seconds(elapsed) }),   // runs with this package or @slack/rtm-api
//     check: (figures) => assert.ok(…),                                 // runs only with this package
//   });
//
// `npm test` and `npm run test:slow` run them with this package. `npm run reliability` runs them with both packages, and
// writes the table of figures. The figures of @slack/rtm-api are shown, not checked.
'use strict';

const { appendFileSync } = require('node:fs');
const test = require('node:test');
const { isSlackRtmApi } = require('./client.js');

/** Whether the slow guarantees run at full length. `npm test` runs a shorter version of each. */
const isFull = process.env.GUARANTEES === 'full';

/**
 * How much later than guaranteed an event may be seen on a machine that is busy with other tests, in ms. The session's
 * own tests check the exact times, on a fake clock.
 */
const SLACK = 2000;

/**
 * @typedef {Record<string, string | number>} Figures the measured figures by name, with units in the values
 *
 * @param {string} name
 * @param {object} options
 * @param {(t: import('node:test').TestContext) => Promise<Figures>} options.measure
 * @param {(figures: any) => void} [options.check] throws if the guarantee does not hold
 * @param {string} [options.slackRtmApi] why @slack/rtm-api cannot be measured
 * @param {string | false} [options.skip] why it cannot run on this machine
 * @param {number} [options.timeout] in ms
 */
function guarantee(name, { measure, check, slackRtmApi, skip: notHere = false, timeout = 60_000 }) {
  const skip = notHere || (isSlackRtmApi && slackRtmApi !== undefined && `@slack/rtm-api: ${slackRtmApi}`);
  if (skip && !notHere) saveFigures(name, { 'not run': slackRtmApi });
  test(name, { timeout, skip }, async (t) => {
    const figures = isSlackRtmApi ? await measureSlackRtmApi(t, measure, timeout) : await measure(t);
    report(t, name, figures);
    if (!isSlackRtmApi) check?.(figures);
  });
}

/** @slack/rtm-api may throw or hang in these situations: that is a figure, too. */
async function measureSlackRtmApi(t, measure, timeout) {
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

function report(t, name, figures) {
  for (const [label, value] of Object.entries(figures)) t.diagnostic(`${label}: ${value}`);
  saveFigures(name, figures);
}

function saveFigures(name, figures) {
  if (process.env.FIGURES === undefined) return;
  const line = { guarantee: name, figures };
  appendFileSync(process.env.FIGURES, `${JSON.stringify(line)}\n`);
}

module.exports = { SLACK, guarantee, isFull };
