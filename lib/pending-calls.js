// The promises that the user holds, by call number. Native code settles them through the outbox.
'use strict';

/**
 * @typedef {object} Call
 * @property {(value?: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {boolean} keepsAlive whether the process waits for it
 */

class PendingCalls {
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastNumber = 0;

  /** The number of pending calls that keep the process alive. */
  keepAliveCount = 0;

  /**
   * Creates a promise that native code settles.
   * @param {boolean} keepsAlive
   * @param {(number: number) => void} begin passes the call to native code; an error that it throws rejects the promise
   * @returns {Promise<any>}
   */
  begin(keepsAlive, begin) {
    return new Promise((resolve, reject) => {
      const number = this.#newNumber();
      begin(number);
      this.#calls.set(number, { resolve, reject, keepsAlive });
      if (keepsAlive) this.keepAliveCount += 1;
    });
  }

  /** A number from 1 to 2^32 - 1 that no pending call has. */
  #newNumber() {
    do {
      this.#lastNumber = (this.#lastNumber % 0xffff_ffff) + 1;
    } while (this.#calls.has(this.#lastNumber));
    return this.#lastNumber;
  }

  /**
   * Removes a call, and returns it to be settled.
   * @param {number} number
   */
  take(number) {
    const call = this.#calls.get(number);
    this.#calls.delete(number);
    if (call?.keepsAlive) this.keepAliveCount -= 1;
    return call;
  }

  /** @param {Error} error */
  rejectAll(error) {
    for (const number of [...this.#calls.keys()]) this.take(number)?.reject(error);
  }
}

module.exports = { PendingCalls };
