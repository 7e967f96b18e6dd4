'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { startWorkspace, call, read, Client } = require('./support');

const NOT_PROCESSED = { code: 4, msg: 'cannot process message' };

/** Random numbers from 0 to 1, the same on every run. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Whether this version of Node.js can write a value as JSON. Up to 24 it cannot write deeply nested ones, 26 can. */
function isWritable(value) {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

/** Sends bytes to the server, and returns all bytes that it sends until it closes the socket. */
async function exchange(slack, bytes) {
  const socket = net.connect(Number(new URL(slack.apiUrl).port), '127.0.0.1');
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

test('a frame that is not a JSON object gets an error event, and the connection stays open', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  for (const frame of ['', '{', 'null', '5', '[]', '"x"', '\u0000', Buffer.from([0xff, 0x00, 0x80])]) {
    assert.deepStrictEqual(await client.ask(frame), { type: 'error', error: NOT_PROCESSED });
  }
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('a frame of an unknown type gets an error reply', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  for (const type of ['rubbish', 'constructor', '__proto__', 5, null, undefined, ['ping']]) {
    assert.deepStrictEqual(await client.ask({ id: 6, type }), { ok: false, reply_to: 6, error: NOT_PROCESSED });
  }
});

test('a binary frame with JSON is handled like a text frame', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  assert.strictEqual((await client.ask(Buffer.from('{"id":1,"type":"ping"}'))).type, 'pong');
});

test('a deeply nested frame of the maximum size does no harm', async (t) => {
  const slack = await startWorkspace(t, { maxFrameBytes: 10_000_000 });
  const client = await Client.connect(slack);
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  const { type, ok, error } = await client.ask(`{"id":1,"type":"ping","deep":${deep}}`);
  const outcome = isWritable(JSON.parse(deep))
    ? { type: 'pong', ok: undefined, error: undefined }
    : { type: undefined, ok: false, error: NOT_PROCESSED };
  assert.deepStrictEqual({ type, ok, error }, outcome);
  assert.deepStrictEqual(await client.ask({ id: 2, type: 'ping' }), { type: 'pong', reply_to: 2 });
});

test('a frame above 16 kB, invalid UTF-8 and invalid WebSocket bytes close the connection with the matching code', async (t) => {
  const slack = await startWorkspace(t);
  const long = await Client.connect(slack);
  long.send({ id: 1, type: 'message', text: 'x'.repeat(16_384) });
  assert.strictEqual((await long.closed).code, 1009);
  const garbled = await Client.connect(slack);
  garbled.ws.send(Buffer.from([0xff]), { binary: false });
  assert.strictEqual((await garbled.closed).code, 1007);
  const rubbish = await Client.connect(slack);
  const [connection] = slack.connections;
  rubbish.ws._socket.write(Buffer.alloc(64, 0xff));
  assert.strictEqual((await rubbish.closed).code, 1002);
  await connection.closed;
  assert.strictEqual(slack.connections.length, 0);
});

test('requests that are not HTTP, and invalid upgrade requests, get a 4xx', async (t) => {
  const slack = await startWorkspace(t);
  const { body } = await call(slack, 'rtm.connect');
  const { pathname } = new URL(body.url);
  assert.match(await exchange(slack, '\u0016\u0003\u0001rubbish\r\n\r\n'), /^HTTP\/1.1 400 /);
  const upgrade = (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  assert.match(await exchange(slack, upgrade(pathname)), /^HTTP\/1.1 400 /);
  assert.match(await exchange(slack, upgrade('/%ff%00//')), /^HTTP\/1.1 404 /);
  const odd = 'GET //%ff?%zz=%=&&& HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  assert.match(await exchange(slack, odd), /^HTTP\/1.1 404 /);
  assert.strictEqual((await call(slack, 'auth.test')).body.ok, true);
});

test('a JSON body that is nested too deeply to be sent back gives internal_error without a stack trace', async (t) => {
  const slack = await startWorkspace(t);
  const deep = `{"deep":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${slack.apiUrl}api.test`, { method: 'POST', headers, body: deep });
  assert.deepStrictEqual((await read(response)).body, { ok: false, error: 'internal_error' });
});

test('a body above 10 MB gets 413, and the connection is closed', async (t) => {
  const slack = await startWorkspace(t);
  const post = async (headers, size) => {
    const request = http.request(`${slack.apiUrl}api.test`, { method: 'POST', headers });
    request.on('error', () => {});
    request.write(Buffer.alloc(size, 'x'));
    if (size > 0) request.end();
    const [response] = await once(request, 'response');
    assert.strictEqual(response.statusCode, 413);
    assert.strictEqual(response.headers.connection, 'close');
    response.resume();
    await once(response, 'close');
  };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  await post({ ...form, 'transfer-encoding': 'chunked' }, 10_000_001);
  await post({ ...form, 'content-length': 10_000_001 }, 10_000_001);
  const largest = `x=${'y'.repeat(9_999_998)}`;
  const response = await fetch(`${slack.apiUrl}api.test`, { method: 'POST', headers: form, body: largest });
  assert.strictEqual(response.status, 200);
});

test('random frames and requests do no harm', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const random = randomNumbers(1);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const bytes = () => Buffer.from(Array.from({ length: random() * 40 }, () => random() * 256));
  const ids = [slack.channel('general').id, slack.user('ann').id, slack.im('ann').id];
  const value = () => pick([undefined, null, true, -1, 1e21, '', '\ud800', [], {}, [ids], bytes().toString(), ...ids]);
  const types = ['ping', 'message', 'typing', 'presence_sub', 'presence_query', 'hello'];
  for (let i = 0; i < 2000; i += 1) {
    const frame = { type: pick(types), id: value(), channel: value(), text: value(), ids: value(), thread_ts: value() };
    client.send(random() < 0.2 ? bytes() : frame);
  }
  const fields = ['token', 'channel', 'text', 'types', 'limit', 'cursor', 'blocks', 'error', '__proto__'];
  for (let i = 0; i < 200; i += 1) {
    const method = pick(['rtm.connect', 'rtm.start', 'chat.postMessage', 'users.list', 'conversations.list', 'x']);
    const params = Object.fromEntries(fields.map((name) => [name, value()]));
    const body = pick([JSON.stringify({ ...params, token: slack.token }), bytes()]);
    const type = pick(['application/json', 'application/x-www-form-urlencoded', 'a/b', '%']);
    const response = await fetch(slack.apiUrl + method, { method: 'POST', headers: { 'content-type': type }, body });
    const result = (await read(response)).body;
    assert.strictEqual(typeof result.ok, 'boolean');
    assert.notStrictEqual(result.error, 'internal_error', `${method} ${body}`);
    assert.notStrictEqual(response.status, 500);
  }
  client.send({ id: 'the end', type: 'ping' });
  let last;
  do last = await client.next();
  while (last.reply_to !== 'the end');
  for (const text of client.texts) assert.doesNotMatch(text, /\.js:\d/, 'no stack trace');
});

test('a client that disconnects in the middle of a body does no harm', async (t) => {
  const slack = await startWorkspace(t);
  const socket = net.connect(Number(new URL(slack.apiUrl).port), '127.0.0.1');
  socket.write('POST /api/api.test HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
  assert.strictEqual((await call(slack, 'api.test')).body.ok, true);
});
