// What a test leaves behind is ended in the reverse order of its making: clients before the servers they talk to, so
// that no client tries to get back to a server that is gone.
'use strict';

/** @type {WeakMap<import('node:test').TestContext, (() => unknown)[]>} */
const left = new WeakMap();

/**
 * Runs `end` when the test ends, before what was registered earlier.
 * @param {import('node:test').TestContext} t
 * @param {() => unknown} end
 */
function atEnd(t, end) {
  const known = left.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  left.set(t, ends);
  t.after(async () => {
    while (ends.length > 0) await ends.pop()();
  });
}

module.exports = { atEnd };
