// The promises that users hold, by number. Owns which are unsettled, and for how many of them the process waits; what
// they come to is told by the network side.
'use strict';

/**
 * A promise that the user holds.
 * @typedef {object} Call
 * @property {(value?: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {boolean} keepsAlive whether the process waits for it
 */

class Calls {
  /** @type {Map<number, Call>} */
  #unsettled = new Map();
  #last = 0;

  /** Unsettled calls for which the process waits. */
  waiting = 0;

  /**
   * A promise that the network side settles.
   * @param {boolean} keepsAlive
   * @param {(number: number) => void} begin hands the call over; what it throws rejects the promise
   * @returns {Promise<any>}
   */
  begin(keepsAlive, begin) {
    return new Promise((resolve, reject) => {
      const number = this.#newNumber();
      begin(number);
      this.#unsettled.set(number, { resolve, reject, keepsAlive });
      if (keepsAlive) this.waiting += 1;
    });
  }

  /** A number from 1 to 2^32 - 1 that no unsettled call has. */
  #newNumber() {
    do {
      this.#last = (this.#last % 0xffff_ffff) + 1;
    } while (this.#unsettled.has(this.#last));
    return this.#last;
  }

  /**
   * Hands out a call that is about to be settled.
   * @param {number} number
   */
  take(number) {
    const call = this.#unsettled.get(number);
    this.#unsettled.delete(number);
    if (call?.keepsAlive) this.waiting -= 1;
    return call;
  }

  /** @param {Error} error */
  rejectAll(error) {
    for (const number of [...this.#unsettled.keys()]) this.take(number)?.reject(error);
  }
}

module.exports = { Calls };
