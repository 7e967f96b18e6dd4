// The data file: JSON values in an SQLite database.
'use strict';

const { accessSync, closeSync, constants, openSync, statSync } = require('node:fs');
const path = require('node:path');

/**
 * @typedef {object} Database the part of their API that both drivers share
 * @property {(sql: string) => unknown} exec
 * @property {(sql: string) => { all: (...values: string[]) => any[], run: (...values: string[]) => unknown }} prepare
 * @property {() => unknown} close
 *
 * @typedef {{ kind: string, id: string, value: any }} Entry
 *
 * @typedef {object} EntryStore the part of `Store` that the state uses
 * @property {() => Iterable<Entry>} load
 * @property {(kind: string, id: string, value: object) => void} put
 * @property {(kind: string, id: string) => void} delete
 */

/** `RTMW`: marks a database as one of this package. */
const APPLICATION_ID = 0x52544d57;
/** The version of the schema. A file with a later version is refused. */
const VERSION = 1;

const SETUP = `
  CREATE TABLE entry (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id));
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;
// An update keeps the row and its rowid, by which `load` sorts.
const PUT = `
  INSERT INTO entry (kind, id, value) VALUES (?, ?, ?)
  ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value
`;

/** By SQLite's primary result code. */
const SQLITE_MESSAGES = new Map([
  [5, 'is already open, in this or another process'],
  [8, 'cannot be written to'],
  [11, 'is damaged'],
  [13, 'cannot grow: the disk is full'],
  [14, 'cannot be opened'],
  [26, 'is not a database'],
]);
/** better-sqlite3 has the names of the codes, not the numbers. */
const RESULT_CODES = new Map([
  ['BUSY', 5],
  ['READONLY', 8],
  ['CORRUPT', 11],
  ['FULL', 13],
  ['CANTOPEN', 14],
  ['NOTADB', 26],
]);
/** By the code of Node's file system error. */
const FILE_MESSAGES = new Map([
  ['ENOENT', 'cannot be created: its folder does not exist'],
  ['ENOTDIR', 'cannot be created: its folder does not exist'],
  ['EISDIR', 'is a folder'],
  ['EACCES', 'cannot be read and written: permission denied'],
  ['EPERM', 'cannot be read and written: permission denied'],
  ['EROFS', 'cannot be written: the file system is read-only'],
]);

/** The data file, or the module that reads it, cannot be used. The message is one line for the user. */
class DataFileError extends Error {
  name = 'DataFileError';
  code = 'ERR_DATA_FILE';
}

/** The modules that can read SQLite, the preferred one first. */
const drivers = ['node:sqlite', 'better-sqlite3'];

/**
 * Stores entries by kind and id.
 *
 * A change is durable when `put` or `delete` returns, and within `transaction` when `transaction` returns: SQLite has then
 * synced the write-ahead log to the disk (`journal_mode = WAL`, `synchronous = FULL`). It survives a kill of the process and
 * a power failure, unless the disk reports a sync that it has not done.
 *
 * While the store is open, the latest changes are in `FILE-wal` beside the file. `close` moves them into the file and
 * deletes `FILE-wal`. After a kill, `FILE-wal` stays: the next opening reads it, and a copy of the file alone lacks its
 * changes.
 */
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
   * All entries in the order in which they were first put. An entry that was deleted and put again counts as new.
   *
   * @returns {Entry[]}
   */
  load() {
    const rows = this.#try(() => this.#database.prepare('SELECT kind, id, value FROM entry ORDER BY rowid').all());
    return rows.map(({ kind, id, value }) => ({ kind, id, value: JSON.parse(value) }));
  }

  /**
   * @param {string} kind
   * @param {string} id unique within its kind
   * @param {unknown} value any JSON value
   */
  put(kind, id, value) {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError(`${kind} ${id} cannot be stored as JSON: ${typeof value}`);
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
   * Stores all changes that `work` makes, or none if it throws or the process ends before `transaction` returns.
   *
   * @template T
   * @param {() => T} work synchronous; must not start another transaction
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
        // SQLite has rolled back itself, for example because the disk is full.
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
 * Opens a data file, or creates it. A file can be open only once at a time.
 *
 * @param {string} file
 * @param {object} [options]
 * @param {string} [options.driver] one of `drivers`; default: the first that is available
 * @returns {Store}
 */
function openStore(file, { driver } = {}) {
  if (typeof file !== 'string' || file === '') throw new TypeError('data must be the path of a file');
  const Driver = driver === undefined ? findDriver() : loadDriver(driver);
  if (!Driver) {
    throw new DataFileError(
      `keeping data in ${file} needs Node.js 22.13 or later, or the package better-sqlite3 beside this one` +
        ' (npm install better-sqlite3)',
    );
  }
  // An absolute path, because SQLite gives names such as `:memory:` and `file:…` a special meaning.
  const absolute = path.resolve(file);
  try {
    createOrCheck(absolute);
  } catch (error) {
    const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new DataFileError(`${file} ${FILE_MESSAGES.get(code) ?? `cannot be opened: ${message}`}`, { cause: error });
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
 * Creates the file with access for its owner only, because it contains tokens. Throws Node's error if it cannot be used.
 *
 * An existing file is not opened: with POSIX locks, closing it would release the locks by which this process may already
 * hold the database.
 *
 * @param {string} absolute
 */
function createOrCheck(absolute) {
  const present = statSync(absolute, { throwIfNoEntry: false });
  if (present?.isFile()) accessSync(absolute, constants.R_OK | constants.W_OK);
  else closeSync(openSync(absolute, 'a', 0o600));
}

/**
 * Locks the database, checks that it is one of this package, and creates the table in an empty one. Writes nothing of its
 * own to the database of another program.
 *
 * @param {Database} database
 * @param {string} file
 */
function prepare(database, file) {
  database.exec('PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE');
  const number = (/** @type {string} */ sql) => Number(Object.values(database.prepare(sql).all()[0])[0]);
  const isEmpty = number('SELECT count(*) FROM sqlite_master') === 0;
  if (!isEmpty && number('PRAGMA application_id') !== APPLICATION_ID) {
    throw new DataFileError(`${file} is a database of another program`);
  }
  if (number('PRAGMA user_version') > VERSION) {
    throw new DataFileError(`${file} was made by a later version of this package`);
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  if (isEmpty) database.exec(`BEGIN IMMEDIATE; ${SETUP} COMMIT`);
}

/** @returns {(new (file: string) => Database) | undefined} */
function findDriver() {
  for (const name of drivers) {
    const Driver = loadDriver(name);
    if (Driver) return Driver;
  }
  return undefined;
}

/**
 * @param {string} name
 * @returns {(new (file: string) => Database) | undefined} undefined if it is not installed or cannot be used
 */
function loadDriver(name) {
  const { emitWarning } = process;
  // Some versions of Node.js warn that node:sqlite is experimental. Users of the command can do nothing about it.
  process.emitWarning = (/** @type {any} */ warning, /** @type {any[]} */ ...rest) => {
    if (!/\bSQLite\b/.test(String(warning))) emitWarning.call(process, warning, ...rest);
  };
  try {
    const module = require(name);
    if (name === 'node:sqlite') return module.DatabaseSync;
    new module(':memory:').close(); // throws if the addon was built for another version of Node.js
    return module;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * @param {unknown} error any error; one of a driver becomes a `DataFileError`
 * @param {string} file
 */
function explained(error, file) {
  if (error instanceof DataFileError || !(error instanceof Error)) return error;
  const { code, errcode } = /** @type {{ code?: string, errcode?: number }} */ (/** @type {unknown} */ (error));
  const [, name] = /^SQLITE_([A-Z]+)/.exec(code ?? '') ?? [];
  if (errcode === undefined && name === undefined) return error;
  const primary = errcode === undefined ? RESULT_CODES.get(name) : errcode & 0xff;
  const reason = SQLITE_MESSAGES.get(primary ?? -1) ?? `cannot be used: ${error.message}`;
  return new DataFileError(`${file} ${reason}`, { cause: error });
}

module.exports = { openStore, DataFileError, drivers, loadDriver };
