// Rate limits, floods, and clients that do not read.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

test("rateLimit refuses the next call with 429 and the next message with RTM's error", async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.faults.rateLimit({ retryAfter: 7 });
  const limited = await call(slack, 'api.test');
  assert.deepStrictEqual([limited.status, limited.body], [429, { ok: false, error: 'ratelimited' }]);
  assert.strictEqual(limited.headers.get('retry-after'), '7');
  assert.strictEqual((await call(slack, 'api.test')).status, 200);
  const channel = slack.channel('general').id;
  const error = { code: -1, msg: 'slow down, too many messages...' };
  const frame = { id: 1, type: 'message', channel, text: 'x' };
  assert.deepStrictEqual(await client.ask(frame), { ok: false, reply_to: 1, error });
  assert.strictEqual((await client.ask({ ...frame, id: 2 })).ok, true);
  assert.strictEqual(slack.messages('#general').length, 1);
});

test('rateLimit can be limited to a method, to a number of calls or to messages, and cleared', async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.rateLimit({ method: 'chat.postMessage', calls: 2, messages: 0 });
  const status = async (method) => (await call(slack, method)).status;
  assert.strictEqual(await status('rtm.connect'), 200);
  assert.strictEqual(await status('chat.postMessage'), 429);
  assert.strictEqual(await status('api.test'), 200);
  assert.strictEqual(await status('chat.postMessage'), 429);
  assert.strictEqual(await status('chat.postMessage'), 200);
  slack.faults.rateLimit({ calls: Infinity, messages: Infinity });
  assert.strictEqual(await status('auth.test'), 429);
  slack.faults.clear();
  assert.strictEqual(await status('auth.test'), 200);
  const client = await Client.connect(slack);
  const frame = { id: 2, type: 'message', channel: slack.channel('general').id, text: 'x' };
  assert.strictEqual((await client.ask(frame)).ok, true);
  assert.throws(() => slack.faults.rateLimit({ retryAfter: -1 }), /retryAfter must be a number, 0 or more, not -1/);
});

test('flood sends the given number of messages without keeping them', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const options = { count: 2500, perSecond: 1e6, channel: '#random', user: 'bob', text: (n) => `drop ${n}` };
  const [channel, user] = [slack.channel('random').id, slack.user('bob').id];
  const sent = slack.faults.flood(options);
  for (let n = 0; n < 2500; n += 1) {
    const event = await client.next();
    assert.deepStrictEqual([event.text, event.channel, event.user], [`drop ${n}`, channel, user]);
  }
  assert.strictEqual(await sent, 2500);
  assert.deepStrictEqual(slack.messages('#random'), []);
});

test('a flood keeps its rate, waits for slow clients, and can be ended', async (t) => {
  const slack = await startWorkspace(t);
  const started = performance.now();
  assert.strictEqual(await slack.faults.flood({ count: 20, perSecond: 400 }), 20);
  assert.ok(performance.now() - started >= 35, 'twenty at 400 a second');
  const client = await Client.connect(slack);
  client.ws.pause();
  const text = () => 'x'.repeat(100_000);
  const endless = slack.faults.flood({ count: Infinity, perSecond: 1000, text });
  for (let i = 0; i < 5; i += 1) await call(slack, 'api.test');
  slack.faults.clear();
  client.ws.resume();
  assert.ok((await endless) < 1000);
  const atEnd = slack.faults.flood({ count: Infinity, perSecond: 1 });
  await slack.close();
  assert.ok((await atEnd) <= 1);
  await assert.rejects(slack.faults.flood({ perSecond: 0 }), /perSecond must be above 0/);
});

test('only a client that leaves 128 MB unread is dropped', async (t) => {
  const slack = await startWorkspace(t);
  const stuck = await Client.connect(slack);
  stuck.ws.pause();
  const [connection] = slack.connections;
  const frame = Buffer.alloc(16 * 1024 * 1024);
  let sent = 0;
  while (slack.emit(frame, { to: connection }) === 1) sent += 1;
  assert.ok(sent >= 8 && sent < 12, `${sent} frames`);
  assert.strictEqual((await connection.closed).code, 1006);
  stuck.ws.terminate();
  assert.strictEqual((await (await Client.connect(slack)).ask({ id: 1, type: 'ping' })).type, 'pong');
});
