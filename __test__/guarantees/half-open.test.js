// Half-open connections: the server is unreachable, but no packet ends the connection. It is replaced in time.
'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { clientOf, next } = require('../support/client.js');
const { answerPings } = require('../support/outage-helpers.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { inOwnNetwork, layCable, missing } = require('../support/own-network.js');
const { TOLERANCE, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const DEFAULTS = {};
const SHORT = { clientPingTimeout: 600, serverPongTimeout: 400 };
const TIMEOUT = 60_000;

/** Makes a server send hello and answer pings. */
function greetAndAnswerPings(server) {
  server.greet = (socket) => {
    answerPings(socket);
    socket.hello();
  };
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const msOf = (figure) => 1000 * parseFloat(figure);

/**
 * Measures the time from the beginning of the silence to `reconnecting`, and to the new socket. The silence begins right after
 * traffic in both directions, when the next ping is farthest away.
 */
async function replacement(t, options) {
  const server = await scriptedServer(t);
  greetAndAnswerPings(server);
  const relay = await tcpRelay(t, server);
  const rtm = clientOf(t, server, options);
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  const socket = await server.nextSocket();
  const news = next(rtm, 'news');
  await Promise.all([rtm.send('typing', { channel: 'C1' }), socket.nextFrame('typing')]);
  socket.send({ type: 'news' });
  await news;
  const begin = performance.now();
  relay.silence();
  await next(rtm, 'reconnecting');
  const detected = performance.now() - begin;
  await server.nextSocket();
  return { detected, replaced: performance.now() - begin };
}

/** The same for a process in its own network namespace, whose virtual cable is cut. */
async function replacementAfterCut(t, options) {
  const server = await scriptedServer(t);
  greetAndAnswerPings(server);
  const child = inOwnNetwork(t, async ({ client, next, order, report }) => {
    report('up');
    const { token, slackApiUrl, options } = await order();
    const rtm = client(token, { slackApiUrl, ...options });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    rtm.on('reconnecting', () => report('reconnecting'));
    await rtm.send('typing', { channel: 'C1' });
  });
  assert.equal(await child.report(), 'up');
  const cable = layCable(t, child.pid);
  await tcpRelay(t, server, { host: cable.here });
  child.order({ token: server.token, slackApiUrl: server.apiUrl, options });
  const socket = await server.nextSocket();
  await socket.nextFrame('typing');
  const begin = performance.now();
  cable.cut();
  assert.equal(await child.report(), 'reconnecting');
  const detected = performance.now() - begin;
  cable.mend();
  await server.nextSocket();
  return { detected, replaced: performance.now() - begin };
}

const figuresOf = ({ detected, replaced }) => ({
  'detected after': seconds(detected),
  'new socket after': seconds(replaced),
});

/** Not before the pong timeout, and at most half a second after it. */
function assertInTime(figures, { clientPingTimeout = 6000, serverPongTimeout = 4000 }) {
  const due = clientPingTimeout + serverPongTimeout;
  for (const figure of Object.values(figures)) assert.ok(msOf(figure) <= due + 500 + TOLERANCE, figure);
  assert.ok(msOf(figures['detected after']) > serverPongTimeout, figures['detected after']);
}

describe('half-open connections', { concurrency: true }, () => {
  guarantee('a half-open connection is replaced within ping + pong + 0.5 s: default timeouts, 10.5 s', {
    timeout: TIMEOUT,
    measure: async (t) => figuresOf(await replacement(t, DEFAULTS)),
    check: (figures) => assertInTime(figures, DEFAULTS),
  });

  guarantee('a half-open connection is replaced within ping + pong + 0.5 s: short timeouts', {
    timeout: TIMEOUT,
    measure: async (t) => figuresOf(await replacement(t, SHORT)),
    check: (figures) => assertInTime(figures, SHORT),
  });

  const cut = 'a half-open connection is replaced within ping + pong + 0.5 s: the network cable is cut';
  if (missing) {
    test(cut, { skip: missing }, () => {});
  } else {
    guarantee(cut, {
      timeout: TIMEOUT,
      measure: async (t) => figuresOf(await replacementAfterCut(t, DEFAULTS)),
      check: (figures) => assertInTime(figures, DEFAULTS),
    });
  }
});
