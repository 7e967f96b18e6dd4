// Owns the faults: what goes wrong because a test asked for it. The other files ask here whether something should.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { encode } = require('./wire');

/**
 * @typedef {import('../index').ConnectRefusal} ConnectRefusal
 * @typedef {import('../index').Faults} PublicFaults
 * @typedef {import('../index').Target} Target
 * @typedef {import('./connection').Connection} Connection
 * @typedef {import('./state').State} State
 * @typedef {{ method: string | undefined, retryAfter: number }} CallLimit
 */

/** ms between the portions of a flood */
const TICK = 10;
const GOODBYE = encode({ type: 'goodbye' });
const MIGRATION = encode({ type: 'team_migration_started' });

/** @implements {PublicFaults} */
class Faults {
  /** ms by which replies are late; read by the connections */
  replyDelay = 0;
  /** whether new connections get no `hello`; read where they are opened */
  helloHeld = false;
  /** @type {Queue<ConnectRefusal>} */
  #connectRefusals = new Queue();
  /** @type {Queue<number>} */
  #socketRefusals = new Queue();
  /** @type {Queue<CallLimit>} */
  #callLimits = new Queue();
  /** @type {Queue<true>} */
  #messageLimits = new Queue();
  #floods = new AbortController();
  #connections;
  #state;

  /**
   * @param {(to?: Target['to']) => Connection[]} connections the open ones
   * @param {() => State} state
   */
  constructor(connections, state) {
    this.#connections = connections;
    this.#state = state;
  }

  /** @param {Target} [target] */
  drop({ to } = {}) {
    return this.#each(to, (connection) => connection.drop());
  }

  /**
   * @param {number} [code]
   * @param {string} [reason]
   * @param {Target} [target]
   */
  close(code = 1000, reason = '', { to } = {}) {
    return this.#each(to, (connection) => connection.close(code, reason));
  }

  /**
   * @param {boolean} [on]
   * @param {Target} [target]
   */
  silence(on = true, { to } = {}) {
    return this.#each(to, (connection) => connection.silence(on));
  }

  /** @param {number} ms */
  delayReplies(ms) {
    this.replyDelay = checkNumber('ms', ms);
  }

  /**
   * @param {ConnectRefusal} answer
   * @param {number} [times]
   */
  refuseConnect(answer, times = 1) {
    const known = ['error', 'status', 'html', 'drop', 'hang'];
    if (!known.some((key) => key in answer)) throw new TypeError(`answer must have one of ${known.join(', ')}`);
    this.#connectRefusals.add(answer, times);
  }

  /**
   * @param {number} [status]
   * @param {number} [times]
   */
  refuseSocket(status = 503, times = 1) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`status must be one from 200 to 599, not ${status}`);
    }
    this.#socketRefusals.add(status, times);
  }

  /** @param {boolean} [on] */
  holdHello(on = true) {
    this.helloHeld = on;
    if (!on) this.#each(undefined, (connection) => connection.greet());
  }

  /** @param {import('../index').RateLimitOptions} [options] */
  rateLimit({ calls = 1, messages = 1, retryAfter = 30, method } = {}) {
    checkNumber('retryAfter', retryAfter);
    this.#callLimits.add({ method, retryAfter: Math.ceil(retryAfter) }, calls);
    this.#messageLimits.add(true, messages);
  }

  /** @param {import('../index').GoodbyeOptions} [options] */
  goodbye({ closeAfter = 1000, to } = {}) {
    checkNumber('closeAfter', closeAfter);
    return this.#each(to, (connection) => {
      connection.send(GOODBYE);
      connection.closeAfter(closeAfter);
    });
  }

  /** @param {import('../index').MigrateOptions} [options] */
  migrate({ refusals = 1, to } = {}) {
    this.refuseConnect({ error: 'migration_in_progress' }, refusals);
    return this.#each(to, (connection) => {
      connection.send(MIGRATION);
      connection.close(1000, '');
    });
  }

  /** @param {import('../index').FloodOptions} [options] */
  async flood(options = {}) {
    const state = this.#state();
    const { count = 1000, perSecond = 5000, text = (/** @type {number} */ n) => `flood ${n}` } = options;
    checkNumber('count', count);
    if (!(checkNumber('perSecond', perSecond) > 0)) throw new RangeError('perSecond must be above 0');
    const channel = state.channel(options.channel ?? state.channels.filter((one) => !one.isIm)[0]);
    const user =
      options.user === undefined
        ? (state.users.find(({ id, isBot }) => !isBot && channel.members.has(id)) ?? state.users[0])
        : state.user(options.user);
    const { signal } = this.#floods;
    // A client that has stopped reading does not keep a flood from being ended.
    let end = () => {};
    const ended = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      end = resolve;
    });
    signal.addEventListener('abort', end);
    const started = performance.now();
    let sent = 0;
    while (sent < count && !signal.aborted) {
      const due = Math.min(count, Math.ceil(((performance.now() - started + TICK) / 1000) * perSecond), sent + 1000);
      for (; sent < due; sent += 1) state.flash(user, channel, text(sent), { via: 'test' });
      const drained = Promise.all(this.#connections().map((connection) => connection.drained()));
      await pause(TICK, undefined, { signal }).catch(() => {});
      await Promise.race([drained, ended]);
    }
    signal.removeEventListener('abort', end);
    return sent;
  }

  /** Ends the floods under way. */
  endFloods() {
    this.#floods.abort();
    this.#floods = new AbortController();
  }

  clear() {
    this.replyDelay = 0;
    this.endFloods();
    this.#connectRefusals = new Queue();
    this.#socketRefusals = new Queue();
    this.#callLimits = new Queue();
    this.#messageLimits = new Queue();
    this.holdHello(false);
    this.silence(false);
  }

  /** How to refuse the connect call at hand; undefined to take it. */
  takeConnectRefusal() {
    return this.#connectRefusals.take();
  }

  /** The status with which to refuse the upgrade at hand; undefined to take it. */
  takeSocketRefusal() {
    return this.#socketRefusals.take();
  }

  /**
   * After how many seconds the call at hand may be made again; undefined to take it.
   *
   * @param {string} name of the method
   */
  takeCallLimit(name) {
    return this.#callLimits.take(({ method }) => method === undefined || method === name)?.retryAfter;
  }

  /** Whether the message at hand is one too many. */
  takeMessageLimit() {
    return this.#messageLimits.take() ?? false;
  }

  /**
   * @param {Target['to']} to
   * @param {(connection: Connection) => void} act
   * @returns {number} of connections
   */
  #each(to, act) {
    const connections = this.#connections(to);
    connections.forEach(act);
    return connections.length;
  }
}

/**
 * Things to be taken so many times each, in the order of adding.
 *
 * @template T
 */
class Queue {
  /** @type {{ value: T, left: number }[]} */
  #entries = [];

  /**
   * @param {T} value
   * @param {number} times
   */
  add(value, times) {
    this.#entries.push({ value, left: checkNumber('times', times) });
  }

  /** @param {(value: T) => boolean} [suits] */
  take(suits = () => true) {
    this.#entries = this.#entries.filter(({ left }) => left >= 1);
    const first = this.#entries.find(({ value }) => suits(value));
    if (first) first.left -= 1;
    return first?.value;
  }
}

/**
 * @param {string} name
 * @param {number} value
 */
function checkNumber(name, value) {
  if (typeof value === 'number' && value >= 0) return value;
  throw new RangeError(`${name} must be a number, 0 or more, not ${String(value)}`);
}

module.exports = { Faults, checkNumber };
