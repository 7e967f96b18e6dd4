// Cleanup at the end of a test, in reverse order: clients end before the servers they talk to, so that no client tries to
// reconnect to a closed server.
'use strict';

/** @type {WeakMap<import('node:test').TestContext, (() => unknown)[]>} */
const cleanups = new WeakMap();

/**
 * Runs `end` when the test ends, before the functions that were registered earlier.
 * @param {import('node:test').TestContext} t
 * @param {() => unknown} end
 */
function atEnd(t, end) {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  cleanups.set(t, ends);
  t.after(async () => {
    while (ends.length > 0) await ends.pop()();
  });
}

module.exports = { atEnd };
