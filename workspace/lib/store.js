// Owns the data file: named JSON values in an SQLite database, durable as soon as `put` returns. Knows nothing of what
// the values mean (state.js does), and makes no file unless it is asked to open one.
'use strict';

const { accessSync, closeSync, constants, openSync, statSync } = require('node:fs');
const path = require('node:path');

/**
 * @typedef {object} Database what both drivers have in common
 * @property {(sql: string) => unknown} exec
 * @property {(sql: string) => { all: (...values: string[]) => any[], run: (...values: string[]) => unknown }} prepare
 * @property {() => unknown} close
 *
 * @typedef {{ kind: string, id: string, value: any }} Entry
 */

/** `RTMW`: marks a database as one of this package. */
const APPLICATION_ID = 0x52544d57;
/** Of the tables' form; a later one is refused. */
const VERSION = 1;

const SETUP = `
  CREATE TABLE entry (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id));
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;
// A row keeps its place when its value changes, so that `load` gives entries in the order of their first `put`.
const PUT = `
  INSERT INTO entry (kind, id, value) VALUES (?, ?, ?)
  ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value
`;

/** By SQLite's primary result code. */
const TROUBLES = new Map([
  [5, 'is in use by another process'],
  [8, 'cannot be written to'],
  [11, 'is damaged'],
  [13, 'cannot grow: the disk is full'],
  [14, 'cannot be opened'],
  [26, 'is not a database'],
]);
/** better-sqlite3 tells the codes by name. */
const CODES = new Map([
  ['BUSY', 5],
  ['READONLY', 8],
  ['CORRUPT', 11],
  ['FULL', 13],
  ['CANTOPEN', 14],
  ['NOTADB', 26],
]);
/** By the code of Node's error for the file itself. */
const REFUSALS = new Map([
  ['ENOENT', 'cannot be made: its folder does not exist'],
  ['ENOTDIR', 'cannot be made: its folder does not exist'],
  ['EISDIR', 'is a folder'],
  ['EACCES', 'may not be written to'],
  ['EPERM', 'may not be written to'],
  ['EROFS', 'may not be written to'],
]);

/** Something is wrong with the data file or with what it takes to read it; the message is one line for its owner. */
class DataFileError extends Error {
  name = 'DataFileError';
  code = 'ERR_DATA_FILE';
}

/** The modules that can read SQLite, the preferred one first. */
const drivers = ['node:sqlite', 'better-sqlite3'];

class Store {
  #database;
  #file;
  #put;
  #delete;

  /**
   * @param {Database} database
   * @param {string} file
   */
  constructor(database, file) {
    this.#database = database;
    this.#file = file;
    this.#put = database.prepare(PUT);
    this.#delete = database.prepare('DELETE FROM entry WHERE kind = ? AND id = ?');
  }

  /**
   * All there is, in the order of each entry's first `put`.
   *
   * @returns {Entry[]}
   */
  load() {
    const rows = this.#try(() => this.#database.prepare('SELECT kind, id, value FROM entry ORDER BY rowid').all());
    return rows.map(({ kind, id, value }) => ({ kind, id, value: JSON.parse(value) }));
  }

  /**
   * Keeps a value; when it returns, no crash loses it.
   *
   * @param {string} kind
   * @param {string} id unique among those of its kind
   * @param {unknown} value anything that JSON holds
   */
  put(kind, id, value) {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError(`${kind} ${id} cannot be kept as JSON: ${typeof value}`);
    this.#try(() => this.#put.run(kind, id, json));
  }

  /**
   * @param {string} kind
   * @param {string} id
   */
  delete(kind, id) {
    this.#try(() => this.#delete.run(kind, id));
  }

  /**
   * Keeps all that `work` puts and deletes, or nothing where it throws or the process ends in the middle of it.
   *
   * @template T
   * @param {() => T} work does not wait for anything, and starts no other transaction
   * @returns {T}
   */
  transaction(work) {
    const database = this.#database;
    this.#try(() => database.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      this.#try(() => database.exec('COMMIT'));
      return result;
    } catch (error) {
      try {
        database.exec('ROLLBACK');
      } catch {
        // SQLite has ended the transaction itself, as on a full disk.
      }
      throw error;
    }
  }

  close() {
    this.#database.close();
  }

  /**
   * @template T
   * @param {() => T} act
   */
  #try(act) {
    try {
      return act();
    } catch (error) {
      throw explained(error, this.#file);
    }
  }
}

/**
 * Opens a data file, and makes it where there is none. Only one process can have it open.
 *
 * @param {string} file
 * @param {object} [options]
 * @param {string} [options.driver] one of `drivers`; default: the first that is there
 * @returns {Store}
 */
function openStore(file, { driver } = {}) {
  if (typeof file !== 'string' || file === '') throw new TypeError('the data file must be named by a string');
  const Driver = driver === undefined ? anyDriver() : loadDriver(driver);
  if (!Driver) {
    throw new DataFileError(
      `keeping data in ${file} needs Node.js 22.13 or later, or the package better-sqlite3 beside this one` +
        ' (npm install better-sqlite3)',
    );
  }
  // Absolute, so that no name has a meaning of its own for SQLite (`:memory:`, `file:…`).
  const absolute = path.resolve(file);
  try {
    touch(absolute);
  } catch (error) {
    const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new DataFileError(`${file} ${REFUSALS.get(code) ?? `cannot be opened: ${message}`}`, { cause: error });
  }
  /** @type {Database | undefined} */
  let database;
  try {
    database = new Driver(absolute);
    prepare(database, file);
    return new Store(database, file);
  } catch (error) {
    database?.close();
    throw explained(error, file);
  }
}

/**
 * Makes the file where there is none; throws Node's error where it cannot be used. One that is there is not opened: to
 * close it again would end the locks by which this process may hold it already.
 *
 * @param {string} absolute
 */
function touch(absolute) {
  const present = statSync(absolute, { throwIfNoEntry: false });
  if (present?.isFile()) accessSync(absolute, constants.R_OK | constants.W_OK);
  else closeSync(openSync(absolute, 'a', 0o600));
}

/**
 * Looks before it writes: a database of another program stays as it is.
 *
 * @param {Database} database
 * @param {string} file
 */
function prepare(database, file) {
  database.exec('PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE');
  const number = (/** @type {string} */ sql) => Number(Object.values(database.prepare(sql).all()[0])[0]);
  const isNew = number('SELECT count(*) FROM sqlite_master') === 0;
  if (!isNew && number('PRAGMA application_id') !== APPLICATION_ID) {
    throw new DataFileError(`${file} is a database of another program`);
  }
  if (number('PRAGMA user_version') > VERSION) {
    throw new DataFileError(`${file} was made by a later version of this package`);
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  if (isNew) database.exec(`BEGIN IMMEDIATE; ${SETUP} COMMIT`);
}

/** @returns {(new (file: string) => Database) | undefined} */
function anyDriver() {
  for (const name of drivers) {
    const Driver = loadDriver(name);
    if (Driver) return Driver;
  }
  return undefined;
}

/**
 * @param {string} name
 * @returns {(new (file: string) => Database) | undefined} undefined where it is not there, or cannot be used
 */
function loadDriver(name) {
  const { emitWarning } = process;
  // Some versions of Node call node:sqlite experimental, on the terminal of people who cannot do anything about it.
  process.emitWarning = (/** @type {any} */ warning, /** @type {any[]} */ ...rest) => {
    if (!/\bSQLite\b/.test(String(warning))) emitWarning.call(process, warning, ...rest);
  };
  try {
    const module = require(name);
    if (name === 'node:sqlite') return module.DatabaseSync;
    new module(':memory:').close(); // throws where the addon is for another version of Node
    return module;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * @param {unknown} error of a driver, or one that is explained already
 * @param {string} file
 */
function explained(error, file) {
  if (error instanceof DataFileError || !(error instanceof Error)) return error;
  const { code, errcode } = /** @type {{ code?: string, errcode?: number }} */ (/** @type {unknown} */ (error));
  const [, name] = /^SQLITE_([A-Z]+)/.exec(code ?? '') ?? [];
  if (errcode === undefined && name === undefined) return error;
  const primary = errcode === undefined ? CODES.get(name) : errcode & 0xff;
  const trouble = TROUBLES.get(primary ?? -1) ?? `cannot be used: ${error.message}`;
  return new DataFileError(`${file} ${trouble}`, { cause: error });
}

module.exports = { openStore, DataFileError, drivers, loadDriver };
