// A client's logger. Owns its name and level; the lines come from the network side.
'use strict';

const { ConsoleLogger } = require('@slack/logger');

let count = 0;

/**
 * @param {Partial<import('@slack/logger').Logger> | undefined} given the user's logger
 * @param {import('@slack/logger').LogLevel} level
 */
function namedLogger(given, level) {
  const logger = given ?? new ConsoleLogger();
  logger.setName?.(`rtm-api:RTMClient:${count++}`);
  logger.setLevel?.(level);
  return logger;
}

module.exports = { namedLogger };
