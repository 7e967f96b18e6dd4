// The users of the workspace: people and bots.
'use strict';

const { randomBytes } = require('node:crypto');
const { SlackError } = require('../slack-error');
const { checkName, formatRef, isBot } = require('./names');
const { userShape } = require('./shapes');
const { nowInSeconds } = require('./timestamps');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').Origin} Origin
 */

const PROFILE_FIELDS = /** @type {const} */ (['realName', 'displayName', 'statusText', 'statusEmoji', 'title']);

/** People and bots by id, by name and by token; and their profiles. */
class Users {
  #team;
  #store;
  #bus;
  #ids;
  #timestamps;
  /** @type {Map<string, User>} */
  #byId = new Map();
  /** @type {Map<string, Bot>} */
  #botsByToken = new Map();

  /**
   * @param {object} parts
   * @param {import('../../index').Team} parts.team
   * @param {import('../store').EntryStore} parts.store
   * @param {import('./event-bus').EventBus} parts.bus
   * @param {import('./ids').Ids} parts.ids
   * @param {import('./timestamps').Timestamps} parts.timestamps
   */
  constructor({ team, store, bus, ids, timestamps }) {
    this.#team = team;
    this.#store = store;
    this.#bus = bus;
    this.#ids = ids;
    this.#timestamps = timestamps;
  }

  /** People and bots. */
  get all() {
    return [...this.#byId.values()];
  }

  get bots() {
    return [...this.#botsByToken.values()];
  }

  get people() {
    return this.all.filter((user) => !user.isBot);
  }

  /** @param {string} id */
  has(id) {
    return this.#byId.has(id);
  }

  /** @param {string} token */
  botByToken(token) {
    return this.#botsByToken.get(token);
  }

  /**
   * @param {UserRef} ref
   * @returns {User | undefined}
   */
  find(ref) {
    if (typeof ref !== 'string') return this.#byId.get(ref?.id);
    const name = ref.replace(/^@/, '');
    return this.#byId.get(ref) ?? this.all.find((user) => user.name === name);
  }

  /**
   * Throws `user_not_found` if there is no such user.
   *
   * @param {UserRef} ref
   * @returns {User}
   */
  get(ref) {
    const user = this.find(ref);
    if (user) return user;
    const known = this.all.map((one) => `@${one.name}`).join(', ');
    throw new SlackError('user_not_found', `unknown user ${formatRef(ref)}; known users: ${known}`);
  }

  /** @param {string | import('../../index').UserSeed} seed */
  add(seed) {
    this.#save(this.#make(seed));
  }

  /**
   * @param {string | import('../../index').BotSeed} seed
   * @returns {Bot}
   */
  addBot(seed) {
    const { token, ...rest } = typeof seed === 'string' ? { name: seed, token: undefined } : seed;
    const chosen = token ?? `xoxb-${Date.now()}-${randomBytes(12).toString('hex')}`;
    if (this.#botsByToken.has(chosen)) throw new Error('two bots cannot have the same token');
    const user = this.#make({ ...rest, presence: 'away' });
    /** @type {Bot} */
    const bot = { ...user, isBot: true, botId: this.#ids.next('B'), token: chosen };
    this.#save(bot);
    return bot;
  }

  /**
   * Takes over a stored user.
   *
   * @param {User} user
   */
  restore(user) {
    this.#register(user.isBot ? { ...user, presence: 'away' } : user);
  }

  /**
   * @param {UserRef} userRef
   * @param {import('../../index').Profile} fields
   * @param {Origin} origin
   */
  setProfile(userRef, fields, origin) {
    const user = this.get(userRef);
    /** @type {Partial<User>} */
    const changes = { updated: nowInSeconds() };
    for (const key of PROFILE_FIELDS) {
      const value = fields[key];
      if (value === undefined) continue;
      if (typeof value !== 'string') throw new SlackError('invalid_profile', `${key} must be a string`);
      changes[key] = value;
    }
    this.#store.put(user.isBot ? 'bot' : 'user', user.id, { ...user, ...changes });
    Object.assign(user, changes);
    const stamps = { cache_ts: nowInSeconds(), event_ts: this.#timestamps.next() };
    this.#bus.publish({ type: 'user_change', user: userShape(user, this.#team), ...stamps }, {}, origin);
  }

  /**
   * A bot's presence is not stored: it follows from the bot's connections.
   *
   * @param {User} user
   * @param {import('../../index').Presence} presence
   */
  setPresence(user, presence) {
    if (!user.isBot) this.#store.put('user', user.id, { ...user, presence });
    user.presence = presence;
  }

  /**
   * @param {string | import('../../index').UserSeed} seed
   * @returns {User}
   */
  #make(seed) {
    const { name: given, id, realName, presence = 'active' } = typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '@');
    if (this.find(name)) throw new Error(`user @${name} already exists`);
    if (id !== undefined && this.#byId.has(id)) throw new Error(`user ${id} already exists`);
    return {
      id: id ?? this.#ids.next('U'),
      name,
      realName: realName ?? name.charAt(0).toUpperCase() + name.slice(1),
      displayName: name,
      statusText: '',
      statusEmoji: '',
      isBot: false,
      presence,
    };
  }

  /** @param {User} user */
  #save(user) {
    this.#store.put(user.isBot ? 'bot' : 'user', user.id, user);
    this.#register(user);
  }

  /** @param {User} user */
  #register(user) {
    this.#byId.set(user.id, user);
    if (isBot(user)) this.#botsByToken.set(user.token, user);
  }
}

module.exports = { Users };
