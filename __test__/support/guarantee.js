// A guarantee of docs/reliability.md as a test: it measures figures, and checks them.
//
//   guarantee('a half-open connection is replaced within ping + pong + 0.5 s', {
//     measure: async (t) => ({ 'replaced after': seconds(elapsed) }),   // runs with this package or `@slack/rtm-api`
//     check: (figures) => assert.ok(…),                                 // runs with this package only
//   });
//
// `npm test` and `npm run test:slow` run the guarantees with this package. `npm run reliability` runs them with both packages
// and writes the figures to the table of the page. The figures of `@slack/rtm-api` are reported, not checked. A guarantee that has no
// row in the table fails.
'use strict';

const assert = require('node:assert/strict');
const { appendFileSync } = require('node:fs');
const test = require('node:test');
const { isSlackRtmApi } = require('./client.js');
const { read } = require('./documentation.js');

const PAGE = 'docs/reliability.md';

/** Whether the slow guarantees run at their full length. `npm test` runs a shorter version of each. */
const isFull = process.env.GUARANTEES === 'full';

/**
 * How much later than guaranteed a test may observe something, in ms, because the machine is busy with other tests. The
 * session's own tests check the exact times, on a fake clock.
 */
const TOLERANCE = 2000;

/**
 * @typedef {Record<string, string | number>} Figures the measured values by name, with their units
 *
 * @param {string} name
 * @param {object} options
 * @param {(t: import('node:test').TestContext) => Promise<Figures>} options.measure
 * @param {(figures: any) => void} [options.check] throws if the figures break the guarantee
 * @param {string} [options.unsupported] why the test cannot run with `@slack/rtm-api`
 * @param {string | false} [options.skip] why the test cannot run here
 * @param {number} [options.timeout] in ms
 */
function guarantee(name, { measure, check, unsupported, skip: notHere = false, timeout = 60_000 }) {
  const skip = notHere || (isSlackRtmApi && unsupported !== undefined && `@slack/rtm-api: ${unsupported}`);
  if (skip && !notHere) saveFigures(name, { 'not run': unsupported });
  test(name, { timeout, skip }, async (t) => {
    const figures = isSlackRtmApi ? await measureSlackRtmApi(t, measure, timeout) : await measure(t);
    for (const [label, value] of Object.entries(figures)) t.diagnostic(`${label}: ${value}`);
    saveFigures(name, figures);
    if (isSlackRtmApi) return;
    check?.(figures);
    const hasRow = process.env.FIGURES !== undefined || read(PAGE).includes(`\n| ${name} | `);
    assert.ok(hasRow, `${PAGE} has no row for this guarantee; \`npm run reliability\` writes it`);
  });
}

/** `@slack/rtm-api` may throw or hang: that is a figure, too. */
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

function saveFigures(name, figures) {
  if (process.env.FIGURES === undefined) return;
  appendFileSync(process.env.FIGURES, `${JSON.stringify({ guarantee: name, figures })}\n`);
}

module.exports = { TOLERANCE, guarantee, isFull };
