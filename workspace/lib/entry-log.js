// The record behind the `next…` methods of the testing API.
'use strict';

const MAX_ENTRIES = 10_000;
/** An entry with more characters or bytes is large. */
const LARGE = 10_000;
/** The total size of the large entries. Beyond it, the oldest large entries are dropped. */
const MAX_LARGE_SIZE = 100_000_000;
/** ms */
const DEFAULT_TIMEOUT = 5000;
/** The longest delay of a timer in ms. A longer wait has no timeout. */
const MAX_TIMEOUT = 2 ** 31 - 1;
/** The number of entries that the error of a timeout lists. */
const MAX_LISTED = 5;

/**
 * @template T
 * @typedef {object} Waiter
 * @property {(entry: T) => boolean} matches
 * @property {(entry: T) => void} resolve
 * @property {(message: string) => void} fail
 * @property {string} wanted
 */

/**
 * A bounded list of entries. `next` waits for an entry; each entry is handed out at most once.
 *
 * @template T
 */
class EntryLog {
  /** @type {T[]} */
  #entries = [];
  /** @type {T[]} the entries that have not been handed out */
  #pending = [];
  /** @type {Set<Waiter<T>>} */
  #waiters = new Set();
  /** @type {{ size: number, entry: T }[]} the large entries, oldest first */
  #large = [];
  #largeSize = 0;
  #describe;
  #closed = false;

  /** @param {(entry: T) => string} describe describes an entry in one line, for the error of a timeout */
  constructor(describe) {
    this.#describe = describe;
  }

  /** The latest entries, oldest first: 10,000, or fewer if many are large. */
  get entries() {
    return [...this.#entries];
  }

  /**
   * @param {T} entry
   * @param {number} [size] in characters or bytes
   */
  add(entry, size = 0) {
    push(this.#entries, entry);
    this.#trackSize(entry, size);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(entry)) continue;
      waiter.resolve(entry);
      return;
    }
    push(this.#pending, entry);
  }

  /**
   * Hands out the oldest matching entry that has not been handed out, or waits for the next one.
   *
   * @param {(entry: T) => boolean} matches
   * @param {string} wanted describes the entry, for error messages
   * @param {number} [timeout] ms; Infinity turns the timeout off
   * @returns {Promise<T>}
   */
  next(matches, wanted, timeout = DEFAULT_TIMEOUT) {
    if (typeof timeout !== 'number' || !(timeout >= 0)) {
      throw new RangeError(`timeout must be a number of ms, 0 or more, not ${String(timeout)}`);
    }
    const index = this.#pending.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.#pending.splice(index, 1)[0]);
    // Created here, so that its stack contains the line that waits.
    const error = new Error();
    if (this.#closed) return Promise.reject(complete(error, 'Error', `no ${wanted}: the workspace is closed`));
    return this.#wait(matches, wanted, timeout, error);
  }

  /** Rejects all waits, and every later one. */
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
          reject(complete(error, 'Error', message));
        },
      };
      const onTimeout = () => {
        settle();
        reject(complete(error, 'TimeoutError', `no ${wanted} within ${timeout} ms; ${this.#seen()}`));
      };
      if (timeout <= MAX_TIMEOUT) timer = setTimeout(onTimeout, timeout);
      this.#waiters.add(waiter);
    });
  }

  /**
   * Drops the oldest large entries if there are too many.
   *
   * @param {T} entry
   * @param {number} size
   */
  #trackSize(entry, size) {
    if (size <= LARGE) return;
    this.#large.push({ size, entry });
    this.#largeSize += size;
    while (this.#largeSize > MAX_LARGE_SIZE && this.#large.length > 1) {
      const [oldest] = this.#large.splice(0, 1);
      this.#largeSize -= oldest.size;
      remove(this.#entries, oldest.entry);
      remove(this.#pending, oldest.entry);
    }
  }

  #seen() {
    if (this.#pending.length === 0) return 'nothing else was seen';
    const lines = this.#pending.slice(-MAX_LISTED).map(this.#describe);
    if (this.#pending.length > MAX_LISTED) lines.unshift(`${this.#pending.length - MAX_LISTED} earlier ones`);
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
  if (list.length > MAX_ENTRIES) list.shift();
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
 * Sets the name and message of an error that was created earlier, also in its stack.
 *
 * @param {Error} error
 * @param {string} name
 * @param {string} message
 */
function complete(error, name, message) {
  const frames = (error.stack ?? '').split('\n').slice(1);
  error.name = name;
  error.message = message;
  error.stack = [`${name}: ${message}`, ...frames].join('\n');
  return error;
}

module.exports = { EntryLog };
