// Bots written for `@slack/rtm-api` run unchanged with this package installed under that name: the topics of its guide, ES
// modules, TypeScript, rxjs, and all kinds of mocks. Each also runs with `@slack/rtm-api` itself, and must print the same.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');
const { tools } = require('./support/tools.js');

const TIMEOUT = 60_000;
const folder = path.join(__dirname, 'alias');
const USED = ['@slack/web-api', '@types/node', 'proxyquire', 'rxjs', 'sinon', 'vitest'];

/** The topics of programs/guide.cjs: `prints` are the expected lines; `act` is what act in the workspace meanwhile. */
const GUIDE = {
  connecting: { prints: ['robot of Local Workspace false true true true', 'true', 'false false'] },
  events: {
    prints: [
      'message undefined hello',
      'message message_changed hello, all',
      'hello became hello, all',
      'reaction_added wave',
      'wave true',
      'reaction_removed wave',
    ],
    act({ ann }) {
      const message = ann.say('#general', 'hello');
      ann.edit(message, 'hello, all');
      ann.react(message, 'wave');
      ann.unreact(message, 'wave');
    },
  },
  messages: { prints: ['true Hello there true', 'pong mine', 'undefined'] },
  greeting: {
    prints: [],
    async act({ slack, ann, bot }) {
      ann.create('club');
      ann.invite('#club', slack.bot);
      slack.user('bob').join('#club');
      const { text } = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
      assert.equal(text, `Welcome, <@${slack.user('bob').id}>`);
    },
  },
  lifecycle: {
    prints: [
      ...['connecting', 'authenticated', 'connected', 'ready'],
      ...['reconnecting', 'connecting', 'authenticated', 'connected', 'ready'],
      ...['disconnecting', 'disconnected'],
    ],
    async act({ slack, bot }) {
      await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
      slack.faults.drop();
    },
  },
  errors: { prints: ['true true message text is missing', 'slack_webapi_platform_error invalid_auth'] },
  typing: {
    prints: ['undefined'],
    async act({ slack, bot }) {
      const { frame } = await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
      assert.equal(frame.channel, slack.channel('general').id);
    },
  },
  presence: {
    prints: ['true active', 'true away'],
    async act({ slack, ann, bot }) {
      await bot.until(slack.nextFrame({ type: 'presence_sub', timeout: TIMEOUT }));
      ann.setPresence('away');
    },
  },
  snapshot: { prints: ['general,random 4'] },
  logging: { prints: ['true false true'] },
  agent: { prints: ['2'] },
  webClient: {
    prints: ['true object'],
    async act({ slack, bot }) {
      const { headers } = await bot.until(slack.nextRequest({ method: 'rtm.connect', timeout: TIMEOUT }));
      assert.equal(headers['x-own'], 'yes');
    },
  },
};

const FROM_A_MODULE = 'from a module slack_rtmapi_websocket_error';

const PROGRAMS = {
  ...Object.fromEntries(Object.entries(GUIDE).map(([topic, wanted]) => [`programs/guide.cjs ${topic}`, wanted])),
  'programs/named.mjs': { prints: [FROM_A_MODULE] },
  'programs/default.mjs': { prints: [FROM_A_MODULE] },
  'programs/namespace.mjs': { prints: [`${FROM_A_MODULE} true`] },
  'programs/rxjs.cjs': {
    prints: ['one', 'two', '1'],
    act({ ann }) {
      for (const text of ['!one', 'no', '!two', '!three']) ann.say('#general', text);
    },
  },
  'programs/bot.js': {
    prints: ['seen', 'seen', 'message text is missing'],
    async act({ slack, ann, bot }) {
      ann.say('#general', 'hello');
      const { text } = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
      assert.equal(text, `hello, <@${ann.id}>`);
      ann.say('#general', 'nothing');
    },
  },
  'programs/manifest.cjs': { prints: ['string true true string'], isOffline: true },
  'mocks/stubs.cjs': { prints: ['stubbed'], isOffline: true },
};

/** Runs a program until it exits. Resolves with its lines. */
async function run(t, app, command, { isOffline = false, act = () => {} }) {
  const slack = await startWorkspace(t);
  const ann = slack.user('ann');
  const bot = app.run([process.execPath, ...command.split(' ')], {
    t,
    env: {
      SLACK_BOT_TOKEN: slack.token,
      SLACK_API_URL: slack.apiUrl,
      CONVERSATION: slack.channel('general').id,
      USER: ann.id,
    },
  });
  if (!isOffline) {
    await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
    await act({ slack, ann, bot });
  }
  const { code, signal, stdout, stderr } = await bot.ended;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stdout + stderr);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('> '))
    .map((line) => line.slice(2));
}

/** A project with the programs and their dependencies, but without the package itself. */
function project(t, modules) {
  const app = newApp(t);
  for (const name of ['programs', 'mocks']) app.copy(path.join(folder, name));
  for (const name of USED) app.link(name, modules);
  return app;
}

test('installed as @slack/rtm-api', { concurrency: 3, timeout: 5 * TIMEOUT }, async (t) => {
  const modules = tools(folder);
  const bin = (name) => path.join(modules, '.bin', name);

  const slackRtmApi = project(t, modules);
  slackRtmApi.link('@slack/rtm-api', modules);
  const ours = newApp(t);
  await ours.install(await localRegistry(t), '@slack/rtm-api@npm:slack-rtm-native');
  for (const name of ['programs', 'mocks']) ours.copy(path.join(folder, name));
  for (const name of USED) ours.link(name, modules);

  const tests = [];
  for (const [name, app] of Object.entries({ 'this package': ours, '@slack/rtm-api': slackRtmApi })) {
    const its = (what, fn) => tests.push(t.test(`${name}: ${what}`, fn));

    const compiled = t.test(`${name}: programs/bot.ts compiles`, (t) =>
      app.done([bin('tsc'), '-p', 'programs'], { t }),
    );
    tests.push(compiled);
    for (const [command, wanted] of Object.entries(PROGRAMS)) {
      its(command, async (t) => {
        if (command === 'programs/bot.js') await compiled;
        assert.deepEqual(await run(t, app, command, wanted), wanted.prints);
      });
    }
    its('mocks/*.jest.js', (t) =>
      app.done([bin('jest'), '--config', '{"testMatch":["<rootDir>/mocks/*.jest.js"]}'], { t }),
    );
    its('mocks/*.test.mjs', (t) => app.done([bin('vitest'), 'run', '--dir', 'mocks'], { t }));
  }

  tests.push(
    t.test('this package: only its main entry can be loaded', (t) => {
      const deep = ours.run([process.execPath, '-e', "require('@slack/rtm-api/dist/RTMClient')"], { t });
      return deep.ended.then(({ stderr }) =>
        assert.match(stderr, /Cannot find module '@slack\/rtm-api\/dist\/RTMClient'/),
      );
    }),
  );
  await Promise.all(tests);
});
