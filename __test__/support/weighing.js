// What a process weighs while it works, after each tenth of its work. Owns the scales, and what growth is.
// In the process under test it is loaded by `require(input.weighing)`.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');

const MB = 2 ** 20;

/** Takes all lines and keeps none. */
const FORGETFUL_LOGGER = Object.fromEntries(
  ['debug', 'info', 'warn', 'error', 'setLevel', 'getLevel', 'setName'].map((name) => [name, () => {}]),
);

/**
 * The memory of this process, in MB, without its garbage. Needs `--expose-gc`. The pauses let the other threads come to
 * rest, and finalizers run.
 * @returns {Promise<{ heap: number, rss: number }>}
 */
async function weigh() {
  for (let round = 0; round < 5; round += 1) {
    /** @type {any} */ (global).gc();
    await pause(10);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / MB, rss: rss / MB };
}

/**
 * How much the last tenth weighs more than the second: the first is the warm-up.
 * @param {{ heap: number, rss: number }[]} tenths
 */
function growth(tenths) {
  const [before, after] = [tenths[1], tenths[9]];
  const text = (/** @type {number} */ mb) => `${mb < 0 ? '' : '+'}${mb.toFixed(2)} MB`;
  return { 'heap grows by': text(after.heap - before.heap), 'process grows by': text(after.rss - before.rss) };
}

module.exports = { FORGETFUL_LOGGER, growth, weigh };
