// TLS failures during a session: certificates that change, servers that are silent or send bytes that are not TLS, old
// versions, and disconnect() during the handshake.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');
const { ErrorCode, better, clientOf, next, record, same } = require('./support/client.js');
const { authority, missing, nodesVerdict } = require('./support/certificates.js');
const { atEnd } = require('./support/cleanup.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNREACHED = '`tls` does not reach the connect call';
const ONCE = { retryConfig: { retries: 0 }, autoReconnect: false };

const ours = () => authority('Our authority');
const CA = () => ({ ca: ours().cert });

const good = (options) => {
  const { key, cert } = ours().issue({ key: 'rsa' });
  return { key, cert, ...options };
};
const bad = () => {
  const { key, cert } = authority('A stranger').issue();
  return { key, cert };
};

const portOf = (server) => Number(server.host.split(':')[1]);

/** A TCP server for one test. `accepted` has its connections; `next()` resolves with the next one. */
async function tcpServer(t, onConnection = () => {}) {
  const accepted = [];
  const server = net.createServer((tcp) => {
    accepted.push(tcp);
    tcp.on('error', () => {});
    onConnection(tcp);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, async () => {
    for (const tcp of accepted) tcp.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return {
    port,
    accepted,
    token: 'xoxb-x',
    apiUrl: `https://127.0.0.1:${port}/api/`,
    socketUrl: `wss://127.0.0.1:${port}/`,
    next: async () => (await once(server, 'connection'))[0],
  };
}

/** A relay whose target server can be changed: `target`. */
async function switchingRelay(t, first) {
  const relay = { target: first };
  const front = await tcpServer(t, (tcp) => {
    const server = net.connect(portOf(relay.target), '127.0.0.1');
    server.on('error', () => tcp.destroy()).on('close', () => tcp.destroy());
    tcp.on('close', () => server.destroy());
    tcp.pipe(server).pipe(tcp);
  });
  return Object.assign(relay, front);
}

describe("a change of the server's certificate", { skip: missing }, () => {
  better(UNREACHED, 'to an untrusted one and back does not end the session', async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const relay = await switchingRelay(t, known);
    const respondOnce = () => known.responses.push(known.connectResponse({ url: relay.socketUrl }));
    const rtm = clientOf(t, relay, { tls: CA(), retryConfig: { retries: 0 } });
    const recorded = record(rtm);
    respondOnce();
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    const expected = await nodesVerdict({ port: portOf(unknown), ...CA() });

    relay.target = unknown;
    const failed = next(rtm, 'unable_to_rtm_start');
    // Also ends connections that a client might keep for later calls.
    for (const tcp of relay.accepted) tcp.destroy();
    const [error] = await failed;
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(error.original.code, expected);
    assert.equal(unknown.calls.length, 0);

    relay.target = known;
    respondOnce();
    await next(rtm, 'connected');
    assert.equal(rtm.connected, true);
    assert.equal(known.sockets.length, 2);
    assert.ok(!recorded.names.includes('disconnected'));
  });

  same("of the socket's server only, to an untrusted one and back, does not end the session", async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const relay = await switchingRelay(t, known);
    const api = await scriptedServer(t);
    for (let n = 0; n < 10; n += 1) api.responses.push(api.connectResponse({ url: relay.socketUrl }));
    const rtm = clientOf(t, api, { tls: CA() });
    const recorded = record(rtm);
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;

    relay.target = unknown;
    const failed = next(rtm, 'error');
    (await known.nextSocket()).close(1000);
    const [error] = await failed;
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.equal(error.original.code, await nodesVerdict({ port: portOf(unknown), ...CA() }));
    assert.equal(unknown.upgrades.length, 0);

    relay.target = known;
    await next(rtm, 'connected');
    assert.equal(known.sockets.length, 2);
    assert.ok(!recorded.names.includes('disconnected'));
  });

  better(UNREACHED, 'to a trusted one lets the first start() succeed in a retry', async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const relay = await switchingRelay(t, unknown);
    known.responses.push(known.connectResponse({ url: relay.socketUrl }));
    const rtm = clientOf(t, relay, { tls: CA(), retryConfig: { retries: 20, minTimeout: 10, maxTimeout: 50 } });
    const connected = next(rtm, 'connected');
    const first = relay.next();
    const second = first.then(() => relay.next());
    const started = rtm.start();
    await second;
    relay.target = known;
    await started;
    await connected;
    assert.equal(known.sockets.length, 1);
    assert.equal(unknown.calls.length, 0);
  });
});

describe('a server that does not complete the TLS handshake', { skip: missing }, () => {
  const NO_TIMEOUTS = 'it has no such timeouts';

  better(NO_TIMEOUTS, 'it is silent: requestTimeout ends the connect call and its connection', async (t) => {
    const silent = await tcpServer(t);
    const rtm = clientOf(t, silent, { ...ONCE, requestTimeout: 200, tls: CA() });
    const connection = silent.next();
    const started = rtm.start().catch((reason) => reason);
    const closed = once((await connection).resume(), 'close');
    const error = await started;
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.ok(error.original instanceof Error);
    assert.match(error.message, /time|200/i);
    await closed;
    assert.equal(silent.accepted.length, 1);
  });

  better(NO_TIMEOUTS, 'it is silent: connectTimeout ends the socket and its connection', async (t) => {
    const [api, silent] = [await scriptedServer(t), await tcpServer(t)];
    api.responses.push(api.connectResponse({ url: silent.socketUrl }));
    const rtm = clientOf(t, api, { ...ONCE, connectTimeout: 200, tls: CA() });
    const connection = silent.next();
    const failed = next(rtm, 'error');
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    const closed = once((await connection).resume(), 'close');
    const [error] = await failed;
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.ok(error.original instanceof Error);
    await disconnected;
    await closed;
    assert.equal(silent.accepted.length, 1);
  });

  better(NO_TIMEOUTS, 'it sends single bytes again and again: requestTimeout ends the connect call', async (t) => {
    const slow = await tcpServer(t, (tcp) => {
      tcp.write(Buffer.from([22, 3, 3, 64, 0]));
      const timer = setInterval(() => tcp.write('\x02'), 20);
      tcp.on('close', () => clearInterval(timer));
    });
    const rtm = clientOf(t, slow, { ...ONCE, requestTimeout: 200, tls: CA() });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  /** The server's response to the client's first bytes. */
  const RESPONSES = {
    'it closes at once': (tcp) => tcp.destroy(),
    'it closes after the first bytes': (tcp) => tcp.once('data', () => tcp.end()),
    'it resets the connection after the first bytes': (tcp) => tcp.once('data', () => tcp.resetAndDestroy()),
    'it responds in HTTP': (tcp) =>
      tcp.once('data', () => tcp.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')),
    'it sends an SMTP greeting': (tcp) => tcp.write('220 mail.example ESMTP\r\n'),
    'it sends half a record': (tcp) => tcp.once('data', () => tcp.end(Buffer.from([22, 3, 3, 0, 64, 2]))),
    'it sends an alert': (tcp) => tcp.once('data', () => tcp.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))),
    'it sends the alert for an unknown name': (tcp) =>
      tcp.once('data', () => tcp.end(Buffer.from([21, 3, 3, 0, 2, 2, 112]))),
    'it sends bytes that are not a handshake': (tcp) =>
      tcp.once('data', () => tcp.write(Buffer.from([22, 3, 3, 0, 4, 99, 0, 0, 0]))),
  };
  for (const [name, respond] of Object.entries(RESPONSES)) {
    better(UNREACHED, `${name}: the connect call fails with Node's code`, async (t) => {
      const odd = await tcpServer(t, respond);
      const expected = await nodesVerdict({ port: odd.port, ...CA() });
      const error = await clientOf(t, odd, { ...ONCE, tls: CA() })
        .start()
        .catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.ok(error.original instanceof Error);
      assert.equal(error.original.code, expected);
    });

    same(`${name}: the socket fails with Node's code`, async (t) => {
      const [api, odd] = [await scriptedServer(t), await tcpServer(t, respond)];
      const expected = await nodesVerdict({ port: odd.port, ...CA() });
      api.responses.push(api.connectResponse({ url: odd.socketUrl }));
      const rtm = clientOf(t, api, { ...ONCE, tls: CA() });
      const failed = next(rtm, 'error');
      await rtm.start();
      const [error] = await failed;
      assert.equal(error.code, ErrorCode.WebsocketError);
      assert.equal(error.original.code, expected);
    });
  }
});

/** Servers that support one version, cipher or curve each. */
const SUPPORTED = {
  'TLS 1.0 only': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
  'TLS 1.1 only': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  'TLS 1.1 and 1.2': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0' },
  'TLS 1.2 only': { maxVersion: 'TLSv1.2' },
  'TLS 1.3 only': { minVersion: 'TLSv1.3' },
  ...Object.fromEntries(
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'].map((ciphers) => [
      `TLS 1.2 with ${ciphers} only`,
      { ciphers, maxVersion: 'TLSv1.2' },
    ]),
  ),
  ...Object.fromEntries(
    ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'].map((ciphers) => [
      `TLS 1.3 with ${ciphers} only`,
      { ciphers, minVersion: 'TLSv1.3' },
    ]),
  ),
  ...Object.fromEntries(
    ['X25519', 'P-256', 'P-384'].flatMap((ecdhCurve) =>
      ['TLSv1.2', 'TLSv1.3'].map((maxVersion) => [`${maxVersion} with ${ecdhCurve} only`, { ecdhCurve, maxVersion }]),
    ),
  ),
  'HTTP/1.1 only, by ALPN': { ALPNProtocols: ['http/1.1'] },
  'HTTP/2 and HTTP/1.1, by ALPN': { ALPNProtocols: ['h2', 'http/1.1'] },
};

describe('TLS versions and ciphers:', { skip: missing }, () => {
  for (const [name, options] of Object.entries(SUPPORTED)) {
    better(UNREACHED, `the connect call to a server with ${name} has Node's verdict`, async (t) => {
      const server = await scriptedServer(t, { tls: good(options) });
      const expected = await nodesVerdict({ port: portOf(server), ...CA() });
      server.calls.length = 0;
      const rtm = clientOf(t, server, { ...ONCE, tls: CA() });
      const verdict = await rtm.start().then(
        () => 'accepted',
        (error) => error.original.code,
      );
      assert.equal(verdict, expected);
      assert.equal(server.calls.length, expected === 'accepted' ? 1 : 0);
    });

    same(`the socket to a server with ${name} has Node's verdict`, async (t) => {
      const [api, server] = [await scriptedServer(t), await scriptedServer(t, { tls: good(options) })];
      const expected = await nodesVerdict({ port: portOf(server), ...CA() });
      api.responses.push(api.connectResponse({ url: server.socketUrl }));
      const rtm = clientOf(t, api, { ...ONCE, tls: CA() });
      const verdict = new Promise((resolve) => {
        rtm.once('connected', () => resolve('accepted')).once('error', (error) => resolve(error.original.code));
      });
      await rtm.start();
      assert.equal(await verdict, expected);
      assert.equal(server.upgrades.length, expected === 'accepted' ? 1 : 0);
    });
  }

  better('Node decides on the versions', 'the error for TLS 1.0 and 1.1 names the required version', async (t) => {
    for (const name of ['TLS 1.0 only', 'TLS 1.1 only']) {
      const server = await scriptedServer(t, { tls: good(SUPPORTED[name]) });
      const error = await clientOf(t, server, { ...ONCE, tls: CA() })
        .start()
        .catch((reason) => reason);
      assert.match(error.message, /TLS 1\.2/);
      assert.equal(server.calls.length, 0);
    }
  });
});

describe('disconnect() during the TLS handshake', { skip: missing }, () => {
  const HANGS = 'it cannot be stopped there';

  better(HANGS, 'of the connect call rejects start() and ends the connection', async (t) => {
    const silent = await tcpServer(t);
    const rtm = clientOf(t, silent, { tls: CA() });
    const recorded = record(rtm);
    const connection = silent.next();
    const started = rtm.start().then(
      () => 'started',
      () => 'rejected',
    );
    const tcp = await connection;
    await once(tcp, 'data');
    const closed = once(tcp, 'close');
    await rtm.disconnect();
    assert.equal(await started, 'rejected');
    await closed;
    assert.equal(recorded.names.at(-1), 'disconnected');
    assert.equal(silent.accepted.length, 1);
  });

  better(HANGS, 'of the socket emits `disconnected` and ends the connection', async (t) => {
    const [api, silent] = [await scriptedServer(t), await tcpServer(t)];
    api.responses.push(api.connectResponse({ url: silent.socketUrl }));
    const rtm = clientOf(t, api, { tls: CA() });
    const recorded = record(rtm);
    const connection = silent.next();
    await rtm.start();
    const tcp = await connection;
    await once(tcp, 'data');
    const closed = once(tcp, 'close');
    await rtm.disconnect();
    await closed;
    assert.equal(rtm.connected, false);
    assert.equal(recorded.names.at(-1), 'disconnected');
    assert.ok(!recorded.names.includes('error'));
    assert.equal(silent.accepted.length, 1);
  });

  better(HANGS, 'allows another start(), when the server responds', async (t) => {
    const server = await scriptedServer(t, { tls: good() });
    const relay = await switchingRelay(t, server);
    const silent = await tcpServer(t);
    relay.target = { host: `127.0.0.1:${silent.port}` };
    server.responses.push(server.connectResponse({ url: relay.socketUrl }));
    const rtm = clientOf(t, relay, { tls: CA() });
    const connection = silent.next();
    const started = rtm.start().catch((reason) => reason);
    await once(await connection, 'data');
    await rtm.disconnect();
    assert.ok((await started) instanceof Error);
    relay.target = server;
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    assert.equal(server.sockets.length, 1);
  });
});
