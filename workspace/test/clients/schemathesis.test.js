// schemathesis (PyPI) generates valid and invalid calls from openapi/rtm-connect.yaml, and looks for a response that differs
// from the description.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace } = require('../support');
const { missing, python } = require('./programs');

const DESCRIPTION = path.join(__dirname, '..', '..', 'openapi', 'rtm-connect.yaml');
const skip = !python && missing('schemathesis');

// Slack responds to an invalid call with 200 and an error code. The checks that expect a 4xx (negative_data_rejection, …) are
// left out.
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
];

/** Runs schemathesis in an empty folder, and returns its exit code and output. */
async function schemathesis(t, slack, description, seed) {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'schemathesis-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'rtm-connect.yaml');
  fs.writeFileSync(file, description);
  const child = spawn(
    python,
    [
      '-m',
      'schemathesis.cli',
      'run',
      file,
      '--url',
      slack.apiUrl.replace(/\/$/, ''),
      '--header',
      `Authorization: Bearer ${slack.token}`,
      '--checks',
      CHECKS.join(),
      '--max-examples',
      '150',
      '--phases',
      'examples,coverage,fuzzing',
      '--seed',
      String(seed),
      '--request-timeout',
      '10',
      '--continue-on-failure',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(() => child.kill('SIGKILL'));
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const [code] = await once(child, 'close');
  return { code, output: Buffer.concat(output).toString() };
}

// Slack documents `internal_error`, but the workspace must not send it.
const strict = fs.readFileSync(DESCRIPTION, 'utf8').replace('        - internal_error\n', '');

test('schemathesis finds no response that differs from the description', { skip, timeout: 180_000 }, async (t) => {
  assert.ok(!strict.includes('internal_error'));
  const slack = await startWorkspace(t);
  const { code, output } = await schemathesis(t, slack, strict, 1);
  assert.strictEqual(code, 0, output);
  const calls = slack.requests.filter(({ method }) => method === 'rtm.connect');
  t.diagnostic(`${calls.length} calls`);
  assert.ok(calls.length > 100, `only ${calls.length} calls could be read`);
});

test('schemathesis finds no response that differs while calls are rate-limited', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const slack = await startWorkspace(t);
  const limited = { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
  slack.faults.refuseConnect(limited, Infinity);
  const { code, output } = await schemathesis(t, slack, strict, 2);
  assert.strictEqual(code, 0, output);
});

test('schemathesis finds a response that differs', { skip, timeout: 180_000 }, async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.refuseConnect({ error: 'made_up' }, Infinity);
  const { code, output } = await schemathesis(t, slack, strict, 3);
  assert.strictEqual(code, 1, output);
  assert.match(output, /made_up/);
});
