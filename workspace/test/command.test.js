'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { createServer } = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { version } = require('../package.json');
const { Run, newFolder } = require('./command-support');
const { dataDrivers } = require('./clients/programs');
const { call, Client } = require('./support');

test('the command prints the URL and the token that a bot needs, and they work', async (t) => {
  const folder = newFolder(t);
  const run = new Run(t, ['--port', '0'], { cwd: folder });
  const { apiUrl, token, page, line } = await run.started();
  assert.match(apiUrl, /^http:\/\/127\.0\.0\.1:\d+\/api\/$/);
  assert.strictEqual(page, new URL('/', apiUrl).href);
  assert.strictEqual(line, `new RTMClient('${token}', { slackApiUrl: '${apiUrl}' })`);
  const client = await Client.connect({ apiUrl, token });
  assert.strictEqual((await client.ask({ type: 'ping', id: 1 })).reply_to, 1);
  client.ws.close();
  assert.strictEqual(run.errors, '');
  assert.deepStrictEqual(fs.readdirSync(folder), [], 'no file is made');
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`${signal} ends the command with exit code 0, even with a client that does not read`, async (t) => {
    const run = new Run(t, ['--port', '0']);
    const slack = await run.started();
    const client = await Client.connect(slack);
    const paused = await Client.connect(slack);
    paused.ws.pause();
    run.kill(signal);
    const { code, errors } = await run.ended;
    assert.deepStrictEqual([code, errors], [0, '']);
    assert.strictEqual((await client.closed).code, 1001);
    paused.ws.terminate();
  });
}

test('the default port is 4390', async (t) => {
  const { output } = await new Run(t, ['--help']).ended;
  assert.match(output, /--port PORT .*default 4390/);
  for (const option of ['port', 'host', 'data', 'seed', 'replay', 'open', 'help', 'version']) {
    assert.match(output, new RegExp(`^  --${option} `, 'm'));
  }
  const run = new Run(t, []);
  // Another program may use that port. Then the error names it.
  const first = await Promise.race([run.started(), run.ended]);
  assert.match(first.apiUrl ?? first.errors, /:4390\/api\/$|port 4390 is in use/);
});

test('--version prints the version', async (t) => {
  assert.strictEqual((await new Run(t, ['--version']).ended).output, `${version}\n`);
});

test('a mistake is reported in one line without a stack trace', async (t) => {
  const folder = newFolder(t);
  const write = (name, text) => {
    fs.writeFileSync(path.join(folder, name), text);
    return name;
  };
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address();
  let seeds = 0;
  const seed = (json) => ['--seed', write(`${(seeds += 1)}-seed.json`, json)];
  const cases = [
    [['--foo'], 2, /Unknown option '--foo'/],
    [['stray'], 2, /Unexpected argument 'stray'/],
    [['--port', 'x'], 2, /--port must be a number from 0 to 65535, not x/],
    [['--port', '65536'], 2, /--port must be a number/],
    [['--port'], 2, /--port/],
    [['--data', ''], 2, /--data needs a value/],
    [['--port', String(port)], 1, new RegExp(`port ${port} is in use`)],
    [['--host', '203.0.113.1'], 1, /203\.0\.113\.1: not an address of this machine/],
    [['--seed', 'none.json'], 2, /none\.json does not exist/],
    [['--seed', '.'], 2, /cannot be read/],
    [seed('{'), 2, /seed\.json is not JSON/],
    [seed('{"users": [{"name": "a\n'), 2, /seed\.json is not JSON/],
    [seed('{"users":["ann",{"name":"bob","presence":"auto"}]}'), 2, /users\[1\]\.presence must be .*, not "auto"/],
    [seed('{"users":["@"]}'), 2, /seed\.json: a name must be/],
    [['--replay', 'none.ndjson'], 1, /none\.ndjson does not exist/],
    [['--replay', write('bad.ndjson', '{"type":"hello"}\n\n[1]\n')], 1, /bad\.ndjson, line 3: not a JSON object/],
    [['--replay', write('empty.ndjson', '\n')], 1, /contains no frames/],
  ];
  await Promise.all(
    cases.map(async ([args, expected, pattern]) => {
      // A later `--port` overrides an earlier one.
      const run = new Run(t, args.includes('--port') ? args : ['--port', '0', ...args], { cwd: folder });
      const { code, output, errors } = await run.ended;
      assert.match(errors, pattern);
      assert.match(errors, /^slack-rtm-workspace: [^\n]*\n$/, 'one line');
      assert.deepStrictEqual([code, output], [expected, ''], errors);
    }),
  );
});

test('--seed sets the team, bots, users and channels', async (t) => {
  const folder = newFolder(t);
  fs.writeFileSync(
    path.join(folder, 'seed.json'),
    `\ufeff${JSON.stringify({
      team: { name: 'Acme', domain: 'acme' },
      bots: [{ name: 'helper', token: 'xoxb-helper' }],
      users: ['dora', { name: 'emil', realName: 'Emil E', presence: 'away' }],
      channels: ['lobby', { name: '#den', isPrivate: true, members: ['@dora', 'helper'], topic: 'quiet' }],
    })}`,
  );
  const run = new Run(t, ['--port', '0', '--seed', 'seed.json'], { cwd: folder });
  const slack = await run.started();
  assert.strictEqual(slack.token, 'xoxb-helper');
  assert.match(run.output, /^Acme runs here/m);
  const users = (await call(slack, 'users.list')).body.members.map(({ name }) => name);
  assert.deepStrictEqual(users, ['dora', 'emil', 'helper']);
  const types = 'public_channel,private_channel';
  const channels = (await call(slack, 'conversations.list', { types })).body.channels;
  assert.deepStrictEqual(
    channels.map(({ name }) => name),
    ['lobby', 'den'],
  );
});

test('--replay sends the frames of a file unchanged to the first bot', async (t) => {
  const folder = newFolder(t);
  const frames = ['{"type":"a","ts":"1.0"}', '{"type": "b", "text":"\\/é", "ts":"1.02"}'];
  fs.writeFileSync(path.join(folder, 'recorded.ndjson'), `${frames.join('\r\n\n')}\n`);
  const run = new Run(t, ['--port', '0', '--replay', 'recorded.ndjson'], { cwd: folder });
  const client = await Client.connect(await run.started());
  assert.deepStrictEqual([await client.nextText(), await client.nextText()], frames);
  await run.prints(/Replaying 2 frames …\nReplayed all frames\./);
});

test('--replay sends nothing to other bots', async (t) => {
  const folder = newFolder(t);
  const bots = [
    { name: 'one', token: 'xoxb-one' },
    { name: 'two', token: 'xoxb-two' },
  ];
  fs.writeFileSync(path.join(folder, 'seed.json'), JSON.stringify({ bots }));
  fs.writeFileSync(path.join(folder, 'recorded.ndjson'), '{"type":"a","ts":"1.0"}\n{"type":"b","ts":"1.5"}');
  const run = new Run(t, ['--port', '0', '--seed', 'seed.json', '--replay', 'recorded.ndjson'], { cwd: folder });
  const slack = await run.started();
  const first = await Client.connect(slack, { token: 'xoxb-two' });
  const other = await Client.connect(slack, { token: 'xoxb-one' });
  assert.deepStrictEqual([(await first.next()).type, (await first.next()).type], ['a', 'b']);
  await run.prints(/Replayed all frames\./);
  assert.strictEqual((await other.ask({ id: 1, type: 'ping' })).type, 'pong');
});

const notLinux = process.platform !== 'linux' && 'only on Linux is the opener a program that a test can stand in for';
test('--open opens the page in a browser', { skip: notLinux }, async (t) => {
  const folder = newFolder(t);
  const opener = '#!/bin/sh\necho "$1" > "$OPENED.part" && mv "$OPENED.part" "$OPENED"\n';
  fs.writeFileSync(path.join(folder, 'xdg-open'), opener, { mode: 0o755 });
  const opened = path.join(folder, 'opened');
  const watcher = fs.watch(folder);
  t.after(() => watcher.close());
  const env = { PATH: `${folder}:${process.env.PATH}`, OPENED: opened };
  const { page } = await new Run(t, ['--port', '0', '--open'], { env }).started();
  while (!fs.existsSync(opened)) await once(watcher, 'change');
  assert.strictEqual(fs.readFileSync(opened, 'utf8').trim(), page);

  const run = new Run(t, ['--port', '0', '--open'], { env: { PATH: folder.concat('/none') } });
  await run.prints(/Cannot open a browser: xdg-open is not installed/);
});

test('--host 0.0.0.0 gives each client a socket URL that it can reach', async (t) => {
  const slack = await new Run(t, ['--port', '0', '--host', '0.0.0.0']).started();
  assert.match(slack.apiUrl, /^http:\/\/127\.0\.0\.1:\d+\/api\/$/);
  const other = slack.apiUrl.replace('127.0.0.1', 'localhost');
  const { body } = await call({ ...slack, apiUrl: other }, 'rtm.connect');
  assert.strictEqual(new URL(body.url).host, new URL(other).host);
  assert.strictEqual((await new Client(body.url).next()).type, 'hello');
});

test('--host ::1 works', async (t) => {
  const run = new Run(t, ['--port', '0', '--host', '::1']);
  const first = await Promise.race([run.started(), run.ended]);
  if (!first.apiUrl) {
    assert.match(first.errors, /::1: not an address of this machine/);
    t.skip('this machine has no IPv6');
    return;
  }
  assert.match(first.apiUrl, /^http:\/\/\[::1\]:\d+\/api\/$/);
  (await Client.connect(first)).ws.close();
});

test('the command goes on when the reader of its output goes away', async (t) => {
  const folder = newFolder(t);
  fs.writeFileSync(path.join(folder, 'recorded.ndjson'), '{"type":"a"}\n');
  const run = new Run(t, ['--port', '0', '--replay', 'recorded.ndjson'], { cwd: folder });
  const slack = await run.started();
  run.child.stdout.destroy();
  const client = await Client.connect(slack); // which makes it print
  assert.strictEqual((await client.next()).type, 'a');
  assert.strictEqual((await client.ask({ type: 'ping', id: 1 })).reply_to, 1);
  client.ws.close();
  run.kill('SIGTERM');
  const { code, errors } = await run.ended;
  assert.deepStrictEqual([code, errors], [0, '']);
});

for (const { driver, node, env, skip } of dataDrivers) {
  test(`--data keeps tokens and messages, even after SIGKILL (${driver})`, { skip }, async (t) => {
    const folder = newFolder(t);
    const start = (...args) => new Run(t, ['--port', '0', '--data', 'kept.db', ...args], { node, env, cwd: folder });
    const first = start();
    const slack = await first.started();
    assert.strictEqual(first.errors, '', 'no warning');
    const channel = (await call(slack, 'conversations.list')).body.channels[0].id;
    const client = await Client.connect(slack);
    const acknowledged = [];
    for (let id = 1; acknowledged.length < 50; id += 1) {
      client.send({ type: 'message', id, channel, text: `number ${id}` });
      client.send({ type: 'message', id: ++id, channel, text: `number ${id}` });
      for (const reply of [await client.next(), await client.next()]) {
        assert.strictEqual(reply.ok, true);
        acknowledged.push([`${channel}:${reply.ts}`, reply.text]);
      }
    }
    client.send({ type: 'message', id: 1000, channel, text: 'perhaps' });
    first.kill('SIGKILL');
    assert.strictEqual((await first.ended).signal, 'SIGKILL');

    fs.writeFileSync(path.join(folder, 'seed.json'), '{"bots":[{"name":"other","token":"xoxb-other"}]}');
    const second = start('--seed', 'seed.json');
    assert.strictEqual((await second.started()).token, slack.token);
    assert.match(second.output, /kept\.db contains a workspace already; seed\.json is ignored/);
    const third = start();
    const { code, errors } = await third.ended;
    assert.match(errors, /^slack-rtm-workspace: kept\.db is already open, in this or another process\n$/);
    assert.strictEqual(code, 1);
    second.kill('SIGTERM');
    assert.strictEqual((await second.ended).code, 0);
    assert.deepStrictEqual(fs.readdirSync(folder).sort(), ['kept.db', 'seed.json'], 'nothing is left beside it');

    const script = `
      const { openStore } = require(${JSON.stringify(require.resolve('../lib/store'))});
      const messages = openStore('kept.db').load().filter(({ kind }) => kind === 'message');
      console.log(JSON.stringify(messages.map(({ id, value }) => [id, value.text])));
    `;
    const kept = JSON.parse(execFileSync(node, ['-e', script], { cwd: folder, env: { ...process.env, ...env } }));
    assert.deepStrictEqual(kept.slice(0, acknowledged.length), acknowledged);
    assert.ok(kept.length <= acknowledged.length + 1);
  });

  test(`--data refuses a file that is not a database, and does not change it (${driver})`, { skip }, async (t) => {
    const folder = newFolder(t);
    fs.writeFileSync(path.join(folder, 'notes.txt'), 'my notes\n');
    const { code, errors } = await new Run(t, ['--port', '0', '--data', 'notes.txt'], { node, env, cwd: folder }).ended;
    assert.deepStrictEqual([code, errors], [1, 'slack-rtm-workspace: notes.txt is not a database\n']);
    assert.strictEqual(fs.readFileSync(path.join(folder, 'notes.txt'), 'utf8'), 'my notes\n');
  });
}
