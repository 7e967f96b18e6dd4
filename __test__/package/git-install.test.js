// `npm install` of a git URL, and a fresh clone: both build the addon once, and report what is missing if they cannot. A fake
// cargo returns the existing addon, because the real build takes minutes; `npm run test:slow` uses the real cargo.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');

const root = path.join(__dirname, '../..');
const isReal = process.env.GIT_INSTALL === 'cargo';
const hasGit = existsSync(path.join(root, '.git'));
const skip =
  (process.platform === 'win32' && 'it needs shell scripts as programs') || (!hasGit && 'this is not a clone');

const BOT = `
  const { RTMClient } = require('slack-rtm-native');
  const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.API_URL, logLevel: 'error' });
  rtm.start().then(({ self }) => { console.log(self.name); return rtm.disconnect(); });
`;

/** A repository with the current files of this one. */
function repository(app) {
  const folder = app.path('repository');
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  mkdirSync(folder);
  const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const name of names.split('\0').filter((one) => one !== '' && existsSync(path.join(root, one))))
    cpSync(path.join(root, name), path.join(folder, name));
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'All');
  return folder;
}

/** A folder for PATH: all programs except Rust's, and optionally a fake cargo that records its builds. */
function programs(app, name, cargo) {
  const folder = app.path(name);
  mkdirSync(folder);
  const linked = new Set();
  for (const place of process.env.PATH.split(path.delimiter).filter((one) => existsSync(one))) {
    for (const program of readdirSync(place).filter((one) => !/^(cargo|rust)/.test(one) && !linked.has(one))) {
      symlinkSync(path.join(place, program), path.join(folder, program));
      linked.add(program);
    }
  }
  if (!cargo) return folder;
  app.write(
    `${name}/cargo`,
    `#!${process.execPath}
    const { appendFileSync } = require('node:fs');
    if (process.argv[2] === '--version') process.exit();
    appendFileSync(${JSON.stringify(app.path('builds'))}, process.argv.slice(2).join(' ') + '\\n');
    console.log(JSON.stringify({ reason: 'compiler-artifact', target: { kind: ['cdylib'] }, filenames: [${JSON.stringify(cargo)}] }));
  `,
  );
  chmodSync(path.join(folder, 'cargo'), 0o755);
  return folder;
}

const builds = (app) =>
  existsSync(app.path('builds')) ? readFileSync(app.path('builds'), 'utf8').trim().split('\n') : [];

test('an installation from git', { skip }, async (t) => {
  const { file } = await import('../../scripts/addon.mjs');
  const app = newApp(t);
  cpSync(path.join(root, file), app.path('library.so'));
  const { env } = await localRegistry(t);
  const clone = repository(app);
  const url = `git+file://${clone}`;
  const bare = { ...env, SLACK_RTM_NATIVE_BUILD: '' };
  const withCargo = isReal
    ? { ...bare, CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? path.join(root, 'target') }
    : { ...bare, PATH: programs(app, 'with-cargo', app.path('library.so')) };

  await t.test('works after npm install of the URL, without the files that only the build needs', async (one) => {
    const slack = await startWorkspace(one);
    const user = newApp(one);
    const started = performance.now();
    await user.done(['npm', 'install', '--prefer-offline', url], { env: withCargo });
    one.diagnostic(`npm install: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    assert.deepEqual(
      readdirSync(user.path('node_modules')).filter((name) => !name.startsWith('.')),
      ['eventemitter3', 'slack-rtm-native'],
    );
    const inside = readdirSync(user.path('node_modules/slack-rtm-native'));
    assert.ok(inside.includes(file) && inside.includes('THIRD-PARTY-LICENSES.md'), inside.join());
    assert.deepEqual(
      ['node_modules', 'src', 'target', 'workspace'].filter((name) => inside.includes(name)),
      [],
    );
    user.write('bot.js', BOT);
    const printed = await user.done(['node', 'bot.js'], {
      env: { SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl },
    });
    assert.equal(printed, `${slack.bot.name}\n`);
    if (!isReal)
      assert.deepEqual(
        builds(app).map((line) => line.split(' --message-format')[0]),
        ['build --release --no-default-features --features node'],
      );
  });

  await t.test('reports that cargo is missing', async (one) => {
    const none = { ...bare, PATH: programs(app, 'without-cargo') };
    const user = newApp(one);
    const command = isReal ? ['npm', 'install', '--prefer-offline', url] : ['npm', '--prefix', clone, 'run', 'prepare'];
    const { code, stderr } = await user.run(command, { env: none }).ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /cargo \(Rust 1\.88 or later\) was not found on the PATH/);
    assert.match(stderr, /rustup\.rs/);
  });

  await t.test(
    "builds a fresh clone once with npm run build, and not again with npm's prepare",
    { skip: isReal && 'it counts the calls of the fake cargo' },
    async () => {
      const before = builds(app).length;
      for (const script of ['build', 'prepare', 'build'])
        await app.done(['npm', '--prefix', clone, 'run', script], { env: withCargo });
      assert.ok(existsSync(path.join(clone, file)) && existsSync(path.join(clone, 'node_modules/eventemitter3')));
      assert.equal(builds(app).length - before, 1);
    },
  );
});
