// Property tests with random frames and requests: responses are Slack's envelope or a 4xx, frames get replies, and no
// stack trace is sent.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const fc = require('fast-check');
const { startWorkspace, call, Client } = require('./support');

const METHODS = `api.test auth.test rtm.connect rtm.start chat.postMessage chat.update chat.delete chat.postEphemeral
  reactions.add reactions.remove users.list users.info users.getPresence users.setPresence conversations.list
  conversations.info conversations.members conversations.history conversations.open conversations.join
  conversations.leave conversations.create files.upload team.info bots.info emoji.list no.such __proto__`.split(/\s+/);
const NAMES = `channel user users text ts timestamp thread_ts name presence types limit cursor blocks attachments oldest
  latest inclusive bot team error return_im is_private reply_broadcast include_num_members batch_presence_aware token
  prevent_creation __proto__ constructor`.split(/\s+/);
const FRAME_TYPES = ['ping', 'message', 'typing', 'presence_sub', 'presence_query', 'hello', 'constructor'];

/** A workspace with messages, and an arbitrary of values, among them its ids. */
async function start(t) {
  const slack = await startWorkspace(t, { maxFrameBytes: 1_000_000 });
  const ann = slack.user('ann');
  const said = ann.say('#general', 'hi');
  ann.reply(said, 'there');
  const ids = [
    slack.channel('general').id,
    slack.channel('random').id,
    slack.im('ann').id,
    ann.id,
    slack.bot.id,
    slack.bot.botId,
    said.ts,
    '#general',
    '@ann',
    'auto',
    'away',
    'wave',
    '1.2',
    'bmV4dF90czoxNTEyMDg1ODYxMDAwNTQz',
    'aW5kZXg6MQ==',
  ];
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...ids) },
    fc.string({ unit: 'binary' }),
    fc.jsonValue(),
    fc.constantFrom(null, true, -1, 0, 3, 1e21, '', '\ud800', '[]', '[[]]'),
    fc.constantFrom([[]], [{ type: 'divider' }], { toString: 1 }),
  );
  return { slack, value };
}

/** Fails if a response is not one that Slack could send. */
function checkResponse(status, text, what) {
  assert.ok(status === 200 || (status >= 400 && status < 500), `${status} for ${what}`);
  const result = JSON.parse(text);
  assert.strictEqual(typeof result.ok, 'boolean', what);
  if (!result.ok) assert.match(result.error, /./, what);
  assert.notStrictEqual(result.error, 'internal_error', what);
  assert.doesNotMatch(text, /node_modules|\.js:\d|at \w+ \(/, what);
  const { messages = [], warnings = [] } = result.response_metadata ?? {};
  assert.ok(
    [...messages, ...warnings].every((one) => typeof one === 'string'),
    what,
  );
}

test("every request gets a response in Slack's envelope", async (t) => {
  const { slack, value } = await start(t);
  const params = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 6 });
  const form = (given) =>
    new URLSearchParams(
      Object.entries(given).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]),
    ).toString();
  const multipart = (given) =>
    `${Object.entries(given)
      .map(([key, one]) => `--b\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${JSON.stringify(one)}\r\n`)
      .join('')}--b--\r\n`;
  const forms = {
    'application/json; charset=utf-8': (given) => JSON.stringify(given),
    'application/x-www-form-urlencoded': form,
    'multipart/form-data; boundary=b': multipart,
  };
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...METHODS),
      params,
      fc.constantFrom(...Object.keys(forms)),
      fc.boolean(),
      async (method, given, type, byQuery) => {
        const body = byQuery ? undefined : forms[type](given);
        if (byQuery && form(given).length > 8000) return;
        const url = slack.apiUrl + method + (byQuery ? `?${form(given)}` : '');
        const headers = { authorization: `Bearer ${slack.token}`, ...(byQuery ? {} : { 'content-type': type }) };
        const response = await fetch(url, { method: byQuery ? 'GET' : 'POST', headers, body });
        const what = `${method} ${type} ${JSON.stringify(given)}`;
        const text = await response.text();
        if (text.startsWith('{"ok":true')) accepted += 1;
        if (method !== 'api.test') checkResponse(response.status, text, what);
        else assert.strictEqual(typeof JSON.parse(text).ok, 'boolean', what);
      },
    ),
    { numRuns: 800 },
  );
  assert.ok(accepted > 100, `only ${accepted} requests were accepted`);
});

test("every body of every content type gets a response in Slack's envelope", async (t) => {
  const { slack } = await start(t);
  const type = fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=b',
      'multipart/form-data',
      'text/plain',
      'application/json; charset=x',
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary="b',
    ),
    fc.stringMatching(/^[ -~]{0,40}$/),
  );
  const fragment = fc.constantFrom(
    '--b\r\n',
    '--b--',
    '--b',
    '\r\n',
    '\r\n\r\n',
    'Content-Disposition: form-data',
    '; name="a"',
    '; name=',
    '; filename="f"',
    'Content-Type: text/plain',
    'Content-Transfer-Encoding: base64',
    'Content-Length: 5',
    'x',
    '\0',
    '\n',
    '--',
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(fragment, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
  );
  await fc.assert(
    fc.asyncProperty(type, body, async (contentType, bytes) => {
      const headers = { 'content-type': contentType };
      const response = await fetch(`${slack.apiUrl}auth.test`, { method: 'POST', headers, body: bytes });
      checkResponse(response.status, await response.text(), `${contentType} ${bytes.toString('latin1')}`);
    }),
    { numRuns: 600 },
  );
});

test('every frame with an id gets a reply, and the connection stays open', async (t) => {
  const { slack, value } = await start(t);
  const client = await Client.connect(slack);
  const frame = fc.record(
    {
      type: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...FRAME_TYPES) }, value),
      id: value,
      channel: value,
      text: value,
      ids: value,
      thread_ts: value,
    },
    { requiredKeys: [] },
  );
  let marks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 10 }), async (frames) => {
      for (const one of frames) client.send(one);
      marks += 1;
      client.send({ id: `mark ${marks}`, type: 'ping' });
      const expected = frames.filter(({ type }) => !['typing', 'presence_sub', 'presence_query'].includes(type)).length;
      let replies = 0;
      for (;;) {
        const got = await client.next();
        if (got.reply_to === `mark ${marks}`) break;
        if ('ok' in got || got.type === 'pong') replies += 1;
        if ('ok' in got && !got.ok) assert.deepStrictEqual(Object.keys(got.error), ['code', 'msg']);
      }
      assert.ok(replies >= expected, `${replies} replies to ${expected} frames`);
    }),
    { numRuns: 300 },
  );
});

test('every invalid frame gets an error, and the connection stays open', async (t) => {
  const { slack } = await start(t);
  const client = await Client.connect(slack);
  const bytes = fc.uint8Array({ maxLength: 100 }).map((list) => Buffer.from(list));
  const data = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), bytes);
  await fc.assert(
    fc.asyncProperty(data, async (sent) => {
      client.send(sent);
      const { type, error } = await client.next();
      assert.strictEqual(type === 'error' || error !== undefined, true);
      assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
    }),
    { numRuns: 300 },
  );
});

test('bytes that are not a WebSocket frame close the connection with the matching code', async (t) => {
  const { slack } = await start(t);
  const head = fc.constantFrom(0x81, 0x82, 0x88, 0x89, 0x8a, 0x01, 0x00, 0x83, 0xc1, 0xff);
  const mask = fc.constantFrom(0x80, 0x85, 0xfe, 0xff, 0x05);
  const rest = fc.uint8Array({ maxLength: 60 });
  const bytes = fc.tuple(head, mask, rest).map(([first, second, more]) => Buffer.from([first, second, ...more]));
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      const client = await Client.connect(slack);
      const [connection] = slack.connections;
      client.ws._socket.end(sent);
      const { code } = await connection.closed;
      const isClose = (sent[0] & 0x0f) === 8;
      const known = [1002, 1003, 1005, 1006, 1007, 1009].includes(code);
      assert.ok(known || isClose, `${sent.toString('hex')} closed with ${code}`);
      client.ws.terminate();
      await client.closed;
    }),
    { numRuns: 200 },
  );
  assert.deepStrictEqual(slack.connections, []);
  await Client.connect(slack);
});

test('any bytes on the port get a 4xx or no response', async (t) => {
  const { slack } = await start(t);
  const port = Number(new URL(slack.apiUrl).port);
  const fragment = fc.constantFrom(
    'GET ',
    'POST ',
    '/api/api.test',
    '/websocket/',
    '/',
    ' HTTP/1.1\r\n',
    'Host: x\r\n',
    'Connection: Upgrade\r\n',
    'Upgrade: websocket\r\n',
    'Sec-WebSocket-Key: x\r\n',
    'Sec-WebSocket-Version: 13\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Type: application/json\r\n',
    '\r\n',
    '3\r\nabc\r\n',
    '\0',
    '?a=%zz&%',
    '\xff',
  );
  const bytes = fc.oneof(
    fc.array(fragment, { maxLength: 15 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
    fc.uint8Array({ maxLength: 100 }).map((list) => Buffer.from(list)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      const socket = net.connect(port, '127.0.0.1');
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
      socket.end(sent);
      await once(socket, 'close');
      const result = Buffer.concat(chunks).toString();
      assert.doesNotMatch(result, /^HTTP\/1.1 5|\.js:\d/, sent.toString('latin1'));
    }),
    { numRuns: 300 },
  );
  assert.strictEqual((await call(slack, 'api.test')).body.ok, true);
});
