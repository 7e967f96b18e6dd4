// Responses of a hostile Web API: malformed HTTP, unusual valid responses, and unusable ones. Each call fails with the right
// error, or the response is read; the client works afterwards.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { brotliCompressSync, deflateSync, gzipSync } = require('node:zlib');
const { missing } = require('./support/certificates.js');
const { better, failureOf, same } = require('./support/client.js');
const {
  HTTP,
  PLATFORM,
  REQUEST,
  assertFails,
  assertReads,
  assertWorks,
  clientWith,
  raw,
  withBody,
} = require('./support/hostile-api.js');

const MB = 2 ** 20;
const LENIENT = 'it handles the response differently';

describe('a hostile API: malformed HTTP', { skip: missing, concurrency: true }, () => {
  for (const [what, bytes] of Object.entries({
    'no bytes': '',
    'a response of HTTP 0.9': '<html>hello</html>',
    'JSON without a header': '{"ok":true,"url":"ws://127.0.0.1:1/","self":{"id":"U1"},"team":{"id":"T1"}}',
    'random bytes': Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919) % 256)),
    'NUL bytes': Buffer.alloc(1000),
    'half a status line': 'HTTP/1.1 2',
    'a status line only': 'HTTP/1.1 200 OK\r\n',
    'half a header': 'HTTP/1.1 200 OK\r\nContent-Le',
    'a status that is not a number': 'HTTP/1.1 abc OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a status below 100': 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n',
    'another version': 'HTTP/3.7 200 OK\r\n\r\n',
    'the preface of HTTP/2': '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64',
    'TLS in TLS': Buffer.from('160301020001fc0303', 'hex'),
    SSH: 'SSH-2.0-OpenSSH_9.0\r\n',
    'a header without a colon': 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n',
    'a header with a NUL': 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}',
    'a header name with a space': 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\n{}',
    'two lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x',
    'a length that is not a number': 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}',
    'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}',
    'a length that is too large': 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}',
    'a chunk size that is not a number': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
    'a chunk size that is too large': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
    'a chunk that is cut off': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"ok"',
    'chunks without the last': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
    'a body shorter than its length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true}',
  })) {
    better('`tls` does not reach the connect call', `the call fails: ${what}`, async (t) => {
      const session = await clientWith(t, { secure: true });
      const error = await assertFails(session, raw(bytes), REQUEST);
      assert.ok(error.original instanceof Error && error.original.message.length > 0);
    });
  }

  better(LENIENT, 'a 101 response to a call is an error', async (t) => {
    const session = await clientWith(t);
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const { server, rtm, logger } = session;
    server.responses.push(raw(head, { open: true }));
    const error = await failureOf(rtm.start());
    assert.ok([REQUEST, HTTP].includes(error.code), error.code);
    await assertWorks({ rtm, logger });
  });

  for (const status of [201, 202, 204, 205, 206, 304, 400, 401, 403, 404, 418, 451, 500, 502, 504, 511, 599, 999]) {
    better(LENIENT, `status ${status} with a good body is a slack_webapi_http_error`, async (t) => {
      const session = await clientWith(t);
      const body = JSON.stringify(session.server.connectResponse());
      const { statusCode } = await assertFails(
        session,
        raw(`HTTP/1.1 ${status} X\r\nConnection: close\r\n\r\n${body}`),
        HTTP,
      );
      assert.equal(statusCode, status);
    });
  }

  better(LENIENT, 'a status text, headers and a body can contain any bytes', async (t) => {
    const session = await clientWith(t);
    const head = Buffer.from(
      'HTTP/1.1 500 G\xff\xc3\tne\r\nX-Odd: \xfe\xff \xc3\xa4\r\nContent-Length: 3\r\n\r\n\xff\0\x01',
      'latin1',
    );
    const error = await assertFails(session, raw(head), HTTP);
    assert.equal(typeof error.statusMessage, 'string');
    assert.equal(typeof error.headers['x-odd'], 'string');
    assert.equal(error.body.length, 3);
  });

  better(LENIENT, 'the status text can be missing', async (t) => {
    const session = await clientWith(t);
    for (const line of ['HTTP/1.1 500', 'HTTP/1.1 500 ']) {
      const error = await assertFails(session, raw(`${line}\r\nContent-Length: 0\r\n\r\n`), HTTP);
      assert.equal(typeof error.statusMessage, 'string');
    }
  });

  better(LENIENT, 'the Retry-After of a 429 can be any text', async (t) => {
    const session = await clientWith(t);
    for (const value of [
      '-1',
      '1e9',
      '99999999999999999999',
      '18446744073709551615',
      '0x10',
      '1, 2',
      '\xff',
      'Infinity',
    ]) {
      const head = Buffer.from(`HTTP/1.1 429 X\r\nRetry-After: ${value}\r\nContent-Length: 0\r\n\r\n`, 'latin1');
      const error = await assertFails(session, raw(head), 'slack_webapi_rate_limited_error');
      assert.ok(error.retryAfter >= 0, `${value}: ${error.retryAfter}`);
    }
  });

  better('it gives up', 'disconnect() ends a pause of centuries', async (t) => {
    const { server, rtm, logger } = await clientWith(t, { retryConfig: { retries: 3 } });
    server.responses.push(raw('HTTP/1.1 429 X\r\nRetry-After: 18446744073709551615\r\nContent-Length: 0\r\n\r\n'));
    const start = failureOf(rtm.start());
    await server.nextCall();
    await rtm.disconnect();
    assert.equal((await start).code, 'ABORT_ERR');
    await assertWorks({ rtm, logger });
  });
});

describe('a hostile API: unusual valid responses', { concurrency: true }, () => {
  const good = (server) => JSON.stringify(server.connectResponse());
  for (const [what, make] of Object.entries({
    'HTTP/1.0, up to the end of the connection': (server) => `HTTP/1.0 200 OK\r\n\r\n${good(server)}`,
    'HTTP/1.1, up to the end of the connection': (server) => `HTTP/1.1 200 OK\r\n\r\n${good(server)}`,
    'headers in upper and lower case, with spaces': (server) => {
      const length = Buffer.byteLength(good(server));
      return `HTTP/1.1 200 OK\r\nCONTENT-length:   ${length}  \r\nX-Empty:\r\n\r\n${good(server)}`;
    },
    'the same length twice': (server) => {
      const line = `Content-Length: ${Buffer.byteLength(good(server))}\r\n`;
      return `HTTP/1.1 200 OK\r\n${line}\r\n${good(server)}`;
    },
    'chunks with extensions and trailers': (server) => {
      const body = good(server);
      const size = Buffer.byteLength(body).toString(16);
      return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size};a=b\r\n${body}\r\n0\r\nX-T: 1\r\n\r\n`;
    },
    'more bytes than its Content-Length': (server) => `${withBody(good(server))}HTTP/1.1 500 Smuggled\r\n\r\n`,
    'no Content-Type': (server) => withBody(good(server)),
    'another Content-Type': (server) => withBody(good(server), 'Content-Type: text/html; charset=iso-8859-1'),
    'fifty headers': (server) => withBody(good(server), ...Array.from({ length: 50 }, (_, n) => `X-${n}: ${n}`)),
    'white space around the JSON': (server) => withBody(` \r\n\t${good(server)}\n\n`),
    'a byte order mark': (server) => withBody(`\ufeff${good(server)}`),
    'only escaped characters': (server) =>
      withBody(
        good(server)
          .replace(/[a-z]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
          .replace(/\\u0074\\u0072\\u0075\\u0065/g, 'true'),
      ),
  })) {
    same(`are read: ${what}`, async (t) => {
      const session = await clientWith(t);
      const data = await assertReads(session, raw(make(session.server)));
      assert.equal(data.self.id, 'U1');
    });
  }

  for (const [what, fields] of [
    ['a thousand levels', `"deep":${'[{"a":'.repeat(500)}1${'}]'.repeat(500)}`],
    ['escaped NULs', '"a":"\\u0000","\\u0000":1'],
    ['lone surrogates in a text', '"a":"\\ud800 \\udc00"'],
    ['a lone surrogate in a name', '"\\ud800":1'],
    ['a lone surrogate in a nested name', '"a":{"\\ud800":1}'],
    ['names of prototype members', '"__proto__":{"ok":false},"constructor":1,"toJSON":2,"then":3'],
    ['huge numbers', `"a":1e999,"b":${'9'.repeat(400)},"c":-0,"d":1E-999`],
    ['duplicate names', '"ok":false,"ok":true,"url":1,"a":1,"a":2'],
    ['a hundred thousand names', Array.from({ length: 100_000 }, (_, n) => `"n${n}":${n}`).join()],
    ['an empty name', '"":1'],
    ['a megabyte of text', `"a":"${'ä'.repeat(2 ** 19)}"`],
  ]) {
    const test = what === 'names of prototype members' ? better.bind(undefined, 'it treats it as a promise') : same;
    test(`are read like JSON.parse does: ${what}`, async (t) => {
      const session = await clientWith(t);
      const text = `{${fields},${JSON.stringify(session.server.connectResponse()).slice(1)}`;
      const data = await assertReads(session, raw(withBody(text)));
      const expected = JSON.parse(text);
      expected.response_metadata = {};
      assert.deepEqual(Object.keys(data), Object.keys(expected));
      assert.deepEqual(data, expected);
      assert.equal({}.ok, undefined);
    });
  }

  same('have bytes that are not UTF-8 replaced by U+FFFD', async (t) => {
    const session = await clientWith(t);
    const text = Buffer.from(JSON.stringify(session.server.connectResponse({ a: 'x?y' })));
    text[text.indexOf('x?y') + 1] = 0xff;
    const data = await assertReads(session, raw(withBody(text)));
    assert.equal(data.a, 'x\ufffdy');
  });
});

describe('a hostile API: unusable responses', { concurrency: true }, () => {
  for (const [what, body] of Object.entries({
    'an HTML page': '<!DOCTYPE html><html><body>Sign in</body></html>',
    'an empty body': '',
    'white space': ' \r\n\t ',
    'a NUL within the JSON': '{"ok":true,\0"url":1}',
    'only NULs': '\0\0\0\0',
    'a NUL after the JSON': '{"ok":true}\0',
    'cut-off JSON': '{"ok":true,"url":"ws://127.0.0.1:1/T1CK3T',
    'two documents': '{"ok":true}{"ok":true}',
    JSON5: "{ok: true, 'url': 'x',}",
    JSONP: 'callback({"ok":true})',
    'ok as a string': '{"ok":"true"}',
    'ok of null': '{"ok":null}',
    'UTF-16': Buffer.from('\ufeff{"ok":true}', 'utf16le'),
    'a hundred thousand levels': '['.repeat(100_000),
    'a huge error': `{"ok":false,"error":"${'x'.repeat(MB)}"}`,
    'an error with line breaks and escapes': JSON.stringify({ ok: false, error: 'a\r\nb\x1b[31m\0' }),
  })) {
    better(LENIENT, `are a slack_webapi_platform_error: ${what}`, async (t) => {
      const session = await clientWith(t);
      const { data } = await assertFails(session, raw(withBody(body)), PLATFORM);
      assert.equal(typeof data, 'object');
      assert.notEqual(data.ok, true);
      assert.ok(!JSON.stringify(data).includes('T1CK3T'));
    });
  }

  better(
    'it requests compression',
    'are compressed responses, because the client does not request compression',
    async (t) => {
      const session = await clientWith(t);
      const body = JSON.stringify(session.server.connectResponse());
      for (const [encoding, bytes] of [
        ['gzip', gzipSync(body)],
        ['deflate', deflateSync(body)],
        ['br', brotliCompressSync(body)],
      ]) {
        const error = await assertFails(session, raw(withBody(bytes, `Content-Encoding: ${encoding}`)), PLATFORM);
        assert.match(error.message, new RegExp(`${encoding}|JSON`));
      }
      assert.ok(session.server.calls.every(({ headers }) => !/gzip|deflate|br/.test(headers['accept-encoding'] ?? '')));
    },
  );
});
