// Owns what users do beside writing: conversations, profiles, presence, typing; and how a workspace begins. What there
// is, is in directory.js, the messages in timeline.js. Knows no socket and no HTTP.
'use strict';

const { checkName, isBot, seconds, show } = require('./directory');
const { SlackError } = require('./errors');
const { botShape, createdShape, joinedShape, userShape } = require('./shapes');
const { Timeline } = require('./timeline');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Presence} Presence
 * @typedef {import('../index').Profile} Profile
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').Origin} Origin
 */

const MAX_NAME_LENGTH = 80;
/** How many others a group conversation can have. */
const MAX_OTHERS = 8;
const PROFILE_FIELDS = /** @type {const} */ (['realName', 'displayName', 'statusText', 'statusEmoji', 'title']);

class State extends Timeline {
  /** @type {Set<string>} ids of bots that have a connection */
  #connected = new Set();
  /** @type {Set<string>} ids of users who said that they are away */
  #saidAway = new Set();
  #begun = false;

  /**
   * @param {import('../index').StartOptions & { store?: import('./directory').Store }} seed used where the store is
   *   empty, or where there is none
   * @param {import('node:events').EventEmitter} events
   */
  constructor(seed, events) {
    const { bots = ['robot'], users = ['ann', 'bob', 'carol'], channels = ['general', 'random'] } = seed;
    super(seed.team, events, seed.store);
    if (bots.length === 0) throw new RangeError('bots must name at least one bot');
    const messages = this.load();
    if (messages) {
      this.loadMessages(messages);
    } else {
      this.keepTeam();
      for (const user of users) this.#addUser(user);
      for (const bot of bots) this.addBot(bot);
      for (const channel of channels) this.#addChannel(channel);
      this.keepBeginning();
    }
    this.#begun = true;
  }

  /**
   * @param {string | import('../index').BotSeed} seed
   * @returns {Bot}
   */
  addBot(seed) {
    const bot = this.makeBot(seed);
    this.keepUser(bot);
    if (this.#begun) this.#tellNewcomer(bot);
    for (const channel of this.openChannels) {
      this.setMember(channel, bot, true);
      if (this.#begun) this.#tellMember('member_joined_channel', channel, bot, {}, { via: 'test' });
    }
    for (const user of this.users) if (!user.isBot) this.im(user, bot);
    return bot;
  }

  /**
   * The direct messages of two users, made on first use.
   *
   * @param {User} one
   * @param {User} other
   * @param {Origin} [origin]
   * @returns {Channel}
   */
  im(one, other, origin = { via: 'test' }) {
    if (one.id === other.id) {
      throw new SlackError('user_not_found', `@${one.name} cannot have direct messages with itself`);
    }
    const present = this.findConversation([one, other]);
    if (present) return present;
    const channel = this.#makeChannel({ name: '', isIm: true, isPrivate: true, creator: one.id }, [one, other]);
    for (const [viewer, user] of [
      [one, other],
      [other, one],
    ]) {
      const event = { type: 'im_created', user: user.id, channel: joinedShape(channel, viewer, this) };
      this.tell({ ...event, event_ts: this.nextTs() }, { user: viewer.id }, origin);
    }
    return channel;
  }

  /**
   * Opens the direct messages with one user, or a group conversation with several.
   *
   * @param {UserRef} userRef
   * @param {UserRef | UserRef[]} others
   * @param {Origin} origin
   * @returns {Channel}
   */
  open(userRef, others, origin) {
    const user = this.user(userRef);
    const named = [others].flat().map((ref) => this.user(ref));
    const rest = [...new Set(named)].filter((other) => other !== user);
    if (named.length === 0) throw new SlackError('users_list_not_supplied');
    if (rest.length > MAX_OTHERS) throw new SlackError('too_many_users');
    if (rest.length <= 1) {
      const channel = this.im(user, rest[0] ?? user, origin);
      const event = { type: 'im_open', user: rest[0].id, channel: channel.id, event_ts: this.nextTs() };
      this.tell(event, { user: user.id }, origin);
      return channel;
    }
    return this.findConversation([user, ...rest]) ?? this.#openGroup(user, rest, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {string} name
   * @param {{ isPrivate?: boolean }} options
   * @param {Origin} origin
   * @returns {Channel}
   */
  create(userRef, name, { isPrivate = false }, origin) {
    const user = this.user(userRef);
    checkChannelName(name);
    if (this.findChannel(name)) throw new SlackError('name_taken', `there is a channel #${name} already`);
    const channel = this.#makeChannel({ name, isPrivate, creator: user.id }, []);
    if (!isPrivate) {
      const event = { type: 'channel_created', channel: createdShape(channel), event_ts: this.nextTs() };
      this.tell(event, {}, origin);
    }
    this.#admit(user, channel, undefined, origin);
    return channel;
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   * @returns {boolean} false where the user is a member already
   */
  join(userRef, channelRef, origin) {
    const user = this.user(userRef);
    const channel = this.channel(channelRef);
    if (channel.isIm || channel.isMpim) throw new SlackError('method_not_supported_for_channel_type');
    if (channel.members.has(user.id)) return false;
    if (channel.isPrivate) throw new SlackError('channel_not_found');
    this.#admit(user, channel, undefined, origin);
    return true;
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {UserRef | UserRef[]} invitedRefs
   * @param {Origin} origin
   */
  invite(userRef, channelRef, invitedRefs, origin) {
    const { user, channel } = this.member(userRef, channelRef);
    if (channel.isIm || channel.isMpim) throw new SlackError('method_not_supported_for_channel_type');
    const invited = [invitedRefs].flat().map((ref) => this.user(ref));
    if (invited.includes(user)) throw new SlackError('cant_invite_self');
    if (invited.some(({ id }) => channel.members.has(id))) throw new SlackError('already_in_channel');
    for (const one of new Set(invited)) this.#admit(one, channel, user, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   * @returns {boolean} false where the user is no member
   */
  leave(userRef, channelRef, { via }) {
    const user = this.user(userRef);
    const channel = this.channel(channelRef);
    if (channel.isIm || channel.isMpim) throw new SlackError('method_not_supported_for_channel_type');
    if (!channel.members.has(user.id)) {
      if (channel.isPrivate) throw new SlackError('channel_not_found');
      return false;
    }
    if (channel.name === 'general') throw new SlackError('cant_leave_general');
    if (channel.isPrivate && channel.members.size === 1) throw new SlackError('last_member');
    this.setMember(channel, user, false);
    const kind = channel.isPrivate ? 'group' : 'channel';
    this.tell({ type: `${kind}_left`, channel: channel.id, event_ts: this.nextTs() }, { user: user.id }, { via });
    this.#tellMember('member_left_channel', channel, user, {}, { via });
    this.note(user, channel, `${kind}_leave`, `<@${user.id}> has left the ${kind}`, {}, { via });
    return true;
  }

  /**
   * @param {UserRef} userRef
   * @param {Profile} fields
   * @param {Origin} origin
   */
  setProfile(userRef, fields, origin) {
    const user = this.user(userRef);
    /** @type {Partial<User>} */
    const changes = { updated: seconds() };
    for (const key of PROFILE_FIELDS) {
      const value = fields[key];
      if (value === undefined) continue;
      if (typeof value !== 'string') throw new SlackError('invalid_profile', `${key} must be a string`);
      changes[key] = value;
    }
    this.put(user.isBot ? 'bot' : 'user', user.id, { ...user, ...changes });
    Object.assign(user, changes);
    const event = { type: 'user_change', user: userShape(user, this), cache_ts: seconds(), event_ts: this.nextTs() };
    this.tell(event, {}, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   */
  type(userRef, channelRef, origin) {
    const { user, channel } = this.member(userRef, channelRef);
    this.tell({ type: 'user_typing', channel: channel.id, user: user.id }, { channel: channel.id }, origin);
    this.emit('typing', { channel: channel.id, user: user.id }, origin);
  }

  /**
   * @param {UserRef[]} refs
   * @param {Presence} presence
   */
  setPresence(refs, presence) {
    if (presence !== 'active' && presence !== 'away') {
      throw new SlackError('invalid_presence', `presence must be 'active' or 'away', not ${show(presence)}`);
    }
    const named = new Set(refs.map((ref) => this.user(ref)));
    const changed = [...named].filter((user) => user.presence !== presence);
    if (changed.length === 0) return;
    for (const user of changed) {
      if (!user.isBot) this.put('user', user.id, { ...user, presence });
      user.presence = presence;
    }
    const ids = changed.map((user) => user.id);
    const who = ids.length === 1 ? { user: ids[0] } : { users: ids };
    this.tell({ type: 'presence_change', presence, ...who }, {}, { via: 'test' });
    this.emit('presence', changed, presence);
  }

  /**
   * A bot is active while it has a connection and has not said otherwise.
   *
   * @param {Bot} bot
   * @param {boolean} isConnected
   */
  setConnected(bot, isConnected) {
    if (isConnected) this.#connected.add(bot.id);
    else this.#connected.delete(bot.id);
    this.#showPresence(bot);
  }

  /**
   * What the user says of their own presence.
   *
   * @param {User} user
   * @param {'auto' | 'away'} presence
   * @param {Origin} origin
   */
  sayPresence(user, presence, origin) {
    if (presence === 'away') this.#saidAway.add(user.id);
    else this.#saidAway.delete(user.id);
    const said = presence === 'away' ? 'away' : 'active';
    this.tell({ type: 'manual_presence_change', presence: said, event_ts: this.nextTs() }, { user: user.id }, origin);
    this.#showPresence(user);
  }

  /** @param {User} user */
  saidAway(user) {
    return this.#saidAway.has(user.id);
  }

  /** @param {User} user */
  #showPresence(user) {
    const there = (!isBot(user) || this.#connected.has(user.id)) && !this.#saidAway.has(user.id);
    this.setPresence([user], there ? 'active' : 'away');
  }

  /**
   * @param {User} user
   * @param {User[]} others
   * @param {Origin} origin
   */
  #openGroup(user, others, origin) {
    const members = [user, ...others];
    const names = members.map((member) => member.name).sort();
    const name = `mpdm-${names.join('--')}-1`;
    const channel = this.#makeChannel({ name, isPrivate: true, isMpim: true, creator: user.id }, members);
    for (const viewer of members) {
      const event = { type: 'mpim_joined', channel: joinedShape(channel, viewer, this), event_ts: this.nextTs() };
      this.tell(event, { user: viewer.id }, origin);
    }
    return channel;
  }

  /**
   * Makes a user a member, and tells the user, the members and the channel's history.
   *
   * @param {User} user
   * @param {Channel} channel
   * @param {User | undefined} inviter
   * @param {Origin} origin
   */
  #admit(user, channel, inviter, { via }) {
    this.setMember(channel, user, true);
    const kind = channel.isPrivate ? 'group' : 'channel';
    const invited = inviter ? { inviter: inviter.id } : {};
    const joined = { type: `${kind}_joined`, channel: joinedShape(channel, user, this), event_ts: this.nextTs() };
    this.tell(joined, { user: user.id }, { via });
    this.#tellMember('member_joined_channel', channel, user, invited, { via });
    this.note(user, channel, `${kind}_join`, `<@${user.id}> has joined the ${kind}`, invited, { via });
  }

  /**
   * @param {string} type
   * @param {Channel} channel
   * @param {User} user
   * @param {object} extra
   * @param {Origin} origin
   */
  #tellMember(type, channel, user, extra, origin) {
    const ts = this.nextTs();
    const where = { channel: channel.id, channel_type: channel.isPrivate ? 'G' : 'C', team: this.team.id };
    this.tell({ type, user: user.id, ...where, ...extra, event_ts: ts, ts }, { channel: channel.id }, origin);
  }

  /** @param {Bot} bot */
  #tellNewcomer(bot) {
    const stamps = { cache_ts: seconds(), event_ts: this.nextTs() };
    this.tell({ type: 'team_join', user: userShape(bot, this), ...stamps }, {}, { via: 'test' });
    this.tell({ type: 'bot_added', bot: botShape(bot), ...stamps, event_ts: this.nextTs() }, {}, { via: 'test' });
  }

  /** @param {string | import('../index').UserSeed} seed */
  #addUser(seed) {
    this.keepUser(this.makeUser(seed));
  }

  /** @param {string | import('../index').ChannelSeed} seed */
  #addChannel(seed) {
    const {
      name: given,
      id,
      isPrivate = false,
      members,
      topic = '',
      purpose = '',
    } = typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '#');
    if (this.findChannel(name)) throw new Error(`there is a channel #${name} already`);
    if (id !== undefined && this.findChannel({ id })) throw new Error(`there is a channel ${id} already`);
    const joined = members ? members.map((member) => this.user(member)) : this.users;
    const creator = (joined[0] ?? this.users[0]).id;
    this.#makeChannel({ id, name, isPrivate, topic, purpose, creator }, joined, !members);
  }

  /**
   * @param {Partial<Channel> & { name: string, creator: string }} parts
   * @param {User[]} members
   * @param {boolean} [openToAll]
   * @returns {Channel}
   */
  #makeChannel({ id, isPrivate = false, isIm = false, isMpim = false, ...parts }, members, openToAll = false) {
    const channel = {
      id: id ?? this.nextId(isIm ? 'D' : isPrivate ? 'G' : 'C'),
      topic: '',
      purpose: '',
      ...parts,
      isPrivate,
      isIm,
      isMpim,
      members: new Set(members.map((user) => user.id)),
      created: seconds(),
    };
    this.keepChannel(channel, openToAll);
    return channel;
  }
}

/** @param {unknown} name of a channel that a user wants to make */
function checkChannelName(name) {
  if (typeof name !== 'string' || name === '') throw new SlackError('invalid_name_required');
  if (name.length > MAX_NAME_LENGTH) throw new SlackError('invalid_name_maxlength');
  if (/[^\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{N}_-]/u.test(name)) throw new SlackError('invalid_name_specials');
  if (/^[_-]+$/.test(name)) throw new SlackError('invalid_name_punctuation');
}

module.exports = { State, isBot, seconds };
