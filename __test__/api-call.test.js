// `apiCall`: any method of the Web API, with the client's token, over its transport, in any state. What is sent is
// compared with what a WebClient of @slack/web-api sends.
'use strict';

const assert = require('node:assert/strict');
const buffer = require('node:buffer');
const http = require('node:http');
const { describe } = require('node:test');
const { PassThrough, Readable } = require('node:stream');
const webApi = require('@slack/web-api');
const { better: needs, clientOf, keepingLogger, next } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { inProcess, inWorker } = require('./support/child.js');
const { scriptedServer } = require('./support/scripted-server.js');

const better = needs.bind(undefined, 'it has no apiCall');
const ONCE = { retryConfig: { retries: 0 } };

/** A Web API that keeps the requests' bytes, and tells its connections. Answers `ok`, or as the next of `answers` does. */
async function webApiServer(t) {
  const server = http.createServer();
  const api = { token: 'xoxb-scripted', requests: [], answers: [], connections: [] };
  const arrivals = [];
  server.on('connection', (socket) => api.connections.push(socket));
  server.on('request', async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { url, headers } = request;
    const one = { url, headers, body: Buffer.concat(chunks), request, response };
    api.requests.push(one);
    const answer = api.answers.shift() ?? ((request, response) => response.end('{"ok":true}'));
    answer(request, response, one);
    arrivals.splice(0).forEach((arrived) => arrived());
  });
  /** Until so many requests have come. */
  api.requested = async (count) => {
    while (api.requests.length < count) await new Promise((resolve) => arrivals.push(resolve));
    return api.requests[count - 1];
  };
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  api.apiUrl = `http://127.0.0.1:${server.address().port}/api/`;
  atEnd(t, () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return api;
}

/** A Web API and a client of it. */
async function clientWith(t, options) {
  const api = await webApiServer(t);
  return { api, rtm: clientOf(t, api, options) };
}

const answerWith = (status, headers, body) => (request, response) => response.writeHead(status, headers).end(body);
const reply = (fields) => (request, response) => response.end(JSON.stringify({ ok: true, ...fields }));
const failureOf = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );
const fieldsOf = ({ body }) => [...new URLSearchParams(body.toString('latin1'))];

/** A multipart form as Node reads it. */
async function formOf({ body, headers }) {
  const form = await new Response(body, { headers: { 'content-type': headers['content-type'] } }).formData();
  const fields = {};
  for (const [name, value] of form) {
    const isText = typeof value === 'string';
    const bytes = isText ? undefined : Buffer.from(await value.arrayBuffer());
    fields[name] = isText ? value : { name: value.name, type: value.type, bytes };
  }
  return fields;
}

describe('apiCall: the request', { concurrency: true }, () => {
  class Money {
    toJSON() {
      return { amount: 5 };
    }
  }
  const date = new Date(0);
  const TABLE = {
    nothing: {},
    strings: { channel: 'C1', text: 'hello' },
    'an empty string': { text: '', other: 'x' },
    'an empty name': { '': 'x' },
    'characters with a meaning in forms': { 'a=b&c': 'd=e&f+g%20h?i#j;k', plus: '+ +', percent: '%zz%' },
    'all of ASCII': { text: String.fromCharCode(...Array(128).keys()) },
    unicode: { ключ: 'ä € 🙂 \u202e \ufeff', normal: 'é e\u0301' },
    'line breaks': { text: 'a\r\nb\nc\rd' },
    numbers: { a: 0, b: -1.5, c: 1e21, d: 1e-7, e: 2 ** 53, f: -0 },
    booleans: { a: true, b: false },
    'null and undefined': { a: null, b: undefined, c: 'x' },
    arrays: { empty: [], mixed: ['a', 1, null, undefined, { b: [] }], text: ['ä "x"'] },
    objects: { empty: {}, nested: { a: { b: [{ c: null, d: undefined }] }, 'ä"': '\u2028' } },
    blocks: { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*a* & <b>' } }], attachments: [] },
    'objects with a JSON form of their own': { date, money: new Money(), map: new Map([[1, 2]]), boxed: Object('x') },
    'a JSON form of nothing': { a: { toJSON: () => undefined }, b: 'x' },
    functions: { callback: () => 1, b: 'x' },
    symbols: { mark: Symbol('x'), b: 'x' },
    'infinite numbers': { a: NaN, b: Infinity, c: 'x' },
    'names that are numbers, whose order is not that of writing': { b: 1, 2: 2, 1: 1 },
    'a long text': { text: 'ä'.repeat(100_000) },
  };

  for (const [what, options] of Object.entries(TABLE)) {
    better(`has the form that a WebClient sends: ${what}`, async (t) => {
      const { api, rtm } = await clientWith(t, ONCE);
      const { WebClient } = webApi;
      const logger = keepingLogger();
      const webClient = new WebClient(api.token, { slackApiUrl: api.apiUrl, logger, retryConfig: { retries: 0 } });
      await webClient.apiCall('api.test', options);
      await rtm.apiCall('api.test', options);
      const [theirs, ours] = api.requests;
      assert.deepEqual(fieldsOf(ours), fieldsOf(theirs));
      for (const { url, request, headers, body } of [theirs, ours]) {
        assert.deepEqual([request.method, url], ['POST', '/api/api.test']);
        assert.match(headers['content-type'], /^application\/x-www-form-urlencoded\b/);
        assert.equal(headers.authorization, 'Bearer xoxb-scripted');
        assert.equal(headers['content-length'], String(body.length));
        assert.match(body.toString('latin1'), /^[\x21-\x7e]*$/);
      }
    });
  }

  better('has the User-Agent and the headers of the connect call', async (t) => {
    const { api, rtm } = await clientWith(t, { headers: { Cookie: 'd=1' } });
    await rtm.apiCall('api.test');
    await rtm.apiCall('api.test', null);
    for (const { headers, body } of api.requests) {
      assert.match(headers['user-agent'], new RegExp(`slack-rtm-native/.* node/${process.versions.node} `));
      assert.equal(headers.cookie, 'd=1');
      assert.equal(body.length, 0);
    }
    assert.equal(api.requests.length, 2);
  });

  better('has a token of its own where one is given', async (t) => {
    const { api, rtm } = await clientWith(t);
    for (const token of ['xoxp-other', '', undefined, null]) await rtm.apiCall('api.test', { token, a: 1 });
    const tokens = api.requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(tokens, ['Bearer xoxp-other', ...Array(3).fill('Bearer xoxb-scripted')]);
    assert.ok(
      api.requests.every((request) => fieldsOf(request).some(([name, value]) => name === 'a' && value === '1')),
    );
  });

  better('a token that cannot be sent is refused, and not shown', async (t) => {
    const { api, rtm } = await clientWith(t);
    for (const token of ['xoxb-secret\n1', 'xoxb-secret\r\nX-Evil: 1', 'xoxb-secret\0', 'xoxb-secret ☃']) {
      const error = await failureOf(rtm.apiCall('api.test', { token }));
      assert.ok(error instanceof TypeError, String(error));
      assert.doesNotMatch(`${error.message} ${error.stack}`, /xoxb-secret/);
    }
    assert.equal(api.requests.length, 0);
  });

  for (const options of ['text', 5, true]) {
    better(`arguments that are no object are refused, as by a WebClient: ${JSON.stringify(options)}`, async (t) => {
      const { api, rtm } = await clientWith(t);
      assert.ok((await failureOf(rtm.apiCall('api.test', options))) instanceof TypeError);
      assert.equal(api.requests.length, 0);
    });
  }

  better('arguments that have no text form reject, and send nothing', async (t) => {
    const { api, rtm } = await clientWith(t);
    const circular = {};
    circular.circular = circular;
    const throwing = {
      toJSON() {
        throw new Error('no');
      },
    };
    for (const value of [circular, { deep: 5n }, throwing, Object.create({ toJSON: throwing.toJSON })]) {
      assert.ok((await failureOf(rtm.apiCall('api.test', { value }))) instanceof Error);
    }
    assert.equal(api.requests.length, 0);
    await rtm.apiCall('api.test');
  });

  better('the arguments are read at the call, and left as they are', async (t) => {
    const { api, rtm } = await clientWith(t);
    const options = { list: ['a'], token: 'xoxp-other' };
    const call = rtm.apiCall('api.test', Object.freeze(options));
    options.list.push('late');
    await call;
    assert.deepEqual(
      fieldsOf(api.requests[0]).filter(([name]) => name === 'list'),
      [['list', '["a"]']],
    );
  });
});

describe('apiCall: files', { concurrency: true }, () => {
  const BYTES = Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256));
  const whole = new Uint8Array([9, 9, 1, 2, 3, 9]);
  const FILES = {
    'a Buffer': [Buffer.from(BYTES), BYTES],
    'an empty Buffer': [Buffer.alloc(0), Buffer.alloc(0)],
    'a slice of a Buffer': [BYTES.subarray(3, 7), BYTES.subarray(3, 7)],
    'a Uint8Array': [new Uint8Array(BYTES), BYTES],
    'a part of a Uint8Array': [whole.subarray(2, 5), Buffer.from([1, 2, 3])],
    'a DataView': [new DataView(whole.buffer, 2, 3), Buffer.from([1, 2, 3])],
    'an ArrayBuffer': [whole.buffer.slice(2, 5), Buffer.from([1, 2, 3])],
    'bytes that look like a form': [Buffer.from('\r\n--boundary\r\n\r\n--'), Buffer.from('\r\n--boundary\r\n\r\n--')],
    'a Blob': [new Blob([BYTES]), BYTES],
  };

  for (const [what, [file, bytes]] of Object.entries(FILES)) {
    better(`${what} goes out as a multipart form`, async (t) => {
      const { api, rtm } = await clientWith(t);
      const fields = { list: [1, 'ä'], object: { a: 'ü' }, text: 'ä\r\n"b', flag: false, none: null, left: undefined };
      await rtm.apiCall('files.upload', { ...fields, file, token: 'xoxp-other' });
      const [request] = api.requests;
      assert.match(request.headers['content-type'], /^multipart\/form-data; *boundary=/);
      assert.equal(request.headers.authorization, 'Bearer xoxp-other');
      assert.equal(request.headers['content-length'], String(request.body.length));
      const { file: sent, ...rest } = await formOf(request);
      assert.ok(sent.bytes.equals(bytes), `${sent.bytes.length} bytes`);
      assert.ok(sent.name.length > 0);
      assert.deepEqual(rest, { list: '[1,"ä"]', object: '{"a":"ü"}', text: 'ä\r\n"b', flag: 'false' });
    });
  }

  better('a Blob keeps its type', async (t) => {
    const { api, rtm } = await clientWith(t);
    await rtm.apiCall('files.upload', { file: new Blob(['{}'], { type: 'application/json' }) });
    assert.equal((await formOf(api.requests[0])).file.type, 'application/json');
  });

  better('a File keeps its name', async (t) => {
    const { api, rtm } = await clientWith(t);
    await rtm.apiCall('files.upload', { file: new buffer.File(['x'], 'report.txt', { type: 'text/plain' }) });
    const { file } = await formOf(api.requests[0]);
    assert.deepEqual([file.name, file.type, file.bytes.toString()], ['report.txt', 'text/plain', 'x']);
  });

  better('several files, and five megabytes', async (t) => {
    const { api, rtm } = await clientWith(t);
    const large = Buffer.alloc(5 * 2 ** 20, 'abcdefg');
    await rtm.apiCall('files.upload', { large, small: new Uint8Array([1]) });
    const form = await formOf(api.requests[0]);
    assert.ok(form.large.bytes.equals(large) && form.small.bytes.equals(Buffer.from([1])));
  });

  better('is sent anew, whole, when it is repeated', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 1 } });
    api.answers.push(answerWith(503));
    await rtm.apiCall('files.upload', { file: BYTES });
    assert.equal(api.requests.length, 2);
    for (const request of api.requests) assert.ok((await formOf(request)).file.bytes.equals(BYTES));
  });

  for (const [what, make] of Object.entries({
    'a Readable': () => Readable.from(['x']),
    'a PassThrough': () => new PassThrough(),
    'a ReadableStream': () => new Blob(['x']).stream(),
    'something with `pipe`, as streams of other packages have it': () => ({ pipe() {}, on() {}, readable: true }),
  })) {
    better(`streams are refused with a TypeError: ${what}`, async (t) => {
      const { api, rtm } = await clientWith(t);
      for (const options of [{ file: make() }, { file: make(), other: Buffer.from('x') }]) {
        const error = await failureOf(rtm.apiCall('files.upload', options));
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, /stream/);
      }
      assert.equal(api.requests.length, 0);
    });
  }
});

describe('apiCall: the method', { concurrency: true }, () => {
  better('names of all kinds that Slack has', async (t) => {
    const { api, rtm } = await clientWith(t);
    const methods = ['api.test', 'users.list', 'files.getUploadURLExternal', 'admin.apps.approved.list', 'test'];
    for (const method of methods) await rtm.apiCall(method);
    assert.deepEqual(
      api.requests.map(({ url }) => url),
      methods.map((method) => `/api/${method}`),
    );
  });

  better('a bad one is refused with a TypeError, and nothing is sent', async (t) => {
    const { api, rtm } = await clientWith(t);
    for (const method of [
      undefined,
      null,
      5,
      true,
      {},
      [],
      ['api.test'],
      () => {},
      Symbol('x'),
      Object('api.test'),
      Object.create(null),
      '',
      ' ',
      '.',
      '..',
      '../x',
      '../../x',
      '..\\x',
      './x',
      '/x',
      '//evil.example/x',
      'a/b',
      'a\\b',
      'a/../b',
      'x?y',
      'x#y',
      'x&y',
      'x;y',
      'x:y',
      'x@y',
      'x y',
      ' x',
      'x ',
      'x\n',
      'x\r\nX-Evil: 1',
      'x\0',
      'x\t',
      '\ufeffx',
      '%2e%2e/x',
      '%2e%2e',
      'x%0d%0a',
      'http://evil.example/x',
      'https://evil.example',
      'evil:x',
      'ä.b',
      'a.ß',
      '.x',
      '-x',
    ]) {
      const error = await failureOf(rtm.apiCall(method, { a: 1 }));
      assert.ok(error instanceof TypeError, `${typeof method} ${JSON.stringify(method)}: ${error}`);
    }
    assert.deepEqual([api.requests.length, api.connections.length], [0, 0]);
    await rtm.apiCall('api.test');
  });

  better('it is below slackApiUrl, whatever that ends with', async (t) => {
    const api = await webApiServer(t);
    const base = api.apiUrl.slice(0, -'/api/'.length);
    for (const path of ['/', '', '/deep/er', '/deep/er/', '/a%20b/']) {
      await clientOf(t, api, { slackApiUrl: `${base}${path}` }).apiCall('api.test');
    }
    const expected = ['/api.test', '/api.test', '/deep/er/api.test', '/deep/er/api.test', '/a%20b/api.test'];
    assert.deepEqual(
      api.requests.map(({ url }) => url),
      expected,
    );
  });
});

describe('apiCall: the answer', { concurrency: true }, () => {
  better('comes with all its fields, and an own response_metadata', async (t) => {
    const { api, rtm } = await clientWith(t);
    const fields = { members: [{ id: 'U1', name: 'ä 🙂' }], n: 1.5, nothing: null, deep: { a: [[]] } };
    api.answers.push(reply(fields));
    assert.deepEqual(await rtm.apiCall('users.list'), { ok: true, ...fields, response_metadata: {} });
  });

  better('response_metadata gets the scopes from the headers', async (t) => {
    const { api, rtm } = await clientWith(t);
    const response_metadata = { next_cursor: 'dXNlcjpVMEc5V0ZYTlo=' };
    const headers = { 'x-oauth-scopes': 'bot, identify ,chat:write', 'X-Accepted-OAuth-Scopes': 'users:read' };
    api.answers.push(answerWith(200, headers, JSON.stringify({ ok: true, response_metadata })));
    assert.deepEqual(await rtm.apiCall('users.list'), {
      ok: true,
      response_metadata: {
        ...response_metadata,
        scopes: ['bot', 'identify', 'chat:write'],
        acceptedScopes: ['users:read'],
      },
    });
  });

  better('is what JSON.parse makes of it', async (t) => {
    const { api, rtm } = await clientWith(t);
    const text =
      '{"ok":true,"b":1,"a":2,"b":3,"__proto__":{"x":1},"big":12345678901234567890,"zero":-0,' +
      '"lone":"\\ud800","esc":"\\u0000\\/","response_metadata":{"m":1}}';
    api.answers.push((request, response) => response.end(text));
    const answer = await rtm.apiCall('api.test');
    assert.deepEqual(answer, JSON.parse(text));
    assert.deepEqual(Object.keys(answer), Object.keys(JSON.parse(text)));
  });

  for (const [what, text] of [
    ['a name with a lone surrogate', '{"ok":true,"\\ud800":1}'],
    ['a byte order mark before it', '\ufeff{"ok":true}'],
    ['a thousand levels', `{"ok":true,"deep":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ]) {
    better(`${what} does no harm`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.answers.push((request, response) => response.end(text));
      const expected = { ...JSON.parse(text.replace(/^\ufeff/, '')), response_metadata: {} };
      assert.deepEqual(await rtm.apiCall('api.test'), expected);
    });
  }

  better('warnings and errors in it are in the log', async (t) => {
    const logger = keepingLogger();
    const { api, rtm } = await clientWith(t, { logger });
    const messages = ['[WARN] second', '[ERROR] third', 'fourth'];
    api.answers.push(reply({ response_metadata: { warnings: ['first'], messages } }));
    const answer = await rtm.apiCall('chat.postMessage');
    assert.deepEqual(answer.response_metadata.messages, messages);
    const said = logger.lines.filter(({ level }) => ['warn', 'error'].includes(level));
    assert.deepEqual(said, [
      { level: 'warn', text: 'first' },
      { level: 'warn', text: 'second' },
      { level: 'error', text: 'third' },
    ]);
  });

  for (const odd of [null, 'x', 5, [], { messages: null, warnings: null }, { messages: 5, warnings: {} }]) {
    better(`a response_metadata of ${JSON.stringify(odd)} does no harm`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.answers.push(reply({ response_metadata: odd, a: 1 }));
      assert.equal((await rtm.apiCall('api.test')).a, 1);
      await rtm.apiCall('api.test');
    });
  }

  better('of a megabyte, in pieces that cut characters', async (t) => {
    const { api, rtm } = await clientWith(t);
    const text = 'ä€🙂'.repeat(2 ** 20 / 9);
    api.answers.push((request, response) => {
      const bytes = Buffer.from(JSON.stringify({ ok: true, text }));
      for (let at = 0; at < bytes.length; at += 10_007) response.write(bytes.subarray(at, at + 10_007));
      response.end();
    });
    assert.ok((await rtm.apiCall('api.test')).text === text);
  });
});

describe('apiCall: errors', { concurrency: true }, () => {
  better('ok: false is a slack_webapi_platform_error, with the answer', async (t) => {
    const { api, rtm } = await clientWith(t);
    const data = { ok: false, error: 'channel_not_found', needed: 'x', response_metadata: { messages: ['m'] } };
    api.answers.push((request, response) => response.end(JSON.stringify(data)));
    const error = await failureOf(rtm.apiCall('chat.postMessage', { channel: 'C0' }));
    assert.ok(error instanceof Error);
    assert.equal(error.code, 'slack_webapi_platform_error');
    const { ok, error: reason, needed } = error.data;
    assert.deepEqual({ ok, reason, needed }, { ok: false, reason: 'channel_not_found', needed: 'x' });
    assert.match(error.message, /chat\.postMessage.*channel_not_found/);
  });

  better('platform errors are not repeated, not even those that may pass', async (t) => {
    for (const code of ['fatal_error', 'internal_error', 'service_unavailable', 'ratelimited', 'invalid_auth', 'x']) {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 5, minTimeout: 0, maxTimeout: 1 } });
      api.answers.push(reply({ ok: false, error: code }));
      assert.equal((await failureOf(rtm.apiCall('api.test'))).data.error, code);
      await rtm.apiCall('api.test');
      assert.equal(api.requests.length, 2, code);
    }
  });

  for (const [what, body] of Object.entries({
    'a page': '<html></html>',
    nothing: '',
    'an array': '[]',
    null: 'null',
    'a string': '"ok"',
    'no ok': '{"a":1}',
    'an ok that is not true': '{"ok":1}',
  })) {
    better(`an answer that is ${what} is a slack_webapi_platform_error`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.answers.push((request, response) => response.end(body));
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.equal(typeof error.data, 'object');
      await rtm.apiCall('api.test');
    });
  }

  better('another status is a slack_webapi_http_error', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    const headers = { 'X-One': '1', 'content-type': 'application/json' };
    api.answers.push((request, response) => response.writeHead(503, 'Gone Fishing', headers).end('{"a":[1]}'));
    const error = await failureOf(rtm.apiCall('api.test'));
    assert.ok(error instanceof Error);
    assert.deepEqual(
      [error.code, error.statusCode, error.statusMessage, error.headers['x-one'], error.body],
      ['slack_webapi_http_error', 503, 'Gone Fishing', '1', { a: [1] }],
    );
  });

  better('429 is a slack_webapi_rate_limited_error', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    api.answers.push(answerWith(429, { 'retry-after': '7' }));
    const error = await failureOf(rtm.apiCall('api.test'));
    assert.ok(error instanceof Error);
    assert.deepEqual([error.code, error.retryAfter], ['slack_webapi_rate_limited_error', 7]);
  });

  for (const [what, url, code] of [
    ['nobody there', () => 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    ['cut off', (api) => api.apiUrl, 'ECONNRESET'],
  ]) {
    better(`no answer is a slack_webapi_request_error: ${what}`, async (t) => {
      const api = await webApiServer(t);
      api.answers.push((request) => request.socket.destroy());
      const rtm = clientOf(t, api, { ...ONCE, slackApiUrl: url(api) });
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.ok(error.original instanceof Error);
      assert.equal(error.original.code, code);
    });
  }

  better('requestTimeout: no answer in time is no answer', async (t) => {
    const { api, rtm } = await clientWith(t, { ...ONCE, requestTimeout: 100 });
    api.answers.push(
      () => {},
      (request, response) => response.write('{"ok":'),
    );
    for (let n = 0; n < 2; n += 1) {
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.deepEqual([error.code, error.original.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
    }
    await rtm.apiCall('api.test');
  });

  better('a redirect is not followed', async (t) => {
    const [{ api, rtm }, other] = [await clientWith(t, ONCE), await webApiServer(t)];
    for (const status of [301, 302, 303, 307, 308]) {
      api.answers.push(answerWith(status, { location: `${other.apiUrl}api.test` }));
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.deepEqual([error.code, error.statusCode], ['slack_webapi_http_error', status]);
    }
    assert.deepEqual([other.requests.length, other.connections.length], [0, 0]);
  });

  better('no event and no state comes of an error', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    const heard = [];
    for (const name of ['error', 'disconnected', 'unable_to_rtm_start', 'connecting', 'reconnecting']) {
      rtm.on(name, () => heard.push(name));
    }
    api.answers.push(answerWith(500), reply({ ok: false, error: 'invalid_auth' }));
    await failureOf(rtm.apiCall('api.test'));
    await failureOf(rtm.apiCall('api.test'));
    assert.deepEqual([heard, rtm.state], [[], 'disconnected']);
  });
});

describe('apiCall: retries', { concurrency: true }, () => {
  for (const [what, answer] of [
    ['an HTTP error', answerWith(500)],
    ['no answer', (request) => request.socket.destroy()],
  ]) {
    better(`${what} is repeated by retryConfig`, async (t) => {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 5, maxTimeout: 10 } });
      api.answers.push(answer, answer, reply({ a: 1 }));
      assert.equal((await rtm.apiCall('api.test', { b: 2 })).a, 1);
      assert.deepEqual(api.requests.map(fieldsOf), Array(3).fill([['b', '2']]));
    });

    better(`${what} is repeated as often as retryConfig says`, async (t) => {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 5, maxTimeout: 10 } });
      api.answers.push(answer, answer, answer);
      await failureOf(rtm.apiCall('api.test'));
      assert.equal(api.requests.length, 3);
    });
  }

  better('rapidRetryPolicy: ten times, at once', async (t) => {
    const { retryPolicies } = require('..');
    const { api, rtm } = await clientWith(t, { retryConfig: retryPolicies.rapidRetryPolicy });
    api.answers.push(...Array(11).fill(answerWith(500)));
    assert.equal((await failureOf(rtm.apiCall('api.test'))).statusCode, 500);
    assert.equal(api.requests.length, 11);
  });

  better('429 is repeated after the seconds that it names', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 0 } });
    api.answers.push(answerWith(429, { 'retry-after': '1' }));
    const begin = performance.now();
    await rtm.apiCall('api.test');
    assert.ok(performance.now() - begin >= 990);
    assert.equal(api.requests.length, 2);
  });

  better('429 with a date, or with nothing to go by, is repeated too', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 3, minTimeout: 1, factor: 1 } });
    const past = new Date(0).toUTCString();
    api.answers.push(
      answerWith(429, { 'retry-after': past }),
      answerWith(429, { 'retry-after': 'soon' }),
      answerWith(429),
    );
    await rtm.apiCall('api.test');
    assert.equal(api.requests.length, 4);
  });

  better('a call that waits for its time does not hold up the others', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1 } });
    api.answers.push(answerWith(429, { 'retry-after': '1' }));
    const order = [];
    const limited = rtm.apiCall('api.test', { n: 1 }).then(() => order.push('limited'));
    await api.requested(1);
    await rtm.apiCall('api.test', { n: 2 }).then(() => order.push('other'));
    await limited;
    assert.deepEqual(order, ['other', 'limited']);
  });

  better('`retryPolicies` are those of @slack/web-api', () => {
    const { retryPolicies } = require('..');
    assert.deepEqual({ ...retryPolicies }, webApi.retryPolicies.default ?? webApi.retryPolicies);
    assert.deepEqual(Object.keys(retryPolicies).sort(), [
      'fiveRetriesInFiveMinutes',
      'rapidRetryPolicy',
      'tenRetriesInAboutThirtyMinutes',
    ]);
  });
});

describe('apiCall: many, and when', { concurrency: true }, () => {
  better('of 150 at once, a hundred are under way at a time, and each gets its own answer', async (t) => {
    const { api, rtm } = await clientWith(t);
    const held = [];
    const hold = (request, response, one) => held.push({ response, n: fieldsOf(one)[0][1] });
    api.answers.push(...Array(150).fill(hold));
    const calls = Array.from({ length: 150 }, (_, n) => rtm.apiCall('api.test', { n }));
    await api.requested(100);
    // A client of the same process that comes later gets through: so would the 101st request, if there were one.
    const other = await clientWith(t);
    for (let n = 0; n < 10; n += 1) await other.rtm.apiCall('api.test');
    assert.equal(held.length, 100);
    let answered = 0;
    while (answered < 150) {
      await api.requested(Math.min(150, answered + 100));
      // The latest first.
      const { response, n } = held.pop();
      response.end(JSON.stringify({ ok: true, n }));
      answered += 1;
    }
    const answers = await Promise.all(calls);
    assert.deepEqual(
      answers.map(({ n }) => n),
      answers.map((_, n) => String(n)),
    );
    assert.equal(api.requests.length, 150);
  });

  better('each is settled when its answer comes, in whatever order', async (t) => {
    const { api, rtm } = await clientWith(t);
    const held = [];
    api.answers.push(...Array(3).fill((request, response, one) => held.push({ response, n: fieldsOf(one)[0][1] })));
    const order = [];
    const calls = [0, 1, 2].map((n) => rtm.apiCall('api.test', { n }).then((answer) => order.push(answer.n)));
    await api.requested(3);
    for (const n of ['1', '2', '0']) {
      held.find((one) => one.n === n).response.end(JSON.stringify({ ok: true, n }));
      await Promise.race(calls.filter((_, index) => String(index) === n));
    }
    assert.deepEqual(order, ['1', '2', '0']);
  });

  better('in every state, and across disconnect()', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const call = async (n) => {
      server.answers.push({ ok: true, n });
      assert.equal((await rtm.apiCall('api.test')).n, n);
    };
    await call('disconnected');
    // Connecting: the connect call is left without an answer for now.
    let answer;
    server.answers.push((request, response) => (answer = () => response.end(JSON.stringify(server.answer()))));
    const [connecting, connected] = [next(rtm, 'connecting'), next(rtm, 'connected')];
    const start = rtm.start();
    await server.nextCall();
    await server.nextCall();
    await connecting;
    assert.equal(rtm.state, 'connecting');
    await call('connecting');
    answer();
    await start;
    await call('authenticated');
    await connected;
    await call('connected');
    // Under way when the client disconnects.
    let reply;
    const arrived = new Promise((resolve) => {
      server.answers.unshift((request, response) => {
        reply = () => response.end('{"ok":true,"n":"across"}');
        resolve();
      });
    });
    const across = rtm.apiCall('api.test');
    await arrived;
    await rtm.disconnect();
    reply();
    assert.equal((await across).n, 'across');
    await call('after disconnect()');
    assert.equal(rtm.state, 'disconnected');
  });

  better('in `reconnecting`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const reconnecting = next(rtm, 'reconnecting');
    (await server.nextSocket()).drop();
    await reconnecting;
    const call = rtm.apiCall('api.test');
    assert.equal((await call).ok, true);
  });

  better('the session goes on while a call waits', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    let answer;
    server.answers.push((request, response) => (answer = () => response.end('{"ok":true}')));
    const call = rtm.apiCall('api.test');
    await server.nextCall();
    await server.nextCall();
    const socket = await server.nextSocket();
    const said = next(rtm, 'said');
    socket.send({ type: 'said' });
    await said;
    await rtm.sendTyping('C1');
    assert.equal((await socket.nextFrame('typing')).channel, 'C1');
    answer();
    await call;
  });

  better('keeps the process alive until it is answered, and no longer', async (t) => {
    const api = await webApiServer(t);
    // The pause is what the process has to outlive; nothing waits for it.
    api.answers.push((request, response) => setTimeout(() => response.end('{"ok":true,"n":1}'), 300));
    const child = inProcess(t, api, ({ client, report }) => {
      client()
        .apiCall('api.test')
        .then(({ n }) => report(n));
      process.on('exit', () => report('exit'));
    });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual([code, reports, stderr], [0, [1, 'exit'], '']);
  });

  better('a failed one lets the process end, too', async (t) => {
    const api = await webApiServer(t);
    api.answers.push(answerWith(500), reply({ ok: false, error: 'x' }));
    const child = inProcess(t, api, async ({ client, report }) => {
      const rtm = client({ retryConfig: { retries: 0 } });
      for (let n = 0; n < 2; n += 1) await rtm.apiCall('api.test').catch(({ code }) => report(code));
      await rtm.apiCall('no such').catch(({ name }) => report(name));
    });
    const { code, reports } = await child.ended;
    const codes = ['slack_webapi_http_error', 'slack_webapi_platform_error', 'TypeError'];
    assert.deepEqual([code, reports], [0, codes]);
  });

  better('a client that is dropped while its call is under way gets the answer', async (t) => {
    const api = await webApiServer(t);
    let answer;
    api.answers.push((request, response) => (answer = () => response.end('{"ok":true,"n":1}')));
    const child = inProcess(
      t,
      api,
      ({ client, report }) => {
        client()
          .apiCall('api.test')
          .then(({ n }) => report(n));
        setImmediate(() => {
          global.gc();
          report('collected');
        });
      },
      { flags: ['--expose-gc'] },
    );
    await api.requested(1);
    assert.equal(await child.report(), 'collected');
    answer();
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports], [0, ['collected', 1]]);
  });

  better('in a worker, which then ends by itself', async (t) => {
    const api = await webApiServer(t);
    api.answers.push(reply({ n: 1 }), reply({ ok: false, error: 'x' }));
    const { report, ended } = inWorker(api, async ({ client, report: tell }) => {
      const rtm = client();
      tell(await rtm.apiCall('api.test', { a: [1], file: new Uint8Array([1]) }));
      tell(await rtm.apiCall('api.test').catch(({ code }) => code));
    });
    assert.deepEqual(await report(), { ok: true, n: 1, response_metadata: {} });
    assert.equal(await report(), 'slack_webapi_platform_error');
    assert.equal(await ended, 0);
  });

  better('a worker that is ended amid calls harms nothing', async (t) => {
    const api = await webApiServer(t);
    api.answers.push(...Array(20).fill(() => {}));
    const { worker } = inWorker(api, ({ client }) => {
      const rtm = client();
      for (let n = 0; n < 20; n += 1) rtm.apiCall('api.test');
    });
    await api.requested(20);
    assert.equal(await worker.terminate(), 1);
    assert.equal((await clientOf(t, api).apiCall('api.test')).ok, true);
  });
});

describe('apiCall: connections', { concurrency: true }, () => {
  // One that is kept may be given up by the server while it is used again: nobody would know whether the call was made.
  better('each call has one of its own, which is closed with the answer', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    api.answers.push(reply({ n: 0 }), reply({ ok: false, error: 'x' }), answerWith(500, {}, 'oops'), answerWith(429));
    for (let n = 0; n < 5; n += 1) {
      await rtm.apiCall('api.test', { n }).catch(() => {});
      const socket = api.connections.at(-1);
      if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
    }
    assert.deepEqual([api.requests.length, api.connections.length], [5, 5]);
    assert.ok(api.requests.every(({ headers }) => headers.connection === 'close'));
  });

  for (const how of ['destroy', 'end', 'resetAndDestroy']) {
    better(`one that the server drops right behind its answer does not fail the next call: ${how}`, async (t) => {
      const { api, rtm } = await clientWith(t, ONCE);
      for (let n = 0; n < 50; n += 1) {
        await rtm.apiCall('api.test', { n });
        api.connections.at(-1)[how]();
      }
      assert.equal(api.requests.length, 50);
    });
  }

  better('a server that would keep it open does not keep the call waiting', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    for (let n = 0; n < 3; n += 1) {
      api.answers.push(({ socket }) =>
        socket.write('HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 11\r\n\r\n{"ok":true}'),
      );
      await rtm.apiCall('api.test');
    }
    assert.equal(api.requests.length, 3);
  });

  better('what comes for an answer that was given up is not taken for the next one', async (t) => {
    const { api, rtm } = await clientWith(t, { ...ONCE, requestTimeout: 100 });
    api.answers.push((request, response) => {
      response.write('{"ok":true,"n":1');
      setTimeout(() => response.end('}'), 200);
    });
    await failureOf(rtm.apiCall('api.test'));
    api.answers.push(reply({ n: 2 }));
    assert.equal((await rtm.apiCall('api.test')).n, 2);
    assert.equal(api.connections.length, 2);
  });

  better('once answered, it does not keep the process alive', async (t) => {
    const api = await webApiServer(t);
    const begin = performance.now();
    const child = inProcess(t, api, ({ client, report }) => {
      client()
        .apiCall('api.test')
        .then(() => report('answered'));
    });
    await child.report();
    const { code } = await child.ended;
    assert.equal(code, 0);
    assert.ok(performance.now() - begin < 10_000);
  });
});

describe('apiCall: with webClient', { concurrency: true }, () => {
  better('it makes the call, and its answer is handed on as it is', async (t) => {
    const { api } = await clientWith(t);
    const options = { a: 1 };
    const answer = Object.freeze({ ok: true });
    const seen = [];
    const webClient = {
      async apiCall(...args) {
        seen.push({ self: this, args });
        return answer;
      },
    };
    const rtm = clientOf(t, api, { webClient });
    assert.ok((await rtm.apiCall('users.list', options)) === answer);
    assert.ok((await rtm.apiCall('api.test')) === answer);
    assert.ok(seen[0].self === webClient);
    assert.ok(seen[0].args[0] === 'users.list' && seen[0].args[1] === options);
    assert.deepEqual([seen[1].args[0], seen[1].args[1]], ['api.test', undefined]);
    assert.deepEqual([api.requests.length, api.connections.length], [0, 0]);
  });

  better('what it fails with is handed on as it is, thrown at once or later', async (t) => {
    const { api } = await clientWith(t);
    for (const value of [new Error('x'), 'text', undefined, null, Object.freeze({})]) {
      for (const apiCall of [
        async () => {
          throw value;
        },
        () => {
          throw value;
        },
      ]) {
        const rtm = clientOf(t, api, { webClient: { apiCall } });
        const reason = await rtm.apiCall('api.test').then(
          () => assert.fail('it did not fail'),
          (error) => error,
        );
        assert.ok(Object.is(reason, value));
      }
    }
    assert.equal(api.requests.length, 0);
  });

  better('a real one, with the default arguments', async (t) => {
    const { api } = await clientWith(t);
    const webClient = new webApi.WebClient('xoxp-own', { slackApiUrl: api.apiUrl, logger: keepingLogger() });
    const rtm = clientOf(t, api, { webClient });
    api.answers.push(reply({ n: 1 }));
    assert.equal((await rtm.apiCall('api.test')).n, 1);
    assert.equal(api.requests[0].headers.authorization, 'Bearer xoxp-own');
  });
});
