// The published package: packed, installed into an empty folder, and run there. Needs no registry: the dependencies are
// packed from the installed ones.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { version } = require('../package.json');
const { Run, newFolder } = require('./command-support');
const { call, Client } = require('./support');

const OWN = path.join(__dirname, '..');
const SHELL = process.platform === 'win32';

function npm(args, cwd) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], shell: SHELL });
}

/** The folders of a package's direct and indirect dependencies. */
function dependencies(folder, found = new Set()) {
  const { dependencies: names = {} } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(names)) {
    const lookup = require.resolve.paths(name).map((modules) => path.join(modules, name));
    const there = [path.join(folder, 'node_modules', name), ...lookup].find((each) => fs.existsSync(each));
    assert.ok(there, `${name} is installed`);
    if (found.has(there)) continue;
    found.add(there);
    dependencies(there, found);
  }
  return found;
}

test("the command works when it is installed from the package's tarball", async (t) => {
  const folder = newFolder(t);
  const pack = (from) => {
    const [{ filename, files }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', from], folder));
    return { file: `./${filename}`, files: files.map((file) => file.path) };
  };
  const own = pack(OWN);
  for (const file of own.files) {
    assert.match(file, /^(LICENSE|README\.md|package\.json|index\.js|index\.d\.ts|(bin|lib|page)\/[\w./-]+)$/);
  }
  const others = [...dependencies(OWN)].map((from) => pack(from).file);
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', own.file, ...others], folder);

  const npx = (...args) => ({
    command: ['npx', 'slack-rtm-workspace', ...args],
    cwd: folder,
    env: { npm_config_offline: 'true' },
  });
  const { code, output } = await new Run(t, [], npx('--version')).ended;
  assert.deepStrictEqual([code, output], [0, `${version}\n`]);

  const run = new Run(t, [], npx('--port', '0'));
  const slack = await run.started();
  const client = await Client.connect(slack);
  const channel = (await call(slack, 'conversations.list')).body.channels[0].id;
  assert.strictEqual((await client.ask({ type: 'message', id: 1, channel, text: 'hi' })).ok, true);
  client.ws.close();
  run.kill('SIGTERM');
  await run.ended;

  const script =
    "require('slack-rtm-workspace').Workspace.start().then((slack) => slack.close()).then(() => console.log('ok'))";
  const used = execFileSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
  assert.strictEqual(used, 'ok\n');
});
