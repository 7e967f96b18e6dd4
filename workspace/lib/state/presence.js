// Who is active and who is away.
'use strict';

const { SlackError } = require('../slack-error');
const { formatRef, isBot } = require('./names');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').Origin} Origin
 */

/**
 * A bot is active while it has a connection, unless it has set itself away. A person is active or away as the seed or a
 * test says.
 */
class Presence {
  #users;
  #timestamps;
  #bus;
  /** @type {Set<string>} ids of bots that have a connection */
  #connected = new Set();
  /** @type {Set<string>} ids of users who have set themselves away */
  #manuallyAway = new Set();

  /**
   * @param {object} parts
   * @param {import('./users').Users} parts.users
   * @param {import('./timestamps').Timestamps} parts.timestamps
   * @param {import('./event-bus').EventBus} parts.bus
   */
  constructor({ users, timestamps, bus }) {
    this.#users = users;
    this.#timestamps = timestamps;
    this.#bus = bus;
  }

  /**
   * Users that change at once share one `presence_change`.
   *
   * @param {UserRef[]} refs
   * @param {import('../../index').Presence} presence
   */
  set(refs, presence) {
    if (presence !== 'active' && presence !== 'away') {
      throw new SlackError('invalid_presence', `presence must be 'active' or 'away', not ${formatRef(presence)}`);
    }
    const named = new Set(refs.map((ref) => this.#users.get(ref)));
    const changed = [...named].filter((user) => user.presence !== presence);
    if (changed.length === 0) return;
    for (const user of changed) this.#users.setPresence(user, presence);
    const ids = changed.map((user) => user.id);
    const who = ids.length === 1 ? { user: ids[0] } : { users: ids };
    this.#bus.publish({ type: 'presence_change', presence, ...who }, {}, { via: 'test' });
    this.#bus.emit('presence', changed, presence);
  }

  /**
   * @param {Bot} bot
   * @param {boolean} isConnected whether the bot has at least one connection
   */
  setConnected(bot, isConnected) {
    if (isConnected) this.#connected.add(bot.id);
    else this.#connected.delete(bot.id);
    this.#update(bot);
  }

  /**
   * Sets a user away, or leaves it to the workspace again (`auto`), as users.setPresence does.
   *
   * @param {User} user
   * @param {'auto' | 'away'} choice
   * @param {Origin} origin
   */
  setManual(user, choice, origin) {
    if (choice === 'away') this.#manuallyAway.add(user.id);
    else this.#manuallyAway.delete(user.id);
    const presence = choice === 'away' ? 'away' : 'active';
    const event = { type: 'manual_presence_change', presence, event_ts: this.#timestamps.next() };
    this.#bus.publish(event, { user: user.id }, origin);
    this.#update(user);
  }

  /** @param {User} user */
  isManuallyAway(user) {
    return this.#manuallyAway.has(user.id);
  }

  /** @param {User} user */
  #update(user) {
    const isActive = (!isBot(user) || this.#connected.has(user.id)) && !this.#manuallyAway.has(user.id);
    this.set([user], isActive ? 'active' : 'away');
  }
}

module.exports = { Presence };
