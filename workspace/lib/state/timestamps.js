// Slack's timestamps.
'use strict';

/**
 * Gives out the `ts` of messages and events: seconds with six decimals, unique in the workspace and increasing, also when
 * they are compared as text.
 */
class Timestamps {
  /** Microseconds since the epoch. */
  #last = 0;

  next() {
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    const digits = String(this.#last);
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  /**
   * Makes every later timestamp greater than this one. The clock may have gone back since a stored message was posted.
   *
   * @param {string} ts
   */
  advancePast(ts) {
    this.#last = Math.max(this.#last, Number(ts.replace('.', '')) || 0);
  }
}

/** The time in whole seconds since the epoch. */
function nowInSeconds() {
  return Math.floor(Date.now() / 1000);
}

module.exports = { Timestamps, nowInSeconds };
