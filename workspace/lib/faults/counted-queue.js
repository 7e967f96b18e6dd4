// A queue of faults that apply a given number of times.
'use strict';

const { checkNumber } = require('../check-number');

/**
 * Values that can be taken a given number of times each, in the order in which they were added.
 *
 * @template T
 */
class CountedQueue {
  /** @type {{ value: T, left: number }[]} */
  #entries = [];

  /**
   * @param {T} value
   * @param {number} times
   */
  add(value, times) {
    this.#entries.push({ value, left: checkNumber('times', times) });
  }

  /**
   * @param {(value: T) => boolean} [matches]
   * @returns {T | undefined} undefined if no value matches
   */
  take(matches = () => true) {
    this.#entries = this.#entries.filter(({ left }) => left >= 1);
    const first = this.#entries.find(({ value }) => matches(value));
    if (first) first.left -= 1;
    return first?.value;
  }
}

module.exports = { CountedQueue };
