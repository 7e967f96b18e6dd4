'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { startWorkspace, call, Client, refusedStatus } = require('./support');

test('drop destroys sockets without a close frame', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const client = await Client.connect(slack);
  const other = await Client.connect(slack, { token: second.token });
  assert.strictEqual(slack.faults.drop({ to: slack.bot }), 1);
  assert.strictEqual((await client.closed).code, 1006);
  assert.strictEqual((await other.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('a frame that was sent before a drop still arrives', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.emit({ type: 'last words' });
  slack.faults.drop();
  assert.strictEqual((await client.next()).type, 'last words');
  assert.strictEqual((await client.closed).code, 1006);
});

test('close sends a close frame', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  assert.strictEqual(slack.faults.close(4321, 'because'), 1);
  assert.deepStrictEqual(await client.closed, { code: 4321, reason: 'because' });
  await Client.connect(slack);
  assert.throws(() => slack.faults.close(1006), TypeError, 'a code that no close frame may bear');
});

test('silence makes the connection half-open', async (t) => {
  const slack = await startWorkspace(t);
  const quiet = await Client.connect(slack);
  assert.strictEqual(slack.faults.silence(), 1);
  const later = await Client.connect(slack);
  let pong = 0;
  quiet.ws.on('pong', () => {
    pong += 1;
  });
  quiet.ws.ping();
  quiet.send({ id: 1, type: 'ping' });
  slack.user('ann').say('#general', 'lost');
  assert.strictEqual(slack.emit({ type: 'also lost' }), 1, 'only the later connection');
  assert.strictEqual((await later.next()).text, 'lost');
  assert.strictEqual((await later.next()).type, 'also lost');
  for (let id = 1; id <= 10; id += 1) await later.ask({ id, type: 'ping' });
  assert.strictEqual(quiet.texts.length, 1, 'hello alone');
  assert.strictEqual(pong, 0);
  assert.strictEqual(slack.connections.length, 2);
  slack.faults.silence(false);
  assert.strictEqual((await quiet.next()).reply_to, 1, 'what it sent meanwhile is handled');
  assert.strictEqual(pong, 1);
});

test('a half-open connection does not answer a close frame, and the workspace notices its end', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const [connection] = slack.connections;
  slack.faults.silence();
  client.ws.close(1000);
  const { body } = await call(slack, 'api.test');
  assert.strictEqual(body.ok, true);
  assert.strictEqual(client.ws.readyState, client.ws.CLOSING);
  client.ws.terminate();
  assert.strictEqual((await connection.closed).code, 1006);
});

test('delayReplies delays replies, but not events', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.faults.delayReplies(30);
  const started = performance.now();
  client.send({ id: 1, type: 'ping' });
  client.send({ id: 2, type: 'message', channel: slack.channel('general').id, text: 'x' });
  await slack.nextMessage();
  slack.user('ann').say('#general', 'on time');
  assert.strictEqual((await client.next()).text, 'on time');
  assert.strictEqual((await client.next()).reply_to, 1);
  assert.strictEqual((await client.next()).reply_to, 2);
  assert.ok(performance.now() - started >= 29);
  slack.faults.delayReplies(0);
  assert.strictEqual((await client.ask({ id: 3, type: 'ping' })).reply_to, 3);
  assert.throws(() => slack.faults.delayReplies('1'), /ms must be a number, 0 or more, not 1/);
});

test('refuseConnect answers the next connect calls with the given responses, in order', async (t) => {
  const slack = await startWorkspace(t);
  const { faults } = slack;
  faults.refuseConnect({ error: 'invalid_auth', needed: 'é/' }, 2);
  faults.refuseConnect({ status: 429, headers: { 'retry-after': '7' }, body: { ok: false, error: 'ratelimited' } });
  faults.refuseConnect({ status: 200 });
  faults.refuseConnect({ html: '<h1>502</h1>' });
  assert.strictEqual((await call(slack, 'auth.test')).body.ok, true, 'other methods are not meant');
  for (const method of ['rtm.connect', 'rtm.start']) {
    const { status, text } = await call(slack, method);
    assert.deepStrictEqual([status, text], [200, '{"ok":false,"error":"invalid_auth","needed":"\\u00e9\\/"}']);
  }
  const limited = await call(slack, 'rtm.connect');
  assert.deepStrictEqual([limited.status, limited.body.error], [429, 'ratelimited']);
  assert.strictEqual(limited.headers.get('retry-after'), '7');
  const empty = await fetch(`${slack.apiUrl}rtm.connect`);
  assert.deepStrictEqual([empty.status, await empty.text()], [200, '']);
  const page = await fetch(`${slack.apiUrl}rtm.connect`);
  assert.deepStrictEqual([page.status, await page.text()], [200, '<h1>502</h1>']);
  assert.strictEqual(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.strictEqual((await call(slack, 'rtm.connect')).body.ok, true);
  assert.strictEqual(slack.requests.filter(({ method }) => method.startsWith('rtm.')).length, 6, 'all are logged');
  assert.throws(() => faults.refuseConnect({}), /response must have one of error, status, html, drop, hang/);
  assert.throws(() => faults.refuseConnect({ error: 'x' }, -1), /times must be a number, 0 or more, not -1/);
});

test('refuseConnect can leave the call without a response', async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.refuseConnect({ drop: true });
  await assert.rejects(fetch(`${slack.apiUrl}rtm.connect`), TypeError);
  slack.faults.refuseConnect({ hang: true });
  const abort = new AbortController();
  const hanging = fetch(`${slack.apiUrl}rtm.connect`, { signal: abort.signal });
  await slack.nextRequest();
  await slack.nextRequest();
  abort.abort();
  await assert.rejects(hanging, { name: 'AbortError' });
});

test('refuseSocket refuses the next upgrades with a status', async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.refuseSocket(503, 1);
  slack.faults.refuseSocket(401, 1);
  const { body } = await call(slack, 'rtm.connect');
  assert.strictEqual(await refusedStatus(body.url), 503);
  assert.strictEqual(await refusedStatus(body.url), 401);
  const client = new Client(body.url);
  assert.strictEqual((await client.next()).type, 'hello', 'a refused upgrade does not use up the URL');
  assert.throws(() => slack.faults.refuseSocket(101), /status must be a number from 200 to 599, not 101/);
});

test('holdHello holds back hello and the events after it', async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.holdHello();
  const client = await Client.open(slack);
  await slack.nextConnection();
  slack.user('ann').say('#general', 'after hello');
  slack.emit({ type: 'at once' });
  assert.strictEqual((await client.next()).type, 'at once');
  slack.faults.holdHello(false);
  assert.strictEqual((await client.next()).type, 'hello');
  assert.strictEqual((await client.next()).text, 'after hello');
  await Client.connect(slack);
});

test('goodbye is sent before the close frame', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const client = await Client.connect(slack);
  const other = await Client.connect(slack, { token: second.token });
  assert.strictEqual(slack.faults.goodbye({ closeAfter: 30, to: slack.bot }), 1);
  assert.deepStrictEqual(await client.next(), { type: 'goodbye' });
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong', 'until then all goes on');
  assert.strictEqual((await client.closed).code, 1000);
  assert.strictEqual((await other.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('a connection that the client closes is not closed again by an earlier goodbye', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const [connection] = slack.connections;
  slack.faults.goodbye({ closeAfter: 1e9 });
  client.ws.close(4000);
  assert.strictEqual((await connection.closed).code, 4000);
});

test('migrate sends team_migration_started, closes, and refuses the next connect calls', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  assert.strictEqual(slack.faults.migrate({ refusals: 2 }), 1);
  assert.deepStrictEqual(await client.next(), { type: 'team_migration_started' });
  assert.strictEqual((await client.closed).code, 1000);
  for (let i = 0; i < 2; i += 1) {
    assert.strictEqual((await call(slack, 'rtm.connect')).body.error, 'migration_in_progress');
  }
  await Client.connect(slack);
});

test('clear ends all faults', async (t) => {
  const slack = await startWorkspace(t);
  const { faults } = slack;
  const client = await Client.connect(slack);
  faults.silence();
  faults.delayReplies(1e9);
  faults.refuseConnect({ error: 'fatal_error' }, Infinity);
  faults.refuseSocket(503, Infinity);
  faults.holdHello();
  assert.strictEqual((await call(slack, 'rtm.connect')).body.error, 'fatal_error');
  faults.clear();
  await Client.connect(slack);
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('a dropped connection cancels its delayed replies', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.faults.delayReplies(1e6);
  client.send({ id: 1, type: 'ping' });
  await slack.nextFrame();
  slack.faults.drop();
  await once(client.ws, 'close');
});

test('a delayed reply that cannot be written as JSON does not end the process', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.faults.delayReplies(5);
  const depth = 8000;
  client.send(`{"id":1,"type":"ping","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.strictEqual((await client.next()).reply_to, 1);
  assert.strictEqual((await client.ask({ id: 2, type: 'ping' })).reply_to, 2);
});

test('a flood ends on clear() even if a client has stopped reading', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  client.ws.pause();
  const count = 1e6;
  const flood = slack.faults.flood({ count, perSecond: 1e6, text: () => 'x'.repeat(10_000) });
  const { bot } = slack;
  while (!slack.connections[0].drained()) await new Promise(setImmediate);
  slack.faults.clear();
  assert.ok((await flood) < count);
  assert.deepStrictEqual(
    slack.connections.map((connection) => connection.bot),
    [bot],
    'it is still there',
  );
});
