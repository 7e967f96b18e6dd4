// The option `proxy`, with real proxies: the connect call, the socket and whatever follows them go through it, and
// nothing goes around it.
'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { atEnd } = require('./support/cleanup.js');
const { RTMClient, better, clientOf, next, same } = require('./support/client.js');
const { assertAllThrough, exchange, live } = require('./support/life.js');
const proxies = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const { answers, gate, missing, scriptedProxy, scriptedSocks, socksReply } = proxies;
const WITHOUT = 'it has no option `proxy`';
const PLAIN = { user: 'robot', password: 'S3CR3T-w0rd' };
/** All that a URL reserves, and more; Squid's users cannot have a colon. */
const RESERVED = { user: 'ro/b?o#t@%é', password: ':p@/?#[]%25&+ =\\"ß' };

/** TLS before a proxy. Only what is its own is sent: given a `ca`, a server sends that along. */
function secure(t, proxy, { key, cert }) {
  return proxies.secure(t, proxy, { key, cert });
}

/** Slack, over TLS, with a gate that counts. */
async function openSlack(t, { plain = false } = {}) {
  const { key, cert, ca } = authority('Slack').issue({ san: ['DNS:localhost', 'IP:127.0.0.1', 'DNS:slack.test'] });
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert } });
  const door = await gate(t, server);
  const client = (options) => clientOf(t, server, { tls: { ca }, ...options });
  return { server, door, client, ca };
}

/** By which programs, under which schemes. */
const PROGRAMS = [
  { program: 'tinyproxy', schemes: ['http'], secrets: { [JSON.stringify(PLAIN.user)]: PLAIN } },
  { program: 'squid', schemes: ['http'], secrets: { 'a user': PLAIN, 'reserved characters': RESERVED } },
  {
    program: 'microsocks',
    schemes: ['socks5', 'socks5h', 'socks'],
    secrets: { 'a user': PLAIN, 'reserved characters': RESERVED },
  },
  { program: 'dante', schemes: ['socks5', 'socks5h', 'socks'], secrets: {} },
];

describe('proxy', { concurrency: 4, skip: noCertificates }, () => {
  for (const { program, schemes, secrets } of PROGRAMS) {
    describe(`of ${program}`, { concurrency: 4, skip: missing[program] }, () => {
      for (const scheme of schemes) {
        for (const [what, credentials] of Object.entries({ nobody: {}, ...secrets })) {
          better(WITHOUT, `${scheme}: with ${what}, a life to a wss: URL goes through it`, async (t) => {
            const { server, door, client } = await openSlack(t);
            const proxy = await proxies[program](t, credentials);
            await live(server, client({ proxy: proxy.urlWith({ scheme }) }));
            assertAllThrough(server, door, proxy);
          });
        }

        better(WITHOUT, `${scheme}: a life to a ws: URL goes through it`, async (t) => {
          const { server, door, client } = await openSlack(t, { plain: true });
          const proxy = await proxies[program](t);
          await live(server, client({ proxy: proxy.urlWith({ scheme }) }));
          assertAllThrough(server, door, proxy);
        });
      }

      better(WITHOUT, 'as a URL object, by a name', async (t) => {
        const { server, door, client } = await openSlack(t);
        const proxy = await proxies[program](t);
        const url = new URL(proxy.urlWith({ host: 'localhost' }));
        await live(server, client({ proxy: url }));
        assertAllThrough(server, door, proxy);
      });

      better(WITHOUT, 'apiCall() goes through it, connected or not', async (t) => {
        const { server, door, client } = await openSlack(t);
        const proxy = await proxies[program](t);
        const rtm = client({ proxy: proxy.url });
        server.answers.push({ ok: true, members: ['U1'] });
        assert.deepEqual((await rtm.apiCall('users.list', { limit: 7 })).members, ['U1']);
        const [call] = server.calls;
        assert.deepEqual([call.url, call.form], ['/api/users.list', { limit: '7' }]);
        assert.equal(call.headers.authorization, `Bearer ${server.token}`);
        assert.deepEqual([door.connections, proxy.connections], [1, 1]);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        server.answers.push({ ok: true, n: 2 });
        assert.equal((await rtm.apiCall('x.y')).n, 2);
        assert.equal(server.calls.length, 3);
        assert.equal(door.connections, proxy.connections);
      });

      better(WITHOUT, 'when it cuts all its connections, the client comes back through it', async (t) => {
        const { server, door, client } = await openSlack(t);
        const proxy = await proxies[program](t);
        const rtm = client({ proxy: proxy.url });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        await server.nextSocket();
        const again = next(rtm, 'ready');
        const reconnecting = next(rtm, 'reconnecting');
        proxy.drop();
        await reconnecting;
        await again;
        await exchange(rtm, await server.nextSocket(), 'after');
        assertAllThrough(server, door, proxy);
      });
    });
  }

  describe('over TLS', { concurrency: true }, () => {
    /** The environment in which a child begins. */
    function inEnvironment(variables, begin) {
      const before = Object.keys(variables).map((name) => [name, process.env[name]]);
      Object.assign(process.env, variables);
      try {
        return begin();
      } finally {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
      }
    }

    function fileOf(t, text) {
      const folder = mkdtempSync(path.join(tmpdir(), 'proxy-ca-'));
      atEnd(t, () => rmSync(folder, { recursive: true }));
      const file = path.join(folder, 'ca.pem');
      writeFileSync(file, text);
      return file;
    }

    /** In a process of its own: NODE_EXTRA_CA_CERTS is read when it starts. */
    function liveElsewhere(t, server, extra, input) {
      return inEnvironment({ NODE_EXTRA_CA_CERTS: fileOf(t, extra) }, () =>
        inProcess(
          t,
          server,
          async ({ client, next, report, input }) => {
            const rtm = client({ ...input, retryConfig: { retries: 0 } });
            rtm.on('news', ({ text }) => rtm.sendTyping(text));
            rtm.on('bye', () => rtm.disconnect());
            const ready = next(rtm, 'ready');
            try {
              await rtm.start();
              await ready;
              report('ready');
            } catch (error) {
              report({ code: error.code, original: error.original?.code, message: error.message });
            }
          },
          { input },
        ),
      );
    }

    async function follow(server, child) {
      assert.equal(await child.report(), 'ready');
      const first = await server.nextSocket();
      first.send({ type: 'news', text: 'one' });
      assert.equal((await first.nextFrame('typing')).channel, 'one');
      first.drop();
      const second = await server.nextSocket();
      second.send({ type: 'news', text: 'two' });
      assert.equal((await second.nextFrame('typing')).channel, 'two');
      second.send({ type: 'bye' });
      const { code, stderr } = await child.ended;
      assert.deepEqual([code, stderr], [0, '']);
    }

    for (const [how, tls] of Object.entries({
      'with tls.ca for Slack, and NODE_EXTRA_CA_CERTS for the proxy': true,
      'with NODE_EXTRA_CA_CERTS for both': false,
    })) {
      for (const credentials of [PLAIN, RESERVED]) {
        better(WITHOUT, `squid, https: ${how}, user ${credentials.user}`, async (t) => {
          if (missing.squid) return t.skip(missing.squid);
          const { server, door, ca } = await openSlack(t);
          const own = authority('Proxies');
          const proxy = await proxies.squid(t, { ...credentials, tls: own.issue() });
          const extra = tls ? own.cert : own.cert + ca;
          const child = liveElsewhere(t, server, extra, { proxy: proxy.url, ...(tls && { tls: { ca } }) });
          await follow(server, child);
          return assertAllThrough(server, door, proxy);
        });
      }
    }

    better(WITHOUT, 'by a name: the proxy is told it, and may have an intermediate authority', async (t) => {
      const { server, door, ca } = await openSlack(t);
      const own = authority('Proxies');
      const { key, fullChain } = own.intermediate('Middle').issue();
      const front = await secure(t, await scriptedProxy(t), { key, cert: fullChain });
      const proxy = front.urlWith({ host: 'localhost' });
      await follow(server, liveElsewhere(t, server, own.cert, { proxy, tls: { ca } }));
      assertAllThrough(server, door, front);
      assert.deepEqual(
        front.clients.map(({ servername }) => servername),
        Array(4).fill('localhost'),
      );
    });

    better(WITHOUT, 'tls.ca is trusted for Slack only, not for the proxy', async (t) => {
      const { door, client } = await openSlack(t);
      const proxy = await scriptedProxy(t);
      const front = await secure(t, proxy, authority('Slack').issue());
      const rtm = client({ proxy: front.url, retryConfig: { retries: 0 } });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.equal(error.original.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      assert.match(error.message, new RegExp(`https://127\\.0\\.0\\.1:${front.port}`));
      assert.deepEqual([proxy.requests.length, door.connections], [0, 0]);
    });

    better(WITHOUT, 'authorities of NODE_EXTRA_CA_CERTS that did not sign its certificate are none', async (t) => {
      const { server, door, ca } = await openSlack(t);
      const front = await secure(t, await scriptedProxy(t), authority('Others').issue());
      const child = liveElsewhere(t, server, authority('Proxies').cert, { proxy: front.url, tls: { ca } });
      const { code, original } = await child.report();
      assert.deepEqual([code, original], ['slack_webapi_request_error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
      assert.equal(door.connections, 0);
    });

    better(WITHOUT, 'a certificate for another host is refused', async (t) => {
      const { server, door, ca } = await openSlack(t);
      const own = authority('Proxies');
      const front = await secure(t, await scriptedProxy(t), own.issue({ san: ['DNS:elsewhere.example'] }));
      const child = liveElsewhere(t, server, own.cert, { proxy: front.url, tls: { ca } });
      const { code, original } = await child.report();
      assert.deepEqual([code, original], ['slack_webapi_request_error', 'ERR_TLS_CERT_ALTNAME_INVALID']);
      assert.equal(door.connections, 0);
    });

    better(WITHOUT, 'https: spoken to a proxy that speaks http fails, and tells which proxy', async (t) => {
      const { client, door } = await openSlack(t);
      const proxy = await scriptedProxy(t, answers.refuse(400));
      const rtm = client({
        proxy: proxy.urlWith({ scheme: 'https' }),
        requestTimeout: 2000,
        retryConfig: { retries: 0 },
      });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.equal(door.connections, 0);
    });
  });

  describe('names', { concurrency: true }, () => {
    /** Slack by a name that only the proxy knows. */
    async function behind(t) {
      const slack = await openSlack(t);
      const { server } = slack;
      const [, port] = server.host.split(':');
      const [slackApiUrl, url] = [`https://slack.test:${port}/api/`, `wss://slack.test:${port}/socket`];
      server.answers.push(server.answer({ url }), server.answer({ url }));
      return { ...slack, port: Number(port), slackApiUrl };
    }

    for (const scheme of ['socks5h', 'socks']) {
      better(WITHOUT, `${scheme}: the proxy looks names up`, async (t) => {
        const { server, door, client, port, slackApiUrl } = await behind(t);
        const told = [];
        const proxy = await scriptedSocks(t, {
          request(request) {
            told.push({ type: request.type, host: request.host, port: request.port, command: request.command });
            request.host = '127.0.0.1';
            return socksReply(0);
          },
        });
        await live(server, client({ proxy: proxy.urlWith({ scheme }), slackApiUrl }));
        assertAllThrough(server, door, proxy);
        assert.deepEqual(told, Array(4).fill({ type: 'domain', host: 'slack.test', port, command: 1 }));
      });
    }

    better(WITHOUT, 'http: the proxy looks names up, and is told nothing but host and port', async (t) => {
      const { server, door, client, port, slackApiUrl } = await behind(t);
      const lead = answers.tunnel();
      const proxy = await scriptedProxy(t, (request, socket) =>
        lead({ ...request, target: `127.0.0.1:${port}` }, socket),
      );
      await live(server, client({ proxy: proxy.urlWith(PLAIN), slackApiUrl, headers: { 'X-Mine': 'T0K3N' } }));
      assertAllThrough(server, door, proxy);
      const basic = `Basic ${Buffer.from(`${PLAIN.user}:${PLAIN.password}`).toString('base64')}`;
      for (const { method, target, headers } of proxy.requests) {
        assert.deepEqual([method, target, headers.host], ['CONNECT', `slack.test:${port}`, `slack.test:${port}`]);
        assert.equal(headers['proxy-authorization'], basic);
        assert.ok(!JSON.stringify(headers).includes(server.token) && !('x-mine' in headers), JSON.stringify(headers));
      }
    });

    better(WITHOUT, 'socks5: names are looked up here, and an address arrives', async (t) => {
      const { server, door, client } = await openSlack(t);
      const told = [];
      const proxy = await scriptedSocks(t, {
        request(request) {
          told.push({ type: request.type, host: request.host });
          request.host = '127.0.0.1';
          return socksReply(0);
        },
      });
      const slackApiUrl = server.apiUrl.replace('127.0.0.1', 'localhost');
      const url = server.socketUrl.replace('127.0.0.1', 'localhost');
      server.answers.push(server.answer({ url }), server.answer({ url }));
      await live(server, client({ proxy: proxy.url, slackApiUrl }));
      assertAllThrough(server, door, proxy);
      for (const { type, host } of told) assert.match(`${type} ${host}`, /^(ipv4 127\.0\.0\.1|ipv6 0:0:0:0:0:0:0:1)$/);
      assert.equal(told.length, 4);
    });

    better(WITHOUT, 'socks5: a name that only the proxy knows is ENOTFOUND', async (t) => {
      const { client, slackApiUrl, door } = await behind(t);
      const proxy = await scriptedSocks(t);
      const rtm = client({ proxy: proxy.url, slackApiUrl, retryConfig: { retries: 0 } });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ENOTFOUND']);
      assert.match(error.message, /slack\.test/);
      assert.equal(door.connections, 0);
    });
  });

  for (const [what, agent] of Object.entries({
    'an http.Agent': () => new http.Agent(),
    'an https-proxy-agent': () => new HttpsProxyAgent('http://127.0.0.1:1'),
  })) {
    better(WITHOUT, `together with ${what}: the constructor throws a TypeError without the password`, () => {
      const options = { proxy: 'http://robot:S3CR3T@127.0.0.1:2', agent: agent() };
      assert.throws(
        () => new RTMClient('xoxb-T0K3N', options),
        (error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, /\bagent\b.*\bproxy\b/);
          assert.doesNotMatch(`${error.stack}`, /S3CR3T|T0K3N/);
          return true;
        },
      );
    });
  }

  for (const none of [undefined, null]) {
    better(WITHOUT, `${none} is none`, async (t) => {
      const { server, door, client } = await openSlack(t);
      await live(server, client({ proxy: none }));
      assert.equal(door.connections, 4);
    });
  }

  same('the environment’s proxies are not used', async (t) => {
    const server = await scriptedServer(t);
    const door = await gate(t, server);
    const proxy = await scriptedProxy(t);
    const names = ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
    const before = names.map((name) => [name, process.env[name]]);
    for (const name of names) process.env[name] = proxy.url;
    const child = inProcess(t, server, async ({ client, next, report }) => {
      const rtm = client();
      const ready = next(rtm, 'ready');
      await rtm.start();
      await ready;
      report('ready');
      await rtm.disconnect();
    });
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    assert.equal(await child.report(), 'ready');
    assert.equal((await child.ended).code, 0);
    assert.equal(proxy.connections, 0);
    assert.equal(door.connections, 2);
  });
});
