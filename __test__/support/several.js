// Many things, some at a time. Owns nothing else.
'use strict';

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {number} atOnce
 * @param {(item: T) => Promise<void>} act
 */
async function several(items, atOnce, act) {
  const left = [...items];
  const lane = async () => {
    while (left.length > 0) await act(/** @type {T} */ (left.shift()));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

module.exports = { several };
