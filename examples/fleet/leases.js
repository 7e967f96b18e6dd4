// Leases in Redis: which process may connect which workspace. Owns these keys and their rules; knows nothing of Slack.
//
//   fleet:lease:<workspace>  "<token> <owner>", for as long as the lease lasts
//   fleet:token              the last fencing token that was given: each lease has a higher one than all before it
//   fleet:owners             the processes that are alive, by the time at which their word for it ends
//   fleet:since              which run of Redis this is, and since when it is known
//   fleet:news               a channel: "free" (look for leases), or the name of a workspace that has commands
//
// The owner of a lease counts from before it asked, and only to GOOD_FOR of the time that Redis counts. So it knows of the
// end before anybody else can have the lease, by a clock of its own, however late Redis answers.
'use strict';

/** What part of a lease its owner relies on. The rest is for hanging up: `disconnect()` takes 3 s at most of the 10 s. */
const GOOD_FOR = 0.7;

/**
 * A Redis that has just begun to run may have lost leases whose owners still rely on them, and tokens that it has given. For
 * the length of a lease (`wait`) it gives none away, and its owners have theirs made again. The tokens go on from the time.
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

/** A sign of life, and the renewal of all leases. One that is absent is over, unless Redis may have lost it. */
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

/** Gives up to ARGV[3] of the leases that are free. */
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

/** Adds entries to a stream, if the lease is still that of the one who asks: the fence. */
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
 * @property {number} token higher than that of any earlier lease
 * @property {string} value what stands in Redis
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
   * @param {any} redis a client that does not queue while it is without a connection
   * @param {object} options
   * @param {string} options.owner unlike that of any other process, now or earlier
   * @param {number} [options.ttl] for how long a lease lasts, in ms; the same in all processes
   * @param {string} [options.prefix] of all keys
   * @param {() => void} [options.onLapse] called when nothing that is held can be relied on any more
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
   * Whether a lease can be relied on at this moment. Two clocks, since the monotonic one stands still while a machine
   * sleeps, and the other one can be set.
   * @param {Lease} lease
   */
  isHeld(lease) {
    return this.#held.get(lease.name) === lease && performance.now() < this.#monotonic && Date.now() < this.#wall;
  }

  /**
   * Says that this process is alive, and renews what it holds.
   * @param {{ leaving?: boolean }} [options] `leaving`: it is not to be counted any more
   * @returns {Promise<{ owners: number, lost: Lease[] }>} how many processes are alive; what is not held any more
   */
  async beat({ leaving = false } = {}) {
    const [monotonic, wall] = [performance.now(), Date.now()];
    const leases = [...this.#held.values()];
    const names = ['since', 'token', 'owners', 'news'];
    const keys = [...names.map((name) => this.key(name)), ...leases.map(({ name }) => this.key('lease', name))];
    const args = [this.#owner, this.#ttl, leaving ? 'leave' : 'stay', ...leases.map(({ value }) => value)];
    const [owners, lost] = await this.#run(BEAT, keys, args);
    this.#monotonic = monotonic + GOOD_FOR * this.#ttl;
    this.#wall = wall + GOOD_FOR * this.#ttl;
    this.#watch();
    return { owners, lost: lost.map((/** @type {number} */ index) => this.#forget(leases[index])) };
  }

  /**
   * Takes leases that are free.
   * @param {string[]} names of workspaces
   * @param {number} most
   * @returns {Promise<{ wait: number, taken: Lease[] }>} `wait`: in so many ms Redis gives leases
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
   * Gives a lease back, whoever has it by now.
   * @param {Lease} lease
   */
  async release(lease) {
    this.#forget(lease);
    await this.#run(RELEASE, [this.key('lease', lease.name), this.key('news')], [lease.value]);
  }

  /**
   * Adds events to the stream, all or none.
   * @param {Lease} lease
   * @param {{ self: string, type: string, event: string }[]} events
   * @param {number} most about how many entries the stream keeps
   * @returns {Promise<boolean>} false: the lease is somebody else's, or absent
   */
  async append(lease, events, most) {
    const fields = events.flatMap(({ self, type, event }) => [self, type, event]);
    const keys = [this.key('lease', lease.name), this.key('events')];
    return (await this.#run(APPEND, keys, [lease.value, most, lease.name, lease.token, ...fields])) === 1;
  }

  /**
   * Who has which workspace.
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

  /** Says that nobody holds anything, so that a new Redis need not wait. Only for who knows that, as tests do. */
  async begin() {
    await this.#run(BEGIN, [this.key('since'), this.key('token')], [this.#owner, this.#ttl]);
  }

  /** No more timers. */
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
