// Owns who and what is in the workspace: users, bots, channels, messages, presence. Tells of changes through the
// emitter it is given. Knows no socket and no HTTP; what these show of it is made in shapes.js.
'use strict';

const { randomBytes, randomUUID } = require('node:crypto');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Message} Message
 * @typedef {import('../index').Presence} Presence
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').Connection} Connection
 * @typedef {{ via: 'rtm' | 'web' | 'test', connection?: Connection }} Origin who did it, and over which socket
 */

class State {
  #events;
  #ids = 0;
  #lastTs = 0;
  /** @type {Map<string, User>} by id */
  #users = new Map();
  /** @type {Map<string, Bot>} by token */
  #bots = new Map();
  /** @type {Map<string, Channel>} by id */
  #channels = new Map();
  /** @type {Set<Channel>} the ones that every newcomer joins */
  #openToAll = new Set();
  /** @type {Map<string, Message[]>} by channel id */
  #history = new Map();

  /**
   * @param {import('../index').StartOptions} seed
   * @param {import('node:events').EventEmitter} events
   */
  constructor({ team, bots = ['robot'], users = ['ann', 'bob', 'carol'], channels = ['general', 'random'] }, events) {
    this.#events = events;
    this.team = {
      id: team?.id ?? this.#nextId('T'),
      name: team?.name ?? 'Local Workspace',
      domain: team?.domain ?? 'local-workspace',
    };
    if (bots.length === 0) throw new RangeError('bots must name at least one bot');
    for (const user of users) this.#addUser(user);
    for (const bot of bots) this.addBot(bot);
    for (const channel of channels) this.#addChannel(channel);
  }

  /** People and bots. */
  get users() {
    return [...this.#users.values()];
  }

  get bots() {
    return [...this.#bots.values()];
  }

  /** With direct messages. */
  get channels() {
    return [...this.#channels.values()];
  }

  /** @param {string} token */
  botByToken(token) {
    return this.#bots.get(token);
  }

  /**
   * @param {string | import('../index').BotSeed} seed
   * @returns {Bot}
   */
  addBot(seed) {
    const { token, ...rest } = typeof seed === 'string' ? { name: seed, token: undefined } : seed;
    const chosen = token ?? `xoxb-${Date.now()}-${randomBytes(12).toString('hex')}`;
    if (this.#bots.has(chosen)) throw new Error('two bots cannot have one token');
    /** @type {Bot} */
    const bot = Object.assign(this.#addUser({ ...rest, presence: 'away' }), {
      isBot: true,
      botId: this.#nextId('B'),
      token: chosen,
    });
    this.#bots.set(bot.token, bot);
    for (const channel of this.#openToAll) channel.members.add(bot.id);
    for (const user of this.users) if (!user.isBot) this.im(user, bot);
    return bot;
  }

  /**
   * @param {UserRef} ref
   * @returns {User | undefined}
   */
  findUser(ref) {
    if (typeof ref !== 'string') return this.#users.get(ref.id);
    const name = ref.replace(/^@/, '');
    return this.#users.get(ref) ?? this.users.find((user) => user.name === name);
  }

  /**
   * @param {UserRef} ref
   * @returns {User}
   */
  user(ref) {
    const user = this.findUser(ref);
    if (user) return user;
    throw new Error(`no user ${show(ref)}; there are ${this.users.map((known) => `@${known.name}`).join(', ')}`);
  }

  /**
   * @param {ChannelRef} ref
   * @returns {Channel | undefined}
   */
  findChannel(ref) {
    if (typeof ref !== 'string') return this.#channels.get(ref.id);
    const name = ref.replace(/^#/, '');
    return this.#channels.get(ref) ?? this.channels.find((channel) => !channel.isIm && channel.name === name);
  }

  /**
   * @param {ChannelRef} ref
   * @returns {Channel}
   */
  channel(ref) {
    const channel = this.findChannel(ref);
    if (channel) return channel;
    const known = this.channels.filter((one) => !one.isIm).map((one) => `#${one.name}`);
    throw new Error(`no channel ${show(ref)}; there are ${known.join(', ')}`);
  }

  /**
   * The direct messages of two users, made on first use.
   *
   * @param {User} one
   * @param {User} other
   * @returns {Channel}
   */
  im(one, other) {
    if (one.id === other.id) throw new Error(`@${one.name} cannot have direct messages with itself`);
    for (const channel of this.#channels.values()) {
      if (channel.isIm && channel.members.has(one.id) && channel.members.has(other.id)) return channel;
    }
    return this.#keepChannel({
      id: this.#nextId('D'),
      name: '',
      isPrivate: true,
      isIm: true,
      members: new Set([one.id, other.id]),
      topic: '',
      purpose: '',
      created: seconds(),
    });
  }

  /** @param {Channel} channel */
  history(channel) {
    return [...(this.#history.get(channel.id) ?? [])];
  }

  /**
   * Posts a message; whether the user may is the caller's business.
   *
   * @param {User} user
   * @param {Channel} channel
   * @param {string} text
   * @param {Origin} origin
   * @param {Record<string, unknown>} [extra]
   * @returns {Message}
   */
  post(user, channel, text, origin, extra = {}) {
    const ts = this.nextTs();
    /** @type {Message} */
    const message = {
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
    this.#history.get(channel.id)?.push(message);
    this.#events.emit('message', message, origin);
    return message;
  }

  /**
   * @param {User} user
   * @param {Channel} channel
   * @param {Origin} origin
   */
  type(user, channel, origin) {
    this.#events.emit('typing', { channel: channel.id, user: user.id }, origin);
  }

  /**
   * @param {User[]} users
   * @param {Presence} presence
   */
  setPresence(users, presence) {
    if (presence !== 'active' && presence !== 'away') {
      throw new TypeError(`presence must be 'active' or 'away', not ${show(presence)}`);
    }
    const changed = users.filter((user) => user.presence !== presence);
    for (const user of changed) user.presence = presence;
    if (changed.length > 0) this.#events.emit('presence', changed, presence);
  }

  /** A timestamp of Slack's form: unique in the workspace and rising, also as text. */
  nextTs() {
    this.#lastTs = Math.max(this.#lastTs + 1, Date.now() * 1000);
    const digits = String(this.#lastTs);
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  /**
   * @param {string | import('../index').UserSeed} seed
   * @returns {User}
   */
  #addUser(seed) {
    const { name: given, id, realName, presence = 'active' } = typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '@');
    if (this.findUser(name)) throw new Error(`there is a user @${name} already`);
    /** @type {User} */
    const user = { id: id ?? this.#nextId('U'), name, realName: realName ?? capitalised(name), isBot: false, presence };
    if (this.#users.has(user.id)) throw new Error(`there is a user ${user.id} already`);
    this.#users.set(user.id, user);
    return user;
  }

  /** @param {string | import('../index').ChannelSeed} seed */
  #addChannel(seed) {
    const { name: given, id, isPrivate = false, members, topic = '', purpose = '' } =
      typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '#');
    if (this.findChannel(name)) throw new Error(`there is a channel #${name} already`);
    const joined = members ? members.map((member) => this.user(member)) : this.users;
    const channel = this.#keepChannel({
      id: id ?? this.#nextId(isPrivate ? 'G' : 'C'),
      name,
      isPrivate,
      isIm: false,
      members: new Set(joined.map((user) => user.id)),
      topic,
      purpose,
      created: seconds(),
    });
    if (!members) this.#openToAll.add(channel);
  }

  /** @param {Channel} channel */
  #keepChannel(channel) {
    if (this.#channels.has(channel.id)) throw new Error(`there is a channel ${channel.id} already`);
    this.#channels.set(channel.id, channel);
    this.#history.set(channel.id, []);
    return channel;
  }

  /** @param {string} prefix the letter that tells what it is the id of */
  #nextId(prefix) {
    this.#ids += 1;
    return prefix + this.#ids.toString(36).toUpperCase().padStart(10, '0');
  }
}

/**
 * @param {User} user
 * @returns {user is Bot}
 */
function isBot(user) {
  return user.isBot;
}

/**
 * @param {unknown} name
 * @param {string} sign that it may begin with
 * @returns {string}
 */
function checkName(name, sign) {
  const bare = typeof name === 'string' && name.startsWith(sign) ? name.slice(1) : name;
  if (typeof bare === 'string' && bare !== '') return bare;
  throw new TypeError(`a name must be a string that is not empty, not ${show(name)}`);
}

/** @param {string} name */
function capitalised(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** @param {unknown} ref */
function show(ref) {
  return JSON.stringify(typeof ref === 'object' && ref !== null && 'id' in ref ? ref.id : ref);
}

/** The time in whole seconds since the epoch. */
function seconds() {
  return Math.floor(Date.now() / 1000);
}

module.exports = { State, isBot, seconds };
