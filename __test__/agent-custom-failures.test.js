// Agents that make the connections in JavaScript, and fail: their errors are passed on, the client recovers, and disconnect()
// is never delayed.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { describe } = require('node:test');
const { CountingAgent, FunctionAgent, neverConnected, openSlack } = require('./support/agents.js');
const { missing: noCertificates } = require('./support/certificates.js');
const { ErrorCode, better, next, record, same } = require('./support/client.js');
const { exchangeFrames } = require('./support/session-scenario.js');

const HANGS = 'it hangs after some failures, or throws';
const WITHOUT = 'it has no such option';
const ONCE = { retryConfig: { retries: 0 } };
const UNLIMITED = { requestTimeout: 0, connectTimeout: 0 };

describe('an agent that makes the connections', { concurrency: 4, skip: noCertificates }, () => {
  describe('that fails', { concurrency: true }, () => {
    const codedError = () => Object.assign(new Error('no way to go'), { code: 'E_MINE' });
    const FAILURES = {
      'throws an error': {
        fail: () => {
          throw codedError();
        },
        code: 'E_MINE',
        words: /no way to go/,
      },
      'throws a string': {
        fail: () => {
          throw 'no way to go';
        },
        words: /no way to go/,
      },
      'throws undefined': {
        fail: () => {
          throw undefined;
        },
      },
      'calls back with an error': {
        fail: (_count, _options, callback) => process.nextTick(callback, codedError()),
        code: 'E_MINE',
        words: /no way to go/,
      },
      'calls back with an error synchronously': {
        fail: (_count, _options, callback) => callback(codedError()),
        code: 'E_MINE',
        words: /no way to go/,
      },
      'returns a socket that fails': {
        fail: () => {
          const socket = new net.Socket();
          process.nextTick(() => socket.destroy(codedError()));
          return socket;
        },
        code: 'E_MINE',
        words: /no way to go/,
      },
      'returns a socket that closes': {
        fail: () => {
          const socket = new net.Socket();
          process.nextTick(() => socket.destroy());
          return socket;
        },
        code: 'ECONNRESET',
      },
      'never calls back': { fail: () => undefined, time: true },
      'returns a socket that never connects': { fail: () => neverConnected(), time: true },
    };

    for (const [what, { fail, code, words, time }] of Object.entries(FAILURES)) {
      better(HANGS, `makes the connect call fail, and a retry works: it ${what}`, async (t) => {
        const { server, relay, ca, client } = await openSlack(t);
        const at =
          (from, to) =>
          (count, ...args) =>
            count >= from && count < to ? fail(count, ...args) : args[2]();
        const limits = { ...UNLIMITED, ...(time && { requestTimeout: 1000 }) };
        const first = client({ agent: new FunctionAgent({ ca }, at(0, 1)), ...limits, ...ONCE });
        const error = await first.start().then(
          () => assert.fail('it started'),
          (reason) => reason,
        );
        assert.equal(error.code, 'slack_webapi_request_error');
        assert.ok(error.original instanceof Error);
        assert.equal(error.original.code, time ? 'ETIMEDOUT' : code);
        if (words) assert.match(error.original.message, words);
        assert.equal(relay.connections, 0);

        const retryConfig = { retries: 1, minTimeout: 5 };
        // A throw leaves no entry in `made`, so the test counts the calls.
        let count = 0;
        const agent = new FunctionAgent({ ca }, (_count, ...args) => (count++ === 0 ? fail(0, ...args) : args[2]()));
        const rtm = client({ agent, ...limits, retryConfig });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        assert.deepEqual([count, relay.connections], [3, 2]);
      });

      better(HANGS, `makes the socket fail with \`error\`, and the next one works: it ${what}`, async (t) => {
        const { server, relay, ca, client } = await openSlack(t);
        let count = 0;
        const agent = new FunctionAgent({ ca }, (_count, ...args) => (count++ === 1 ? fail(1, ...args) : args[2]()));
        const rtm = client({ agent, ...UNLIMITED, ...(time && { connectTimeout: 500 }) });
        const recorded = record(rtm);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        const life = ['connecting', 'authenticated'];
        assert.deepEqual(recorded.names, [...life, 'error', 'reconnecting', ...life, 'connected', 'ready']);
        const [error] = recorded.events.find(({ name }) => name === 'error').args;
        assert.equal(error.code, ErrorCode.WebsocketError);
        if (time) assert.match(error.message, /connectTimeout/);
        else if (code) assert.equal(error.original.code, code);
        if (words) assert.match(error.original.message, words);
        assert.deepEqual([count, relay.connections], [4, 3]);
      });
    }

    better(
      'it waits forever',
      'causes Node’s ERR_INVALID_PROTOCOL if it is an http.Agent for an https: URL',
      async (t) => {
        const { relay, client } = await openSlack(t);
        const error = await client({ agent: new http.Agent(), ...ONCE })
          .start()
          .catch((reason) => reason);
        assert.equal(error.code, 'slack_webapi_request_error');
        assert.equal(error.original.code, 'ERR_INVALID_PROTOCOL');
        assert.match(error.original.message, /https:/);
        assert.equal(relay.connections, 0);
      },
    );

    better(HANGS, 'causes ERR_INVALID_PROTOCOL if it is an http.Agent for a wss: URL', async (t) => {
      const [api, secure] = [await openSlack(t, { plain: true }), await openSlack(t)];
      api.server.responses.push(api.server.connectResponse({ url: secure.server.socketUrl }));
      const rtm = api.client({ agent: new http.Agent(), autoReconnect: false });
      const failed = next(rtm, 'error');
      const disconnected = next(rtm, 'disconnected');
      await rtm.start();
      const [error] = await failed;
      assert.deepEqual([error.code, error.original.code], [ErrorCode.WebsocketError, 'ERR_INVALID_PROTOCOL']);
      await disconnected;
      assert.equal(secure.relay.connections, 0);
    });
  });

  describe('whose socket fails', { concurrency: true }, () => {
    async function connected(t, options) {
      const slack = await openSlack(t);
      const agent = new CountingAgent({ ca: slack.ca });
      const rtm = slack.client({ agent, ...options });
      const ready = next(rtm, 'ready');
      await rtm.start();
      await ready;
      await slack.server.nextSocket();
      return { ...slack, agent, rtm };
    }

    same('makes a new socket after one is destroyed', async (t) => {
      const { server, relay, agent, rtm } = await connected(t);
      const again = next(rtm, 'ready');
      agent.made.at(-1).destroy();
      await again;
      await exchangeFrames(rtm, await server.nextSocket(), 'again');
      assert.deepEqual([agent.made.length, relay.connections], [4, 4]);
    });

    for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNABORTED', 'E_MINE']) {
      better(
        'the error of a socket has no `original.code`',
        `passes on ${code} in \`error\` and makes a new socket`,
        async (t) => {
          const { server, agent, rtm } = await connected(t);
          const [failed, again] = [next(rtm, 'error'), next(rtm, 'ready')];
          agent.made.at(-1).destroy(Object.assign(new Error('the cable is cut'), { code }));
          const [error] = await failed;
          assert.equal(error.code, ErrorCode.WebsocketError);
          assert.match(error.original.message, /the cable is cut/);
          assert.equal(error.original.code, code);
          await again;
          await exchangeFrames(rtm, await server.nextSocket(), 'again');
        },
      );
    }

    better('it waits for 40 s', 'makes a new socket after the keepalive notices a half-open one', async (t) => {
      const { server, agent, rtm } = await connected(t, { clientPingTimeout: 100, serverPongTimeout: 50 });
      const again = next(rtm, 'reconnecting');
      await again;
      await server.nextSocket();
      assert.ok(agent.made.length >= 4, String(agent.made.length));
      assert.equal(agent.made[1].destroyed, true);
    });
  });

  describe('with a misbehaving server', { concurrency: true }, () => {
    const respondWithAccept = (accept) => (_request, tcp) => {
      const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...accept];
      tcp.write(`${head.join('\r\n')}\r\n\r\n`);
    };

    /** Responses to the first upgrade. */
    const REFUSALS = {
      'HTTP 404': { refusal: 404, words: /404/ },
      'HTTP 200': { refusal: 200, words: /200/ },
      'HTTP 302': {
        refusal: (_request, tcp) => tcp.end('HTTP/1.1 302 Found\r\nLocation: /socket\r\nContent-Length: 0\r\n\r\n'),
        words: /302/,
      },
      'another key’s sec-websocket-accept': {
        refusal: respondWithAccept(['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']),
        words: /upgrade/i,
      },
      'no sec-websocket-accept': { refusal: respondWithAccept([]), words: /upgrade/i },
      'a closed connection': { refusal: (_request, tcp) => tcp.end(), code: 'ECONNRESET' },
      'bytes that are not HTTP': { refusal: (_request, tcp) => tcp.end('220 mail.example ESMTP\r\n') },
    };

    for (const [what, { refusal, code, words }] of Object.entries(REFUSALS)) {
      better(HANGS, `reports a failed upgrade with \`error\`, and the next one works: ${what}`, async (t) => {
        const { server, ca, client } = await openSlack(t);
        const agent = new CountingAgent({ ca });
        server.refusals.push(refusal);
        const rtm = client({ agent, ...UNLIMITED });
        const recorded = record(rtm);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        const [error] = recorded.events.find(({ name }) => name === 'error').args;
        assert.equal(error.code, ErrorCode.WebsocketError);
        if (words) assert.match(error.message, words);
        if (code) assert.equal(error.original.code, code);
        await exchangeFrames(rtm, await server.nextSocket(), 'through');
        assert.equal(server.upgrades.length, 2);
        await rtm.disconnect();
        await Promise.all(
          agent.made.map((socket) => socket.destroyed || new Promise((done) => socket.on('close', done))),
        );
      });
    }

    better(HANGS, 'is limited by connectTimeout if the body of a refusal never ends', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const agent = new CountingAgent({ ca });
      server.refusals.push((_request, tcp) =>
        tcp.write('HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'),
      );
      const rtm = client({ agent, connectTimeout: 500 });
      const ready = next(rtm, 'ready');
      await rtm.start();
      await ready;
      assert.equal(server.upgrades.length, 2);
      assert.equal(agent.made[1].destroyed, true);
    });

    better(HANGS, 'receives a hello that arrives in one packet with the 101 response', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const frame = (value) => {
        const text = Buffer.from(JSON.stringify(value));
        return Buffer.concat([Buffer.of(0x81, 126, text.length >> 8, text.length & 255), text]);
      };
      server.refusals.push((request, socket) => {
        const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const accept = createHash('sha1').update(key).digest('base64');
        const head = `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
        const news = frame({ type: 'news', text: 'x'.repeat(1000) });
        socket.write(Buffer.concat([Buffer.from(head), frame({ type: 'hello' }), news, news.subarray(0, 500)]));
        setImmediate(() => socket.write(news.subarray(500)));
      });
      const rtm = client({ agent: new https.Agent({ ca }) });
      const texts = [];
      const both = new Promise((resolve) => rtm.on('news', ({ text }) => texts.push(text) === 2 && resolve(undefined)));
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      await both;
      assert.deepEqual(texts, ['x'.repeat(1000), 'x'.repeat(1000)]);
      assert.equal(server.upgrades.length, 1);
    });

    better(HANGS, 'treats a 101 response to the connect call as an error', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const agent = new CountingAgent({ ca });
      server.responses.push((request) => {
        request.socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
      });
      const rtm = client({ agent, ...UNLIMITED, ...ONCE });
      const error = await rtm.start().then(
        () => assert.fail('it started'),
        (reason) => reason,
      );
      assert.match(error.code, /^slack_webapi_(request|http)_error$/);
      assert.equal(agent.made.length, 1);
    });

    better('it follows redirects', 'does not follow a redirect of the connect call', async (t) => {
      const { server, relay, ca, client } = await openSlack(t);
      const other = await openSlack(t);
      server.responses.push((_request, response) => response.writeHead(307, { location: other.server.apiUrl }).end());
      const error = await client({ agent: new https.Agent({ ca }), ...ONCE })
        .start()
        .catch((reason) => reason);
      assert.deepEqual([error.code, error.statusCode], ['slack_webapi_http_error', 307]);
      assert.deepEqual([relay.connections, other.relay.connections], [1, 0]);
    });

    better(WITHOUT, 'is limited by requestTimeout if a response never ends, and its connection closes', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const agent = new CountingAgent({ ca });
      server.responses.push((_request, response) => response.write('{"ok":true,'));
      const rtm = client({ agent, requestTimeout: 200, ...ONCE });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
      const [socket] = agent.made;
      if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve));
    });
  });

  describe('does not delay disconnect()', { concurrency: true }, () => {
    const silent = (count) => (n, _options, _callback, usual) => (n < count ? usual() : neverConnected());
    const PHASES = {
      'while it connects for the connect call': {
        connect: silent(0),
        wait: async ({ agent }) => agent.made[0],
      },
      'while the connect call has no response': {
        prepare: (server) => server.responses.push(() => {}),
        wait: ({ server }) => server.nextCall(),
      },
      'while it connects the socket': {
        connect: silent(1),
        wait: async ({ rtm }) => next(rtm, 'authenticated'),
      },
      'while the upgrade has no response': {
        prepare(server) {
          server.upgraded = new Promise((resolve) => server.refusals.push(resolve));
        },
        wait: ({ server }) => server.upgraded,
      },
      'before hello': {
        prepare: (server) => (server.greet = () => {}),
        wait: ({ server }) => server.nextSocket(),
      },
      'when the client is ready': { wait: ({ rtm }) => next(rtm, 'ready') },
      'while the client reconnects': {
        connect: silent(2),
        async wait({ rtm, server, agent }) {
          await next(rtm, 'ready');
          (await server.nextSocket()).drop();
          await next(rtm, 'connecting');
          while (agent.made.length < 3) await new Promise(setImmediate);
        },
      },
    };

    for (const [what, { connect, prepare, wait }] of Object.entries(PHASES)) {
      better('it hangs in some of these', what, async (t) => {
        const { server, ca, client } = await openSlack(t);
        const agent = new FunctionAgent({ ca }, connect ?? silent(Infinity));
        prepare?.(server);
        const rtm = client({ agent, ...UNLIMITED });
        const started = rtm.start().catch((reason) => reason);
        // `wait` must add its listeners before the first event.
        await wait({ rtm, server, agent });
        const begin = performance.now();
        await rtm.disconnect();
        assert.ok(performance.now() - begin < 1500, 'disconnect() took too long');
        assert.equal(rtm.state, 'disconnected');
        await started;
        await Promise.all(
          agent.made.map((socket) => socket.destroyed || new Promise((done) => socket.on('close', done))),
        );
        const made = agent.made.length;
        await rtm.disconnect();
        assert.equal(agent.made.length, made);
      });
    }
  });
});
