// The package under the name `@slack/rtm-api`, installed by other package managers than npm: pnpm, whose node_modules is not
// flat; Yarn's Plug'n'Play, which has no node_modules and must unpack the binary; and those of Bun and Deno.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');
const { tools } = require('./support/tools.js');

const TIMEOUT = 120_000;
const program = path.join(__dirname, 'alias/programs/named.mjs');
const hasRuntimes =
  process.platform === 'linux' && process.arch === 'x64' && process.report?.getReport().header.glibcVersionRuntime;
const noRuntime = hasRuntimes ? false : 'Bun and Deno are installed for Linux with glibc on x64';

test('a bot runs if the package was installed by', { concurrency: 2, timeout: 2 * TIMEOUT }, async (t) => {
  const bin = (name) => path.join(tools(path.join(__dirname, 'alias')), '.bin', name);
  const runtime = (file) => path.join(tools(path.join(__dirname, 'runtimes')), file);
  const registry = await localRegistry(t);
  const caches = { YARN_GLOBAL_FOLDER: path.join(registry.caches, 'yarn') };
  const yarnrc = {
    nodeLinker: 'pnp',
    enableTelemetry: false,
    enableGlobalCache: false,
    enableImmutableInstalls: false,
    npmMinimalAgeGate: 0,
    pnpEnableEsmLoader: true,
  };

  const MANAGERS = {
    pnpm: () => ({
      install: [bin('pnpm'), 'install', '--no-frozen-lockfile', `--store-dir=${path.join(registry.caches, 'pnpm')}`],
      run: [process.execPath],
    }),
    "Yarn's Plug'n'Play": () => ({
      install: [bin('yarn'), 'install'],
      run: [bin('yarn'), 'node'],
      files: { '.yarnrc.yml': yarnrc, 'yarn.lock': '' },
    }),
    Bun: () => ({
      install: [runtime('@oven/bun-linux-x64/bin/bun'), 'install'],
      run: [runtime('@oven/bun-linux-x64/bin/bun')],
    }),
    Deno: () => ({
      install: [runtime('@deno/linux-x64-glibc/deno'), 'install'],
      run: [runtime('@deno/linux-x64-glibc/deno'), 'run', '--allow-all'],
    }),
  };

  const tests = Object.entries(MANAGERS).map(([name, manager]) =>
    t.test(name, { skip: /^(Bun|Deno)$/.test(name) && noRuntime }, async (t) => {
      const { install, run, files = {} } = manager();
      const app = newApp(t, { dependencies: { '@slack/rtm-api': 'npm:slack-rtm-native@*' } });
      app.copy(program, 'bot.mjs');
      for (const [file, text] of Object.entries(files)) app.write(file, text);
      await app.done(install, { t, env: { ...registry.env, ...caches } });
      const slack = await startWorkspace(t);
      const env = {
        SLACK_BOT_TOKEN: slack.token,
        SLACK_API_URL: slack.apiUrl,
        CONVERSATION: slack.channel('general').id,
      };
      const stdout = await app.done([...run, 'bot.mjs'], { t, env: { ...registry.env, ...caches, ...env } });
      assert.equal(stdout, '> from a module slack_rtmapi_websocket_error\n');
    }),
  );
  await Promise.all(tests);
});
