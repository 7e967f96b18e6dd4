// Runs an async function for many items, a limited number at a time.
'use strict';

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {number} limit
 * @param {(item: T) => Promise<void>} act
 */
async function parallel(items, limit, act) {
  const left = [...items];
  const worker = async () => {
    while (left.length > 0) await act(/** @type {T} */ (left.shift()));
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

module.exports = { parallel };
