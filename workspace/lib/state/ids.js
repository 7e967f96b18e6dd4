// The ids of users, bots and channels.
'use strict';

/** @typedef {import('../store').EntryStore} EntryStore */

/** Gives out ids such as `U0000000002`. The count is stored, so that a later process does not repeat an id. */
class Ids {
  #store;
  #isTaken;
  #count = 0;

  /**
   * @param {EntryStore} store
   * @param {(id: string) => boolean} isTaken whether a user or channel has this id already; a seed may choose ids
   */
  constructor(store, isTaken) {
    this.#store = store;
    this.#isTaken = isTaken;
  }

  /** @param {string} prefix `U`, `B`, `C`, `D` or `G` */
  next(prefix) {
    let id;
    do {
      this.#count += 1;
      id = prefix + (this.#count + 1).toString(36).toUpperCase().padStart(10, '0');
    } while (this.#isTaken(id));
    this.#store.put('meta', 'counters', { ids: this.#count });
    return id;
  }

  /** @param {{ ids: number }} counters as stored by `next` */
  restore({ ids }) {
    this.#count = Math.max(this.#count, ids);
  }
}

module.exports = { Ids };
