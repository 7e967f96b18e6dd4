'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

/** Posts a message as a client, and returns the reply. */
async function post(client, channel, text) {
  return client.ask({ id: 1, type: 'message', channel: channel.id, text });
}

test('nextMessage returns messages of clients once each, oldest first', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const general = slack.channel('#general');
  slack.user('ann').say('#general', 'not from a client');
  await client.next();
  const { ts } = await post(client, general, 'one');
  await call(slack, 'chat.postMessage', { channel: general.id, text: 'two' });
  assert.strictEqual((await slack.nextMessage()).ts, ts);
  assert.strictEqual((await slack.nextMessage()).text, 'two');
  await assert.rejects(slack.nextMessage({ timeout: 0 }), { name: 'TimeoutError' });
});

test('nextMessage waits, and filters by bot, channel and text', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const [one, two] = [await Client.connect(slack), await Client.connect(slack, { token: second.token })];
  const waits = [
    slack.nextMessage({ from: second, in: '#general' }),
    slack.nextMessage({ from: slack.bot, in: '@ann' }),
    slack.nextMessage({ in: slack.channel('random'), text: /^b/ }),
    slack.nextMessage({ text: 'exactly', timeout: Infinity }),
  ];
  await post(one, slack.channel('random'), 'a');
  await post(one, slack.channel('random'), 'b');
  await post(one, slack.im('ann'), 'c');
  await post(one, slack.channel('general'), 'exactly');
  await post(two, slack.channel('general'), 'd');
  assert.deepStrictEqual(
    (await Promise.all(waits)).map((message) => message.text),
    ['d', 'c', 'b', 'exactly'],
  );
  assert.strictEqual((await slack.nextMessage()).text, 'a', 'what did not match is still there');
});

test('a timeout error says what was awaited, what happened instead, and where the test waits', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  await post(client, slack.channel('random'), 'elsewhere');
  const wait = slack.nextMessage({ from: 'robot', in: '#general', text: /x/, timeout: 1 });
  const error = await wait.catch((reason) => reason);
  assert.strictEqual(error.name, 'TimeoutError');
  assert.strictEqual(
    error.message,
    'no message from @robot in #general with the text /x/ within 1 ms; seen instead: @robot in #random: "elsewhere"',
  );
  assert.match(error.stack, /waiting\.test\.js/);
  await assert.rejects(slack.nextConnection({ bot: slack.addBot('idle'), timeout: 1 }), {
    message: 'no connection of @idle within 1 ms; seen instead: #1 of @robot',
  });
  const noPing = /no ping frame within 1 ms; seen instead: @robot: "\{/;
  await assert.rejects(slack.nextFrame({ type: 'ping', timeout: 1 }), noPing);
  const noStart = /no rtm.start request within 1 ms; seen instead: rtm.connect/;
  await assert.rejects(slack.nextRequest({ method: 'rtm.start', timeout: 1 }), noStart);
});

test('an invalid filter or timeout is refused', async (t) => {
  const slack = await startWorkspace(t);
  assert.throws(() => slack.nextMessage({ from: 'zed' }), /unknown user "zed"/);
  assert.throws(() => slack.nextMessage({ in: '#zoo' }), /unknown channel "#zoo"/);
  assert.throws(() => slack.nextMessage({ timeout: -1 }), /timeout must be a number of ms, 0 or more, not -1/);
});

test('a test can await a connection and its end', async (t) => {
  const slack = await startWorkspace(t);
  const waiting = slack.nextConnection({ bot: slack.bot });
  const before = Date.now();
  const client = await Client.connect(slack);
  const connection = await waiting;
  assert.strictEqual(connection.bot, slack.bot);
  assert.ok(connection.connectedAt >= before && connection.connectedAt <= Date.now());
  assert.deepStrictEqual(slack.connections, [connection]);
  client.ws.close(4000, 'enough');
  assert.deepStrictEqual(await connection.closed, { code: 4000, reason: 'enough' });
  assert.deepStrictEqual(slack.connections, []);
});

test('Web API calls are recorded without secrets', async (t) => {
  const slack = await startWorkspace(t);
  await Client.connect(slack, { batch_presence_aware: 1 });
  await call(slack, 'rtm.connect', { token: 'xoxb-in-the-body' }, '');
  const [first, second] = slack.requests;
  assert.strictEqual(slack.requests.length, 2);
  assert.deepStrictEqual([first.method, first.bot], ['rtm.connect', slack.bot]);
  assert.deepStrictEqual({ ...first.params }, { batch_presence_aware: '1' });
  assert.match(first.headers['content-type'], /urlencoded/);
  assert.strictEqual(second.bot, undefined);
  const logged = JSON.stringify(slack.requests.map(({ bot, ...rest }) => rest));
  assert.ok(!logged.includes('xoxb-'), logged);
  assert.strictEqual(await slack.nextRequest({ method: 'rtm.connect' }), first);
});

test('frames of clients are recorded and can be awaited', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  client.send('rubbish');
  client.send(Buffer.from('{"type":"ping"}'));
  const ping = await slack.nextFrame({ type: 'ping', from: slack.bot });
  assert.ok(Buffer.isBuffer(ping.data));
  assert.deepStrictEqual(ping.frame, { type: 'ping' });
  assert.strictEqual(ping.connection, slack.connections[0]);
  assert.deepStrictEqual(
    slack.received.map(({ data, frame }) => [data.toString(), frame]),
    [
      ['rubbish', undefined],
      ['{"type":"ping"}', { type: 'ping' }],
    ],
  );
});

test('slack.events emits everything as it happens', async (t) => {
  const slack = await startWorkspace(t);
  const seen = [];
  const names = ['request', 'connection', 'sent', 'received', 'message', 'typing', 'presence', 'disconnection'];
  for (const name of names) slack.events.on(name, () => seen.push(name));
  const client = await Client.connect(slack);
  await post(client, slack.channel('general'), 'x');
  slack.user('ann').typing('general');
  slack.user('ann').setPresence('away');
  client.ws.close();
  await slack.connections[0].closed;
  assert.deepStrictEqual([...new Set(seen)].sort(), names.sort());
});

test('only the last of very large calls are kept', async (t) => {
  const slack = await startWorkspace(t);
  await call(slack, 'auth.test');
  for (let index = 0; index < 12; index += 1) await call(slack, 'api.test', { index, text: 'x'.repeat(9_000_000) });
  const { requests } = slack;
  assert.strictEqual(requests[0].method, 'auth.test', 'small ones stay');
  assert.deepStrictEqual(
    requests.slice(1).map(({ params }) => params.index),
    [...Array(11).keys()].map((n) => `${n + 1}`),
  );
  assert.strictEqual((await slack.nextRequest({ method: 'api.test' })).params.index, '1');
});
