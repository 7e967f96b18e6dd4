// Agents that make the connections themselves: each connection is theirs, for the connect call, the socket and all that
// follows; what they fail with is told; and nothing they or the server do wrong holds a client up.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe } = require('node:test');
const tls = require('node:tls');
const { Agent: BaseAgent } = require('agent-base');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { inProcess, inWorker } = require('./support/child.js');
const { ErrorCode, better, clientOf, next, record, same } = require('./support/client.js');
const { exchange, live } = require('./support/life.js');
const { answers, gate, scriptedProxy } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

/** https-proxy-agent 5 has agent-base 6, which is a function. */
const createAgent6 = require(require.resolve('agent-base', { paths: [require.resolve('https-proxy-agent-5')] }));

const UNREACHED = '`tls` does not reach the connect call';
const JAMS = 'some failures jam it, or throw';
const WITHOUT = 'it has no such option';
const ONCE = { retryConfig: { retries: 0 } };
const UNLIMITED = { requestTimeout: 0, connectTimeout: 0 };

async function openSlack(t, { plain = false } = {}) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert } });
  const door = await gate(t, server);
  return { server, door, ca, client: (options) => clientOf(t, server, options) };
}

/** The agent of Node with a count of its connections. */
class CountingAgent extends https.Agent {
  made = [];

  createConnection(...args) {
    const socket = super.createConnection(...args);
    this.made.push(socket);
    return socket;
  }
}

/** One whose connections are made by a function: of the number of those before, Node's options, and the callback. */
class FunctionAgent extends https.Agent {
  made = [];
  #connect;

  constructor(options, connect) {
    super(options);
    this.#connect = connect;
  }

  createConnection(options, callback) {
    const count = this.made.length;
    const socket = this.#connect(count, options, callback, () => super.createConnection(options));
    this.made.push(socket);
    return socket;
  }
}

/** All that has to be known where a connection is made by hand. */
function dial({ secureEndpoint, host, port, ca }) {
  return secureEndpoint ? tls.connect({ host, port: Number(port), ca }) : net.connect({ host, port: Number(port) });
}

/** A socket whose address is never found. */
function neverConnected() {
  return net.connect({ host: 'slack.test', port: 443, lookup() {} });
}

/** A stream in front of another one, which has none of a socket's own methods. */
class Plain extends Duplex {
  constructor(socket) {
    super();
    this.socket = socket;
    socket.on('data', (bytes) => this.push(bytes) || socket.pause());
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
  }

  _read() {
    this.socket.resume();
  }

  _write(bytes, _encoding, done) {
    this.socket.write(bytes, done);
  }

  _final(done) {
    this.socket.end(done);
  }

  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }
}

describe('agents that make the connections', { concurrency: 6, skip: noCertificates }, () => {
  same('an https.Agent with its own `ca`', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    await live(server, client({ agent: new https.Agent({ ca }) }));
    assert.equal(door.connections, 4);
  });

  same('an https.Agent without it is refused by nobody but Node', async (t) => {
    const { server, door, client } = await openSlack(t);
    const error = await client({ agent: new https.Agent(), ...ONCE })
      .start()
      .catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(error.original.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.deepEqual([server.calls.length, door.connections], [0, 1]);
  });

  better(UNREACHED, 'an https.Agent gets `tls.ca` with each request', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    await live(server, client({ agent: new https.Agent(), tls: { ca } }));
    assert.equal(door.connections, 4);
  });

  same('one that counts its connections has made all of them', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca });
    await live(server, client({ agent }));
    assert.deepEqual([agent.made.length, door.connections], [4, 4]);
  });

  same('one that keeps connections has made all of them', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca, keepAlive: true });
    await live(server, client({ agent }));
    assert.ok(agent.made.length >= 2, String(agent.made.length));
    assert.equal(agent.made.length, door.connections);
    agent.destroy();
  });

  same('one whose connections come by the callback, later', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    const agent = new FunctionAgent({ ca }, (_count, _options, callback, usual) => {
      setImmediate(() => callback(null, usual()));
    });
    await live(server, client({ agent }));
    assert.deepEqual([agent.made.length, door.connections], [4, 4]);
  });

  same('an http.Agent for ws:', async (t) => {
    const { server, door, client } = await openSlack(t, { plain: true });
    let made = 0;
    const agent = new http.Agent();
    agent.createConnection = (options, callback) => {
      made += 1;
      return net.createConnection(options, callback);
    };
    await live(server, client({ agent }));
    assert.deepEqual([made, door.connections], [4, 4]);
  });

  for (const plain of [false, true]) {
    // To wss: it takes `tls.ca` from each request.
    const declare = plain ? same : better.bind(undefined, UNREACHED);
    const scheme = plain ? 'ws:' : 'wss:';

    declare(`a subclass of HttpsProxyAgent, to ${scheme}`, async (t) => {
      const { server, door, ca, client } = await openSlack(t, { plain });
      const proxy = await scriptedProxy(t, answers.demand('robot', 'secret'));
      const targets = [];
      class Own extends HttpsProxyAgent {
        connect(request, options) {
          targets.push(`${options.host}:${options.port}`);
          return super.connect(request, options);
        }
      }
      const agent = new Own(proxy.urlWith({ user: 'robot', password: 'secret' }));
      await live(server, client({ agent, ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(targets, Array(4).fill(server.host));
      assert.deepEqual([door.connections, proxy.connections], [4, 4]);
    });

    declare(`an HttpsProxyAgent that somebody listens to, to ${scheme}`, async (t) => {
      const { server, door, ca, client } = await openSlack(t, { plain });
      const proxy = await scriptedProxy(t);
      const agent = new HttpsProxyAgent(proxy.url);
      const statuses = [];
      agent.on('proxyConnect', ({ statusCode }) => statuses.push(statusCode));
      await live(server, client({ agent, ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(statuses, [200, 200, 200, 200]);
      assert.deepEqual([door.connections, proxy.connections], [4, 4]);
    });

    declare(`like proxy-agent: an agent that picks another one for each request, to ${scheme}`, async (t) => {
      const { server, door, ca, client } = await openSlack(t, { plain });
      const proxies = [await scriptedProxy(t), await scriptedProxy(t)];
      const asked = [];
      class Choosing extends BaseAgent {
        async connect(request, options) {
          asked.push(request.path);
          await null;
          const isSocket = request.getHeader('upgrade') !== undefined;
          return new HttpsProxyAgent(proxies[isSocket ? 1 : 0].url, options.keepAlive);
        }
      }
      await live(server, client({ agent: new Choosing(), ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(asked, ['/api/rtm.connect', '/socket', '/api/rtm.connect', '/socket']);
      assert.deepEqual([door.connections, proxies[0].connections, proxies[1].connections], [4, 2, 2]);
    });

    same(`an agent of agent-base 7, to ${scheme}`, async (t) => {
      const { server, door, ca, client } = await openSlack(t, { plain });
      let made = 0;
      class Own extends BaseAgent {
        connect(_request, options) {
          made += 1;
          return dial({ ...options, ca });
        }
      }
      await live(server, client({ agent: new Own() }));
      assert.deepEqual([made, door.connections], [4, 4]);
    });

    same(`createAgent() of agent-base 6, to ${scheme}`, async (t) => {
      const { server, door, ca, client } = await openSlack(t, { plain });
      let made = 0;
      const agent = createAgent6(async (_request, options) => {
        made += 1;
        return dial({ ...options, ca });
      });
      await live(server, client({ agent }));
      assert.deepEqual([made, door.connections], [4, 4]);
    });
  }

  better('it needs a socket', 'a stream that is no socket', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    const agent = new FunctionAgent({ ca }, (_count, _options, _callback, usual) => new Plain(usual()));
    await live(server, client({ agent }));
    assert.deepEqual([agent.made.length, door.connections], [4, 4]);
  });

  describe('that fail', { concurrency: true }, () => {
    const coded = () => Object.assign(new Error('no way to go'), { code: 'E_MINE' });
    const FAILURES = {
      'throw an error': {
        fail: () => {
          throw coded();
        },
        code: 'E_MINE',
        words: /no way to go/,
      },
      'throw a text': {
        fail: () => {
          throw 'no way to go';
        },
        words: /no way to go/,
      },
      'throw nothing': {
        fail: () => {
          throw undefined;
        },
      },
      'call back with an error': {
        fail: (_count, _options, callback) => process.nextTick(callback, coded()),
        code: 'E_MINE',
        words: /no way to go/,
      },
      'call back with an error at once': {
        fail: (_count, _options, callback) => callback(coded()),
        code: 'E_MINE',
        words: /no way to go/,
      },
      'give a socket that fails': {
        fail: () => {
          const socket = new net.Socket();
          process.nextTick(() => socket.destroy(coded()));
          return socket;
        },
        code: 'E_MINE',
        words: /no way to go/,
      },
      'give a socket that is closed': {
        fail: () => {
          const socket = new net.Socket();
          process.nextTick(() => socket.destroy());
          return socket;
        },
        code: 'ECONNRESET',
      },
      'never call back': { fail: () => undefined, time: true },
      'give a socket that never connects': { fail: () => neverConnected(), time: true },
    };

    for (const [what, { fail, code, words, time }] of Object.entries(FAILURES)) {
      better(JAMS, `${what}: the connect call fails, and is repeated`, async (t) => {
        const { server, door, ca, client } = await openSlack(t);
        const at =
          (from, to) =>
          (count, ...args) =>
            count >= from && count < to ? fail(count, ...args) : args[2]();
        const limits = { ...UNLIMITED, ...(time && { requestTimeout: 150 }) };
        const first = client({ agent: new FunctionAgent({ ca }, at(0, 1)), ...limits, ...ONCE });
        const error = await first.start().then(
          () => assert.fail('it started'),
          (reason) => reason,
        );
        assert.equal(error.code, 'slack_webapi_request_error');
        assert.ok(error.original instanceof Error);
        assert.equal(error.original.code, time ? 'ETIMEDOUT' : code);
        if (words) assert.match(error.original.message, words);
        assert.equal(door.connections, 0);

        const retryConfig = { retries: 1, minTimeout: 5 };
        // A throw leaves no entry in `made`, so it goes by its own count.
        let count = 0;
        const agent = new FunctionAgent({ ca }, (_count, ...args) => (count++ === 0 ? fail(0, ...args) : args[2]()));
        const rtm = client({ agent, ...limits, retryConfig });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
        assert.deepEqual([count, door.connections], [3, 2]);
      });

      better(JAMS, `${what}: the socket fails with \`error\`, and is replaced`, async (t) => {
        const { server, door, ca, client } = await openSlack(t);
        let count = 0;
        const agent = new FunctionAgent({ ca }, (_count, ...args) => (count++ === 1 ? fail(1, ...args) : args[2]()));
        const rtm = client({ agent, ...UNLIMITED, ...(time && { connectTimeout: 500 }) });
        const recorded = record(rtm);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await exchange(rtm, await server.nextSocket(), 'through');
        const life = ['connecting', 'authenticated'];
        assert.deepEqual(recorded.names, [...life, 'error', 'reconnecting', ...life, 'connected', 'ready']);
        const [error] = recorded.events.find(({ name }) => name === 'error').args;
        assert.equal(error.code, ErrorCode.WebsocketError);
        if (time) assert.match(error.message, /connectTimeout/);
        else if (code) assert.equal(error.original.code, code);
        if (words) assert.match(error.original.message, words);
        assert.deepEqual([count, door.connections], [4, 3]);
      });
    }

    better('it waits for ever', 'an http.Agent for https: is Node’s ERR_INVALID_PROTOCOL', async (t) => {
      const { door, client } = await openSlack(t);
      const error = await client({ agent: new http.Agent(), ...ONCE })
        .start()
        .catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.equal(error.original.code, 'ERR_INVALID_PROTOCOL');
      assert.match(error.original.message, /https:/);
      assert.equal(door.connections, 0);
    });

    better(JAMS, 'an http.Agent for wss: is that, too', async (t) => {
      const [api, secure] = [await openSlack(t, { plain: true }), await openSlack(t)];
      api.server.answers.push(api.server.answer({ url: secure.server.socketUrl }));
      const rtm = api.client({ agent: new http.Agent(), autoReconnect: false });
      const failed = next(rtm, 'error');
      const disconnected = next(rtm, 'disconnected');
      await rtm.start();
      const [error] = await failed;
      assert.deepEqual([error.code, error.original.code], [ErrorCode.WebsocketError, 'ERR_INVALID_PROTOCOL']);
      await disconnected;
      assert.equal(secure.door.connections, 0);
    });
  });

  describe('whose socket breaks', { concurrency: true }, () => {
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

    same('it is destroyed: it is replaced by another one of the agent’s', async (t) => {
      const { server, door, agent, rtm } = await connected(t);
      const again = next(rtm, 'ready');
      agent.made.at(-1).destroy();
      await again;
      await exchange(rtm, await server.nextSocket(), 'again');
      assert.deepEqual([agent.made.length, door.connections], [4, 4]);
    });

    for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNABORTED', 'E_MINE']) {
      better('the error of a socket has no `original.code`', `by ${code}: that is told by \`error\``, async (t) => {
        const { server, agent, rtm } = await connected(t);
        const [failed, again] = [next(rtm, 'error'), next(rtm, 'ready')];
        agent.made.at(-1).destroy(Object.assign(new Error('the cable is cut'), { code }));
        const [error] = await failed;
        assert.equal(error.code, ErrorCode.WebsocketError);
        assert.match(error.original.message, /the cable is cut/);
        assert.equal(error.original.code, code);
        await again;
        await exchange(rtm, await server.nextSocket(), 'again');
      });
    }

    better('it waits for 40 s', 'it goes silent: keepalive replaces it', async (t) => {
      const { server, agent, rtm } = await connected(t, { clientPingTimeout: 100, serverPongTimeout: 50 });
      const again = next(rtm, 'reconnecting');
      await again;
      await server.nextSocket();
      assert.ok(agent.made.length >= 4, String(agent.made.length));
      assert.equal(agent.made[1].destroyed, true);
    });
  });

  describe('and a server that does not behave', { concurrency: true }, () => {
    const answerAccept = (accept) => (_request, tcp) => {
      const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...accept];
      tcp.write(`${head.join('\r\n')}\r\n\r\n`);
    };

    /** What happens to the first upgrade. */
    const REFUSALS = {
      'HTTP 404': { refusal: 404, words: /404/ },
      'HTTP 200': { refusal: 200, words: /200/ },
      'HTTP 302': {
        refusal: (_request, tcp) => tcp.end('HTTP/1.1 302 Found\r\nLocation: /socket\r\nContent-Length: 0\r\n\r\n'),
        words: /302/,
      },
      'another key’s sec-websocket-accept': {
        refusal: answerAccept(['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']),
        words: /upgrade/i,
      },
      'no sec-websocket-accept': { refusal: answerAccept([]), words: /upgrade/i },
      'a closed connection': { refusal: (_request, tcp) => tcp.end(), code: 'ECONNRESET' },
      garbage: { refusal: (_request, tcp) => tcp.end('220 mail.example ESMTP\r\n') },
    };

    for (const [what, { refusal, code, words }] of Object.entries(REFUSALS)) {
      better(JAMS, `${what} to the upgrade: \`error\`, and another try`, async (t) => {
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
        await exchange(rtm, await server.nextSocket(), 'through');
        assert.equal(server.upgrades.length, 2);
        await rtm.disconnect();
        await Promise.all(
          agent.made.map((socket) => socket.destroyed || new Promise((done) => socket.on('close', done))),
        );
      });
    }

    better(JAMS, 'a refusal whose body never ends is ended by connectTimeout at the latest', async (t) => {
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

    better(JAMS, 'the hello in one packet with the 101', async (t) => {
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

    better(JAMS, '101 to the connect call is no answer', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const agent = new CountingAgent({ ca });
      server.answers.push((request) => {
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

    better('it follows them', 'redirects of the connect call are not followed', async (t) => {
      const { server, door, ca, client } = await openSlack(t);
      const other = await openSlack(t);
      server.answers.push((_request, response) => response.writeHead(307, { location: other.server.apiUrl }).end());
      const error = await client({ agent: new https.Agent({ ca }), ...ONCE })
        .start()
        .catch((reason) => reason);
      assert.deepEqual([error.code, error.statusCode], ['slack_webapi_http_error', 307]);
      assert.deepEqual([door.connections, other.door.connections], [1, 0]);
    });

    better(WITHOUT, 'an answer that does not end is ended by requestTimeout, with its connection', async (t) => {
      const { server, ca, client } = await openSlack(t);
      const agent = new CountingAgent({ ca });
      server.answers.push((_request, response) => response.write('{"ok":true,'));
      const rtm = client({ agent, requestTimeout: 200, ...ONCE });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
      const [socket] = agent.made;
      if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve));
    });
  });

  better('its upgrade bears what `headers` say', 'the token goes with the API’s requests only', async (t) => {
    const { server, ca, client } = await openSlack(t);
    const elsewhere = await openSlack(t);
    server.answers.push(server.answer({ url: elsewhere.server.socketUrl }));
    const agent = new CountingAgent({ ca });
    const headers = { authorization: 'Bearer xoxb-other', 'x-mine': '1' };
    const rtm = client({ agent, headers });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    assert.equal(server.calls[0].headers.authorization, 'Bearer xoxb-other');
    const [{ headers: got }] = elsewhere.server.upgrades;
    assert.equal(got['x-mine'], '1');
    assert.ok(!('authorization' in got));
    const plain = client({ agent });
    server.answers.push({ ok: true }, server.answer({ url: elsewhere.server.socketUrl }));
    await plain.apiCall('api.test');
    await plain.start();
    await next(plain, 'ready');
    assert.deepEqual(
      server.calls.slice(1).map((call) => call.headers.authorization),
      Array(2).fill(`Bearer ${server.token}`),
    );
    for (const { headers: all, url } of elsewhere.server.upgrades) {
      assert.ok(!`${url}${JSON.stringify(all)}`.includes(server.token));
    }
    assert.equal(elsewhere.server.calls.length, 0);
  });

  better('it has no apiCall()', 'apiCall() goes by the agent', async (t) => {
    const { server, door, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca });
    const rtm = client({ agent, ...ONCE });
    server.answers.push({ ok: true, n: 1 }, { ok: false, error: 'no_such_thing' });
    assert.equal((await rtm.apiCall('a.b', { c: 'd', e: [1] })).n, 1);
    assert.deepEqual(server.calls[0].form, { c: 'd', e: '[1]' });
    await assert.rejects(rtm.apiCall('a.c'), { code: 'slack_webapi_platform_error' });
    assert.equal(agent.made.length, door.connections);
    assert.equal(server.calls.length, 2);
    const failing = client({
      agent: new FunctionAgent({}, () => {
        throw new Error('no way');
      }),
      ...ONCE,
    });
    await assert.rejects(failing.apiCall('a.d'), { code: 'slack_webapi_request_error' });
    assert.equal(server.calls.length, 2);
  });

  describe('disconnect() settles at once', { concurrency: true }, () => {
    const silent = (count) => (n, _options, _callback, usual) => (n < count ? usual() : neverConnected());
    const PHASES = {
      'while the connection for the connect call is made': {
        connect: silent(0),
        wait: async ({ agent }) => agent.made[0],
      },
      'while the connect call is not answered': {
        prepare: (server) => server.answers.push(() => {}),
        wait: ({ server }) => server.nextCall(),
      },
      'while the connection for the socket is made': {
        connect: silent(1),
        wait: async ({ rtm }) => next(rtm, 'authenticated'),
      },
      'while the upgrade is not answered': {
        prepare(server) {
          server.upgraded = new Promise((resolve) => server.refusals.push(resolve));
        },
        wait: ({ server }) => server.upgraded,
      },
      'while there is no hello': {
        prepare: (server) => (server.greet = () => {}),
        wait: ({ server }) => server.nextSocket(),
      },
      'when it is ready': { wait: ({ rtm }) => next(rtm, 'ready') },
      'while it reconnects': {
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
        // Something would be listening too late otherwise.
        await wait({ rtm, server, agent });
        const begin = performance.now();
        await rtm.disconnect();
        assert.ok(performance.now() - begin < 1500, 'it took its time');
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

  for (const keepAlive of [false, true]) {
    same(`the process ends by itself after disconnect(), keepAlive: ${keepAlive}`, async (t) => {
      const { server, ca } = await openSlack(t);
      const child = inProcess(
        t,
        server,
        async ({ client, next, report, input: { ca, keepAlive } }) => {
          class Own extends require('node:https').Agent {
            made = 0;

            createConnection(...args) {
              this.made += 1;
              return super.createConnection(...args);
            }
          }
          const agent = new Own({ ca, keepAlive });
          const rtm = client({ agent });
          const ready = next(rtm, 'ready');
          await rtm.start();
          await ready;
          await rtm.disconnect();
          agent.destroy();
          report(agent.made);
        },
        { input: { ca, keepAlive } },
      );
      const { code, signal, reports, stderr } = await child.ended;
      assert.deepEqual([code, signal, stderr], [0, null, '']);
      assert.equal(reports[0], keepAlive ? reports[0] : 2);
      assert.equal(server.sockets.length, 1);
    });
  }

  same('a client that is connected by an agent keeps the process', async (t) => {
    const { server, ca } = await openSlack(t);
    const child = inProcess(
      t,
      server,
      async ({ client, report, input: { ca } }) => {
        const rtm = client({ agent: new (require('node:https').Agent)({ ca }) });
        process.on('exit', () => report('exit'));
        rtm.on('news', () => {
          report('news');
          rtm.disconnect();
        });
        rtm.start();
      },
      { input: { ca } },
    );
    (await server.nextSocket()).send({ type: 'news' });
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports], [0, ['news', 'exit']]);
  });

  same('in a worker thread', async (t) => {
    const { server, door, ca } = await openSlack(t);
    const { report, ended } = inWorker(
      server,
      async ({ client, next, report, input: { ca } }) => {
        let made = 0;
        class Own extends require('node:https').Agent {
          createConnection(...args) {
            made += 1;
            return super.createConnection(...args);
          }
        }
        const rtm = client({ agent: new Own({ ca }) });
        rtm.on('news', ({ text }) => rtm.sendTyping(text));
        rtm.on('bye', async () => {
          await rtm.disconnect();
          report(made);
        });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        report('ready');
      },
      { ca },
    );
    assert.equal(await report(), 'ready');
    const socket = await server.nextSocket();
    socket.send({ type: 'news', text: 'one' });
    assert.equal((await socket.nextFrame('typing')).channel, 'one');
    socket.send({ type: 'bye' });
    assert.equal(await report(), 2);
    assert.equal(await ended, 0);
    assert.equal(door.connections, 2);
  });

  same('a worker thread that is ended with a connection by an agent harms nothing', async (t) => {
    const { server, ca } = await openSlack(t);
    const { worker, report, ended } = inWorker(
      server,
      async ({ client, next, report, input: { ca } }) => {
        const rtm = client({ agent: new (require('node:https').Agent)({ ca }) });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        report('ready');
      },
      { ca },
    );
    assert.equal(await report(), 'ready');
    const socket = await server.nextSocket();
    for (let n = 0; n < 1000; n += 1) socket.send({ type: 'news', text: 'x'.repeat(1000) });
    await worker.terminate();
    assert.equal(await ended, 1);
    assert.equal((await socket.closed).code, 1006);
  });
});
