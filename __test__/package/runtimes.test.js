// The installed package on every supported runtime: a bot connects, receives, sends, gets replies, survives a throwing listener
// and a lost connection, and its process exits. (The whole test suite on each version of Node: `npm run test:runtimes`.)
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { authority, missing } = require('../support/certificates.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');
const { tools } = require('./support/tools.js');

const TIMEOUT = 60_000;
const folder = path.join(__dirname, 'runtimes');
const isHere =
  process.platform === 'linux' && process.arch === 'x64' && process.report?.getReport().header.glibcVersionRuntime;
const skip = isHere ? false : 'the runtimes are installed for Linux with glibc on x64';

const RUNTIMES = {
  'Node 18.17': ['node-18.17/bin/node'],
  'Node 18': ['node-18/bin/node'],
  'Node 20': ['node-20/bin/node'],
  'Node 22': ['node-22/bin/node'],
  'Node 24': ['node-24/bin/node'],
  'Node 26': ['node-26/bin/node'],
  Bun: ['@oven/bun-linux-x64/bin/bun'],
  Deno: ['@deno/linux-x64-glibc/deno', 'run', '--allow-all', '--no-prompt'],
};

/** The lines that a bot prints during its session. With an agent, it also prints a line for each connection. */
const sessionLines = (connection) => [
  ...connection,
  'ready',
  'reply true',
  'reconnecting',
  ...connection,
  'ready',
  'of a listener',
  'reply true',
  'disconnected',
];
const LINES = sessionLines([]);
const LINES_WITH_AGENT = sessionLines(['connection', 'connection']);

/** Runs bot.cjs, or worker.cjs, which ends with it, through a whole session. */
async function runSession(t, app, command, env) {
  const slack = await startWorkspace(t);
  const ann = slack.user('ann');
  const bot = app.run(command, { t, env: { ...env, SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl } });
  const assertReply = async (text) => {
    ann.say('#general', text);
    const reply = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
    assert.equal(reply.text, `${text}, <@${ann.id}>`);
  };
  const first = await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
  if (command.at(-1) === 'worker.cjs') {
    await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
    await bot.until(first.closed); // the connection of the terminated thread
  }
  await assertReply('Grüße 🎉 & <co>');
  ann.say('#general', 'type');
  await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
  slack.faults.drop();
  await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
  ann.say('#general', 'throw');
  await assertReply('hello again');
  ann.say('#general', 'disconnect');
  const { code, signal, stdout, stderr } = await bot.ended;
  return { code, signal, lines: stdout.trim().split('\n'), stderr };
}

const EXITED_WELL = { code: 0, signal: null, stderr: '' };

const SMOKE = {
  async 'a bot runs through a session and exits'(t, app, runtime) {
    assert.deepEqual(await runSession(t, app, [...runtime, 'bot.cjs']), { ...EXITED_WELL, lines: LINES });
  },
  async 'a bot whose agent makes the connections runs through a session and exits'(t, app, runtime) {
    const end = await runSession(t, app, [...runtime, 'bot.cjs'], { AGENT: '1' });
    assert.deepEqual(end, { ...EXITED_WELL, lines: LINES_WITH_AGENT });
  },
  async 'a bot runs through a session after a worker thread was terminated while connected'(t, app, runtime) {
    const end = await runSession(t, app, [...runtime, 'worker.cjs']);
    assert.deepEqual(end, { ...EXITED_WELL, lines: ['worker: ready', ...LINES] });
  },
  async 'process.exit() of a connected bot exits with its code'(t, app, runtime) {
    const slack = await startWorkspace(t);
    const env = { SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl };
    const bot = app.run([...runtime, 'bot.cjs'], { t, env });
    await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
    slack.user('ann').say('#general', 'exit');
    assert.deepEqual(await bot.ended, { code: 3, signal: null, stdout: 'ready\n', stderr: '' });
  },
  async 'only trusted authorities are accepted over TLS'(t, app, runtime) {
    if (missing) return t.skip(missing);
    const ca = authority('Authority of the runtimes');
    const { key, fullChain } = ca.issue();
    const { apiUrl } = await scriptedServer(t, { tls: { key, cert: fullChain } });
    app.write('authority.pem', ca.cert);
    const connect = async (env) =>
      (await app.done([...runtime, 'secure.cjs'], { t, env: { ...env, API_URL: apiUrl } })).trim();
    assert.equal(await connect({ TRUSTED: 'authority.pem' }), 'ready');
    assert.equal(await connect({ NODE_EXTRA_CA_CERTS: app.path('authority.pem') }), 'ready');
    assert.equal(await connect({}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  },
};

/** Compiles no-external-buffers.c. Returns undefined without a compiler. */
function restriction(app) {
  const library = app.path('no-external-buffers.so');
  const source = path.join(folder, 'no-external-buffers.c');
  const { error, status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], {
    encoding: 'utf8',
  });
  if (error?.code === 'ENOENT') return undefined;
  assert.equal(status, 0, stderr);
  return library;
}

/** Runs with Electron's restrictions: no buffer outside of V8's heap, and no code generation from strings. */
async function likeElectron(t, app, [node], program, library) {
  if (library === undefined) return t.skip('there is no C compiler');
  const command = [node, '--disallow-code-generation-from-strings', program];
  const { stderr, ...end } = await runSession(t, app, command, { AGENT: '1', LD_PRELOAD: library });
  const before = program === 'worker.cjs' ? ['worker: connection', 'worker: connection', 'worker: ready'] : [];
  assert.deepEqual(end, { code: 0, signal: null, lines: [...before, ...LINES_WITH_AGENT] }, stderr);
  assert.match(stderr, /^(no external buffers\n)+$/, 'no buffer was refused, so the restriction was not in effect');
}

test('the installed package works on every runtime:', { skip, concurrency: 3, timeout: 10 * TIMEOUT }, async (t) => {
  const modules = tools(folder);
  const app = newApp(t);
  for (const program of ['bot.cjs', 'worker.cjs', 'secure.cjs']) app.copy(path.join(folder, program));
  await app.install(await localRegistry(t), 'slack-rtm-native');
  const library = restriction(app); // once, because it must not be replaced while a program loads it
  const tests = [];
  for (const [name, [file, ...args]] of Object.entries(RUNTIMES)) {
    const runtime = [path.join(modules, file), ...args];
    for (const [what, run] of Object.entries(SMOKE))
      tests.push(t.test(`${name}: ${what}`, { timeout: 2 * TIMEOUT }, (t) => run(t, app, runtime)));
    if (!['Node 18.17', 'Node 26'].includes(name)) continue;
    for (const program of ['bot.cjs', 'worker.cjs']) {
      tests.push(
        t.test(`${name} with Electron's restrictions: ${program}`, (t) =>
          likeElectron(t, app, runtime, program, library),
        ),
      );
    }
  }
  await Promise.all(tests);
});
