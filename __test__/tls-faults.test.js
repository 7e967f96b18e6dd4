// What goes wrong with TLS in the middle of a client's life: certificates that change, servers that say nothing, or
// nothing that makes sense, versions that are too old, and disconnect() while hands are shaken.
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

/** A TCP server for one test: `taken` are its connections, `next()` the next of them. */
async function tcpServer(t, onConnection = () => {}) {
  const taken = [];
  const server = net.createServer((tcp) => {
    taken.push(tcp);
    tcp.on('error', () => {});
    onConnection(tcp);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, async () => {
    for (const tcp of taken) tcp.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return {
    port,
    taken,
    token: 'xoxb-x',
    apiUrl: `https://127.0.0.1:${port}/api/`,
    socketUrl: `wss://127.0.0.1:${port}/`,
    next: async () => (await once(server, 'connection'))[0],
  };
}

/** One that takes the client to whichever server is behind it at the time. */
async function switchboard(t, first) {
  const board = { behind: first };
  const front = await tcpServer(t, (tcp) => {
    const server = net.connect(portOf(board.behind), '127.0.0.1');
    server.on('error', () => tcp.destroy()).on('close', () => tcp.destroy());
    tcp.on('close', () => server.destroy());
    tcp.pipe(server).pipe(tcp);
  });
  return Object.assign(board, front);
}

describe("the server's certificate changes", { skip: missing }, () => {
  better(UNREACHED, 'for the worse, then back: the client goes on, in connect call and socket', async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const board = await switchboard(t, known);
    const answer = () => known.answers.push(known.answer({ url: board.socketUrl }));
    const rtm = clientOf(t, board, { tls: CA(), retryConfig: { retries: 0 } });
    const recorded = record(rtm);
    answer();
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    const expected = await nodesVerdict({ port: portOf(unknown), ...CA() });

    board.behind = unknown;
    const failed = next(rtm, 'unable_to_rtm_start');
    // Those that are kept for further calls as well.
    for (const tcp of board.taken) tcp.destroy();
    const [error] = await failed;
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(error.original.code, expected);
    assert.equal(unknown.calls.length, 0);

    board.behind = known;
    answer();
    await next(rtm, 'connected');
    assert.equal(rtm.connected, true);
    assert.equal(known.sockets.length, 2);
    assert.ok(!recorded.names.includes('disconnected'));
  });

  same("for the worse, then back, of the socket's server only: the client goes on", async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const board = await switchboard(t, known);
    const api = await scriptedServer(t);
    for (let n = 0; n < 10; n += 1) api.answers.push(api.answer({ url: board.socketUrl }));
    const rtm = clientOf(t, api, { tls: CA() });
    const recorded = record(rtm);
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;

    board.behind = unknown;
    const failed = next(rtm, 'error');
    (await known.nextSocket()).close(1000);
    const [error] = await failed;
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.equal(error.original.code, await nodesVerdict({ port: portOf(unknown), ...CA() }));
    assert.equal(unknown.upgrades.length, 0);

    board.behind = known;
    await next(rtm, 'connected');
    assert.equal(known.sockets.length, 2);
    assert.ok(!recorded.names.includes('disconnected'));
  });

  better(UNREACHED, 'at the first start(): it is tried again, and succeeds when the certificate is good', async (t) => {
    const [known, unknown] = [await scriptedServer(t, { tls: good() }), await scriptedServer(t, { tls: bad() })];
    const board = await switchboard(t, unknown);
    known.answers.push(known.answer({ url: board.socketUrl }));
    const rtm = clientOf(t, board, { tls: CA(), retryConfig: { retries: 20, minTimeout: 10, maxTimeout: 50 } });
    const connected = next(rtm, 'connected');
    const first = board.next();
    const second = first.then(() => board.next());
    const started = rtm.start();
    await second;
    board.behind = known;
    await started;
    await connected;
    assert.equal(known.sockets.length, 1);
    assert.equal(unknown.calls.length, 0);
  });
});

describe('a server that does not speak TLS, or not to the end', { skip: missing }, () => {
  const NO_TIMEOUTS = 'it has no such timeouts';

  better(NO_TIMEOUTS, 'it says nothing: requestTimeout ends the connect call, and the connection', async (t) => {
    const silent = await tcpServer(t);
    const rtm = clientOf(t, silent, { ...ONCE, requestTimeout: 200, tls: CA() });
    const accepted = silent.next();
    const started = rtm.start().catch((reason) => reason);
    const closed = once((await accepted).resume(), 'close');
    const error = await started;
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.ok(error.original instanceof Error);
    assert.match(error.message, /time|200/i);
    await closed;
    assert.equal(silent.taken.length, 1);
  });

  better(NO_TIMEOUTS, 'it says nothing: connectTimeout ends the socket, and the connection', async (t) => {
    const [api, silent] = [await scriptedServer(t), await tcpServer(t)];
    api.answers.push(api.answer({ url: silent.socketUrl }));
    const rtm = clientOf(t, api, { ...ONCE, connectTimeout: 200, tls: CA() });
    const accepted = silent.next();
    const failed = next(rtm, 'error');
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    const closed = once((await accepted).resume(), 'close');
    const [error] = await failed;
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.ok(error.original instanceof Error);
    await disconnected;
    await closed;
    assert.equal(silent.taken.length, 1);
  });

  better(NO_TIMEOUTS, 'it says a little again and again: requestTimeout ends the connect call', async (t) => {
    const slow = await tcpServer(t, (tcp) => {
      tcp.write(Buffer.from([22, 3, 3, 64, 0]));
      const timer = setInterval(() => tcp.write('\x02'), 20);
      tcp.on('close', () => clearInterval(timer));
    });
    const rtm = clientOf(t, slow, { ...ONCE, requestTimeout: 200, tls: CA() });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  /** What it does with the client's first bytes. */
  const ANSWERS = {
    'it closes at once': (tcp) => tcp.destroy(),
    'it closes after the first bytes': (tcp) => tcp.once('data', () => tcp.end()),
    'it resets the connection after the first bytes': (tcp) => tcp.once('data', () => tcp.resetAndDestroy()),
    'it speaks HTTP': (tcp) => tcp.once('data', () => tcp.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')),
    'it speaks SMTP': (tcp) => tcp.write('220 mail.example ESMTP\r\n'),
    'it sends half a record': (tcp) => tcp.once('data', () => tcp.end(Buffer.from([22, 3, 3, 0, 64, 2]))),
    'it sends an alert': (tcp) => tcp.once('data', () => tcp.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))),
    'it says that it does not know the name': (tcp) =>
      tcp.once('data', () => tcp.end(Buffer.from([21, 3, 3, 0, 2, 2, 112]))),
    'it sends what is no handshake': (tcp) =>
      tcp.once('data', () => tcp.write(Buffer.from([22, 3, 3, 0, 4, 99, 0, 0, 0]))),
  };
  for (const [name, answer] of Object.entries(ANSWERS)) {
    better(UNREACHED, `${name}: the connect call fails as in Node`, async (t) => {
      const odd = await tcpServer(t, answer);
      const expected = await nodesVerdict({ port: odd.port, ...CA() });
      const error = await clientOf(t, odd, { ...ONCE, tls: CA() })
        .start()
        .catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.ok(error.original instanceof Error);
      assert.equal(error.original.code, expected);
    });

    same(`${name}: the socket fails as in Node`, async (t) => {
      const [api, odd] = [await scriptedServer(t), await tcpServer(t, answer)];
      const expected = await nodesVerdict({ port: odd.port, ...CA() });
      api.answers.push(api.answer({ url: odd.socketUrl }));
      const rtm = clientOf(t, api, { ...ONCE, tls: CA() });
      const failed = next(rtm, 'error');
      await rtm.start();
      const [error] = await failed;
      assert.equal(error.code, ErrorCode.WebsocketError);
      assert.equal(error.original.code, expected);
    });
  }
});

/** Servers of one version, cipher or curve each. */
const SPEAKS = {
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
  'HTTP/2 too, by ALPN': { ALPNProtocols: ['h2', 'http/1.1'] },
};

describe('versions and ciphers of TLS', { skip: missing }, () => {
  for (const [name, options] of Object.entries(SPEAKS)) {
    better(UNREACHED, `a server with ${name}: the connect call fares as Node does`, async (t) => {
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

    same(`a server with ${name}: the socket fares as Node does`, async (t) => {
      const [api, server] = [await scriptedServer(t), await scriptedServer(t, { tls: good(options) })];
      const expected = await nodesVerdict({ port: portOf(server), ...CA() });
      api.answers.push(api.answer({ url: server.socketUrl }));
      const rtm = clientOf(t, api, { ...ONCE, tls: CA() });
      const verdict = new Promise((resolve) => {
        rtm.once('connected', () => resolve('accepted')).once('error', (error) => resolve(error.original.code));
      });
      await rtm.start();
      assert.equal(await verdict, expected);
      assert.equal(server.upgrades.length, expected === 'accepted' ? 1 : 0);
    });
  }

  better('what it speaks is for Node to say', 'TLS 1.0 and 1.1 are refused in words that help', async (t) => {
    for (const name of ['TLS 1.0 only', 'TLS 1.1 only']) {
      const server = await scriptedServer(t, { tls: good(SPEAKS[name]) });
      const error = await clientOf(t, server, { ...ONCE, tls: CA() })
        .start()
        .catch((reason) => reason);
      assert.match(error.message, /TLS 1\.2/);
      assert.equal(server.calls.length, 0);
    }
  });
});

describe('disconnect() while hands are shaken', { skip: missing }, () => {
  const HANGS = 'it cannot be stopped there';

  better(HANGS, 'in the connect call: start() rejects, and the connection ends', async (t) => {
    const silent = await tcpServer(t);
    const rtm = clientOf(t, silent, { tls: CA() });
    const recorded = record(rtm);
    const accepted = silent.next();
    const started = rtm.start().then(
      () => 'started',
      () => 'rejected',
    );
    const tcp = await accepted;
    await once(tcp, 'data');
    const closed = once(tcp, 'close');
    await rtm.disconnect();
    assert.equal(await started, 'rejected');
    await closed;
    assert.equal(recorded.names.at(-1), 'disconnected');
    assert.equal(silent.taken.length, 1);
  });

  better(HANGS, 'of the socket: disconnected, and the connection ends', async (t) => {
    const [api, silent] = [await scriptedServer(t), await tcpServer(t)];
    api.answers.push(api.answer({ url: silent.socketUrl }));
    const rtm = clientOf(t, api, { tls: CA() });
    const recorded = record(rtm);
    const accepted = silent.next();
    await rtm.start();
    const tcp = await accepted;
    await once(tcp, 'data');
    const closed = once(tcp, 'close');
    await rtm.disconnect();
    await closed;
    assert.equal(rtm.connected, false);
    assert.equal(recorded.names.at(-1), 'disconnected');
    assert.ok(!recorded.names.includes('error'));
    assert.equal(silent.taken.length, 1);
  });

  better(HANGS, 'and start() again, at a server that answers by then', async (t) => {
    const server = await scriptedServer(t, { tls: good() });
    const board = await switchboard(t, server);
    const mute = await tcpServer(t);
    board.behind = { host: `127.0.0.1:${mute.port}` };
    server.answers.push(server.answer({ url: board.socketUrl }));
    const rtm = clientOf(t, board, { tls: CA() });
    const accepted = mute.next();
    const started = rtm.start().catch((reason) => reason);
    await once(await accepted, 'data');
    await rtm.disconnect();
    assert.ok((await started) instanceof Error);
    board.behind = server;
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    assert.equal(server.sockets.length, 1);
  });
});
