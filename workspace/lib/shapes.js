// Owns how users, channels and the whole workspace look in Slack's answers. Pure functions: changes nothing.
'use strict';

const { isBot, seconds } = require('./state');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('./state').State} State
 */

/**
 * @param {User} user
 * @param {State} state
 */
function userShape(user, state) {
  const profile = {
    title: '',
    phone: '',
    real_name: user.realName,
    real_name_normalized: user.realName,
    display_name: user.name,
    display_name_normalized: user.name,
    status_text: '',
    status_emoji: '',
    status_expiration: 0,
    avatar_hash: 'g0123456789a',
    first_name: user.realName,
    last_name: '',
    team: state.team.id,
  };
  return {
    id: user.id,
    team_id: state.team.id,
    name: user.name,
    deleted: false,
    color: '9f69e7',
    real_name: user.realName,
    tz: 'Etc/UTC',
    tz_label: 'Coordinated Universal Time',
    tz_offset: 0,
    profile: isBot(user) ? { ...profile, bot_id: user.botId, api_app_id: '', always_active: false } : profile,
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_bot: user.isBot,
    is_app_user: false,
    updated: 0,
  };
}

/**
 * @param {Bot} bot
 * @param {State} state
 */
function botProfileShape(bot, state) {
  return { id: bot.botId, deleted: false, name: bot.name, updated: 0, app_id: '', icons: {}, team_id: state.team.id };
}

/**
 * A conversation as a bot sees it.
 *
 * @param {Channel} channel
 * @param {User} viewer
 * @param {State} state
 */
function channelShape(channel, viewer, state) {
  if (channel.isIm) {
    const [other = viewer.id] = [...channel.members].filter((id) => id !== viewer.id);
    return {
      id: channel.id,
      created: channel.created,
      is_archived: false,
      is_im: true,
      is_org_shared: false,
      user: other,
      is_user_deleted: false,
      is_open: true,
      priority: 0,
    };
  }
  return {
    id: channel.id,
    name: channel.name,
    is_channel: !channel.isPrivate,
    is_group: channel.isPrivate,
    is_im: false,
    created: channel.created,
    creator: state.users[0].id,
    is_archived: false,
    is_general: channel.name === 'general',
    unlinked: 0,
    name_normalized: channel.name,
    is_shared: false,
    is_ext_shared: false,
    is_org_shared: false,
    pending_shared: [],
    is_pending_ext_shared: false,
    is_member: channel.members.has(viewer.id),
    is_private: channel.isPrivate,
    is_mpim: false,
    topic: { value: channel.topic, creator: '', last_set: 0 },
    purpose: { value: channel.purpose, creator: '', last_set: 0 },
    previous_names: [],
    num_members: channel.members.size,
  };
}

/**
 * What rtm.start adds to the answer of rtm.connect: the workspace as the bot sees it.
 *
 * @param {Bot} bot
 * @param {State} state
 */
function snapshotShape(bot, state) {
  const seen = state.channels.filter((channel) => !channel.isPrivate || channel.members.has(bot.id));
  const shape = (/** @type {Channel} */ channel) => {
    const latest = state.history(channel).at(-1);
    return {
      ...channelShape(channel, bot, state),
      ...(channel.isIm ? {} : { members: [...channel.members] }),
      last_read: '0000000000.000000',
      ...(latest ? { latest } : {}),
      unread_count: 0,
      unread_count_display: 0,
      has_pins: false,
      is_open: true,
    };
  };
  return {
    self: { id: bot.id, name: bot.name, prefs: {}, created: 0, manual_presence: 'active' },
    team: {
      id: state.team.id,
      name: state.team.name,
      email_domain: '',
      domain: state.team.domain,
      msg_edit_window_mins: -1,
      prefs: { default_channels: state.channels.filter((one) => one.name === 'general').map((one) => one.id) },
      icon: { image_default: true },
      over_storage_limit: false,
      plan: '',
    },
    latest_event_ts: state.nextTs(),
    channels: seen.filter((channel) => !channel.isPrivate).map(shape),
    groups: seen.filter((channel) => channel.isPrivate && !channel.isIm).map(shape),
    ims: seen.filter((channel) => channel.isIm).map(shape),
    mpims: [],
    cache_ts: seconds(),
    read_only_channels: [],
    can_manage_shared_channels: false,
    subteams: { all: [], self: [] },
    dnd: { dnd_enabled: false, next_dnd_start_ts: 1, next_dnd_end_ts: 1, snooze_enabled: false },
    users: state.users.map((user) => userShape(user, state)),
    cache_version: 'v16-giraffe',
    cache_ts_version: 'v2-bunny',
    bots: state.bots.map((one) => botProfileShape(one, state)),
  };
}

module.exports = { userShape, botProfileShape, channelShape, snapshotShape };
