// The channels of the workspace and their members.
'use strict';

const { SlackError } = require('../slack-error');
const { checkName, formatRef } = require('./names');
const { nowInSeconds } = require('./timestamps');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').ChannelRef} ChannelRef
 */

/**
 * Channels, private channels, direct messages and group conversations: finding, storing and changing them. The rules of
 * joining and leaving, and the events, are in conversations.js.
 */
class Channels {
  #users;
  #store;
  #ids;
  /** @type {Map<string, Channel>} */
  #byId = new Map();
  /** @type {Set<Channel>} the channels that every new bot joins */
  #openToAll = new Set();

  /**
   * @param {object} parts
   * @param {import('./users').Users} parts.users
   * @param {import('../store').EntryStore} parts.store
   * @param {import('./ids').Ids} parts.ids
   */
  constructor({ users, store, ids }) {
    this.#users = users;
    this.#store = store;
    this.#ids = ids;
  }

  /** All, including direct messages. */
  get all() {
    return [...this.#byId.values()];
  }

  /** The channels that every new bot joins. */
  get openToAll() {
    return [...this.#openToAll];
  }

  /** @param {string} id */
  has(id) {
    return this.#byId.has(id);
  }

  /**
   * @param {ChannelRef} ref
   * @returns {Channel | undefined}
   */
  find(ref) {
    if (typeof ref !== 'string') return this.#byId.get(ref?.id);
    const name = ref.replace(/^#/, '');
    return this.#byId.get(ref) ?? this.all.find((channel) => !channel.isIm && channel.name === name);
  }

  /**
   * Throws `channel_not_found` if there is no such channel.
   *
   * @param {ChannelRef} ref
   * @returns {Channel}
   */
  get(ref) {
    const channel = this.find(ref);
    if (channel) return channel;
    const known = this.all.filter((one) => !one.isIm).map((one) => `#${one.name}`);
    throw new SlackError('channel_not_found', `unknown channel ${formatRef(ref)}; known channels: ${known.join(', ')}`);
  }

  /**
   * The direct messages of two users, or the group conversation of several.
   *
   * @param {User[]} users all its members
   * @returns {Channel | undefined}
   */
  findConversation(users) {
    return this.all.find(
      (channel) =>
        (channel.isIm || channel.isMpim) &&
        channel.members.size === users.length &&
        users.every((user) => channel.members.has(user.id)),
    );
  }

  /**
   * A user and a channel that the user is a member of. Throws Slack's error if the user is not a member.
   *
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   */
  membership(userRef, channelRef) {
    const user = this.#users.get(userRef);
    const channel = this.get(channelRef);
    if (channel.members.has(user.id)) return { user, channel };
    if (channel.isPrivate) {
      throw new SlackError('channel_not_found', `@${user.name} cannot see the channel ${formatRef(channel)}`);
    }
    throw new SlackError('not_in_channel', `@${user.name} is not a member of #${channel.name}`);
  }

  /**
   * Adds a channel of the seed. Without `members` in the seed, all users are members, and so are bots added later.
   *
   * @param {string | import('../../index').ChannelSeed} seed
   */
  addSeeded(seed) {
    const {
      name: given,
      id,
      isPrivate = false,
      members,
      topic = '',
      purpose = '',
    } = typeof seed === 'string' ? { name: seed } : seed;
    const name = checkName(given, '#');
    if (this.find(name)) throw new Error(`channel #${name} already exists`);
    if (id !== undefined && this.#byId.has(id)) throw new Error(`channel ${id} already exists`);
    const joined = members ? members.map((member) => this.#users.get(member)) : this.#users.all;
    const creator = (joined[0] ?? this.#users.all[0]).id;
    this.add({ id, name, isPrivate, topic, purpose, creator }, joined, !members);
  }

  /**
   * @param {Partial<Channel> & { name: string, creator: string }} fields
   * @param {User[]} members
   * @param {boolean} [openToAll] whether bots added later join it
   * @returns {Channel}
   */
  add({ id, isPrivate = false, isIm = false, isMpim = false, ...fields }, members, openToAll = false) {
    const channel = {
      id: id ?? this.#ids.next(isIm ? 'D' : isPrivate ? 'G' : 'C'),
      topic: '',
      purpose: '',
      ...fields,
      isPrivate,
      isIm,
      isMpim,
      members: new Set(members.map((user) => user.id)),
      created: nowInSeconds(),
    };
    this.#put(channel, channel.members, openToAll);
    this.#register(channel, openToAll);
    return channel;
  }

  /**
   * Adds or removes a member.
   *
   * @param {Channel} channel
   * @param {User} user
   * @param {boolean} isMember
   */
  setMember(channel, user, isMember) {
    const members = new Set(channel.members);
    if (isMember) members.add(user.id);
    else members.delete(user.id);
    this.#put(channel, members, this.#openToAll.has(channel));
    channel.members = members;
  }

  /**
   * Takes over a stored channel.
   *
   * @param {Omit<Channel, 'members'> & { members: string[], openToAll: boolean }} stored
   */
  restore({ openToAll, ...stored }) {
    this.#register({ ...stored, members: new Set(stored.members) }, openToAll);
  }

  /**
   * @param {Channel} channel
   * @param {Set<string>} members
   * @param {boolean} openToAll
   */
  #put(channel, members, openToAll) {
    this.#store.put('channel', channel.id, { ...channel, members: [...members], openToAll });
  }

  /**
   * @param {Channel} channel
   * @param {boolean} openToAll
   */
  #register(channel, openToAll) {
    this.#byId.set(channel.id, channel);
    if (openToAll) this.#openToAll.add(channel);
  }
}

module.exports = { Channels };
