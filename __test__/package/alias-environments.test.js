// Bots tested in Jest and Vitest with the local workspace: the addon in the contexts that Jest makes for each file, in processes
// and worker threads of both, and in several files one after the other. Nothing crashes when a context, a thread or a process
// ends, even with connected clients, and no handle stays open.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');
const { tools } = require('./support/tools.js');

const TIMEOUT = 120_000;
const folder = path.join(__dirname, 'alias');
const root = path.join(__dirname, '../..');
const JEST = ['--config', '{"testMatch":["<rootDir>/tests/*.test.js"]}'];
const LEFT = ['--config', '{"testMatch":["<rootDir>/left/*.test.js"]}'];
const VITEST = ['run', '--globals', '--dir', 'tests'];

test('bots under test', { concurrency: 2, timeout: 2 * TIMEOUT }, async (t) => {
  const modules = tools(folder);
  const slack = await startWorkspace(t);
  const app = newApp(t);
  await app.install(await localRegistry(t), '@slack/rtm-api@npm:slack-rtm-native');
  app.link('slack-rtm-workspace', path.join(root, 'node_modules'));
  app.link('vitest', modules);
  for (const name of ['one', 'two', 'three']) {
    app.copy(path.join(folder, 'environments/echo-bot.test.js'), `tests/${name}.test.js`);
    app.copy(path.join(folder, 'environments/left-connected.test.js'), `left/${name}.test.js`);
  }

  const env = { NO_COLOR: '1', SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl };
  const RUNS = {
    'Jest, in one process that detects open handles': ['jest', ...JEST, '--runInBand', '--detectOpenHandles'],
    'Jest, in two worker threads': ['jest', ...JEST, '--maxWorkers=2', '--workerThreads'],
    'Jest, clients left connected, in one process': ['jest', ...LEFT, '--runInBand', '--forceExit'],
    'Jest, clients left connected, in two worker threads': [
      'jest',
      ...LEFT,
      '--maxWorkers=2',
      '--workerThreads',
      '--forceExit',
    ],
    'Vitest, in worker threads': ['vitest', ...VITEST, '--pool=threads'],
    'Vitest, in contexts of one thread': [
      'vitest',
      ...VITEST,
      '--pool=vmThreads',
      '--poolOptions.vmThreads.singleThread',
    ],
    'Vitest, clients left connected, in worker threads': [
      'vitest',
      'run',
      '--globals',
      '--dir',
      'left',
      '--pool=threads',
    ],
  };
  const tests = Object.entries(RUNS).map(([name, [tool, ...args]]) =>
    t.test(name, async (t) => {
      const { code, signal, stdout, stderr } = await app.run([path.join(modules, '.bin', tool), ...args], { t, env })
        .ended;
      const output = stdout + stderr;
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, output);
      assert.match(output, /^ *Test (Suites:|Files) +3 passed/m);
      if (!name.includes('left connected'))
        assert.doesNotMatch(output, /open handle|did not exit|failed to exit|close timed out/i);
    }),
  );
  await Promise.all(tests);
});
