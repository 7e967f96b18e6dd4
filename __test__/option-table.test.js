// Each option of the contract's table does what the table says: one test an option, by its name. What is taken and what
// is refused is in options.test.js.
'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describe } = require('node:test');
const {
  LogLevel,
  RTMClient,
  better,
  clientOf,
  isPeer,
  keepingLogger,
  next,
  record,
  same,
} = require('./support/client.js');
const { authority, encodings, missing, pkcs12, selfSigned } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { answers, scriptedProxy, scriptedSocks, secure } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const NONE = 'it has no such option';
const fail = (request, response) => response.writeHead(503).end();
const failureOf = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );

/** A client of a server of its own, with what it does recorded. */
async function clientWith(t, options, server = undefined) {
  const to = server ?? (await scriptedServer(t));
  const rtm = clientOf(t, to, options);
  return { server: to, rtm, recorded: record(rtm) };
}

/** Starts and waits for this event. */
async function start(rtm, name = 'connected') {
  const reached = next(rtm, name);
  const data = await rtm.start();
  await reached;
  return data;
}

/** The milliseconds that something takes. */
async function took(something) {
  const begin = performance.now();
  await something();
  return performance.now() - begin;
}

describe('option', { concurrency: true }, () => {
  same('slackApiUrl: prefix of the connect call, with or without a slash', async (t) => {
    const server = await scriptedServer(t);
    for (const slackApiUrl of [`http://${server.host}/a/b`, `http://${server.host}/c/`]) {
      await start(clientOf(t, server, { slackApiUrl }));
    }
    assert.deepEqual(
      server.calls.map(({ url }) => url),
      ['/a/b/rtm.connect', '/c/rtm.connect'],
    );
  });

  same('slackApiUrl: Slack itself, without it', async (t) => {
    const proxy = await scriptedProxy(t, answers.close());
    if (isPeer) return assert.equal(new RTMClient('xoxb-1').webClient.slackApiUrl, 'https://slack.com/api/');
    // The proxy lets nothing through: nothing leaves this machine.
    const options = { proxy: proxy.url, logger: keepingLogger(), retryConfig: { retries: 0 } };
    await assert.rejects(new RTMClient('xoxb-1', options).start(), { code: 'slack_webapi_request_error' });
    return assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      ['slack.com:443'],
    );
  });

  same('logger: gets the lines', async (t) => {
    const logger = keepingLogger();
    const { rtm } = await clientWith(t, { logger, logLevel: LogLevel.DEBUG });
    await start(rtm);
    assert.ok(logger.lines.some(({ level, text }) => level === 'debug' && text.includes('connected')));
    assert.match(logger.name, /^rtm-api:RTMClient:\d+$/);
    assert.equal(logger.level, 'debug');
  });

  same('logger: the console, without it', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'invalid_auth' });
    const child = inProcess(
      t,
      server,
      async ({ RTMClient, input, report }) => {
        const lines = [];
        for (const name of ['debug', 'info', 'warn', 'error', 'log'])
          console[name] = (...parts) => lines.push(parts.join(' '));
        const rtm = new RTMClient('xoxb-1', { slackApiUrl: input, logLevel: 'debug' });
        await rtm.start().catch(() => {});
        report(lines.filter((line) => /RTMClient/.test(line)).length);
      },
      { input: server.apiUrl },
    );
    const { reports } = await child.ended;
    assert.ok(reports.at(-1) > 0, String(reports));
  });

  better('a given logger gets all', 'logLevel: nothing less severe is logged', async (t) => {
    const count = {};
    for (const logLevel of ['debug', 'info', 'warn', 'error']) {
      const logger = keepingLogger();
      const { server, rtm } = await clientWith(t, { logger, logLevel, autoReconnect: false });
      server.answers.push(server.answer({ response_metadata: { warnings: ['w'] } }));
      await start(rtm, 'ready');
      const said = next(rtm, 'said');
      const socket = await server.nextSocket();
      socket.send('not JSON');
      socket.send({ type: 'said' });
      await said;
      await rtm.disconnect();
      count[logLevel] = new Set(logger.lines.map(({ level }) => level));
    }
    assert.ok(count.debug.has('debug') && count.debug.has('error'));
    assert.ok(!count.info.has('debug') && count.info.has('error'));
    assert.ok(!count.warn.has('debug') && !count.warn.has('info') && count.warn.has('error'));
    assert.deepEqual(
      [...count.error].filter((level) => level !== 'error' && level !== 'warn'),
      [],
    );
  });

  same('retryConfig.retries: how often', async (t) => {
    for (const retries of [0, 1, 3]) {
      const { server, rtm } = await clientWith(t, { retryConfig: { retries, minTimeout: 1, factor: 1 } });
      server.answers.push(...Array(retries + 1).fill(fail));
      await assert.rejects(rtm.start(), { statusCode: 503 });
      assert.equal(server.calls.length, retries + 1);
    }
  });

  same('retryConfig.minTimeout and factor: the pauses', async (t) => {
    const { server, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 100, factor: 2 } });
    server.answers.push(fail, fail);
    assert.ok((await took(() => start(rtm))) >= 295);
  });

  same('retryConfig.maxTimeout: the longest pause', async (t) => {
    const retryConfig = { retries: 3, minTimeout: 10, factor: 1000, maxTimeout: 50 };
    const { server, rtm } = await clientWith(t, { retryConfig });
    server.answers.push(fail, fail, fail);
    // Without it: 10 ms, 10 s, 10,000 s. The test's limit is 20 s.
    await start(rtm);
    assert.equal(server.calls.length, 4);
  });

  same('retryConfig.randomize: pauses of one to two times', async (t) => {
    const pauses = [];
    for (let n = 0; n < 5; n += 1) {
      const { server, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 150, randomize: true } });
      server.answers.push(fail);
      pauses.push(await took(() => start(rtm)));
    }
    assert.ok(
      pauses.every((pause) => pause >= 149),
      pauses.join(),
    );
    assert.ok(Math.max(...pauses) - Math.min(...pauses) > 10, pauses.join());
  });

  same('retryConfig.forever: past `retries`', async (t) => {
    const { server, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 1, forever: true } });
    server.answers.push(...Array(5).fill(fail));
    await start(rtm);
    assert.equal(server.calls.length, 6);
  });

  same('retryConfig.maxRetryTime: an end to it', async (t) => {
    const retryConfig = { retries: 1e6, factor: 1, minTimeout: 30, maxRetryTime: 600 };
    const { server, rtm } = await clientWith(t, { retryConfig });
    server.answers.push(...Array(100).fill(fail));
    await assert.rejects(rtm.start());
    assert.ok(server.calls.length > 1 && server.calls.length <= 21, String(server.calls.length));
  });

  same('agent: makes the connections of the call and of the socket', async (t) => {
    const made = [];
    class Mine extends http.Agent {
      createConnection(options, callback) {
        made.push(Number(options.port));
        return net.connect(options, callback);
      }
    }
    const server = await scriptedServer(t);
    await start(clientOf(t, server, { agent: new Mine() }));
    const port = Number(server.host.split(':')[1]);
    assert.deepEqual(made, [port, port]);
  });

  same('autoReconnect: true, a lost connection is replaced; false, it is not', async (t) => {
    const { server, rtm, recorded } = await clientWith(t, { autoReconnect: true });
    await start(rtm);
    const again = next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await again;
    assert.ok(recorded.names.includes('reconnecting'));
    const other = await clientWith(t, { autoReconnect: false });
    await start(other.rtm);
    const disconnected = next(other.rtm, 'disconnected');
    (await other.server.nextSocket()).drop();
    await disconnected;
    assert.ok(!other.recorded.names.includes('reconnecting'));
    assert.equal(other.server.calls.length, 1);
  });

  same('useRtmConnect: rtm.connect or rtm.start', async (t) => {
    const server = await scriptedServer(t);
    for (const useRtmConnect of [undefined, true, false]) await start(clientOf(t, server, { useRtmConnect }));
    const methods = ['/api/rtm.connect', '/api/rtm.connect', '/api/rtm.start'];
    assert.deepEqual(
      server.calls.map(({ url }) => url),
      methods,
    );
  });

  same('clientPingTimeout: silence after which a ping is sent', async (t) => {
    const { server, rtm } = await clientWith(t, { clientPingTimeout: 200, serverPongTimeout: 100 });
    const begin = performance.now();
    await start(rtm, 'ready');
    const socket = await server.nextSocket();
    const ping = await socket.nextFrame('ping');
    assert.ok(Number.isInteger(ping.id));
    // Nothing else was sent, so it came after the silence; without the option, in six seconds.
    assert.deepEqual(
      socket.frames.map(({ type }) => type),
      ['ping'],
    );
    const waited = performance.now() - begin;
    assert.ok(waited >= 190 && waited < 6000, `${waited} ms`);
    socket.send({ type: 'pong', reply_to: ping.id });
  });

  better('it takes 0 for a time', 'clientPingTimeout: 0 is no keepalive', async (t) => {
    const [off, on] = [
      await clientWith(t, { clientPingTimeout: 0 }),
      await clientWith(t, { clientPingTimeout: 50, serverPongTimeout: 40 }),
    ];
    await start(off.rtm, 'ready');
    await start(on.rtm, 'ready');
    // Several pings of the other one later, there was none.
    const socket = await on.server.nextSocket();
    for (let n = 0; n < 5; n += 1) {
      const { id } = await socket.nextFrame('ping');
      socket.send({ type: 'pong', reply_to: id });
    }
    assert.deepEqual((await off.server.nextSocket()).frames, []);
    assert.equal(off.rtm.connected, true);
  });

  same('serverPongTimeout: no sign of life in time, and the connection is replaced', async (t) => {
    const { server, rtm, recorded } = await clientWith(t, { clientPingTimeout: 100, serverPongTimeout: 50 });
    await start(rtm, 'ready');
    const again = next(rtm, 'connected');
    await (await server.nextSocket()).nextFrame('ping');
    await again;
    assert.ok(recorded.names.includes('reconnecting'));
    assert.equal(server.sockets.length, 2);
  });

  better('ignored', 'replyAckOnReconnectTimeout: how long replies are waited for after a reconnect', async (t) => {
    for (const replyAckOnReconnectTimeout of [0, 600]) {
      const { server, rtm } = await clientWith(t, { replyAckOnReconnectTimeout });
      await start(rtm, 'ready');
      const pending = failureOf(rtm.sendMessage('x', 'C1'));
      const socket = await server.nextSocket();
      await socket.nextFrame('message');
      const connected = next(rtm, 'connected').then(() => performance.now());
      const ready = next(rtm, 'ready').then(() => performance.now());
      socket.drop();
      const waited = (await ready) - (await connected);
      assert.ok(replyAckOnReconnectTimeout === 0 ? waited < 500 : waited >= 590, `${waited} ms`);
      assert.equal((await pending).code, 'slack_rtmapi_no_reply_received_error');
    }
  });

  same('webClient: makes the connect call', async (t) => {
    const server = await scriptedServer(t);
    const asked = [];
    const apiCall = async (...args) => {
      asked.push(args);
      return server.answer();
    };
    await start(clientOf(t, server, { webClient: { apiCall } }));
    assert.deepEqual([asked, server.calls.length], [[['rtm.connect', {}]], 0]);
  });

  better(NONE, 'proxy: http, with credentials; the call and the socket go by it', async (t) => {
    const server = await scriptedServer(t);
    const proxy = await scriptedProxy(t, answers.demand('us:er', 'p@ss/word'));
    const url = proxy.urlWith({ user: 'us:er', password: 'p@ss/word' });
    for (const given of [url, new URL(url)]) await start(clientOf(t, server, { proxy: given }));
    assert.deepEqual(
      proxy.requests.map(({ method, target }) => [method, target]),
      Array(4).fill(['CONNECT', server.host]),
    );
  });

  for (const scheme of ['socks5', 'socks5h']) {
    better(NONE, `proxy: ${scheme}, with credentials`, async (t) => {
      const server = await scriptedServer(t);
      const proxy = await scriptedSocks(t, { user: 'user', password: 'p@ss' });
      await start(clientOf(t, server, { proxy: proxy.urlWith({ scheme, user: 'user', password: 'p@ss' }) }));
      assert.deepEqual(
        proxy.requests.map(({ user, password }) => [user, password]),
        Array(2).fill(['user', 'p@ss']),
      );
      assert.equal(server.calls.length, 1);
    });
  }

  better(NONE, 'headers: with the call and with the upgrade', async (t) => {
    const headers = { Cookie: 'd=1', 'X-Number': 5, 'X-List': ['a', 'b'], 'X-None': undefined };
    const { server, rtm } = await clientWith(t, { headers });
    await start(rtm);
    for (const { headers: got } of [server.calls[0], server.upgrades[0]]) {
      assert.deepEqual([got.cookie, got['x-number'], got['x-list'], got['x-none']], ['d=1', '5', 'a, b', undefined]);
    }
  });

  better(NONE, 'requestTimeout: one attempt', async (t) => {
    const { server, rtm } = await clientWith(t, { requestTimeout: 100, retryConfig: { retries: 1, minTimeout: 1 } });
    server.answers.push(
      () => {},
      () => {},
    );
    const error = await failureOf(rtm.start());
    assert.deepEqual([error.code, error.original.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
    assert.equal(server.calls.length, 2);
  });

  for (const [option, until, prepare] of [
    [
      'requestTimeout',
      'start',
      (server, hold) =>
        server.answers.push((request, response) => hold(() => response.end(JSON.stringify(server.answer())))),
    ],
    ['connectTimeout', 'hello', (server, hold) => (server.greet = (socket) => hold(() => socket.hello()))],
  ]) {
    better(NONE, `${option}: 0 is no limit`, async (t) => {
      const { server, rtm } = await clientWith(t, { [option]: 0 });
      const held = new Promise((resolve) => prepare(server, resolve));
      const connected = next(rtm, 'connected');
      rtm.start();
      const release = await held;
      // Others, with a limit of 100 ms, run into theirs meanwhile.
      const other = await clientWith(t, { [option]: 100, autoReconnect: false, retryConfig: { retries: 0 } });
      prepare(other.server, () => {});
      const ended = next(other.rtm, 'disconnected');
      other.rtm.start().catch(() => {});
      await ended;
      assert.equal(rtm.connected, false, until);
      release();
      await connected;
    });
  }

  better(NONE, 'connectTimeout: from dialling to `hello`', async (t) => {
    const { server, rtm } = await clientWith(t, { connectTimeout: 100, autoReconnect: false });
    server.greet = () => {};
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    const [error] = await disconnected;
    assert.deepEqual([error.code, error.original.code], ['slack_rtmapi_websocket_error', 'ETIMEDOUT']);
  });

  better(NONE, 'replyTimeout: a message without a reply for so long rejects', async (t) => {
    const { server, rtm } = await clientWith(t, { replyTimeout: 100 });
    await start(rtm, 'ready');
    const waited = await took(() =>
      assert.rejects(rtm.sendMessage('x', 'C1'), { code: 'slack_rtmapi_no_reply_received_error' }),
    );
    assert.ok(waited >= 95);
    // The connection stands.
    const socket = await server.nextSocket();
    await socket.nextFrame('message');
    const reply = rtm.sendMessage('y', 'C1');
    const { id } = await socket.nextFrame('message');
    socket.send({ ok: true, reply_to: id, ts: '1.1' });
    assert.equal((await reply).ts, '1.1');
  });

  better('always one', 'maxPendingReplies: so many await their replies, the next is held back', async (t) => {
    for (const [maxPendingReplies, first] of [
      [1, 1],
      [2, 2],
      [undefined, 5],
    ]) {
      const { server, rtm } = await clientWith(t, { maxPendingReplies });
      await start(rtm, 'ready');
      const socket = await server.nextSocket();
      const replies = [1, 2, 3, 4, 5].map((n) => rtm.sendMessage(`${n}`, 'C1'));
      const sent = [];
      for (let n = 0; n < first; n += 1) sent.push(await socket.nextFrame('message'));
      // What bypasses the queue comes after all that was sent.
      await rtm.send('mark');
      await socket.nextFrame('mark');
      assert.equal(socket.frames.filter(({ type }) => type === 'message').length, first);
      for (let n = 0; n < 5; n += 1) {
        if (sent.length === n) sent.push(await socket.nextFrame('message'));
        socket.send({ ok: true, reply_to: sent[n].id, ts: `${n}` });
      }
      assert.deepEqual(
        (await Promise.all(replies)).map(({ ts }) => ts),
        ['0', '1', '2', '3', '4'],
      );
      assert.deepEqual(
        sent.map(({ text }) => text),
        ['1', '2', '3', '4', '5'],
      );
    }
  });

  same('an unknown one is ignored, undefined counts as left out', async (t) => {
    const options = {
      rejectRateLimitedCalls: true,
      dataStore: false,
      retryConfig: undefined,
      agent: undefined,
      tls: undefined,
    };
    const { rtm } = await clientWith(t, { ...options, useRtmConnect: undefined, clientPingTimeout: undefined });
    await start(rtm);
  });
});

describe('option tls', { skip: missing, concurrency: true }, () => {
  const NOT_FOR_CALL = '`tls` does not reach the connect call';
  const ca = authority('Option table');

  /** A server that wants a client certificate, if that is asked for. */
  async function secureServer(t, wanted) {
    const leaf = ca.issue();
    const client = wanted && { requestCert: true, rejectUnauthorized: true, ca: ca.cert };
    return scriptedServer(t, { tls: { key: leaf.key, cert: leaf.fullChain, ...client } });
  }

  /** Demands that with these options the client gets through, and without them not. */
  async function assertNeeds(t, wanted, tls, base) {
    const server = await secureServer(t, wanted);
    const once = { autoReconnect: false, retryConfig: { retries: 0 } };
    const error = await failureOf(clientOf(t, server, { ...once, tls: base }).start());
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(server.calls.length, 0);
    await start(clientOf(t, server, { ...once, tls: { ...base, ...tls } }));
    assert.deepEqual([server.calls.length, server.upgrades.length], [1, 1]);
  }

  const client = () => ca.issue({ cn: 'robot', client: true });

  better(NOT_FOR_CALL, 'ca: whom it trusts', (t) => assertNeeds(t, false, { ca: ca.cert }));
  better(NOT_FOR_CALL, 'ca: a Buffer, and a list', (t) =>
    assertNeeds(t, false, { ca: [selfSigned().cert, Buffer.from(ca.cert)] }),
  );
  better(NOT_FOR_CALL, 'key and cert: who it is', (t) => {
    const { key, cert } = client();
    return assertNeeds(t, true, { key, cert }, { ca: ca.cert });
  });
  better(NOT_FOR_CALL, 'passphrase: of an encrypted key', (t) => {
    const { key, cert } = client();
    return assertNeeds(
      t,
      true,
      { key: encodings(key, 'open sesame').pkcs8Encrypted, cert, passphrase: 'open sesame' },
      { ca: ca.cert },
    );
  });
  better(NOT_FOR_CALL, 'pfx, with a passphrase and without', async (t) => {
    const { key, cert } = client();
    for (const passphrase of [undefined, 'open sesame']) {
      await assertNeeds(t, true, { pfx: pkcs12({ key, cert, passphrase }), passphrase }, { ca: ca.cert });
    }
  });
  better(NOT_FOR_CALL, 'rejectUnauthorized: false takes any certificate, with a warning', async (t) => {
    await assertNeeds(t, false, { rejectUnauthorized: false });
    const logger = keepingLogger();
    new RTMClient('xoxb-1', { logger, tls: { rejectUnauthorized: false } });
    assert.ok(logger.lines.some(({ level, text }) => level === 'warn' && /rejectUnauthorized/.test(text)));
  });
  better(NOT_FOR_CALL, 'headers: as the option `headers`', async (t) => {
    const { server, rtm } = await clientWith(t, { tls: { headers: { Cookie: 'd=1' } } });
    await start(rtm);
    assert.deepEqual([server.calls[0].headers.cookie, server.upgrades[0].headers.cookie], ['d=1', 'd=1']);
  });
  better(NONE, 'proxy: https', async (t) => {
    const server = await scriptedServer(t);
    const leaf = ca.issue();
    const proxy = await scriptedProxy(t);
    const front = await secure(t, proxy, { key: leaf.key, cert: leaf.fullChain });
    const folder = mkdtempSync(join(tmpdir(), 'option-table-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, ca.cert);
    // `tls.ca` is whom it trusts to be Slack. Of a proxy, Node's trust decides, which is read when a process starts.
    process.env.NODE_EXTRA_CA_CERTS = file;
    const child = inProcess(
      t,
      server,
      async ({ client, next, report, input }) => {
        const rtm = client({ proxy: input });
        const connected = next(rtm, 'connected');
        await rtm.start();
        await connected;
        report('connected');
        await rtm.disconnect();
      },
      { input: front.url },
    );
    delete process.env.NODE_EXTRA_CA_CERTS;
    assert.equal(await child.report(), 'connected');
    await child.ended;
    assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      [server.host, server.host],
    );
    assert.equal(front.clients.length, 2);
  });
});

describe('option headers', { concurrency: true }, () => {
  const RESERVED = [
    'content-length',
    'connection',
    'upgrade',
    'transfer-encoding',
    'sec-websocket-key',
    'sec-websocket-version',
    'sec-websocket-extensions',
    'sec-websocket-protocol',
    'sec-websocket-accept',
    'Sec-WebSocket-Anything',
  ];
  const spellings = (name) => [name, name.toUpperCase(), name.replace(/\b[a-z]/g, (c) => c.toUpperCase())];

  for (const option of ['headers', 'tls.headers']) {
    const given = (headers) => (option === 'headers' ? { headers } : { tls: { headers } });

    better(NONE, `${option}: those that the client makes itself are refused, in any spelling`, async (t) => {
      const server = await scriptedServer(t);
      for (const name of RESERVED.flatMap(spellings)) {
        assert.throws(
          () => clientOf(t, server, given({ 'X-Good': '1', [name]: 'x' })),
          (error) => {
            assert.ok(error instanceof TypeError, String(error));
            assert.ok(error.message.includes(option) && error.message.includes(name), error.message);
            return true;
          },
          name,
        );
      }
      // Those that only sound like them are not.
      const similar = { 'x-content-length': '1', 'connection-x': '2', 'sec-fetch-mode': '3', 'x-upgrade': '4' };
      await start(clientOf(t, server, given(similar)));
      for (const { headers } of [server.calls[0], server.upgrades[0]]) {
        for (const [name, value] of Object.entries(similar)) assert.equal(headers[name], value);
      }
    });

    better(NONE, `${option}: a \`host\` of the user's is sent with the call`, async (t) => {
      const { server, rtm } = await clientWith(t, given({ Host: 'slack.example' }));
      await start(rtm);
      assert.equal(server.calls[0].headers.host, 'slack.example');
    });

    const test = option === 'headers' ? better.bind(undefined, NONE) : same;
    test(`${option}: a \`host\` of the user's is sent with the upgrade request, like all others`, async (t) => {
      const { server, rtm } = await clientWith(t, given({ Host: 'slack.example' }));
      await start(rtm);
      assert.equal(server.upgrades[0].headers.host, 'slack.example');
    });

    better(NONE, `${option}: an \`authorization\` goes with the call, never to the socket`, async (t) => {
      for (const name of ['authorization', 'Authorization', 'AUTHORIZATION']) {
        const { server, rtm } = await clientWith(t, given({ [name]: 'Bearer xoxc-mine' }));
        await start(rtm);
        const again = next(rtm, 'connected');
        (await server.nextSocket()).drop();
        await again;
        assert.deepEqual(
          server.calls.map(({ headers }) => headers.authorization),
          Array(2).fill('Bearer xoxc-mine'),
        );
        assert.equal(server.upgrades.length, 2);
        for (const { headers } of server.upgrades) {
          assert.equal(headers.authorization, undefined);
          assert.ok(!JSON.stringify(headers).includes('xoxc'));
        }
      }
    });
  }

  better(NONE, 'both at once: `headers` and `tls.headers`', async (t) => {
    const { server, rtm } = await clientWith(t, { headers: { 'X-A': '1' }, tls: { headers: { 'X-B': '2' } } });
    await start(rtm);
    for (const { headers } of [server.calls[0], server.upgrades[0]]) {
      assert.deepEqual([headers['x-a'], headers['x-b']], ['1', '2']);
    }
  });

  better(NONE, "a `content-type` or `user-agent` of the user's takes the place of ours", async (t) => {
    const { server, rtm } = await clientWith(t, {
      headers: { 'User-Agent': 'mine', 'content-TYPE': 'application/x-www-form-urlencoded; charset=utf-8' },
    });
    await start(rtm);
    const { headers } = server.calls[0];
    assert.deepEqual(
      [headers['user-agent'], headers['content-type']],
      ['mine', 'application/x-www-form-urlencoded; charset=utf-8'],
    );
    await rtm.apiCall('api.test', { a: 1 });
    assert.equal(server.calls[1].form.a, '1');
  });
});
