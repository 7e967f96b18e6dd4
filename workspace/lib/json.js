// JSON as Slack writes it, and parsing of input that should be a JSON object.
'use strict';

const ESCAPED = /[/\u0080-\uffff]/g;

/** @param {string} character one UTF-16 unit */
function escapeCharacter(character) {
  if (character === '/') return '\\/';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * JSON with `/` as `\/` and everything outside ASCII as `\uXXXX`, as Slack sends it.
 *
 * @param {object} value
 * @returns {string}
 */
function encode(value) {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`cannot be sent as JSON: ${typeof value}`);
  return json.replace(ESCAPED, escapeCharacter);
}

/**
 * @param {string} text
 * @returns {Record<string, unknown> | undefined} undefined if the text is not a JSON object
 */
function decodeObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { encode, decodeObject };
