// docs/bundlers.md: its bot, configurations and commands, unchanged. Each bundle runs in a folder with only those files that the
// page says to ship. Also the errors of bundlers and bundles if the page is not followed.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');
const { tools } = require('./support/tools.js');

const TIMEOUT = 60_000;
const page = readFileSync(path.join(__dirname, '../../docs/bundlers.md'), 'utf8');
const hasRuntimes =
  process.platform === 'linux' && process.arch === 'x64' && process.report?.getReport().header.glibcVersionRuntime;
const noRuntime = hasRuntimes ? false : 'Bun and the newest Node are installed for Linux with glibc on x64';

/** The page's files by name: the blocks whose first line is a comment with one. */
const files = Object.fromEntries(
  [...page.matchAll(/^```[cm]js\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]),
);

/** The commands under a heading of the page. */
function commands(heading) {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`));
  return [...section.matchAll(/^```sh\n(.*)\n```$/gm)].map(([, command]) => command);
}

/** The error of a tool that the page shows. */
function documentedError(tool) {
  return page.match(new RegExp(`^\\| ${tool}: .*?\`(.*?)\` \\|`, 'm'))[1];
}

const BUN = page.match(/^\| Bun \| `(.*)` \|$/m)[1];
const [ESBUILD, ESBUILD_COPIES] = commands('esbuild');

/** A new project with these folders of the bundled one. */
function ship(t, bundled, folders) {
  const shipped = newApp(t);
  for (const folder of folders) shipped.copy(bundled.path(folder), folder);
  return shipped;
}

/** Asserts that a bot replies to a message. */
async function assertReplies(t, app, command) {
  const slack = await startWorkspace(t);
  const bot = app.run(command, { t, env: { SLACK_BOT_TOKEN: slack.token, SLACK_API_URL: slack.apiUrl } });
  await bot.until(slack.nextConnection({ timeout: TIMEOUT }));
  slack.user('ann').say('#general', 'hello');
  const { text } = await bot.until(slack.nextMessage({ from: slack.bot }));
  assert.equal(text, `Hello, <@${slack.user('ann').id}>!`);
}

test('docs/bundlers.md', { concurrency: 2, timeout: 5 * TIMEOUT }, async (t) => {
  const modules = tools(path.join(__dirname, 'bundlers'));
  const runtimes = hasRuntimes ? tools(path.join(__dirname, 'runtimes')) : undefined;
  const registry = await localRegistry(t);
  const installed = newApp(t);
  await installed.install(registry, 'slack-rtm-native');
  const packages = readdirSync(installed.path('node_modules')).filter((name) =>
    /^(eventemitter3|slack-rtm-native.*)$/.test(name),
  );
  const SHIPPED = packages.map((name) => path.join('node_modules', name));

  /** A project with the page's files, the package, and the bundlers' plugins. */
  function project(t) {
    const app = newApp(t);
    for (const name of SHIPPED) app.copy(installed.path(name), name);
    for (const plugin of ['commonjs', 'node-resolve']) app.link(`@rollup/plugin-${plugin}`, modules);
    for (const [name, text] of Object.entries(files)) app.write(name, text);
    return app;
  }

  /** Runs one of the page's commands. */
  function run(t, app, command) {
    const [tool, ...args] = command.replace(/^npx /, '').split(' ');
    const program =
      tool === 'bun' ? path.join(runtimes, '@oven/bun-linux-x64/bin/bun') : path.join(modules, '.bin', tool);
    return app.run([program, ...args], { t }).ended;
  }

  async function bundle(t, command) {
    const app = project(t);
    const { code, stdout, stderr } = await run(t, app, command);
    assert.equal(code, 0, stdout + stderr);
    return app;
  }

  const tests = [];
  const its = (name, skip, fn) => tests.push(t.test(name, { skip }, fn));

  for (const [command, file] of [
    [ESBUILD, 'dist/bot.js'],
    [commands('webpack')[0], 'dist/bot.js'],
    [commands('rollup')[0], 'dist/bot.mjs'],
    [BUN, 'dist/bot.js'],
  ]) {
    its(command, command === BUN && noRuntime, async (t) => {
      const bundled = await bundle(t, command);
      await assertReplies(t, ship(t, bundled, ['dist', ...SHIPPED]), [process.execPath, file]);
      const { code, stderr } = await ship(t, bundled, ['dist']).run([process.execPath, file], { t }).ended;
      assert.notEqual(code, 0);
      assert.match(stderr, /Cannot find (module|package) 'slack-rtm-native'/);
    });
  }

  its(ESBUILD_COPIES, false, async (t) => {
    await assertReplies(t, ship(t, await bundle(t, ESBUILD_COPIES), ['dist']), [process.execPath, 'dist/bot.js']);
  });

  its(commands('In one file')[0], noRuntime, async (t) => {
    const shipped = ship(t, await bundle(t, commands('In one file')[0]), ['dist']);
    await assertReplies(t, shipped, [shipped.path('dist/bot')]);
  });

  its('a single executable of Node works next to node_modules', noRuntime, async (t) => {
    const app = project(t);
    app.write('bot.cjs', files['bot.cjs'] + files['bot.mjs'].replace(/^import .*$/m, ''));
    app.write('sea.json', { main: 'bot.cjs', output: 'bot', disableExperimentalSEAWarning: true });
    await app.done([path.join(runtimes, 'node-26/bin/node'), '--build-sea', 'sea.json'], { t });
    await assertReplies(t, ship(t, app, ['bot', ...SHIPPED]), ['./bot']);
  });

  its('the error names the missing binary if the package with the binary was not shipped', false, async (t) => {
    const bundled = await bundle(t, ESBUILD);
    const shipped = ship(t, bundled, ['dist', 'node_modules/eventemitter3', 'node_modules/slack-rtm-native']);
    const { code, stderr } = await shipped.run([process.execPath, 'dist/bot.js'], { t }).ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /ERR_SLACK_RTM_NATIVE_BINARY/);
  });

  for (const [tool, [command]] of Object.entries({
    esbuild: [ESBUILD],
    webpack: commands('webpack'),
    rollup: commands('rollup'),
  })) {
    its(`${tool} fails if the package is not external`, false, async (t) => {
      const app = project(t);
      for (const [name, text] of Object.entries(files)) app.write(name, text.replace(/^ *externals?: .*$/m, ''));
      const { code, stdout, stderr } = await run(t, app, command.replace(/ --external:\S+/, ''));
      assert.notEqual(code, 0, stdout + stderr);
      assert.ok((stdout + stderr).includes(documentedError(tool)), stdout + stderr);
      assert.ok((stdout + stderr).includes('slack-rtm-native'), stdout + stderr);
    });
  }

  its('the command for another platform installs its binary', false, async (t) => {
    const app = newApp(t, { dependencies: { 'slack-rtm-native': '*' } });
    const [command] = commands('For another platform');
    await app.done(command.split(' '), { t, env: registry.env });
    assert.deepEqual(
      readdirSync(app.path('node_modules')).filter((name) => /^slack/.test(name)),
      ['slack-rtm-native', 'slack-rtm-native-linux-arm64-gnu'],
    );
  });

  await Promise.all(tests);
});
