// A counter of things per second.

/** The number of things in the last second, in steps of 100 ms. */
export class Rate {
  #slots = new Array(10).fill(0);
  #slot = 0;

  /** @param {number} number */
  add(number) {
    this.#advance();
    this.#slots[this.#slot % 10] += number;
  }

  get perSecond() {
    this.#advance();
    return this.#slots.reduce((sum, number) => sum + number, 0);
  }

  #advance() {
    const now = Math.floor(performance.now() / 100);
    const from = Math.max(this.#slot + 1, now - 9);
    for (let slot = from; slot <= now; slot += 1) this.#slots[slot % 10] = 0;
    this.#slot = now;
  }
}
