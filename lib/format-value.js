// Formats a value for an error message. Never pass a secret (token, key, passphrase, URL with credentials).
'use strict';

/** @param {unknown} value */
function formatValue(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

module.exports = { formatValue };
