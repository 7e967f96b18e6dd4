// Owns the methods users.*.
'use strict';

const { SlackError } = require('../errors');
const { userShape } = require('../shapes');
const { ORIGIN, optional, page, required } = require('./arguments');

/**
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersList(params, { state }) {
  const { items, response_metadata } = page(state.users, params);
  return {
    members: items.map((user) => userShape(user, state)),
    cache_ts: Math.floor(Date.now() / 1000),
    response_metadata,
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersInfo(params, { state }) {
  return { user: userShape(byId(required(params, 'user'), state), state) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersGetPresence(params, { bot, state, connections }) {
  const user = byId(optional(params, 'user') ?? bot.id, state);
  const { presence } = user;
  if (user !== bot) return { presence };
  return {
    presence,
    online: connections() > 0,
    auto_away: false,
    manual_away: state.saidAway(bot),
    connection_count: connections(),
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function usersSetPresence(params, { bot, state }) {
  const presence = required(params, 'presence');
  if (presence !== 'auto' && presence !== 'away') throw new SlackError('invalid_presence');
  state.sayPresence(bot, presence, ORIGIN);
  return {};
}

/**
 * @param {string} id
 * @param {import('../state').State} state
 */
function byId(id, state) {
  const user = state.findUser({ id });
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
