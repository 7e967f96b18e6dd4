// Random numbers that are reproducible from a seed (mulberry32).
'use strict';

class Random {
  #seed;
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** From 0 to just below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number, both ends included. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  /**
   * @template T
   * @param {T[]} list
   */
  pick(list) {
    return list[this.between(0, list.length - 1)];
  }

  /**
   * @template T
   * @param {T[]} list
   */
  shuffled(list) {
    const rest = [...list];
    for (let last = rest.length - 1; last > 0; last -= 1) {
      const other = this.between(0, last);
      [rest[last], rest[other]] = [rest[other], rest[last]];
    }
    return rest;
  }

  bytes(count) {
    return Buffer.from(Array.from({ length: count }, () => this.between(0, 255)));
  }

  /** An independent generator: it does not depend on how many numbers were drawn from this one. */
  fork(number) {
    return new Random(Math.imul(this.#seed ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b));
  }
}

module.exports = { Random };
