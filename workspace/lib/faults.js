// Owns the faults: what goes wrong because a test asked for it. The other files ask here whether something should.
'use strict';

/**
 * @typedef {import('../index').ConnectRefusal} ConnectRefusal
 * @typedef {import('../index').Faults} PublicFaults
 * @typedef {import('../index').Target} Target
 * @typedef {import('./connection').Connection} Connection
 */

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
  #connections;

  /** @param {(to?: Target['to']) => Connection[]} connections the open ones */
  constructor(connections) {
    this.#connections = connections;
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

  clear() {
    this.replyDelay = 0;
    this.#connectRefusals = new Queue();
    this.#socketRefusals = new Queue();
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

  take() {
    while (this.#entries.length > 0 && this.#entries[0].left < 1) this.#entries.shift();
    const [first] = this.#entries;
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
