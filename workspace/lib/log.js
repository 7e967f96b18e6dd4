// Owns what happened and who waits for it: a bounded list, each entry of which is handed out at most once.
// Knows nothing of what the entries are.
'use strict';

const LIMIT = 10_000;
/** Characters or bytes above which an entry is large. */
const LARGE = 10_000;
/** Of all large entries together; above it the oldest of them go. */
const MAX_SIZE = 100_000_000;
const DEFAULT_TIMEOUT = 5000;
/** ms; the longest that timers know, above which a wait has no end */
const MAX_TIMEOUT = 2 ** 31 - 1;
const SHOWN = 5;

/**
 * @template T
 * @typedef {object} Waiter
 * @property {(entry: T) => boolean} matches
 * @property {(entry: T) => void} resolve
 * @property {(message: string) => void} fail
 * @property {string} wanted
 */

/** @template T */
class Log {
  /** @type {T[]} */
  #entries = [];
  /** @type {T[]} entries that nobody was handed yet */
  #open = [];
  /** @type {Set<Waiter<T>>} */
  #waiters = new Set();
  /** @type {{ size: number, entry: T }[]} the large entries, oldest first */
  #large = [];
  #largeSize = 0;
  #describe;
  #closed = false;

  /** @param {(entry: T) => string} describe one line about an entry, for the error of a wait in vain */
  constructor(describe) {
    this.#describe = describe;
  }

  /** The last 10,000, fewer where they are very large, oldest first. */
  get entries() {
    return [...this.#entries];
  }

  /**
   * @param {T} entry
   * @param {number} [size] how many characters or bytes it holds
   */
  add(entry, size = 0) {
    push(this.#entries, entry);
    this.#makeRoom(entry, size);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(entry)) continue;
      waiter.resolve(entry);
      return;
    }
    push(this.#open, entry);
  }

  /**
   * The oldest matching entry that was not handed out yet, else the first to come.
   *
   * @param {(entry: T) => boolean} matches
   * @param {string} wanted what is waited for, in words
   * @param {number} [timeout] ms; Infinity for no end
   * @returns {Promise<T>}
   */
  next(matches, wanted, timeout = DEFAULT_TIMEOUT) {
    if (typeof timeout !== 'number' || !(timeout >= 0)) {
      throw new RangeError(`timeout must be a number of ms, 0 or more, not ${String(timeout)}`);
    }
    const index = this.#open.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.#open.splice(index, 1)[0]);
    // Made here, so that its stack shows the line that waits.
    const error = new Error();
    if (this.#closed) return Promise.reject(explain(error, 'Error', `no ${wanted}: the workspace is closed`));
    return this.#wait(matches, wanted, timeout, error);
  }

  /** Everybody who waits is told that it is in vain. */
  close() {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.fail(`no ${waiter.wanted}: the workspace was closed`);
  }

  /**
   * @param {(entry: T) => boolean} matches
   * @param {string} wanted
   * @param {number} timeout
   * @param {Error} error
   * @returns {Promise<T>}
   */
  #wait(matches, wanted, timeout, error) {
    return new Promise((resolve, reject) => {
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      const settle = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      /** @type {Waiter<T>} */
      const waiter = {
        matches,
        wanted,
        resolve: (entry) => {
          settle();
          resolve(entry);
        },
        fail: (message) => {
          settle();
          reject(explain(error, 'Error', message));
        },
      };
      const onTimeout = () => {
        settle();
        reject(explain(error, 'TimeoutError', `no ${wanted} within ${timeout} ms; ${this.#seen()}`));
      };
      if (timeout <= MAX_TIMEOUT) timer = setTimeout(onTimeout, timeout);
      this.#waiters.add(waiter);
    });
  }

  /**
   * @param {T} entry
   * @param {number} size
   */
  #makeRoom(entry, size) {
    if (size <= LARGE) return;
    this.#large.push({ size, entry });
    this.#largeSize += size;
    while (this.#largeSize > MAX_SIZE && this.#large.length > 1) {
      const [oldest] = this.#large.splice(0, 1);
      this.#largeSize -= oldest.size;
      remove(this.#entries, oldest.entry);
      remove(this.#open, oldest.entry);
    }
  }

  #seen() {
    if (this.#open.length === 0) return 'nothing else was seen';
    const lines = this.#open.slice(-SHOWN).map(this.#describe);
    if (this.#open.length > SHOWN) lines.unshift(`${this.#open.length - SHOWN} earlier ones`);
    return `seen instead: ${lines.join('; ')}`;
  }
}

/**
 * @template T
 * @param {T[]} list
 * @param {T} entry
 */
function push(list, entry) {
  list.push(entry);
  if (list.length > LIMIT) list.shift();
}

/**
 * @template T
 * @param {T[]} list
 * @param {T} entry
 */
function remove(list, entry) {
  const index = list.indexOf(entry);
  if (index >= 0) list.splice(index, 1);
}

/**
 * Gives an error that was made earlier its name and message, and its stack their text.
 *
 * @param {Error} error
 * @param {string} name
 * @param {string} message
 */
function explain(error, name, message) {
  const frames = (error.stack ?? '').split('\n').slice(1);
  error.name = name;
  error.message = message;
  error.stack = [`${name}: ${message}`, ...frames].join('\n');
  return error;
}

module.exports = { Log };
