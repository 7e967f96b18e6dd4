// A laptop that sleeps: the client's process is stopped for a while and then continues, and its clock has jumped.
// tests/session/sleep.rs has longer sleeps in every state, on a fake clock.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { setTimeout: elapse } = require('node:timers/promises');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { answerPings } = require('../support/outage-helpers.js');
const { TOLERANCE, guarantee, isFull } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const SLEEP = isFull ? 120_000 : 15_000;

/** The time after a sleep in which nothing else may happen, in ms. */
const AFTERWARDS = 5000;

/** With the default options, in ms: the time until a silent connection is detected, and the longest first pause. */
const DETECTED = 10_000;
const PAUSE = 1000;

/** The time limit for `ready`, in ms. */
const LIMIT = 20_000;

const CLIENTS = 20;
const EVENTS = 1000;

const START = ['connecting', 'authenticated', 'connected', 'ready'];

/**
 * Clients that report their lifecycle events, and when they have received all events in order. If `sends` is true, they send messages
 * all the time after their first ping, so that their code runs immediately after a sleep.
 */
function runClients({ client, input: { clients, events, sends }, report }) {
  report({ pid: process.pid });
  for (let n = 0; n < clients; n += 1) {
    const rtm = client();
    const names = ['connecting', 'authenticated', 'connected', 'ready', 'reconnecting', 'disconnected', 'error'];
    for (const event of names) rtm.on(event, () => report({ event, at: Date.now() }));
    let received = 0;
    rtm.on('news', (event) => {
      if (event.n === received) received += 1;
      if (received === events) report({ received });
    });
    rtm.on('outgoing_message', ({ type }) => {
      if (type === 'ping' && sends) setInterval(() => rtm.sendTyping('C1').catch(() => {}), 5);
    });
    rtm.start();
  }
}

/** Runs clients of a server in a process that can be put to sleep. */
async function sleepingClients(t, server, input) {
  const child = inProcess(t, server, runClients, { input: { clients: 1, events: 0, sends: false, ...input } });
  const { pid } = await child.report();
  return {
    /** The next report of `ready`, or undefined after the time limit. */
    async ready(limit) {
      const isOver = new AbortController();
      const late = elapse(limit, undefined, { signal: isOver.signal }).catch(() => {});
      const ready = async () => {
        let report = await child.report();
        while (report.event !== 'ready') report = await child.report();
        return report;
      };
      const first = await Promise.race([ready(), late]);
      isOver.abort();
      return first;
    },
    /** Stops the process, calls `during`, and continues the process later. Resolves with the time of waking. */
    async sleep(during) {
      process.kill(pid, 'SIGSTOP');
      during();
      await elapse(SLEEP);
      process.kill(pid, 'SIGCONT');
      return Date.now();
    },
    /** Waits some time longer, ends the process, and resolves with all of its reports. */
    async end() {
      await elapse(AFTERWARDS);
      process.kill(pid, 'SIGKILL');
      return (await child.ended).reports;
    },
  };
}

const namesOf = (reports) => reports.map(({ event }) => event).filter((event) => event !== undefined);

/** The figures of a client whose connection is lost while it sleeps. */
async function sleepThroughLoss(t, lose) {
  const server = await scriptedServer(t);
  const relay = await tcpRelay(t, server);
  server.greet = (socket) => {
    answerPings(socket);
    socket.hello();
  };
  const bot = await sleepingClients(t, server);
  await bot.ready(LIMIT);
  const woken = await bot.sleep(() => lose(server, relay));
  const ready = await bot.ready(LIMIT);
  const names = namesOf(await bot.end());
  return {
    'ready after waking': ready ? `${((ready.at - woken) / 1000).toFixed(1)} s` : `not within ${LIMIT / 1000} s`,
    'lifecycle events after waking': names.slice(START.length).join(', ') || 'none',
    'connect calls': server.calls.length - 1,
  };
}

function assertOneReconnect(figures, deadline) {
  assert.ok(
    Number.parseFloat(figures['ready after waking']) * 1000 <= deadline + TOLERANCE,
    figures['ready after waking'],
  );
  assert.equal(figures['lifecycle events after waking'], ['reconnecting', ...START].join(', '));
  assert.equal(figures['connect calls'], 1);
}

/** Windows cannot stop a process. */
const NO_SIGSTOP = process.platform === 'win32' && 'there is no SIGSTOP';

describe('a laptop that sleeps', { concurrency: true }, () => {
  guarantee('the process sleeps while the server sends events: no reconnect, and no event is lost', {
    skip: NO_SIGSTOP,
    measure: async (t) => {
      const server = await scriptedServer(t);
      const bot = await sleepingClients(t, server, { clients: CLIENTS, events: EVENTS, sends: true });
      const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => server.nextSocket()));
      // The worst moment: pings have been sent, and no pong has arrived.
      const pings = await Promise.all(sockets.map((socket) => socket.nextFrame('ping')));
      await bot.sleep(() => {
        sockets.forEach((socket, n) => {
          for (let event = 0; event < EVENTS; event += 1) socket.send({ type: 'news', n: event });
          socket.send({ type: 'pong', reply_to: pings[n].id });
          answerPings(socket);
        });
      });
      const reports = await bot.end();
      return {
        reconnects: `${namesOf(reports).filter((name) => name === 'reconnecting').length} of ${CLIENTS} clients`,
        'received all events': `${reports.filter(({ received }) => received).length} of ${CLIENTS} clients`,
      };
    },
    check: (figures) => {
      assert.equal(figures.reconnects, `0 of ${CLIENTS} clients`);
      assert.equal(figures['received all events'], `${CLIENTS} of ${CLIENTS} clients`);
    },
  });

  guarantee('the process sleeps, and the connection is lost silently: one reconnect', {
    skip: NO_SIGSTOP,
    measure: (t) => sleepThroughLoss(t, (server, relay) => relay.silence()),
    check: (figures) => assertOneReconnect(figures, DETECTED + PAUSE),
  });

  guarantee('the process sleeps, and the server ends the connection: one reconnect', {
    skip: NO_SIGSTOP,
    measure: (t) => sleepThroughLoss(t, (server) => server.sockets[0].drop()),
    check: (figures) => assertOneReconnect(figures, PAUSE),
  });
});
