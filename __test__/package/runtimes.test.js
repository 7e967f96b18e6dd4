// The package as npm installs it, on every runtime that it is for: a bot that connects, hears, sends, gets replies, survives a
// listener that throws and the loss of its connection, and whose process ends when it should. (The whole test suite on
// each version of Node: `npm run test:runtimes`.)
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

/** What a bot tells of its life, with connections of its own or not. */
const life = (connection) => [
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
const LIFE = life([]);
const LIFE_BY_AGENT = life(['connection', 'connection']);

/** Runs bot.cjs, or what ends with it, and leads it through its life. */
async function live(t, app, command, env) {
  const slack = await startWorkspace(t);
  const ann = slack.user('ann');
  const bot = app.run(command, { t, env: { ...env, SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl } });
  const answered = async (text) => {
    ann.say('#general', text);
    const answer = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
    assert.equal(answer.text, `${text}, <@${ann.id}>`);
  };
  const first = await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
  if (command.at(-1) === 'worker.cjs') {
    await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
    await bot.until(first.closed); // that of the thread that was ended
  }
  await answered('Grüße 🎉 & <co>');
  ann.say('#general', 'type');
  await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
  slack.faults.drop();
  await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
  ann.say('#general', 'throw');
  await answered('hello again');
  ann.say('#general', 'disconnect');
  const { code, signal, stdout, stderr } = await bot.ended;
  return { code, signal, lines: stdout.trim().split('\n'), stderr };
}

const ENDED_WELL = { code: 0, signal: null, stderr: '' };

const SMOKE = {
  async 'a bot lives and ends'(t, app, runtime) {
    assert.deepEqual(await live(t, app, [...runtime, 'bot.cjs']), { ...ENDED_WELL, lines: LIFE });
  },
  async 'so does one whose agent makes the connections'(t, app, runtime) {
    const end = await live(t, app, [...runtime, 'bot.cjs'], { AGENT: '1' });
    assert.deepEqual(end, { ...ENDED_WELL, lines: LIFE_BY_AGENT });
  },
  async 'so does one after another in a worker thread, which was ended while it was connected'(t, app, runtime) {
    const end = await live(t, app, [...runtime, 'worker.cjs']);
    assert.deepEqual(end, { ...ENDED_WELL, lines: ['worker: ready', ...LIFE] });
  },
  async 'process.exit() of a connected bot gives the code that it is called with'(t, app, runtime) {
    const slack = await startWorkspace(t);
    const env = { SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl };
    const bot = app.run([...runtime, 'bot.cjs'], { t, env });
    await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
    slack.user('ann').say('#general', 'exit');
    assert.deepEqual(await bot.ended, { code: 3, signal: null, stdout: 'ready\n', stderr: '' });
  },
  async 'over TLS, whoever is to be trusted is, and nobody else'(t, app, runtime) {
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

/** Compiles no-external-buffers.c; undefined where there is no compiler. */
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

/** As in Electron: no buffer outside of V8's heap, and no code made of strings. */
async function likeElectron(t, app, [node], program, library) {
  if (library === undefined) return t.skip('there is no C compiler');
  const command = [node, '--disallow-code-generation-from-strings', program];
  const { stderr, ...end } = await live(t, app, command, { AGENT: '1', LD_PRELOAD: library });
  const before = program === 'worker.cjs' ? ['worker: connection', 'worker: connection', 'worker: ready'] : [];
  assert.deepEqual(end, { code: 0, signal: null, lines: [...before, ...LIFE_BY_AGENT] }, stderr);
  assert.match(stderr, /^(no external buffers\n)+$/, 'no buffer was refused: the restriction is not in force');
}

test('the package as npm installs it, on every runtime', { skip, concurrency: 3, timeout: 10 * TIMEOUT }, async (t) => {
  const modules = tools(folder);
  const app = newApp(t);
  for (const program of ['bot.cjs', 'worker.cjs', 'secure.cjs']) app.copy(path.join(folder, program));
  await app.install(await localRegistry(t), 'slack-rtm-native');
  const library = restriction(app); // once: it must not be made anew while a program begins with it
  const tests = [];
  for (const [name, [file, ...args]] of Object.entries(RUNTIMES)) {
    const runtime = [path.join(modules, file), ...args];
    for (const [what, run] of Object.entries(SMOKE))
      tests.push(t.test(`${name}: ${what}`, { timeout: 2 * TIMEOUT }, (t) => run(t, app, runtime)));
    if (!['Node 18.17', 'Node 26'].includes(name)) continue;
    for (const program of ['bot.cjs', 'worker.cjs']) {
      tests.push(
        t.test(`${name} as restricted as Electron: ${program}`, (t) => likeElectron(t, app, runtime, program, library)),
      );
    }
  }
  await Promise.all(tests);
});
