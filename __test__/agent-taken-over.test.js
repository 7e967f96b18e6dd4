// Agents that stand for a proxy: https-proxy-agent, http-proxy-agent, socks-proxy-agent, hpagent, tunnel. All goes
// through their proxies, with their credentials, headers and certificates, and, other than with the original, goes on
// while JavaScript is busy.
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
const { authority, missing: noCertificates, pkcs12 } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { atEnd } = require('./support/cleanup.js');
const { better, clientOf, same } = require('./support/client.js');
const { assertAllThrough, live } = require('./support/life.js');
const proxies = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const { answers, gate, missing, scriptedProxy, scriptedSocks } = proxies;
const BLOCKED = 'its sockets are JavaScript’s';
const UNREACHED = '`tls` does not reach the connect call';
const PLAIN = { user: 'robot', password: 'S3CR3T-w0rd' };
const RESERVED = { user: 'ro/b?o#t@', password: ':p@/?#[]%25&+ =' };

async function openSlack(t, { plain = false, tls } = {}) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert, ...tls } });
  const door = await gate(t, server);
  return { server, door, ca, client: (options) => clientOf(t, server, options) };
}

/** TLS before a proxy. */
function secure(t, proxy, { key, fullChain }, rest) {
  return proxies.secure(t, proxy, { key, cert: fullChain, ...rest });
}

// ── In a process of its own ─────────────────────────────────────────────────────────────────────────────────────────

/** Runs in the child: the agent of this name for this proxy. Its text is part of the child's code. */
function agentOf({ name, url }) {
  const { protocol, hostname: host, port, username, password } = new URL(url);
  const proxyAuth = username ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
  const proxy = { host, port: Number(port), proxyAuth };
  const isSecure = protocol === 'https:';
  switch (name) {
    case 'https-proxy-agent':
      return new (require('https-proxy-agent').HttpsProxyAgent)(url);
    case 'https-proxy-agent 5':
      return new (require('https-proxy-agent-5').HttpsProxyAgent)(url);
    case 'http-proxy-agent':
      return new (require('http-proxy-agent').HttpProxyAgent)(url);
    case 'socks-proxy-agent':
      return new (require('socks-proxy-agent').SocksProxyAgent)(url);
    case 'hpagent':
      return new (require('hpagent').HttpsProxyAgent)({ proxy: url });
    case 'hpagent for http:':
      return new (require('hpagent').HttpProxyAgent)({ proxy: url });
    case 'tunnel':
      return require('tunnel')[isSecure ? 'httpsOverHttps' : 'httpsOverHttp']({ proxy });
    case 'tunnel for http:':
      return require('tunnel')[isSecure ? 'httpOverHttps' : 'httpOverHttp']({ proxy });
    default:
      throw new Error(`which agent is ${name}?`);
  }
}

const HTTP = ['https-proxy-agent', 'https-proxy-agent 5', 'hpagent', 'tunnel'];

/** A proxy for each program that a test wants, over TLS or not. */
const PROXIES = {
  tinyproxy: { needs: 'tinyproxy', open: (t) => proxies.tinyproxy(t, PLAIN), agents: HTTP },
  squid: { needs: 'squid', open: (t) => proxies.squid(t, RESERVED), agents: HTTP },
  'squid over TLS': {
    needs: 'squid',
    open: (t) => proxies.squid(t, { ...RESERVED, tls: authority('Proxies').issue() }),
    agents: HTTP,
  },
  'tinyproxy behind TLS': {
    needs: 'tinyproxy',
    open: async (t) => secure(t, await proxies.tinyproxy(t, PLAIN), authority('Proxies').issue()),
    agents: HTTP,
  },
  microsocks: { needs: 'microsocks', open: (t) => proxies.microsocks(t, RESERVED), agents: ['socks-proxy-agent'] },
  'microsocks by socks5h': {
    needs: 'microsocks',
    open: (t) => proxies.microsocks(t, PLAIN),
    agents: ['socks-proxy-agent'],
    scheme: 'socks5h',
  },
  dante: { needs: 'dante', open: (t) => proxies.dante(t), agents: ['socks-proxy-agent'] },
  'dante by SOCKS 4': {
    needs: 'dante',
    open: (t) => proxies.dante(t),
    agents: ['socks-proxy-agent'],
    scheme: 'socks4',
  },
  'dante by SOCKS 4a': {
    needs: 'dante',
    open: (t) => proxies.dante(t),
    agents: ['socks-proxy-agent'],
    scheme: 'socks4a',
  },
};

/** Begins a child that trusts the authorities of Slack and of the proxies. */
function elsewhere(t, server, fn, input) {
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

/** A session that is lost once, and a process that ends by itself. */
const LIVES = async ({ client, next, report, input, agentOf }) => {
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

/** Connects, and then lets JavaScript do nothing any more. */
const BLOCKS = async ({ client, next, report, input, agentOf }) => {
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

async function followLife(server, child) {
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

/** What the network side does by itself goes on: WebSocket's pings are answered, and its own go out. */
async function followBlocked(server, child) {
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

describe('agents that are taken over', { concurrency: 4, skip: noCertificates }, () => {
  for (const [what, { needs, open, agents, scheme }] of Object.entries(PROXIES)) {
    describe(what, { concurrency: 2, skip: missing[needs] }, () => {
      for (const name of agents) {
        // Its proxy for targets in the clear is another agent.
        const plainName = ['hpagent', 'tunnel'].includes(name) ? `${name} for http:` : name;

        same(`${name}: a life to a wss: URL goes through it, and the process ends by itself`, async (t) => {
          const { server, door } = await openSlack(t);
          const proxy = await open(t);
          await followLife(server, elsewhere(t, server, LIVES, { name, url: proxy.urlWith(scheme ? { scheme } : {}) }));
          assertAllThrough(server, door, proxy);
        });

        same(`${plainName}: a life to a ws: URL goes through it`, async (t) => {
          const { server, door } = await openSlack(t, { plain: true });
          const proxy = await open(t);
          const input = { name: plainName, url: proxy.urlWith(scheme ? { scheme } : {}) };
          await followLife(server, elsewhere(t, server, LIVES, input));
          assertAllThrough(server, door, proxy);
        });

        better(BLOCKED, `${name}: goes on while JavaScript is busy`, async (t) => {
          const { server, door } = await openSlack(t);
          const proxy = await open(t);
          const input = { name, url: proxy.urlWith(scheme ? { scheme } : {}) };
          await followBlocked(server, elsewhere(t, server, BLOCKS, input));
          assert.deepEqual([door.connections, proxy.connections], [2, 2]);
        });
      }
    });
  }

  // It asks for tunnels to nowhere: what is https: it sends to the proxy in the clear.
  better('it takes no https: URL', 'http-proxy-agent: a life to a wss: URL goes through a tunnel', async (t) => {
    const { server, door } = await openSlack(t);
    const proxy = await scriptedProxy(t, answers.demand(PLAIN.user, PLAIN.password));
    const url = proxy.urlWith(PLAIN);
    await followLife(server, elsewhere(t, server, LIVES, { name: 'http-proxy-agent', url }));
    assertAllThrough(server, door, proxy);
    assert.deepEqual(
      proxy.requests.map(({ method }) => method),
      Array(4).fill('CONNECT'),
    );
    for (const { lines } of proxy.requests) assert.ok(!lines.join().includes(server.token));
  });

  same('http-proxy-agent: to a ws: URL, requests go to the proxy as they are', async (t) => {
    const { server, door } = await openSlack(t, { plain: true });
    const proxy = await scriptedProxy(t, answers.demand(PLAIN.user, PLAIN.password));
    const url = proxy.urlWith(PLAIN);
    await followLife(server, elsewhere(t, server, LIVES, { name: 'http-proxy-agent', url }));
    assertAllThrough(server, door, proxy);
    const [call, socket] = proxy.requests;
    assert.deepEqual([call.method, call.target], ['POST', `http://${server.host}/api/rtm.connect`]);
    assert.deepEqual([socket.method, socket.target], ['GET', `http://${server.host}/socket`]);
  });

  describe('apiCall()', { concurrency: true }, () => {
    for (const [name, make] of Object.entries({
      'https-proxy-agent': (proxy) => new HttpsProxyAgent(proxy.url),
      'https-proxy-agent 5': (proxy) => new HttpsProxyAgent5(proxy.url),
      hpagent: (proxy) => new hpagent.HttpsProxyAgent({ proxy: proxy.url }),
    })) {
      better('it has no apiCall()', `goes through ${name}`, async (t) => {
        if (missing.tinyproxy) return t.skip(missing.tinyproxy);
        const { server, door, ca, client } = await openSlack(t);
        const proxy = await proxies.tinyproxy(t, PLAIN);
        const rtm = client({ agent: make(proxy), tls: { ca } });
        server.answers.push({ ok: true, x: 1 });
        assert.equal((await rtm.apiCall('a.b', { c: 'd' })).x, 1);
        const [{ url, form, headers }] = server.calls;
        assert.deepEqual([url, form, headers.authorization], ['/api/a.b', { c: 'd' }, `Bearer ${server.token}`]);
        return assert.deepEqual([door.connections, proxy.connections], [1, 1]);
      });
    }
  });

  describe('headers', { concurrency: true }, () => {
    const headers = { 'X-Extra': 'yes', 'User-Agent': 'mine/1' };
    for (const [name, make] of Object.entries({
      'https-proxy-agent': ({ url }) => new HttpsProxyAgent(url, { headers }),
      'https-proxy-agent with a function': ({ url }) => new HttpsProxyAgent(url, { headers: () => ({ ...headers }) }),
      'https-proxy-agent 5': ({ url }) => new HttpsProxyAgent5({ ...parse(url), headers }),
      hpagent: ({ url }) => new hpagent.HttpsProxyAgent({ proxy: url, proxyRequestOptions: { headers } }),
      'hpagent with a URL': ({ url }) =>
        new hpagent.HttpsProxyAgent({ proxy: new URL(url), proxyRequestOptions: { headers } }),
      tunnel: ({ host, port }) =>
        tunnel.httpsOverHttp({ proxy: { host, port, headers, proxyAuth: `${PLAIN.user}:${PLAIN.password}` } }),
    })) {
      better(UNREACHED, `${name}: the proxy gets its extra headers and its credentials, Slack neither`, async (t) => {
        const { server, door, ca, client } = await openSlack(t);
        const proxy = await scriptedProxy(t, answers.demand(PLAIN.user, PLAIN.password));
        const { host, port } = proxy;
        await live(server, client({ agent: make({ url: proxy.urlWith(PLAIN), host, port }), tls: { ca } }));
        assertAllThrough(server, door, proxy);
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

  describe('TLS of the hop to the proxy', { concurrency: true }, () => {
    const own = () => authority('Proxies');
    /** What each is told about the proxy, and about Slack where that can be told apart. */
    const AGENTS = {
      'https-proxy-agent': ({ url, hop }) => new HttpsProxyAgent(url, hop),
      'https-proxy-agent 5': ({ url, hop }) => new HttpsProxyAgent5({ ...parse(url), ...hop }),
      hpagent: ({ url, hop }) => new hpagent.HttpsProxyAgent({ proxy: url, proxyRequestOptions: hop }),
      tunnel: ({ host, port, hop }) => tunnel.httpsOverHttps({ proxy: { host, port, ...hop } }),
    };

    for (const [name, make] of Object.entries(AGENTS)) {
      const open = async (t, hop, { demands = false } = {}) => {
        const slack = await openSlack(t);
        const proxy = await scriptedProxy(t);
        const rest = demands ? { requestCert: true, ca: authority('Bots').cert } : {};
        const front = await secure(t, proxy, own().issue(), rest);
        const { host, port, url } = front;
        const agent = make({ url, host, port, hop });
        return {
          ...slack,
          proxy,
          front,
          rtm: slack.client({ agent, tls: { ca: slack.ca }, retryConfig: { retries: 0 } }),
        };
      };

      better(UNREACHED, `${name}: its \`ca\` is trusted there`, async (t) => {
        const { server, door, front, rtm } = await open(t, { ca: own().cert });
        await live(server, rtm);
        assertAllThrough(server, door, front);
      });

      better(UNREACHED, `${name}: without it the proxy is not trusted, and gets nothing`, async (t) => {
        const { door, proxy, rtm } = await open(t, {});
        await assert.rejects(rtm.start(), ({ code, original }) => {
          assert.deepEqual([code, original.code], ['slack_webapi_request_error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
          return true;
        });
        assert.deepEqual([door.connections, proxy.requests.length], [0, 0]);
      });

      better(UNREACHED, `${name}: rejectUnauthorized: false`, async (t) => {
        const { server, door, front, rtm } = await open(t, { rejectUnauthorized: false });
        // For https-proxy-agent 7 and 5 that is about the proxy only, too.
        await live(server, rtm);
        assertAllThrough(server, door, front);
      });

      for (const [form, secretsOf] of Object.entries({
        'cert and key': ({ cert, key }) => ({ cert, key }),
        pfx: (leaf) => ({ pfx: pkcs12({ ...leaf, passphrase: 'open' }), passphrase: 'open' }),
      })) {
        better(UNREACHED, `${name}: its client certificate is shown there (${form})`, async (t) => {
          const bot = authority('Bots').issue({ cn: 'the bot', client: true });
          const hop = { ca: own().cert, ...secretsOf(bot) };
          const { server, door, front, rtm } = await open(t, hop, { demands: true });
          await live(server, rtm);
          assertAllThrough(server, door, front);
          const shown = front.clients.map(({ cn, authorized }) => ({ cn, authorized }));
          assert.deepEqual(shown, Array(4).fill({ cn: 'the bot', authorized: true }));
        });
      }
    }

    better(UNREACHED, 'the client certificate for Slack (`tls`) is not shown to the proxy', async (t) => {
      const bot = authority('Bots').issue({ cn: 'the bot', client: true });
      const { server, door, ca, client } = await openSlack(t, {
        tls: { requestCert: true, ca: authority('Bots').cert },
      });
      const rest = { requestCert: true, rejectUnauthorized: false, ca: authority('Bots').cert };
      const front = await secure(t, await scriptedProxy(t), own().issue(), rest);
      const agent = new HttpsProxyAgent(front.url, { ca: own().cert });
      await live(server, client({ agent, tls: { ca, key: bot.key, cert: bot.cert } }));
      assertAllThrough(server, door, front);
      assert.deepEqual(
        front.clients.map(({ cn }) => cn),
        Array(4).fill(undefined),
      );
    });
  });

  describe('TLS of the connection through the proxy', { concurrency: true }, () => {
    /** Whose own TLS options are about Slack. */
    const AGENTS = {
      hpagent: ({ proxy, options }) => new hpagent.HttpsProxyAgent({ proxy: proxy.url, ...options }),
      tunnel: ({ proxy: { host, port }, options }) => tunnel.httpsOverHttp({ proxy: { host, port }, ...options }),
      'socks-proxy-agent': ({ proxy, options }) => new SocksProxyAgent(proxy.url, options),
    };

    for (const [name, make] of Object.entries(AGENTS)) {
      const open = (t) => (name === 'socks-proxy-agent' ? scriptedSocks(t) : scriptedProxy(t));

      same(`${name}: its \`ca\` is trusted for Slack`, async (t) => {
        const { server, door, ca, client } = await openSlack(t);
        const proxy = await open(t);
        await live(server, client({ agent: make({ proxy, options: { ca } }) }));
        assertAllThrough(server, door, proxy);
      });

      same(`${name}: without it Slack is not trusted, and gets nothing`, async (t) => {
        const { server, client } = await openSlack(t);
        const proxy = await open(t);
        const rtm = client({ agent: make({ proxy, options: {} }), retryConfig: { retries: 0 } });
        await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
        assert.deepEqual([server.calls.length, proxy.connections], [0, 1]);
      });

      same(`${name}: its client certificate is shown to Slack`, async (t) => {
        const bots = authority('Bots');
        const { key, cert } = bots.issue({ cn: 'the bot', client: true });
        const { server, door, ca, client } = await openSlack(t, { tls: { requestCert: true, ca: bots.cert } });
        const proxy = await open(t);
        await live(server, client({ agent: make({ proxy, options: { ca, key, cert } }) }));
        assertAllThrough(server, door, proxy);
      });

      same(`${name}: without one, a server that demands it gets nothing`, async (t) => {
        const { server, ca, client } = await openSlack(t, { tls: { requestCert: true, ca: authority('Bots').cert } });
        const proxy = await open(t);
        const rtm = client({ agent: make({ proxy, options: { ca } }), retryConfig: { retries: 0 } });
        await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
        assert.equal(server.calls.length, 0);
      });
    }

    same('hpagent: `ca` for Slack and another one for the proxy', async (t) => {
      const { server, door, ca, client } = await openSlack(t);
      const front = await secure(t, await scriptedProxy(t), authority('Proxies').issue());
      const proxyRequestOptions = { ca: authority('Proxies').cert };
      await live(server, client({ agent: new hpagent.HttpsProxyAgent({ proxy: front.url, ca, proxyRequestOptions }) }));
      assertAllThrough(server, door, front);
    });

    same('tunnel: `ca` for Slack and another one for the proxy', async (t) => {
      const { server, door, ca, client } = await openSlack(t);
      const front = await secure(t, await scriptedProxy(t), authority('Proxies').issue());
      const proxy = { host: front.host, port: front.port, ca: authority('Proxies').cert };
      await live(server, client({ agent: tunnel.httpsOverHttps({ proxy, ca }) }));
      assertAllThrough(server, door, front);
    });

    same('hpagent: `ca` for the proxy is none for Slack', async (t) => {
      const { server, client } = await openSlack(t);
      const proxyRequestOptions = { ca: authority('Slack').cert };
      const front = await secure(t, await scriptedProxy(t), authority('Slack').issue());
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
    ['http-proxy-agent', (url) => new HttpProxyAgent(url), scriptedProxy],
    ['hpagent', (url) => new hpagent.HttpsProxyAgent({ proxy: url }), scriptedProxy],
    ['socks-proxy-agent', (url) => new SocksProxyAgent(url), scriptedSocks],
  ]) {
    better(
      UNREACHED,
      `${what}: a refusal is ERR_PROXY_TUNNEL, by an error that names the proxy without its password`,
      async (t) => {
        const { server, door, ca, client } = await openSlack(t);
        const how = refuses === scriptedSocks ? { ...PLAIN, password: 'other' } : answers.refuse(407);
        const proxy = await refuses(t, how);
        const rtm = client({ agent: make(proxy.urlWith(PLAIN)), tls: { ca }, retryConfig: { retries: 0 } });
        const error = await rtm.start().catch((reason) => reason);
        assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ERR_PROXY_TUNNEL']);
        assert.ok(error.message.includes(`//127.0.0.1:${proxy.port}`), error.message);
        assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /S3CR3T/);
        assert.deepEqual([server.calls.length, door.connections], [0, 0]);
      },
    );
  }
});
