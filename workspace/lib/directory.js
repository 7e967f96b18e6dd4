// Owns who and what there is: the team, users, bots, channels, their ids, and their place in the store. Knows no
// message, no socket and no HTTP.
'use strict';

const { randomBytes } = require('node:crypto');
const { SlackError } = require('./errors');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Audience} Audience
 * @typedef {import('../index').Origin} Origin
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {{ kind: string, id: string, value: any }} Entry what a store keeps
 *
 * @typedef {object} Store keeps entries beyond the process; what was put is safe when `put` returns
 * @property {() => Iterable<Entry>} load
 * @property {(kind: string, id: string, value: object) => void} put
 * @property {(kind: string, id: string) => void} delete
 */

/** The store's mark that the seed is in it as a whole. */
const BEGUN = 'begun';

class Directory {
  /** @type {import('../index').Team} */
  team;
  #events;
  #store;
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

  /**
   * @param {import('../index').StartOptions['team']} team
   * @param {import('node:events').EventEmitter} events
   * @param {Store} [store]
   */
  constructor(team, events, store) {
    this.#events = events;
    this.#store = store;
    this.team = {
      id: team?.id ?? 'T0000000001',
      name: team?.name ?? 'Local Workspace',
      domain: team?.domain ?? 'local-workspace',
    };
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
   * @param {UserRef} ref
   * @returns {User | undefined}
   */
  findUser(ref) {
    if (typeof ref !== 'string') return this.#users.get(ref?.id);
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
    const known = this.users.map((one) => `@${one.name}`).join(', ');
    throw new SlackError('user_not_found', `no user ${show(ref)}; there are ${known}`);
  }

  /**
   * @param {ChannelRef} ref
   * @returns {Channel | undefined}
   */
  findChannel(ref) {
    if (typeof ref !== 'string') return this.#channels.get(ref?.id);
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
    throw new SlackError('channel_not_found', `no channel ${show(ref)}; there are ${known.join(', ')}`);
  }

  /**
   * The direct messages of two users, or the group conversation of several.
   *
   * @param {User[]} users all of them
   * @returns {Channel | undefined}
   */
  findConversation(users) {
    return this.channels.find(
      (channel) =>
        (channel.isIm || channel.isMpim) &&
        channel.members.size === users.length &&
        users.every((user) => channel.members.has(user.id)),
    );
  }

  /** A timestamp of Slack's form: unique in the workspace and rising, also as text. */
  nextTs() {
    this.#lastTs = Math.max(this.#lastTs + 1, Date.now() * 1000);
    const digits = String(this.#lastTs);
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  /**
   * Says what happened: an event as RTM tells it, and to whom it matters.
   *
   * @protected
   * @param {Record<string, unknown>} event
   * @param {Audience} audience
   * @param {Origin} origin
   */
  tell(event, audience, origin) {
    this.#events.emit('event', event, audience, origin);
  }

  /**
   * @protected
   * @param {string} name of an event of `slack.events`
   * @param {unknown[]} details
   */
  emit(name, ...details) {
    this.#events.emit(name, ...details);
  }

  /**
   * @protected
   * @param {string} kind
   * @param {string} id
   * @param {object} value
   */
  put(kind, id, value) {
    this.#store?.put(kind, id, value);
  }

  /**
   * @protected
   * @param {string} kind
   * @param {string} id
   */
  forget(kind, id) {
    this.#store?.delete(kind, id);
  }

  /**
   * Takes over what the store has. A beginning that was interrupted is taken back.
   *
   * @protected
   * @returns {Entry[] | undefined} what is not kept here: the messages; undefined where there is nothing to take over
   */
  load() {
    const entries = [...(this.#store?.load() ?? [])];
    if (!entries.some(({ kind, id }) => kind === 'meta' && id === BEGUN)) {
      for (const { kind, id } of entries) this.forget(kind, id);
      return undefined;
    }
    for (const { kind, id, value } of entries) {
      if (kind === 'team') this.team = value;
      else if (kind === 'user') this.#users.set(id, value);
      else if (kind === 'meta' && id === 'counters') this.#ids = Math.max(this.#ids, value.ids);
    }
    for (const { kind, id, value } of entries) {
      if (kind === 'bot') {
        /** @type {Bot} */
        const bot = { ...value, presence: 'away' };
        this.#users.set(id, bot);
        this.#bots.set(bot.token, bot);
      } else if (kind === 'channel') {
        const { openToAll, ...rest } = value;
        const channel = { ...rest, members: new Set(rest.members) };
        this.#channels.set(id, channel);
        if (openToAll) this.#openToAll.add(channel);
      }
    }
    return entries.filter(({ kind }) => kind === 'message');
  }

  /** @protected */
  keepTeam() {
    this.put('team', this.team.id, this.team);
  }

  /** @protected From here on the store has all that a later process needs. */
  keepBeginning() {
    this.put('meta', BEGUN, { at: seconds() });
  }

  /**
   * @protected
   * @param {string | import('../index').UserSeed} seed
   * @returns {User}
   */
  makeUser(seed) {
    const { name: given, id, realName, presence = 'active' } = typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '@');
    if (this.findUser(name)) throw new Error(`there is a user @${name} already`);
    if (id !== undefined && this.#users.has(id)) throw new Error(`there is a user ${id} already`);
    return {
      id: id ?? this.nextId('U'),
      name,
      realName: realName ?? capitalised(name),
      displayName: name,
      statusText: '',
      statusEmoji: '',
      isBot: false,
      presence,
    };
  }

  /**
   * @protected
   * @param {string | import('../index').BotSeed} seed
   * @returns {Bot}
   */
  makeBot(seed) {
    const { token, ...rest } = typeof seed === 'string' ? { name: seed, token: undefined } : seed;
    const chosen = token ?? `xoxb-${Date.now()}-${randomBytes(12).toString('hex')}`;
    if (this.#bots.has(chosen)) throw new Error('two bots cannot have one token');
    const user = this.makeUser({ ...rest, presence: 'away' });
    return { ...user, isBot: true, botId: this.nextId('B'), token: chosen };
  }

  /**
   * @protected
   * @param {User} user
   */
  keepUser(user) {
    this.put(user.isBot ? 'bot' : 'user', user.id, user);
    this.#users.set(user.id, user);
    if (isBot(user)) this.#bots.set(user.token, user);
  }

  /**
   * @protected
   * @param {Channel} channel
   * @param {boolean} [openToAll]
   */
  keepChannel(channel, openToAll = this.#openToAll.has(channel)) {
    this.put('channel', channel.id, { ...channel, members: [...channel.members], openToAll });
    this.#channels.set(channel.id, channel);
    if (openToAll) this.#openToAll.add(channel);
  }

  /**
   * Adds or takes away a member.
   *
   * @protected
   * @param {Channel} channel
   * @param {User} user
   * @param {boolean} isMember
   */
  setMember(channel, user, isMember) {
    const members = new Set(channel.members);
    if (isMember) members.add(user.id);
    else members.delete(user.id);
    const openToAll = this.#openToAll.has(channel);
    this.put('channel', channel.id, { ...channel, members: [...members], openToAll });
    channel.members = members;
  }

  /** @protected The channels that every newcomer joins. */
  get openChannels() {
    return [...this.#openToAll];
  }

  /**
   * @protected
   * @param {string} prefix the letter that tells what it is the id of
   */
  nextId(prefix) {
    let id;
    do {
      this.#ids += 1;
      id = prefix + (this.#ids + 1).toString(36).toUpperCase().padStart(10, '0');
    } while (this.#users.has(id) || this.#channels.has(id));
    this.put('meta', 'counters', { ids: this.#ids });
    return id;
  }

  /**
   * No later timestamp is below this one.
   *
   * @protected
   * @param {string} ts
   */
  passTs(ts) {
    this.#lastTs = Math.max(this.#lastTs, Number(ts.replace('.', '')) || 0);
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

module.exports = { Directory, isBot, checkName, show, seconds };
