// A random schedule of faults, and acknowledged messages both ways. Owns how long and hard it is, and the figures; the
// run is support/fault-run.js, what must hold is support/fault-run-audit.js. `FAULT_SEED=n` repeats a schedule.
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { atEnd } = require('../support/cleanup.js');
const { clientOf, next } = require('../support/client.js');
const { faultProxy } = require('../support/fault-proxy.js');
const { liveThrough } = require('../support/fault-run.js');
const { auditFaultRun } = require('../support/fault-run-audit.js');
const { SLACK, isFull, guarantee } = require('../support/guarantee.js');
const { Random } = require('../support/random.js');
const { scriptedServer } = require('../support/scripted-server.js');

const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);

/** The proportions are those of the defaults; in the shorter run, ten times as fast. */
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

/** What a half-open connection takes to be noticed, in the shorter run. */
const UNIT = FAST.clientPingTimeout + FAST.serverPongTimeout;

const CLIENTS = isFull ? 5 : 4;
const LASTS = isFull ? 600_000 : 45_000;

/** The last client lives one long life; of the others, in the shorter run, each lives several. */
const planOf = (index) => ({
  lasts: LASTS,
  restarts: !isFull && index < CLIENTS - 1,
  setbacks: isFull ? 4 : 3,
  options: isFull ? FULL : FAST,
});

/** What was wrong in the last measurement, of all clients. */
let found = [];

function auditOfLife({ accounts, readyAfter, comesBackWithin }, index) {
  const all = accounts.bot === undefined ? ['the process died'] : auditFaultRun({ ...accounts, slack: SLACK });
  if (readyAfter > comesBackWithin + SLACK) all.push(`not ready within ${comesBackWithin} ms of the last fault`);
  return all.map((one) => `client ${index}: ${one}`);
}

/** How many of the messages, of which each knows how often it was delivered, fulfil a condition. */
function count(lives, condition) {
  const messagesOf = ({ accounts: { bot, server } }) =>
    (bot?.sent ?? [])
      .filter(({ kind }) => kind === 'message')
      .map((one) => ({ ...one, delivered: server.delivered.get(one.text) ?? 0 }));
  return lives.flatMap(messagesOf).filter(condition).length;
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

function tally(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, times]) => `${name} (${times})`);
}

guarantee('under random faults, every message is acknowledged or rejected, and the client ends in `ready`', {
  timeout: LASTS + 200_000,
  measure: async (t) => {
    t.diagnostic(`FAULT_SEED=${seed}`);
    const random = new Random(seed);
    const seeds = Array.from({ length: CLIENTS }, () => random.between(0, 2 ** 31));
    const lives = await Promise.all(seeds.map((own, index) => liveThrough(t, own, planOf(index))));
    found = lives.flatMap(auditOfLife);
    for (const one of found) t.diagnostic(one);
    const faults = lives.flatMap((life) => life.faults);
    const kinds = tally(faults);
    t.diagnostic(`faults: ${kinds.sort().join(', ')}`);
    const reconnects = lives.reduce((sum, life) => sum + life.reconnects, 0);
    const events = lives.reduce((sum, { accounts }) => sum + accounts.server.events, 0);
    const ready = lives.filter((life) => life.accounts.bot?.outcome === 'ready' && life.readyAfter < Infinity);
    const slowest = Math.max(0, ...ready.map(({ readyAfter }) => readyAfter)) / 1000;
    const acknowledged = `${count(lives, isAcknowledged)} of ${count(lives, () => true)} messages`;
    return {
      survived: `${faults.length} faults of ${kinds.length} kinds, ${reconnects} reconnects`,
      acknowledged: `${acknowledged}, ${count(lives, isQuote)} of ${events} events`,
      'lost without an error, or delivered twice': count(lives, isLost),
      'ready at the end': `${ready.length} of ${CLIENTS} clients, within ${slowest.toFixed(1)} s`,
    };
  },
  check: (figures) => {
    assert.deepEqual(found, [], `FAULT_SEED=${seed} repeats the schedule`);
    assert.equal(figures['lost without an error, or delivered twice'], 0);
    // The run was worth its name.
    const [faults, kinds, reconnects] = figures.survived.match(/\d+/g).map(Number);
    assert.ok(faults >= 5 * CLIENTS && kinds > 10 && reconnects >= 3 * CLIENTS, figures.survived);
    const [acknowledged, messages, quoted, events] = figures.acknowledged.match(/\d+/g).map(Number);
    assert.ok(acknowledged > messages / 3 && quoted > events / 3, figures.acknowledged);
  },
});

guarantee('a half-open connection is replaced within ping + pong, even while the bot sends messages', {
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
    const talk = setInterval(() => rtm.sendTyping('C1').catch(() => {}), 50);
    atEnd(t, () => clearInterval(talk));
    proxy.silence('both');
    const began = performance.now();
    const isReplaced = await Promise.race([next(rtm, 'reconnecting'), sleep(20_000, false, { ref: false })]);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const replaced = isReplaced ? `after ${seconds} s` : `not within ${seconds} s`;
    return { replaced, 'ping + pong': `${UNIT / 1000} s` };
  },
  check: ({ replaced }) => {
    assert.match(replaced, /^after/);
    assert.ok(Number(replaced.match(/[\d.]+/)[0]) * 1000 <= UNIT + SLACK, replaced);
  },
});
