// A proxy that does not let through: the errors, which name it, its log lines, and what none of them ever shows.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { ErrorCode, better, clientOf, keepingLogger, next, record } = require('./support/client.js');
const proxies = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const { answers, gate, missing, scriptedProxy, scriptedSocks, socksReply } = proxies;
const WITHOUT = 'it has no option `proxy`';
const ONCE = { retryConfig: { retries: 0 } };
const KNOWN = { user: 'robot', password: 'S3CR3T-w0rd' };
const WRONG = { user: 'r0b0t', password: 'WR0NG-w0rd' };

async function openSlack(t) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, { tls: { key, cert } });
  const door = await gate(t, server);
  return { server, door, client: (options) => clientOf(t, server, { tls: { ca }, ...options }) };
}

/** A port at which nobody listens. */
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Everything about a client that somebody could see or print, and its errors. */
function watch(rtm, logger) {
  const seen = [];
  const add = (value) => seen.push(inspect(value, { depth: 12, showHidden: true }), String(value?.stack));
  const look = () => seen.push(inspect(rtm, { depth: 12, showHidden: true }));
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, add);
  for (const name of ['connecting', 'connected', 'ready', 'reconnecting', 'disconnected']) rtm.on(name, look);
  return {
    add,
    get text() {
      look();
      return [...seen, ...logger.lines.map(({ text }) => text)].join('\n');
    },
  };
}

/** As it is, percent-encoded, and as Base64 has it, alone and with the user. */
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

/** start() fails by the proxy; its error, and all that was seen. */
async function fails(t, { client, server, door }, proxy, credentials) {
  const logger = keepingLogger();
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
  assert.deepEqual([server.calls.length, server.upgrades.length, door.connections], [0, 0, 0]);
  assertAbsent(seen.text, [server.token, server.token.slice(5), ...formsOf(credentials)]);
  return error;
}

/** How each program is reached by clients that it does not let through. */
const REFUSING = {
  'tinyproxy, wrong credentials': { program: 'tinyproxy', options: KNOWN, give: WRONG },
  'tinyproxy, a wrong password': { program: 'tinyproxy', options: KNOWN, give: { ...KNOWN, password: 'other' } },
  'tinyproxy, no credentials': { program: 'tinyproxy', options: KNOWN },
  'squid, wrong credentials': { program: 'squid', options: KNOWN, give: WRONG },
  'squid, no credentials': { program: 'squid', options: KNOWN },
  'microsocks, wrong credentials': { program: 'microsocks', options: KNOWN, give: WRONG },
  'microsocks, no credentials': { program: 'microsocks', options: KNOWN },
  'microsocks, socks5h, wrong credentials': { program: 'microsocks', options: KNOWN, give: WRONG, scheme: 'socks5h' },
  'dante, credentials of nobody': { program: 'dante', options: { demand: true }, give: WRONG },
  'dante, no credentials': { program: 'dante', options: { demand: true } },
  'dante, whose rules forbid it': { program: 'dante', options: { refuse: true } },
};

describe('a proxy that does not let through', { concurrency: 4, skip: noCertificates }, () => {
  for (const [what, { program, options, give, scheme }] of Object.entries(REFUSING)) {
    better(WITHOUT, `${what}: ERR_PROXY_TUNNEL`, async (t) => {
      if (missing[program]) return t.skip(missing[program]);
      const slack = await openSlack(t);
      const proxy = await proxies[program](t, options);
      const given = { user: undefined, password: undefined, ...give, ...(scheme && { scheme }) };
      const error = await fails(t, slack, proxy.urlWith(given), give ?? KNOWN);
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

    better(WITHOUT, `${scheme}: nobody listens there: ECONNREFUSED`, async (t) => {
      const port = await closedPort();
      const error = await fails(t, await openSlack(t), url(`127.0.0.1:${port}`), credentials);
      assert.equal(error.original.code, 'ECONNREFUSED');
      assert.ok(error.message.includes(`${scheme}://127.0.0.1:${port}`), error.message);
    });

    better(WITHOUT, `${scheme}: a name that nobody knows: ENOTFOUND`, async (t) => {
      const error = await fails(t, await openSlack(t), url('proxy.invalid:8080'), credentials);
      assert.equal(error.original.code, 'ENOTFOUND');
      assert.ok(error.message.includes(`${scheme}://proxy.invalid:8080`), error.message);
    });
  }

  for (const program of ['microsocks', 'dante']) {
    better(WITHOUT, `${program}: the target is not there: ECONNREFUSED, as without a proxy`, async (t) => {
      if (missing[program]) return t.skip(missing[program]);
      const slack = await openSlack(t);
      const proxy = await proxies[program](t);
      const slackApiUrl = `https://127.0.0.1:${await closedPort()}/api/`;
      const rtm = slack.client({ proxy: proxy.url, slackApiUrl, ...ONCE });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ECONNREFUSED']);
      return assert.equal(proxy.connections, 1);
    });
  }

  for (const program of ['tinyproxy', 'squid']) {
    better(WITHOUT, `${program}: the target is not there: ERR_PROXY_TUNNEL with its status`, async (t) => {
      if (missing[program]) return t.skip(missing[program]);
      const slack = await openSlack(t);
      const proxy = await proxies[program](t);
      const slackApiUrl = `https://127.0.0.1:${await closedPort()}/api/`;
      const rtm = slack.client({ proxy: proxy.url, slackApiUrl, ...ONCE });
      const error = await rtm.start().catch((reason) => reason);
      assert.deepEqual([error.code, error.original?.code], ['slack_webapi_request_error', 'ERR_PROXY_TUNNEL']);
      return assert.match(error.message, /\b50[0-9]\b/);
    });
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
    better(WITHOUT, `SOCKS refusal ${code} is ${expected}`, async (t) => {
      const proxy = await scriptedSocks(t, { ...KNOWN, request: () => socksReply(Number(code)) });
      const error = await fails(t, await openSlack(t), proxy.url, KNOWN);
      assert.equal(error.original.code, expected);
      assert.ok(error.message.includes(`socks5://127.0.0.1:${proxy.port}`), error.message);
    });
  }

  better(WITHOUT, 'credentials are tried once, not without them first, and not again', async (t) => {
    const proxy = await scriptedProxy(t, answers.demand('robot', 'other'));
    await fails(t, await openSlack(t), proxy.urlWith(KNOWN), KNOWN);
    assert.equal(proxy.requests.length, 1);
    const [{ headers }] = proxy.requests;
    assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('robot:S3CR3T-w0rd').toString('base64')}`);
  });

  better(WITHOUT, 'refused attempts are repeated by retryConfig, each through the proxy', async (t) => {
    const { server, door, client } = await openSlack(t);
    let left = 2;
    const [refuse, lead] = [answers.refuse(503), answers.tunnel()];
    const proxy = await scriptedProxy(t, (...args) => (left-- > 0 ? refuse : lead)(...args));
    const rtm = client({ proxy: proxy.url, retryConfig: { retries: 2, minTimeout: 5 } });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    assert.equal(proxy.requests.length, 4);
    assert.deepEqual([server.calls.length, door.connections], [1, 2]);
  });

  better(
    WITHOUT,
    'a life at debug, with a socket refused by the proxy, shows neither token nor password',
    async (t) => {
      const { server, door, client } = await openSlack(t);
      const logger = keepingLogger();
      const proxy = await scriptedProxy(t);
      const lead = answers.tunnel();
      proxy.handler = (...args) => (proxy.requests.length === 2 ? answers.refuse(407) : lead)(...args);
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
      assert.equal(door.connections, 5);
      for (const { headers } of server.upgrades) {
        const text = JSON.stringify(headers);
        assertAbsent(text, [server.token, ...formsOf(KNOWN)]);
        assert.ok(!('authorization' in headers) && !('proxy-authorization' in headers), text);
      }
      for (const { headers } of server.calls) assert.ok(!('proxy-authorization' in headers), JSON.stringify(headers));
      for (const { lines } of proxy.requests) assertAbsent(lines.join('\n'), [server.token]);
    },
  );

  for (const [what, url] of Object.entries({
    'a scheme it does not know': 'ftp://robot:S3CR3T-w0rd@proxy.example',
    'no host': 'http://robot:S3CR3T-w0rd@',
    'a port that is none': 'http://robot:S3CR3T-w0rd@proxy.example:99999',
    'no scheme': 'robot:S3CR3T-w0rd@proxy.example:8080',
    'a slash in the password': 'http://robot:S3CR3T-w0rd/x@proxy.example:8080',
  })) {
    better(WITHOUT, `${what}: the constructor throws a TypeError that does not show the password`, async (t) => {
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
    });
  }
});
