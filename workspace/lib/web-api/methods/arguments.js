// Reading the arguments of Web API methods, and the pages of a list.
'use strict';

const { SlackError } = require('../../slack-error');

/**
 * @typedef {import('../../state/state').State} State
 * @typedef {import('../../../index').Bot} Bot
 * @typedef {import('../../../index').Channel} Channel
 * @typedef {import('../../../index').Origin} Origin
 * @typedef {Record<string, unknown>} Params
 *
 * @typedef {object} Caller
 * @property {Bot} bot the bot whose token was sent
 * @property {State} state
 * @property {(batchPresence: boolean) => string} createSocketUrl
 * @property {() => number} countConnections the bot's open connections
 *
 * @typedef {{ run: (params: Params) => Record<string, unknown> }} PublicMethod needs no token; returns the whole response
 * @typedef {{ scopes: string, run: (params: Params, caller: Caller) => object }} Method needs a token; returns the fields
 *   beside `ok`, or throws a SlackError
 */

const MAX_PAGE = 1000;
const MAX_DEPTH = 100;

/** @type {Origin} */
const ORIGIN = { via: 'web' };

/**
 * @param {Params} params
 * @param {string} name
 * @returns {string | undefined} undefined if it is missing
 */
function optional(params, name) {
  const value = params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return String(value);
  throw invalidArgument('invalid_arguments', `[ERROR] must be a string [json-pointer:/${name}]`);
}

/**
 * An argument that must be there. It may be empty: Slack leaves an empty one to the method's own error.
 *
 * @param {Params} params
 * @param {string} name
 * @returns {string}
 */
function required(params, name) {
  const value = optional(params, name);
  if (value !== undefined) return value;
  throw invalidArgument('invalid_arguments', `[ERROR] missing required field: ${name}`);
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
 * A list of objects: an array in a JSON body, or JSON text in a form.
 *
 * @param {Params} params
 * @param {string} name
 * @returns {unknown[] | undefined} undefined if it is missing
 */
function objectList(params, name) {
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
  throw invalidArgument(`invalid_${name}`, `[ERROR] must be an array of objects [json-pointer:/${name}]`);
}

/**
 * @param {string} code
 * @param {string} message of `response_metadata`
 */
function invalidArgument(code, message) {
  return new SlackError(code, undefined, { response_metadata: { messages: [message] } });
}

/**
 * Whether a value is nested too deeply to be written as JSON again.
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
 * The conversation that the argument `channel` names by id. The bot must be able to see it.
 *
 * @param {Params} params
 * @param {Caller} caller
 * @returns {Channel}
 */
function visibleChannel(params, { bot, state }) {
  const channel = state.channels.find({ id: required(params, 'channel') });
  if (!channel || (channel.isPrivate && !channel.members.has(bot.id))) throw new SlackError('channel_not_found');
  return channel;
}

/**
 * One page of a list. The cursor is the index of the next entry and the id of the entry before it, in base64 as Slack's
 * cursors are. With the id, an entry that has left the list since does not hide another one.
 *
 * @template {string | { id: string }} T
 * @param {T[]} all
 * @param {Params} params `limit` and `cursor`
 * @param {number} [defaultLimit] used if the call has no limit; default: the whole list
 * @returns {{ items: T[], response_metadata: { next_cursor: string } }}
 */
function paginate(all, params, defaultLimit = all.length) {
  const size = limit(params, Math.max(MAX_PAGE, all.length)) || defaultLimit;
  const cursor = optional(params, 'cursor') ?? '';
  const [, at = 0, before] = /^index:(\d{1,9}):(.*)$/s.exec(Buffer.from(cursor, 'base64').toString()) ?? [];
  if (cursor !== '' && before === undefined) throw new SlackError('invalid_cursor');
  const idOf = (/** @type {T} */ item) => (typeof item === 'string' ? item : item.id);
  const last = before === undefined ? -1 : all.findIndex((item) => idOf(item) === before);
  // Lists grow at their end: an entry found after its old place has left the list and come back.
  const start = last >= 0 && last < Number(at) ? last + 1 : Math.max(0, Number(at) - 1);
  const end = start + size;
  const next = end < all.length ? Buffer.from(`index:${end}:${idOf(all[end - 1])}`).toString('base64') : '';
  return { items: all.slice(start, end), response_metadata: { next_cursor: next } };
}

/**
 * @param {Params} params
 * @param {number} max
 * @returns {number} 0 if the call has no limit
 */
function limit(params, max) {
  const size = Number(optional(params, 'limit') ?? 0);
  if (Number.isInteger(size) && size >= 0) return Math.min(size, max);
  throw new SlackError('invalid_limit');
}

module.exports = { ORIGIN, optional, required, flag, objectList, visibleChannel, paginate, limit, invalidArgument };
