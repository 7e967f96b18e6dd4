// `npm install` into an empty folder, without Rust on the PATH, from a registry with this package as a release publishes it: the
// bot runs, and the installation is smaller than that of `@slack/rtm-api`.
'use strict';

const assert = require('node:assert/strict');
const { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { startWorkspace } = require('../support/workspace.js');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');

const MB = 1_000_000;

const BOT = `
  const { RTMClient } = require('slack-rtm-native');
  const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.API_URL, logLevel: 'error' });
  rtm.on('message', async ({ text, user, channel }) => {
    if (user === rtm.activeUserId) return;
    const { ok } = await rtm.sendMessage('You said: ' + text, channel);
    console.log(ok);
    await rtm.disconnect();
  });
  rtm.once('ready', () => console.log('ready'));
  rtm.start();
`;

/** A folder for PATH with only node and npm. */
function bareTools(app) {
  const tools = app.path('tools');
  mkdirSync(tools);
  const names = process.platform === 'win32' ? ['node.exe', 'npm.cmd'] : ['node', 'npm'];
  const folders = [path.dirname(process.execPath), ...process.env.PATH.split(path.delimiter)];
  for (const name of names) {
    const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
    symlinkSync(found, path.join(tools, name));
  }
  return tools;
}

/** Folders below node_modules that are packages. */
function packagesIn(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(path.join(modules, name)).map((one) => `${name}/${one}`) : [name],
    )
    .flatMap((name) => {
      const inner = path.join(modules, name, 'node_modules');
      return [name, ...(existsSync(inner) ? packagesIn(inner) : [])];
    });
}

/** A folder's bytes, as `du --apparent-size` and `du` count them with blocks of 4 kB, one of them for each folder. */
function sizeOf(folder) {
  const all = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sizeOf(file);
    const { size } = statSync(file);
    return { bytes: size, disk: Math.ceil(size / 4096) * 4096 };
  });
  const sum = (what) => all.reduce((total, one) => total + one[what], 4096);
  return { bytes: sum('bytes'), disk: sum('disk') };
}

describe('npm install into an empty folder', () => {
  test('needs no Rust, installs one binary, and the bot runs', async (t) => {
    const registry = await localRegistry(t);
    const slack = await startWorkspace(t);
    const app = newApp(t);
    const env = { ...registry.env, PATH: bareTools(app) };
    const started = performance.now();
    await app.done(['npm', 'install', 'slack-rtm-native'], { env });
    t.diagnostic(`npm install: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    const binaries = packagesIn(app.path('node_modules')).filter((name) => name.startsWith('slack-rtm-native-'));
    const { ownPlatform } = await import('../../scripts/platforms.mjs');
    assert.deepEqual(binaries, [ownPlatform().packageName]);
    assert.ok(!readdirSync(app.path('node_modules/slack-rtm-native')).some((file) => file.endsWith('.node')));

    app.write('bot.js', BOT);
    const connection = slack.nextConnection();
    const bot = app.run(['node', 'bot.js'], {
      env: { PATH: env.PATH, SLACK_BOT_TOKEN: slack.token, API_URL: slack.apiUrl },
    });
    await bot.until(connection);
    slack.user('ann').say('#general', 'hello');
    const reply = await bot.until(slack.nextMessage({ from: slack.bot, in: '#general' }));
    assert.equal(reply.text, 'You said: hello');
    assert.deepEqual(await bot.ended, { code: 0, signal: null, stdout: 'ready\ntrue\n', stderr: '' });
  });

  test('installs the licences of all linked crates with the binary', async () => {
    const { folder, pack } = await import('../../scripts/pack.mjs');
    pack();
    const names = readdirSync(path.join(folder, 'content')).filter((one) => one.startsWith('slack-rtm-native-'));
    assert.ok(names.length > 0);
    for (const name of names) {
      const text = readFileSync(path.join(folder, 'content', name, 'THIRD-PARTY-LICENSES.md'), 'utf8');
      for (const crate of ['tokio', 'ring', 'rustls', "Rust's standard library"])
        assert.match(text, new RegExp(`^- ${crate}`, 'm'));
    }
  });

  test('installs at most 3 packages, with at most half of the disk space of @slack/rtm-api 7.0.4', async (t) => {
    const registry = await localRegistry(t);
    const sizes = await Promise.all(
      ['slack-rtm-native', '@slack/rtm-api@7.0.4'].map(async (name) => {
        const app = newApp(t);
        await app.done(['npm', 'install', '--prefer-offline', name], { env: registry.env });
        const modules = app.path('node_modules');
        return { packages: packagesIn(modules), ...sizeOf(modules) };
      }),
    );
    const [ours, slackRtmApi] = sizes;
    for (const { packages, bytes, disk } of sizes) {
      t.diagnostic(`${packages.length} packages, ${(bytes / MB).toFixed(2)} MB, ${(disk / MB).toFixed(2)} MB on disk`);
    }
    assert.ok(ours.packages.length <= 3, ours.packages.join(', '));
    // The bytes alone, without the file system's blocks: the addon's HTTP client is a tenth of them.
    assert.ok(ours.bytes <= 0.6 * slackRtmApi.bytes, `${ours.bytes} bytes of ${slackRtmApi.bytes}`);
    assert.ok(ours.disk <= slackRtmApi.disk / 2, `${ours.disk} bytes of ${slackRtmApi.disk} on disk`);
  });
});
