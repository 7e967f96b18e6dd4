// Users, channels, messages and the whole workspace as Slack's responses and events show them. Pure functions.
'use strict';

const { isBot } = require('./names');
const { nowInSeconds } = require('./timestamps');

/**
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Message} Message
 * @typedef {import('../../index').Team} Team
 * @typedef {import('./state').State} State
 */

const IMAGES = Object.fromEntries(
  [24, 32, 48, 72, 192, 512].map((size) => [
    `image_${size}`,
    `https://a.slack-edge.com/80588/img/avatars/ava_0001-${size}.png`,
  ]),
);
/** The `last_read` of a channel that was never read. */
const NO_TS = '0000000000.000000';

/**
 * @param {User} user
 * @param {Team} team
 */
function userShape(user, team) {
  const profile = {
    title: user.title ?? '',
    phone: '',
    real_name: user.realName,
    real_name_normalized: user.realName,
    display_name: user.displayName,
    display_name_normalized: user.displayName,
    status_text: user.statusText,
    status_emoji: user.statusEmoji,
    status_expiration: 0,
    avatar_hash: 'g0123456789a',
    ...IMAGES,
    first_name: user.realName,
    last_name: '',
    team: team.id,
  };
  return {
    id: user.id,
    team_id: team.id,
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
    updated: user.updated ?? 0,
  };
}

/**
 * A bot as a message's `bot_profile` shows it.
 *
 * @param {Bot} bot
 * @param {Team} team
 */
function botProfileShape(bot, team) {
  return { id: bot.botId, deleted: false, name: bot.name, updated: 0, app_id: '', icons: {}, team_id: team.id };
}

/**
 * A bot as bots.info and `bot_added` show it.
 *
 * @param {Bot} bot
 */
function botShape(bot) {
  return { id: bot.botId, deleted: false, name: bot.name, updated: 0, app_id: '', user_id: bot.id, icons: {} };
}

/**
 * A message inside another event or in a list: without the fields that say where it was sent.
 *
 * @param {Message} message
 */
function innerShape(message) {
  const { channel, event_ts, suppress_notification, source_team, user_team, ...rest } = message;
  return rest;
}

/**
 * A channel as `channel_created` shows it.
 *
 * @param {Channel} channel
 */
function createdShape(channel) {
  return {
    id: channel.id,
    is_channel: true,
    name: channel.name,
    name_normalized: channel.name,
    created: channel.created,
    creator: channel.creator,
    is_shared: false,
    is_org_shared: false,
  };
}

/**
 * A conversation as the events for a new member show it, for example `channel_joined`.
 *
 * @param {Channel} channel
 * @param {User} viewer the new member
 */
function joinedShape(channel, viewer) {
  return {
    ...channelShape(channel, viewer),
    last_read: NO_TS,
    latest: null,
    unread_count: 0,
    unread_count_display: 0,
    ...(channel.isIm ? {} : { members: [...channel.members] }),
    ...(channel.isIm || channel.isMpim ? { is_open: false } : {}),
  };
}

/** @param {Team} team */
function teamShape(team) {
  return {
    id: team.id,
    name: team.name,
    url: `https://${team.domain}.slack.com/`,
    domain: team.domain,
    email_domain: '',
    icon: { image_default: true },
    avatar_base_url: 'https://ca.slack-edge.com/',
    is_verified: false,
  };
}

/**
 * A conversation as a user sees it.
 *
 * @param {Channel} channel
 * @param {User} viewer
 */
function channelShape(channel, viewer) {
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
    creator: channel.creator,
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
    is_mpim: channel.isMpim,
    topic: { value: channel.topic, creator: '', last_set: 0 },
    purpose: { value: channel.purpose, creator: '', last_set: 0 },
    previous_names: [],
  };
}

/**
 * The fields of rtm.start's response that rtm.connect's has not: the workspace as the bot sees it.
 *
 * @param {Bot} bot
 * @param {State} state
 */
function rtmStartShape(bot, state) {
  const { team } = state;
  const visible = state.channels.all.filter((channel) => !channel.isPrivate || channel.members.has(bot.id));
  const shape = (/** @type {Channel} */ channel) => {
    const latest = channel.members.has(bot.id) ? state.history.of(channel).at(-1) : undefined;
    return {
      ...channelShape(channel, bot),
      ...(channel.isIm ? {} : { members: [...channel.members], num_members: channel.members.size }),
      last_read: NO_TS,
      latest: latest ? innerShape(latest) : null,
      unread_count: 0,
      unread_count_display: 0,
      has_pins: false,
      is_open: true,
    };
  };
  const presence = state.presence.isManuallyAway(bot) ? 'away' : 'active';
  return {
    self: { id: bot.id, name: bot.name, prefs: {}, created: 0, manual_presence: presence },
    team: {
      id: team.id,
      name: team.name,
      email_domain: '',
      domain: team.domain,
      msg_edit_window_mins: -1,
      prefs: { default_channels: state.channels.all.filter((one) => one.name === 'general').map((one) => one.id) },
      icon: { image_default: true },
      over_storage_limit: false,
      plan: '',
    },
    latest_event_ts: state.timestamps.next(),
    channels: visible.filter((channel) => !channel.isPrivate).map(shape),
    groups: visible.filter((channel) => channel.isPrivate && !channel.isIm && !channel.isMpim).map(shape),
    ims: visible.filter((channel) => channel.isIm).map(shape),
    mpims: visible.filter((channel) => channel.isMpim).map(shape),
    cache_ts: nowInSeconds(),
    read_only_channels: [],
    can_manage_shared_channels: false,
    subteams: { all: [], self: [] },
    dnd: { dnd_enabled: false, next_dnd_start_ts: 1, next_dnd_end_ts: 1, snooze_enabled: false },
    users: state.users.all.map((user) => ({ ...userShape(user, team), presence: user.presence })),
    cache_version: 'v16-giraffe',
    cache_ts_version: 'v2-bunny',
    bots: state.users.bots.map((one) => botProfileShape(one, team)),
  };
}

module.exports = {
  userShape,
  botShape,
  botProfileShape,
  innerShape,
  createdShape,
  joinedShape,
  teamShape,
  channelShape,
  rtmStartShape,
};
