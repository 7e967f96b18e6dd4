// Proxies that do not behave: for the connect call and for the socket, a client gets over all of them, and is never
// held up by one.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { ErrorCode, better, clientOf, next, record } = require('./support/client.js');
const { answers, gate, scriptedProxy, scriptedSocks, socksReply } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const WITHOUT = 'it has no option `proxy`';
const UNLIMITED = { requestTimeout: 0, connectTimeout: 0 };

async function openSlack(t, { plain = false } = {}) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert } });
  const door = await gate(t, server);
  return { server, door, client: (options) => clientOf(t, server, { tls: { ca }, ...options }) };
}

async function exchange(rtm, socket, text) {
  const arrived = next(rtm, 'news');
  socket.send({ type: 'news', text });
  assert.deepEqual(await arrived, [{ type: 'news', text }]);
  rtm.sendTyping(text);
  assert.equal((await socket.nextFrame('typing')).channel, text);
}

/** Sends these bytes, and is done. */
const say = (bytes) => answers.raw(bytes, { end: true });

/**
 * HTTP proxies that do not lead anywhere. `code`: of the error's cause, where there is a name for it. `time`:
 * ended by requestTimeout and connectTimeout only. `blamed: false`: it did let through, so errors do not name it.
 */
const HTTP = {
  'answers 407': { handler: answers.refuse(407), code: 'ERR_PROXY_TUNNEL', words: /407/ },
  'answers 407, and keeps the connection': {
    handler: answers.refuse(407, { keepAlive: true, body: 'who are you?' }),
    code: 'ERR_PROXY_TUNNEL',
    words: /407/,
  },
  'answers 403 with a page': {
    handler: answers.refuse(403, { body: '<p>no</p>' }),
    code: 'ERR_PROXY_TUNNEL',
    words: /403/,
  },
  'answers 502': { handler: answers.refuse(502), code: 'ERR_PROXY_TUNNEL', words: /502/ },
  'answers 302': {
    handler: answers.refuse(302, { headers: { Location: 'http://127.0.0.1:1/' } }),
    code: 'ERR_PROXY_TUNNEL',
    words: /302/,
  },
  'answers 101': { handler: say('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n') },
  'answers 403 with a body that never ends': {
    handler: answers.endless('HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    code: 'ERR_PROXY_TUNNEL',
    words: /403/,
  },
  'answers garbage': { handler: say('220 mail.example ESMTP\r\n') },
  'answers zeros': { handler: say(Buffer.alloc(1000)) },
  'answers with half a head': { handler: say('HTTP/1.1 200 OK\r\nX-A: b\r\n'), code: 'ECONNRESET' },
  'answers with headers that never end': { handler: answers.endless('HTTP/1.1 200 OK\r\n', 'X-A: b\r\n') },
  'answers with a header that never ends': { handler: answers.endless('HTTP/1.1 200 OK\r\nX: ', 'a') },
  'answers with a status line that never ends': { handler: answers.endless('HTTP/1.1 200 ', 'a') },
  closes: { handler: answers.close(), code: 'ECONNRESET' },
  resets: { handler: answers.reset(), code: 'ECONNRESET' },
  'answers 200 and closes': { handler: say('HTTP/1.1 200 OK\r\n\r\n'), code: 'ECONNRESET', blamed: false },
  'answers 200 and garbage in place of the target’s TLS': {
    handler: answers.tunnel({ leftover: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
    blamed: false,
  },
  'is silent': { handler: answers.silence(), code: 'ETIMEDOUT', time: true },
  'answers 200 and is silent': { handler: answers.raw('HTTP/1.1 200 OK\r\n\r\n'), code: 'ETIMEDOUT', time: true },
  'stops in the middle of its answer': { handler: answers.raw('HTTP/1.1 200 O'), code: 'ETIMEDOUT', time: true },
};

const nothing = () => {};
const close = (_request, socket) => void socket.end();
const reset = (_request, socket) => void socket.resetAndDestroy();
const KNOWN = { user: 'robot', password: 'secret' };

/** The same of SOCKS: scripts. */
const SOCKS = {
  'accepts no method': { script: { greeting: () => Buffer.of(5, 0xff) }, code: 'ERR_PROXY_TUNNEL' },
  'picks a method that was not offered': { script: { greeting: () => Buffer.of(5, 1) }, code: 'ERR_PROXY_TUNNEL' },
  'speaks SOCKS 4': { script: { greeting: () => Buffer.of(4, 0) }, code: 'ERR_PROXY_TUNNEL' },
  'speaks HTTP': {
    script: { greeting: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
    code: 'ERR_PROXY_TUNNEL',
  },
  'knows nobody': { script: { ...KNOWN, auth: () => Buffer.of(1, 1) }, code: 'ERR_PROXY_TUNNEL' },
  'answers to the password in another version': {
    script: { ...KNOWN, auth: () => Buffer.of(9, 1) },
    code: 'ERR_PROXY_TUNNEL',
  },
  refuses: { script: { request: () => socksReply(2) }, code: 'ERR_PROXY_TUNNEL' },
  'refuses in another version': {
    script: { request: () => Buffer.of(4, 1, 0, 1, 0, 0, 0, 0, 0, 0) },
    code: 'ERR_PROXY_TUNNEL',
  },
  'names an address of no known type': {
    script: { request: () => Buffer.of(5, 0, 0, 9, 0, 0, 0, 0, 0, 0) },
    code: 'ERR_PROXY_TUNNEL',
  },
  'closes at once': { script: { greeting: close }, code: 'ECONNRESET' },
  'closes at the password': { script: { ...KNOWN, auth: close }, code: 'ECONNRESET' },
  'closes at the request': { script: { request: close }, code: 'ECONNRESET' },
  'resets at once': { script: { greeting: reset }, code: 'ECONNRESET' },
  'resets at the password': { script: { ...KNOWN, auth: reset }, code: 'ECONNRESET' },
  'resets at the request': { script: { request: reset }, code: 'ECONNRESET' },
  'is silent': { script: { greeting: nothing }, code: 'ETIMEDOUT', time: true },
  'is silent at the password': { script: { ...KNOWN, auth: nothing }, code: 'ETIMEDOUT', time: true },
  'is silent at the request': { script: { request: nothing }, code: 'ETIMEDOUT', time: true },
};

/** One proxy of each kind that behaves for the first `good` connections, then misbehaves `bad` times. */
async function httpProxy(t, { handler }, good, bad) {
  const lead = answers.tunnel();
  const proxy = await scriptedProxy(t, (...args) => {
    const count = proxy.requests.length;
    return (count > good && count <= good + bad ? handler : lead)(...args);
  });
  return proxy;
}

async function socksProxy(t, { script }, good, bad) {
  const { user, password, ...stages } = script;
  const isBad = () => proxy.requests.length > good && proxy.requests.length <= good + bad;
  const behaved = {
    greeting: ({ methods }) => Buffer.of(5, methods.includes(user ? 2 : 0) ? (user ? 2 : 0) : 0xff),
    auth: () => Buffer.of(1, 0),
    request: () => socksReply(0),
  };
  // A request is counted after its greeting was read, before the greeting is answered.
  const follow = Object.fromEntries(
    Object.entries(behaved).map(([stage, does]) => [
      stage,
      (...args) => (isBad() && stages[stage] ? stages[stage] : does)(...args),
    ]),
  );
  const proxy = await scriptedSocks(t, { user, password, ...follow });
  return proxy;
}

const KINDS = [
  { kind: 'an http: proxy', cases: HTTP, open: httpProxy },
  { kind: 'a socks5: proxy', cases: SOCKS, open: socksProxy },
];

describe('a proxy that does not behave', { concurrency: 8, skip: noCertificates }, () => {
  for (const { kind, cases, open } of KINDS) {
    for (const [what, given] of Object.entries(cases)) {
      const { code, words, time } = given;
      const limits = (limit) => (time ? { ...UNLIMITED, ...limit } : UNLIMITED);

      better(WITHOUT, `${kind} that ${what}: the connect call fails, and is repeated`, async (t) => {
        const { server, door, client } = await openSlack(t);
        const proxy = await open(t, given, 0, 1);
        const options = { proxy: proxy.url, ...limits({ requestTimeout: 150 }) };
        const error = await client({ ...options, retryConfig: { retries: 0 } })
          .start()
          .catch((reason) => reason);
        assert.equal(error.code, 'slack_webapi_request_error', String(error.stack ?? error));
        if (code !== undefined) assert.equal(error.original.code, code, error.message);
        if (words !== undefined) assert.match(error.message, words);
        const blamed = error.message.includes(`://127.0.0.1:${proxy.port}`);
        assert.equal(blamed, !time && given.blamed !== false, error.message);
        assert.equal(server.calls.length, 0);

        const again = await open(t, given, 0, 1);
        const rtm = client({ ...options, proxy: again.url, retryConfig: { retries: 1, minTimeout: 5 } });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
        assert.equal(again.connections, 3);
        assert.equal(server.calls.length, 1);
        assert.ok(door.connections <= 4, `${door.connections} connections`);
      });

      better(WITHOUT, `${kind} that ${what}: the socket fails with \`error\`, and is replaced`, async (t) => {
        const { server, client } = await openSlack(t);
        const proxy = await open(t, given, 1, 1);
        // Enough for what is well, and not for ever for what is not.
        const rtm = client({ proxy: proxy.url, ...limits({ connectTimeout: 500 }) });
        const recorded = record(rtm);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
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
          better(WITHOUT, `${kind} that ${what}, for ${phase}: disconnect() settles at once`, async (t) => {
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
            assert.ok(performance.now() - begin < 1000, 'it took a second');
            assert.equal(rtm.state, 'disconnected');
            // The connection to the proxy is given up, too.
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

  /** Answers that are odd, and good. */
  const ODD = {
    'HTTP/1.0': { head: 'HTTP/1.0 200 Connection established\r\n\r\n' },
    'no reason': { head: 'HTTP/1.1 200\r\n\r\n' },
    'an empty reason': { head: 'HTTP/1.1 200 \r\n\r\n' },
    headers: { head: 'HTTP/1.1 200 OK\r\nVia: 1.1 x\r\nProxy-Agent: y\r\n\r\n' },
    'Content-Length: 0': { head: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    'a Content-Length, which is to be ignored': { head: 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n' },
    'Transfer-Encoding, which is to be ignored': { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' },
    'Connection: close': { head: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n' },
    'Proxy-Connection: close in HTTP/1.0': { head: 'HTTP/1.0 200 OK\r\nProxy-Connection: close\r\n\r\n' },
    'a hundred headers': { head: `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(90)}\r\n` },
    'a header of 8 KiB': { head: `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(8192)}\r\n\r\n` },
    'one byte at a time': { slowly: true },
    201: { head: 'HTTP/1.1 201 Created\r\n\r\n' },
  };

  for (const [what, options] of Object.entries(ODD)) {
    for (const plain of [false, true]) {
      better(WITHOUT, `an http: proxy whose answer has ${what} leads to ${plain ? 'ws:' : 'wss:'}`, async (t) => {
        const { server, door, client } = await openSlack(t, { plain });
        const proxy = await scriptedProxy(t, answers.tunnel(options));
        const rtm = client({ proxy: proxy.url, retryConfig: { retries: 0 }, autoReconnect: false });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
        assert.deepEqual([proxy.connections, door.connections], [2, 2]);
        assert.deepEqual(
          proxy.requests.map(({ target }) => target),
          [server.host, server.host],
        );
      });
    }
  }

  /** What a SOCKS proxy says it is bound to. */
  const BOUND = {
    'an address': undefined,
    'an IPv6 address': Buffer.of(4, ...Array(18).fill(1)),
    'a name': Buffer.from([3, 4, ...Buffer.from('host'), 0, 80]),
    'an empty name': Buffer.of(3, 0, 0, 0),
  };

  for (const [what, bound] of Object.entries(BOUND)) {
    for (const slowly of [false, true]) {
      better(WITHOUT, `a socks5: proxy bound to ${what} leads on${slowly ? ', one byte at a time' : ''}`, async (t) => {
        const { server, door, client } = await openSlack(t);
        const proxy = await scriptedSocks(t, { ...KNOWN, slowly, request: () => socksReply(0, bound) });
        const rtm = client({ proxy: proxy.url, retryConfig: { retries: 0 }, autoReconnect: false });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
        assert.deepEqual([proxy.connections, door.connections], [2, 2]);
        assert.deepEqual(
          proxy.requests.map(({ user, password }) => [user, password]),
          Array(2).fill(['robot', 'secret']),
        );
      });
    }
  }

  better(WITHOUT, 'what comes in one packet with the proxy’s answer belongs to the target', async (t) => {
    const { client } = await openSlack(t, { plain: true });
    // An answer before the question: were it lost, the client would wait for another.
    const early = 'HTTP/1.1 418 Early\r\nContent-Length: 0\r\n\r\n';
    const lead = answers.tunnel();
    const proxy = await scriptedProxy(t, (request, socket) =>
      (proxy.requests.length === 2 ? answers.raw(`HTTP/1.1 200 OK\r\n\r\n${early}`) : lead)(request, socket),
    );
    const rtm = client({ proxy: proxy.url, autoReconnect: false });
    const recorded = record(rtm);
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    await disconnected;
    const [error] = recorded.events.find(({ name }) => name === 'error').args;
    assert.match(error.message, /no WebSocket upgrade/);
  });

  better(WITHOUT, 'a proxy that ends each tunnel after the hello: the client comes back, with pauses', async (t) => {
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
    await exchange(rtm, await server.nextSocket(), 'still there');
    const life = ['connecting', 'authenticated', 'connected', 'ready'];
    const names = recorded.names.filter((name) => name !== 'error');
    assert.deepEqual(names, [...life, 'reconnecting', ...life, 'reconnecting', ...life]);
    assert.equal(proxy.requests.length, 6);
  });

  better(
    WITHOUT,
    'a proxy that resets the tunnel in the middle: messages on the way reject, the next one goes out',
    async (t) => {
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
    },
  );

  better(WITHOUT, 'apiCall() through a silent proxy is ended by requestTimeout', async (t) => {
    const { server, client } = await openSlack(t);
    const proxy = await scriptedProxy(t, answers.silence());
    const rtm = client({ proxy: proxy.url, requestTimeout: 100, retryConfig: { retries: 1, minTimeout: 5 } });
    const error = await rtm.apiCall('api.test').catch((reason) => reason);
    assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
    assert.deepEqual([proxy.connections, server.calls.length], [2, 0]);
  });
});
