// A process of the fleet: takes its share of the workspaces, keeps them connected, and gives them away when others come.
// Owns who connects what and when; the leases are leases.js's, a single workspace is session.js's.
//
//   REDIS_URL=redis://… FLEET_WORKSPACES=workspaces.json node fleet.js
//
// FLEET_WORKSPACES   a file: [{ "name": "acme", "token": "xoxb-…" }, …], the same for all processes
// FLEET_NAME         what this process is called; default: the machine's name
// FLEET_TTL          for how long a lease lasts, in ms, the same for all processes; default 10000
// FLEET_KEEP         about how many events the stream keeps; default 100000
'use strict';

const { randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { hostname } = require('node:os');
const { Leases } = require('./leases');
const { connectRedis } = require('./redis');
const { Session } = require('./session');

/** So often in the length of a lease a process gives a sign of life, and looks for work. */
const BEATS = 5;

class Fleet {
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  #isLeaving = false;
  #isOver = false;
  /** @type {Promise<void> | undefined} */
  #leaving;
  /** @type {Promise<void> | undefined} */
  #ticking;
  #again = false;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {any} parts.redis
   * @param {{ name: string, token: string, slackApiUrl?: string }[]} parts.workspaces
   * @param {string} [parts.name]
   * @param {number} [parts.ttl]
   * @param {number} [parts.keep]
   */
  constructor({ redis, workspaces, name = hostname(), ttl = 10_000, keep = 100_000 }) {
    this.redis = redis;
    this.workspaces = new Map(workspaces.map((workspace) => [workspace.name, workspace]));
    this.name = name;
    this.ttl = ttl;
    this.keep = keep;
    this.leases = new Leases(redis, { owner: `${name}/${randomUUID()}`, ttl, onLapse: () => this.#onLapse() });
  }

  async start() {
    this.news = this.redis.duplicate();
    this.news.on('error', () => {}); // the other connection tells
    await this.news.connect();
    await this.news.subscribe(this.leases.key('news'), (/** @type {string} */ news) => this.#onNews(news));
    this.redis.on('ready', () => this.tick());
    this.tick();
  }

  /** Hands everything over: the others hear of each lease that is free. */
  stop() {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave() {
    this.#isLeaving = true;
    this.log(`leaving: ${this.#sessions.size} workspaces are handed over`);
    // After it the others do not count on this process, and leases that were on their way here have arrived.
    await this.tick();
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)));
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.leases.close();
    this.news?.destroy();
    this.redis.destroy();
  }

  /** One at a time; what is asked for meanwhile is done after it. */
  tick() {
    this.#again = true;
    this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  async #tick() {
    let wait = this.ttl / BEATS;
    let begun = 0;
    while (this.#again && !this.#isOver) {
      this.#again = false;
      begun = performance.now();
      wait = await this.#beat().catch((error) => {
        if (this.redis.isReady) this.log(`Redis refuses: ${error.message}`);
        return this.ttl / BEATS;
      });
    }
    clearTimeout(this.#timer);
    // From its begin: a slow Redis has the leases renewed as often.
    if (!this.#isOver) this.#timer = setTimeout(() => this.tick(), wait - (performance.now() - begun));
  }

  /** Gives the time until the next one. */
  async #beat() {
    const { owners, lost } = await this.leases.beat({ leaving: this.#isLeaving });
    for (const { name } of lost) this.#hangUp(this.#sessions.get(name));
    if (this.#isLeaving) return this.ttl / BEATS;
    const share = Math.ceil(this.workspaces.size / Math.max(1, owners));
    const running = [...this.#sessions.values()].filter(({ isStopping }) => !isStopping);
    for (const session of running) session.sendCommands();
    // A few at a time: each is without a connection for a moment. That it is free tells everybody to look again.
    const surplus = running.length - share;
    for (const session of running.slice(0, Math.max(0, Math.ceil(surplus / 5)))) this.#end(session, 'given away');
    return surplus < 0 ? this.#take(-surplus) : this.ttl / BEATS;
  }

  /** @param {number} most */
  async #take(most) {
    const names = shuffled([...this.workspaces.keys()].filter((name) => !this.#sessions.has(name)));
    const { wait, taken } = await this.leases.take(names, most);
    if (wait > 0) this.log(`Redis has just begun to run: no leases for ${wait} ms, while others may still hold some`);
    for (const lease of taken) {
      const { redis, leases, keep } = this;
      const workspace = this.workspaces.get(lease.name);
      const log = (/** @type {string} */ text) => this.log(`${lease.name}: ${text}`);
      const session = new Session({ redis, leases, lease, workspace, log, keep });
      this.#sessions.set(lease.name, session);
      // The answer may have come too late.
      if (leases.isHeld(lease) && !this.#isLeaving) session.start();
      else this.#end(session);
    }
    return Math.min(wait > 0 ? wait : Infinity, this.ttl / BEATS);
  }

  /**
   * @param {Session | undefined} session
   * @param {string} [why]
   */
  async #end(session, why) {
    if (session === undefined) return;
    if (why !== undefined) this.log(`${session.lease.name}: ${why}`);
    await session.stop();
    if (this.#sessions.get(session.lease.name) === session) this.#sessions.delete(session.lease.name);
  }

  /** @param {Session | undefined} session */
  #hangUp(session) {
    session?.hangUp();
    return this.#end(session);
  }

  /** Redis did not answer in time: hangs up before anybody else can have the leases. */
  #onLapse() {
    if (this.#sessions.size > 0)
      this.log(`the leases could not be renewed in time: hanging up ${this.#sessions.size} workspaces`);
    for (const session of this.#sessions.values()) this.#hangUp(session);
  }

  /** @param {string} news */
  #onNews(news) {
    if (news === 'free') this.tick();
    else this.#sessions.get(news)?.sendCommands();
  }

  /** @param {string} text */
  log(text) {
    console.log(`${this.name}  ${text}`);
  }
}

/** So that processes that start together do not want the same ones. @template T @param {T[]} list */
function shuffled(list) {
  return list
    .map((item) => [Math.random(), item])
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item);
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function number(name, text) {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text && Number(text);
  throw new Error(`${name} is "${text}": it must be a whole number above 0`);
}

async function main() {
  const { FLEET_WORKSPACES, FLEET_NAME, FLEET_TTL, FLEET_KEEP } = process.env;
  if (!FLEET_WORKSPACES) throw new Error('FLEET_WORKSPACES is not set: name a file with the workspaces, see README.md');
  const fleet = new Fleet({
    redis: await connectRedis(),
    workspaces: JSON.parse(readFileSync(FLEET_WORKSPACES, 'utf8')),
    name: FLEET_NAME,
    ttl: number('FLEET_TTL', FLEET_TTL),
    keep: number('FLEET_KEEP', FLEET_KEEP),
  });
  await fleet.start();
  // exit(): an attempt to reach Redis that is under way cannot be called off.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => fleet.stop().then(() => process.exit()));
  fleet.log(`started; ${fleet.workspaces.size} workspaces in all`);
}

main().catch((error) => {
  console.error(`the fleet could not start: ${error.message}`);
  process.exit(1);
});
