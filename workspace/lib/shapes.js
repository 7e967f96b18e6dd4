// Owns how users, channels, messages and the whole workspace look in Slack's answers and events. Pure functions:
// changes nothing.
'use strict';

const { isBot, seconds } = require('./directory');

/**
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Message} Message
 * @typedef {import('./directory').Directory} Directory
 * @typedef {import('./state').State} State
 */

const IMAGES = Object.fromEntries(
  [24, 32, 48, 72, 192, 512].map((size) => [
    `image_${size}`,
    `https://a.slack-edge.com/80588/img/avatars/ava_0001-${size}.png`,
  ]),
);
/** What was never read, and never posted. */
const NO_TS = '0000000000.000000';

/**
 * @param {User} user
 * @param {Directory} state
 */
function userShape(user, state) {
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
    updated: user.updated ?? 0,
  };
}

/**
 * @param {Bot} bot
 * @param {Directory} state
 */
function botProfileShape(bot, state) {
  return { id: bot.botId, deleted: false, name: bot.name, updated: 0, app_id: '', icons: {}, team_id: state.team.id };
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
 * A message within another event or in a list: without what tells where it went.
 *
 * @param {Message} message
 */
function innerShape(message) {
  const { channel, event_ts, suppress_notification, source_team, user_team, ...rest } = message;
  return rest;
}

/** @param {Channel} channel */
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
 * A conversation as its new member is told of it.
 *
 * @param {Channel} channel
 * @param {User} viewer
 * @param {Directory} state
 */
function joinedShape(channel, viewer, state) {
  return {
    ...channelShape(channel, viewer, state),
    last_read: NO_TS,
    latest: null,
    unread_count: 0,
    unread_count_display: 0,
    ...(channel.isIm ? {} : { members: [...channel.members] }),
    ...(channel.isIm || channel.isMpim ? { is_open: false } : {}),
  };
}

/** @param {Directory} state */
function teamShape({ team }) {
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
 * A conversation as a bot sees it.
 *
 * @param {Channel} channel
 * @param {User} viewer
 * @param {Directory} state
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
 * What rtm.start adds to the answer of rtm.connect: the workspace as the bot sees it.
 *
 * @param {Bot} bot
 * @param {State} state
 */
function snapshotShape(bot, state) {
  const seen = state.channels.filter((channel) => !channel.isPrivate || channel.members.has(bot.id));
  const shape = (/** @type {Channel} */ channel) => {
    const latest = channel.members.has(bot.id) ? state.history(channel).at(-1) : undefined;
    return {
      ...channelShape(channel, bot, state),
      ...(channel.isIm ? {} : { members: [...channel.members], num_members: channel.members.size }),
      last_read: NO_TS,
      latest: latest ? innerShape(latest) : null,
      unread_count: 0,
      unread_count_display: 0,
      has_pins: false,
      is_open: true,
    };
  };
  const said = state.saidAway(bot) ? 'away' : 'active';
  return {
    self: { id: bot.id, name: bot.name, prefs: {}, created: 0, manual_presence: said },
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
    groups: seen.filter((channel) => channel.isPrivate && !channel.isIm && !channel.isMpim).map(shape),
    ims: seen.filter((channel) => channel.isIm).map(shape),
    mpims: seen.filter((channel) => channel.isMpim).map(shape),
    cache_ts: seconds(),
    read_only_channels: [],
    can_manage_shared_channels: false,
    subteams: { all: [], self: [] },
    dnd: { dnd_enabled: false, next_dnd_start_ts: 1, next_dnd_end_ts: 1, snooze_enabled: false },
    users: state.users.map((user) => ({ ...userShape(user, state), presence: user.presence })),
    cache_version: 'v16-giraffe',
    cache_ts_version: 'v2-bunny',
    bots: state.bots.map((one) => botProfileShape(one, state)),
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
  snapshotShape,
};
