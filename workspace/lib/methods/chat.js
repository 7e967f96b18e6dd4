// Owns the methods chat.*.
'use strict';

const { SlackError } = require('../errors');
const { botProfileShape, innerShape } = require('../shapes');
const { ORIGIN, flag, list, optional, required, visible } = require('./arguments');

/**
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

const MAX_ATTACHMENTS = 100;
const MAX_BLOCKS = 50;
const THREAD_TS = /^\d+\.\d+$/;

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatPostMessage(params, caller) {
  const { bot, state } = caller;
  const channel = target(params, caller);
  const { text, extra } = content(params, caller);
  const message = state.post(bot, channel, text, ORIGIN, extra);
  return { channel: channel.id, ts: message.ts, message: innerShape(message) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatPostEphemeral(params, caller) {
  const { bot, state } = caller;
  const channel = target(params, caller);
  const to = state.findUser({ id: required(params, 'user') });
  if (!to) throw new SlackError('user_not_in_channel');
  const { text, extra } = content(params, caller);
  return { message_ts: state.ephemeral(bot, channel, to, text, ORIGIN, extra).ts };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatUpdate(params, caller) {
  const { bot, state } = caller;
  const channel = visible(params, caller);
  const ts = required(params, 'ts');
  const fields = { text: optional(params, 'text'), ...lists(params) };
  if (Object.values(fields).every((value) => value === undefined)) throw new SlackError('no_text');
  const message = state.update(bot, channel, ts, fields, ORIGIN);
  return { channel: channel.id, ts: message.ts, text: message.text, message: innerShape(message) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatDelete(params, caller) {
  const channel = visible(params, caller);
  const ts = required(params, 'ts');
  caller.state.remove(caller.bot, channel, ts, ORIGIN);
  return { channel: channel.id, ts };
}

/**
 * Where a message goes: a channel by id or name, or a user, which stands for the direct messages with them.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function target(params, { bot, state }) {
  const ref = required(params, 'channel');
  const channel = ref === '' ? undefined : state.findChannel(ref);
  if (channel) return channel;
  const user = state.findUser(ref.startsWith('@') ? ref : { id: ref });
  if (!user || user === bot) throw new SlackError('channel_not_found');
  return state.im(user, bot, ORIGIN);
}

/**
 * What a message says.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function content(params, { bot, state }) {
  const text = optional(params, 'text') ?? '';
  /** @type {Record<string, unknown>} */
  const extra = { bot_profile: botProfileShape(bot, state) };
  for (const [key, value] of Object.entries(lists(params))) if (value && value.length > 0) extra[key] = value;
  const thread = optional(params, 'thread_ts');
  if (thread) {
    if (!THREAD_TS.test(thread)) throw new SlackError('invalid_thread_ts');
    extra.thread_ts = thread;
    if (flag(params, 'reply_broadcast')) extra.subtype = 'thread_broadcast';
  }
  return { text, extra };
}

/** @param {Params} params */
function lists(params) {
  const attachments = list(params, 'attachments');
  if (attachments && attachments.length > MAX_ATTACHMENTS) throw new SlackError('too_many_attachments');
  const blocks = list(params, 'blocks');
  if (blocks && blocks.length > MAX_BLOCKS) throw new SlackError('invalid_blocks');
  return { blocks, attachments };
}

const SCOPES = 'chat:write:bot';

const chatMethods = {
  'chat.postMessage': { scopes: SCOPES, run: chatPostMessage },
  'chat.postEphemeral': { scopes: SCOPES, run: chatPostEphemeral },
  'chat.update': { scopes: SCOPES, run: chatUpdate },
  'chat.delete': { scopes: SCOPES, run: chatDelete },
};

module.exports = { chatMethods };
