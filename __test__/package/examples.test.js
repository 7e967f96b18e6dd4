// The examples: each prints with its command what examples/README.md shows; each exits on SIGTERM, like from a process manager;
// and each reports an invalid token.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { startWorkspace } = require('../support/workspace.js');
const redis = require('../../scripts/examples/redis-server.js');

const root = path.join(__dirname, '../..');
const examples = path.join(root, 'examples');
const readme = readFileSync(path.join(examples, 'README.md'), 'utf8');
const load = (/** @type {string} */ file) => import(pathToFileURL(path.join(root, 'scripts/examples', file)).href);

/** The Rust example, with the flags that `npm test` has already compiled it with. */
const CARGO = ['cargo', ['run', '--quiet', '--all-features', '--example', 'echo']];

/** The documented output of each command, by the example's name. */
const printed = new Map([...readme.matchAll(/^## (\S+)\n\n```\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));
const commands = [...readme.matchAll(/^\|.*`npm run example -- (\S+)` \|/gm)].map(([, name]) => name);

/** The sorted lines (two programs print them), with placeholders for parts that differ from run to run. */
function lines(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replace(/\d+(\.\d+)? ms/g, 'TIME')
        .replace(/after \d+\.\d s/, 'after TIME')
        .replace(/\d{10}\.\d{6}/, 'TS')
        .replace(/(one|other) +token \d+/, 'OWNER')
        .replace(/away +(re)?connecting/, 'away STATE') // in a pause, or in the next attempt
        .replace(/ {2,}/g, '  '),
    )
    .sort();
}

/** A process with its output and its end. */
function run(t, command, args, env = {}) {
  const { NODE_TEST_CONTEXT, SLACK_BOT_TOKEN, ...inherited } = process.env;
  // In its own process group, like from a shell.
  const child = spawn(command, args, {
    cwd: root,
    env: { ...inherited, ...env },
    detached: process.platform !== 'win32',
  });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, ended, output };
}

before(async () => {
  const { install } = await load('prepare.mjs');
  install();
  if (!redis.missing) install('fleet');
});

test('the README lists every example with its output', async () => {
  const { scenarios } = await load('scenarios.mjs');
  assert.deepEqual(commands, [...printed.keys()]);
  assert.deepEqual([...commands].sort(), Object.keys(scenarios).sort());
  const files = readdirSync(examples).filter((name) => /\.(js|mjs|ts|rs)$/.test(name));
  const shown = Object.values(scenarios).map(({ file }) => path.basename(file, '.js'));
  for (const file of files)
    assert.ok(
      shown.some((name) => name === file || name === file.replace(/\.(js|ts)$/, '')),
      file,
    );
});

// The slowest examples start first.
const order = ['fleet', 'echo.rs', 'typing-indicator', 'typescript-bot'];
const sorted = [...order, ...commands.filter((name) => !order.includes(name))];

describe('each example prints what the README shows', { concurrency: 3, timeout: 300_000 }, () => {
  for (const name of sorted) {
    const skip = name === 'fleet' && redis.missing;
    test(`npm run example -- ${name} --once`, { skip }, async (t) => {
      const env = { EXAMPLE_CARGO_FLAGS: '--all-features' };
      const { code, stdout, stderr } = await run(t, process.execPath, ['scripts/example.mjs', name, '--once'], env)
        .ended;
      assert.equal(code, 0, stdout + stderr);
      assert.deepEqual(lines(stdout), lines(printed.get(name)));
      assert.equal(stderr, '');
    });
  }
});

test('the command lists all examples if the name is missing or wrong', async (t) => {
  for (const args of [[], ['ecko'], ['constructor']]) {
    const { code, stderr } = await run(t, process.execPath, ['scripts/example.mjs', ...args]).ended;
    assert.equal(code, 1);
    for (const name of commands) assert.ok(stderr.includes(name), stderr);
  }
});

describe('a bot with a wrong token reports it without showing the token, and exits with 1', { concurrency: 3 }, () => {
  for (const name of commands.filter((command) => !['fleet', 'many-workspaces'].includes(command))) {
    test(name, async (t) => {
      const { scenarios } = await load('scenarios.mjs');
      const file = path.join(examples, scenarios[name].file);
      assert.ok(existsSync(file), file);
      const slack = await startWorkspace(t);
      const [command, args] = name === 'echo.rs' ? CARGO : [process.execPath, [file]];
      const { code, stdout, stderr } = await run(t, command, args, {
        SLACK_BOT_TOKEN: 'xoxb-wr0ng',
        SLACK_API_URL: slack.apiUrl,
      }).ended;
      assert.equal(code, 1, stdout + stderr);
      assert.match(stderr, /invalid_auth|token is wrong/);
      assert.doesNotMatch(stdout + stderr, /wr0ng/);
    });
  }
});

describe('a bot exits with 0 on SIGTERM while it connects', { concurrency: 3 }, () => {
  for (const name of commands.filter((command) => !['fleet', 'many-workspaces'].includes(command))) {
    test(name, { skip: process.platform === 'win32' && 'no signals' }, async (t) => {
      const { scenarios } = await load('scenarios.mjs');
      const slack = await startWorkspace(t);
      slack.faults.refuseConnect({ hang: true }, 1);
      const requested = once(slack.events, 'request');
      const [command, args] =
        name === 'echo.rs' ? CARGO : [process.execPath, [path.join(examples, scenarios[name].file)]];
      const { child, ended } = run(t, command, args, { SLACK_BOT_TOKEN: slack.token, SLACK_API_URL: slack.apiUrl });
      await requested;
      process.kill(-child.pid, 'SIGTERM'); // to the group, because cargo forwards no signal
      const { code, signal, stdout, stderr } = await ended;
      assert.equal(stderr, '');
      if (name !== 'echo.rs') assert.equal(code, 0, signal ?? stdout);
    });
  }
});

test('es-module-bot continues after a network error', async (t) => {
  const slack = await startWorkspace(t);
  const env = { SLACK_BOT_TOKEN: slack.token, SLACK_API_URL: slack.apiUrl };
  const { child, ended } = run(t, process.execPath, [path.join(examples, 'es-module-bot.mjs')], env);
  await slack.nextConnection({ timeout: 60_000 });
  slack.faults.refuseSocket(500, 1);
  slack.faults.drop();
  await slack.nextConnection({ timeout: 60_000 });
  slack.user('ann').say('#general', 'poll x');
  await slack.nextMessage({ from: slack.bot, timeout: 60_000 });
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /disconnected, as requested\n$/);
});

describe('on Ctrl-C, which the command and the example both receive', {
  skip: process.platform === 'win32' && 'no signals',
}, () => {
  test('a bot with SLACK_BOT_TOKEN, which runs against Slack, disconnects', async (t) => {
    const slack = await startWorkspace(t);
    const env = { SLACK_BOT_TOKEN: slack.token, SLACK_API_URL: slack.apiUrl };
    const { child, ended, output } = run(t, process.execPath, ['scripts/example.mjs', 'welcome-bot'], env);
    const connection = await slack.nextConnection({ timeout: 60_000 });
    process.kill(-child.pid, 'SIGINT');
    assert.equal((await connection.closed).code, 1000, 'with a close frame');
    assert.equal((await ended).code, 0);
    assert.match(output.stdout, /^SLACK_BOT_TOKEN is set, so welcome-bot runs against Slack/);
  });

  test('an example without SLACK_BOT_TOKEN ends', async (t) => {
    const { child, ended } = run(t, process.execPath, ['scripts/example.mjs', 'echo-bot']);
    child.stdout.on('data', (text) => text.includes('Ctrl-C ends it') && process.kill(-child.pid, 'SIGINT'));
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Talk to it at http:/);
    assert.equal(stderr, '');
  });
});
