// Each option has its documented effect: one test for each option. options.test.js covers accepted and refused values.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { describe } = require('node:test');
const { inProcess } = require('./support/child.js');
const {
  LogLevel,
  RTMClient,
  better,
  clientOf,
  failureOf,
  isSlackRtmApi,
  next,
  recordingLogger,
  same,
} = require('./support/client.js');
const { clientWith, start, took } = require('./support/option-client.js');
const { proxyHandlers, scriptedProxy, scriptedSocks } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const NONE = 'it has no such option';
const fail = (request, response) => response.writeHead(503).end();

describe('the option', { concurrency: true }, () => {
  same('slackApiUrl is the prefix of the connect call, with or without a slash', async (t) => {
    const server = await scriptedServer(t);
    for (const slackApiUrl of [`http://${server.host}/a/b`, `http://${server.host}/c/`]) {
      await start(clientOf(t, server, { slackApiUrl }));
    }
    assert.deepEqual(
      server.calls.map(({ url }) => url),
      ['/a/b/rtm.connect', '/c/rtm.connect'],
    );
  });

  same('slackApiUrl defaults to Slack itself', async (t) => {
    const proxy = await scriptedProxy(t, proxyHandlers.close());
    if (isSlackRtmApi) return assert.equal(new RTMClient('xoxb-1').webClient.slackApiUrl, 'https://slack.com/api/');
    // The proxy closes all connections, so that no request leaves this machine.
    const options = { proxy: proxy.url, logger: recordingLogger(), retryConfig: { retries: 0 } };
    await assert.rejects(new RTMClient('xoxb-1', options).start(), { code: 'slack_webapi_request_error' });
    return assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      ['slack.com:443'],
    );
  });

  same('logger receives the lines', async (t) => {
    const logger = recordingLogger();
    const { rtm } = await clientWith(t, { logger, logLevel: LogLevel.DEBUG });
    await start(rtm);
    assert.ok(logger.lines.some(({ level, text }) => level === 'debug' && text.includes('connected')));
    assert.match(logger.name, /^rtm-api:RTMClient:\d+$/);
    assert.equal(logger.level, 'debug');
  });

  same('logger defaults to the console', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
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

  better('a given logger gets all lines', 'logLevel suppresses less severe lines', async (t) => {
    const count = {};
    for (const logLevel of ['debug', 'info', 'warn', 'error']) {
      const logger = recordingLogger();
      const { server, rtm } = await clientWith(t, { logger, logLevel, autoReconnect: false });
      server.responses.push(server.connectResponse({ response_metadata: { warnings: ['w'] } }));
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

  same('retryConfig.retries is the number of retries', async (t) => {
    for (const retries of [0, 1, 3]) {
      const { server, rtm } = await clientWith(t, { retryConfig: { retries, minTimeout: 1, factor: 1 } });
      server.responses.push(...Array(retries + 1).fill(fail));
      await assert.rejects(rtm.start(), { statusCode: 503 });
      assert.equal(server.calls.length, retries + 1);
    }
  });

  same('retryConfig.minTimeout and factor determine the pauses', async (t) => {
    const { server, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 100, factor: 2 } });
    server.responses.push(fail, fail);
    assert.ok((await took(() => start(rtm))) >= 295);
  });

  same('retryConfig.maxTimeout limits the pauses', async (t) => {
    const retryConfig = { retries: 3, minTimeout: 10, factor: 1000, maxTimeout: 50 };
    const { server, rtm } = await clientWith(t, { retryConfig });
    server.responses.push(fail, fail, fail);
    // Without it the pauses are 10 ms, 10 s and 10,000 s. The test times out after 20 s.
    await start(rtm);
    assert.equal(server.calls.length, 4);
  });

  same('retryConfig.randomize multiplies pauses by one to two', async (t) => {
    const pauses = [];
    for (let n = 0; n < 5; n += 1) {
      const { server, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 150, randomize: true } });
      server.responses.push(fail);
      pauses.push(await took(() => start(rtm)));
    }
    assert.ok(
      pauses.every((pause) => pause >= 149),
      pauses.join(),
    );
    assert.ok(Math.max(...pauses) - Math.min(...pauses) > 10, pauses.join());
  });

  same('retryConfig.forever continues after `retries`', async (t) => {
    const { server, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 1, forever: true } });
    server.responses.push(...Array(5).fill(fail));
    await start(rtm);
    assert.equal(server.calls.length, 6);
  });

  same('retryConfig.maxRetryTime limits the time of all retries', async (t) => {
    const retryConfig = { retries: 1e6, factor: 1, minTimeout: 30, maxRetryTime: 600 };
    const { server, rtm } = await clientWith(t, { retryConfig });
    server.responses.push(...Array(100).fill(fail));
    await assert.rejects(rtm.start());
    assert.ok(server.calls.length > 1 && server.calls.length <= 21, String(server.calls.length));
  });

  same('agent makes the connections of the call and of the socket', async (t) => {
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

  same('autoReconnect decides whether a lost connection is replaced', async (t) => {
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

  same('useRtmConnect chooses between rtm.connect and rtm.start', async (t) => {
    const server = await scriptedServer(t);
    for (const useRtmConnect of [undefined, true, false]) await start(clientOf(t, server, { useRtmConnect }));
    const methods = ['/api/rtm.connect', '/api/rtm.connect', '/api/rtm.start'];
    assert.deepEqual(
      server.calls.map(({ url }) => url),
      methods,
    );
  });

  same('clientPingTimeout is the silence after which a ping is sent', async (t) => {
    const { server, rtm } = await clientWith(t, { clientPingTimeout: 200, serverPongTimeout: 100 });
    const begin = performance.now();
    await start(rtm, 'ready');
    const socket = await server.nextSocket();
    const ping = await socket.nextFrame('ping');
    assert.ok(Number.isInteger(ping.id));
    // The ping is the only frame, so it followed the silence. The default is six seconds.
    assert.deepEqual(
      socket.frames.map(({ type }) => type),
      ['ping'],
    );
    const waited = performance.now() - begin;
    assert.ok(waited >= 190 && waited < 6000, `${waited} ms`);
    socket.send({ type: 'pong', reply_to: ping.id });
  });

  better('it pings at once', 'clientPingTimeout 0 turns the keepalive off', async (t) => {
    const [off, on] = [
      await clientWith(t, { clientPingTimeout: 0 }),
      await clientWith(t, { clientPingTimeout: 50, serverPongTimeout: 40 }),
    ];
    await start(off.rtm, 'ready');
    await start(on.rtm, 'ready');
    // While the other client sends several pings, this one sends none.
    const socket = await on.server.nextSocket();
    for (let n = 0; n < 5; n += 1) {
      const { id } = await socket.nextFrame('ping');
      socket.send({ type: 'pong', reply_to: id });
    }
    assert.deepEqual((await off.server.nextSocket()).frames, []);
    assert.equal(off.rtm.connected, true);
  });

  same('serverPongTimeout is the time without a sign of life after which the connection is replaced', async (t) => {
    const { server, rtm, recorded } = await clientWith(t, { clientPingTimeout: 100, serverPongTimeout: 50 });
    await start(rtm, 'ready');
    const again = next(rtm, 'connected');
    await (await server.nextSocket()).nextFrame('ping');
    await again;
    assert.ok(recorded.names.includes('reconnecting'));
    assert.equal(server.sockets.length, 2);
  });

  better(
    'it ignores the option',
    'replyAckOnReconnectTimeout limits the wait for replies after a reconnect',
    async (t) => {
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
    },
  );

  same('webClient makes the connect call', async (t) => {
    const server = await scriptedServer(t);
    const asked = [];
    const apiCall = async (...args) => {
      asked.push(args);
      return server.connectResponse();
    };
    await start(clientOf(t, server, { webClient: { apiCall } }));
    assert.deepEqual([asked, server.calls.length], [[['rtm.connect', {}]], 0]);
  });

  better(NONE, 'proxy can be an http: URL with credentials, for the call and the socket', async (t) => {
    const server = await scriptedServer(t);
    const proxy = await scriptedProxy(t, proxyHandlers.demand('us:er', 'p@ss/word'));
    const url = proxy.urlWith({ user: 'us:er', password: 'p@ss/word' });
    for (const given of [url, new URL(url)]) await start(clientOf(t, server, { proxy: given }));
    assert.deepEqual(
      proxy.requests.map(({ method, target }) => [method, target]),
      Array(4).fill(['CONNECT', server.host]),
    );
  });

  for (const scheme of ['socks5', 'socks5h']) {
    better(NONE, `proxy can be a ${scheme}: URL with credentials`, async (t) => {
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

  better(NONE, 'headers are sent with the call and with the upgrade request', async (t) => {
    const headers = { Cookie: 'd=1', 'X-Number': 5, 'X-List': ['a', 'b'], 'X-None': undefined };
    const { server, rtm } = await clientWith(t, { headers });
    await start(rtm);
    for (const { headers: got } of [server.calls[0], server.upgrades[0]]) {
      assert.deepEqual([got.cookie, got['x-number'], got['x-list'], got['x-none']], ['d=1', '5', 'a, b', undefined]);
    }
  });

  better(NONE, 'requestTimeout limits each attempt', async (t) => {
    const { server, rtm } = await clientWith(t, { requestTimeout: 100, retryConfig: { retries: 1, minTimeout: 1 } });
    server.responses.push(
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
        server.responses.push((request, response) =>
          hold(() => response.end(JSON.stringify(server.connectResponse()))),
        ),
    ],
    ['connectTimeout', 'hello', (server, hold) => (server.greet = (socket) => hold(() => socket.hello()))],
  ]) {
    better(NONE, `${option} 0 turns the limit off`, async (t) => {
      const { server, rtm } = await clientWith(t, { [option]: 0 });
      const held = new Promise((resolve) => prepare(server, resolve));
      const connected = next(rtm, 'connected');
      rtm.start();
      const release = await held;
      // Meanwhile, another client exceeds its limit of 100 ms.
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

  better(NONE, 'connectTimeout limits the time from connecting the socket to `hello`', async (t) => {
    const { server, rtm } = await clientWith(t, { connectTimeout: 100, autoReconnect: false });
    server.greet = () => {};
    const disconnected = next(rtm, 'disconnected');
    await rtm.start();
    const [error] = await disconnected;
    assert.deepEqual([error.code, error.original.code], ['slack_rtmapi_websocket_error', 'ETIMEDOUT']);
  });

  better(NONE, 'replyTimeout limits the wait for the reply to a message', async (t) => {
    const { server, rtm } = await clientWith(t, { replyTimeout: 100 });
    await start(rtm, 'ready');
    const waited = await took(() =>
      assert.rejects(rtm.sendMessage('x', 'C1'), { code: 'slack_rtmapi_no_reply_received_error' }),
    );
    assert.ok(waited >= 95);
    // The connection is still open.
    const socket = await server.nextSocket();
    await socket.nextFrame('message');
    const reply = rtm.sendMessage('y', 'C1');
    const { id } = await socket.nextFrame('message');
    socket.send({ ok: true, reply_to: id, ts: '1.1' });
    assert.equal((await reply).ts, '1.1');
  });

  better('its limit is always one', 'maxPendingReplies limits the number of messages in flight', async (t) => {
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
      // send() bypasses the queue, so its frame follows all messages that were sent.
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

  same('an unknown option is ignored, and undefined selects the default', async (t) => {
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
