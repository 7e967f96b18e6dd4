// Owns acting as a user. Checks what that user may do; the doing is the state's.
'use strict';

/**
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').Presence} Presence
 * @typedef {import('../index').Person} PublicPerson
 */

/** @implements {PublicPerson} */
class Person {
  #user;
  #state;

  /**
   * @param {import('../index').User} user
   * @param {import('./state').State} state
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

  /**
   * @param {ChannelRef} channel
   * @param {string} text
   * @param {Record<string, unknown>} [extra]
   */
  say(channel, text, extra) {
    if (typeof text !== 'string') throw new TypeError(`text must be a string, not ${typeof text}`);
    return this.#state.post(this.#user, this.#joined(channel), text, { via: 'test' }, extra);
  }

  /**
   * @param {UserRef} to
   * @param {string} text
   * @param {Record<string, unknown>} [extra]
   */
  dm(to, text, extra) {
    return this.say(this.#state.im(this.#user, this.#state.user(to)), text, extra);
  }

  /** @param {ChannelRef} channel */
  typing(channel) {
    this.#state.type(this.#user, this.#joined(channel), { via: 'test' });
  }

  /** @param {Presence} presence */
  setPresence(presence) {
    this.#state.setPresence([this.#user], presence);
  }

  /** @param {ChannelRef} ref */
  #joined(ref) {
    const channel = this.#state.channel(ref);
    if (channel.members.has(this.id)) return channel;
    throw new Error(`@${this.name} is not a member of ${channel.name ? `#${channel.name}` : channel.id}`);
  }
}

module.exports = { Person };
