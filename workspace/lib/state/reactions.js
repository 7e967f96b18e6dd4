// Reactions to messages.
'use strict';

const { SlackError } = require('../slack-error');
const { formatRef } = require('./names');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Message} Message
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').ChannelRef} ChannelRef
 * @typedef {import('../../index').Origin} Origin
 * @typedef {{ name: string, users: string[], count: number }} Reaction
 */

const EMOJI_NAME = /^[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?$/;
const TS = /^\d{1,12}\.\d{1,9}$/;

class Reactions {
  #channels;
  #history;
  #timestamps;
  #bus;

  /**
   * @param {object} parts
   * @param {import('./channels').Channels} parts.channels
   * @param {import('./history').History} parts.history
   * @param {import('./timestamps').Timestamps} parts.timestamps
   * @param {import('./event-bus').EventBus} parts.bus
   */
  constructor({ channels, history, timestamps, bus }) {
    this.#channels = channels;
    this.#history = history;
    this.#timestamps = timestamps;
    this.#bus = bus;
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name of the emoji, without colons
   * @param {Origin} origin
   */
  add(userRef, channelRef, ts, name, origin) {
    const { user, channel, message, reactions } = this.#find(userRef, channelRef, ts, name);
    const present = reactions.find((one) => one.name === name);
    if (present?.users.includes(user.id)) throw new SlackError('already_reacted');
    const users = [...(present?.users ?? []), user.id];
    const list = present
      ? reactions.map((one) => (one === present ? { name, users, count: users.length } : one))
      : [...reactions, { name, users, count: 1 }];
    this.#history.save({ ...message, reactions: list });
    this.#publish('reaction_added', user, channel, message, name, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name
   * @param {Origin} origin
   */
  remove(userRef, channelRef, ts, name, origin) {
    const { user, channel, message, reactions } = this.#find(userRef, channelRef, ts, name);
    if (!reactions.some((one) => one.name === name && one.users.includes(user.id))) {
      throw new SlackError('no_reaction');
    }
    const list = reactions.flatMap((one) => {
      const users = one.name === name ? one.users.filter((id) => id !== user.id) : one.users;
      return users.length > 0 ? [{ ...one, users, count: users.length }] : [];
    });
    const { reactions: _, ...bare } = message;
    this.#history.save(/** @type {Message} */ (list.length > 0 ? { ...bare, reactions: list } : bare));
    this.#publish('reaction_removed', user, channel, message, name, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {string} ts
   * @param {string} name
   */
  #find(userRef, channelRef, ts, name) {
    const { user, channel } = this.#channels.membership(userRef, channelRef);
    if (typeof ts !== 'string' || !TS.test(ts)) throw new SlackError('bad_timestamp');
    const message = this.#history.find(channel, ts);
    if (!message || message.subtype === 'tombstone') throw new SlackError('message_not_found');
    if (typeof name !== 'string' || !EMOJI_NAME.test(name)) {
      throw new SlackError('invalid_name', `an emoji's name is like 'thumbsup', not ${formatRef(name)}`);
    }
    const reactions = /** @type {Reaction[]} */ (message.reactions ?? []);
    return { user, channel, message, reactions };
  }

  /**
   * @param {'reaction_added' | 'reaction_removed'} type
   * @param {User} user
   * @param {Channel} channel
   * @param {Message} message
   * @param {string} reaction
   * @param {Origin} origin only `via` counts: the connection that caused the reaction gets the event, too
   */
  #publish(type, user, channel, message, reaction, { via }) {
    const item = { type: 'message', channel: channel.id, ts: message.ts };
    const ts = this.#timestamps.next();
    const event = { type, user: user.id, item, reaction, item_user: message.user, event_ts: ts, ts };
    this.#bus.publish(event, { channel: channel.id }, { via });
  }
}

module.exports = { Reactions };
