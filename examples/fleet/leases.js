// Leases in Redis: a process may connect a workspace only while it holds the lease of that workspace.
//
//   fleet:lease:<workspace>  "<token> <owner>"; expires with the lease
//   fleet:token              the last fencing token; each lease has a higher token than all leases before it
//   fleet:owners             the live processes, with the time at which each one expires
//   fleet:since              the run id of Redis, and when it was first seen
//   fleet:news               a channel: "free" (a lease is free), or the name of a workspace that has commands
//
// The owner of a lease measures its duration with its own clock, from before the request, and relies on it for only the part
// SAFE_PART of the duration. It therefore stops before another process can get the lease, however late Redis responds.
'use strict';

/** The part of a lease that its owner relies on. The rest is for `disconnect()`, which takes up to 3 s (of 10 s). */
const SAFE_PART = 0.7;

/**
 * A Redis that has just started may have lost leases that their owners still rely on, and the last token. For the duration of
 * a lease (`wait`, in ms) it grants no leases, and owners restore theirs. New tokens start from the current time.
 */
const RUN = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local since = redis.call('HMGET', KEYS[1], 'run', 'at')
if since[1] ~= run or tonumber(since[2]) > now then
  redis.call('HSET', KEYS[1], 'run', run, 'at', now)
  since[2] = now
  local token = tonumber(redis.call('GET', KEYS[2]) or 0)
  redis.call('SET', KEYS[2], string.format('%.0f', math.max(token, now * 1000)))
end
local wait = since[2] + ARGV[2] - now\n`;

/** A heartbeat: renews all leases of an owner. A missing lease has expired, unless Redis may have lost it. */
const BEAT = `${RUN}
if ARGV[3] == 'leave' then redis.call('ZREM', KEYS[3], ARGV[1])
elseif redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[1]) == 1 then redis.call('PUBLISH', KEYS[4], 'free') end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local lost = {}
for i = 5, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value == ARGV[i - 1] or not value and wait > 0 then redis.call('SET', KEYS[i], ARGV[i - 1], 'PX', ARGV[2])
  else lost[#lost + 1] = i - 5 end
end
return { redis.call('ZCARD', KEYS[3]), lost }`;

/** Grants up to ARGV[3] free leases. */
const TAKE = `${RUN}
if wait > 0 then return { wait, {} } end
local taken = {}
for i = 3, #KEYS do
  if #taken == tonumber(ARGV[3]) then break end
  if redis.call('EXISTS', KEYS[i]) == 0 then
    local token = redis.call('INCR', KEYS[2])
    redis.call('SET', KEYS[i], string.format('%.0f', token) .. ' ' .. ARGV[1], 'PX', ARGV[2])
    taken[#taken + 1] = { i - 3, token }
  end
end
return { 0, taken }`;

const RELEASE = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[2], 'free')
return 1`;

/** The fence: adds entries to the stream only if the caller still holds the lease. */
const APPEND = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 5, #ARGV, 3 do
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'workspace', ARGV[3], 'token', ARGV[4],
    'self', ARGV[i], 'type', ARGV[i + 1], 'event', ARGV[i + 2])
end
return 1`;

const BEGIN = `${RUN}
return redis.call('HSET', KEYS[1], 'at', 0)`;

/**
 * @typedef {object} Lease
 * @property {string} name of the workspace
 * @property {number} token higher than the token of any earlier lease
 * @property {string} value of its key in Redis
 */

class Leases {
  #redis;
  #owner;
  #ttl;
  #prefix;
  #onLapse;
  /** @type {Map<string, Lease>} */
  #held = new Map();
  #monotonic = 0;
  #wall = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {any} redis a client that does not queue commands while it is disconnected
   * @param {object} options
   * @param {string} options.owner a name that no other process has or had
   * @param {number} [options.ttl] duration of a lease in ms, the same in all processes
   * @param {string} [options.prefix] of all keys
   * @param {() => void} [options.onLapse] called when the leases were not renewed in time
   */
  constructor(redis, { owner, ttl = 10_000, prefix = 'fleet', onLapse = () => {} }) {
    this.#redis = redis;
    this.#owner = owner;
    this.#ttl = ttl;
    this.#prefix = prefix;
    this.#onLapse = onLapse;
  }

  /** @param {...string} parts */
  key(...parts) {
    return [this.#prefix, ...parts].join(':');
  }

  /**
   * Whether a lease is certainly valid now. Uses two clocks: the monotonic clock stops while the machine sleeps, and the wall
   * clock can be changed.
   * @param {Lease} lease
   */
  isHeld(lease) {
    return this.#held.get(lease.name) === lease && performance.now() < this.#monotonic && Date.now() < this.#wall;
  }

  /**
   * Sends a heartbeat, which renews all leases.
   * @param {{ leaving?: boolean }} [options] `leaving`: the other processes stop counting this one
   * @returns {Promise<{ owners: number, lost: Lease[] }>} the number of live processes; the leases that were lost
   */
  async beat({ leaving = false } = {}) {
    const [monotonic, wall] = [performance.now(), Date.now()];
    const leases = [...this.#held.values()];
    const names = ['since', 'token', 'owners', 'news'];
    const keys = [...names.map((name) => this.key(name)), ...leases.map(({ name }) => this.key('lease', name))];
    const args = [this.#owner, this.#ttl, leaving ? 'leave' : 'stay', ...leases.map(({ value }) => value)];
    const [owners, lost] = await this.#run(BEAT, keys, args);
    this.#monotonic = monotonic + SAFE_PART * this.#ttl;
    this.#wall = wall + SAFE_PART * this.#ttl;
    this.#watch();
    return { owners, lost: lost.map((/** @type {number} */ index) => this.#forget(leases[index])) };
  }

  /**
   * Takes free leases.
   * @param {string[]} names of workspaces
   * @param {number} most how many leases to take at most
   * @returns {Promise<{ wait: number, taken: Lease[] }>} `wait`: ms until Redis grants leases
   */
  async take(names, most) {
    const keys = [this.key('since'), this.key('token'), ...names.map((name) => this.key('lease', name))];
    const [wait, taken] = await this.#run(TAKE, keys, [this.#owner, this.#ttl, most]);
    return {
      wait,
      taken: taken.map((/** @type {[number, number]} */ [index, token]) => {
        const lease = { name: names[index], token, value: `${token} ${this.#owner}` };
        this.#held.set(lease.name, lease);
        return lease;
      }),
    };
  }

  /**
   * Gives a lease back. Does nothing in Redis if another process holds it.
   * @param {Lease} lease
   */
  async release(lease) {
    this.#forget(lease);
    await this.#run(RELEASE, [this.key('lease', lease.name), this.key('news')], [lease.value]);
  }

  /**
   * Adds events to the stream: all or none.
   * @param {Lease} lease
   * @param {{ self: string, type: string, event: string }[]} events
   * @param {number} most approximate number of entries that the stream keeps
   * @returns {Promise<boolean>} false if the lease expired or another process holds it
   */
  async append(lease, events, most) {
    const fields = events.flatMap(({ self, type, event }) => [self, type, event]);
    const keys = [this.key('lease', lease.name), this.key('events')];
    return (await this.#run(APPEND, keys, [lease.value, most, lease.name, lease.token, ...fields])) === 1;
  }

  /**
   * The holders of leases.
   * @param {string[]} names
   * @returns {Promise<{ name: string, owner: string | undefined, token: number | undefined }[]>}
   */
  async holders(names) {
    const values = await this.#redis.mGet(names.map((name) => this.key('lease', name)));
    return names.map((name, index) => {
      const [token, owner] = values[index]?.split(' ') ?? [];
      return { name, owner, token: token === undefined ? undefined : Number(token) };
    });
  }

  /** Lets a new Redis grant leases at once. Call it only if no process holds a lease, for example in a test. */
  async begin() {
    await this.#run(BEGIN, [this.key('since'), this.key('token')], [this.#owner, this.#ttl]);
  }

  /** Stops the timer. */
  close() {
    clearTimeout(this.#timer);
  }

  /** @param {Lease} lease */
  #forget(lease) {
    if (this.#held.get(lease.name) === lease) this.#held.delete(lease.name);
    return lease;
  }

  #watch() {
    clearTimeout(this.#timer);
    const left = Math.min(this.#monotonic - performance.now(), this.#wall - Date.now());
    this.#timer = setTimeout(
      () => {
        if (performance.now() < this.#monotonic && Date.now() < this.#wall) this.#watch();
        else this.#onLapse();
      },
      Math.max(0, left),
    );
  }

  /**
   * @param {string} script
   * @param {string[]} keys
   * @param {(string | number)[]} args
   */
  #run(script, keys, args) {
    return this.#redis.eval(script, { keys, arguments: args.map(String) });
  }
}

module.exports = { Leases };
