// Loggers: the levels, the default logger, and the name that each client's logger gets.
'use strict';

const LogLevel = { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug' };

const LEVELS = Object.values(LogLevel);

let count = 0;

/** Writes messages of its level and above to the console, in the format of `ConsoleLogger` of `@slack/logger`. */
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
    if (this.#isEnabled(LogLevel.DEBUG)) console.debug('[DEBUG] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  info(...message) {
    if (this.#isEnabled(LogLevel.INFO)) console.info('[INFO] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  warn(...message) {
    if (this.#isEnabled(LogLevel.WARN)) console.warn('[WARN] ', this.#name, ...message);
  }

  /** @param {unknown[]} message */
  error(...message) {
    if (this.#isEnabled(LogLevel.ERROR)) console.error('[ERROR] ', this.#name, ...message);
  }

  /** @param {string} level */
  #isEnabled(level) {
    return LEVELS.indexOf(level) <= LEVELS.indexOf(this.#level);
  }
}

/**
 * @param {Partial<import('../index.js').Logger> | undefined} option the logger option
 * @param {import('../index.js').LogLevel} level
 */
function namedLogger(option, level) {
  const logger = option ?? new ConsoleLogger();
  logger.setName?.(`rtm-api:RTMClient:${count++}`);
  logger.setLevel?.(level);
  return logger;
}

module.exports = { LogLevel, ConsoleLogger, namedLogger };
