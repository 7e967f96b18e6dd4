// The Web API methods conversations.*.
'use strict';

const { SlackError } = require('../../slack-error');
const { channelShape, innerShape } = require('../../state/shapes');
const { ORIGIN, flag, limit, optional, paginate, required, visibleChannel } = require('./arguments');

/**
 * @typedef {import('../../../index').Channel} Channel
 * @typedef {import('../../../index').Message} Message
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

const KINDS = ['public_channel', 'private_channel', 'im', 'mpim'];
const DEFAULT_LIMIT = 100;
const MAX_HISTORY_LIMIT = 999;

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsList(params, { bot, state }) {
  const types = (optional(params, 'types') ?? 'public_channel').split(',').map((type) => type.trim());
  if (!types.every((type) => KINDS.includes(type))) throw new SlackError('invalid_types');
  const wanted = state.channels.all.filter((channel) => {
    const isVisible = !channel.isPrivate || channel.members.has(bot.id);
    return isVisible && types.includes(kindOf(channel));
  });
  const { items, response_metadata } = paginate(wanted, params, DEFAULT_LIMIT);
  const channels = items.map((channel) => ({ ...channelShape(channel, bot), ...memberCount(channel) }));
  return { channels, response_metadata };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsInfo(params, caller) {
  const channel = visibleChannel(params, caller);
  const shape = channelShape(channel, caller.bot);
  return { channel: { ...shape, ...(flag(params, 'include_num_members') ? memberCount(channel) : {}) } };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsMembers(params, caller) {
  const { items, response_metadata } = paginate([...visibleChannel(params, caller).members], params, DEFAULT_LIMIT);
  return { members: items, response_metadata };
}

/**
 * The messages of a conversation without the replies in threads, newest first.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsHistory(params, caller) {
  const channel = visibleChannel(params, caller);
  if (!channel.members.has(caller.bot.id)) throw new SlackError('not_in_channel');
  const latest = timestamp(params, 'latest') ?? Infinity;
  const oldest = timestamp(params, 'oldest') ?? 0;
  const size = limit(params, MAX_HISTORY_LIMIT) || DEFAULT_LIMIT;
  const firstTs = readCursor(optional(params, 'cursor') ?? '');
  const inclusive = flag(params, 'inclusive');
  // With `oldest` alone, the first page has the messages right after it, and the next pages have later ones.
  const isForward = Boolean(optional(params, 'oldest')) && !optional(params, 'latest');
  const found = caller.state.history.of(channel).filter((message) => {
    const at = Number(message.ts);
    const within = (at < latest && at > oldest) || (inclusive && (at === latest || at === oldest));
    const onPage = firstTs === undefined || (isForward ? message.ts >= firstTs : message.ts <= firstTs);
    return within && onPage && isTopLevel(message);
  });
  if (!isForward) found.reverse();
  const next = found[size];
  const messages = found.slice(0, size);
  if (isForward) messages.reverse();
  return {
    messages: messages.map(innerShape),
    has_more: next !== undefined,
    pin_count: 0,
    channel_actions_ts: null,
    channel_actions_count: 0,
    ...(next ? { response_metadata: { next_cursor: writeCursor(next.ts) } } : {}),
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsOpen(params, caller) {
  const { bot, state } = caller;
  const returnIm = flag(params, 'return_im');
  const shape = (/** @type {Channel} */ channel) => (returnIm ? channelShape(channel, bot) : { id: channel.id });
  const alreadyOpen = { no_op: true, already_open: true };
  if (optional(params, 'channel')) {
    const channel = visibleChannel(params, caller);
    if (!channel.isIm && !channel.isMpim) throw new SlackError('method_not_supported_for_channel_type');
    return { ...alreadyOpen, channel: shape(channel) };
  }
  const users = usersIn(params, caller);
  const present = state.channels.findConversation([...new Set([bot, ...users])]);
  if (present) return { ...alreadyOpen, channel: shape(present) };
  if (flag(params, 'prevent_creation')) throw new SlackError('channel_not_found');
  return { channel: shape(state.conversations.open(bot, users, ORIGIN)) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsJoin(params, caller) {
  const channel = visibleChannel(params, caller);
  const joined = caller.state.conversations.join(caller.bot, channel, ORIGIN);
  const shape = channelShape(channel, caller.bot);
  return { channel: shape, ...(joined ? {} : { warning: 'already_in_channel' }) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsLeave(params, caller) {
  const left = caller.state.conversations.leave(caller.bot, visibleChannel(params, caller), ORIGIN);
  return left ? {} : { not_in_channel: true };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsCreate(params, { bot, state }) {
  const channel = state.conversations.create(
    bot,
    required(params, 'name'),
    { isPrivate: flag(params, 'is_private') },
    ORIGIN,
  );
  return { channel: channelShape(channel, bot) };
}

/** @param {Channel} channel */
function memberCount({ isIm, members }) {
  return isIm ? {} : { num_members: members.size };
}

/** @param {Channel} channel */
function kindOf(channel) {
  if (channel.isIm) return 'im';
  if (channel.isMpim) return 'mpim';
  return channel.isPrivate ? 'private_channel' : 'public_channel';
}

/** @param {Message} message */
function isTopLevel({ thread_ts, ts, subtype }) {
  return thread_ts === undefined || thread_ts === ts || subtype === 'thread_broadcast';
}

/**
 * The users of a comma-separated list, or of an array in a JSON body.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function usersIn(params, { state }) {
  const given = Array.isArray(params.users) ? params.users : (optional(params, 'users') ?? '').split(',');
  const ids = given.map((id) => (typeof id === 'string' ? id.trim() : '')).filter((id) => id !== '');
  if (ids.length === 0) throw new SlackError('users_list_not_supplied');
  return ids.map((id) => state.users.get({ id }));
}

/**
 * @param {Params} params
 * @param {'latest' | 'oldest'} name
 */
function timestamp(params, name) {
  const text = optional(params, name);
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) throw new SlackError(`invalid_ts_${name}`);
  return Number(text);
}

/** @param {string} ts of the first message of the next page */
function writeCursor(ts) {
  return Buffer.from(`next_ts:${ts.replace('.', '')}`).toString('base64');
}

/** @param {string} cursor */
function readCursor(cursor) {
  if (cursor === '') return undefined;
  const [, digits] = /^next_ts:(\d{7,18})$/.exec(Buffer.from(cursor, 'base64').toString()) ?? [];
  if (digits === undefined) throw new SlackError('invalid_cursor');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

const READ = 'channels:read,groups:read,im:read,mpim:read';
const WRITE = 'channels:write,groups:write,im:write,mpim:write';

const conversationsMethods = {
  'conversations.list': { scopes: READ, run: conversationsList },
  'conversations.info': { scopes: READ, run: conversationsInfo },
  'conversations.members': { scopes: READ, run: conversationsMembers },
  'conversations.history': {
    scopes: 'channels:history,groups:history,im:history,mpim:history',
    run: conversationsHistory,
  },
  'conversations.open': { scopes: WRITE, run: conversationsOpen },
  'conversations.join': { scopes: WRITE, run: conversationsJoin },
  'conversations.leave': { scopes: WRITE, run: conversationsLeave },
  'conversations.create': { scopes: WRITE, run: conversationsCreate },
};

module.exports = { conversationsMethods };
