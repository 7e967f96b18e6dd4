// Acting as a user in a test.
'use strict';

/**
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').MessageRef} MessageRef
 * @typedef {import('../index').Presence} Presence
 * @typedef {import('../index').Person} PublicPerson
 */

/** @type {import('../index').Origin} */
const ORIGIN = { via: 'test' };

/** @implements {PublicPerson} */
class Person {
  #user;
  #state;

  /**
   * @param {import('../index').User} user
   * @param {import('./state/state').State} state
   */
  constructor(user, state) {
    this.#user = user;
    this.#state = state;
  }

  get id() {
    return this.#user.id;
  }

  get name() {
    return this.#user.name;
  }

  get realName() {
    return this.#user.realName;
  }

  get isBot() {
    return this.#user.isBot;
  }

  get presence() {
    return this.#user.presence;
  }

  get displayName() {
    return this.#user.displayName;
  }

  get statusText() {
    return this.#user.statusText;
  }

  get statusEmoji() {
    return this.#user.statusEmoji;
  }

  /**
   * @param {ChannelRef} channel
   * @param {string} text
   * @param {Record<string, unknown>} [extra]
   */
  say(channel, text, extra) {
    if (typeof text !== 'string') throw new TypeError(`text must be a string, not ${typeof text}`);
    return this.#state.messages.post(this.#user, this.#memberChannel(channel), text, ORIGIN, extra);
  }

  /**
   * @param {UserRef} to
   * @param {string} text
   * @param {Record<string, unknown>} [extra]
   */
  dm(to, text, extra) {
    return this.say(this.#state.conversations.directMessages(this.#user, this.#state.users.get(to)), text, extra);
  }

  /**
   * @param {MessageRef} message
   * @param {string} text
   * @param {Record<string, unknown>} [extra]
   */
  reply({ channel, ts }, text, extra) {
    return this.say({ id: channel }, text, { ...extra, thread_ts: ts });
  }

  /**
   * @param {MessageRef} message
   * @param {string} text
   */
  edit({ channel, ts }, text) {
    return this.#state.messages.update(this.#user, { id: channel }, ts, { text }, ORIGIN);
  }

  /** @param {MessageRef} message */
  delete({ channel, ts }) {
    this.#state.messages.delete(this.#user, { id: channel }, ts, ORIGIN);
  }

  /**
   * @param {MessageRef} message
   * @param {string} name
   */
  react({ channel, ts }, name) {
    this.#state.reactions.add(this.#user, { id: channel }, ts, name, ORIGIN);
  }

  /**
   * @param {MessageRef} message
   * @param {string} name
   */
  unreact({ channel, ts }, name) {
    this.#state.reactions.remove(this.#user, { id: channel }, ts, name, ORIGIN);
  }

  /**
   * @param {string} name
   * @param {{ isPrivate?: boolean }} [options]
   */
  create(name, options = {}) {
    return this.#state.conversations.create(this.#user, name.replace(/^#/, ''), options, ORIGIN);
  }

  /** @param {ChannelRef} channel */
  join(channel) {
    return this.#state.conversations.join(this.#user, channel, ORIGIN);
  }

  /** @param {ChannelRef} channel */
  leave(channel) {
    return this.#state.conversations.leave(this.#user, channel, ORIGIN);
  }

  /**
   * @param {ChannelRef} channel
   * @param {UserRef | UserRef[]} users
   */
  invite(channel, users) {
    this.#state.conversations.invite(this.#user, this.#memberChannel(channel), users, ORIGIN);
  }

  /** @param {UserRef | UserRef[]} users */
  open(users) {
    return this.#state.conversations.open(this.#user, users, ORIGIN);
  }

  /** @param {import('../index').Profile} fields */
  setProfile(fields) {
    this.#state.users.setProfile(this.#user, fields, ORIGIN);
  }

  /** @param {ChannelRef} channel */
  typing(channel) {
    this.#state.messages.typing(this.#user, this.#memberChannel(channel), ORIGIN);
  }

  /** @param {Presence} presence */
  setPresence(presence) {
    this.#state.presence.set([this.#user], presence);
  }

  /**
   * A channel that the user is a member of.
   *
   * @param {ChannelRef} ref
   */
  #memberChannel(ref) {
    const channel = this.#state.channels.get(ref);
    if (channel.members.has(this.id)) return channel;
    throw new Error(`@${this.name} is not a member of ${channel.name ? `#${channel.name}` : channel.id}`);
  }
}

module.exports = { Person };
