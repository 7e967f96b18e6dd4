// The entries of the page's Wire panel.
'use strict';

/**
 * @typedef {object} WireEntry
 * @property {number} at ms since the epoch
 * @property {'in' | 'out' | 'call' | 'open' | 'close' | 'fault'} kind
 * @property {number} [connection]
 * @property {string} [bot] the id
 * @property {string} [type] the method of a call; `binary` for a binary frame
 * @property {string} data the frame's text, shortened if it is very long
 * @property {number} [length] of the whole text, if it is shortened
 */

const MAX_TEXT = 60_000;
/** The bytes of a binary frame that are shown. */
const MAX_BYTES = 1000;

/**
 * @param {object} frame
 * @param {number} frame.at
 * @param {import('../rtm/connection').Connection} frame.connection
 * @param {'in' | 'out'} frame.direction
 * @param {string | Buffer} frame.data
 * @returns {WireEntry}
 */
function frameEntry({ at, connection, direction, data }) {
  const entry = { at, kind: direction, connection: connection.id, bot: connection.bot.id };
  if (typeof data !== 'string') {
    return { ...entry, type: 'binary', data: data.subarray(0, MAX_BYTES).toString('hex'), length: data.length };
  }
  return { ...entry, ...shorten(data) };
}

/**
 * @param {import('../../index').ApiRequest} request
 * @returns {WireEntry}
 */
function callEntry({ at, method, bot, params }) {
  return { at, kind: 'call', bot: bot?.id, type: method, ...shorten(toJson(params)) };
}

/** @param {object} params can be nested too deeply for JSON.stringify */
function toJson(params) {
  try {
    return JSON.stringify(params);
  } catch {
    return 'nested too deeply to be shown';
  }
}

/** @param {string} data */
function shorten(data) {
  return data.length <= MAX_TEXT ? { data } : { data: data.slice(0, MAX_TEXT), length: data.length };
}

module.exports = { callEntry, frameEntry };
