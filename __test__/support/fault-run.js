// Runs a client through a random schedule of faults: starts bot, server and proxy, causes the faults, then ends them all and collects
// the records of the bot, the server and the proxy.
'use strict';

const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { inProcess } = require('./child.js');
const { atEnd } = require('./cleanup.js');
const { faultProxy } = require('./fault-proxy.js');
const { CALM, RESTART, scheduleOf, strike } = require('./fault-schedule.js');
const { NumberedServer } = require('./numbered-server.js');
const { Random } = require('./random.js');
const { scriptedServer } = require('./scripted-server.js');

/** A connection that lasts for 30 s resets the pauses. In ms. */
const CALM_DURATION = 31_000;

/** The longest pause between connections, in ms. */
const LONGEST_PAUSE = 60_000;

/** The next fault does not wait longer for the client to be ready, in ms. */
const LONGEST_WAIT = 30_000;

/** Follows the reports of the bot's process. */
class Watch {
  /** The last lifecycle event. */
  last = 'disconnected';
  reconnects = 0;
  /** The number of `disconnected` events. */
  ends = 0;
  isReadyToEnd = false;
  isDone = false;
  hasEnded = false;
  #checks = new Set();

  constructor(child) {
    this.#follow(child);
    child.ended.then(() => {
      this.hasEnded = true;
      this.#check();
    });
  }

  async #follow(child) {
    while (!this.isDone) {
      const { name, ready, isDone } = await child.report();
      this.last = name ?? this.last;
      this.reconnects += name === 'reconnecting' ? 1 : 0;
      this.ends += name === 'disconnected' ? 1 : 0;
      this.isReadyToEnd ||= ready === true;
      this.isDone = isDone === true;
      this.#check();
    }
  }

  #check() {
    for (const check of [...this.#checks]) check();
  }

  /** Waits until a condition is true, the time is over, or the process has ended. Resolves with the condition. */
  until(condition, ms) {
    return new Promise((resolve) => {
      const end = () => {
        this.#checks.delete(check);
        clearTimeout(timer);
        resolve(condition());
      };
      const check = () => {
        if (condition() || this.hasEnded) end();
      };
      const timer = setTimeout(end, ms);
      this.#checks.add(check);
      check();
    });
  }
}

/** The functions that end faults later. */
class Later {
  #pending = new Map();

  add(ms, fn) {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      fn();
    }, ms);
    this.#pending.set(timer, fn);
  }

  /** Calls all pending functions now. */
  flush() {
    for (const [timer, fn] of [...this.#pending]) {
      clearTimeout(timer);
      fn();
    }
    this.#pending.clear();
  }
}

/**
 * @typedef {object} Plan
 * @property {number} duration of the schedule, in ms
 * @property {boolean} restarts whether the bot disconnects and starts again between two groups of faults
 * @property {number} failures the number of failures, and so of pauses, that a group of faults causes
 * @property {Record<string, number>} options the client's
 *
 * @param {import('node:test').TestContext} t
 * @param {number} seed
 * @param {Plan} plan
 */
async function runThroughFaults(t, seed, { duration, options, ...groups }) {
  const random = new Random(seed);
  const scripted = await scriptedServer(t);
  const proxy = await faultProxy(t, Number(scripted.host.split(':')[1]), random.fork(1));
  const server = new NumberedServer(scripted, random.fork(2));
  server.host = proxy.host;
  const later = new Later();
  atEnd(t, () => {
    later.flush();
    server.close();
  });
  const unit = options.clientPingTimeout + options.serverPongTimeout;
  // The client may not yet have detected the last fault.
  const readyWithin = LONGEST_PAUSE + Math.max(unit, options.connectTimeout, options.requestTimeout);
  const settlesWithin = options.replyTimeout + unit;
  const bot = path.join(__dirname, 'numbered-bot.js');
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'account.json');
  const input = { bot, file, seed, options, settlesWithin, deadline: duration + readyWithin + settlesWithin + unit };
  const slack = { token: scripted.token, apiUrl: `http://${proxy.host}/api/` };
  const child = inProcess(t, slack, (context) => require(context.input.bot).runBot(context), { input });
  const watch = new Watch(child);

  const faults = [];
  const end = performance.now() + duration;
  const pause = (ms) => sleep(Math.max(0, Math.min(ms, end - performance.now())));
  for (const { kind, waits, gap, seed: own } of scheduleOf(random.fork(3), groups)) {
    const left = end - performance.now();
    if (waits) await watch.until(() => watch.last === 'ready', Math.min(left, LONGEST_WAIT));
    await pause(gap * unit);
    if (performance.now() >= end || watch.hasEnded) break;
    if (kind === CALM) {
      // The last fault may not have taken effect yet.
      await pause(2 * unit);
      await watch.until(() => watch.last === 'ready', end - performance.now());
      await pause(CALM_DURATION);
    } else if (kind === RESTART) {
      await restart(server, watch);
    } else {
      const world = { proxy, server, scripted, unit, random: new Random(own) };
      const after = (least, most, fn) => later.add(unit * (least + (most - least) * world.random.next()), fn);
      strike(kind, { ...world, later: after });
      faults.push(kind);
    }
  }

  scripted.refusals.length = 0;
  server.finish();
  later.flush();
  await proxy.calm();
  const calm = performance.now();
  const isReady = await watch.until(() => watch.isReadyToEnd, readyWithin);
  const readyAfter = isReady ? performance.now() - calm : Infinity;
  await watch.until(() => watch.isDone, input.deadline);
  const account = server.account();
  return {
    /** The kinds of faults, in their order. */
    faults,
    readyAfter,
    readyWithin,
    reconnects: watch.reconnects,
    accounts: { bot: watch.isDone ? JSON.parse(readFileSync(file, 'utf8')) : undefined, server: account, proxy },
  };
}

/** Asks the bot to restart. It may never receive the request, if its connection is faulty: then the next connection is used. */
async function restart(server, watch) {
  const { ends } = watch;
  for (let attempts = 0; attempts < 3 && watch.ends === ends; attempts += 1) {
    await watch.until(() => watch.last === 'ready', LONGEST_WAIT);
    server.current?.socket.send({ type: 'restart' });
    await watch.until(() => watch.ends > ends, 1000);
  }
}

module.exports = { runThroughFaults };
