// Opening, creating, joining and leaving conversations, and the events of each.
'use strict';

const { SlackError } = require('../slack-error');
const { createdShape, joinedShape } = require('./shapes');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').UserRef} UserRef
 * @typedef {import('../../index').ChannelRef} ChannelRef
 * @typedef {import('../../index').Origin} Origin
 */

const MAX_NAME_LENGTH = 80;
/** The most users that a group conversation can have beside the user who opens it. */
const MAX_OTHERS = 8;

class Conversations {
  #team;
  #users;
  #channels;
  #messages;
  #timestamps;
  #bus;

  /**
   * @param {object} parts
   * @param {import('../../index').Team} parts.team
   * @param {import('./users').Users} parts.users
   * @param {import('./channels').Channels} parts.channels
   * @param {import('./messages').Messages} parts.messages
   * @param {import('./timestamps').Timestamps} parts.timestamps
   * @param {import('./event-bus').EventBus} parts.bus
   */
  constructor({ team, users, channels, messages, timestamps, bus }) {
    this.#team = team;
    this.#users = users;
    this.#channels = channels;
    this.#messages = messages;
    this.#timestamps = timestamps;
    this.#bus = bus;
  }

  /**
   * The direct messages of two users. They are created on first use.
   *
   * @param {User} one
   * @param {User} other
   * @param {Origin} [origin]
   * @returns {Channel}
   */
  directMessages(one, other, origin = { via: 'test' }) {
    if (one.id === other.id) {
      throw new SlackError('user_not_found', `@${one.name} cannot have direct messages with itself`);
    }
    const present = this.#channels.findConversation([one, other]);
    if (present) return present;
    const channel = this.#channels.add({ name: '', isIm: true, isPrivate: true, creator: one.id }, [one, other]);
    for (const [viewer, user] of [
      [one, other],
      [other, one],
    ]) {
      const event = { type: 'im_created', user: user.id, channel: joinedShape(channel, viewer) };
      this.#bus.publish({ ...event, event_ts: this.#timestamps.next() }, { user: viewer.id }, origin);
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
    const user = this.#users.get(userRef);
    const named = [others].flat().map((ref) => this.#users.get(ref));
    const rest = [...new Set(named)].filter((other) => other !== user);
    if (named.length === 0) throw new SlackError('users_list_not_supplied');
    if (rest.length > MAX_OTHERS) throw new SlackError('too_many_users');
    if (rest.length <= 1) {
      const channel = this.directMessages(user, rest[0] ?? user, origin);
      const event = { type: 'im_open', user: rest[0].id, channel: channel.id, event_ts: this.#timestamps.next() };
      this.#bus.publish(event, { user: user.id }, origin);
      return channel;
    }
    return this.#channels.findConversation([user, ...rest]) ?? this.#createGroup(user, rest, origin);
  }

  /**
   * Creates a channel and joins it.
   *
   * @param {UserRef} userRef
   * @param {string} name
   * @param {{ isPrivate?: boolean }} options
   * @param {Origin} origin
   * @returns {Channel}
   */
  create(userRef, name, { isPrivate = false }, origin) {
    const user = this.#users.get(userRef);
    checkChannelName(name);
    if (this.#channels.find(name)) throw new SlackError('name_taken', `channel #${name} already exists`);
    const channel = this.#channels.add({ name, isPrivate, creator: user.id }, []);
    if (!isPrivate) {
      const event = { type: 'channel_created', channel: createdShape(channel), event_ts: this.#timestamps.next() };
      this.#bus.publish(event, {}, origin);
    }
    this.#admit(user, channel, undefined, origin);
    return channel;
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   * @returns {boolean} false if the user is a member already
   */
  join(userRef, channelRef, origin) {
    const user = this.#users.get(userRef);
    const channel = this.#channels.get(channelRef);
    checkHasMembership(channel);
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
    const { user, channel } = this.#channels.membership(userRef, channelRef);
    checkHasMembership(channel);
    const invited = [invitedRefs].flat().map((ref) => this.#users.get(ref));
    if (invited.includes(user)) throw new SlackError('cant_invite_self');
    if (invited.some(({ id }) => channel.members.has(id))) throw new SlackError('already_in_channel');
    for (const one of new Set(invited)) this.#admit(one, channel, user, origin);
  }

  /**
   * @param {UserRef} userRef
   * @param {ChannelRef} channelRef
   * @param {Origin} origin
   * @returns {boolean} false if the user is not a member
   */
  leave(userRef, channelRef, { via }) {
    const user = this.#users.get(userRef);
    const channel = this.#channels.get(channelRef);
    checkHasMembership(channel);
    if (!channel.members.has(user.id)) {
      if (channel.isPrivate) throw new SlackError('channel_not_found');
      return false;
    }
    if (channel.name === 'general') throw new SlackError('cant_leave_general');
    if (channel.isPrivate && channel.members.size === 1) throw new SlackError('last_member');
    this.#channels.setMember(channel, user, false);
    const kind = channel.isPrivate ? 'group' : 'channel';
    const event = { type: `${kind}_left`, channel: channel.id, event_ts: this.#timestamps.next() };
    this.#bus.publish(event, { user: user.id }, { via });
    this.#publishMember('member_left_channel', channel, user, {}, { via });
    this.#messages.postNotice(user, channel, `${kind}_leave`, `<@${user.id}> has left the ${kind}`, {}, { via });
    return true;
  }

  /**
   * Makes a new bot a member of the channels that are open to all, and creates its direct messages with every person.
   *
   * @param {Bot} bot
   */
  welcome(bot) {
    for (const channel of this.#channels.openToAll) {
      this.#channels.setMember(channel, bot, true);
      this.#publishMember('member_joined_channel', channel, bot, {}, { via: 'test' });
    }
    for (const person of this.#users.people) this.directMessages(person, bot);
  }

  /**
   * @param {User} user
   * @param {User[]} others
   * @param {Origin} origin
   */
  #createGroup(user, others, origin) {
    const members = [user, ...others];
    const names = members.map((member) => member.name).sort();
    const name = `mpdm-${names.join('--')}-1`;
    const channel = this.#channels.add({ name, isPrivate: true, isMpim: true, creator: user.id }, members);
    for (const viewer of members) {
      const event = { type: 'mpim_joined', channel: joinedShape(channel, viewer), event_ts: this.#timestamps.next() };
      this.#bus.publish(event, { user: viewer.id }, origin);
    }
    return channel;
  }

  /**
   * Makes a user a member: the user gets `channel_joined`, the members `member_joined_channel`, the channel a notice.
   *
   * @param {User} user
   * @param {Channel} channel
   * @param {User | undefined} inviter
   * @param {Origin} origin
   */
  #admit(user, channel, inviter, { via }) {
    this.#channels.setMember(channel, user, true);
    const kind = channel.isPrivate ? 'group' : 'channel';
    const invited = inviter ? { inviter: inviter.id } : {};
    const event = {
      type: `${kind}_joined`,
      channel: joinedShape(channel, user),
      event_ts: this.#timestamps.next(),
    };
    this.#bus.publish(event, { user: user.id }, { via });
    this.#publishMember('member_joined_channel', channel, user, invited, { via });
    this.#messages.postNotice(user, channel, `${kind}_join`, `<@${user.id}> has joined the ${kind}`, invited, { via });
  }

  /**
   * @param {'member_joined_channel' | 'member_left_channel'} type
   * @param {Channel} channel
   * @param {User} user
   * @param {object} extra
   * @param {Origin} origin
   */
  #publishMember(type, channel, user, extra, origin) {
    const ts = this.#timestamps.next();
    const where = { channel: channel.id, channel_type: channel.isPrivate ? 'G' : 'C', team: this.#team.id };
    this.#bus.publish({ type, user: user.id, ...where, ...extra, event_ts: ts, ts }, { channel: channel.id }, origin);
  }
}

/**
 * Direct messages and group conversations cannot be joined or left.
 *
 * @param {Channel} channel
 */
function checkHasMembership(channel) {
  if (channel.isIm || channel.isMpim) throw new SlackError('method_not_supported_for_channel_type');
}

/** @param {unknown} name of a channel that a user wants to create */
function checkChannelName(name) {
  if (typeof name !== 'string' || name === '') throw new SlackError('invalid_name_required');
  if (name.length > MAX_NAME_LENGTH) throw new SlackError('invalid_name_maxlength');
  if (/[^\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{N}_-]/u.test(name)) throw new SlackError('invalid_name_specials');
  if (/^[_-]+$/.test(name)) throw new SlackError('invalid_name_punctuation');
}

module.exports = { Conversations };
