// The check of `npm run lint` that keeps the direction of imports in src/.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

/** @param {Record<string, string>} sources */
async function errorsIn(sources) {
  const { importErrors } = await import('../../scripts/check-imports.mjs');
  return importErrors(new Map(Object.entries(sources)));
}

test('the check accepts imports that go downwards', async () => {
  const errors = await errorsIn({
    'src/session/mod.rs': 'mod io;\nmod timer;\nuse timer::Timer;',
    'src/session/io.rs': 'use std::fmt;',
    'src/session/timer.rs': 'use super::Session;\nuse super::io::Input;',
    'src/driver/mod.rs': 'use crate::{net::stream::Stream, session::{Input, Output}};',
    'src/net/stream.rs': '// use crate::session::Input;',
  });
  assert.deepEqual(errors, []);
});

test('the check refuses an import that goes upwards, whichever way it is written', async () => {
  for (const source of [
    'use crate::driver::Handle;',
    'use crate::{session::Input};',
    'fn f(_: crate::binding::X) {}',
  ]) {
    const errors = await errorsIn({ 'src/net/stream.rs': source });
    assert.equal(errors.length, 1, source);
    assert.match(errors[0], /^src\/net\/stream\.rs uses crate::\w+, but src\/net may use only: none$/);
  }
});

test('the check refuses files that use each other', async () => {
  const errors = await errorsIn({
    'src/net/a.rs': 'use super::{b::B, c};',
    'src/net/b.rs': 'use crate::net::c::C;',
    'src/net/c.rs': 'use super::a::A;',
  });
  assert.deepEqual(errors, ['import cycle: src/net/a.rs -> src/net/b.rs -> src/net/c.rs -> src/net/a.rs']);
});
