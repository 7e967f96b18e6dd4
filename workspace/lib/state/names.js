// Names and references of users and channels.
'use strict';

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Bot} Bot
 */

/**
 * @param {User} user
 * @returns {user is Bot}
 */
function isBot(user) {
  return user.isBot;
}

/**
 * Checks a name from a seed.
 *
 * @param {unknown} name
 * @param {'@' | '#'} sign the sign that the name may begin with
 * @returns {string} the name without the sign
 */
function checkName(name, sign) {
  const bare = typeof name === 'string' && name.startsWith(sign) ? name.slice(1) : name;
  if (typeof bare === 'string' && bare !== '') return bare;
  throw new TypeError(`a name must be a non-empty string, not ${formatRef(name)}`);
}

/**
 * A reference to a user or channel, for an error message.
 *
 * @param {unknown} ref
 */
function formatRef(ref) {
  return JSON.stringify(typeof ref === 'object' && ref !== null && 'id' in ref ? ref.id : ref);
}

module.exports = { isBot, checkName, formatRef };
