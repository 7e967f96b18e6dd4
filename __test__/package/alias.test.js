// Bots that are written for @slack/rtm-api, with this package installed by that name and nothing else changed: the topics of
// the original's guide, ES modules, TypeScript, rxjs, mocks of every kind. Each also runs on the original, and has to tell the
// same there.
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

/** The topics of programs/guide.cjs: what each tells, and what happens to its bot meanwhile. */
const GUIDE = {
  connecting: { tells: ['robot of Local Workspace false true true true', 'true', 'false false'] },
  events: {
    tells: [
      'message undefined hello',
      'message message_changed hello, all',
      'hello became hello, all',
      'reaction_added wave',
      'wave true',
      'reaction_removed wave',
    ],
    happens({ ann }) {
      const message = ann.say('#general', 'hello');
      ann.edit(message, 'hello, all');
      ann.react(message, 'wave');
      ann.unreact(message, 'wave');
    },
  },
  messages: { tells: ['true Hello there true', 'pong mine', 'undefined'] },
  greeting: {
    tells: [],
    async happens({ slack, ann, bot }) {
      ann.create('club');
      ann.invite('#club', slack.bot);
      slack.user('bob').join('#club');
      const { text } = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
      assert.equal(text, `Welcome, <@${slack.user('bob').id}>`);
    },
  },
  lifecycle: {
    tells: [
      ...['connecting', 'authenticated', 'connected', 'ready'],
      ...['reconnecting', 'connecting', 'authenticated', 'connected', 'ready'],
      ...['disconnecting', 'disconnected'],
    ],
    async happens({ slack, bot }) {
      await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
      slack.faults.drop();
    },
  },
  errors: { tells: ['true true message text is missing', 'slack_webapi_platform_error invalid_auth'] },
  typing: {
    tells: ['undefined'],
    async happens({ slack, bot }) {
      const { frame } = await bot.until(slack.nextFrame({ type: 'typing', timeout: TIMEOUT }));
      assert.equal(frame.channel, slack.channel('general').id);
    },
  },
  presence: {
    tells: ['true active', 'true away'],
    async happens({ slack, ann, bot }) {
      await bot.until(slack.nextFrame({ type: 'presence_sub', timeout: TIMEOUT }));
      ann.setPresence('away');
    },
  },
  snapshot: { tells: ['general,random 4'] },
  logging: { tells: ['true false true'] },
  agent: { tells: ['2'] },
  webClient: {
    tells: ['true object'],
    async happens({ slack, bot }) {
      const { headers } = await bot.until(slack.nextRequest({ method: 'rtm.connect', timeout: TIMEOUT }));
      assert.equal(headers['x-own'], 'yes');
    },
  },
};

const FROM_A_MODULE = 'from a module slack_rtmapi_websocket_error';

const PROGRAMS = {
  ...Object.fromEntries(Object.entries(GUIDE).map(([topic, wanted]) => [`programs/guide.cjs ${topic}`, wanted])),
  'programs/named.mjs': { tells: [FROM_A_MODULE] },
  'programs/default.mjs': { tells: [FROM_A_MODULE] },
  'programs/namespace.mjs': { tells: [`${FROM_A_MODULE} true`] },
  'programs/rxjs.cjs': {
    tells: ['one', 'two', '1'],
    happens({ ann }) {
      for (const text of ['!one', 'no', '!two', '!three']) ann.say('#general', text);
    },
  },
  'programs/bot.js': {
    tells: ['seen', 'seen', 'message text is missing'],
    async happens({ slack, ann, bot }) {
      ann.say('#general', 'hello');
      const { text } = await bot.until(slack.nextMessage({ from: slack.bot, timeout: TIMEOUT }));
      assert.equal(text, `hello, <@${ann.id}>`);
      ann.say('#general', 'nothing');
    },
  },
  'programs/manifest.cjs': { tells: ['string true true string'], isOffline: true },
  'mocks/stubs.cjs': { tells: ['stubbed'], isOffline: true },
};

/** Runs a program to its end; gives what it told. */
async function run(t, app, command, { isOffline = false, happens = () => {} }) {
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
    await happens({ slack, ann, bot });
  }
  const { code, signal, stdout, stderr } = await bot.ended;
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stdout + stderr);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('> '))
    .map((line) => line.slice(2));
}

/** A project with the programs, and with what they use; the package itself is still to come. */
function project(t, modules) {
  const app = newApp(t);
  for (const name of ['programs', 'mocks']) app.copy(path.join(folder, name));
  for (const name of USED) app.link(name, modules);
  return app;
}

test('by the name @slack/rtm-api', { concurrency: 3, timeout: 5 * TIMEOUT }, async (t) => {
  const modules = tools(folder);
  const bin = (name) => path.join(modules, '.bin', name);

  const original = project(t, modules);
  original.link('@slack/rtm-api', modules);
  const ours = newApp(t);
  await ours.install(await localRegistry(t), '@slack/rtm-api@npm:slack-rtm-native');
  for (const name of ['programs', 'mocks']) ours.copy(path.join(folder, name));
  for (const name of USED) ours.link(name, modules);

  const tests = [];
  for (const [name, app] of Object.entries({ 'this package': ours, 'the original': original })) {
    const its = (what, fn) => tests.push(t.test(`${name}: ${what}`, fn));

    const compiled = t.test(`${name}: programs/bot.ts compiles`, (t) =>
      app.done([bin('tsc'), '-p', 'programs'], { t }),
    );
    tests.push(compiled);
    for (const [command, wanted] of Object.entries(PROGRAMS)) {
      its(command, async (t) => {
        if (command === 'programs/bot.js') await compiled;
        assert.deepEqual(await run(t, app, command, wanted), wanted.tells);
      });
    }
    its('mocks/*.jest.js', (t) =>
      app.done([bin('jest'), '--config', '{"testMatch":["<rootDir>/mocks/*.jest.js"]}'], { t }),
    );
    its('mocks/*.test.mjs', (t) => app.done([bin('vitest'), 'run', '--dir', 'mocks'], { t }));
  }

  tests.push(
    t.test('this package: there is nothing behind its one entry', (t) => {
      const deep = ours.run([process.execPath, '-e', "require('@slack/rtm-api/dist/RTMClient')"], { t });
      return deep.ended.then(({ stderr }) =>
        assert.match(stderr, /Cannot find module '@slack\/rtm-api\/dist\/RTMClient'/),
      );
    }),
  );
  await Promise.all(tests);
});
