// The option `proxy`, with real proxies: the connect call, the socket and all later connections go through the proxy, and no
// connection goes around it.
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
const { assertAllProxied, exchangeFrames, runSession } = require('./support/session-scenario.js');
const programs = require('./support/proxy-programs.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { countingRelay } = require('./support/counted-server.js');
const { proxyHandlers, scriptedProxy, scriptedSocks, socksReply } = require('./support/scripted-proxies.js');

const WITHOUT = 'it has no option `proxy`';
const PLAIN = { user: 'robot', password: 'S3CR3T-w0rd' };
/** Reserved and other special characters of URLs. A user of Squid cannot contain a colon. */
const RESERVED = { user: 'ro/b?o#t@%é', password: ':p@/?#[]%25&+ =\\"ß' };

/** A TLS server in front of a proxy. It gets no `ca`, because a server would send that along with its certificate. */
function tlsFront(t, proxy, { key, cert }) {
  return programs.tlsFront(t, proxy, { key, cert });
}

/** A server with TLS behind a counting relay. */
async function openSlack(t, { plain = false } = {}) {
  const { key, cert, ca } = authority('Slack').issue({ san: ['DNS:localhost', 'IP:127.0.0.1', 'DNS:slack.test'] });
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert } });
  const relay = await countingRelay(t, server);
  const client = (options) => clientOf(t, server, { tls: { ca }, ...options });
  return { server, relay, client, ca };
}

/** The proxy programs, the schemes of their URLs, and credentials. */
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

describe('the option proxy', { concurrency: 4, skip: noCertificates }, () => {
  for (const { program, schemes, secrets } of PROGRAMS) {
    describe(`with ${program}:`, { concurrency: 4, skip: programs.missing[program] }, () => {
      for (const scheme of schemes) {
        for (const [what, credentials] of Object.entries({ 'no user': {}, ...secrets })) {
          better(WITHOUT, `a session with a wss: URL goes through the ${scheme}: proxy with ${what}`, async (t) => {
            const { server, relay, client } = await openSlack(t);
            const proxy = await programs[program](t, credentials);
            await runSession(server, client({ proxy: proxy.urlWith({ scheme }) }));
            assertAllProxied(server, relay, proxy);
          });
        }

        better(WITHOUT, `a session with a ws: URL goes through the ${scheme}: proxy`, async (t) => {
          const { server, relay, client } = await openSlack(t, { plain: true });
          const proxy = await programs[program](t);
          await runSession(server, client({ proxy: proxy.urlWith({ scheme }) }));
          assertAllProxied(server, relay, proxy);
        });
      }

      better(WITHOUT, 'it can be a URL object with a host name', async (t) => {
        const { server, relay, client } = await openSlack(t);
        const proxy = await programs[program](t);
        const url = new URL(proxy.urlWith({ host: 'localhost' }));
        await runSession(server, client({ proxy: url }));
        assertAllProxied(server, relay, proxy);
      });

      better(WITHOUT, 'apiCall() goes through the proxy, connected or not', async (t) => {
        const { server, relay, client } = await openSlack(t);
        const proxy = await programs[program](t);
        const rtm = client({ proxy: proxy.url });
        server.responses.push({ ok: true, members: ['U1'] });
        assert.deepEqual((await rtm.apiCall('users.list', { limit: 7 })).members, ['U1']);
        const [call] = server.calls;
        assert.deepEqual([call.url, call.form], ['/api/users.list', { limit: '7' }]);
        assert.equal(call.headers.authorization, `Bearer ${server.token}`);
        assert.deepEqual([relay.connections, proxy.connections], [1, 1]);
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        server.responses.push({ ok: true, n: 2 });
        assert.equal((await rtm.apiCall('x.y')).n, 2);
        assert.equal(server.calls.length, 3);
        assert.equal(relay.connections, proxy.connections);
      });

      better(WITHOUT, 'the client reconnects through the proxy after the proxy closed all connections', async (t) => {
        const { server, relay, client } = await openSlack(t);
        const proxy = await programs[program](t);
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
        await exchangeFrames(rtm, await server.nextSocket(), 'after');
        assertAllProxied(server, relay, proxy);
      });
    });
  }

  describe('with an https: URL:', { concurrency: true }, () => {
    /** Runs a function with these environment variables. */
    function inEnvironment(variables, run) {
      const before = Object.keys(variables).map((name) => [name, process.env[name]]);
      Object.assign(process.env, variables);
      try {
        return run();
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

    /** Runs a session in a child process, because NODE_EXTRA_CA_CERTS is read when a process starts. */
    function startChild(t, server, extra, input) {
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

    async function followSession(server, child) {
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
        better(WITHOUT, `squid is used ${how}, user ${credentials.user}`, async (t) => {
          if (programs.missing.squid) return t.skip(programs.missing.squid);
          const { server, relay, ca } = await openSlack(t);
          const own = authority('Proxies');
          const proxy = await programs.squid(t, { ...credentials, tls: own.issue() });
          const extra = tls ? own.cert : own.cert + ca;
          const child = startChild(t, server, extra, { proxy: proxy.url, ...(tls && { tls: { ca } }) });
          await followSession(server, child);
          return assertAllProxied(server, relay, proxy);
        });
      }
    }

    better(
      WITHOUT,
      'the proxy receives its host name, and its certificate can have an intermediate authority',
      async (t) => {
        const { server, relay, ca } = await openSlack(t);
        const own = authority('Proxies');
        const { key, fullChain } = own.intermediate('Middle').issue();
        const front = await tlsFront(t, await scriptedProxy(t), { key, cert: fullChain });
        const proxy = front.urlWith({ host: 'localhost' });
        await followSession(server, startChild(t, server, own.cert, { proxy, tls: { ca } }));
        assertAllProxied(server, relay, front);
        assert.deepEqual(
          front.clients.map(({ servername }) => servername),
          Array(4).fill('localhost'),
        );
      },
    );

    better(WITHOUT, 'tls.ca is trusted for Slack and not for the proxy', async (t) => {
      const { relay, client } = await openSlack(t);
      const proxy = await scriptedProxy(t);
      const front = await tlsFront(t, proxy, authority('Slack').issue());
      const rtm = client({ proxy: front.url, retryConfig: { retries: 0 } });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.equal(error.original.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
      assert.match(error.message, new RegExp(`https://127\\.0\\.0\\.1:${front.port}`));
      assert.deepEqual([proxy.requests.length, relay.connections], [0, 0]);
    });

    better(
      WITHOUT,
      'an authority in NODE_EXTRA_CA_CERTS that did not sign the certificate is not enough',
      async (t) => {
        const { server, relay, ca } = await openSlack(t);
        const front = await tlsFront(t, await scriptedProxy(t), authority('Others').issue());
        const child = startChild(t, server, authority('Proxies').cert, { proxy: front.url, tls: { ca } });
        const { code, original } = await child.report();
        assert.deepEqual([code, original], ['slack_webapi_request_error', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
        assert.equal(relay.connections, 0);
      },
    );

    better(WITHOUT, 'the certificate of another host is refused', async (t) => {
      const { server, relay, ca } = await openSlack(t);
      const own = authority('Proxies');
      const front = await tlsFront(t, await scriptedProxy(t), own.issue({ san: ['DNS:elsewhere.example'] }));
      const child = startChild(t, server, own.cert, { proxy: front.url, tls: { ca } });
      const { code, original } = await child.report();
      assert.deepEqual([code, original], ['slack_webapi_request_error', 'ERR_TLS_CERT_ALTNAME_INVALID']);
      assert.equal(relay.connections, 0);
    });

    better(WITHOUT, 'a proxy without TLS causes an error', async (t) => {
      const { client, relay } = await openSlack(t);
      const proxy = await scriptedProxy(t, proxyHandlers.refuse(400));
      const rtm = client({
        proxy: proxy.urlWith({ scheme: 'https' }),
        requestTimeout: 2000,
        retryConfig: { retries: 0 },
      });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.equal(relay.connections, 0);
    });
  });

  describe('with host names:', { concurrency: true }, () => {
    /** A server with a host name that only the proxy can resolve. */
    async function openNamedSlack(t) {
      const slack = await openSlack(t);
      const { server } = slack;
      const [, port] = server.host.split(':');
      const [slackApiUrl, url] = [`https://slack.test:${port}/api/`, `wss://slack.test:${port}/socket`];
      server.responses.push(server.connectResponse({ url }), server.connectResponse({ url }));
      return { ...slack, port: Number(port), slackApiUrl };
    }

    for (const scheme of ['socks5h', 'socks']) {
      better(WITHOUT, `a ${scheme}: proxy resolves the names`, async (t) => {
        const { server, relay, client, port, slackApiUrl } = await openNamedSlack(t);
        const requested = [];
        const proxy = await scriptedSocks(t, {
          request(request) {
            requested.push({ type: request.type, host: request.host, port: request.port, command: request.command });
            request.host = '127.0.0.1';
            return socksReply(0);
          },
        });
        await runSession(server, client({ proxy: proxy.urlWith({ scheme }), slackApiUrl }));
        assertAllProxied(server, relay, proxy);
        assert.deepEqual(requested, Array(4).fill({ type: 'domain', host: 'slack.test', port, command: 1 }));
      });
    }

    better(WITHOUT, 'an http: proxy resolves the names, and receives only host and port', async (t) => {
      const { server, relay, client, port, slackApiUrl } = await openNamedSlack(t);
      const forward = proxyHandlers.tunnel();
      const proxy = await scriptedProxy(t, (request, socket) =>
        forward({ ...request, target: `127.0.0.1:${port}` }, socket),
      );
      await runSession(server, client({ proxy: proxy.urlWith(PLAIN), slackApiUrl, headers: { 'X-Mine': 'T0K3N' } }));
      assertAllProxied(server, relay, proxy);
      const basic = `Basic ${Buffer.from(`${PLAIN.user}:${PLAIN.password}`).toString('base64')}`;
      for (const { method, target, headers } of proxy.requests) {
        assert.deepEqual([method, target, headers.host], ['CONNECT', `slack.test:${port}`, `slack.test:${port}`]);
        assert.equal(headers['proxy-authorization'], basic);
        assert.ok(!JSON.stringify(headers).includes(server.token) && !('x-mine' in headers), JSON.stringify(headers));
      }
    });

    better(WITHOUT, 'the client resolves the names for a socks5: proxy, which receives addresses', async (t) => {
      const { server, relay, client } = await openSlack(t);
      const requested = [];
      const proxy = await scriptedSocks(t, {
        request(request) {
          requested.push({ type: request.type, host: request.host });
          request.host = '127.0.0.1';
          return socksReply(0);
        },
      });
      const slackApiUrl = server.apiUrl.replace('127.0.0.1', 'localhost');
      const url = server.socketUrl.replace('127.0.0.1', 'localhost');
      server.responses.push(server.connectResponse({ url }), server.connectResponse({ url }));
      await runSession(server, client({ proxy: proxy.url, slackApiUrl }));
      assertAllProxied(server, relay, proxy);
      for (const { type, host } of requested)
        assert.match(`${type} ${host}`, /^(ipv4 127\.0\.0\.1|ipv6 0:0:0:0:0:0:0:1)$/);
      assert.equal(requested.length, 4);
    });

    better(WITHOUT, 'a name that only the socks5: proxy can resolve is ENOTFOUND', async (t) => {
      const { client, slackApiUrl, relay } = await openNamedSlack(t);
      const proxy = await scriptedSocks(t);
      const rtm = client({ proxy: proxy.url, slackApiUrl, retryConfig: { retries: 0 } });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ENOTFOUND']);
      assert.match(error.message, /slack\.test/);
      assert.equal(relay.connections, 0);
    });
  });

  for (const [what, agent] of Object.entries({
    'an http.Agent': () => new http.Agent(),
    'an https-proxy-agent': () => new HttpsProxyAgent('http://127.0.0.1:1'),
  })) {
    better(WITHOUT, `is refused together with ${what} by a TypeError that does not show the password`, () => {
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
    better(WITHOUT, `can be ${none}`, async (t) => {
      const { server, relay, client } = await openSlack(t);
      await runSession(server, client({ proxy: none }));
      assert.equal(relay.connections, 4);
    });
  }

  same('is not read from environment variables', async (t) => {
    const server = await scriptedServer(t);
    const relay = await countingRelay(t, server);
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
    assert.equal(relay.connections, 2);
  });
});
