// The secrets in socket URLs.
'use strict';

const { randomBytes } = require('node:crypto');

/** The most unused tickets. Beyond it, the oldest is dropped. */
const MAX_TICKETS = 10_000;

/**
 * Tickets that can be redeemed once, within their lifetime, for the value they were issued for.
 *
 * @template T
 */
class Tickets {
  /** @type {Map<string, { value: T, expiresAt: number }>} the unused tickets, oldest first */
  #unused = new Map();
  #lifetime;

  /** @param {number} lifetime ms */
  constructor(lifetime) {
    this.#lifetime = lifetime;
  }

  /** The values of the unused tickets, oldest first. */
  get values() {
    this.#dropExpired();
    return [...this.#unused.values()].map(({ value }) => value);
  }

  /** @param {T} value */
  issue(value) {
    this.#dropExpired();
    const ticket = randomBytes(32).toString('base64url');
    this.#unused.set(ticket, { value, expiresAt: performance.now() + this.#lifetime });
    const [oldest] = this.#unused.keys();
    if (this.#unused.size > MAX_TICKETS) this.#unused.delete(oldest);
    return ticket;
  }

  /**
   * @param {string} ticket
   * @returns {T | undefined} undefined if the ticket is unknown, used or expired
   */
  redeem(ticket) {
    this.#dropExpired();
    const entry = this.#unused.get(ticket);
    this.#unused.delete(ticket);
    return entry?.value;
  }

  clear() {
    this.#unused.clear();
  }

  #dropExpired() {
    const now = performance.now();
    for (const [ticket, { expiresAt }] of this.#unused) {
      if (expiresAt <= now) this.#unused.delete(ticket);
    }
  }
}

module.exports = { Tickets };
