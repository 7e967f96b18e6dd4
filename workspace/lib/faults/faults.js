// The faults that a test or the page can cause.
'use strict';

const { encode } = require('../json');
const { checkNumber } = require('../check-number');
const { CountedQueue } = require('./counted-queue');
const { flood } = require('./flood');

/**
 * @typedef {import('../../index').ConnectRefusal} ConnectRefusal
 * @typedef {import('../../index').Faults} PublicFaults
 * @typedef {import('../../index').Target} Target
 * @typedef {import('../rtm/connection').Connection} Connection
 * @typedef {import('../state/state').State} State
 * @typedef {{ method: string | undefined, retryAfter: number }} CallLimit
 */

const GOODBYE = encode({ type: 'goodbye' });
const MIGRATION = encode({ type: 'team_migration_started' });

/**
 * Acts on connections at once (`drop`, `close`, …), or keeps a fault until the RTM server, a connection or the Web API takes
 * it (`refuseConnect`, `rateLimit`, …).
 *
 * @implements {PublicFaults}
 */
class Faults {
  /** ms by which the connections delay replies */
  replyDelay = 0;
  /** whether new connections get no `hello` */
  isHelloHeld = false;
  /** @type {CountedQueue<ConnectRefusal>} */
  #connectRefusals = new CountedQueue();
  /** @type {CountedQueue<number>} */
  #socketRefusals = new CountedQueue();
  /** @type {CountedQueue<CallLimit>} */
  #callLimits = new CountedQueue();
  /** @type {CountedQueue<true>} */
  #messageLimits = new CountedQueue();
  #floods = new AbortController();
  #connections;
  #state;

  /**
   * @param {(to?: Target['to']) => Connection[]} connections gives the open connections
   * @param {() => State} state gives the state, which is created after the faults
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
   * @param {ConnectRefusal} response
   * @param {number} [times]
   */
  refuseConnect(response, times = 1) {
    const known = ['error', 'status', 'html', 'drop', 'hang'];
    if (!known.some((key) => key in response)) throw new TypeError(`response must have one of ${known.join(', ')}`);
    this.#connectRefusals.add(response, times);
  }

  /**
   * @param {number} [status]
   * @param {number} [times]
   */
  refuseSocket(status = 503, times = 1) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`status must be a number from 200 to 599, not ${status}`);
    }
    this.#socketRefusals.add(status, times);
  }

  /** @param {boolean} [on] */
  holdHello(on = true) {
    this.isHelloHeld = on;
    if (!on) this.#each(undefined, (connection) => connection.sendHello());
  }

  /** @param {import('../../index').RateLimitOptions} [options] */
  rateLimit({ calls = 1, messages = 1, retryAfter = 30, method } = {}) {
    checkNumber('retryAfter', retryAfter);
    this.#callLimits.add({ method, retryAfter: Math.ceil(retryAfter) }, calls);
    this.#messageLimits.add(true, messages);
  }

  /** @param {import('../../index').GoodbyeOptions} [options] */
  goodbye({ closeAfter = 1000, to } = {}) {
    checkNumber('closeAfter', closeAfter);
    return this.#each(to, (connection) => {
      connection.send(GOODBYE);
      connection.closeAfter(closeAfter);
    });
  }

  /** @param {import('../../index').MigrateOptions} [options] */
  migrate({ refusals = 1, to } = {}) {
    this.refuseConnect({ error: 'migration_in_progress' }, refusals);
    return this.#each(to, (connection) => {
      connection.send(MIGRATION);
      connection.close(1000, '');
    });
  }

  /** @param {import('../../index').FloodOptions} [options] */
  async flood(options = {}) {
    return flood(options, this.#state(), () => this.#connections(), this.#floods.signal);
  }

  /** Ends the floods that are running. */
  endFloods() {
    this.#floods.abort();
    this.#floods = new AbortController();
  }

  clear() {
    this.replyDelay = 0;
    this.endFloods();
    this.#connectRefusals = new CountedQueue();
    this.#socketRefusals = new CountedQueue();
    this.#callLimits = new CountedQueue();
    this.#messageLimits = new CountedQueue();
    this.holdHello(false);
    this.silence(false);
  }

  /** The response that refuses the current connect call; undefined if it is not refused. */
  takeConnectRefusal() {
    return this.#connectRefusals.take();
  }

  /** The HTTP status that refuses the current upgrade; undefined if it is not refused. */
  takeSocketRefusal() {
    return this.#socketRefusals.take();
  }

  /**
   * The `Retry-After` in seconds that refuses the current call; undefined if it is not refused.
   *
   * @param {string} name of the method
   */
  takeCallLimit(name) {
    return this.#callLimits.take(({ method }) => method === undefined || method === name)?.retryAfter;
  }

  /** Whether the current message is refused. */
  takeMessageLimit() {
    return this.#messageLimits.take() ?? false;
  }

  /**
   * @param {Target['to']} to
   * @param {(connection: Connection) => void} act
   * @returns {number} the number of connections
   */
  #each(to, act) {
    const connections = this.#connections(to);
    connections.forEach(act);
    return connections.length;
  }
}

module.exports = { Faults };
