// Secrets that are never logged or shown: the token, the ticket in a socket URL, a proxy's password, a private key and its
// passphrase, a cookie.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { RTMClient, better, clientOf, recordingLogger, next, record } = require('./support/client.js');
const { authority, encodings, missing } = require('./support/certificates.js');
const { proxyHandlers, scriptedProxy, scriptedSocks } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { openSession } = require('./support/session.js');

const LOGS_TICKET = "it logs the socket URL's ticket";

/** Collects everything about a client that a program can print: its log, its errors, and the client itself. */
function watch(rtm, logger) {
  const events = [];
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, (error) => events.push(error));
  const snapshots = [];
  const inspectClient = () =>
    snapshots.push(inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(Object.keys(rtm)));
  for (const name of ['connecting', 'connected', 'ready', 'reconnecting', 'disconnected']) rtm.on(name, inspectClient);
  return {
    add: (error) => events.push(error),
    get text() {
      inspectClient();
      const errors = events.flatMap((error) => {
        // The response to the connect call belongs to the bot, which also gets its URL from `start()`.
        if (error?.data?.url !== undefined) delete error.data.url;
        return [inspect(error, { depth: 10, showHidden: true }), String(error?.stack)];
      });
      return [...logger.lines.map(({ text }) => text), ...errors, ...snapshots].join('\n');
    },
  };
}

function assertAbsent(text, secrets) {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `shown: …${text.slice(Math.max(0, at - 150), at + 150)}…`);
  }
}

describe('secrets', { concurrency: true }, () => {
  better(LOGS_TICKET, 'a session with lost connections shows neither token nor ticket', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const logger = recordingLogger();
    const rtm = client({ logger, logLevel: 'debug' });
    const seen = watch(rtm, logger);
    const tickets = [];
    rtm.on('authenticated', ({ url }) => tickets.push(new URL(url).pathname.split('/').at(-1)));
    await ready(rtm);
    await rtm.sendMessage('x', channel);
    await rtm.sendMessage('x', 'nowhere').catch(seen.add);
    slack.faults.refuseSocket(404);
    slack.faults.drop();
    await next(rtm, 'ready');
    slack.faults.close(4000, 'go away');
    await next(rtm, 'ready');
    await rtm.disconnect();
    await rtm.send('x').catch(seen.add);
    assert.ok(tickets.length >= 4 && tickets.every((ticket) => ticket.length > 5), String(tickets));
    assertAbsent(seen.text, [slack.token, slack.token.slice(5), ...tickets]);
    assert.match(seen.text, /invalid channel id/);
  });

  for (const [what, refusal] of Object.entries({
    'an error': { error: 'invalid_auth', warning: 'x' },
    'another HTTP status': { status: 500, headers: { 'x-a': 'b' }, body: 'oops' },
    'an HTML page': { html: '<html></html>' },
    'a dropped connection': { drop: true },
  })) {
    better(
      'its errors contain the request with the token',
      `a connect call that ends with ${what} does not show the token`,
      async (t) => {
        const { slack, client } = await openSession(t);
        const logger = recordingLogger();
        const rtm = client({ logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } });
        const seen = watch(rtm, logger);
        slack.faults.refuseConnect(refusal);
        await assert.rejects(rtm.start(), (error) => {
          seen.add(error);
          return true;
        });
        assertAbsent(seen.text, [slack.token, slack.token.slice(5)]);
      },
    );
  }

  for (const [what, refusalWith] of Object.entries({
    'an HTML page that quotes the request': (token) => ({ html: `<pre>Authorization: Bearer ${token}</pre>` }),
    'an error that quotes the token': (token) => ({ error: `bad token: Bearer ${token}` }),
    'an HTTP status whose headers and body quote the token': (token) => ({
      status: 403,
      headers: { 'x-a': token },
      body: `no way, ${token}`,
    }),
  })) {
    better(
      'its errors contain the request with the token',
      `a connect call that ends with ${what} does not show the token`,
      async (t) => {
        const { slack, client } = await openSession(t);
        const logger = recordingLogger();
        const rtm = client({ logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } });
        const seen = watch(rtm, logger);
        slack.faults.refuseConnect(refusalWith(slack.token));
        const error = await rtm.start().catch((failure) => failure);
        seen.add(error);
        assertAbsent(`${seen.text} ${JSON.stringify(error)}`, [slack.token, slack.token.slice(5)]);
      },
    );
  }

  better(LOGS_TICKET, "a ticket in a close frame's reason is not shown", async (t) => {
    const server = await scriptedServer(t);
    const logger = recordingLogger();
    const rtm = clientOf(t, server, { logger, logLevel: 'debug', autoReconnect: false });
    const seen = watch(rtm, logger);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const end = next(rtm, 'disconnected');
    (await server.nextSocket()).close(4000, 'moved from wss://example.com/T1CK3T');
    const [error] = await end;
    assertAbsent([...logger.lines.map(({ text }) => text), error.message, error.original.message].join(), ['T1CK3T']);
    assert.match(seen.text, /moved from/);
  });

  for (const [how, url] of Object.entries({
    'without escapes': '"wss://example.com/websocket/T1CK3T?a=T1CK3T#T1CK3T"',
    'with escaped slashes': '"wss:\\/\\/example.com\\/websocket\\/T1CK3T"',
    'with escapes of all kinds': '"wss:\\u002f\\u002Fexample.com\\u002fwebsocket\\u002fT1CK3T"',
    'in capitals': '"WSS://example.com/websocket/T1CK3T"',
    'in a user name': '"wss://T1CK3T:T1CK3T@example.com/T1CK3T"',
    'within a text': '"see <wss://example.com/T1CK3T|here> and wss://example.com/T1CK3T"',
    'cut off': '"wss://example.com/websocket/T1CK3T',
  })) {
    better(LOGS_TICKET, `the debug log does not show the ticket of a reconnect_url frame: ${how}`, async (t) => {
      const { slack, client, ready } = await openSession(t);
      const logger = recordingLogger();
      const { rtm } = await ready(client({ logger, logLevel: 'debug' }));
      const seen = watch(rtm, logger);
      const end = next(rtm, 'end');
      slack.emit(`{"type":"reconnect_url","url":${url}}`);
      slack.emit({ type: 'end' });
      await end;
      assertAbsent(seen.text, ['T1CK3T']);
      assert.match(seen.text, /reconnect_url/);
    });
  }

  for (const [what, url] of Object.entries({
    'a server that refuses': 'ws://127.0.0.1:1/websocket/T1CK3T?x=T1CK3T',
    'an invalid port': 'ws://127.0.0.1:99999/websocket/T1CK3T',
    'a user and a password': 'ws://T1CK3T:T1CK3T@127.0.0.1:1/T1CK3T',
    'another scheme': 'http://127.0.0.1:1/T1CK3T',
    'a path without a host': '/websocket/T1CK3T',
    'a space in it': 'ws://127.0.0.1:1/T1CK3T T1CK3T',
  })) {
    better(LOGS_TICKET, `the ticket of a socket URL that cannot be used is not shown: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      server.responses.push(server.connectResponse({ url }));
      const logger = recordingLogger();
      const options = { logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } };
      const rtm = clientOf(t, server, options);
      const seen = watch(rtm, logger);
      const recorded = record(rtm);
      const disconnected = next(rtm, 'disconnected');
      await rtm.start().catch(seen.add);
      await disconnected;
      assert.ok(recorded.names.includes('disconnected'));
      assertAbsent(seen.text, ['T1CK3T', server.token]);
    });
  }

  better(
    'its WebClient contains the token',
    'a client that was only constructed does not show its token',
    async (t) => {
      const { slack, client } = await openSession(t);
      const rtm = client();
      for (const text of [inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(rtm)]) {
        assertAbsent(text, [slack.token]);
      }
    },
  );
});

/** Everything that can be read from a value: nested and hidden properties, and its JSON. */
function textOf(value) {
  const texts = [inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null })];
  try {
    texts.push(String(JSON.stringify(value)), JSON.stringify(value, Object.getOwnPropertyNames(Object(value))));
  } catch {
    // Circular; `inspect` covers it.
  }
  return [...texts, String(value?.message), String(value?.stack), String(value?.original?.stack)].join('\n');
}

/** A client with secrets of all kinds, and a check that nothing shows them. */
function guarded(t, slack, options = {}, more = []) {
  const logger = recordingLogger();
  const seen = [];
  const base = { logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } };
  const headers = { Cookie: 'd=c00k1e-secret', 'X-Key': 'h3ader-secret' };
  const rtm = clientOf(t, slack, { ...base, headers, ...options });
  const inspectClient = () => {
    seen.push(textOf(rtm), JSON.stringify(Object.keys(rtm)), JSON.stringify(Object.getOwnPropertyNames(rtm)));
  };
  for (const name of ['connecting', 'authenticated', 'connected', 'disconnected', 'reconnecting'])
    rtm.on(name, inspectClient);
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start'])
    rtm.on(name, (error) => seen.push(textOf(error)));
  const add = (error) => seen.push(textOf(error));
  return {
    rtm,
    add,
    /** Starts the client, which must fail. */
    async fail() {
      const error = await rtm.start().then(
        () => next(rtm, 'disconnected').then(([reason]) => reason),
        (reason) => reason,
      );
      add(error);
      add(await rtm.apiCall('api.test', { token: 'xoxp-0ther-secret', text: 'x' }).catch((reason) => reason));
      return error;
    },
    assertHidden(...expected) {
      inspectClient();
      const text = [...seen, ...logger.lines.map(({ text: line }) => line)].join('\n');
      assert.ok(logger.lines.length > 0 && seen.length > 3);
      for (const pattern of expected) assert.match(text, pattern);
      const secrets = [slack.token, slack.token.slice(5), 'xoxp-0ther-secret', '0ther', 'c00k1e', 'h3ader'];
      assertAbsent(text, [...secrets, ...more]);
    },
  };
}

/** All kinds of failing connect calls. */
const FAILURES = {
  'a reset connection': (request) => request.socket.destroy(),
  'a response that is not HTTP': ({ socket }) => socket.end('SSH-2.0-x\r\n'),
  'a truncated response': ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":'),
  'a redirect': (request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  'an HTTP error': (request, response) => response.writeHead(500, { 'set-cookie': 'a=b' }).end('oops'),
  'a rate limit': (request, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  'a refusal': { ok: false, error: 'invalid_auth' },
  'a temporary error': { ok: false, error: 'fatal_error' },
  'an HTML page': '<html></html>',
  'an empty response': '',
  'a response without a url': { ok: true },
  'no response': () => {},
  'too many headers': ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(500)}\r\n`),
};

describe('secrets: the token, the ticket and headers', { concurrency: true }, () => {
  for (const [what, response] of Object.entries(FAILURES)) {
    better(
      'its errors contain the request',
      `are not shown after a connect call that fails with ${what}`,
      async (t) => {
        const server = await scriptedServer(t);
        server.responses.push(response, response);
        const { fail, assertHidden } = guarded(t, server, { requestTimeout: 500 });
        assert.match((await fail()).code, /^slack_webapi_/);
        assertHidden();
      },
    );
  }

  for (const [what, prepare] of Object.entries({
    'a refused upgrade': (server) => server.refusals.push(401),
    'an upgrade without a response': (server) => server.refusals.push(() => {}),
    'an upgrade whose connection ends': (server) => server.refusals.push((request, tcp) => tcp.destroy()),
    'an upgrade response without the key': (server) =>
      server.refusals.push((request, tcp) =>
        tcp.end('HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'),
      ),
    'no hello': (server) => (server.greet = () => {}),
    'a close frame': (server) => (server.greet = (socket) => socket.close(4000, 'bye')),
    'a reset': (server) => (server.greet = (socket) => socket.reset()),
  })) {
    better(LOGS_TICKET, `are not shown after a socket that fails with ${what}`, async (t) => {
      const server = await scriptedServer(t);
      prepare(server);
      server.responses.push(server.connectResponse({ url: `${server.socketUrl}/T1CK3T?t=T1CK3T` }));
      const { rtm, fail, assertHidden } = guarded(t, server, { connectTimeout: 500 }, ['T1CK3T']);
      const urls = [];
      // The response belongs to the bot, and contains the URL.
      rtm.on('authenticated', ({ url }) => urls.push(url));
      assert.equal((await fail()).code, 'slack_rtmapi_websocket_error');
      assert.match(urls[0], /T1CK3T/);
      assertHidden();
    });
  }

  better('its WebClient contains the token', 'are not shown after apiCall, nor are its arguments', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'x' }, (request, response) => response.writeHead(500).end(), '<html>');
    const { rtm, add, assertHidden } = guarded(t, server, {}, ['pr1vate']);
    for (const name of ['a.b', 'c.d', 'e.f']) {
      add(await rtm.apiCall(name, { text: 'pr1vate', token: 'xoxp-0ther-secret' }).catch((error) => error));
    }
    add(await rtm.apiCall('x.y', { token: 'xoxp-0ther-secret\n' }).catch((error) => error));
    await rtm.start();
    assert.equal(server.calls.length, 4);
    assert.ok(server.calls.slice(0, 3).every(({ headers }) => headers.authorization === 'Bearer xoxp-0ther-secret'));
    assertHidden();
  });

  better(
    'it removes characters that it cannot send',
    'are not shown if the token is in the start options',
    async (t) => {
      const server = await scriptedServer(t);
      server.responses.push({ ok: false, error: 'invalid_auth' });
      const { rtm, add, assertHidden } = guarded(t, server);
      for (const token of ['xoxp-0ther-secret', 'xoxp-0ther-secret\r\nx'])
        add(await rtm.start({ token }).catch((error) => error));
      assert.equal(server.calls[0].headers.authorization, 'Bearer xoxp-0ther-secret');
      assertHidden();
    },
  );

  better('it has no such option', 'are not shown by the error of a refused header', () => {
    for (const headers of [{ Cookie: 'c00k1e\r\nx' }, { 'bad name': 'c00k1e' }, { Upgrade: 'c00k1e' }]) {
      for (const options of [{ headers }, { tls: { headers } }]) {
        assert.throws(
          () => new RTMClient('xoxb-t0ken-1', options),
          (error) => {
            assertAbsent(textOf(error), ['c00k1e', 't0ken']);
            return error instanceof TypeError;
          },
        );
      }
    }
  });
});

describe("secrets: a proxy's password", { concurrency: true }, () => {
  const PASSWORD = 'p@ss:w0rd/secret';
  const FORMS = ['w0rd', encodeURIComponent(PASSWORD), Buffer.from(`robot:${PASSWORD}`).toString('base64')];
  for (const [what, handler] of Object.entries({
    'it accepts the password': proxyHandlers.demand('robot', PASSWORD),
    'it refuses the password': proxyHandlers.refuse(407, { headers: { 'Proxy-Authenticate': 'Basic' } }),
    'it responds with 502': proxyHandlers.refuse(502, { body: 'oops' }),
    'it closes the connection': proxyHandlers.close(),
    'it resets the connection': proxyHandlers.reset(),
    'its response is not HTTP': proxyHandlers.raw('SSH-2.0\r\n', { end: true }),
  })) {
    better('it has no such option', `is not shown by an http: proxy if ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const proxy = await scriptedProxy(t, handler);
      const url = proxy.urlWith({ user: 'robot', password: PASSWORD });
      for (const given of [url, new URL(url)]) {
        const { rtm, fail, assertHidden } = guarded(t, server, { proxy: given }, FORMS);
        if (what === 'it accepts the password') await rtm.start();
        else assert.equal((await fail()).code, 'slack_webapi_request_error');
        assertHidden();
      }
      assert.ok(proxy.requests.length > 0);
    });
  }

  for (const [what, options] of Object.entries({
    'it accepts the password': { user: 'robot', password: PASSWORD },
    'the password is wrong': { user: 'robot', password: 'another' },
    'it accepts no method': { greeting: () => Buffer.of(5, 0xff) },
    'it refuses the request': {
      user: 'robot',
      password: PASSWORD,
      request: () => Buffer.from('05050001000000000000', 'hex'),
    },
  })) {
    better('it has no such option', `is not shown by a socks5: proxy if ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const proxy = await scriptedSocks(t, options);
      const url = proxy.urlWith({ scheme: 'socks5h', user: 'robot', password: PASSWORD });
      const { rtm, fail, assertHidden } = guarded(t, server, { proxy: url }, FORMS);
      if (what === 'it accepts the password') await rtm.start();
      else assert.equal((await fail()).code, 'slack_webapi_request_error');
      assertHidden();
    });
  }

  better('it has no such option', 'is not shown if the proxy cannot be reached, or its URL is invalid', async (t) => {
    const server = await scriptedServer(t);
    const { fail, assertHidden } = guarded(
      t,
      server,
      { proxy: `http://robot:${encodeURIComponent(PASSWORD)}@127.0.0.1:1` },
      FORMS,
    );
    assert.equal((await fail()).code, 'slack_webapi_request_error');
    assertHidden();
    for (const proxy of [`ftp://robot:${PASSWORD}@x.y`, `robot:${PASSWORD}@x.y`, `http://robot:w0rd@`]) {
      assert.throws(
        () => new RTMClient('xoxb-t0ken-1', { proxy }),
        (error) => {
          assertAbsent(textOf(error), ['w0rd', 't0ken']);
          return error instanceof TypeError;
        },
      );
    }
  });
});

describe('secrets: a private key and its passphrase', { skip: missing, concurrency: true }, () => {
  const PASSPHRASE = 'pa55phrase-secret';
  const ca = authority('Secrets');
  /** The lines of a PEM that must not be shown. */
  const linesOf = (pem) => pem.split('\n').filter((line) => line.length >= 40 && !line.startsWith('-'));

  for (const what of ['the server accepts it', 'the server refuses it', 'the server is not trusted']) {
    better('`tls` does not reach the connect call', `are not shown if ${what}`, async (t) => {
      const leaf = ca.issue();
      const trusted = what === 'the server refuses it' ? authority('Another authority').cert : ca.cert;
      const server = await scriptedServer(t, {
        tls: { key: leaf.key, cert: leaf.fullChain, requestCert: true, rejectUnauthorized: true, ca: trusted },
      });
      const { key, cert } = ca.issue({ cn: 'robot', client: true });
      const encrypted = encodings(key, PASSPHRASE).pkcs8Encrypted;
      const hidden = ['pa55phrase', ...linesOf(key), ...linesOf(encrypted)];
      assert.ok(hidden.length > 3);
      const tls = {
        ca: what === 'the server is not trusted' ? undefined : ca.cert,
        key: encrypted,
        cert,
        passphrase: PASSPHRASE,
      };
      const { rtm, fail, assertHidden } = guarded(t, server, { tls }, hidden);
      if (what === 'the server accepts it') await rtm.start();
      else assert.equal((await fail()).code, 'slack_webapi_request_error');
      assertHidden();
    });
  }

  better('it checks nothing', 'are not shown if the constructor refuses them', () => {
    const { key, cert } = ca.issue({ cn: 'robot', client: true });
    const encrypted = encodings(key, PASSPHRASE).pkcs8Encrypted;
    const hidden = ['pa55phrase', 't0ken', ...linesOf(key), ...linesOf(encrypted)];
    for (const tls of [
      { key: encrypted, cert, passphrase: 'wrong pa55phrase' },
      { key: encrypted, cert },
      { key: encrypted.slice(0, -60), cert, passphrase: PASSPHRASE },
      { key: key.replace(/\n.{20}/, '\n'), cert },
      { key: ca.issue({ cn: 'robot', client: true, copy: 2 }).key, cert, passphrase: PASSPHRASE },
      { key: cert, cert: key },
      { key: Buffer.from(key).subarray(0, 100), cert },
      { pfx: Buffer.from(`${key}${PASSPHRASE}`), passphrase: PASSPHRASE },
      { pfx: key, passphrase: PASSPHRASE },
      { ca: key },
    ]) {
      assert.throws(
        () => new RTMClient('xoxb-t0ken-1', { tls }),
        (error) => {
          assertAbsent(textOf(error), hidden);
          return error instanceof TypeError;
        },
        JSON.stringify(Object.keys(tls)),
      );
    }
  });
});
