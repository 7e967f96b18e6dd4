// A Web API that lies, floods, stalls, or sends what is no HTTP. Each time the call fails with the right error, or the
// answer is read; the token goes nowhere else, and the client can be used afterwards.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { brotliCompressSync, deflateSync, gzipSync } = require('node:zlib');
const { better, clientOf, keepingLogger, next, same } = require('./support/client.js');
const { authority, missing } = require('./support/certificates.js');
const { scriptedServer } = require('./support/scripted-server.js');

const MB = 2 ** 20;
const SHORT = 'it waits without a limit';
const LENIENT = 'it reads it otherwise';
const REQUEST = 'slack_webapi_request_error';
const HTTP = 'slack_webapi_http_error';
const PLATFORM = 'slack_webapi_platform_error';

const failureOf = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );

/** Sends these bytes as they are, and ends the connection (or leaves it open). */
const raw =
  (bytes, { open = false } = {}) =>
  ({ socket }) => {
    socket.on('error', () => {});
    if (open) socket.write(bytes);
    else socket.end(bytes);
  };

/** An answer with a length. */
const withBody = (body, ...lines) => {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from([`HTTP/1.1 200 OK`, `Content-Length: ${bytes.length}`, ...lines, '', ''].join('\r\n'), 'latin1'),
    bytes,
  ]);
};

/** Sends `head`, then `part` over and over for as long as the client takes it; tells how much that was. */
function endless(head, part) {
  const flood = { sent: 0 };
  flood.answer = ({ socket }) => {
    flood.ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    const more = () => {
      while (!socket.destroyed) {
        flood.sent += part.length;
        if (!socket.write(part)) return socket.once('drain', more);
      }
      return undefined;
    };
    socket.write(head);
    more();
  };
  return flood;
}

/** A server, over TLS if that is asked for, with a client of it that tries once. */
async function clientWith(t, { secure = false, ...options } = {}) {
  const leaf = secure ? authority('Hostile API').issue() : undefined;
  const server = await scriptedServer(t, leaf && { tls: { key: leaf.key, cert: leaf.fullChain } });
  const logger = keepingLogger();
  const tls = leaf && { ca: leaf.ca };
  const base = { logger, logLevel: 'debug', tls, autoReconnect: false, retryConfig: { retries: 0 } };
  return { server, logger, rtm: clientOf(t, server, { ...base, ...options }) };
}

/** Has the next connect call answered so, and demands this error of it; then the client must work. */
async function assertFails({ server, rtm, logger }, answer, code) {
  server.answers.push(answer);
  const disconnected = next(rtm, 'disconnected');
  const error = await failureOf(rtm.start());
  assert.ok(error instanceof Error);
  assert.equal(error.code, code, String(error));
  assert.ok((await disconnected)[0] === error);
  assert.ok(error.message.length < 2000, `a message of ${error.message.length} characters`);
  assert.ok(!`${error.message} ${error.stack}`.includes(server.token));
  await assertWorks({ server, rtm, logger });
  return error;
}

/** The client can be used, and nothing broke within. */
async function assertWorks({ rtm, logger }) {
  const connected = next(rtm, 'connected');
  assert.equal((await rtm.start()).ok, true);
  await connected;
  await rtm.disconnect();
  assert.ok(logger.lines.every(({ text }) => !text.includes('a bug in this package')));
}

/** Demands that the answer is read as if nothing were. */
async function assertReads({ server, rtm, logger }, answer) {
  server.answers.push(answer);
  const connected = next(rtm, 'connected');
  const data = await rtm.start();
  await connected;
  await rtm.disconnect();
  await assertWorks({ rtm, logger });
  return data;
}

describe('a hostile API: where it leads', { skip: missing }, () => {
  for (const status of [300, 301, 302, 303, 305, 307, 308]) {
    better(
      '`tls` does not reach the connect call',
      `a redirect to another host (${status}) is not followed`,
      async (t) => {
        const session = await clientWith(t, { secure: true });
        const other = await scriptedServer(t);
        const location = `${other.apiUrl}rtm.connect`;
        const answer = (request, response) => response.writeHead(status, { location }).end();
        const error = await assertFails(session, answer, HTTP);
        assert.deepEqual([error.statusCode, error.headers.location], [status, location]);
        assert.deepEqual([other.calls.length, other.upgrades.length], [0, 0]);
        for (const call of session.server.calls) assert.equal(call.url, '/api/rtm.connect');
      },
    );
  }

  better('`tls` does not reach the connect call', 'a socket without TLS is refused', async (t) => {
    const session = await clientWith(t, { secure: true });
    const other = await scriptedServer(t);
    for (const url of [
      other.socketUrl,
      other.socketUrl.replace('ws:', 'WS:'),
      other.socketUrl.replace('ws:', 'http:'),
    ]) {
      await assertFails(session, session.server.answer({ url }), PLATFORM);
    }
    assert.equal(other.upgrades.length, 0);
  });

  better('it takes any', 'socket URLs of other kinds are refused', async (t) => {
    const session = await clientWith(t);
    for (const url of [
      '',
      'x',
      '//127.0.0.1/x',
      'file:///etc/passwd',
      'javascript:1',
      'wss:',
      'unix:/tmp/x',
      'wss+unix://x',
    ]) {
      await assertFails(session, session.server.answer({ url }), PLATFORM);
    }
  });

  better('`tls` does not reach the connect call', 'a certificate of another host: nothing is sent to it', async (t) => {
    const leaf = authority('Hostile API').issue({ cn: 'other.example', san: ['DNS:other.example'] });
    const server = await scriptedServer(t, { tls: { key: leaf.key, cert: leaf.fullChain } });
    const rtm = clientOf(t, server, { tls: { ca: leaf.ca }, autoReconnect: false, retryConfig: { retries: 0 } });
    for (const call of [() => rtm.start(), () => rtm.apiCall('api.test')]) {
      const error = await failureOf(call());
      assert.deepEqual([error.code, error.original.code], [REQUEST, 'ERR_TLS_CERT_ALTNAME_INVALID']);
    }
    assert.equal(server.calls.length, 0);
  });

  better(
    '`tls` does not reach the connect call',
    'no TLS where TLS is expected, and the other way round',
    async (t) => {
      const [plain, secure] = [await clientWith(t), await clientWith(t, { secure: true })];
      for (const [{ server }, scheme] of [
        [plain, 'https'],
        [secure, 'http'],
      ]) {
        const options = {
          slackApiUrl: `${scheme}://${server.host}/api/`,
          autoReconnect: false,
          retryConfig: { retries: 0 },
        };
        const error = await failureOf(clientOf(t, server, options).start());
        assert.ok([REQUEST, HTTP].includes(error.code), error.code);
        assert.equal(server.calls.length, 0);
      }
      await assertWorks(secure);
    },
  );
});

describe('a hostile API: without an end', { skip: missing }, () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  for (const [what, head, part] of [
    ['headers', HEAD, 'X-Header: value\r\n'.repeat(100)],
    ['a header', `${HEAD}X-Header: `, 'x'.repeat(1000)],
    ['a header name', HEAD, 'x'.repeat(1000)],
    ['a status text', 'HTTP/1.1 200 ', 'x'.repeat(1000)],
    ['a chunk size', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, 'f'.repeat(1000)],
    ['a chunk extension', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;`, 'x'.repeat(1000)],
    ['trailers', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`, 'X-Trailer: value\r\n'.repeat(100)],
  ]) {
    better(LENIENT, `${what} without an end`, async (t) => {
      const session = await clientWith(t, { secure: true });
      const flood = endless(head, part);
      await assertFails(session, flood.answer, REQUEST);
      await flood.ended;
      assert.ok(flood.sent < 16 * MB, `${flood.sent / MB} MB`);
    });
  }

  better(LENIENT, 'an answer without an end, chunked, is refused while it is read', async (t) => {
    const session = await clientWith(t);
    const part = Buffer.alloc(MB, ' ');
    const chunk = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
    const flood = endless(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, chunk);
    const error = await assertFails(session, flood.answer, REQUEST);
    assert.match(error.message, /longer than/);
    await flood.ended;
    assert.ok(flood.sent > 256 * MB && flood.sent < 400 * MB, `${flood.sent / MB} MB`);
  });

  better(LENIENT, 'a longer one than 256 MiB, by its content-length, is refused before it is read', async (t) => {
    const session = await clientWith(t, { secure: true });
    for (const length of [256 * MB + 1, 2 ** 40, Number.MAX_SAFE_INTEGER, '18446744073709551615']) {
      const flood = endless(`${HEAD}Content-Length: ${length}\r\n\r\n`, Buffer.alloc(64 * 1024, ' '));
      const error = await assertFails(session, flood.answer, REQUEST);
      assert.match(error.message, /longer than|too large/);
      await flood.ended;
      assert.ok(flood.sent < 64 * MB, `${flood.sent / MB} MB`);
    }
  });

  better(LENIENT, "an error's body without an end is refused too", async (t) => {
    const session = await clientWith(t);
    const flood = endless('HTTP/1.1 500 Oops\r\nContent-Length: 1099511627776\r\n\r\n', Buffer.alloc(64 * 1024, ' '));
    await assertFails(session, flood.answer, REQUEST);
    await flood.ended;
  });

  for (const [what, part] of [
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n'],
  ]) {
    better(SHORT, `${what} without an end is ended by requestTimeout`, async (t) => {
      const session = await clientWith(t, { secure: true, requestTimeout: 400 });
      const flood = endless('', part.repeat(100));
      await assertFails(session, flood.answer, REQUEST);
      await flood.ended;
    });

    same(`a thousand of ${what} before the answer`, async (t) => {
      const session = await clientWith(t);
      await assertReads(session, raw(part.repeat(1000) + withBody(JSON.stringify(session.server.answer()))));
    });
  }

  better(SHORT, 'a chunk size that begins with zeros without an end is ended by requestTimeout', async (t) => {
    const session = await clientWith(t, { requestTimeout: 400 });
    const flood = endless(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '0'.repeat(1000));
    await assertFails(session, flood.answer, REQUEST);
    await flood.ended;
  });

  for (const [what, head, piece] of [
    ['header', HEAD, 'X-Slow: 1\r\n'],
    ['body', `${HEAD}Content-Length: 100000\r\n\r\n`, ' '.repeat(100)],
    ['chunked body', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'.repeat(20)],
  ]) {
    better(SHORT, `a ${what} that comes a byte at a time is ended by requestTimeout`, async (t) => {
      const session = await clientWith(t, { secure: true, requestTimeout: 300 });
      let closed;
      const drip = ({ socket }) => {
        socket.on('error', () => {});
        socket.write(head);
        let at = 0;
        const timer = setInterval(() => socket.write(piece[at++ % piece.length]), 20);
        closed = new Promise((resolve) => socket.once('close', resolve)).then(() => clearInterval(timer));
      };
      const error = await assertFails(session, drip, REQUEST);
      assert.equal(error.original.code, 'ETIMEDOUT');
      await closed;
    });
  }

  better(SHORT, 'no answer at all is ended by requestTimeout', async (t) => {
    const session = await clientWith(t, { secure: true, requestTimeout: 300 });
    const error = await assertFails(session, () => {}, REQUEST);
    assert.equal(error.original.code, 'ETIMEDOUT');
  });
});

describe('a hostile API: what is no HTTP', { skip: missing, concurrency: true }, () => {
  for (const [what, bytes] of Object.entries({
    nothing: '',
    'an answer of HTTP 0.9': '<html>hello</html>',
    'JSON without a header': '{"ok":true,"url":"ws://127.0.0.1:1/","self":{"id":"U1"},"team":{"id":"T1"}}',
    'random bytes': Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919) % 256)),
    'NUL bytes': Buffer.alloc(1000),
    'half a status line': 'HTTP/1.1 2',
    'a status line only': 'HTTP/1.1 200 OK\r\n',
    'half a header': 'HTTP/1.1 200 OK\r\nContent-Le',
    'a status that is no number': 'HTTP/1.1 abc OK\r\n\r\n',
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
    'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}',
    'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}',
    'a length beyond all numbers': 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}',
    'a chunk size that is no number': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
    'a chunk size beyond all numbers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n',
    'a chunk that is cut off': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"ok"',
    'chunks without the last': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n',
    'a body shorter than its length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true}',
  })) {
    better('`tls` does not reach the connect call', `${what} is no answer`, async (t) => {
      const session = await clientWith(t, { secure: true });
      const error = await assertFails(session, raw(bytes), REQUEST);
      assert.ok(error.original instanceof Error && error.original.message.length > 0);
    });
  }

  better(LENIENT, '101 Switching Protocols in answer to a call', async (t) => {
    const session = await clientWith(t);
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const { server, rtm, logger } = session;
    server.answers.push(raw(head, { open: true }));
    const error = await failureOf(rtm.start());
    assert.ok([REQUEST, HTTP].includes(error.code), error.code);
    await assertWorks({ rtm, logger });
  });

  for (const status of [201, 202, 204, 205, 206, 304, 400, 401, 403, 404, 418, 451, 500, 502, 504, 511, 599, 999]) {
    better(LENIENT, `status ${status}, though its body were good, is a slack_webapi_http_error`, async (t) => {
      const session = await clientWith(t);
      const body = JSON.stringify(session.server.answer());
      const { statusCode } = await assertFails(
        session,
        raw(`HTTP/1.1 ${status} X\r\nConnection: close\r\n\r\n${body}`),
        HTTP,
      );
      assert.equal(statusCode, status);
    });
  }

  better(LENIENT, 'a status text and headers with odd bytes', async (t) => {
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

  better(LENIENT, 'no status text', async (t) => {
    const session = await clientWith(t);
    for (const line of ['HTTP/1.1 500', 'HTTP/1.1 500 ']) {
      const error = await assertFails(session, raw(`${line}\r\nContent-Length: 0\r\n\r\n`), HTTP);
      assert.equal(typeof error.statusMessage, 'string');
    }
  });

  better(LENIENT, 'a 429 with a Retry-After of any kind', async (t) => {
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

  better('it gives up', 'a pause of centuries can be ended by disconnect()', async (t) => {
    const { server, rtm, logger } = await clientWith(t, { retryConfig: { retries: 3 } });
    server.answers.push(raw('HTTP/1.1 429 X\r\nRetry-After: 18446744073709551615\r\nContent-Length: 0\r\n\r\n'));
    const start = failureOf(rtm.start());
    await server.nextCall();
    await rtm.disconnect();
    assert.equal((await start).code, 'ABORT_ERR');
    await assertWorks({ rtm, logger });
  });
});

describe('a hostile API: good answers in odd clothes', { concurrency: true }, () => {
  const good = (server) => JSON.stringify(server.answer());
  for (const [what, answer] of Object.entries({
    'HTTP/1.0, up to the end of the connection': (server) => `HTTP/1.0 200 OK\r\n\r\n${good(server)}`,
    'HTTP/1.1, up to the end of the connection': (server) => `HTTP/1.1 200 OK\r\n\r\n${good(server)}`,
    'headers in any case, with any spaces': (server) => {
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
    'more bytes than its length says': (server) => `${withBody(good(server))}HTTP/1.1 500 Smuggled\r\n\r\n`,
    'no type': (server) => withBody(good(server)),
    'another type': (server) => withBody(good(server), 'Content-Type: text/html; charset=iso-8859-1'),
    'fifty headers': (server) => withBody(good(server), ...Array.from({ length: 50 }, (_, n) => `X-${n}: ${n}`)),
    'white space around the JSON': (server) => withBody(` \r\n\t${good(server)}\n\n`),
    'a byte order mark': (server) => withBody(`\ufeff${good(server)}`),
    'escapes for all': (server) =>
      withBody(
        good(server)
          .replace(/[a-z]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)
          .replace(/\\u0074\\u0072\\u0075\\u0065/g, 'true'),
      ),
  })) {
    same(`${what}: it is read`, async (t) => {
      const session = await clientWith(t);
      const data = await assertReads(session, raw(answer(session.server)));
      assert.equal(data.self.id, 'U1');
    });
  }

  for (const [what, fields] of [
    ['a thousand levels', `"deep":${'[{"a":'.repeat(500)}1${'}]'.repeat(500)}`],
    ['escaped NULs', '"a":"\\u0000","\\u0000":1'],
    ['lone surrogates in a text', '"a":"\\ud800 \\udc00"'],
    ['a lone surrogate in a name', '"\\ud800":1'],
    ['a lone surrogate in a name below', '"a":{"\\ud800":1}'],
    ['names of prototypes', '"__proto__":{"ok":false},"constructor":1,"toJSON":2,"then":3'],
    ['huge numbers', `"a":1e999,"b":${'9'.repeat(400)},"c":-0,"d":1E-999`],
    ['duplicate names', '"ok":false,"ok":true,"url":1,"a":1,"a":2'],
    ['a hundred thousand names', Array.from({ length: 100_000 }, (_, n) => `"n${n}":${n}`).join()],
    ['an empty name', '"":1'],
    ['a megabyte of text', `"a":"${'ä'.repeat(2 ** 19)}"`],
  ]) {
    const test = what === 'names of prototypes' ? better.bind(undefined, 'it takes it for a promise') : same;
    test(`${what}: it is read as JSON.parse reads it`, async (t) => {
      const session = await clientWith(t);
      const text = `{${fields},${JSON.stringify(session.server.answer()).slice(1)}`;
      const data = await assertReads(session, raw(withBody(text)));
      const expected = JSON.parse(text);
      expected.response_metadata = {};
      assert.deepEqual(Object.keys(data), Object.keys(expected));
      assert.deepEqual(data, expected);
      assert.equal({}.ok, undefined);
    });
  }

  same('bytes that are no UTF-8 in a text are replaced', async (t) => {
    const session = await clientWith(t);
    const text = Buffer.from(JSON.stringify(session.server.answer({ a: 'x?y' })));
    text[text.indexOf('x?y') + 1] = 0xff;
    const data = await assertReads(session, raw(withBody(text)));
    assert.equal(data.a, 'x\ufffdy');
  });
});

describe('a hostile API: answers that are none', { concurrency: true }, () => {
  for (const [what, body] of Object.entries({
    'a page': '<!DOCTYPE html><html><body>Sign in</body></html>',
    nothing: '',
    'white space': ' \r\n\t ',
    'a NUL amid the JSON': '{"ok":true,\0"url":1}',
    'NULs only': '\0\0\0\0',
    'a NUL behind the JSON': '{"ok":true}\0',
    'cut-off JSON': '{"ok":true,"url":"ws://127.0.0.1:1/T1CK3T',
    'two documents': '{"ok":true}{"ok":true}',
    JSON5: "{ok: true, 'url': 'x',}",
    JSONP: 'callback({"ok":true})',
    'ok as a text': '{"ok":"true"}',
    'ok of null': '{"ok":null}',
    'UTF-16': Buffer.from('\ufeff{"ok":true}', 'utf16le'),
    'a hundred thousand levels': '['.repeat(100_000),
    'an error that is enormous': `{"ok":false,"error":"${'x'.repeat(MB)}"}`,
    'an error with line breaks and escapes': JSON.stringify({ ok: false, error: 'a\r\nb\x1b[31m\0' }),
  })) {
    better(LENIENT, `${what} is a slack_webapi_platform_error`, async (t) => {
      const session = await clientWith(t);
      const { data } = await assertFails(session, raw(withBody(body)), PLATFORM);
      assert.equal(typeof data, 'object');
      assert.notEqual(data.ok, true);
      assert.ok(!JSON.stringify(data).includes('T1CK3T'));
    });
  }

  better('it asks for it', 'an answer that is compressed, though nobody asked for that, is refused', async (t) => {
    const session = await clientWith(t);
    const body = JSON.stringify(session.server.answer());
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['br', brotliCompressSync(body)],
    ]) {
      const error = await assertFails(session, raw(withBody(bytes, `Content-Encoding: ${encoding}`)), PLATFORM);
      assert.match(error.message, new RegExp(`${encoding}|JSON`));
    }
    assert.ok(session.server.calls.every(({ headers }) => !/gzip|deflate|br/.test(headers['accept-encoding'] ?? '')));
  });
});

describe('a hostile caller', { concurrency: true }, () => {
  const INJECTIONS = [
    'x\r\nX-Evil: 1',
    'x\nX-Evil: 1',
    'x\rX-Evil: 1',
    'x\0',
    'x\r\n\r\nPOST /evil HTTP/1.1\r\n\r\n',
    '☃',
  ];

  better('it strips what it cannot send', 'a token among the start options cannot bring a header in', async (t) => {
    const session = await clientWith(t);
    for (const token of INJECTIONS) assert.ok((await failureOf(session.rtm.start({ token }))) instanceof TypeError);
    assert.equal(session.server.calls.length, 0);
    await assertWorks(session);
  });

  same('no other start option can, neither by its name nor by its value', async (t) => {
    const { server, rtm } = await clientWith(t);
    for (const text of INJECTIONS) {
      const connected = next(rtm, 'connected');
      await rtm.start({ [text]: text, 'a&b=c': 'd&e=f' });
      await connected;
      await rtm.disconnect();
      const { headers, form, url } = server.calls.at(-1);
      assert.deepEqual(form, { [text]: text, 'a&b=c': 'd&e=f' });
      assert.deepEqual([headers['x-evil'], url], [undefined, '/api/rtm.connect']);
    }
    assert.equal(server.calls.length, INJECTIONS.length);
  });

  better('it has no such option', '`headers` cannot either', async (t) => {
    const server = await scriptedServer(t);
    for (const text of INJECTIONS) {
      const unless =
        text === '☃' ? [{ [text]: 'x' }] : [{ [text]: 'x' }, { 'X-Mine': text }, { 'X-Mine': ['a', text] }];
      for (const headers of unless)
        assert.throws(() => clientOf(t, server, { headers }), TypeError, JSON.stringify(headers));
    }
  });
});
