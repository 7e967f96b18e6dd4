// One client's life through a random schedule of faults. Owns the run: bot, server and proxy, the schedule's pace, and
// the end, at which all is well again and the accounts are asked for.
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

/** A connection that stood for 30 s lets the pauses begin anew. */
const CALM_LASTS = 31_000;

/** No pause between connections is longer, in ms. */
const LONGEST_PAUSE = 60_000;

/** A client that is not ready for so long is struck all the same, in ms. */
const LONGEST_WAIT = 30_000;

/** What the bot's process reports, as it comes. */
class Watch {
  /** The last lifecycle event. */
  last = 'disconnected';
  reconnects = 0;
  /** How often the client was `disconnected`. */
  ends = 0;
  isReadyToEnd = false;
  isDone = false;
  hasEnded = false;
  #waiting = new Set();

  constructor(child) {
    this.#follow(child);
    child.ended.then(() => {
      this.hasEnded = true;
      this.#look();
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
      this.#look();
    }
  }

  #look() {
    for (const look of [...this.#waiting]) look();
  }

  /** Waits for a condition, no longer than this, nor than the process lives. */
  until(condition, ms) {
    return new Promise((resolve) => {
      const end = () => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(condition());
      };
      const look = () => {
        if (condition() || this.hasEnded) end();
      };
      const timer = setTimeout(end, ms);
      this.#waiting.add(look);
      look();
    });
  }
}

/** Ends of faults that are still to come. */
class Later {
  #pending = new Map();

  add(ms, fn) {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      fn();
    }, ms);
    this.#pending.set(timer, fn);
  }

  /** All of them, now. */
  hurry() {
    for (const [timer, fn] of [...this.#pending]) {
      clearTimeout(timer);
      fn();
    }
    this.#pending.clear();
  }
}

/**
 * @typedef {object} Plan
 * @property {number} lasts the schedule, in ms
 * @property {boolean} restarts whether the bot ends its session and begins another between chapters
 * @property {number} setbacks how many pauses a chapter costs the client
 * @property {Record<string, number>} options the client's
 *
 * @param {import('node:test').TestContext} t
 * @param {number} seed
 * @param {Plan} plan
 */
async function liveThrough(t, seed, { lasts, options, ...chapters }) {
  const random = new Random(seed);
  const scripted = await scriptedServer(t);
  const proxy = await faultProxy(t, Number(scripted.host.split(':')[1]), random.fork(1));
  const server = new NumberedServer(scripted, random.fork(2));
  server.host = proxy.host;
  const later = new Later();
  atEnd(t, () => {
    later.hurry();
    server.close();
  });
  const unit = options.clientPingTimeout + options.serverPongTimeout;
  // The last fault may be one that the client has yet to notice.
  const comesBackWithin = LONGEST_PAUSE + Math.max(unit, options.connectTimeout, options.requestTimeout);
  const settlesWithin = options.replyTimeout + unit;
  const bot = path.join(__dirname, 'numbered-bot.js');
  const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'account.json');
  const input = { bot, file, seed, options, settlesWithin, deadline: lasts + comesBackWithin + settlesWithin + unit };
  const slack = { token: scripted.token, apiUrl: `http://${proxy.host}/api/` };
  const child = inProcess(t, slack, (context) => require(context.input.bot).runBot(context), { input });
  const watch = new Watch(child);

  const faults = [];
  const end = performance.now() + lasts;
  const rest = (ms) => sleep(Math.max(0, Math.min(ms, end - performance.now())));
  for (const { kind, waits, gap, seed: own } of scheduleOf(random.fork(3), chapters)) {
    const left = end - performance.now();
    if (waits) await watch.until(() => watch.last === 'ready', Math.min(left, LONGEST_WAIT));
    await rest(gap * unit);
    if (performance.now() >= end || watch.hasEnded) break;
    if (kind === CALM) {
      // The last fault may have yet to take effect.
      await rest(2 * unit);
      await watch.until(() => watch.last === 'ready', end - performance.now());
      await rest(CALM_LASTS);
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
  later.hurry();
  await proxy.calm();
  const calm = performance.now();
  const isBack = await watch.until(() => watch.isReadyToEnd, comesBackWithin);
  const readyAfter = isBack ? performance.now() - calm : Infinity;
  await watch.until(() => watch.isDone, input.deadline);
  const account = server.account();
  return {
    /** The kinds, in their order. */
    faults,
    readyAfter,
    comesBackWithin,
    reconnects: watch.reconnects,
    accounts: { bot: watch.isDone ? JSON.parse(readFileSync(file, 'utf8')) : undefined, server: account, proxy },
  };
}

/** The connection may be one that the bot does not hear: then another is awaited. */
async function restart(server, watch) {
  const { ends } = watch;
  for (let attempts = 0; attempts < 3 && watch.ends === ends; attempts += 1) {
    await watch.until(() => watch.last === 'ready', LONGEST_WAIT);
    server.current?.socket.send({ type: 'restart' });
    await watch.until(() => watch.ends > ends, 1000);
  }
}

module.exports = { liveThrough };
