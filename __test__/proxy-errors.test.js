// A proxy that refuses connections: the errors, which name the proxy, and log lines. None of them shows the password.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { ErrorCode, better, clientOf, recordingLogger, next, record } = require('./support/client.js');
const programs = require('./support/proxy-programs.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { countingRelay } = require('./support/counted-server.js');
const { proxyHandlers, scriptedProxy, scriptedSocks, socksReply } = require('./support/scripted-proxies.js');

const WITHOUT = 'it has no option `proxy`';
const ONCE = { retryConfig: { retries: 0 } };
const KNOWN = { user: 'robot', password: 'S3CR3T-w0rd' };
const WRONG = { user: 'r0b0t', password: 'WR0NG-w0rd' };

async function openSlack(t) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, { tls: { key, cert } });
  const relay = await countingRelay(t, server);
  return { server, relay, client: (options) => clientOf(t, server, { tls: { ca }, ...options }) };
}

/** A port without a listener. */
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Collects everything about a client that a program can print, and its errors. */
function watch(rtm, logger) {
  const seen = [];
  const add = (value) => seen.push(inspect(value, { depth: 12, showHidden: true }), String(value?.stack));
  const inspectClient = () => seen.push(inspect(rtm, { depth: 12, showHidden: true }));
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, add);
  for (const name of ['connecting', 'connected', 'ready', 'reconnecting', 'disconnected']) rtm.on(name, inspectClient);
  return {
    add,
    get text() {
      inspectClient();
      return [...seen, ...logger.lines.map(({ text }) => text)].join('\n');
    },
  };
}

/** The password unchanged, percent-encoded, and in Base64, alone and with the user. */
function formsOf({ user, password }) {
  const base64 = (text) => Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1);
  return [password, encodeURIComponent(password), base64(password), base64(`${user}:${password}`)];
}

function assertAbsent(text, secrets) {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `shown: …${text.slice(Math.max(0, at - 150), at + 150)}…`);
  }
}

/** Asserts that start() fails because of the proxy, and that nothing shows the password. Resolves with the error. */
async function assertFails(t, { client, server, relay }, proxy, credentials) {
  const logger = recordingLogger();
  const rtm = client({ proxy, logger, logLevel: 'debug', ...ONCE });
  const seen = watch(rtm, logger);
  const recorded = record(rtm);
  const error = await rtm.start().then(
    () => assert.fail('it started'),
    (reason) => reason,
  );
  seen.add(error);
  assert.deepEqual(recorded.names, ['connecting', 'unable_to_rtm_start', 'disconnected']);
  assert.equal(error.code, 'slack_webapi_request_error');
  assert.ok(error.original instanceof Error);
  assert.deepEqual([server.calls.length, server.upgrades.length, relay.connections], [0, 0, 0]);
  assertAbsent(seen.text, [server.token, server.token.slice(5), ...formsOf(credentials)]);
  return error;
}

/** Clients that each proxy program refuses. */
const REFUSING = {
  'tinyproxy, wrong credentials': { program: 'tinyproxy', options: KNOWN, give: WRONG },
  'tinyproxy, a wrong password': { program: 'tinyproxy', options: KNOWN, give: { ...KNOWN, password: 'other' } },
  'tinyproxy, no credentials': { program: 'tinyproxy', options: KNOWN },
  'squid, wrong credentials': { program: 'squid', options: KNOWN, give: WRONG },
  'squid, no credentials': { program: 'squid', options: KNOWN },
  'microsocks, wrong credentials': { program: 'microsocks', options: KNOWN, give: WRONG },
  'microsocks, no credentials': { program: 'microsocks', options: KNOWN },
  'microsocks, socks5h, wrong credentials': { program: 'microsocks', options: KNOWN, give: WRONG, scheme: 'socks5h' },
  'dante, unknown credentials': { program: 'dante', options: { demand: true }, give: WRONG },
  'dante, no credentials': { program: 'dante', options: { demand: true } },
  'dante, forbidden by its rules': { program: 'dante', options: { refuse: true } },
};

describe('a proxy that refuses connections', { concurrency: 4, skip: noCertificates }, () => {
  for (const [what, { program, options, give, scheme }] of Object.entries(REFUSING)) {
    better(WITHOUT, `causes ERR_PROXY_TUNNEL: ${what}`, async (t) => {
      if (programs.missing[program]) return t.skip(programs.missing[program]);
      const slack = await openSlack(t);
      const proxy = await programs[program](t, options);
      const given = { user: undefined, password: undefined, ...give, ...(scheme && { scheme }) };
      const error = await assertFails(t, slack, proxy.urlWith(given), give ?? KNOWN);
      assert.equal(error.original.code, 'ERR_PROXY_TUNNEL');
      const name = new URL(proxy.urlWith({ ...given, user: undefined, password: undefined })).href.replace(/\/$/, '');
      assert.ok(error.message.includes(name), `${error.message} names ${name}`);
      assert.ok(error.original.message.includes(name), `${error.original.message} names ${name}`);
      return assert.equal(proxy.connections, 1);
    });
  }

  for (const scheme of ['http', 'https', 'socks5', 'socks5h']) {
    const credentials = { user: 'robot', password: 'S3CR3T w@rd' };
    const url = (rest) => `${scheme}://robot:${encodeURIComponent(credentials.password)}@${rest}`;

    better(WITHOUT, `causes ECONNREFUSED if its ${scheme}: URL has a port without a listener`, async (t) => {
      const port = await closedPort();
      const error = await assertFails(t, await openSlack(t), url(`127.0.0.1:${port}`), credentials);
      assert.equal(error.original.code, 'ECONNREFUSED');
      assert.ok(error.message.includes(`${scheme}://127.0.0.1:${port}`), error.message);
    });

    better(WITHOUT, `causes ENOTFOUND if its ${scheme}: URL has an unknown host name`, async (t) => {
      const error = await assertFails(t, await openSlack(t), url('proxy.invalid:8080'), credentials);
      assert.equal(error.original.code, 'ENOTFOUND');
      assert.ok(error.message.includes(`${scheme}://proxy.invalid:8080`), error.message);
    });
  }

  for (const program of ['microsocks', 'dante']) {
    better(
      WITHOUT,
      `causes ECONNREFUSED, like without a proxy, if the target refuses the connection: ${program}`,
      async (t) => {
        if (programs.missing[program]) return t.skip(programs.missing[program]);
        const slack = await openSlack(t);
        const proxy = await programs[program](t);
        const slackApiUrl = `https://127.0.0.1:${await closedPort()}/api/`;
        const rtm = slack.client({ proxy: proxy.url, slackApiUrl, ...ONCE });
        const error = await rtm.start().catch((reason) => reason);
        assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ECONNREFUSED']);
        return assert.equal(proxy.connections, 1);
      },
    );
  }

  for (const program of ['tinyproxy', 'squid']) {
    better(
      WITHOUT,
      `causes ERR_PROXY_TUNNEL with its status if the target refuses the connection: ${program}`,
      async (t) => {
        if (programs.missing[program]) return t.skip(programs.missing[program]);
        const slack = await openSlack(t);
        const proxy = await programs[program](t);
        const slackApiUrl = `https://127.0.0.1:${await closedPort()}/api/`;
        const rtm = slack.client({ proxy: proxy.url, slackApiUrl, ...ONCE });
        const error = await rtm.start().catch((reason) => reason);
        assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ERR_PROXY_TUNNEL']);
        return assert.match(error.message, /\b50[0-9]\b/);
      },
    );
  }

  for (const [code, expected] of Object.entries({
    1: 'ERR_PROXY_TUNNEL',
    2: 'ERR_PROXY_TUNNEL',
    3: 'ENETUNREACH',
    4: 'EHOSTUNREACH',
    5: 'ECONNREFUSED',
    7: 'ERR_PROXY_TUNNEL',
    8: 'ERR_PROXY_TUNNEL',
    99: 'ERR_PROXY_TUNNEL',
  })) {
    better(WITHOUT, `causes ${expected} with SOCKS reply ${code}`, async (t) => {
      const proxy = await scriptedSocks(t, { ...KNOWN, request: () => socksReply(Number(code)) });
      const error = await assertFails(t, await openSlack(t), proxy.url, KNOWN);
      assert.equal(error.original.code, expected);
      assert.ok(error.message.includes(`socks5://127.0.0.1:${proxy.port}`), error.message);
    });
  }

  better(WITHOUT, 'receives the credentials with the first request, and no second request', async (t) => {
    const proxy = await scriptedProxy(t, proxyHandlers.demand('robot', 'other'));
    await assertFails(t, await openSlack(t), proxy.urlWith(KNOWN), KNOWN);
    assert.equal(proxy.requests.length, 1);
    const [{ headers }] = proxy.requests;
    assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('robot:S3CR3T-w0rd').toString('base64')}`);
  });

  better(WITHOUT, 'causes retries by retryConfig, each through the proxy', async (t) => {
    const { server, relay, client } = await openSlack(t);
    let left = 2;
    const [refuse, forward] = [proxyHandlers.refuse(503), proxyHandlers.tunnel()];
    const proxy = await scriptedProxy(t, (...args) => (left-- > 0 ? refuse : forward)(...args));
    const rtm = client({ proxy: proxy.url, retryConfig: { retries: 2, minTimeout: 5 } });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    assert.equal(proxy.requests.length, 4);
    assert.deepEqual([server.calls.length, relay.connections], [1, 2]);
  });

  better(WITHOUT, 'does not make a debug log show the token or the password', async (t) => {
    const { server, relay, client } = await openSlack(t);
    const logger = recordingLogger();
    const proxy = await scriptedProxy(t);
    const forward = proxyHandlers.tunnel();
    proxy.handler = (...args) => (proxy.requests.length === 2 ? proxyHandlers.refuse(407) : forward)(...args);
    const rtm = client({ proxy: proxy.urlWith(KNOWN), logger, logLevel: 'debug' });
    const seen = watch(rtm, logger);
    const recorded = record(rtm);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    (await server.nextSocket()).drop();
    await next(rtm, 'ready');
    await rtm.disconnect();
    const [error] = recorded.events.find(({ name }) => name === 'error').args;
    assert.deepEqual([error.code, error.original.code], [ErrorCode.WebsocketError, 'ERR_PROXY_TUNNEL']);
    assert.ok(error.message.includes(`http://127.0.0.1:${proxy.port}`), error.message);
    const { text } = seen;
    assertAbsent(text, [server.token, server.token.slice(5), ...formsOf(KNOWN)]);
    assert.ok(text.includes(`127.0.0.1:${proxy.port}`), 'the proxy is named somewhere');
    assert.equal(proxy.requests.length, 6);
    assert.equal(relay.connections, 5);
    for (const { headers } of server.upgrades) {
      const text = JSON.stringify(headers);
      assertAbsent(text, [server.token, ...formsOf(KNOWN)]);
      assert.ok(!('authorization' in headers) && !('proxy-authorization' in headers), text);
    }
    for (const { headers } of server.calls) assert.ok(!('proxy-authorization' in headers), JSON.stringify(headers));
    for (const { lines } of proxy.requests) assertAbsent(lines.join('\n'), [server.token]);
  });

  for (const [what, url] of Object.entries({
    'an unknown scheme': 'ftp://robot:S3CR3T-w0rd@proxy.example',
    'no host': 'http://robot:S3CR3T-w0rd@',
    'an invalid port': 'http://robot:S3CR3T-w0rd@proxy.example:99999',
    'no scheme': 'robot:S3CR3T-w0rd@proxy.example:8080',
    'a slash in the password': 'http://robot:S3CR3T-w0rd/x@proxy.example:8080',
  })) {
    better(
      WITHOUT,
      `is refused by the constructor with a TypeError without the password if its URL has ${what}`,
      async (t) => {
        const { client } = await openSlack(t);
        assert.throws(
          () => client({ proxy: url }),
          (error) => {
            assert.ok(error instanceof TypeError);
            assert.match(error.message, /proxy/);
            assertAbsent(`${inspect(error, { depth: 9, showHidden: true })}`, ['S3CR3T']);
            return true;
          },
        );
      },
    );
  }
});
