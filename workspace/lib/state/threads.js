// The fields by which a thread's first message summarizes its replies. Pure functions.
'use strict';

/** @typedef {import('../../index').Message} Message */

const THREAD_FIELDS = ['thread_ts', 'reply_count', 'reply_users_count', 'latest_reply', 'reply_users', 'is_locked'];

/**
 * A thread's first message, updated for one more reply.
 *
 * @param {Message} parent
 * @param {Message} reply
 * @returns {Message}
 */
function withReply(parent, reply) {
  const before = /** @type {string[]} */ (parent.reply_users ?? []);
  const users = before.includes(reply.user) ? before : [...before, reply.user];
  return {
    ...parent,
    thread_ts: parent.ts,
    reply_count: Number(parent.reply_count ?? 0) + 1,
    reply_users_count: users.length,
    latest_reply: reply.ts,
    reply_users: users,
    is_locked: false,
  };
}

/**
 * The message that replaces a thread's deleted first message.
 *
 * @param {Message} message
 * @returns {Message}
 */
function tombstoneOf(message) {
  /** @type {Message} */
  const tombstone = {
    type: 'message',
    subtype: 'tombstone',
    text: 'This message was deleted.',
    user: 'USLACKBOT',
    hidden: true,
    team: message.team,
    channel: message.channel,
    event_ts: message.event_ts,
    ts: message.ts,
  };
  for (const key of THREAD_FIELDS) tombstone[key] = message[key];
  return tombstone;
}

/**
 * A message without the fields that summarize replies.
 *
 * @param {Message} parent
 * @returns {Message}
 */
function withoutReplies(parent) {
  const bare = { ...parent };
  for (const key of THREAD_FIELDS) delete bare[key];
  return bare;
}

module.exports = { withReply, withoutReplies, tombstoneOf };
