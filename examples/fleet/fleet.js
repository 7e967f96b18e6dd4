// A fleet process: takes leases for its share of the workspaces, keeps these workspaces connected, and gives some away if more
// processes start.
//
//   REDIS_URL=redis://… FLEET_WORKSPACES=workspaces.json node fleet.js
//
// FLEET_WORKSPACES   path of a file: [{ "name": "acme", "token": "xoxb-…" }, …], the same for all processes
// FLEET_NAME         name of this process in log lines and leases; default: the host name
// FLEET_TTL          duration of a lease in ms, the same for all processes; default 10000
// FLEET_KEEP         approximate number of events that the stream keeps; default 100000
'use strict';

const { randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { hostname } = require('node:os');
const { Leases } = require('./leases');
const { connectRedis } = require('./redis');
const { Session } = require('./session');

/** Heartbeats per duration of a lease. A heartbeat renews the leases and looks for free ones. */
const HEARTBEATS = 5;

class Fleet {
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  #isLeaving = false;
  #isStopped = false;
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
    this.news.on('error', () => {}); // the main connection logs the errors of Redis
    await this.news.connect();
    await this.news.subscribe(this.leases.key('news'), (/** @type {string} */ news) => this.#onNews(news));
    this.redis.on('ready', () => this.tick());
    this.tick();
  }

  /** Stops, and gives each lease back. The other processes are notified of each free lease. */
  stop() {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave() {
    this.#isLeaving = true;
    this.log(`stopping: ${this.#sessions.size} workspaces are handed over`);
    // After this heartbeat the others no longer count this process, and leases that were requested before have arrived.
    await this.tick();
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)));
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.leases.close();
    this.news?.destroy();
    this.redis.destroy();
  }

  /** Runs a heartbeat. A call during a heartbeat runs another one after it. */
  tick() {
    this.#again = true;
    this.#ticking ??= this.#tick().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  async #tick() {
    let wait = this.ttl / HEARTBEATS;
    let startedAt = 0;
    while (this.#again && !this.#isStopped) {
      this.#again = false;
      startedAt = performance.now();
      wait = await this.#beat().catch((error) => {
        if (this.redis.isReady) this.log(`Redis error: ${error.message}`);
        return this.ttl / HEARTBEATS;
      });
    }
    clearTimeout(this.#timer);
    // Counted from the start of the heartbeat, so that a slow Redis does not delay the renewal of leases.
    if (!this.#isStopped) this.#timer = setTimeout(() => this.tick(), wait - (performance.now() - startedAt));
  }

  /** Returns the time until the next heartbeat, in ms. */
  async #beat() {
    const { owners, lost } = await this.leases.beat({ leaving: this.#isLeaving });
    for (const { name } of lost) this.#endNow(this.#sessions.get(name));
    if (this.#isLeaving) return this.ttl / HEARTBEATS;
    const share = Math.ceil(this.workspaces.size / Math.max(1, owners));
    const running = [...this.#sessions.values()].filter(({ isStopping }) => !isStopping);
    for (const session of running) session.sendCommands();
    // A few at a time, because each is disconnected for a moment. Each free lease triggers the next heartbeat of all processes.
    const surplus = running.length - share;
    for (const session of running.slice(0, Math.max(0, Math.ceil(surplus / 5)))) this.#end(session, 'given away');
    return surplus < 0 ? this.#take(-surplus) : this.ttl / HEARTBEATS;
  }

  /** @param {number} most */
  async #take(most) {
    const names = shuffled([...this.workspaces.keys()].filter((name) => !this.#sessions.has(name)));
    const { wait, taken } = await this.leases.take(names, most);
    if (wait > 0)
      this.log(
        `Redis has just started: it grants no leases for ${wait} ms, because other processes may still hold some`,
      );
    for (const lease of taken) {
      const { redis, leases, keep } = this;
      const workspace = this.workspaces.get(lease.name);
      const log = (/** @type {string} */ text) => this.log(`${lease.name}: ${text}`);
      const session = new Session({ redis, leases, lease, workspace, log, keep });
      this.#sessions.set(lease.name, session);
      // The response of Redis may have arrived too late.
      if (leases.isHeld(lease) && !this.#isLeaving) session.start();
      else this.#end(session);
    }
    return Math.min(wait > 0 ? wait : Infinity, this.ttl / HEARTBEATS);
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
  #endNow(session) {
    session?.stopNow();
    return this.#end(session);
  }

  /** Redis did not respond in time. Disconnects before another process can get the leases. */
  #onLapse() {
    if (this.#sessions.size > 0)
      this.log(`the leases could not be renewed in time: disconnecting ${this.#sessions.size} workspaces`);
    for (const session of this.#sessions.values()) this.#endNow(session);
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

/** In random order, so that processes that start together do not request the same leases. @template T @param {T[]} list */
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
  throw new Error(`${name} must be a whole number above 0, but is "${text}"`);
}

async function main() {
  const { FLEET_WORKSPACES, FLEET_NAME, FLEET_TTL, FLEET_KEEP } = process.env;
  if (!FLEET_WORKSPACES)
    throw new Error('FLEET_WORKSPACES is not set: set it to the path of the file with the workspaces, see README.md');
  const fleet = new Fleet({
    redis: await connectRedis(),
    workspaces: JSON.parse(readFileSync(FLEET_WORKSPACES, 'utf8')),
    name: FLEET_NAME,
    ttl: number('FLEET_TTL', FLEET_TTL),
    keep: number('FLEET_KEEP', FLEET_KEEP),
  });
  await fleet.start();
  // exit(), because an attempt to connect to Redis cannot be cancelled.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => fleet.stop().then(() => process.exit()));
  fleet.log(`started; the list has ${fleet.workspaces.size} workspaces`);
}

main().catch((error) => {
  console.error(`the fleet could not start: ${error.message}`);
  process.exit(1);
});
