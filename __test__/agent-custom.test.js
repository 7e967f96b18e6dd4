// Agents that make the connections in JavaScript: each connection of the connect call, the socket and `apiCall` is theirs.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { describe } = require('node:test');
const { Agent: BaseAgent } = require('agent-base');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { CountingAgent, FunctionAgent, PlainStream, connectTo, openSlack } = require('./support/agents.js');
const { missing: noCertificates } = require('./support/certificates.js');
const { inProcess, inWorker } = require('./support/child.js');
const { better, next, same } = require('./support/client.js');
const { proxyHandlers, scriptedProxy } = require('./support/scripted-proxies.js');
const { runSession } = require('./support/session-scenario.js');

/** https-proxy-agent 5 has agent-base 6, which is a function. */
const createAgent6 = require(require.resolve('agent-base', { paths: [require.resolve('https-proxy-agent-5')] }));

const UNREACHED = '`tls` does not reach the connect call';
const ONCE = { retryConfig: { retries: 0 } };

describe('an agent that makes the connections', { concurrency: 6, skip: noCertificates }, () => {
  same('can be an https.Agent with its own `ca`', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    await runSession(server, client({ agent: new https.Agent({ ca }) }));
    assert.equal(relay.connections, 4);
  });

  same('fails with the error of Node if it is an https.Agent without `ca`', async (t) => {
    const { server, relay, client } = await openSlack(t);
    const error = await client({ agent: new https.Agent(), ...ONCE })
      .start()
      .catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(error.original.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.deepEqual([server.calls.length, relay.connections], [0, 1]);
  });

  better(UNREACHED, 'receives `tls.ca` with each request', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    await runSession(server, client({ agent: new https.Agent(), tls: { ca } }));
    assert.equal(relay.connections, 4);
  });

  same('makes all connections', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca });
    await runSession(server, client({ agent }));
    assert.deepEqual([agent.made.length, relay.connections], [4, 4]);
  });

  same('makes all connections if it has keepAlive', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca, keepAlive: true });
    await runSession(server, client({ agent }));
    assert.ok(agent.made.length >= 2, String(agent.made.length));
    assert.equal(agent.made.length, relay.connections);
    agent.destroy();
  });

  same('can pass a connection to the callback later', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    const agent = new FunctionAgent({ ca }, (_count, _options, callback, usual) => {
      setImmediate(() => callback(null, usual()));
    });
    await runSession(server, client({ agent }));
    assert.deepEqual([agent.made.length, relay.connections], [4, 4]);
  });

  same('can be an http.Agent for ws: URLs', async (t) => {
    const { server, relay, client } = await openSlack(t, { plain: true });
    let made = 0;
    const agent = new http.Agent();
    agent.createConnection = (options, callback) => {
      made += 1;
      return net.createConnection(options, callback);
    };
    await runSession(server, client({ agent }));
    assert.deepEqual([made, relay.connections], [4, 4]);
  });

  for (const plain of [false, true]) {
    // For wss: URLs, these agents use `tls.ca` of each request.
    const declare = plain ? same : better.bind(undefined, UNREACHED);
    const scheme = plain ? 'ws:' : 'wss:';

    declare(`can be a subclass of HttpsProxyAgent for ${scheme} URLs`, async (t) => {
      const { server, relay, ca, client } = await openSlack(t, { plain });
      const proxy = await scriptedProxy(t, proxyHandlers.demand('robot', 'secret'));
      const targets = [];
      class Own extends HttpsProxyAgent {
        connect(request, options) {
          targets.push(`${options.host}:${options.port}`);
          return super.connect(request, options);
        }
      }
      const agent = new Own(proxy.urlWith({ user: 'robot', password: 'secret' }));
      await runSession(server, client({ agent, ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(targets, Array(4).fill(server.host));
      assert.deepEqual([relay.connections, proxy.connections], [4, 4]);
    });

    declare(`can be an HttpsProxyAgent with a listener for ${scheme} URLs`, async (t) => {
      const { server, relay, ca, client } = await openSlack(t, { plain });
      const proxy = await scriptedProxy(t);
      const agent = new HttpsProxyAgent(proxy.url);
      const statuses = [];
      agent.on('proxyConnect', ({ statusCode }) => statuses.push(statusCode));
      await runSession(server, client({ agent, ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(statuses, [200, 200, 200, 200]);
      assert.deepEqual([relay.connections, proxy.connections], [4, 4]);
    });

    declare(`can choose another agent for each request, like proxy-agent, for ${scheme} URLs`, async (t) => {
      const { server, relay, ca, client } = await openSlack(t, { plain });
      const proxies = [await scriptedProxy(t), await scriptedProxy(t)];
      const paths = [];
      class Choosing extends BaseAgent {
        async connect(request, options) {
          paths.push(request.path);
          await null;
          const isSocket = request.getHeader('upgrade') !== undefined;
          return new HttpsProxyAgent(proxies[isSocket ? 1 : 0].url, options.keepAlive);
        }
      }
      await runSession(server, client({ agent: new Choosing(), ...(!plain && { tls: { ca } }) }));
      assert.deepEqual(paths, ['/api/rtm.connect', '/socket', '/api/rtm.connect', '/socket']);
      assert.deepEqual([relay.connections, proxies[0].connections, proxies[1].connections], [4, 2, 2]);
    });

    same(`can be an agent of agent-base 7 for ${scheme} URLs`, async (t) => {
      const { server, relay, ca, client } = await openSlack(t, { plain });
      let made = 0;
      class Own extends BaseAgent {
        connect(_request, options) {
          made += 1;
          return connectTo({ ...options, ca });
        }
      }
      await runSession(server, client({ agent: new Own() }));
      assert.deepEqual([made, relay.connections], [4, 4]);
    });

    same(`can be made by createAgent() of agent-base 6 for ${scheme} URLs`, async (t) => {
      const { server, relay, ca, client } = await openSlack(t, { plain });
      let made = 0;
      const agent = createAgent6(async (_request, options) => {
        made += 1;
        return connectTo({ ...options, ca });
      });
      await runSession(server, client({ agent }));
      assert.deepEqual([made, relay.connections], [4, 4]);
    });
  }

  better('it needs a socket', 'can return a stream that is not a socket', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    const agent = new FunctionAgent({ ca }, (_count, _options, _callback, usual) => new PlainStream(usual()));
    await runSession(server, client({ agent }));
    assert.deepEqual([agent.made.length, relay.connections], [4, 4]);
  });

  better('it sends `headers` with the upgrade', 'sends the token only with API requests', async (t) => {
    const { server, ca, client } = await openSlack(t);
    const elsewhere = await openSlack(t);
    server.responses.push(server.connectResponse({ url: elsewhere.server.socketUrl }));
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
    server.responses.push({ ok: true }, server.connectResponse({ url: elsewhere.server.socketUrl }));
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

  better('it has no apiCall()', 'makes the connections of apiCall()', async (t) => {
    const { server, relay, ca, client } = await openSlack(t);
    const agent = new CountingAgent({ ca });
    const rtm = client({ agent, ...ONCE });
    server.responses.push({ ok: true, n: 1 }, { ok: false, error: 'no_such_thing' });
    assert.equal((await rtm.apiCall('a.b', { c: 'd', e: [1] })).n, 1);
    assert.deepEqual(server.calls[0].form, { c: 'd', e: '[1]' });
    await assert.rejects(rtm.apiCall('a.c'), { code: 'slack_webapi_platform_error' });
    assert.equal(agent.made.length, relay.connections);
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

  for (const keepAlive of [false, true]) {
    same(`lets the process exit after disconnect() with keepAlive ${keepAlive}`, async (t) => {
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

  same('keeps the process alive while the client is connected', async (t) => {
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

  same('works in a worker thread', async (t) => {
    const { server, relay, ca } = await openSlack(t);
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
    assert.equal(relay.connections, 2);
  });

  same('closes its connection when its worker thread is terminated', async (t) => {
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
