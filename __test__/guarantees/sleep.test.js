// The laptop sleeps: the client's process is stopped for a while, and goes on. Its clock has jumped by then. What a
// longer sleep comes to in each state is in tests/session/sleep.rs, on a fake clock.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { setTimeout: elapse } = require('node:timers/promises');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { answerPings } = require('../support/outage-helpers.js');
const { SLACK, isFull, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const SLEEP = isFull ? 120_000 : 15_000;

/** So long after a sleep is looked at what should not happen. */
const AFTERWARDS = 5000;

/** With the default options: silence, a ping, its pong's time, and the longest first pause. */
const NOTICED = 10_000;
const PAUSE = 1000;

/** For what happens sooner or later. */
const PATIENCE = 20_000;

const CLIENTS = 20;
const NEWS = 1000;

const START = ['connecting', 'authenticated', 'connected', 'ready'];

/**
 * Clients that report their lifecycle events, and when they have heard all `news` in order. Those that talk send
 * something all the time, from their first ping on: their code goes on at once after a sleep.
 */
function bots({ client, input: { clients, news, talk }, report }) {
  report({ pid: process.pid });
  for (let n = 0; n < clients; n += 1) {
    const rtm = client();
    const names = ['connecting', 'authenticated', 'connected', 'ready', 'reconnecting', 'disconnected', 'error'];
    for (const event of names) rtm.on(event, () => report({ event, at: Date.now() }));
    let heard = 0;
    rtm.on('news', (event) => {
      if (event.n === heard) heard += 1;
      if (heard === news) report({ heard });
    });
    rtm.on('outgoing_message', ({ type }) => {
      if (type === 'ping' && talk) setInterval(() => rtm.sendTyping('C1').catch(() => {}), 5);
    });
    rtm.start();
  }
}

/** Clients of a server, in a process that can be put to sleep. */
async function sleepers(t, server, input) {
  const child = inProcess(t, server, bots, { input: { clients: 1, news: 0, talk: false, ...input } });
  const { pid } = await child.report();
  return {
    /** The next report of `ready`; nothing, when none comes within this time. */
    async ready(patience) {
      const isOver = new AbortController();
      const late = elapse(patience, undefined, { signal: isOver.signal }).catch(() => {});
      const ready = async () => {
        let report = await child.report();
        while (report.event !== 'ready') report = await child.report();
        return report;
      };
      const first = await Promise.race([ready(), late]);
      isOver.abort();
      return first;
    },
    /** Stops the process, after which something is done, and has it go on later. Gives the moment of waking. */
    async sleep(afterwards) {
      process.kill(pid, 'SIGSTOP');
      afterwards();
      // The sleep itself.
      await elapse(SLEEP);
      process.kill(pid, 'SIGCONT');
      return Date.now();
    },
    /** All that was reported, up to some time from now. */
    async afterwards() {
      // What should not happen would happen in this time.
      await elapse(AFTERWARDS);
      process.kill(pid, 'SIGKILL');
      return (await child.ended).reports;
    },
  };
}

const namesOf = (reports) => reports.map(({ event }) => event).filter((event) => event !== undefined);

/** The figures of a client that is cut off from its server while it sleeps. */
async function cutOff(t, cut) {
  const server = await scriptedServer(t);
  const door = await tcpRelay(t, server);
  server.greet = (socket) => {
    answerPings(socket);
    socket.hello();
  };
  const bot = await sleepers(t, server);
  await bot.ready(PATIENCE);
  const woken = await bot.sleep(() => cut(server, door));
  const ready = await bot.ready(PATIENCE);
  const names = namesOf(await bot.afterwards());
  return {
    'ready after waking': ready ? `${((ready.at - woken) / 1000).toFixed(1)} s` : `not within ${PATIENCE / 1000} s`,
    'events since the start': names.slice(START.length).join(', ') || 'none',
    'connect calls': server.calls.length - 1,
  };
}

function oneReconnect(figures, deadline) {
  assert.ok(Number.parseFloat(figures['ready after waking']) * 1000 <= deadline + SLACK, figures['ready after waking']);
  assert.equal(figures['events since the start'], ['reconnecting', ...START].join(', '));
  assert.equal(figures['connect calls'], 1);
}

/** Windows has no signals that stop a process. */
const NO_SIGNALS = process.platform === 'win32' && 'there is no SIGSTOP';

describe('a laptop that sleeps', { concurrency: true }, () => {
  guarantee('the process sleeps while the server keeps sending: no reconnect, and no event is lost', {
    skip: NO_SIGNALS,
    measure: async (t) => {
      const server = await scriptedServer(t);
      const bot = await sleepers(t, server, { clients: CLIENTS, news: NEWS, talk: true });
      const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => server.nextSocket()));
      // The worst of moments: pings have gone out, and no pong has come yet.
      const pings = await Promise.all(sockets.map((socket) => socket.nextFrame('ping')));
      await bot.sleep(() => {
        sockets.forEach((socket, n) => {
          for (let news = 0; news < NEWS; news += 1) socket.send({ type: 'news', n: news });
          socket.send({ type: 'pong', reply_to: pings[n].id });
          answerPings(socket);
        });
      });
      const reports = await bot.afterwards();
      return {
        reconnects: `${namesOf(reports).filter((name) => name === 'reconnecting').length} of ${CLIENTS} clients`,
        'received all events': `${reports.filter(({ heard }) => heard).length} of ${CLIENTS} clients`,
      };
    },
    check: (figures) => {
      assert.equal(figures.reconnects, `0 of ${CLIENTS} clients`);
      assert.equal(figures['received all events'], `${CLIENTS} of ${CLIENTS} clients`);
    },
  });

  guarantee('the process sleeps, and the connection is lost without notice: one orderly reconnect', {
    skip: NO_SIGNALS,
    measure: (t) => cutOff(t, (server, door) => door.silence()),
    check: (figures) => oneReconnect(figures, NOTICED + PAUSE),
  });

  guarantee('the process sleeps, and the server closes the connection: one orderly reconnect', {
    skip: NO_SIGNALS,
    measure: (t) => cutOff(t, (server) => server.sockets[0].drop()),
    check: (figures) => oneReconnect(figures, PAUSE),
  });
});
