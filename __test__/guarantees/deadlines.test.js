// Deadlines: a server, a proxy or a resolver stops responding at every point where a client waits for it.
'use strict';

const assert = require('node:assert/strict');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { SocksProxyAgent } = require('socks-proxy-agent');
const { RTMClient, isSlackRtmApi, recordingLogger, next } = require('../support/client.js');
const { atEnd } = require('../support/cleanup.js');
const { fullBacklogServer, silentServer, outcomeWithin } = require('../support/unresponsive-servers.js');
const { inOwnNetwork, missing } = require('../support/own-network.js');
const { TOLERANCE, guarantee } = require('../support/guarantee.js');
const { proxyHandlers, scriptedProxy, scriptedSocks, socksReply } = require('../support/scripted-proxies.js');
const { scriptedServer } = require('../support/scripted-server.js');

/** The value of requestTimeout and of connectTimeout, in ms. */
const LIMIT = 700;

/** A wait that takes longer has no deadline, in ms. */
const FOREVER = 10_000;

/** The deadline of `disconnect()`, which no option changes. */
const CLOSE_LIMIT = 5000;

const OPTIONS = { requestTimeout: LIMIT, connectTimeout: LIMIT, autoReconnect: false, retryConfig: { retries: 0 } };

const isLinux = process.platform === 'linux';
const silent = () => {};

/** Handles the first request with `good`, and leaves later ones without a response. */
function firstOnly(good) {
  let count = 0;
  return (...args) => (count++ === 0 ? good(...args) : undefined);
}

function byteASecond(response) {
  response.writeHead(200);
  const timer = setInterval(() => response.write('a'), 1000);
  response.on('close', () => clearInterval(timer));
}

/**
 * The points at which a connect call waits. Each function may return options for the client.
 * @type {Record<string, (t: any, server: any) => Promise<object | void>>}
 */
const CALL = {
  'TLS handshake': async (t) => ({ slackApiUrl: `https://127.0.0.1:${await silentServer(t)}/api/` }),
  'HTTP proxy': async (t) => {
    const proxy = await scriptedProxy(t, proxyHandlers.silence());
    return { agent: new HttpsProxyAgent(proxy.url) };
  },
  'SOCKS proxy': async (t) => {
    const proxy = await scriptedSocks(t, { greeting: silent });
    return { agent: new SocksProxyAgent(proxy.url) };
  },
  'response: no byte': async (t, server) => void server.responses.push(silent),
  'response: no end': async (t, server) => void server.responses.push((_, response) => response.write('{"ok":true,')),
  'response: one byte per second': async (t, server) =>
    void server.responses.push((_, response) => byteASecond(response)),
};

/** The points at which a socket waits. */
const SOCKET = {
  'TLS handshake': async (t, server) => {
    server.responses.push(server.connectResponse({ url: `wss://127.0.0.1:${await silentServer(t)}/socket` }));
  },
  'HTTP proxy': async (t) => {
    const proxy = await scriptedProxy(t, firstOnly(proxyHandlers.tunnel()));
    return { agent: new HttpsProxyAgent(proxy.url) };
  },
  'SOCKS proxy': async (t) => {
    const proxy = await scriptedSocks(t, { request: firstOnly(() => socksReply(0)) });
    return { agent: new SocksProxyAgent(proxy.url) };
  },
  'upgrade: no byte of the response': async (t, server) => void server.refusals.push(silent),
  'upgrade: no end of the response': async (t, server) => {
    server.refusals.push((request, tcp) => tcp.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: '));
  },
  hello: async (t, server) => void (server.greet = silent),
};

if (isLinux) {
  CALL['TCP connect'] = async (t) => ({ slackApiUrl: `http://127.0.0.1:${await fullBacklogServer(t)}/api/` });
  SOCKET['TCP connect'] = async (t, server) => {
    server.responses.push(server.connectResponse({ url: `ws://127.0.0.1:${await fullBacklogServer(t)}/socket` }));
  };
}

/** The points at which a close handshake waits. */
const CLOSE = {
  'close handshake: no byte': (socket) => socket.ws.pause(),
  'close handshake: events instead': (socket) => {
    socket.ws.pause(); // The server stops reading, but continues to write.
    const timer = setInterval(() => socket.send({ type: 'news' }), 10);
    socket.closed.then(() => clearInterval(timer));
  },
};

/** A client that disconnects when the test ends. `@slack/rtm-api` is not disconnected, because it may never resolve. */
async function clientOf(t, prepare) {
  const server = await scriptedServer(t);
  const options = { slackApiUrl: server.apiUrl, ...OPTIONS, ...(await prepare(t, server)) };
  const rtm = new RTMClient(server.token, { logger: recordingLogger(), ...options });
  atEnd(t, () => isSlackRtmApi || rtm.disconnect());
  return { server, rtm };
}

async function connectCall(t, prepare) {
  const { rtm } = await clientOf(t, prepare);
  return outcomeWithin(rtm.start(), FOREVER);
}

/** Waits from the moment when the client opens the socket. */
async function socket(t, prepare) {
  const { rtm } = await clientOf(t, prepare);
  const ended = next(rtm, 'disconnected').then(([error]) => {
    throw error;
  });
  ended.catch(silent);
  await rtm.start();
  return outcomeWithin(ended, FOREVER);
}

async function disconnect(t, stop) {
  const { server, rtm } = await clientOf(t, async () => {});
  const connected = next(rtm, 'connected');
  await rtm.start();
  await connected;
  stop(await server.nextSocket());
  return outcomeWithin(rtm.disconnect(), FOREVER);
}

/** Waits for a resolver that does not respond: for the connect call, or for the socket if `isSocket`. */
async function nameLookup(t, isSocket) {
  const child = inOwnNetwork(
    t,
    async ({ client, input, next, report, run }) => {
      const { writeFileSync } = require('node:fs');
      // The resolver itself must not give up first.
      const file = `/tmp/resolv.conf.${process.pid}`;
      writeFileSync(file, 'nameserver 127.0.0.1\noptions timeout:30 attempts:3\n');
      run('mount', '--bind', file, '/etc/resolv.conf');
      require('node:fs').unlinkSync(file);
      let asked = 0;
      const resolver = require('node:dgram').createSocket('udp4', () => (asked += 1));
      await new Promise((resolve) => resolver.bind(53, '127.0.0.1', resolve));
      const { scriptedServer } = require('./__test__/support/scripted-server.js');
      const { outcomeWithin } = require('./__test__/support/unresponsive-servers.js');
      const server = await scriptedServer({ after() {} });
      const nowhere = server.apiUrl.replace('127.0.0.1', 'slack.test');
      server.responses.push(server.connectResponse({ url: 'ws://slack.test/socket' }));
      const slackApiUrl = input.isSocket ? server.apiUrl : nowhere;
      const rtm = client(server.token, { ...input.options, slackApiUrl });
      const ended = next(rtm, 'disconnected').then(([error]) => {
        throw error;
      });
      ended.catch(() => {});
      const started = rtm.start();
      if (input.isSocket) await started;
      const { waited, hangs, error } = await outcomeWithin(input.isSocket ? ended : started, input.longest);
      const { code, message, original } = error ?? {};
      report({ waited, hangs, asked, error: error && { code, message, original: { code: original?.code } } });
    },
    { isSocket, options: OPTIONS, longest: FOREVER },
  );
  return child.report();
}

/**
 * Runs all waits at once. Resolves with how each ended, and how it must end.
 * @typedef {{ name: string, limit: number, code?: string, waited: number, hangs?: boolean, error?: any }} Wait
 * @returns {Promise<Wait[]>}
 */
function allWaits(t) {
  const begun = [];
  const add = (name, ended, expected) => begun.push(ended.then((outcome) => ({ name, ...expected, ...outcome })));
  const failed = { limit: LIMIT, code: 'slack_webapi_request_error' };
  const lost = { limit: LIMIT, code: 'slack_rtmapi_websocket_error' };
  for (const [name, prepare] of Object.entries(CALL)) add(`connect call, ${name}`, connectCall(t, prepare), failed);
  for (const [name, prepare] of Object.entries(SOCKET)) add(`socket, ${name}`, socket(t, prepare), lost);
  for (const [name, stop] of Object.entries(CLOSE)) add(name, disconnect(t, stop), { limit: CLOSE_LIMIT });
  if (missing) {
    t.diagnostic(`without DNS: ${missing}`);
  } else {
    add('connect call, DNS', nameLookup(t, false), failed);
    add('socket, DNS', nameLookup(t, true), lost);
  }
  return Promise.all(begun);
}

/** @param {Wait} wait */
function assertEnded({ name, limit, code, waited, hangs, error }) {
  assert.ok(!hangs, `${name}: no deadline`);
  const tolerance = limit === CLOSE_LIMIT ? 0 : TOLERANCE;
  assert.ok(waited <= limit + tolerance, `${name}: ${waited} ms`);
  assert.equal(error?.code, code, `${name}: ${error?.message}`);
  if (code === undefined) return;
  assert.ok(waited > limit / 2, `${name}: ${waited} ms, so the deadline was not the cause`);
  assert.equal(error.original.code, 'ETIMEDOUT', `${name}: ${error.message}`);
  assert.match(error.message, new RegExp(`\\b${limit} ms`), name);
}

/** @type {Wait[]} */
let allOutcomes = [];

guarantee('every wait has a deadline: DNS, TCP, TLS, proxy, HTTP response, upgrade, hello, close handshake', {
  measure: async (t) => {
    allOutcomes = await allWaits(t);
    const ended = allOutcomes.filter(({ hangs }) => !hangs);
    const closing = allOutcomes.filter(({ name }) => name in CLOSE).map(({ waited }) => waited);
    return {
      'waits with a deadline': `${ended.length} of ${allOutcomes.length}`,
      'disconnect() resolves after': `${(Math.max(...closing) / 1000).toFixed(1)} s`,
    };
  },
  check: () => {
    assert.ok(allOutcomes.length >= 14);
    allOutcomes.forEach(assertEnded);
  },
});
