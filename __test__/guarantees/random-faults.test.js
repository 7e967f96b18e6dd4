// Clients go through a random schedule of faults while they exchange acknowledged messages with a server. support/fault-run.js runs a
// client, support/fault-run-audit.js has the rules for the result. `FAULT_SEED=n` repeats a schedule.
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { atEnd } = require('../support/cleanup.js');
const { clientOf, next } = require('../support/client.js');
const { faultProxy } = require('../support/fault-proxy.js');
const { runThroughFaults } = require('../support/fault-run.js');
const { auditFaultRun } = require('../support/fault-run-audit.js');
const { TOLERANCE, guarantee, isFull } = require('../support/guarantee.js');
const { Random } = require('../support/random.js');
const { scriptedServer } = require('../support/scripted-server.js');

const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);

/** The options of the full run are the defaults. The shorter run is about ten times as fast. */
const FULL = {
  clientPingTimeout: 6000,
  serverPongTimeout: 4000,
  replyAckOnReconnectTimeout: 2000,
  connectTimeout: 30_000,
  requestTimeout: 30_000,
  replyTimeout: 20_000,
};
const FAST = {
  clientPingTimeout: 600,
  serverPongTimeout: 400,
  replyAckOnReconnectTimeout: 400,
  connectTimeout: 3000,
  requestTimeout: 3000,
  replyTimeout: 4000,
  retryConfig: { retries: 10, factor: 2, minTimeout: 300 },
};

/** The time until a half-open connection is detected, in the shorter run. */
const UNIT = FAST.clientPingTimeout + FAST.serverPongTimeout;

const CLIENTS = isFull ? 5 : 4;
const DURATION = isFull ? 600_000 : 45_000;

/** In the shorter run, each client has several sessions, except the last one. */
const planOf = (index) => ({
  duration: DURATION,
  restarts: !isFull && index < CLIENTS - 1,
  failures: isFull ? 4 : 3,
  options: isFull ? FULL : FAST,
});

/** The violations by all clients in the last measurement. */
let violations = [];

function auditRun({ accounts, readyAfter, readyWithin }, index) {
  const all = accounts.bot === undefined ? ['the process died'] : auditFaultRun({ ...accounts, slack: TOLERANCE });
  if (readyAfter > readyWithin + TOLERANCE) all.push(`not ready within ${readyWithin} ms of the last fault`);
  return all.map((one) => `client ${index}: ${one}`);
}

/** The number of messages that meet a condition. `delivered` tells how often the server received the message. */
function count(runs, condition) {
  const messagesOf = ({ accounts: { bot, server } }) =>
    (bot?.sent ?? [])
      .filter(({ kind }) => kind === 'message')
      .map((one) => ({ ...one, delivered: server.delivered.get(one.text) ?? 0 }));
  return runs.flatMap(messagesOf).filter(condition).length;
}

function isAcknowledged({ outcome }) {
  return outcome === 'resolved';
}

function isQuote({ text, delivered }) {
  return text.startsWith('quotes') && delivered > 0;
}

function isLost({ outcome, delivered }) {
  return outcome === 'pending' || delivered > 1 || (outcome === 'resolved' && delivered === 0);
}

function countKinds(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, times]) => `${name} (${times})`);
}

guarantee('through random faults, every message is acknowledged or rejected, and every client ends `ready`', {
  timeout: DURATION + 200_000,
  measure: async (t) => {
    t.diagnostic(`FAULT_SEED=${seed}`);
    const random = new Random(seed);
    const seeds = Array.from({ length: CLIENTS }, () => random.between(0, 2 ** 31));
    const runs = await Promise.all(seeds.map((own, index) => runThroughFaults(t, own, planOf(index))));
    violations = runs.flatMap(auditRun);
    for (const one of violations) t.diagnostic(one);
    const faults = runs.flatMap((run) => run.faults);
    const kinds = countKinds(faults);
    t.diagnostic(`faults: ${kinds.sort().join(', ')}`);
    const reconnects = runs.reduce((sum, run) => sum + run.reconnects, 0);
    const events = runs.reduce((sum, { accounts }) => sum + accounts.server.events, 0);
    const ready = runs.filter((run) => run.accounts.bot?.outcome === 'ready' && run.readyAfter < Infinity);
    const slowest = Math.max(0, ...ready.map(({ readyAfter }) => readyAfter)) / 1000;
    const acknowledged = `${count(runs, isAcknowledged)} of ${count(runs, () => true)} messages`;
    return {
      faults: `${faults.length} of ${kinds.length} kinds, ${reconnects} reconnects`,
      acknowledged: `${acknowledged}, ${count(runs, isQuote)} of ${events} events`,
      'lost without an error, or delivered twice': count(runs, isLost),
      'ready at the end': `${ready.length} of ${CLIENTS} clients, within ${slowest.toFixed(1)} s`,
    };
  },
  check: (figures) => {
    assert.deepEqual(violations, [], `FAULT_SEED=${seed} repeats the schedule`);
    assert.equal(figures['lost without an error, or delivered twice'], 0);
    // The run had enough faults and traffic to be meaningful.
    const [faults, kinds, reconnects] = figures.faults.match(/\d+/g).map(Number);
    assert.ok(faults >= 5 * CLIENTS && kinds > 10 && reconnects >= 3 * CLIENTS, figures.faults);
    const [acknowledged, messages, quoted, events] = figures.acknowledged.match(/\d+/g).map(Number);
    assert.ok(acknowledged > messages / 3 && quoted > events / 3, figures.acknowledged);
  },
});

guarantee('a half-open connection is replaced within ping + pong, also while the bot sends messages', {
  timeout: 30_000,
  measure: async (t) => {
    const server = await scriptedServer(t);
    const proxy = await faultProxy(t, Number(server.host.split(':')[1]), new Random(1));
    server.responses.push(server.connectResponse({ url: `ws://${proxy.host}/socket` }));
    const { clientPingTimeout, serverPongTimeout } = FAST;
    const rtm = clientOf(t, server, { clientPingTimeout, serverPongTimeout });
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const traffic = setInterval(() => rtm.sendTyping('C1').catch(() => {}), 50);
    atEnd(t, () => clearInterval(traffic));
    proxy.silence('both');
    const began = performance.now();
    const isReplaced = await Promise.race([next(rtm, 'reconnecting'), sleep(20_000, false, { ref: false })]);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const replaced = isReplaced ? `after ${seconds} s` : `not within ${seconds} s`;
    return { replaced, 'ping + pong': `${UNIT / 1000} s` };
  },
  check: ({ replaced }) => {
    assert.match(replaced, /^after/);
    assert.ok(Number(replaced.match(/[\d.]+/)[0]) * 1000 <= UNIT + TOLERANCE, replaced);
  },
});
