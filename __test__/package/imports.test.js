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
    'use super::super::session::Input;',
    'use crate::driver::Handle;',
    'use crate::{session::Input};',
    'fn f(_: crate::binding::X) {}',
  ]) {
    const errors = await errorsIn({ 'src/net/stream.rs': source });
    assert.equal(errors.length, 1, source);
    assert.match(errors[0], /^src\/net\/stream\.rs uses crate::\w+, but src\/net may use only: none$/);
  }
});

test('the check refuses I/O in the session, Node.js outside the binding, aliases, and folders that it does not know', async () => {
  for (const [file, source, message] of [
    ['src/session/a.rs', 'use tokio::time::sleep;', /uses tokio::/],
    ['src/session/a.rs', 'use std::net::TcpStream;', /uses std::net::/],
    ['src/records/a.rs', 'use napi::Env;', /uses napi::/],
    ['src/net/a.rs', 'use crate as c;', /renames crate/],
    ['src/other/a.rs', '', /add src\/other to the table/],
  ]) {
    const errors = await errorsIn({ [file]: source });
    assert.equal(errors.length, 1, `${file}: ${source}`);
    assert.match(errors[0], message);
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
