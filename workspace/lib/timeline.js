// Owns the messages: posting, editing, deleting, threads, reactions, and what is told of them. Knows no socket and no
// HTTP.
'use strict';

const { randomUUID } = require('node:crypto');
const { Directory, isBot, show, seconds } = require('./directory');
const { SlackError } = require('./errors');
const { innerShape } = require('./shapes');
const { tombstoneOf, withReply, withoutReplies } = require('./threads');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Message} Message
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').Origin} Origin
 * @typedef {{ name: string, users: string[], count: number }} Reaction
 */

/** Above it Slack refuses a text. */
const MAX_TEXT_LENGTH = 40_000;
/** The subtypes whose author may still edit. */
const EDITABLE = new Set([undefined, 'me_message', 'bot_message', 'thread_broadcast']);
const EMOJI_NAME = /^[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?$/;
const TS = /^\d{1,12}\.\d{1,9}$/;

class Timeline extends Directory {
  /** @type {Map<string, Map<string, Message>>} by channel id, then by ts, oldest first */
  #messages = new Map();

  /**
   * All messages of a channel, oldest first.
   *
   * @param {Channel} channel
   */
  history(channel) {
    return [...(this.#messages.get(channel.id)?.values() ?? [])];
  }

  /**
   * @param {Channel} channel
   * @param {unknown} ts
   * @returns {Message | undefined}
   */
  findMessage(channel, ts) {
    return this.#messages.get(channel.id)?.get(String(ts));
  }

  /**
   * Posts a message of a member's.
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
    const parent = this.#parentOf(channel, extra.thread_ts);
    /** @type {Record<string, unknown>} */
    const thread = parent ? { thread_ts: parent.ts, parent_user_id: parent.user } : {};
    const message = this.#compose(user, channel, text, { ...extra, ...thread });
    const grown = parent && withReply(parent, message);
    if (grown && extra.subtype === 'thread_broadcast') message.root = innerShape(grown);
    this.#keep(message);
    if (grown) this.#keep(grown);
    this.tell(message, { channel: channel.id }, origin);
    this.emit('message', message, origin);
    if (grown) this.#tellHidden('message_replied', channel, { message: innerShape(grown) }, origin);
    return message;
  }

  /**
   * Tells a message as if it had been posted, and does not keep it.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} text
   * @param {Origin} origin
   */
  flash(userRef, channelRef, text, origin) {
    const { user, channel } = this.#author(userRef, channelRef, text, origin, {});
    this.tell(this.#compose(user, channel, text, {}), { channel: channel.id }, origin);
  }

  /**
   * Shows a message to one member alone; nobody keeps it.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {UserRef} toRef
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} [extra]
   */
  ephemeral(userRef, channelRef, toRef, text, origin, extra = {}) {
    const { user, channel } = this.#author(userRef, channelRef, text, origin, extra);
    const to = this.user(toRef);
    if (!channel.members.has(to.id)) throw new SlackError('user_not_in_channel');
    const message = this.#compose(user, channel, text, { ...extra, is_ephemeral: true });
    this.tell(message, { user: to.id }, origin);
    return message;
  }

  /**
   * Changes a message of the user's own. What is left out of `fields` stays; an empty list takes away.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {{ text?: string, blocks?: unknown[], attachments?: unknown[] }} fields
   * @param {Origin} origin
   * @returns {Message} as it is now
   */
  update(userRef, channelRef, ts, fields, origin) {
    const { user, channel, message } = this.#own(userRef, channelRef, ts, 'cant_update_message');
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
    changed.edited = { user: user.id, ts: `${seconds()}.000000` };
    this.#keep(changed);
    this.#tellChanged(channel, changed, message, origin);
    return changed;
  }

  /**
   * Deletes a message of the user's own. One with replies leaves a tombstone.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {Origin} origin
   */
  remove(userRef, channelRef, ts, origin) {
    const { channel, message } = this.#own(userRef, channelRef, ts, 'cant_delete_message');
    if (Number(message.reply_count) > 0) {
      const tombstone = tombstoneOf(message);
      this.#keep(tombstone);
      this.#tellChanged(channel, tombstone, message, origin);
      return;
    }
    this.#drop(channel, message, origin);
    const parent = this.#parentOf(channel, message.thread_ts);
    if (!parent) return;
    const left = this.history(channel).filter(({ thread_ts, ts }) => thread_ts === parent.ts && ts !== parent.ts);
    if (left.length === 0 && parent.subtype === 'tombstone') this.#drop(channel, parent, origin);
    else this.#keep(left.reduce(withReply, withoutReplies(parent)));
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name of the emoji, without colons
   * @param {Origin} origin
   */
  react(userRef, channelRef, ts, name, origin) {
    const { user, channel, message, reactions } = this.#reactable(userRef, channelRef, ts, name);
    const present = reactions.find((one) => one.name === name);
    if (present?.users.includes(user.id)) throw new SlackError('already_reacted');
    const users = [...(present?.users ?? []), user.id];
    const list = present
      ? reactions.map((one) => (one === present ? { name, users, count: users.length } : one))
      : [...reactions, { name, users, count: 1 }];
    this.#keep({ ...message, reactions: list });
    this.#tellReaction('reaction_added', user, channel, message, name, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name
   * @param {Origin} origin
   */
  unreact(userRef, channelRef, ts, name, origin) {
    const { user, channel, message, reactions } = this.#reactable(userRef, channelRef, ts, name);
    if (!reactions.some((one) => one.name === name && one.users.includes(user.id))) {
      throw new SlackError('no_reaction');
    }
    const list = reactions.flatMap((one) => {
      const users = one.name === name ? one.users.filter((id) => id !== user.id) : one.users;
      return users.length > 0 ? [{ ...one, users, count: users.length }] : [];
    });
    const { reactions: _, ...bare } = message;
    this.#keep(/** @type {Message} */ (list.length > 0 ? { ...bare, reactions: list } : bare));
    this.#tellReaction('reaction_removed', user, channel, message, name, origin);
  }

  /**
   * Posts what the workspace itself says of a member, for example that they joined.
   *
   * @protected
   * @param {User} user
   * @param {Channel} channel
   * @param {string} subtype
   * @param {string} text
   * @param {Record<string, unknown>} extra
   * @param {Origin} origin
   */
  note(user, channel, subtype, text, extra, origin) {
    const ts = this.nextTs();
    /** @type {Message} */
    const message = {
      ...extra,
      type: 'message',
      subtype,
      user: user.id,
      text,
      team: this.team.id,
      channel: channel.id,
      event_ts: ts,
      ts,
    };
    this.#keep(message);
    this.tell(message, { channel: channel.id }, origin);
  }

  /**
   * The member of a conversation that a verb is about.
   *
   * @protected
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   */
  member(userRef, channelRef) {
    const user = this.user(userRef);
    const channel = this.channel(channelRef);
    if (channel.members.has(user.id)) return { user, channel };
    if (channel.isPrivate) throw new SlackError('channel_not_found', `@${user.name} sees no channel ${show(channel)}`);
    throw new SlackError('not_in_channel', `@${user.name} is not a member of #${channel.name}`);
  }

  /**
   * @protected
   * @param {{ value: Message }[]} entries
   */
  loadMessages(entries) {
    const messages = entries.map(({ value }) => value).sort((a, b) => (a.ts < b.ts ? -1 : 1));
    for (const message of messages) {
      this.#ofChannel(message.channel).set(message.ts, message);
      this.passTs(message.ts);
    }
  }

  /** @param {Message} message new, or in place of the one with its ts */
  #keep(message) {
    this.put('message', `${message.channel}:${message.ts}`, message);
    this.#ofChannel(message.channel).set(message.ts, message);
  }

  /** @param {string} channelId */
  #ofChannel(channelId) {
    let messages = this.#messages.get(channelId);
    if (!messages) this.#messages.set(channelId, (messages = new Map()));
    return messages;
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} extra
   */
  #author(userRef, channelRef, text, origin, extra) {
    const found = this.member(userRef, channelRef);
    checkText(text, extra, origin);
    return found;
  }

  /**
   * @param {User} user
   * @param {Channel} channel
   * @param {string} text
   * @param {Record<string, unknown>} extra
   * @returns {Message}
   */
  #compose(user, channel, text, extra) {
    const ts = this.nextTs();
    return {
      ...(isBot(user) ? { bot_id: user.botId } : { client_msg_id: randomUUID() }),
      suppress_notification: false,
      ...extra,
      text,
      user: user.id,
      team: this.team.id,
      source_team: this.team.id,
      user_team: this.team.id,
      type: 'message',
      channel: channel.id,
      event_ts: ts,
      ts,
    };
  }

  /**
   * The message that begins the thread; undefined where there is none.
   *
   * @param {Channel} channel
   * @param {unknown} threadTs of it, or of a reply
   */
  #parentOf(channel, threadTs) {
    const message = typeof threadTs === 'string' ? this.findMessage(channel, threadTs) : undefined;
    if (message?.thread_ts === undefined || message.thread_ts === message.ts) return message;
    return this.findMessage(channel, message.thread_ts);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} refusal
   */
  #own(userRef, channelRef, ts, refusal) {
    const { user, channel } = this.member(userRef, channelRef);
    const message = this.findMessage(channel, ts);
    if (!message) throw new SlackError('message_not_found');
    if (message.user !== user.id || !EDITABLE.has(/** @type {string} */ (message.subtype))) {
      throw new SlackError(refusal, `@${user.name} may not change this message: ${refusal}`);
    }
    return { user, channel, message };
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name
   */
  #reactable(userRef, channelRef, ts, name) {
    const { user, channel } = this.member(userRef, channelRef);
    if (typeof ts !== 'string' || !TS.test(ts)) throw new SlackError('bad_timestamp');
    const message = this.findMessage(channel, ts);
    if (!message || message.subtype === 'tombstone') throw new SlackError('message_not_found');
    if (typeof name !== 'string' || !EMOJI_NAME.test(name)) {
      throw new SlackError('invalid_name', `an emoji's name is like 'thumbsup', not ${show(name)}`);
    }
    const reactions = /** @type {Reaction[]} */ (message.reactions ?? []);
    return { user, channel, message, reactions };
  }

  /**
   * @param {Channel} channel
   * @param {Message} message
   * @param {Origin} origin
   */
  #drop(channel, message, origin) {
    this.forget('message', `${channel.id}:${message.ts}`);
    this.#messages.get(channel.id)?.delete(message.ts);
    const details = { deleted_ts: message.ts, previous_message: innerShape(message) };
    this.#tellHidden('message_deleted', channel, details, origin);
  }

  /**
   * @param {Channel} channel
   * @param {Message} message
   * @param {Message} before
   * @param {Origin} origin
   */
  #tellChanged(channel, message, before, origin) {
    const details = { message: innerShape(message), previous_message: innerShape(before) };
    this.#tellHidden('message_changed', channel, details, origin);
  }

  /**
   * @param {string} subtype
   * @param {Channel} channel
   * @param {object} details
   * @param {Origin} origin
   */
  #tellHidden(subtype, channel, details, { via }) {
    const ts = this.nextTs();
    const event = { type: 'message', subtype, hidden: true, ...details, channel: channel.id, event_ts: ts, ts };
    this.tell(event, { channel: channel.id }, { via });
  }

  /**
   * @param {string} type
   * @param {User} user
   * @param {Channel} channel
   * @param {Message} message
   * @param {string} reaction
   * @param {Origin} origin
   */
  #tellReaction(type, user, channel, message, reaction, { via }) {
    const item = { type: 'message', channel: channel.id, ts: message.ts };
    const ts = this.nextTs();
    const event = { type, user: user.id, item, reaction, item_user: message.user, event_ts: ts, ts };
    this.tell(event, { channel: channel.id }, { via });
  }
}

/**
 * A test may post what Slack would not take: it stands for whatever Slack might send.
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

module.exports = { Timeline };
