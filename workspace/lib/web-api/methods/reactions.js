// The Web API methods reactions.*.
'use strict';

const { SlackError } = require('../../slack-error');
const { ORIGIN, optional, visibleChannel } = require('./arguments');

/**
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function reactionsAdd(params, caller) {
  const { channel, ts, name } = target(params, caller);
  caller.state.reactions.add(caller.bot, channel, ts, name, ORIGIN);
  return {};
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function reactionsRemove(params, caller) {
  const { channel, ts, name } = target(params, caller);
  caller.state.reactions.remove(caller.bot, channel, ts, name, ORIGIN);
  return {};
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function target(params, caller) {
  const ts = optional(params, 'timestamp');
  if (!ts || !optional(params, 'channel')) throw new SlackError('no_item_specified');
  return { channel: visibleChannel(params, caller), ts, name: optional(params, 'name') ?? '' };
}

const reactionsMethods = {
  'reactions.add': { scopes: 'reactions:write', run: reactionsAdd },
  'reactions.remove': { scopes: 'reactions:write', run: reactionsRemove },
};

module.exports = { reactionsMethods };
