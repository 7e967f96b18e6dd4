// Owns what each Web API method does and answers, beyond the `ok` of the envelope's errors. Knows no HTTP.
'use strict';

const { botProfileShape, channelShape, snapshotShape, userShape } = require('./shapes');

/**
 * @typedef {import('./state').State} State
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {Record<string, unknown>} Params
 * @typedef {object} Caller
 * @property {Bot} bot
 * @property {State} state
 * @property {(batchPresence: boolean) => string} reserve gives a new socket URL
 *
 * @typedef {{ run: (params: Params) => object }} OpenMethod
 * @typedef {{ scopes: string, run: (params: Params, caller: Caller) => object }} Method one that needs a token
 */

const MAX_TEXT_LENGTH = 40_000;
const MAX_PAGE = 1000;

/** @type {Map<string, OpenMethod | Method>} */
const methods = new Map(Object.entries({
  'api.test': { run: apiTest },
  'auth.test': { scopes: 'identify', run: authTest },
  'chat.postMessage': { scopes: 'chat:write:bot', run: chatPostMessage },
  'conversations.list': { scopes: 'channels:read,groups:read,im:read,mpim:read', run: conversationsList },
  'rtm.connect': { scopes: 'rtm:stream,client', run: rtmConnect },
  'rtm.start': { scopes: 'rtm:stream,client', run: rtmStart },
  'users.list': { scopes: 'users:read', run: usersList },
}));

/** @param {Params} params */
function apiTest(params) {
  const args = Object.keys(params).length > 0 ? { args: params } : {};
  return params.error === undefined ? { ok: true, ...args } : { ok: false, error: String(params.error), ...args };
}

/**
 * @param {Params} _params
 * @param {Caller} caller
 */
function authTest(_params, { bot, state: { team } }) {
  return {
    ok: true,
    url: `https://${team.domain}.slack.com/`,
    team: team.name,
    user: bot.name,
    team_id: team.id,
    user_id: bot.id,
    bot_id: bot.botId,
    is_enterprise_install: false,
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function rtmConnect(params, { bot, state, reserve }) {
  return {
    ok: true,
    url: reserve(isTrue(params.batch_presence_aware)),
    team: { id: state.team.id, name: state.team.name, domain: state.team.domain },
    self: { id: bot.id, name: bot.name },
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function rtmStart(params, { bot, state, reserve }) {
  return { ok: true, ...snapshotShape(bot, state), url: reserve(isTrue(params.batch_presence_aware)) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatPostMessage(params, { bot, state }) {
  const channel = findTarget(params.channel, bot, state);
  if (!channel || (channel.isPrivate && !channel.members.has(bot.id))) return failure('channel_not_found');
  if (!channel.members.has(bot.id)) return failure('not_in_channel');
  /** @type {Record<string, unknown>} */
  const extra = { bot_profile: botProfileShape(bot, state) };
  for (const key of ['blocks', 'attachments']) {
    if (params[key] === undefined || params[key] === '') continue;
    const list = asList(params[key]);
    if (!list) return failure(`invalid_${key}`);
    if (list.length > 0) extra[key] = list;
  }
  if (typeof params.thread_ts === 'string') extra.thread_ts = params.thread_ts;
  const text = typeof params.text === 'string' || typeof params.text === 'number' ? String(params.text) : '';
  if (text === '' && !extra.blocks && !extra.attachments) return failure('no_text');
  if (text.length > MAX_TEXT_LENGTH) return failure('msg_too_long');
  const message = state.post(bot, channel, text, { via: 'web' }, extra);
  return { ok: true, channel: channel.id, ts: message.ts, message };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersList(params, { state }) {
  const users = page(state.users, params);
  if (typeof users === 'string') return failure(users);
  return {
    ok: true,
    members: users.items.map((user) => userShape(user, state)),
    cache_ts: Math.floor(Date.now() / 1000),
    response_metadata: { next_cursor: users.next },
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function conversationsList(params, { bot, state }) {
  const types = String(params.types ?? 'public_channel').split(',').map((type) => type.trim());
  if (!types.every((type) => ['public_channel', 'private_channel', 'im', 'mpim'].includes(type))) {
    return failure('invalid_types');
  }
  const wanted = state.channels.filter((channel) => {
    const visible = !channel.isPrivate || channel.members.has(bot.id);
    return visible && types.includes(kindOf(channel));
  });
  const channels = page(wanted, params);
  if (typeof channels === 'string') return failure(channels);
  return {
    ok: true,
    channels: channels.items.map((channel) => channelShape(channel, bot, state)),
    response_metadata: { next_cursor: channels.next },
  };
}

/**
 * Where a message goes: a channel by id or name, or a user, which stands for the direct messages with them.
 *
 * @param {unknown} ref
 * @param {Bot} bot
 * @param {State} state
 * @returns {Channel | undefined}
 */
function findTarget(ref, bot, state) {
  if (typeof ref !== 'string' || ref === '') return undefined;
  const channel = state.findChannel(ref);
  if (channel) return channel;
  const user = state.findUser(ref.startsWith('@') ? ref : { id: ref });
  return user && user !== bot ? state.im(user, bot) : undefined;
}

/** @param {Channel} channel */
function kindOf(channel) {
  if (channel.isIm) return 'im';
  return channel.isPrivate ? 'private_channel' : 'public_channel';
}

/**
 * One page of a list. The cursor is the index of the next entry, in base64 as Slack's are.
 *
 * @template T
 * @param {T[]} all
 * @param {Params} params `limit` and `cursor`
 * @returns {{ items: T[], next: string } | string} or an error code
 */
function page(all, params) {
  const { limit = 0, cursor = '' } = params;
  const size = Number(limit) || all.length;
  if (!Number.isInteger(size) || size < 0 || size > Math.max(MAX_PAGE, all.length)) return 'invalid_limit';
  const [, at] = /^index:(\d+)$/.exec(Buffer.from(String(cursor), 'base64').toString()) ?? [];
  if (cursor !== '' && at === undefined) return 'invalid_cursor';
  const start = Number(at ?? 0);
  const end = start + size;
  const next = end < all.length ? Buffer.from(`index:${end}`).toString('base64') : '';
  return { items: all.slice(start, end), next };
}

/**
 * A list as it comes in a JSON body, or as JSON text in a form.
 *
 * @param {unknown} value
 * @returns {unknown[] | undefined}
 */
function asList(value) {
  if (typeof value !== 'string') return Array.isArray(value) ? value : undefined;
  try {
    return asList(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/** @param {unknown} value a flag, as forms and JSON bodies have it */
function isTrue(value) {
  return value === true || value === 'true' || value === 1 || value === '1';
}

/** @param {string} error */
function failure(error) {
  return { ok: false, error };
}

module.exports = { methods };
