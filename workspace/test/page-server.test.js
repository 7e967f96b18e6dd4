// The server of the page, without a browser: files, access, and the socket.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const WebSocket = require('ws');
const { PageServer } = require('../lib/page/page-server');
const { startWorkspace, Client } = require('./support');

/** Requests a path with any headers. */
function get(slack, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(slack.apiUrl).origin, { path, method, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** A page as the server sees it. */
class FakePage {
  #ids = 0;
  #waiting = new Map();
  /** All batches, oldest first. */
  batches = [];
  #wake = () => {};

  static async open(slack, options) {
    const page = new FakePage();
    page.ws = new WebSocket(`${slack.apiUrl.replace('http', 'ws').replace('/api/', '')}/page/socket`, options);
    page.ws.on('message', (data) => page.#received(JSON.parse(data)));
    page.ws.on('error', () => {});
    await once(page.ws, 'open');
    await page.until(({ snapshot }) => snapshot);
    return page;
  }

  /** Sends a request, and returns the response. */
  ask(action, args = {}) {
    this.#ids += 1;
    this.ws.send(JSON.stringify({ ...args, id: this.#ids, action }));
    return new Promise((resolve) => this.#waiting.set(this.#ids, resolve));
  }

  /** The first batch that matches. */
  async until(matches) {
    for (;;) {
      const found = this.batches.find(matches);
      if (found) return found;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get events() {
    return this.batches.flatMap(({ events }) => events.map(({ event }) => event));
  }

  #received(message) {
    if (message.type === 'response') {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    } else {
      this.batches.push(message);
    }
    this.#wake();
  }
}

test("the page's files are served with a policy that allows only the page's own scripts", async (t) => {
  const slack = await startWorkspace(t);
  const index = await get(slack, '/');
  assert.strictEqual(index.status, 200);
  assert.match(index.headers['content-type'], /^text\/html/);
  const policy = index.headers['content-security-policy'];
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "trusted-types 'none'",
  ]) {
    assert.ok(policy.split('; ').includes(rule), rule);
  }
  assert.doesNotMatch(policy, /unsafe|\*|data:/);
  assert.strictEqual(index.headers['x-content-type-options'], 'nosniff');
  assert.doesNotMatch(index.text, /<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/, 'nothing inline');
  const files = [...index.text.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map(([, file]) => file);
  assert.ok(files.length >= 3);
  for (const file of files) assert.strictEqual((await get(slack, file)).status, 200, file);
  assert.match((await get(slack, '/page/page.js')).headers['content-type'], /^text\/javascript/);
  const head = await get(slack, '/', { method: 'HEAD' });
  assert.deepStrictEqual([head.status, head.text], [200, '']);
});

test('no other file is served', async (t) => {
  const slack = await startWorkspace(t);
  for (const path of [
    '/page',
    '/page/',
    '/page/nothing.js',
    '/page/../package.json',
    '/page/..%2fpackage.json',
    '/page/%2e%2e/lib/workspace.js',
    '/page/tsconfig.json',
    '/page/index.html',
    '/page/PAGE.JS',
    '/page/page.js/',
    '/page/page.js%00',
    '/page//page.js',
    `/page/${'a'.repeat(10_000)}.js`,
  ]) {
    assert.strictEqual((await get(slack, path)).status, 404, path);
  }
  const post = await get(slack, '/', { method: 'POST' });
  assert.deepStrictEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('a foreign Host or Origin is refused', async (t) => {
  const slack = await startWorkspace(t);
  const { port } = new URL(slack.apiUrl);
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    assert.strictEqual((await get(slack, '/', { headers: { host: `${host}:${port}` } })).status, 200, host);
    assert.strictEqual(
      (await get(slack, '/', { headers: { host: `${host}:${port}`, origin: `http://${host}:${port}` } })).status,
      200,
      host,
    );
  }
  const foreign = [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `evil.example@127.0.0.1:${port}`,
    `127.0.0.1:${port}/@evil.example`,
    '10.0.0.1',
    'x y',
    `127.0.0.1:${port}#`,
  ];
  for (const host of foreign) {
    assert.strictEqual((await get(slack, '/', { headers: { host } })).status, 403, host);
    assert.strictEqual((await get(slack, '/page/page.js', { headers: { host } })).status, 403, host);
    assert.strictEqual(await refusal(slack, { headers: { host } }), 403, host);
  }
  const own = `127.0.0.1:${port}`;
  for (const origin of [
    'http://evil.example',
    'null',
    `http://localhost:${port}`,
    'http://127.0.0.1',
    `https://${own}`,
    `http://${own}.evil.example`,
    `http://${own}/`,
  ]) {
    assert.strictEqual((await get(slack, '/', { headers: { origin } })).status, 403, origin);
    assert.strictEqual(await refusal(slack, { origin }), 403, origin);
  }
  const page = await FakePage.open(slack, { origin: `http://${own}` });
  page.ws.terminate();
});

test('outside of the loopback, the Host must be the address of the connection or the name of the server', () => {
  const ask = (host, header, localAddress, origin) => {
    const page = new PageServer({ host, state: {}, rtm: {}, faults: {}, events: {} });
    let status = 0;
    const response = {
      writeHead: (code) => {
        status = code;
        return response;
      },
      end() {},
    };
    page.handle(
      { url: '/page/', method: 'GET', headers: { host: header, origin }, socket: { localAddress }, resume() {} },
      response,
    );
    return status;
  };
  const [accepted, refused] = [404, 403];
  for (const [host, header, localAddress, status] of [
    ['0.0.0.0', '192.0.2.7:80', '192.0.2.7', accepted],
    ['0.0.0.0', '192.0.2.8:80', '192.0.2.7', refused],
    ['::', '192.0.2.7', '::ffff:192.0.2.7', accepted],
    ['::', '[2001:db8::7]:80', '2001:db8::7', accepted],
    ['::', 'evil.example', '2001:db8::7', refused],
    ['box.lan', 'BOX.lan:4390', '192.0.2.7', accepted],
    ['box.lan', '192.0.2.7', '192.0.2.7', refused],
    ['box.lan', 'localhost', '127.0.0.1', accepted],
  ])
    assert.strictEqual(ask(host, header, localAddress), status, `${host} ${header}`);
  assert.strictEqual(ask('0.0.0.0', '192.0.2.7', '192.0.2.7', 'http://192.0.2.7'), accepted);
  assert.strictEqual(ask('0.0.0.0', '192.0.2.7', '192.0.2.7', 'http://evil.example'), refused);
});

/** The HTTP status that refuses a page's socket. */
function refusal(slack, options) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${slack.apiUrl.replace('http', 'ws').replace('/api/', '')}/page/socket`, options);
    ws.on('unexpected-response', (request, response) => {
      response.resume();
      resolve(response.statusCode);
    });
    ws.on('open', () => reject(new Error('the socket was accepted')));
    ws.on('error', reject);
  });
}

test('the socket sends a snapshot, and a new one after each change', async (t) => {
  const slack = await startWorkspace(t, { team: { name: 'Acme' } });
  const page = await FakePage.open(slack);
  const [{ snapshot }] = page.batches;
  assert.deepStrictEqual([snapshot.team, snapshot.apiUrl], ['Acme', slack.apiUrl]);
  assert.deepStrictEqual(
    snapshot.users.map(({ name }) => name),
    ['ann', 'bob', 'carol', 'robot'],
  );
  assert.deepStrictEqual(snapshot.connections, []);
  await Client.connect(slack);
  await page.until(({ snapshot: now }) => now?.connections.length === 1);
  slack.user('bob').setPresence('away');
  await page.until(({ snapshot: now }) =>
    now?.users.some(({ name, presence }) => name === 'bob' && presence === 'away'),
  );
  slack.faults.drop();
  await page.until(
    ({ snapshot: now, frames }) => now?.connections.length === 0 && frames.some(({ kind }) => kind === 'close'),
  );
});

test('the socket sends every frame in both directions, and Web API calls', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const client = await Client.connect(slack);
  await client.ask({ id: 7, type: 'ping' });
  await page.until(({ frames }) => frames.some(({ kind, data }) => kind === 'out' && data.includes('pong')));
  const frames = page.batches.flatMap((batch) => batch.frames);
  assert.ok(frames.some(({ kind, data }) => kind === 'in' && data === '{"id":7,"type":"ping"}'));
  assert.ok(frames.some(({ kind, type }) => kind === 'call' && type === 'rtm.connect'));
  assert.ok(frames.some(({ kind, data }) => kind === 'out' && data.includes('hello')));
  assert.doesNotMatch(JSON.stringify(frames.filter(({ kind }) => kind === 'call')), /xoxb/, 'no token');
});

test('a page acts as the user that it names, and bots get the events', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const client = await Client.connect(slack);
  const channel = slack.channel('general').id;
  const ann = slack.user('ann').id;
  const { ok, result } = await page.ask('post', { as: ann, channel, text: 'hi &amp; hello' });
  assert.strictEqual(ok, true);
  const event = await client.next();
  assert.deepStrictEqual([event.type, event.user, event.text, event.ts], ['message', ann, 'hi &amp; hello', result.ts]);
  const message = { as: ann, channel, ts: result.ts };
  await page.ask('react', { ...message, name: 'tada' });
  assert.deepStrictEqual((({ type, reaction }) => [type, reaction])(await client.next()), ['reaction_added', 'tada']);
  await page.ask('update', { ...message, text: 'changed' });
  assert.strictEqual((await client.next()).message.text, 'changed');
  await page.ask('post', { as: ann, channel, text: 'a reply', thread: result.ts });
  assert.strictEqual((await client.next()).thread_ts, result.ts);
  const { result: history } = await page.ask('history', { channel });
  assert.deepStrictEqual(
    history.messages.map(({ text, reply_count: replies }) => [text, replies]),
    [['changed', 1]],
  );
  const { result: thread } = await page.ask('thread', { channel, ts: result.ts });
  assert.deepStrictEqual(
    thread.messages.map(({ text }) => text),
    ['changed', 'a reply'],
  );
  const { result: created } = await page.ask('create', { as: ann, name: 'new-one' });
  assert.ok(slack.channel('new-one').members.has(ann));
  await page.ask('join', { as: slack.bot.id, channel: created.channel });
  assert.ok(slack.channel('new-one').members.has(slack.bot.id));
});

test('nextMessage does not return messages of the page', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  await page.ask('post', { as: slack.bot.id, channel: slack.channel('general').id, text: 'from the page' });
  slack.user('ann').say('#general', 'from the test');
  await assert.rejects(slack.nextMessage({ timeout: 1 }), { name: 'TimeoutError' });
});

test('invalid requests of a page get an error response', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const channel = slack.channel('general').id;
  const as = slack.user('ann').id;
  const cases = [
    ['nothing', {}, 'unknown_action'],
    ['constructor', {}, 'unknown_action'],
    ['__proto__', {}, 'unknown_action'],
    ['post', {}, 'invalid_arguments'],
    ['post', { as, channel, text: 5 }, 'invalid_arguments'],
    ['post', { as, channel, text: ' ' }, 'no_text'],
    ['post', { as, channel: 'C404', text: 'x' }, 'channel_not_found'],
    ['post', { as: 'U404', channel, text: 'x' }, 'user_not_found'],
    ['post', { as, channel, text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['update', { as, channel, ts: '1.2', text: 'x' }, 'message_not_found'],
    ['remove', { as, channel, ts: '1.2' }, 'message_not_found'],
    ['thread', { channel, ts: '1.2' }, 'thread_not_found'],
    ['react', { as, channel, ts: '1.2', name: '<b>' }, 'invalid_name'],
    ['create', { as, name: 'Not This' }, 'invalid_name'],
    ['create', { as, name: 'general' }, 'name_taken'],
    ['open', { as, user: 'U404' }, 'user_not_found'],
    ['fault', { fault: 'constructor' }, 'unknown_fault'],
    ['fault', { fault: 'drop', to: 99 }, 'connection_not_found'],
    ['fault', { fault: 'delayReplies', ms: -1 }, 'invalid_arguments'],
    ['fault', { fault: 'delayReplies', ms: '1' }, 'invalid_arguments'],
    ['fault', { fault: 'refuseConnect', response: 'a b\r\n', times: 1 }, 'invalid_arguments'],
    ['fault', { fault: 'flood', as, channel, rate: 1e9, seconds: 1 }, 'invalid_arguments'],
  ];
  for (const [action, args, error] of cases) {
    const response = await page.ask(action, args);
    assert.deepStrictEqual(
      [response.ok, response.error],
      [false, error],
      `${action} ${JSON.stringify(args).slice(0, 80)}`,
    );
    assert.doesNotMatch(response.detail, /\n\s+at /, 'no stack');
  }
  for (const raw of ['', '{', 'null', '[]', '"x"', '{"id":{}}', '{"__proto__":{"do":"post"}}', Buffer.from([0, 255])])
    page.ws.send(raw);
  assert.strictEqual((await page.ask('post', { as, channel, text: 'still there' })).ok, true);
  page.ws.send('x'.repeat(2_000_000));
  const [code] = await once(page.ws, 'close');
  assert.strictEqual(code, 1009);
  await FakePage.open(slack);
});

test('during a flood, messages are skipped and counted, and the newest are sent', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const ann = slack.user('ann');
  const channel = slack.channel('general').id;
  for (let index = 0; index < 5000; index += 1) ann.say('#general', `m${index}`);
  await page.ask('history', { channel });
  const texts = page.events.map(({ text }) => text);
  const skipped = page.batches.reduce((sum, batch) => sum + (batch.skipped[channel] ?? 0), 0);
  assert.strictEqual(texts.length + skipped, 5000);
  assert.ok(texts.length <= 100, `${texts.length} were sent`);
  assert.strictEqual(texts.at(-1), 'm4999');
});

test('a page that cannot keep up with edits and reactions is told to reload the channel', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const channel = slack.channel('general').id;
  for (let index = 0; index < 500; index += 1) {
    slack.events.emit(
      'event',
      { type: 'reaction_added', user: 'U1', reaction: `r${index}`, item: { channel, ts: '1.2' } },
      { channel },
      { via: 'test' },
    );
  }
  await page.until(({ reload }) => reload);
  assert.ok(page.events.length <= 400);
});

test('nothing is queued for a page that does not read', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const fast = await FakePage.open(slack);
  page.ws.pause();
  const ann = slack.user('ann');
  for (let index = 0; index < 200; index += 1) {
    for (let more = 0; more < 40; more += 1) ann.say('#general', 'x'.repeat(10_000));
    await fast.ask('thread', { channel: slack.channel('general').id, ts: '0' });
  }
  page.ws.resume();
  await page.ask('thread', { channel: slack.channel('general').id, ts: '0' });
  const received = page.batches.reduce((sum, batch) => sum + JSON.stringify(batch).length, 0);
  assert.ok(received < 20_000_000, `${received} of 80,000,000 characters`);
});

test('close() closes the sockets of open pages, also after other pages are gone', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  page.ws.terminate();
  await FakePage.open(slack).then(({ ws }) => ws.terminate());
  const last = await FakePage.open(slack);
  slack.user('ann').say('#general', 'hi');
  const closed = once(last.ws, 'close');
  await slack.close();
  await closed;
});

test('a call that is too large or too deep for the page still gets its response', async (t) => {
  const slack = await startWorkspace(t);
  const page = await FakePage.open(slack);
  const headers = { authorization: `Bearer ${slack.token}`, 'content-type': 'application/json' };
  const channel = slack.channel('general').id;
  const body = `{"channel":"${channel}","text":"x","deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  const response = await (await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', headers, body })).json();
  assert.strictEqual(response.ok, true);
  const shown =
    (type) =>
    ({ frames }) =>
      frames.some((entry) => entry.type === type);
  await page.until(shown('chat.postMessage'));
  await fetch(`${slack.apiUrl}api.test`, { method: 'POST', headers, body: JSON.stringify({ text: 'x'.repeat(1e6) }) });
  const entry = (await page.until(shown('api.test'))).frames.find(({ type }) => type === 'api.test');
  assert.deepStrictEqual([entry.data.length, entry.length], [60_000, 1e6 + '{"text":""}'.length]);
});
