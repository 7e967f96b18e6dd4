// Half-open connections: the other end is gone and no packet says so. Owns how soon such a connection is replaced.
'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { clientOf, next } = require('../support/client.js');
const { answerPings } = require('../support/outage-helpers.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { inOwnNetwork, layCable, missing } = require('../support/own-network.js');
const { SLACK, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const DEFAULTS = {};
const SHORT = { clientPingTimeout: 600, serverPongTimeout: 400 };
const LONGEST_MS = 60_000;

/** A server that greets, and answers pings. */
function attend(server) {
  server.greet = (socket) => {
    answerPings(socket);
    socket.hello();
  };
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const msOf = (figure) => 1000 * parseFloat(figure);

/**
 * From the moment of silence to `reconnecting`, and to the new socket. The silence begins when traffic has just been
 * seen to go both ways, which is when the next ping is farthest.
 */
async function replacement(t, options) {
  const server = await scriptedServer(t);
  attend(server);
  const wire = await tcpRelay(t, server);
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
  wire.silence();
  await next(rtm, 'reconnecting');
  const noticed = performance.now() - begin;
  await server.nextSocket();
  return { noticed, replaced: performance.now() - begin };
}

/** The same over a cable that is cut, for a process in a network of its own. */
async function replacementAfterCut(t, options) {
  const server = await scriptedServer(t);
  attend(server);
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
  const noticed = performance.now() - begin;
  cable.mend();
  await server.nextSocket();
  return { noticed, replaced: performance.now() - begin };
}

const told = ({ noticed, replaced }) => ({ 'detected after': seconds(noticed), 'new socket after': seconds(replaced) });

/** Not before the pong is overdue, and at most half a second after it. */
function assertInTime(figures, { clientPingTimeout = 6000, serverPongTimeout = 4000 }) {
  const due = clientPingTimeout + serverPongTimeout;
  for (const figure of Object.values(figures)) assert.ok(msOf(figure) <= due + 500 + SLACK, figure);
  assert.ok(msOf(figures['detected after']) > serverPongTimeout, figures['detected after']);
}

describe('a half-open connection is replaced', { concurrency: true }, () => {
  guarantee('a half-open connection is replaced within ping + pong + 0.5 s, 10.5 s at the defaults', {
    timeout: LONGEST_MS,
    measure: async (t) => told(await replacement(t, DEFAULTS)),
    check: (figures) => assertInTime(figures, DEFAULTS),
  });

  guarantee('a half-open connection is replaced within ping + pong + 0.5 s, with short timeouts', {
    timeout: LONGEST_MS,
    measure: async (t) => told(await replacement(t, SHORT)),
    check: (figures) => assertInTime(figures, SHORT),
  });

  const cut = 'a half-open connection is replaced within ping + pong + 0.5 s, also with a dropped route';
  if (missing) {
    test(cut, { skip: missing }, () => {});
  } else {
    guarantee(cut, {
      timeout: LONGEST_MS,
      measure: async (t) => told(await replacementAfterCut(t, DEFAULTS)),
      check: (figures) => assertInTime(figures, DEFAULTS),
    });
  }
});
