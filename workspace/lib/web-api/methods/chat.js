// The Web API methods chat.*.
'use strict';

const { SlackError } = require('../../slack-error');
const { botProfileShape, innerShape } = require('../../state/shapes');
const { ORIGIN, flag, objectList, optional, required, visibleChannel } = require('./arguments');

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
  const channel = targetChannel(params, caller);
  const { text, extra } = content(params, caller);
  const message = state.messages.post(bot, channel, text, ORIGIN, extra);
  return { channel: channel.id, ts: message.ts, message: innerShape(message) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatPostEphemeral(params, caller) {
  const { bot, state } = caller;
  const channel = targetChannel(params, caller);
  const recipient = state.users.find({ id: required(params, 'user') });
  if (!recipient) throw new SlackError('user_not_in_channel');
  const { text, extra } = content(params, caller);
  return { message_ts: state.messages.postEphemeral(bot, channel, recipient, text, ORIGIN, extra).ts };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatUpdate(params, caller) {
  const { bot, state } = caller;
  const channel = visibleChannel(params, caller);
  const ts = required(params, 'ts');
  const fields = { text: optional(params, 'text'), ...contentLists(params) };
  if (Object.values(fields).every((value) => value === undefined)) throw new SlackError('no_text');
  const message = state.messages.update(bot, channel, ts, fields, ORIGIN);
  return { channel: channel.id, ts: message.ts, text: message.text, message: innerShape(message) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function chatDelete(params, caller) {
  const channel = visibleChannel(params, caller);
  const ts = required(params, 'ts');
  caller.state.messages.delete(caller.bot, channel, ts, ORIGIN);
  return { channel: channel.id, ts };
}

/**
 * The channel that a message is posted to: by id or name, or by a user, for the direct messages with that user.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function targetChannel(params, { bot, state }) {
  const ref = required(params, 'channel');
  const channel = ref === '' ? undefined : state.channels.find(ref);
  if (channel) return channel;
  const user = state.users.find(ref.startsWith('@') ? ref : { id: ref });
  if (!user || user === bot) throw new SlackError('channel_not_found');
  return state.conversations.directMessages(user, bot, ORIGIN);
}

/**
 * The text and further fields of a message.
 *
 * @param {Params} params
 * @param {Caller} caller
 */
function content(params, { bot, state }) {
  const text = optional(params, 'text') ?? '';
  /** @type {Record<string, unknown>} */
  const extra = { bot_profile: botProfileShape(bot, state.team) };
  for (const [key, value] of Object.entries(contentLists(params))) if (value && value.length > 0) extra[key] = value;
  const thread = optional(params, 'thread_ts');
  if (thread) {
    if (!THREAD_TS.test(thread)) throw new SlackError('invalid_thread_ts');
    extra.thread_ts = thread;
    if (flag(params, 'reply_broadcast')) extra.subtype = 'thread_broadcast';
  }
  return { text, extra };
}

/** @param {Params} params */
function contentLists(params) {
  const attachments = objectList(params, 'attachments');
  if (attachments && attachments.length > MAX_ATTACHMENTS) throw new SlackError('too_many_attachments');
  const blocks = objectList(params, 'blocks');
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
