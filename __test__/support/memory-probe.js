// The memory of a process while it works, measured after each tenth of its work. The process under test loads this module
// by its path.
'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const MB = 2 ** 20;

/** A logger that discards all lines. */
const SILENT_LOGGER = Object.fromEntries(
  ['debug', 'info', 'warn', 'error', 'setLevel', 'getLevel', 'setName'].map((name) => [name, () => {}]),
);

/**
 * The memory of this process, in MB, after garbage collection. Needs `--expose-gc`. The pauses let the other threads become
 * idle, and finalizers run.
 * @returns {Promise<{ heap: number, rss: number }>}
 */
async function measureMemory() {
  for (let round = 0; round < 5; round += 1) {
    /** @type {any} */ (global).gc();
    await sleep(10);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed / MB, rss: rss / MB };
}

/**
 * The growth between the second tenth and the last. The first tenth is the warm-up.
 * @param {{ heap: number, rss: number }[]} tenths
 */
function growth(tenths) {
  const [before, after] = [tenths[1], tenths[9]];
  const text = (/** @type {number} */ mb) => `${mb < 0 ? '' : '+'}${mb.toFixed(2)} MB`;
  return { 'heap grows by': text(after.heap - before.heap), 'process grows by': text(after.rss - before.rss) };
}

module.exports = { SILENT_LOGGER, growth, measureMemory };
