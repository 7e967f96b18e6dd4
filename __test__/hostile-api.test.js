// A Web API that redirects, floods or stalls, and hostile arguments. Each call fails with the right error, the token is sent
// nowhere else, and the client works afterwards.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { authority, missing } = require('./support/certificates.js');
const { better, clientOf, failureOf, next, same } = require('./support/client.js');
const {
  HTTP,
  PLATFORM,
  REQUEST,
  assertFails,
  assertReads,
  assertWorks,
  clientWith,
  endless,
  raw,
  withBody,
} = require('./support/hostile-api.js');
const { scriptedServer } = require('./support/scripted-server.js');

const MB = 2 ** 20;
const UNLIMITED = 'it waits without a limit';
const LENIENT = 'it handles the response differently';

describe('a hostile API: redirects and socket URLs', { skip: missing }, () => {
  for (const status of [300, 301, 302, 303, 305, 307, 308]) {
    better(
      '`tls` does not reach the connect call',
      `a redirect to another host (${status}) is not followed`,
      async (t) => {
        const session = await clientWith(t, { secure: true });
        const other = await scriptedServer(t);
        const location = `${other.apiUrl}rtm.connect`;
        const redirect = (request, response) => response.writeHead(status, { location }).end();
        const error = await assertFails(session, redirect, HTTP);
        assert.deepEqual([error.statusCode, error.headers.location], [status, location]);
        assert.deepEqual([other.calls.length, other.upgrades.length], [0, 0]);
        for (const call of session.server.calls) assert.equal(call.url, '/api/rtm.connect');
      },
    );
  }

  better('`tls` does not reach the connect call', 'a socket URL without TLS is refused', async (t) => {
    const session = await clientWith(t, { secure: true });
    const other = await scriptedServer(t);
    for (const url of [
      other.socketUrl,
      other.socketUrl.replace('ws:', 'WS:'),
      other.socketUrl.replace('ws:', 'http:'),
    ]) {
      await assertFails(session, session.server.connectResponse({ url }), PLATFORM);
    }
    assert.equal(other.upgrades.length, 0);
  });

  better('it accepts any URL', 'other URLs are refused as socket URLs', async (t) => {
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
      await assertFails(session, session.server.connectResponse({ url }), PLATFORM);
    }
  });

  better(
    '`tls` does not reach the connect call',
    'nothing is sent to a server with the certificate of another host',
    async (t) => {
      const leaf = authority('Hostile API').issue({ cn: 'other.example', san: ['DNS:other.example'] });
      const server = await scriptedServer(t, { tls: { key: leaf.key, cert: leaf.fullChain } });
      const rtm = clientOf(t, server, { tls: { ca: leaf.ca }, autoReconnect: false, retryConfig: { retries: 0 } });
      for (const call of [() => rtm.start(), () => rtm.apiCall('api.test')]) {
        const error = await failureOf(call());
        assert.deepEqual([error.code, error.original.code], [REQUEST, 'ERR_TLS_CERT_ALTNAME_INVALID']);
      }
      assert.equal(server.calls.length, 0);
    },
  );

  better(
    '`tls` does not reach the connect call',
    'a server without TLS at an https: URL is an error, and one with TLS at an http: URL',
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

describe('a hostile API: endless responses', { skip: missing }, () => {
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
    better(LENIENT, `${what} without an end: the call fails`, async (t) => {
      const session = await clientWith(t, { secure: true });
      const flood = endless(head, part);
      await assertFails(session, flood.respond, REQUEST);
      await flood.ended;
      assert.ok(flood.sent < 16 * MB, `${flood.sent / MB} MB`);
    });
  }

  better(LENIENT, 'an endless chunked response fails at 256 MiB', async (t) => {
    const session = await clientWith(t);
    const part = Buffer.alloc(MB, ' ');
    const chunk = Buffer.concat([Buffer.from(`${MB.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
    const flood = endless(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, chunk);
    const error = await assertFails(session, flood.respond, REQUEST);
    assert.match(error.message, /longer than/);
    await flood.ended;
    assert.ok(flood.sent > 256 * MB && flood.sent < 400 * MB, `${flood.sent / MB} MB`);
  });

  better(LENIENT, 'a response whose Content-Length is over 256 MiB fails before it is read', async (t) => {
    const session = await clientWith(t, { secure: true });
    for (const length of [256 * MB + 1, 2 ** 40, Number.MAX_SAFE_INTEGER, '18446744073709551615']) {
      const flood = endless(`${HEAD}Content-Length: ${length}\r\n\r\n`, Buffer.alloc(64 * 1024, ' '));
      const error = await assertFails(session, flood.respond, REQUEST);
      assert.match(error.message, /longer than|too large/);
      await flood.ended;
      assert.ok(flood.sent < 64 * MB, `${flood.sent / MB} MB`);
    }
  });

  better(LENIENT, 'an endless body of an error response fails', async (t) => {
    const session = await clientWith(t);
    const flood = endless('HTTP/1.1 500 Oops\r\nContent-Length: 1099511627776\r\n\r\n', Buffer.alloc(64 * 1024, ' '));
    await assertFails(session, flood.respond, REQUEST);
    await flood.ended;
  });

  for (const [what, part] of [
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n'],
  ]) {
    better(UNLIMITED, `${what} without an end fails after requestTimeout`, async (t) => {
      const session = await clientWith(t, { secure: true, requestTimeout: 400 });
      const flood = endless('', part.repeat(100));
      await assertFails(session, flood.respond, REQUEST);
      await flood.ended;
    });

    same(`a response after a thousand times ${what} is read`, async (t) => {
      const session = await clientWith(t);
      await assertReads(session, raw(part.repeat(1000) + withBody(JSON.stringify(session.server.connectResponse()))));
    });
  }

  better(UNLIMITED, 'a chunk size with endless leading zeros fails after requestTimeout', async (t) => {
    const session = await clientWith(t, { requestTimeout: 400 });
    const flood = endless(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '0'.repeat(1000));
    await assertFails(session, flood.respond, REQUEST);
    await flood.ended;
  });

  for (const [what, head, piece] of [
    ['header', HEAD, 'X-Slow: 1\r\n'],
    ['body', `${HEAD}Content-Length: 100000\r\n\r\n`, ' '.repeat(100)],
    ['chunked body', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'.repeat(20)],
  ]) {
    better(UNLIMITED, `a ${what} that is sent byte by byte fails after requestTimeout`, async (t) => {
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

  better(UNLIMITED, 'a call without a response fails after requestTimeout', async (t) => {
    const session = await clientWith(t, { secure: true, requestTimeout: 300 });
    const error = await assertFails(session, () => {}, REQUEST);
    assert.equal(error.original.code, 'ETIMEDOUT');
  });
});

describe('hostile arguments', { concurrency: true }, () => {
  const INJECTIONS = [
    'x\r\nX-Evil: 1',
    'x\nX-Evil: 1',
    'x\rX-Evil: 1',
    'x\0',
    'x\r\n\r\nPOST /evil HTTP/1.1\r\n\r\n',
    '☃',
  ];

  better(
    'it removes characters that it cannot send',
    'a token in the start options cannot inject a header',
    async (t) => {
      const session = await clientWith(t);
      for (const token of INJECTIONS) assert.ok((await failureOf(session.rtm.start({ token }))) instanceof TypeError);
      assert.equal(session.server.calls.length, 0);
      await assertWorks(session);
    },
  );

  same('the name or value of a start option cannot inject a header', async (t) => {
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

  better('it has no such option', '`headers` cannot inject a header', async (t) => {
    const server = await scriptedServer(t);
    for (const text of INJECTIONS) {
      const refused =
        text === '☃' ? [{ [text]: 'x' }] : [{ [text]: 'x' }, { 'X-Mine': text }, { 'X-Mine': ['a', text] }];
      for (const headers of refused)
        assert.throws(() => clientOf(t, server, { headers }), TypeError, JSON.stringify(headers));
    }
  });
});
