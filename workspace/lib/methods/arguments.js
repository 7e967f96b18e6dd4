// Owns what the methods share: reading arguments, pages of a list, the conversation that a call is about. Does nothing
// itself.
'use strict';

const { SlackError } = require('../errors');

/**
 * @typedef {import('../state').State} State
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Origin} Origin
 * @typedef {Record<string, unknown>} Params
 *
 * @typedef {object} Caller
 * @property {Bot} bot
 * @property {State} state
 * @property {(batchPresence: boolean) => string} reserve gives a new socket URL
 * @property {() => number} connections how many the bot has open
 *
 * @typedef {{ run: (params: Params) => Record<string, unknown> }} OpenMethod
 * @typedef {{ scopes: string, run: (params: Params, caller: Caller) => object }} Method one that needs a token; what it
 *   gives goes out with `ok`, what it throws as an error
 */

const MAX_PAGE = 1000;
const MAX_DEPTH = 100;

/** @type {Origin} */
const ORIGIN = { via: 'web' };

/**
 * @param {Params} params
 * @param {string} name
 * @returns {string | undefined} undefined where it was left out
 */
function optional(params, name) {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return String(value);
  throw new SlackError('invalid_arguments', undefined, [`[ERROR] must be a string [json-pointer:/${name}]`]);
}

/**
 * Slack tells an argument that is left out from one that is empty, which the method judges.
 *
 * @param {Params} params
 * @param {string} name
 * @returns {string}
 */
function required(params, name) {
  const value = optional(params, name);
  if (value !== undefined) return value;
  throw new SlackError('invalid_arguments', undefined, [`[ERROR] missing required field: ${name}`]);
}

/**
 * @param {Params} params
 * @param {string} name
 */
function flag(params, name) {
  const value = params[name];
  return value === true || value === 1 || (typeof value === 'string' && /^(true|1)$/i.test(value));
}

/**
 * A list of objects as it comes in a JSON body, or as JSON text in a form.
 *
 * @param {Params} params
 * @param {string} name
 * @returns {unknown[] | undefined} undefined where it was left out
 */
function list(params, name) {
  let value = params[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value);
    } catch {
      value = undefined;
    }
  }
  const isObject = (/** @type {unknown} */ item) => typeof item === 'object' && item !== null && !Array.isArray(item);
  if (Array.isArray(value) && value.every(isObject) && !isDeep(value)) return value;
  const messages = [`[ERROR] must be an array of objects [json-pointer:/${name}]`];
  throw new SlackError(`invalid_${name}`, undefined, messages);
}

/**
 * Whether a value is nested so deep that it could not be written as JSON again.
 *
 * @param {unknown} value
 */
function isDeep(value) {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

/**
 * The conversation that `channel` names by its id, as far as the bot may see it.
 *
 * @param {Params} params
 * @param {Caller} caller
 * @returns {Channel}
 */
function visible(params, { bot, state }) {
  const channel = state.findChannel({ id: required(params, 'channel') });
  if (!channel || (channel.isPrivate && !channel.members.has(bot.id))) throw new SlackError('channel_not_found');
  return channel;
}

/**
 * One page of a list. The cursor is the index of the next entry and the id of the one before, in base64 as Slack's are:
 * what has left the list since must not hide another.
 *
 * @template {string | { id: string }} T
 * @param {T[]} all
 * @param {Params} params `limit` and `cursor`
 * @param {number} [usual] the limit where none is given; default: none
 * @returns {{ items: T[], response_metadata: { next_cursor: string } }}
 */
function page(all, params, usual = all.length) {
  const size = limit(params, Math.max(MAX_PAGE, all.length)) || usual;
  const cursor = optional(params, 'cursor') ?? '';
  const [, at = 0, before] = /^index:(\d{1,9}):(.*)$/s.exec(Buffer.from(cursor, 'base64').toString()) ?? [];
  if (cursor !== '' && before === undefined) throw new SlackError('invalid_cursor');
  const idOf = (/** @type {T} */ item) => (typeof item === 'string' ? item : item.id);
  const last = before === undefined ? -1 : all.findIndex((item) => idOf(item) === before);
  // Lists grow at their end: what is found further on left and came back.
  const start = last >= 0 && last < Number(at) ? last + 1 : Math.max(0, Number(at) - 1);
  const end = start + size;
  const next = end < all.length ? Buffer.from(`index:${end}:${idOf(all[end - 1])}`).toString('base64') : '';
  return { items: all.slice(start, end), response_metadata: { next_cursor: next } };
}

/**
 * @param {Params} params
 * @param {number} most
 * @returns {number} 0 where none is given
 */
function limit(params, most) {
  const size = Number(optional(params, 'limit') ?? 0);
  if (Number.isInteger(size) && size >= 0) return Math.min(size, most);
  throw new SlackError('invalid_limit');
}

module.exports = { ORIGIN, optional, required, flag, list, visible, page, limit };
