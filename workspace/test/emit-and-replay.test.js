'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

test('emit sends objects as escaped JSON, strings as they are, and Buffers as binary frames', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  assert.strictEqual(slack.emit({ type: 'x', text: '/é' }), 1);
  slack.emit('{ "type" : "é/" }');
  slack.emit('not JSON');
  slack.emit(Buffer.from([1, 2, 255]));
  assert.strictEqual(await client.nextText(), '{"type":"x","text":"\\/\\u00e9"}');
  assert.strictEqual(await client.nextText(), '{ "type" : "é/" }');
  assert.strictEqual(await client.nextText(), 'not JSON');
  assert.deepStrictEqual(await client.nextText(), Buffer.from([1, 2, 255]));
  assert.throws(() => slack.emit(() => {}), /cannot be sent as JSON: function/);
});

test('emit sends to all connections, to a bot, or to one connection', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  assert.strictEqual(slack.emit({ type: 'x' }), 0);
  await Client.connect(slack);
  await Client.connect(slack);
  await Client.connect(slack, { token: second.token });
  assert.strictEqual(slack.emit({ type: 'x' }), 3);
  assert.strictEqual(slack.emit({ type: 'x' }, { to: 'robot' }), 2);
  assert.strictEqual(slack.emit({ type: 'x' }, { to: second }), 1);
  assert.strictEqual(slack.emit({ type: 'x' }, { to: slack.connections[1] }), 1);
  assert.throws(() => slack.emit({ type: 'x' }, { to: 'zed' }), /unknown user "zed"/);
});

test('replay sends every line unchanged and in order', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const lines = ['{"type":"a","n":1.0}', '{"type":"b","text":"\\u00e9\\/"}', '{}'];
  assert.strictEqual(await slack.replay(`${lines.join('\n')}\n\n`), 3);
  for (const line of lines) assert.strictEqual(await client.nextText(), line);
  assert.strictEqual(await slack.replay([{ type: 'c' }, '{"type":"d"}'], { to: slack.bot }), 2);
  assert.strictEqual((await client.next()).type, 'c');
  assert.strictEqual((await client.next()).type, 'd');
});

test('replay goes no faster than the client reads', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const frame = JSON.stringify({ type: 'x', text: 'y'.repeat(100_000) });
  const total = 500;
  client.ws.pause();
  let done = false;
  const replaying = slack.replay(Array(total).fill(frame)).then((count) => {
    done = true;
    return count;
  });
  // The frames are far larger than the buffers of the sockets, so the replay must wait.
  for (let i = 0; i < 10; i += 1) await call(slack, 'api.test');
  assert.strictEqual(done, false);
  client.ws.resume();
  assert.strictEqual(await replaying, total);
  for (let i = 0; i < total; i += 1) await client.nextText();
});

test('replay keeps the recorded pace, multiplied by the speed', async (t) => {
  const slack = await startWorkspace(t);
  await Client.connect(slack);
  const started = performance.now();
  const frames = [{ ts: '100.0' }, { type: 'no time' }, { event_ts: '104.0', ts: '1.0' }, { ts: '103.0' }];
  assert.strictEqual(await slack.replay(frames, { speed: 100 }), 4);
  const byStamps = performance.now() - started;
  assert.ok(byStamps >= 38, `4 s a hundred times faster took ${byStamps} ms`);
  assert.strictEqual(await slack.replay(frames, { speed: 1, times: [0, 0.01, 0.02, 5000], maxPause: 15 }), 4);
  assert.ok(performance.now() - started - byStamps >= 33);
});

test('replay needs a connection, and ends with the last one', async (t) => {
  const slack = await startWorkspace(t);
  await assert.rejects(slack.replay('{}'), /cannot replay: no client is connected/);
  const client = await Client.connect(slack);
  await assert.rejects(slack.replay('{}', { speed: 0 }), /speed must be a number above 0, not 0/);
  const [connection] = slack.connections;
  const replaying = slack.replay([{}, {}, {}], { speed: 1, times: [0, 0, 0.05] });
  await client.next();
  await client.next();
  slack.faults.drop();
  await connection.closed;
  assert.strictEqual(await replaying, 2);
});
