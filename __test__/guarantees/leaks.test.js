// A hundred forced reconnects: 25 clients in one process lose four connections each, because the pauses grow with each loss.
// The server checks that no client ever has two sockets, and the process checks that nothing leaks. tests/driver/lifetime.rs
// counts the native tasks. Linux only, because it reads /proc.
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

/** In kB. A hundred leaked connections would be more. */
const MOST_GROWTH = 500;

/**
 * How and when a connection is lost: once the client is ready, while a message waits for its reply, during a Web API call,
 * right after hello, or in the middle of the upgrade.
 */
const LOSS_KINDS = [
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

/** The losses of client `n`. The first connection stays open until all clients have one, so it is lost once ready. */
function lossesOf(n) {
  const first = LOSS_KINDS.filter(({ when }) => when !== 'hello' && when !== 'upgrade');
  const others = Array.from({ length: LOSSES - 1 }, (_, k) => LOSS_KINDS[(n * (LOSSES - 1) + k) % LOSS_KINDS.length]);
  return [first[n % first.length], ...others];
}

/** Ends the connections of a server's only client, one after the other. */
class ConnectionBreaker {
  /** The largest number of sockets that the client had at once. */
  most = 0;
  #open = 0;
  #losses;

  constructor(server, losses) {
    this.server = server;
    this.#losses = [...losses];
    server.greet = (socket) => this.#greet(socket);
    server.responses.push(...Array(100).fill((request, response, { url }) => this.#respond(response, url)));
    /** Resolve with the client's socket when the client is ready for the first and for the last time. */
    this.first = new Promise((resolve) => (this.isReadyFirst = resolve));
    this.last = new Promise((resolve) => (this.isReadyLast = resolve));
  }

  /** Causes the next loss. The losses after it follow by themselves. */
  begin(socket) {
    const loss = this.#losses.shift();
    const [after] = this.#losses;
    if (after?.when === 'upgrade') this.server.refusals.push((request, tcp) => this.#breakOff(tcp));
    if (loss.when === 'message') {
      socket.send({ type: 'talk' });
      socket.nextFrame('message').then(() => loss.lose(socket));
    } else if (loss.when === 'call') {
      this.duringCall = () => loss.lose(socket);
      socket.send({ type: 'call' });
    } else {
      loss.lose(socket);
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
    else if (this.#losses.length === 0) socket.nextFrame('typing').then(() => this.isReadyLast(socket));
    else if (this.#losses[0].when === 'hello') this.begin(socket);
    else socket.nextFrame('typing').then(() => this.begin(socket));
  }

  #respond(response, url) {
    if (url.endsWith('api.test')) this.duringCall();
    response.end(JSON.stringify(this.server.connectResponse()));
  }

  #watch(tcp) {
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    tcp.once('close', () => (this.#open -= 1));
  }
}

/** Clients that count what is open: when all are ready, when all are ready again after the losses, and after their end. */
async function runClients({ client, input: { urls, isSlackRtmApi }, next, report }) {
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
  const snapshot = async () => {
    for (let round = 0; round < 5; round += 1) {
      global.gc();
      await new Promise(setImmediate);
    }
    return { ...count(), heap: process.memoryUsage().heapUsed, reconnects, unsettled };
  };
  // Closed resources disappear soon, not immediately.
  const settledSnapshot = async (before) => {
    const isMore = () => Object.entries(count()).some(([name, number]) => number > before[name]);
    for (let n = 0; n < 100 && isMore(); n += 1) await elapse(50);
    return snapshot();
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
  const lossesDone = new Promise((resolve) => rtms[0].on('losses_done', resolve));
  const idle = await snapshot();
  await Promise.all(rtms.map((rtm) => Promise.all([rtm.start(), next(rtm, 'ready')])));
  const before = await snapshot();
  report(before);
  await lossesDone;
  const after = await settledSnapshot(before);
  await Promise.all(rtms.map((rtm) => rtm.disconnect()));
  report({ after, idle, end: await settledSnapshot(idle) });
}

/** The counts that have grown, as text. (`unsettled` counts promises.) */
function increases(before, after) {
  const names = ['files', 'threads', 'resources', 'listeners', 'unsettled'];
  return names.filter((name) => after[name] > before[name]).map((name) => `${after[name] - before[name]} ${name}`);
}

guarantee('100 forced reconnects: never two sockets of one client, and no leaked listener, timer, thread or file', {
  skip: process.platform !== 'linux' && 'it reads /proc',
  measure: async (t) => {
    const breakers = [];
    for (let n = 0; n < CLIENTS; n += 1) breakers.push(new ConnectionBreaker(await scriptedServer(t), lossesOf(n)));
    const urls = breakers.map(({ server }) => server.apiUrl);
    const child = inProcess(t, breakers[0].server, runClients, {
      input: { urls, isSlackRtmApi },
      flags: ['--expose-gc'],
    });
    const before = await child.report();
    await Promise.all(breakers.map(async (breaker) => breaker.begin(await breaker.first)));
    const sockets = await Promise.all(breakers.map(({ last }) => last));
    sockets[0].send({ type: 'losses_done' });
    const { after, idle, end } = await child.report();
    const { code } = await child.ended;
    const leaks = [...increases(before, after), ...increases(idle, end)];
    if (code !== 0) leaks.push(`a process that ends with ${code}`);
    const most = Math.max(...breakers.map((breaker) => breaker.most));
    return {
      reconnects: after.reconnects,
      'most sockets of a client at once': most,
      leaks: leaks.join(', ') || 'none',
      'growth of the heap': `${Math.round((after.heap - before.heap) / KB)} kB`,
    };
  },
  check: (figures) => {
    assert.equal(figures.reconnects, CLIENTS * LOSSES);
    assert.equal(figures['most sockets of a client at once'], 1);
    assert.equal(figures.leaks, 'none');
    assert.ok(Number.parseInt(figures['growth of the heap'], 10) < MOST_GROWTH, figures['growth of the heap']);
  },
});
