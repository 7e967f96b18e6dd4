// Misbehaving proxies: the client recovers from each failure, of the connect call and of the socket, and none of them makes
// it hang.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { ErrorCode, better, clientOf, next, record } = require('./support/client.js');
const { countingRelay } = require('./support/counted-server.js');
const { exchangeFrames } = require('./support/session-scenario.js');
const { proxyHandlers, scriptedProxy, scriptedSocks, socksReply } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const WITHOUT = 'it has no option `proxy`';
const UNLIMITED = { requestTimeout: 0, connectTimeout: 0 };

async function openSlack(t, { plain = false } = {}) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert } });
  const relay = await countingRelay(t, server);
  return { server, relay, client: (options) => clientOf(t, server, { tls: { ca }, ...options }) };
}

/** Sends these bytes, and ends the connection. */
const sendAndEnd = (bytes) => proxyHandlers.raw(bytes, { end: true });

/**
 * Misbehaving HTTP proxies. `code`: that of the original error, if it has one. `time`: only requestTimeout and
 * connectTimeout end the attempt. `named: false`: the proxy opened the tunnel, so the error does not name it.
 */
const HTTP = {
  'responds with 407': { handler: proxyHandlers.refuse(407), code: 'ERR_PROXY_TUNNEL', words: /407/ },
  'responds with 407 and keeps the connection': {
    handler: proxyHandlers.refuse(407, { keepAlive: true, body: 'who are you?' }),
    code: 'ERR_PROXY_TUNNEL',
    words: /407/,
  },
  'responds with 403 and a page': {
    handler: proxyHandlers.refuse(403, { body: '<p>no</p>' }),
    code: 'ERR_PROXY_TUNNEL',
    words: /403/,
  },
  'responds with 502': { handler: proxyHandlers.refuse(502), code: 'ERR_PROXY_TUNNEL', words: /502/ },
  'responds with 302': {
    handler: proxyHandlers.refuse(302, { headers: { Location: 'http://127.0.0.1:1/' } }),
    code: 'ERR_PROXY_TUNNEL',
    words: /302/,
  },
  'responds with 101': {
    handler: sendAndEnd('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  },
  'responds with 403 and an endless body': {
    handler: proxyHandlers.endless('HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    code: 'ERR_PROXY_TUNNEL',
    words: /403/,
  },
  'responds with bytes that are not HTTP': { handler: sendAndEnd('220 mail.example ESMTP\r\n') },
  'responds with zeros': { handler: sendAndEnd(Buffer.alloc(1000)) },
  'responds with half a head': { handler: sendAndEnd('HTTP/1.1 200 OK\r\nX-A: b\r\n'), code: 'ECONNRESET' },
  'responds with endless headers': { handler: proxyHandlers.endless('HTTP/1.1 200 OK\r\n', 'X-A: b\r\n') },
  'responds with an endless header': { handler: proxyHandlers.endless('HTTP/1.1 200 OK\r\nX: ', 'a') },
  'responds with an endless status line': { handler: proxyHandlers.endless('HTTP/1.1 200 ', 'a') },
  closes: { handler: proxyHandlers.close(), code: 'ECONNRESET' },
  resets: { handler: proxyHandlers.reset(), code: 'ECONNRESET' },
  'responds with 200 and closes': { handler: sendAndEnd('HTTP/1.1 200 OK\r\n\r\n'), code: 'ECONNRESET', named: false },
  'responds with 200 and then with bytes that are not TLS': {
    handler: proxyHandlers.tunnel({ leftover: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
    named: false,
  },
  'is silent': { handler: proxyHandlers.silence(), code: 'ETIMEDOUT', time: true },
  'responds with 200 and is then silent': {
    handler: proxyHandlers.raw('HTTP/1.1 200 OK\r\n\r\n'),
    code: 'ETIMEDOUT',
    time: true,
  },
  'stops in the middle of its response': {
    handler: proxyHandlers.raw('HTTP/1.1 200 O'),
    code: 'ETIMEDOUT',
    time: true,
  },
};

const nothing = () => {};
const close = (_request, socket) => void socket.end();
const reset = (_request, socket) => void socket.resetAndDestroy();
const KNOWN = { user: 'robot', password: 'secret' };

/** Misbehaving SOCKS proxies. */
const SOCKS = {
  'accepts no method': { script: { greeting: () => Buffer.of(5, 0xff) }, code: 'ERR_PROXY_TUNNEL' },
  'picks a method that was not offered': { script: { greeting: () => Buffer.of(5, 1) }, code: 'ERR_PROXY_TUNNEL' },
  'replies in SOCKS 4': { script: { greeting: () => Buffer.of(4, 0) }, code: 'ERR_PROXY_TUNNEL' },
  'replies in HTTP': {
    script: { greeting: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
    code: 'ERR_PROXY_TUNNEL',
  },
  'refuses the password': { script: { ...KNOWN, auth: () => Buffer.of(1, 1) }, code: 'ERR_PROXY_TUNNEL' },
  'replies to the password in another version': {
    script: { ...KNOWN, auth: () => Buffer.of(9, 1) },
    code: 'ERR_PROXY_TUNNEL',
  },
  'refuses the request': { script: { request: () => socksReply(2) }, code: 'ERR_PROXY_TUNNEL' },
  'refuses the request in another version': {
    script: { request: () => Buffer.of(4, 1, 0, 1, 0, 0, 0, 0, 0, 0) },
    code: 'ERR_PROXY_TUNNEL',
  },
  'replies with an unknown address type': {
    script: { request: () => Buffer.of(5, 0, 0, 9, 0, 0, 0, 0, 0, 0) },
    code: 'ERR_PROXY_TUNNEL',
  },
  'closes at the greeting': { script: { greeting: close }, code: 'ECONNRESET' },
  'closes at the password': { script: { ...KNOWN, auth: close }, code: 'ECONNRESET' },
  'closes at the request': { script: { request: close }, code: 'ECONNRESET' },
  'resets at the greeting': { script: { greeting: reset }, code: 'ECONNRESET' },
  'resets at the password': { script: { ...KNOWN, auth: reset }, code: 'ECONNRESET' },
  'resets at the request': { script: { request: reset }, code: 'ECONNRESET' },
  'is silent': { script: { greeting: nothing }, code: 'ETIMEDOUT', time: true },
  'is silent at the password': { script: { ...KNOWN, auth: nothing }, code: 'ETIMEDOUT', time: true },
  'is silent at the request': { script: { request: nothing }, code: 'ETIMEDOUT', time: true },
};

/** An HTTP proxy that behaves well for the first `good` connections, and then misbehaves for `bad` connections. */
async function httpProxy(t, { handler }, good, bad) {
  const forward = proxyHandlers.tunnel();
  const proxy = await scriptedProxy(t, (...args) => {
    const count = proxy.requests.length;
    return (count > good && count <= good + bad ? handler : forward)(...args);
  });
  return proxy;
}

/** A SOCKS proxy with the same behaviour. */
async function socksProxy(t, { script }, good, bad) {
  const { user, password, ...stages } = script;
  const isBad = () => proxy.requests.length > good && proxy.requests.length <= good + bad;
  const goodStages = {
    greeting: ({ methods }) => Buffer.of(5, methods.includes(user ? 2 : 0) ? (user ? 2 : 0) : 0xff),
    auth: () => Buffer.of(1, 0),
    request: () => socksReply(0),
  };
  // A request is counted after its greeting was read, and before the reply to the greeting.
  const switching = Object.fromEntries(
    Object.entries(goodStages).map(([stage, good]) => [
      stage,
      (...args) => (isBad() && stages[stage] ? stages[stage] : good)(...args),
    ]),
  );
  const proxy = await scriptedSocks(t, { user, password, ...switching });
  return proxy;
}

const KINDS = [
  { kind: 'an http: proxy', cases: HTTP, open: httpProxy },
  { kind: 'a socks5: proxy', cases: SOCKS, open: socksProxy },
];

describe('a misbehaving proxy', { concurrency: 8, skip: noCertificates }, () => {
  for (const { kind, cases, open } of KINDS) {
    for (const [what, given] of Object.entries(cases)) {
      const { code, words, time } = given;
      const limits = (limit) => (time ? { ...UNLIMITED, ...limit } : UNLIMITED);

      better(WITHOUT, `${kind} that ${what}: the connect call fails, and a retry works`, async (t) => {
        const { server, relay, client } = await openSlack(t);
        const proxy = await open(t, given, 0, 1);
        const options = { proxy: proxy.url, ...limits({ requestTimeout: 150 }) };
        const error = await client({ ...options, retryConfig: { retries: 0 } })
          .start()
          .catch((reason) => reason);
        assert.equal(error.code, 'slack_webapi_request_error', String(error.stack ?? error));
        if (code !== undefined) assert.equal(error.original.code, code, error.message);
        if (words !== undefined) assert.match(error.message, words);
        const isNamed = error.message.includes(`://127.0.0.1:${proxy.port}`);
        assert.equal(isNamed, !time && given.named !== false, error.message);
        assert.equal(server.calls.length, 0);

        const again = await open(t, given, 0, 1);
        const rtm = client({ ...options, proxy: again.url, retryConfig: { retries: 1, minTimeout: 5 } });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        assert.equal(again.connections, 3);
        assert.equal(server.calls.length, 1);
        assert.ok(relay.connections <= 4, `${relay.connections} connections`);
      });

      better(WITHOUT, `${kind} that ${what}: the socket fails with \`error\`, and the next one works`, async (t) => {
        const { server, client } = await openSlack(t);
        const proxy = await open(t, given, 1, 1);
        // Long enough for a good connection.
        const rtm = client({ proxy: proxy.url, ...limits({ connectTimeout: 500 }) });
        const recorded = record(rtm);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        assert.deepEqual(recorded.names, [
          'connecting',
          'authenticated',
          'error',
          'reconnecting',
          'connecting',
          'authenticated',
          'connected',
          'ready',
        ]);
        const [error] = recorded.events.find(({ name }) => name === 'error').args;
        assert.equal(error.code, ErrorCode.WebsocketError);
        assert.ok(error.original instanceof Error);
        if (code !== undefined && !time) assert.equal(error.original.code, code, error.message);
        if (words !== undefined) assert.match(error.message, words);
        if (time) assert.match(error.message, /connectTimeout/);
        assert.equal(proxy.connections, 4);
        assert.deepEqual([server.calls.length, server.upgrades.length], [2, 1]);
      });

      if (time) {
        for (const [phase, good] of Object.entries({ 'the connect call': 0, 'the socket': 1, 'a reconnect': 2 })) {
          better(WITHOUT, `${kind} that ${what}: it does not delay disconnect() during ${phase}`, async (t) => {
            const { server, client } = await openSlack(t);
            const proxy = await open(t, given, good, Infinity);
            const rtm = client({ proxy: proxy.url, ...UNLIMITED });
            const started = rtm.start().catch((reason) => reason);
            if (good === 2) {
              await next(rtm, 'ready');
              (await server.nextSocket()).drop();
            }
            const requests = [];
            while (requests.length <= good) requests.push(await proxy.nextRequest());
            const { socket } = requests.at(-1);
            const closed =
              socket.destroyed || new Promise((resolve) => socket.on('close', resolve).on('error', () => {}));
            const begin = performance.now();
            await rtm.disconnect();
            assert.ok(performance.now() - begin < 1000, 'disconnect() took a second');
            assert.equal(rtm.state, 'disconnected');
            // The connection to the proxy closes, too.
            await closed;
            const outcome = await started;
            if (good === 0) assert.equal(outcome.code, 'ABORT_ERR');
            else assert.equal(outcome.ok, true);
            assert.equal(proxy.connections, good + 1);
          });
        }
      }
    }
  }

  /** Unusual valid responses. */
  const UNUSUAL = {
    'HTTP/1.0': { head: 'HTTP/1.0 200 Connection established\r\n\r\n' },
    'no reason phrase': { head: 'HTTP/1.1 200\r\n\r\n' },
    'an empty reason phrase': { head: 'HTTP/1.1 200 \r\n\r\n' },
    'some headers': { head: 'HTTP/1.1 200 OK\r\nVia: 1.1 x\r\nProxy-Agent: y\r\n\r\n' },
    'Content-Length: 0': { head: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    'a Content-Length, which must be ignored': { head: 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n' },
    'Transfer-Encoding, which must be ignored': { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' },
    'Connection: close': { head: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n' },
    'Proxy-Connection: close in HTTP/1.0': { head: 'HTTP/1.0 200 OK\r\nProxy-Connection: close\r\n\r\n' },
    'a hundred headers': { head: `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(90)}\r\n` },
    'a header of 8 KiB': { head: `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(8192)}\r\n\r\n` },
    'pauses after each byte': { slowly: true },
    'status 201': { head: 'HTTP/1.1 201 Created\r\n\r\n' },
  };

  for (const [what, options] of Object.entries(UNUSUAL)) {
    for (const plain of [false, true]) {
      better(WITHOUT, `an http: proxy can respond with ${what} for a ${plain ? 'ws:' : 'wss:'} URL`, async (t) => {
        const { server, relay, client } = await openSlack(t, { plain });
        const proxy = await scriptedProxy(t, proxyHandlers.tunnel(options));
        const rtm = client({ proxy: proxy.url, retryConfig: { retries: 0 }, autoReconnect: false });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        assert.deepEqual([proxy.connections, relay.connections], [2, 2]);
        assert.deepEqual(
          proxy.requests.map(({ target }) => target),
          [server.host, server.host],
        );
      });
    }
  }

  /** The bound address in a SOCKS reply. */
  const BOUND = {
    'an address': undefined,
    'an IPv6 address': Buffer.of(4, ...Array(18).fill(1)),
    'a name': Buffer.from([3, 4, ...Buffer.from('host'), 0, 80]),
    'an empty name': Buffer.of(3, 0, 0, 0),
  };

  for (const [what, bound] of Object.entries(BOUND)) {
    for (const slowly of [false, true]) {
      better(
        WITHOUT,
        `a socks5: proxy can reply with ${what} as bound address${slowly ? ', byte by byte' : ''}`,
        async (t) => {
          const { server, relay, client } = await openSlack(t);
          const proxy = await scriptedSocks(t, { ...KNOWN, slowly, request: () => socksReply(0, bound) });
          const rtm = client({ proxy: proxy.url, retryConfig: { retries: 0 }, autoReconnect: false });
          const ready = next(rtm, 'ready');
          await rtm.start();
          await ready;
          await exchangeFrames(rtm, await server.nextSocket(), 'through');
          assert.deepEqual([proxy.connections, relay.connections], [2, 2]);
          assert.deepEqual(
            proxy.requests.map(({ user, password }) => [user, password]),
            Array(2).fill(['robot', 'secret']),
          );
        },
      );
    }
  }

  better(WITHOUT, 'bytes in one packet with the proxy’s response are read as the target’s', async (t) => {
    const { client } = await openSlack(t, { plain: true });
    // A response before the request: if it were lost, the client would wait for another.
    const early = 'HTTP/1.1 418 Early\r\nContent-Length: 0\r\n\r\n';
    const forward = proxyHandlers.tunnel();
    const proxy = await scriptedProxy(t, (request, socket) =>
      (proxy.requests.length === 2 ? proxyHandlers.raw(`HTTP/1.1 200 OK\r\n\r\n${early}`) : forward)(request, socket),
    );
    const rtm = client({ proxy: proxy.url, autoReconnect: false });
    const recorded = record(rtm);
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    await disconnected;
    const [error] = recorded.events.find(({ name }) => name === 'error').args;
    assert.match(error.message, /the WebSocket upgrade at .* failed/);
  });

  better(WITHOUT, 'the client reconnects with pauses if the proxy ends each tunnel after hello', async (t) => {
    const { server, client } = await openSlack(t);
    const proxy = await scriptedProxy(t);
    const rtm = client({ proxy: proxy.url });
    const recorded = record(rtm);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    for (let round = 0; round < 2; round += 1) {
      const socket = await server.nextSocket();
      const again = next(rtm, 'ready');
      proxy.drop();
      await socket.closed;
      await again;
    }
    await exchangeFrames(rtm, await server.nextSocket(), 'still there');
    const start = ['connecting', 'authenticated', 'connected', 'ready'];
    const names = recorded.names.filter((name) => name !== 'error');
    assert.deepEqual(names, [...start, 'reconnecting', ...start, 'reconnecting', ...start]);
    assert.equal(proxy.requests.length, 6);
  });

  better(WITHOUT, 'messages in flight reject if the proxy resets the tunnel, and the next one is sent', async (t) => {
    const { server, client } = await openSlack(t);
    const proxy = await scriptedProxy(t);
    const rtm = client({ proxy: proxy.url });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const first = await server.nextSocket();
    const lost = rtm.sendMessage('lost', 'C1').catch((reason) => reason);
    await first.nextFrame('message');
    const again = next(rtm, 'ready');
    for (const { socket } of proxy.requests) socket.resetAndDestroy();
    await again;
    assert.equal((await lost).code, ErrorCode.NoReplyReceivedError);
    const second = await server.nextSocket();
    const sent = rtm.sendMessage('kept', 'C1');
    const { id, text } = await second.nextFrame('message');
    assert.equal(text, 'kept');
    second.send({ ok: true, reply_to: id, ts: '1.2' });
    assert.equal((await sent).ts, '1.2');
    assert.equal(first.frames.length + second.frames.filter(({ type }) => type === 'message').length, 2);
  });

  better(WITHOUT, 'requestTimeout ends an apiCall() through a silent proxy', async (t) => {
    const { server, client } = await openSlack(t);
    const proxy = await scriptedProxy(t, proxyHandlers.silence());
    const rtm = client({ proxy: proxy.url, requestTimeout: 100, retryConfig: { retries: 1, minTimeout: 5 } });
    const error = await rtm.apiCall('api.test').catch((reason) => reason);
    assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
    assert.deepEqual([proxy.connections, server.calls.length], [2, 0]);
  });
});
