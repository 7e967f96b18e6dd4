// A hundred forced reconnects, of 25 clients in one process, four of each, since pauses grow with every loss: at the
// server it is seen that no client ever has two sockets, in the process that nothing is leaked. Tasks of the network
// side are counted in tests/driver/lifetime.rs. Linux only, since it looks into /proc.
'use strict';

const assert = require('node:assert/strict');
const { isSlackRtmApi } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { answerPings } = require('../support/outage-helpers.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const CLIENTS = 25;
const LOSSES = 4;
const KB = 1024;

/** In kB. A hundred connections, had they stayed, would be more. */
const MOST_GROWTH = 500;

/**
 * How a connection is lost, and when: once the client is ready, while a message waits for its reply, while a call of
 * the Web API is under way, right after hello, or half-way through the upgrade.
 */
const MEANS = [
  { when: 'ready', lose: (socket) => socket.drop() },
  { when: 'ready', lose: (socket) => socket.reset() },
  { when: 'ready', lose: (socket) => socket.close(1012, 'restart') },
  { when: 'ready', lose: (socket) => socket.send({ type: 'team_migration_started' }) },
  { when: 'ready', lose: (socket) => socket.ws._socket.end('no frame at all') },
  { when: 'message', lose: (socket) => socket.drop() },
  { when: 'call', lose: (socket) => socket.reset() },
  { when: 'hello', lose: (socket) => socket.close(1000) },
  { when: 'hello', lose: (socket) => socket.drop() },
  { when: 'upgrade', lose: (tcp) => tcp.end('HTTP/1.1 101 Switching Proto') },
  { when: 'upgrade', lose: (tcp) => tcp.resetAndDestroy() },
];

/** The ways for the n-th client; the first connection stands until all clients have one, so it is lost once ready. */
function waysOf(n) {
  const first = MEANS.filter(({ when }) => when !== 'hello' && when !== 'upgrade');
  const others = Array.from({ length: LOSSES - 1 }, (_, k) => MEANS[(n * (LOSSES - 1) + k) % MEANS.length]);
  return [first[n % first.length], ...others];
}

/** A server with one client, which it loses in these ways, one after the other. */
class Loser {
  /** How many sockets the client has had at once, at most. */
  most = 0;
  #open = 0;
  #ways;

  constructor(server, ways) {
    this.server = server;
    this.#ways = [...ways];
    server.greet = (socket) => this.#greet(socket);
    server.responses.push(...Array(100).fill((request, response, { url }) => this.#answer(response, url)));
    /** The socket of the client that is ready for the first time, and for the last time. */
    this.first = new Promise((resolve) => (this.isReadyFirst = resolve));
    this.last = new Promise((resolve) => (this.isReadyLast = resolve));
  }

  /** Loses the client, until all ways are used up. */
  begin(socket) {
    const way = this.#ways.shift();
    const [after] = this.#ways;
    if (after?.when === 'upgrade') this.server.refusals.push((request, tcp) => this.#breakOff(tcp));
    if (way.when === 'message') {
      socket.send({ type: 'talk' });
      socket.nextFrame('message').then(() => way.lose(socket));
    } else if (way.when === 'call') {
      this.duringCall = () => way.lose(socket);
      socket.send({ type: 'call' });
    } else {
      way.lose(socket);
    }
  }

  #breakOff(tcp) {
    this.#watch(tcp);
    this.begin(tcp);
  }

  #greet(socket) {
    this.#watch(socket.ws._socket);
    socket.hello();
    answerPings(socket);
    if (this.server.sockets.length === 1) socket.nextFrame('typing').then(() => this.isReadyFirst(socket));
    else if (this.#ways.length === 0) socket.nextFrame('typing').then(() => this.isReadyLast(socket));
    else if (this.#ways[0].when === 'hello') this.begin(socket);
    else socket.nextFrame('typing').then(() => this.begin(socket));
  }

  #answer(response, url) {
    if (url.endsWith('api.test')) this.duringCall();
    response.end(JSON.stringify(this.server.connectResponse()));
  }

  #watch(tcp) {
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    tcp.once('close', () => (this.#open -= 1));
  }
}

/** Clients that tell what is open: when all are ready, when all are so again after the losses, and after their end. */
async function bots({ client, input: { urls, isSlackRtmApi }, next, report }) {
  const { readdirSync } = require('node:fs');
  const { setTimeout: elapse } = require('node:timers/promises');
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  const rtms = urls.map((slackApiUrl) => client({ slackApiUrl, logger: pauseLogger() }));
  const listenersOf = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  const count = () => ({
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    resources: process.getActiveResourcesInfo().length,
    listeners: [process, ...rtms].map(listenersOf).reduce((one, other) => one + other),
  });
  const look = async () => {
    for (let round = 0; round < 5; round += 1) {
      global.gc();
      await new Promise(setImmediate);
    }
    return { ...count(), heap: process.memoryUsage().heapUsed, reconnects, unsettled };
  };
  // What has been closed is gone soon, not at once.
  const lookAgain = async (before) => {
    const isMore = () => Object.entries(count()).some(([what, number]) => number > before[what]);
    for (let n = 0; n < 100 && isMore(); n += 1) await elapse(50);
    return look();
  };
  let reconnects = 0;
  let unsettled = 0;
  const settle = (promise) => {
    unsettled += 1;
    promise.catch(() => {}).finally(() => (unsettled -= 1));
  };
  for (const rtm of rtms) {
    rtm.on('error', () => {});
    rtm.on('reconnecting', () => (reconnects += 1));
    rtm.on('ready', () => settle(rtm.sendTyping('C1')));
    rtm.on('talk', () => settle(rtm.sendMessage('hello', 'C1')));
    rtm.on('call', () => settle((isSlackRtmApi ? rtm.webClient : rtm).apiCall('api.test')));
  }
  const looked = new Promise((resolve) => rtms[0].on('look', resolve));
  const idle = await look();
  await Promise.all(rtms.map((rtm) => Promise.all([rtm.start(), next(rtm, 'ready')])));
  const before = await look();
  report(before);
  await looked;
  const after = await lookAgain(before);
  await Promise.all(rtms.map((rtm) => rtm.disconnect()));
  report({ after, idle, end: await lookAgain(idle) });
}

/** What there is more of, in words. (`unsettled` are promises.) */
function more(before, after) {
  const names = ['files', 'threads', 'resources', 'listeners', 'unsettled'];
  return names.filter((what) => after[what] > before[what]).map((what) => `${after[what] - before[what]} ${what}`);
}

guarantee('100 forced reconnects: never two sockets, and no leaked listener, timer, thread or file descriptor', {
  skip: process.platform !== 'linux' && 'it looks into /proc',
  measure: async (t) => {
    const losers = [];
    for (let n = 0; n < CLIENTS; n += 1) losers.push(new Loser(await scriptedServer(t), waysOf(n)));
    const urls = losers.map(({ server }) => server.apiUrl);
    const child = inProcess(t, losers[0].server, bots, { input: { urls, isSlackRtmApi }, flags: ['--expose-gc'] });
    const before = await child.report();
    await Promise.all(losers.map(async (loser) => loser.begin(await loser.first)));
    const sockets = await Promise.all(losers.map(({ last }) => last));
    sockets[0].send({ type: 'look' });
    const { after, idle, end } = await child.report();
    const { code } = await child.ended;
    const rest = [...more(before, after), ...more(idle, end)];
    if (code !== 0) rest.push(`a process that ends with ${code}`);
    const most = Math.max(...losers.map((loser) => loser.most));
    return {
      'reconnects, and sockets of a client at once': `${after.reconnects}, ${most}`,
      leaked: rest.join(', ') || 'nothing',
      'growth of the heap': `${Math.round((after.heap - before.heap) / KB)} kB`,
    };
  },
  check: (figures) => {
    assert.equal(figures['reconnects, and sockets of a client at once'], `${CLIENTS * LOSSES}, 1`);
    assert.equal(figures.leaked, 'nothing');
    assert.ok(Number.parseInt(figures['growth of the heap'], 10) < MOST_GROWTH, figures['growth of the heap']);
  },
});
