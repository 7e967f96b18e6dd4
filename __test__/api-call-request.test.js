// apiCall: the request, which is compared with that of a WebClient of @slack/web-api, files, and method names.
'use strict';

const assert = require('node:assert/strict');
const buffer = require('node:buffer');
const { describe } = require('node:test');
const { PassThrough, Readable } = require('node:stream');
const { clientOf, failureOf, recordingLogger } = require('./support/client.js');
const { canLoad, load } = require('./support/package-versions.js');
const { ONCE, clientWith, fieldsOf, respondWith, webApiServer, testApiCall } = require('./support/web-api-server.js');

/** The fields of a request's multipart form. */
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

/** The versions of @slack/web-api, as support/package-versions.js names them. */
const WEB_APIS = ['@slack/web-api', 'slack-web-api 8'].filter(canLoad);

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
    'characters with a special meaning in forms': { 'a=b&c': 'd=e&f+g%20h?i#j;k', plus: '+ +', percent: '%zz%' },
    'all of ASCII': { text: String.fromCharCode(...Array(128).keys()) },
    unicode: { ключ: 'ä € 🙂 \u202e \ufeff', normal: 'é e\u0301' },
    'line breaks': { text: 'a\r\nb\nc\rd' },
    numbers: { a: 0, b: -1.5, c: 1e21, d: 1e-7, e: 2 ** 53, f: -0 },
    booleans: { a: true, b: false },
    'null and undefined': { a: null, b: undefined, c: 'x' },
    arrays: { empty: [], mixed: ['a', 1, null, undefined, { b: [] }], text: ['ä "x"'] },
    objects: { empty: {}, nested: { a: { b: [{ c: null, d: undefined }] }, 'ä"': '\u2028' } },
    blocks: { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*a* & <b>' } }], attachments: [] },
    'objects with toJSON': { date, money: new Money(), map: new Map([[1, 2]]), boxed: Object('x') },
    'a toJSON that returns undefined': { a: { toJSON: () => undefined }, b: 'x' },
    functions: { callback: () => 1, b: 'x' },
    symbols: { mark: Symbol('x'), b: 'x' },
    'infinite numbers': { a: NaN, b: Infinity, c: 'x' },
    'numeric names, which JavaScript sorts first': { b: 1, 2: 2, 1: 1 },
    'a long text': { text: 'ä'.repeat(100_000) },
  };

  for (const [name, what, options] of WEB_APIS.flatMap((name) =>
    Object.entries(TABLE).map(([what, options]) => [name, what, options]),
  )) {
    testApiCall(`has the same form as that of a WebClient of ${name}: ${what}`, async (t) => {
      const { api, rtm } = await clientWith(t, ONCE);
      const { WebClient } = load(name);
      const logger = recordingLogger();
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

  testApiCall('has the User-Agent and the headers of the connect call', async (t) => {
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

  testApiCall('has the token from its arguments if there is one', async (t) => {
    const { api, rtm } = await clientWith(t);
    for (const token of ['xoxp-other', '', undefined, null]) await rtm.apiCall('api.test', { token, a: 1 });
    const tokens = api.requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(tokens, ['Bearer xoxp-other', ...Array(3).fill('Bearer xoxb-scripted')]);
    assert.ok(
      api.requests.every((request) => fieldsOf(request).some(([name, value]) => name === 'a' && value === '1')),
    );
  });

  testApiCall('is refused without showing the token if a header cannot contain it', async (t) => {
    const { api, rtm } = await clientWith(t);
    for (const token of ['xoxb-secret\n1', 'xoxb-secret\r\nX-Evil: 1', 'xoxb-secret\0', 'xoxb-secret ☃']) {
      const error = await failureOf(rtm.apiCall('api.test', { token }));
      assert.ok(error instanceof TypeError, String(error));
      assert.doesNotMatch(`${error.message} ${error.stack}`, /xoxb-secret/);
    }
    assert.equal(api.requests.length, 0);
  });

  for (const options of ['text', 5, true]) {
    testApiCall(
      `is refused, like by a WebClient, if the arguments are not an object: ${JSON.stringify(options)}`,
      async (t) => {
        const { api, rtm } = await clientWith(t);
        assert.ok((await failureOf(rtm.apiCall('api.test', options))) instanceof TypeError);
        assert.equal(api.requests.length, 0);
      },
    );
  }

  testApiCall('is not sent if an argument cannot be converted to text', async (t) => {
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

  testApiCall('contains the arguments at the time of the call', async (t) => {
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

describe('apiCall: a file', { concurrency: true }, () => {
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
    testApiCall(`is sent in a multipart form: ${what}`, async (t) => {
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

  testApiCall('keeps the type of a Blob', async (t) => {
    const { api, rtm } = await clientWith(t);
    await rtm.apiCall('files.upload', { file: new Blob(['{}'], { type: 'application/json' }) });
    assert.equal((await formOf(api.requests[0])).file.type, 'application/json');
  });

  testApiCall('keeps the name of a File', async (t) => {
    const { api, rtm } = await clientWith(t);
    await rtm.apiCall('files.upload', { file: new buffer.File(['x'], 'report.txt', { type: 'text/plain' }) });
    const { file } = await formOf(api.requests[0]);
    assert.deepEqual([file.name, file.type, file.bytes.toString()], ['report.txt', 'text/plain', 'x']);
  });

  testApiCall('can have five megabytes, and a second file can follow', async (t) => {
    const { api, rtm } = await clientWith(t);
    const large = Buffer.alloc(5 * 2 ** 20, 'abcdefg');
    await rtm.apiCall('files.upload', { large, small: new Uint8Array([1]) });
    const form = await formOf(api.requests[0]);
    assert.ok(form.large.bytes.equals(large) && form.small.bytes.equals(Buffer.from([1])));
  });

  testApiCall('is sent again completely in a retry', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 1 } });
    api.responses.push(respondWith(503));
    await rtm.apiCall('files.upload', { file: BYTES });
    assert.equal(api.requests.length, 2);
    for (const request of api.requests) assert.ok((await formOf(request)).file.bytes.equals(BYTES));
  });

  for (const [what, make] of Object.entries({
    'a Readable': () => Readable.from(['x']),
    'a PassThrough': () => new PassThrough(),
    'a ReadableStream': () => new Blob(['x']).stream(),
    'an object with `pipe`, like the streams of other packages': () => ({ pipe() {}, on() {}, readable: true }),
  })) {
    testApiCall(`is refused with a TypeError if it is a stream: ${what}`, async (t) => {
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

describe('apiCall: the method name', { concurrency: true }, () => {
  testApiCall('can be any name that Slack uses', async (t) => {
    const { api, rtm } = await clientWith(t);
    const methods = ['api.test', 'users.list', 'files.getUploadURLExternal', 'admin.apps.approved.list', 'test'];
    for (const method of methods) await rtm.apiCall(method);
    assert.deepEqual(
      api.requests.map(({ url }) => url),
      methods.map((method) => `/api/${method}`),
    );
  });

  testApiCall('is refused with a TypeError if it is invalid, and nothing is sent', async (t) => {
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

  testApiCall('is appended to slackApiUrl, with or without a slash between them', async (t) => {
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
