// Posting, editing and deleting messages, and the events of each.
'use strict';

const { randomUUID } = require('node:crypto');
const { SlackError } = require('../slack-error');
const { isBot } = require('./names');
const { innerShape } = require('./shapes');
const { tombstoneOf, withReply, withoutReplies } = require('./threads');
const { nowInSeconds } = require('./timestamps');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Message} Message
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').ChannelRef} ChannelRef
 * @typedef {import('../../index').Origin} Origin
 */

/** Slack refuses a longer text. */
const MAX_TEXT_LENGTH = 40_000;
/** The subtypes of messages that their author may edit. */
const EDITABLE = new Set([undefined, 'me_message', 'bot_message', 'thread_broadcast']);

class Messages {
  #team;
  #users;
  #channels;
  #history;
  #timestamps;
  #bus;

  /**
   * @param {object} parts
   * @param {import('../../index').Team} parts.team
   * @param {import('./users').Users} parts.users
   * @param {import('./channels').Channels} parts.channels
   * @param {import('./history').History} parts.history
   * @param {import('./timestamps').Timestamps} parts.timestamps
   * @param {import('./event-bus').EventBus} parts.bus
   */
  constructor({ team, users, channels, history, timestamps, bus }) {
    this.#team = team;
    this.#users = users;
    this.#channels = channels;
    this.#history = history;
    this.#timestamps = timestamps;
    this.#bus = bus;
  }

  /**
   * Posts a message as a member of the channel.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} [extra] further fields, for example `thread_ts` or `blocks`
   * @returns {Message}
   */
  post(userRef, channelRef, text, origin, extra = {}) {
    const { user, channel } = this.#author(userRef, channelRef, text, origin, extra);
    const parent = this.#history.findThreadParent(channel, extra.thread_ts);
    /** @type {Record<string, unknown>} */
    const thread = parent ? { thread_ts: parent.ts, parent_user_id: parent.user } : {};
    const message = this.#compose(user, channel, text, { ...extra, ...thread });
    const changedParent = parent && withReply(parent, message);
    if (changedParent && extra.subtype === 'thread_broadcast') message.root = innerShape(changedParent);
    this.#history.save(message);
    if (changedParent) this.#history.save(changedParent);
    this.#bus.publish(message, { channel: channel.id }, origin);
    this.#bus.emit('message', message, origin);
    if (changedParent) {
      this.#publishHidden('message_replied', channel, { message: innerShape(changedParent) }, origin);
    }
    return message;
  }

  /**
   * Publishes a message without keeping it.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} text
   * @param {Origin} origin
   */
  publishUnsaved(userRef, channelRef, text, origin) {
    const { user, channel } = this.#author(userRef, channelRef, text, origin, {});
    this.#bus.publish(this.#compose(user, channel, text, {}), { channel: channel.id }, origin);
  }

  /**
   * Shows a message to one member only. It is not kept.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {UserRef} recipientRef
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} [extra]
   */
  postEphemeral(userRef, channelRef, recipientRef, text, origin, extra = {}) {
    const { user, channel } = this.#author(userRef, channelRef, text, origin, extra);
    const recipient = this.#users.get(recipientRef);
    if (!channel.members.has(recipient.id)) throw new SlackError('user_not_in_channel');
    const message = this.#compose(user, channel, text, { ...extra, is_ephemeral: true });
    this.#bus.publish(message, { user: recipient.id }, origin);
    return message;
  }

  /**
   * Posts a notice of the workspace about a member, for example that the member has joined.
   *
   * @param {User} user
   * @param {Channel} channel
   * @param {string} subtype
   * @param {string} text
   * @param {Record<string, unknown>} extra
   * @param {Origin} origin
   */
  postNotice(user, channel, subtype, text, extra, origin) {
    const ts = this.#timestamps.next();
    /** @type {Message} */
    const message = {
      ...extra,
      type: 'message',
      subtype,
      user: user.id,
      text,
      team: this.#team.id,
      channel: channel.id,
      event_ts: ts,
      ts,
    };
    this.#history.save(message);
    this.#bus.publish(message, { channel: channel.id }, origin);
  }

  /**
   * Changes a message of the user. A field that is undefined stays as it is; an empty list removes the field.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {{ text?: string, blocks?: unknown[], attachments?: unknown[] }} fields
   * @param {Origin} origin
   * @returns {Message} the changed message
   */
  update(userRef, channelRef, ts, fields, origin) {
    const { user, channel, message } = this.#ownMessage(userRef, channelRef, ts, 'cant_update_message');
    const { text = message.text } = fields;
    /** @type {Message} */
    const changed = { ...message, text };
    for (const key of /** @type {const} */ (['blocks', 'attachments'])) {
      const list = fields[key];
      if (list === undefined) continue;
      if (list.length > 0) changed[key] = list;
      else delete changed[key];
    }
    checkText(text, changed, origin);
    changed.edited = { user: user.id, ts: `${nowInSeconds()}.000000` };
    this.#history.save(changed);
    this.#publishChanged(channel, changed, message, origin);
    return changed;
  }

  /**
   * Deletes a message of the user. A message with replies becomes a tombstone, which goes with the last reply.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {Origin} origin
   */
  delete(userRef, channelRef, ts, origin) {
    const { channel, message } = this.#ownMessage(userRef, channelRef, ts, 'cant_delete_message');
    if (Number(message.reply_count) > 0) {
      const tombstone = tombstoneOf(message);
      this.#history.save(tombstone);
      this.#publishChanged(channel, tombstone, message, origin);
      return;
    }
    this.#remove(channel, message, origin);
    const parent = this.#history.findThreadParent(channel, message.thread_ts);
    if (!parent) return;
    const replies = this.#history
      .of(channel)
      .filter(({ thread_ts, ts }) => thread_ts === parent.ts && ts !== parent.ts);
    if (replies.length === 0 && parent.subtype === 'tombstone') this.#remove(channel, parent, origin);
    else this.#history.save(replies.reduce(withReply, withoutReplies(parent)));
  }

  /**
   * Shows the members of a channel that a user is typing.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   */
  typing(userRef, channelRef, origin) {
    const { user, channel } = this.#channels.membership(userRef, channelRef);
    this.#bus.publish({ type: 'user_typing', channel: channel.id, user: user.id }, { channel: channel.id }, origin);
    this.#bus.emit('typing', { channel: channel.id, user: user.id }, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} extra
   */
  #author(userRef, channelRef, text, origin, extra) {
    const membership = this.#channels.membership(userRef, channelRef);
    checkText(text, extra, origin);
    return membership;
  }

  /**
   * @param {User} user
   * @param {Channel} channel
   * @param {string} text
   * @param {Record<string, unknown>} extra
   * @returns {Message}
   */
  #compose(user, channel, text, extra) {
    const ts = this.#timestamps.next();
    return {
      ...(isBot(user) ? { bot_id: user.botId } : { client_msg_id: randomUUID() }),
      suppress_notification: false,
      ...extra,
      text,
      user: user.id,
      team: this.#team.id,
      source_team: this.#team.id,
      user_team: this.#team.id,
      type: 'message',
      channel: channel.id,
      event_ts: ts,
      ts,
    };
  }

  /**
   * A message that the user may change.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} code of the error if the user may not change it
   */
  #ownMessage(userRef, channelRef, ts, code) {
    const { user, channel } = this.#channels.membership(userRef, channelRef);
    const message = this.#history.find(channel, ts);
    if (!message) throw new SlackError('message_not_found');
    if (message.user !== user.id || !EDITABLE.has(/** @type {string} */ (message.subtype))) {
      throw new SlackError(code, `@${user.name} may not change this message: ${code}`);
    }
    return { user, channel, message };
  }

  /**
   * @param {Channel} channel
   * @param {Message} message
   * @param {Origin} origin
   */
  #remove(channel, message, origin) {
    this.#history.delete(message);
    const details = { deleted_ts: message.ts, previous_message: innerShape(message) };
    this.#publishHidden('message_deleted', channel, details, origin);
  }

  /**
   * @param {Channel} channel
   * @param {Message} message
   * @param {Message} before
   * @param {Origin} origin
   */
  #publishChanged(channel, message, before, origin) {
    const details = { message: innerShape(message), previous_message: innerShape(before) };
    this.#publishHidden('message_changed', channel, details, origin);
  }

  /**
   * Publishes a change of an earlier message: clients get the event, but do not show it as a message.
   *
   * @param {string} subtype
   * @param {Channel} channel
   * @param {object} details
   * @param {Origin} origin only `via` counts: the connection that caused the change gets the event, too
   */
  #publishHidden(subtype, channel, details, { via }) {
    const ts = this.#timestamps.next();
    const event = { type: 'message', subtype, hidden: true, ...details, channel: channel.id, event_ts: ts, ts };
    this.#bus.publish(event, { channel: channel.id }, { via });
  }
}

/**
 * Checks a text as Slack does. A test may post what Slack refuses, because it plays Slack's part towards the bot.
 *
 * @param {unknown} text
 * @param {Record<string, unknown>} message
 * @param {Origin} origin
 */
function checkText(text, message, { via }) {
  if (typeof text !== 'string') throw new SlackError('no_text', `text must be a string, not ${typeof text}`);
  if (via === 'test') return;
  if (text === '' && !message.blocks && !message.attachments) throw new SlackError('no_text');
  if (text.length > MAX_TEXT_LENGTH) throw new SlackError('msg_too_long');
}

module.exports = { Messages, MAX_TEXT_LENGTH };
