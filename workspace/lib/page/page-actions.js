// The actions that a page can request: reading, writing, acting as a user.
'use strict';

const { SlackError } = require('../slack-error');
const { MAX_TEXT_LENGTH } = require('../state/messages');
const { channelOf, emojiOf, memberOf, text, userOf } = require('./arguments');
const { causeFault } = require('./fault-actions');

/**
 * @typedef {import('../state/state').State} State
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Message} Message
 * @typedef {import('./arguments').Args} Args
 * @typedef {import('./arguments').Parts} Parts
 */

/** @type {{ via: 'page' }} */
const ORIGIN = { via: 'page' };
/** The most messages in one response. */
const MAX_MESSAGES = 200;

/** @type {Map<unknown, (args: Args, parts: Parts) => unknown>} */
const actions = new Map(
  Object.entries({
    history,
    thread,
    post,
    update,
    remove,
    react,
    unreact,
    typing,
    presence,
    create,
    join,
    leave,
    open,
    fault: causeFault,
  }),
);

/**
 * Performs an action. Never throws.
 *
 * @param {unknown} action
 * @param {Args} args
 * @param {Parts} parts
 * @returns {{ ok: true, result: unknown } | { ok: false, error: string, detail: string }}
 */
function perform(action, args, parts) {
  try {
    const act = actions.get(action);
    if (!act) throw new SlackError('unknown_action');
    return { ok: true, result: act(args, parts) ?? null };
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: unknown }} */ (error);
    return { ok: false, error: typeof code === 'string' ? code : 'invalid_arguments', detail: String(message) };
  }
}

/**
 * A channel's messages without the replies in its threads, oldest first: the latest ones, or the latest before a `ts`.
 *
 * @param {Args} args
 * @param {Parts} parts
 */
function history(args, { state }) {
  const channel = channelOf(args, state);
  const all = state.history.of(channel);
  const replies = countReplies(all);
  const before = args.before === undefined ? undefined : text(args, 'before');
  const shown = all.filter(
    (message) => !isHiddenReply(message, channel, state) && (before === undefined || message.ts < before),
  );
  return {
    messages: shown.slice(-MAX_MESSAGES).map((message) => withReplyCount(message, replies)),
    hasEarlier: shown.length > MAX_MESSAGES,
    isLatest: before === undefined,
  };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function thread(args, { state }) {
  const channel = channelOf(args, state);
  const ts = text(args, 'ts');
  const all = state.history.of(channel).filter((message) => message.ts === ts || message.thread_ts === ts);
  if (all[0]?.ts !== ts) throw new SlackError('thread_not_found');
  const [root, ...replies] = all;
  return { messages: [{ ...root, reply_count: replies.length }, ...replies.slice(-MAX_MESSAGES)] };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function post(args, { state }) {
  const channel = channelOf(args, state);
  const content = messageText(args);
  const user = memberOf(channel, args, state);
  const extra = args.thread === undefined ? {} : { thread_ts: text(args, 'thread') };
  // Slack accepts a reply to a missing message. The page could not show it.
  if (extra.thread_ts !== undefined && !state.history.find(channel, extra.thread_ts)) {
    throw new SlackError('thread_not_found');
  }
  return { ts: state.messages.post(user, channel, content, ORIGIN, extra).ts };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function update(args, { state }) {
  const content = { text: messageText(args) };
  state.messages.update(userOf(args, state), channelOf(args, state), text(args, 'ts'), content, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function remove(args, { state }) {
  state.messages.delete(userOf(args, state), channelOf(args, state), text(args, 'ts'), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function react(args, { state }) {
  const channel = channelOf(args, state);
  state.reactions.add(memberOf(channel, args, state), channel, text(args, 'ts'), emojiOf(args), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function unreact(args, { state }) {
  const channel = channelOf(args, state);
  state.reactions.remove(memberOf(channel, args, state), channel, text(args, 'ts'), emojiOf(args), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function typing(args, { state }) {
  const channel = channelOf(args, state);
  state.messages.typing(memberOf(channel, args, state), channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function presence(args, { state }) {
  state.presence.set([userOf(args, state)], args.presence === 'away' ? 'away' : 'active');
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function create(args, { state }) {
  const name = text(args, 'name');
  if (!/^[\p{L}\p{N}_-]{1,80}$/u.test(name) || name !== name.toLowerCase()) {
    throw new SlackError('invalid_name', 'a name has up to 80 lower-case letters, digits, - and _');
  }
  const channel = state.conversations.create(userOf(args, state), name, { isPrivate: args.isPrivate === true }, ORIGIN);
  return { channel: channel.id };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function join(args, { state }) {
  const user = userOf(args, state);
  const channel = channelOf(args, state);
  const [member] = channel.members;
  // A private channel can only be joined by invitation, so a member invites the user.
  if (channel.isPrivate && member !== undefined) state.conversations.invite({ id: member }, channel, user, ORIGIN);
  else state.conversations.join(user, channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function leave(args, { state }) {
  const channel = channelOf(args, state);
  state.conversations.leave(memberOf(channel, args, state), channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function open(args, { state }) {
  const other = state.users.find({ id: text(args, 'user') });
  if (!other) throw new SlackError('user_not_found');
  return { channel: state.conversations.open(userOf(args, state), [other], ORIGIN).id };
}

/** @param {Args} args */
function messageText(args) {
  const content = text(args, 'text');
  if (content.trim() === '') throw new SlackError('no_text');
  if (content.length > MAX_TEXT_LENGTH) throw new SlackError('msg_too_long');
  return content;
}

/**
 * Whether a message is shown in its thread only. A reply to a missing message is shown in the channel.
 *
 * @param {Message} message
 * @param {Channel} channel
 * @param {State} state
 */
function isHiddenReply({ ts, thread_ts: threadTs, subtype }, channel, state) {
  const isReply = threadTs !== undefined && threadTs !== ts && subtype !== 'thread_broadcast';
  return isReply && state.history.find(channel, threadTs) !== undefined;
}

/**
 * An event for the page. A reply to a missing message loses its `thread_ts`, so that the page shows it in the channel.
 *
 * @param {Record<string, any>} event
 * @param {State} state
 */
function withoutMissingThread(event, state) {
  if (event.type !== 'message' || event.thread_ts === undefined || event.thread_ts === event.ts) return event;
  const channel = state.channels.find({ id: event.channel });
  if (!channel || state.history.find(channel, event.thread_ts)) return event;
  const { thread_ts: _, ...bare } = event;
  return bare;
}

/** @param {Message[]} messages */
function countReplies(messages) {
  /** @type {Map<unknown, number>} by the `ts` of the thread's first message */
  const counts = new Map();
  for (const { ts, thread_ts: threadTs } of messages) {
    if (threadTs !== undefined && threadTs !== ts) counts.set(threadTs, (counts.get(threadTs) ?? 0) + 1);
  }
  return counts;
}

/**
 * @param {Message} message
 * @param {Map<unknown, number>} counts
 */
function withReplyCount(message, counts) {
  const count = counts.get(message.ts);
  return count === undefined ? message : { ...message, reply_count: count };
}

module.exports = { perform, withoutMissingThread };
