// What is never written or shown: the token, the ticket in a socket's URL, a proxy's password, a private key and its
// passphrase, and a cookie.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { RTMClient, better, clientOf, keepingLogger, next, record } = require('./support/client.js');
const { authority, encodings, missing } = require('./support/certificates.js');
const { answers, scriptedProxy, scriptedSocks } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { openSession } = require('./support/session.js');

const shown = "the socket's ticket is in the debug log";

/** Everything about a client that somebody could see or print: its log, its events, itself. */
function watch(rtm, logger) {
  const events = [];
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, (error) => events.push(error));
  const looks = [];
  const look = () => looks.push(inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(Object.keys(rtm)));
  for (const name of ['connecting', 'connected', 'ready', 'reconnecting', 'disconnected']) rtm.on(name, look);
  return {
    add: (error) => events.push(error),
    get text() {
      look();
      const errors = events.flatMap((error) => {
        // The answer of the connect call is the user's, who got its URL by `start()` otherwise.
        if (error?.data?.url !== undefined) delete error.data.url;
        return [inspect(error, { depth: 10, showHidden: true }), String(error?.stack)];
      });
      return [...logger.lines.map(({ text }) => text), ...errors, ...looks].join('\n');
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
  better(shown, 'a life with lost connections shows neither token nor ticket', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const logger = keepingLogger();
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

  for (const [what, answer] of Object.entries({
    'an error': { error: 'invalid_auth', warning: 'x' },
    'another status': { status: 500, headers: { 'x-a': 'b' }, body: 'oops' },
    'a page': { html: '<html></html>' },
    nothing: { drop: true },
  })) {
    better(
      'errors hold the request, and with it the token',
      `a connect call answered with ${what} does not show the token`,
      async (t) => {
        const { slack, client } = await openSession(t);
        const logger = keepingLogger();
        const rtm = client({ logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } });
        const seen = watch(rtm, logger);
        slack.faults.refuseConnect(answer);
        await assert.rejects(rtm.start(), (error) => {
          seen.add(error);
          return true;
        });
        assertAbsent(seen.text, [slack.token, slack.token.slice(5)]);
      },
    );
  }

  for (const [what, answer] of Object.entries({
    'a page that quotes the request': (token) => ({ html: `<pre>Authorization: Bearer ${token}</pre>` }),
    'an error that quotes it': (token) => ({ error: `bad token: Bearer ${token}` }),
    'a status that quotes it': (token) => ({ status: 403, headers: { 'x-a': token }, body: `no way, ${token}` }),
  })) {
    better(
      'errors hold the request, and with it the token',
      `a connect call answered with ${what} does not show the token`,
      async (t) => {
        const { slack, client } = await openSession(t);
        const logger = keepingLogger();
        const rtm = client({ logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } });
        const seen = watch(rtm, logger);
        slack.faults.refuseConnect(answer(slack.token));
        const error = await rtm.start().catch((failure) => failure);
        seen.add(error);
        assertAbsent(`${seen.text} ${JSON.stringify(error)}`, [slack.token, slack.token.slice(5)]);
      },
    );
  }

  better(shown, "a ticket in a close frame's reason", async (t) => {
    const server = await scriptedServer(t);
    const logger = keepingLogger();
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
    'as it is': '"wss://example.com/websocket/T1CK3T?a=T1CK3T#T1CK3T"',
    'with escaped slashes': '"wss:\\/\\/example.com\\/websocket\\/T1CK3T"',
    'with escapes of all kinds': '"wss:\\u002f\\u002Fexample.com\\u002fwebsocket\\u002fT1CK3T"',
    'in capitals': '"WSS://example.com/websocket/T1CK3T"',
    'in a user name': '"wss://T1CK3T:T1CK3T@example.com/T1CK3T"',
    'within a text': '"see <wss://example.com/T1CK3T|here> and wss://example.com/T1CK3T"',
    'cut off': '"wss://example.com/websocket/T1CK3T',
  })) {
    better(shown, `a reconnect_url frame in the debug log: ${how}`, async (t) => {
      const { slack, client, ready } = await openSession(t);
      const logger = keepingLogger();
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
    'a port that is none': 'ws://127.0.0.1:99999/websocket/T1CK3T',
    'a user and a password': 'ws://T1CK3T:T1CK3T@127.0.0.1:1/T1CK3T',
    'another scheme': 'http://127.0.0.1:1/T1CK3T',
    'something that is no URL': '/websocket/T1CK3T',
    'a space in it': 'ws://127.0.0.1:1/T1CK3T T1CK3T',
  })) {
    better(shown, `a socket URL that leads nowhere: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push(server.answer({ url }));
      const logger = keepingLogger();
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

  better('the web client holds it', 'a client that was only constructed does not show its token', async (t) => {
    const { slack, client } = await openSession(t);
    const rtm = client();
    for (const text of [inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(rtm)]) {
      assertAbsent(text, [slack.token]);
    }
  });
});

/** Text in which nothing can hide: all levels, hidden properties, what JSON shows. */
function allOf(value) {
  const texts = [inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null })];
  try {
    texts.push(String(JSON.stringify(value)), JSON.stringify(value, Object.getOwnPropertyNames(Object(value))));
  } catch {
    // Circular: `inspect` has it.
  }
  return [...texts, String(value?.message), String(value?.stack), String(value?.original?.stack)].join('\n');
}

/** A client with secrets of all kinds: all that could be seen of it, and what must not be in there. */
function guarded(t, slack, options = {}, more = []) {
  const logger = keepingLogger();
  const seen = [];
  const base = { logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } };
  const headers = { Cookie: 'd=c00k1e-secret', 'X-Key': 'h3ader-secret' };
  const rtm = clientOf(t, slack, { ...base, headers, ...options });
  const look = () => {
    seen.push(allOf(rtm), JSON.stringify(Object.keys(rtm)), JSON.stringify(Object.getOwnPropertyNames(rtm)));
  };
  for (const name of ['connecting', 'authenticated', 'connected', 'disconnected', 'reconnecting']) rtm.on(name, look);
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, (error) => seen.push(allOf(error)));
  const add = (error) => seen.push(allOf(error));
  return {
    rtm,
    add,
    /** Starts, expecting no good. */
    async fail() {
      const error = await rtm.start().then(
        () => next(rtm, 'disconnected').then(([reason]) => reason),
        (reason) => reason,
      );
      add(error);
      add(await rtm.apiCall('api.test', { token: 'xoxp-0ther-secret', text: 'x' }).catch((reason) => reason));
      return error;
    },
    assertSilent(...alsoSaid) {
      look();
      const text = [...seen, ...logger.lines.map(({ text: line }) => line)].join('\n');
      assert.ok(logger.lines.length > 0 && seen.length > 3);
      for (const said of alsoSaid) assert.match(text, said);
      const secrets = [slack.token, slack.token.slice(5), 'xoxp-0ther-secret', '0ther', 'c00k1e', 'h3ader'];
      assertAbsent(text, [...secrets, ...more]);
    },
  };
}

/** A connect call that fails, in ways of all kinds. */
const FAILURES = {
  'no answer': (request) => request.socket.destroy(),
  'no HTTP': ({ socket }) => socket.end('SSH-2.0-x\r\n'),
  'cut off amid the answer': ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":'),
  'a redirect': (request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  'an HTTP error': (request, response) => response.writeHead(500, { 'set-cookie': 'a=b' }).end('oops'),
  'a rate limit': (request, response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  'a refusal': { ok: false, error: 'invalid_auth' },
  'a passing error': { ok: false, error: 'fatal_error' },
  'a page': '<html></html>',
  nothing: '',
  'an answer without a url': { ok: true },
  silence: () => {},
  headers: ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(500)}\r\n`),
};

describe('secrets: the token and headers', { concurrency: true }, () => {
  for (const [what, answer] of Object.entries(FAILURES)) {
    better('errors hold the request', `after a connect call that came to: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push(answer, answer);
      const { fail, assertSilent } = guarded(t, server, { requestTimeout: 500 });
      assert.match((await fail()).code, /^slack_webapi_/);
      assertSilent();
    });
  }

  for (const [what, prepare] of Object.entries({
    'an upgrade refused': (server) => server.refusals.push(401),
    'an upgrade without an answer': (server) => server.refusals.push(() => {}),
    'an upgrade cut off': (server) => server.refusals.push((request, tcp) => tcp.destroy()),
    'an upgrade answered with another key': (server) =>
      server.refusals.push((request, tcp) =>
        tcp.end('HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'),
      ),
    'no hello': (server) => (server.greet = () => {}),
    'a close frame': (server) => (server.greet = (socket) => socket.close(4000, 'bye')),
    'a reset': (server) => (server.greet = (socket) => socket.reset()),
  })) {
    better(shown, `after a socket that came to: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      prepare(server);
      server.answers.push(server.answer({ url: `${server.socketUrl}/T1CK3T?t=T1CK3T` }));
      const { rtm, fail, assertSilent } = guarded(t, server, { connectTimeout: 500 }, ['T1CK3T']);
      const urls = [];
      // The answer is the user's, and so is its `url`; nobody else shows it.
      rtm.on('authenticated', (answer) => urls.push(answer.url));
      assert.equal((await fail()).code, 'slack_rtmapi_websocket_error');
      assert.match(urls[0], /T1CK3T/);
      assertSilent();
    });
  }

  better('the web client holds it', 'with apiCall: arguments are not shown either', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'x' }, (request, response) => response.writeHead(500).end(), '<html>');
    const { rtm, add, assertSilent } = guarded(t, server, {}, ['pr1vate']);
    for (const name of ['a.b', 'c.d', 'e.f']) {
      add(await rtm.apiCall(name, { text: 'pr1vate', token: 'xoxp-0ther-secret' }).catch((error) => error));
    }
    add(await rtm.apiCall('x.y', { token: 'xoxp-0ther-secret\n' }).catch((error) => error));
    await rtm.start();
    assert.equal(server.calls.length, 4);
    assert.ok(server.calls.slice(0, 3).every(({ headers }) => headers.authorization === 'Bearer xoxp-0ther-secret'));
    assertSilent();
  });

  better('it strips what it cannot send', 'with a token among the start options', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'invalid_auth' });
    const { rtm, add, assertSilent } = guarded(t, server);
    for (const token of ['xoxp-0ther-secret', 'xoxp-0ther-secret\r\nx'])
      add(await rtm.start({ token }).catch((error) => error));
    assert.equal(server.calls[0].headers.authorization, 'Bearer xoxp-0ther-secret');
    assertSilent();
  });

  better('it has no such option', 'a header that is refused does not show its value', () => {
    for (const headers of [{ Cookie: 'c00k1e\r\nx' }, { 'bad name': 'c00k1e' }, { Upgrade: 'c00k1e' }]) {
      for (const options of [{ headers }, { tls: { headers } }]) {
        assert.throws(
          () => new RTMClient('xoxb-t0ken-1', options),
          (error) => {
            assertAbsent(allOf(error), ['c00k1e', 't0ken']);
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
    'it works': answers.demand('robot', PASSWORD),
    'it is refused': answers.refuse(407, { headers: { 'Proxy-Authenticate': 'Basic' } }),
    'the proxy says 502': answers.refuse(502, { body: 'oops' }),
    'the proxy closes': answers.close(),
    'the proxy resets': answers.reset(),
    'the proxy speaks no HTTP': answers.raw('SSH-2.0\r\n', { end: true }),
  })) {
    better('it has no such option', `http: where ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const proxy = await scriptedProxy(t, handler);
      const url = proxy.urlWith({ user: 'robot', password: PASSWORD });
      for (const given of [url, new URL(url)]) {
        const { rtm, fail, assertSilent } = guarded(t, server, { proxy: given }, FORMS);
        if (what === 'it works') await rtm.start();
        else assert.equal((await fail()).code, 'slack_webapi_request_error');
        assertSilent();
      }
      assert.ok(proxy.requests.length > 0);
    });
  }

  for (const [what, options] of Object.entries({
    'it works': { user: 'robot', password: PASSWORD },
    'it is wrong': { user: 'robot', password: 'another' },
    'no method is accepted': { greeting: () => Buffer.of(5, 0xff) },
    'the request is refused': {
      user: 'robot',
      password: PASSWORD,
      request: () => Buffer.from('05050001000000000000', 'hex'),
    },
  })) {
    better('it has no such option', `socks5: where ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const proxy = await scriptedSocks(t, options);
      const url = proxy.urlWith({ scheme: 'socks5h', user: 'robot', password: PASSWORD });
      const { rtm, fail, assertSilent } = guarded(t, server, { proxy: url }, FORMS);
      if (what === 'it works') await rtm.start();
      else assert.equal((await fail()).code, 'slack_webapi_request_error');
      assertSilent();
    });
  }

  better('it has no such option', 'a proxy that cannot be reached, or is none', async (t) => {
    const server = await scriptedServer(t);
    const { fail, assertSilent } = guarded(
      t,
      server,
      { proxy: `http://robot:${encodeURIComponent(PASSWORD)}@127.0.0.1:1` },
      FORMS,
    );
    assert.equal((await fail()).code, 'slack_webapi_request_error');
    assertSilent();
    for (const proxy of [`ftp://robot:${PASSWORD}@x.y`, `robot:${PASSWORD}@x.y`, `http://robot:w0rd@`]) {
      assert.throws(
        () => new RTMClient('xoxb-t0ken-1', { proxy }),
        (error) => {
          assertAbsent(allOf(error), ['w0rd', 't0ken']);
          return error instanceof TypeError;
        },
      );
    }
  });
});

describe('secrets: a private key and its passphrase', { skip: missing, concurrency: true }, () => {
  const PASSPHRASE = 'pa55phrase-secret';
  const ca = authority('Secrets');
  /** The lines of a PEM, of which none may be seen. */
  const linesOf = (pem) => pem.split('\n').filter((line) => line.length >= 40 && !line.startsWith('-'));

  for (const what of ['it works', 'the server does not know it', 'the server is not trusted']) {
    better('`tls` does not reach the connect call', `where ${what}`, async (t) => {
      const leaf = ca.issue();
      const trusted = what === 'the server does not know it' ? authority('Somebody else').cert : ca.cert;
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
      const { rtm, fail, assertSilent } = guarded(t, server, { tls }, hidden);
      if (what === 'it works') await rtm.start();
      else assert.equal((await fail()).code, 'slack_webapi_request_error');
      assertSilent();
    });
  }

  better('it checks nothing', 'where the constructor refuses them', () => {
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
          assertAbsent(allOf(error), hidden);
          return error instanceof TypeError;
        },
        JSON.stringify(Object.keys(tls)),
      );
    }
  });
});
