// How a value is named in an error. Owns nothing else; secrets (tokens, keys, passphrases, URLs with credentials) must
// not come here.
'use strict';

/**
 * A value as it is named in an error.
 * @param {unknown} value
 */
function show(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

module.exports = { show };
