// The Web API methods users.*.
'use strict';

const { SlackError } = require('../../slack-error');
const { userShape } = require('../../state/shapes');
const { nowInSeconds } = require('../../state/timestamps');
const { ORIGIN, optional, paginate, required } = require('./arguments');

/**
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersList(params, { state }) {
  const { items, response_metadata } = paginate(state.users.all, params);
  return {
    members: items.map((user) => userShape(user, state.team)),
    cache_ts: nowInSeconds(),
    response_metadata,
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersInfo(params, { state }) {
  return { user: userShape(userById(required(params, 'user'), state), state.team) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersGetPresence(params, { bot, state, countConnections }) {
  const user = userById(optional(params, 'user') ?? bot.id, state);
  const { presence } = user;
  if (user !== bot) return { presence };
  const connectionCount = countConnections();
  return {
    presence,
    online: connectionCount > 0,
    auto_away: false,
    manual_away: state.presence.isManuallyAway(bot),
    connection_count: connectionCount,
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersSetPresence(params, { bot, state }) {
  const presence = required(params, 'presence');
  if (presence !== 'auto' && presence !== 'away') throw new SlackError('invalid_presence');
  state.presence.setManual(bot, presence, ORIGIN);
  return {};
}

/**
 * @param {string} id
 * @param {import('../../state/state').State} state
 */
function userById(id, state) {
  const user = state.users.find({ id });
  if (!user) throw new SlackError('user_not_found');
  return user;
}

const usersMethods = {
  'users.list': { scopes: 'users:read', run: usersList },
  'users.info': { scopes: 'users:read', run: usersInfo },
  'users.getPresence': { scopes: 'users:read', run: usersGetPresence },
  'users.setPresence': { scopes: 'users:write', run: usersSetPresence },
};

module.exports = { usersMethods };
