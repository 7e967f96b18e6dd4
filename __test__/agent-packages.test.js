// The agents of https-proxy-agent, http-proxy-agent, socks-proxy-agent, hpagent and tunnel. All connections go through their
// proxies, with their credentials, headers and certificates. Native code makes them, so they work while JavaScript is busy,
// which they do not with `@slack/rtm-api`.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');
const { parse } = require('node:url');
const hpagent = require('hpagent');
const { HttpProxyAgent } = require('http-proxy-agent');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { HttpsProxyAgent: HttpsProxyAgent5 } = require('https-proxy-agent-5');
const { SocksProxyAgent } = require('socks-proxy-agent');
const tunnel = require('tunnel');
const { openSlack } = require('./support/agents.js');
const { authority, missing: noCertificates, pkcs12 } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { atEnd } = require('./support/cleanup.js');
const { better, same } = require('./support/client.js');
const { canLoad, load } = require('./support/package-versions.js');
const { assertAllProxied, runSession } = require('./support/session-scenario.js');
const programs = require('./support/proxy-programs.js');
const { proxyHandlers, scriptedProxy, scriptedSocks } = require('./support/scripted-proxies.js');

const BLOCKED = 'its sockets need JavaScript';
const UNREACHED = '`tls` does not reach the connect call';
const PLAIN = { user: 'robot', password: 'S3CR3T-w0rd' };
const RESERVED = { user: 'ro/b?o#t@', password: ':p@/?#[]%25&+ =' };

/** A TLS server in front of a proxy. */
function tlsFront(t, proxy, { key, fullChain }, rest) {
  return programs.tlsFront(t, proxy, { key, cert: fullChain, ...rest });
}

// ── In a child process ──────────────────────────────────────────────────────────────────────────────────────────────

/** Runs in the child: makes the agent of this name for this proxy. Its text is part of the child's code. */
function agentOf({ name, url }) {
  const { protocol, hostname: host, port, username, password } = new URL(url);
  const proxyAuth = username ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
  const proxy = { host, port: Number(port), proxyAuth };
  const isSecure = protocol === 'https:';
  const alias = name.replace(/ (\d+)$/, '-$1');
  switch (name.replace(/ \d+$/, '')) {
    case 'https-proxy-agent':
      return new (require(alias).HttpsProxyAgent)(url);
    case 'http-proxy-agent':
      return new (require(alias).HttpProxyAgent)(url);
    case 'socks-proxy-agent':
      return new (require(alias).SocksProxyAgent)(url);
    case 'hpagent':
      return new (require('hpagent').HttpsProxyAgent)({ proxy: url });
    case 'hpagent for http:':
      return new (require('hpagent').HttpProxyAgent)({ proxy: url });
    case 'tunnel':
      return require('tunnel')[isSecure ? 'httpsOverHttps' : 'httpsOverHttp']({ proxy });
    case 'tunnel for http:':
      return require('tunnel')[isSecure ? 'httpOverHttps' : 'httpOverHttp']({ proxy });
    default:
      throw new Error(`unknown agent: ${name}`);
  }
}

const HTTP = ['https-proxy-agent', 'https-proxy-agent 5', 'https-proxy-agent 9', 'hpagent', 'tunnel'];
const SOCKS = ['socks-proxy-agent', 'socks-proxy-agent 10'];

/** The proxy programs, with and without TLS, and the agents that support them. */
const PROXIES = {
  tinyproxy: { needs: 'tinyproxy', open: (t) => programs.tinyproxy(t, PLAIN), agents: HTTP },
  squid: { needs: 'squid', open: (t) => programs.squid(t, RESERVED), agents: HTTP },
  'squid over TLS': {
    needs: 'squid',
    open: (t) => programs.squid(t, { ...RESERVED, tls: authority('Proxies').issue() }),
    agents: HTTP,
  },
  'tinyproxy behind TLS': {
    needs: 'tinyproxy',
    open: async (t) => tlsFront(t, await programs.tinyproxy(t, PLAIN), authority('Proxies').issue()),
    agents: HTTP,
  },
  microsocks: { needs: 'microsocks', open: (t) => programs.microsocks(t, RESERVED), agents: SOCKS },
  'microsocks by socks5h': {
    needs: 'microsocks',
    open: (t) => programs.microsocks(t, PLAIN),
    agents: SOCKS,
    scheme: 'socks5h',
  },
  dante: { needs: 'dante', open: (t) => programs.dante(t), agents: SOCKS },
  'dante by SOCKS 4': {
    needs: 'dante',
    open: (t) => programs.dante(t),
    agents: SOCKS,
    scheme: 'socks4',
  },
  'dante by SOCKS 4a': {
    needs: 'dante',
    open: (t) => programs.dante(t),
    agents: SOCKS,
    scheme: 'socks4a',
  },
};

/** Starts a child process that trusts the authorities of Slack and of the proxies. */
function startChild(t, server, fn, input) {
  const folder = mkdtempSync(path.join(tmpdir(), 'agent-ca-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'ca.pem');
  writeFileSync(file, authority('Slack').cert + authority('Proxies').cert);
  const before = process.env.NODE_EXTRA_CA_CERTS;
  process.env.NODE_EXTRA_CA_CERTS = file;
  try {
    const code = `(context) => { ${agentOf} return (${fn})({ ...context, agentOf }); }`;
    return inProcess(t, server, code, { input });
  } finally {
    if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
    else process.env.NODE_EXTRA_CA_CERTS = before;
  }
}

/** In the child: a session whose connection is lost once. */
const SESSION = async ({ client, next, report, input, agentOf }) => {
  const rtm = client({ agent: agentOf(input), retryConfig: { retries: 0 } });
  rtm.on('news', ({ text }) => rtm.sendTyping(text));
  rtm.on('bye', () => rtm.disconnect());
  rtm.on('error', (error) => report(error.message));
  const ready = next(rtm, 'ready');
  await rtm.start().catch((error) => report(error.message));
  await ready;
  report('ready');
  rtm.on('ready', () => report('ready again'));
};

/** In the child: connects, and then blocks JavaScript. */
const BLOCKED_SESSION = async ({ client, next, report, input, agentOf }) => {
  const rtm = client({
    agent: agentOf(input),
    retryConfig: { retries: 0 },
    clientPingTimeout: 500,
    serverPongTimeout: 499,
  });
  const ready = next(rtm, 'ready');
  await rtm.start().catch((error) => report(error.message));
  await ready;
  report('blocked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

async function followSession(server, child) {
  assert.equal(await child.report(), 'ready');
  const first = await server.nextSocket();
  first.send({ type: 'news', text: 'one' });
  assert.equal((await first.nextFrame('typing')).channel, 'one');
  first.drop();
  const second = await server.nextSocket();
  assert.equal(await child.report(), 'ready again');
  second.send({ type: 'news', text: 'two' });
  assert.equal((await second.nextFrame('typing')).channel, 'two');
  second.send({ type: 'bye' });
  const { code, reports } = await child.ended;
  assert.deepEqual([code, reports], [0, ['ready', 'ready again']]);
}

/** Native code still works: it answers WebSocket pings, and sends its own pings. */
async function followBlockedSession(server, child) {
  server.greet = (socket) => {
    socket.ws.on('message', (data) => {
      const { type, id } = JSON.parse(data);
      if (type === 'ping') socket.send({ type: 'pong', reply_to: id });
    });
    socket.hello();
  };
  assert.equal(await child.report(), 'blocked');
  const socket = await server.nextSocket();
  for (let round = 0; round < 5; round += 1) {
    const pong = once(socket.ws, 'pong');
    socket.ws.ping(`round ${round}`);
    assert.equal(String((await pong)[0]), `round ${round}`);
  }
  const before = socket.frames.length;
  while (socket.frames.length < before + 2) await socket.nextFrame('ping');
  assert.equal(server.sockets.length, 1);
}

describe('the agents of proxy packages', { concurrency: 4, skip: noCertificates }, () => {
  for (const [what, { needs, open, agents, scheme }] of Object.entries(PROXIES)) {
    describe(what, { concurrency: 2, skip: programs.missing[needs] }, () => {
      for (const name of agents.filter(canLoad)) {
        // These packages have a separate agent for targets without TLS.
        const plainName = ['hpagent', 'tunnel'].includes(name) ? `${name} for http:` : name;

        same(
          `${name}: a session with a wss: URL goes through the proxy, and the process exits by itself`,
          async (t) => {
            const { server, relay } = await openSlack(t);
            const proxy = await open(t);
            await followSession(
              server,
              startChild(t, server, SESSION, { name, url: proxy.urlWith(scheme ? { scheme } : {}) }),
            );
            assertAllProxied(server, relay, proxy);
          },
        );

        same(`${plainName}: a session with a ws: URL goes through the proxy`, async (t) => {
          const { server, relay } = await openSlack(t, { plain: true });
          const proxy = await open(t);
          const input = { name: plainName, url: proxy.urlWith(scheme ? { scheme } : {}) };
          await followSession(server, startChild(t, server, SESSION, input));
          assertAllProxied(server, relay, proxy);
        });

        better(BLOCKED, `${name}: the connection works while JavaScript is busy`, async (t) => {
          const { server, relay } = await openSlack(t);
          const proxy = await open(t);
          const input = { name, url: proxy.urlWith(scheme ? { scheme } : {}) };
          await followBlockedSession(server, startChild(t, server, BLOCKED_SESSION, input));
          assert.deepEqual([relay.connections, proxy.connections], [2, 2]);
        });
      }
    });
  }

  for (const name of ['http-proxy-agent', 'http-proxy-agent 9'].filter(canLoad)) {
    // In JavaScript, http-proxy-agent requests no tunnel: it would send https: requests to the proxy without TLS.
    better('it accepts no https: URL', `${name}: a session with a wss: URL goes through a tunnel`, async (t) => {
      const { server, relay } = await openSlack(t);
      const proxy = await scriptedProxy(t, proxyHandlers.demand(PLAIN.user, PLAIN.password));
      const url = proxy.urlWith(PLAIN);
      await followSession(server, startChild(t, server, SESSION, { name, url }));
      assertAllProxied(server, relay, proxy);
      assert.deepEqual(
        proxy.requests.map(({ method }) => method),
        Array(4).fill('CONNECT'),
      );
      for (const { lines } of proxy.requests) assert.ok(!lines.join().includes(server.token));
    });

    same(`${name}: with a ws: URL, the proxy receives the requests themselves`, async (t) => {
      const { server, relay } = await openSlack(t, { plain: true });
      const proxy = await scriptedProxy(t, proxyHandlers.demand(PLAIN.user, PLAIN.password));
      const url = proxy.urlWith(PLAIN);
      await followSession(server, startChild(t, server, SESSION, { name, url }));
      assertAllProxied(server, relay, proxy);
      const [call, socket] = proxy.requests;
      assert.deepEqual([call.method, call.target], ['POST', `http://${server.host}/api/rtm.connect`]);
      assert.deepEqual([socket.method, socket.target], ['GET', `http://${server.host}/socket`]);
    });
  }

  describe('send apiCall()', { concurrency: true }, () => {
    for (const [name, make] of Object.entries({
      'https-proxy-agent': (proxy) => new HttpsProxyAgent(proxy.url),
      'https-proxy-agent 5': (proxy) => new HttpsProxyAgent5(proxy.url),
      'https-proxy-agent 9': (proxy) => new (load('https-proxy-agent 9').HttpsProxyAgent)(proxy.url),
      hpagent: (proxy) => new hpagent.HttpsProxyAgent({ proxy: proxy.url }),
    }).filter(([name]) => canLoad(name))) {
      better('it has no apiCall()', `through the proxy: ${name}`, async (t) => {
        if (programs.missing.tinyproxy) return t.skip(programs.missing.tinyproxy);
        const { server, relay, ca, client } = await openSlack(t);
        const proxy = await programs.tinyproxy(t, PLAIN);
        const rtm = client({ agent: make(proxy), tls: { ca } });
        server.responses.push({ ok: true, x: 1 });
        assert.equal((await rtm.apiCall('a.b', { c: 'd' })).x, 1);
        const [{ url, form, headers }] = server.calls;
        assert.deepEqual([url, form, headers.authorization], ['/api/a.b', { c: 'd' }, `Bearer ${server.token}`]);
        return assert.deepEqual([relay.connections, proxy.connections], [1, 1]);
      });
    }
  });

  describe('send headers', { concurrency: true }, () => {
    const headers = { 'X-Extra': 'yes', 'User-Agent': 'mine/1' };
    for (const [name, make] of Object.entries({
      'https-proxy-agent': ({ url }) => new HttpsProxyAgent(url, { headers }),
      'https-proxy-agent with a function': ({ url }) => new HttpsProxyAgent(url, { headers: () => ({ ...headers }) }),
      'https-proxy-agent 5': ({ url }) => new HttpsProxyAgent5({ ...parse(url), headers }),
      'https-proxy-agent 9': ({ url }) => new (load('https-proxy-agent 9').HttpsProxyAgent)(url, { headers }),
      hpagent: ({ url }) => new hpagent.HttpsProxyAgent({ proxy: url, proxyRequestOptions: { headers } }),
      'hpagent with a URL': ({ url }) =>
        new hpagent.HttpsProxyAgent({ proxy: new URL(url), proxyRequestOptions: { headers } }),
      tunnel: ({ host, port }) =>
        tunnel.httpsOverHttp({ proxy: { host, port, headers, proxyAuth: `${PLAIN.user}:${PLAIN.password}` } }),
    }).filter(([name]) => canLoad(name))) {
      better(UNREACHED, `and credentials to the proxy and not to Slack: ${name}`, async (t) => {
        const { server, relay, ca, client } = await openSlack(t);
        const proxy = await scriptedProxy(t, proxyHandlers.demand(PLAIN.user, PLAIN.password));
        const { host, port } = proxy;
        await runSession(server, client({ agent: make({ url: proxy.urlWith(PLAIN), host, port }), tls: { ca } }));
        assertAllProxied(server, relay, proxy);
        for (const request of proxy.requests) {
          assert.deepEqual([request.method, request.target], ['CONNECT', server.host]);
          assert.equal(request.headers['x-extra'], 'yes');
          assert.equal(request.headers['user-agent'], 'mine/1');
          assert.ok(!request.lines.join().includes(server.token));
        }
        for (const { headers: got } of [...server.calls, ...server.upgrades]) {
          assert.ok(!('x-extra' in got) && !('proxy-authorization' in got), JSON.stringify(got));
        }
      });
    }
  });

  describe('use TLS to the proxy', { concurrency: true }, () => {
    const own = () => authority('Proxies');
    /** Agents with TLS options for the proxy. */
    const AGENTS = {
      'https-proxy-agent': ({ url, hop }) => new HttpsProxyAgent(url, hop),
      'https-proxy-agent 5': ({ url, hop }) => new HttpsProxyAgent5({ ...parse(url), ...hop }),
      'https-proxy-agent 9': ({ url, hop }) => new (load('https-proxy-agent 9').HttpsProxyAgent)(url, hop),
      hpagent: ({ url, hop }) => new hpagent.HttpsProxyAgent({ proxy: url, proxyRequestOptions: hop }),
      tunnel: ({ host, port, hop }) => tunnel.httpsOverHttps({ proxy: { host, port, ...hop } }),
    };

    for (const [name, make] of Object.entries(AGENTS).filter(([name]) => canLoad(name))) {
      const open = async (t, hop, { demands = false } = {}) => {
        const slack = await openSlack(t);
        const proxy = await scriptedProxy(t);
        const rest = demands ? { requestCert: true, ca: authority('Bots').cert } : {};
        const front = await tlsFront(t, proxy, own().issue(), rest);
        const { host, port, url } = front;
        const agent = make({ url, host, port, hop });
        return {
          ...slack,
          proxy,
          front,
          rtm: slack.client({ agent, tls: { ca: slack.ca }, retryConfig: { retries: 0 } }),
        };
      };

      better(UNREACHED, `and trust their \`ca\`: ${name}`, async (t) => {
        const { server, relay, front, rtm } = await open(t, { ca: own().cert });
        await runSession(server, rtm);
        assertAllProxied(server, relay, front);
      });

      better(UNREACHED, `and send nothing to a proxy that they do not trust: ${name}`, async (t) => {
        const { relay, proxy, rtm } = await open(t, {});
        await assert.rejects(rtm.start(), ({ code, original }) => {
          assert.deepEqual([code, original.code], ['slack_webapi_request_error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
          return true;
        });
        assert.deepEqual([relay.connections, proxy.requests.length], [0, 0]);
      });

      better(UNREACHED, `and accept any certificate with rejectUnauthorized false: ${name}`, async (t) => {
        const { server, relay, front, rtm } = await open(t, { rejectUnauthorized: false });
        // In https-proxy-agent 7 and 5, this option also applies to the proxy only.
        await runSession(server, rtm);
        assertAllProxied(server, relay, front);
      });

      for (const [form, secretsOf] of Object.entries({
        'cert and key': ({ cert, key }) => ({ cert, key }),
        pfx: (leaf) => ({ pfx: pkcs12({ ...leaf, passphrase: 'open' }), passphrase: 'open' }),
      })) {
        better(UNREACHED, `and send their client certificate (${form}): ${name}`, async (t) => {
          const bot = authority('Bots').issue({ cn: 'the bot', client: true });
          const hop = { ca: own().cert, ...secretsOf(bot) };
          const { server, relay, front, rtm } = await open(t, hop, { demands: true });
          await runSession(server, rtm);
          assertAllProxied(server, relay, front);
          const shown = front.clients.map(({ cn, authorized }) => ({ cn, authorized }));
          assert.deepEqual(shown, Array(4).fill({ cn: 'the bot', authorized: true }));
        });
      }
    }

    better(UNREACHED, 'and do not send the client certificate for Slack (`tls`) to the proxy', async (t) => {
      const bot = authority('Bots').issue({ cn: 'the bot', client: true });
      const { server, relay, ca, client } = await openSlack(t, {
        tls: { requestCert: true, ca: authority('Bots').cert },
      });
      const rest = { requestCert: true, rejectUnauthorized: false, ca: authority('Bots').cert };
      const front = await tlsFront(t, await scriptedProxy(t), own().issue(), rest);
      const agent = new HttpsProxyAgent(front.url, { ca: own().cert });
      await runSession(server, client({ agent, tls: { ca, key: bot.key, cert: bot.cert } }));
      assertAllProxied(server, relay, front);
      assert.deepEqual(
        front.clients.map(({ cn }) => cn),
        Array(4).fill(undefined),
      );
    });
  });

  describe('use TLS to Slack', { concurrency: true }, () => {
    /** Agents with TLS options for Slack. */
    const AGENTS = {
      hpagent: ({ proxy, options }) => new hpagent.HttpsProxyAgent({ proxy: proxy.url, ...options }),
      tunnel: ({ proxy: { host, port }, options }) => tunnel.httpsOverHttp({ proxy: { host, port }, ...options }),
      'socks-proxy-agent': ({ proxy, options }) => new SocksProxyAgent(proxy.url, options),
      'socks-proxy-agent 10': ({ proxy, options }) =>
        new (load('socks-proxy-agent 10').SocksProxyAgent)(proxy.url, options),
    };

    for (const [name, make] of Object.entries(AGENTS).filter(([name]) => canLoad(name))) {
      const open = (t) => (name.startsWith('socks-proxy-agent') ? scriptedSocks(t) : scriptedProxy(t));

      same(`and trust their \`ca\`: ${name}`, async (t) => {
        const { server, relay, ca, client } = await openSlack(t);
        const proxy = await open(t);
        await runSession(server, client({ agent: make({ proxy, options: { ca } }) }));
        assertAllProxied(server, relay, proxy);
      });

      same(`and send nothing to a server that they do not trust: ${name}`, async (t) => {
        const { server, client } = await openSlack(t);
        const proxy = await open(t);
        const rtm = client({ agent: make({ proxy, options: {} }), retryConfig: { retries: 0 } });
        await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
        assert.deepEqual([server.calls.length, proxy.connections], [0, 1]);
      });

      same(`and send their client certificate: ${name}`, async (t) => {
        const bots = authority('Bots');
        const { key, cert } = bots.issue({ cn: 'the bot', client: true });
        const { server, relay, ca, client } = await openSlack(t, { tls: { requestCert: true, ca: bots.cert } });
        const proxy = await open(t);
        await runSession(server, client({ agent: make({ proxy, options: { ca, key, cert } }) }));
        assertAllProxied(server, relay, proxy);
      });

      same(`and send nothing to a server that requires a client certificate if they have none: ${name}`, async (t) => {
        const { server, ca, client } = await openSlack(t, { tls: { requestCert: true, ca: authority('Bots').cert } });
        const proxy = await open(t);
        const rtm = client({ agent: make({ proxy, options: { ca } }), retryConfig: { retries: 0 } });
        await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
        assert.equal(server.calls.length, 0);
      });
    }

    same('with one `ca` for Slack and another one for the proxy: hpagent', async (t) => {
      const { server, relay, ca, client } = await openSlack(t);
      const front = await tlsFront(t, await scriptedProxy(t), authority('Proxies').issue());
      const proxyRequestOptions = { ca: authority('Proxies').cert };
      await runSession(
        server,
        client({ agent: new hpagent.HttpsProxyAgent({ proxy: front.url, ca, proxyRequestOptions }) }),
      );
      assertAllProxied(server, relay, front);
    });

    same('with one `ca` for Slack and another one for the proxy: tunnel', async (t) => {
      const { server, relay, ca, client } = await openSlack(t);
      const front = await tlsFront(t, await scriptedProxy(t), authority('Proxies').issue());
      const proxy = { host: front.host, port: front.port, ca: authority('Proxies').cert };
      await runSession(server, client({ agent: tunnel.httpsOverHttps({ proxy, ca }) }));
      assertAllProxied(server, relay, front);
    });

    same('and do not trust the `ca` for the proxy: hpagent', async (t) => {
      const { server, client } = await openSlack(t);
      const proxyRequestOptions = { ca: authority('Slack').cert };
      const front = await tlsFront(t, await scriptedProxy(t), authority('Slack').issue());
      const agent = new hpagent.HttpsProxyAgent({ proxy: front.url, proxyRequestOptions });
      await assert.rejects(client({ agent, retryConfig: { retries: 0 } }).start(), {
        code: 'slack_webapi_request_error',
      });
      assert.deepEqual([server.calls.length, front.connections], [0, 1]);
    });
  });

  for (const [what, make, refuses] of [
    ['https-proxy-agent', (url) => new HttpsProxyAgent(url), scriptedProxy],
    ['https-proxy-agent 5', (url) => new HttpsProxyAgent5(url), scriptedProxy],
    ['https-proxy-agent 9', (url) => new (load('https-proxy-agent 9').HttpsProxyAgent)(url), scriptedProxy],
    ['http-proxy-agent', (url) => new HttpProxyAgent(url), scriptedProxy],
    ['http-proxy-agent 9', (url) => new (load('http-proxy-agent 9').HttpProxyAgent)(url), scriptedProxy],
    ['hpagent', (url) => new hpagent.HttpsProxyAgent({ proxy: url }), scriptedProxy],
    ['socks-proxy-agent', (url) => new SocksProxyAgent(url), scriptedSocks],
    ['socks-proxy-agent 10', (url) => new (load('socks-proxy-agent 10').SocksProxyAgent)(url), scriptedSocks],
  ].filter(([what]) => canLoad(what))) {
    better(
      UNREACHED,
      `${what}: a refusal is ERR_PROXY_TUNNEL, and the error names the proxy without its password`,
      async (t) => {
        const { server, relay, ca, client } = await openSlack(t);
        const how = refuses === scriptedSocks ? { ...PLAIN, password: 'other' } : proxyHandlers.refuse(407);
        const proxy = await refuses(t, how);
        const rtm = client({ agent: make(proxy.urlWith(PLAIN)), tls: { ca }, retryConfig: { retries: 0 } });
        const error = await rtm.start().catch((reason) => reason);
        assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ERR_PROXY_TUNNEL']);
        assert.ok(error.message.includes(`//127.0.0.1:${proxy.port}`), error.message);
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /S3CR3T/);
        assert.deepEqual([server.calls.length, relay.connections], [0, 0]);
      },
    );
  }
});
