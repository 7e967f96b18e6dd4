// A client's logger. Owns the levels, the logger of clients that are given none, and a logger's name; the lines come from
// the network side.
'use strict';

const LogLevel = { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug' };

const LEVELS = Object.values(LogLevel);

let count = 0;

/** Writes to the console what is as severe as its level or more, as the logger of `@slack/logger` does. */
class ConsoleLogger {
  #level = LogLevel.INFO;
  #name = '';

  getLevel() {
    return this.#level;
  }

  /** @param {string} level */
  setLevel(level) {
    this.#level = level;
  }

  /** @param {string} name */
  setName(name) {
    this.#name = name;
  }

  /** @param {unknown[]} message */
  debug(...message) {
    if (this.#tells(LogLevel.DEBUG)) console.debug('[DEBUG] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  info(...message) {
    if (this.#tells(LogLevel.INFO)) console.info('[INFO] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  warn(...message) {
    if (this.#tells(LogLevel.WARN)) console.warn('[WARN] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  error(...message) {
    if (this.#tells(LogLevel.ERROR)) console.error('[ERROR] ', this.#name, ...message);
  }

  /** @param {string} level */
  #tells(level) {
    return LEVELS.indexOf(level) <= LEVELS.indexOf(this.#level);
  }
}

/**
 * @param {Partial<import('../index.js').Logger> | undefined} given the user's logger
 * @param {import('../index.js').LogLevel} level
 */
function namedLogger(given, level) {
  const logger = given ?? new ConsoleLogger();
  logger.setName?.(`rtm-api:RTMClient:${count++}`);
  logger.setLevel?.(level);
  return logger;
}

module.exports = { LogLevel, ConsoleLogger, namedLogger };
