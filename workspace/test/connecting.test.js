'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const WebSocket = require('ws');
const { startWorkspace, call, Client, refusedStatus } = require('./support');

test('rtm.connect returns the bot, the team and the URL of a socket that sends hello', async (t) => {
  const slack = await startWorkspace(t);
  const { status, headers, body } = await call(slack, 'rtm.connect');
  assert.strictEqual(status, 200);
  assert.strictEqual(headers.get('content-type'), 'application/json; charset=utf-8');
  assert.strictEqual(headers.get('x-oauth-scopes'), 'identify,bot');
  assert.strictEqual(headers.get('x-accepted-oauth-scopes'), 'rtm:stream,client');
  assert.deepStrictEqual(Object.keys(body), ['ok', 'url', 'team', 'self']);
  assert.deepStrictEqual(body.self, { id: slack.bot.id, name: 'robot' });
  assert.deepStrictEqual(body.team, { ...slack.team });
  const client = new Client(body.url);
  assert.strictEqual((await client.next()).type, 'hello');
});

test('a port, a team, bots, users and channels can be chosen', async (t) => {
  const first = await startWorkspace(t, {
    team: { name: 'Acme', domain: 'acme' },
    bots: [{ name: 'helper', token: 'xoxb-fixed' }, 'second'],
    users: [{ name: '@dora', id: 'UDORA', realName: 'Dora D', presence: 'away' }],
    channels: ['#general', { name: 'secret', isPrivate: true, members: ['dora', 'helper'], topic: 'hush' }],
  });
  assert.strictEqual(first.token, 'xoxb-fixed');
  assert.deepStrictEqual(first.team, { ...first.team, name: 'Acme', domain: 'acme' });
  assert.deepStrictEqual(
    first.users.map((user) => user.name),
    ['dora', 'helper', 'second'],
  );
  assert.strictEqual(first.user('UDORA').presence, 'away');
  assert.strictEqual(first.user('dora').realName, 'Dora D');
  assert.strictEqual(first.channel('#secret').members.size, 2);
  assert.strictEqual(first.channel('general').members.size, 3);
  const { port } = new URL(first.apiUrl);
  await first.close();
  const again = await startWorkspace(t, { port: Number(port) });
  assert.strictEqual(again.apiUrl, `http://127.0.0.1:${port}/api/`);
  await assert.rejects(startWorkspace(t, { port: Number(port) }), { code: 'EADDRINUSE' });
});

test('the error for an invalid option names the value', async (t) => {
  await assert.rejects(startWorkspace(t, { users: ['ann', '@ann'] }), /user @ann already exists/);
  await assert.rejects(startWorkspace(t, { channels: [''] }), /a name must be a non-empty string, not ""/);
  const strange = { channels: [{ name: 'a', members: ['zed'] }] };
  await assert.rejects(startWorkspace(t, strange), /unknown user "zed"; known users: @ann/);
  await assert.rejects(startWorkspace(t, { bots: [] }), /bots/);
  await assert.rejects(startWorkspace(t, { ticketLifetime: -1 }), /ticketLifetime must be a number, 0 or more, not -1/);
});

test('a socket URL can be used once', async (t) => {
  const slack = await startWorkspace(t);
  const { body } = await call(slack, 'rtm.connect');
  const client = new Client(body.url);
  await client.next();
  assert.strictEqual(await refusedStatus(body.url), 404);
  assert.strictEqual(slack.connections.length, 1);
});

test('a socket URL expires', async (t) => {
  const slack = await startWorkspace(t, { ticketLifetime: 0 });
  const { body } = await call(slack, 'rtm.connect');
  assert.strictEqual(await refusedStatus(body.url), 404);
});

test('a socket URL cannot be guessed', async (t) => {
  const slack = await startWorkspace(t);
  const urls = await Promise.all([call(slack, 'rtm.connect'), call(slack, 'rtm.connect')]);
  const [one, other] = urls.map(({ body }) => new URL(body.url));
  assert.notStrictEqual(one.pathname, other.pathname);
  assert.ok(one.pathname.split('/').at(-1).length >= 43, 'the ticket has 256 bits');
  for (const path of ['/websocket/', '/websocket/x', '/', '/api/rtm.connect', '/websocket/__proto__']) {
    assert.strictEqual(await refusedStatus(`ws://${one.host}${path}`), 404, path);
  }
});

test('several clients of several bots are connected at once', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  assert.notStrictEqual(second.token, slack.token);
  await Client.connect(slack);
  await Client.connect(slack);
  await Client.connect(slack, { token: second.token });
  const open = slack.connections.map(({ id, bot }) => `${id} ${bot.name}`);
  assert.deepStrictEqual(open, ['1 robot', '2 robot', '3 second']);
});

test('events between rtm.connect and the opening of the socket come after hello', async (t) => {
  const slack = await startWorkspace(t);
  const { body } = await call(slack, 'rtm.connect');
  const { ts } = slack.user('ann').say('#general', 'early');
  const client = new Client(body.url);
  assert.strictEqual((await client.next()).type, 'hello');
  assert.strictEqual((await client.next()).ts, ts);
});

test('WebSocket pings are answered', async (t) => {
  const slack = await startWorkspace(t);
  const { ws } = await Client.connect(slack);
  const pong = new Promise((resolve) => {
    ws.once('pong', (data) => resolve(data.toString()));
  });
  ws.ping('are you there');
  assert.strictEqual(await pong, 'are you there');
  assert.strictEqual(ws.readyState, WebSocket.OPEN);
});
