// The check of a numeric option.
'use strict';

/**
 * @param {string} name of the option
 * @param {number} value
 */
function checkNumber(name, value) {
  if (typeof value === 'number' && value >= 0) return value;
  throw new RangeError(`${name} must be a number, 0 or more, not ${String(value)}`);
}

module.exports = { checkNumber };
