// Reading the arguments of a page's action.
'use strict';

const { SlackError } = require('../slack-error');

/**
 * @typedef {import('../state/state').State} State
 * @typedef {Record<string, unknown>} Args
 *
 * @typedef {object} Parts
 * @property {State} state
 * @property {import('../rtm/rtm-server').RtmServer} rtm
 * @property {import('../faults/faults').Faults} faults
 */

/**
 * @param {Args} args
 * @param {string} name
 */
function text(args, name) {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new SlackError('invalid_arguments', `${name} must be a string`);
}

/**
 * @param {Args} args
 * @param {string} name
 * @param {number} max
 */
function number(args, name, max) {
  const value = args[name];
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  throw new SlackError('invalid_arguments', `${name} must be a number from 0 to ${max}`);
}

/**
 * @param {Args} args
 * @param {State} state
 */
function channelOf(args, state) {
  const channel = state.channels.find({ id: text(args, 'channel') });
  if (channel) return channel;
  throw new SlackError('channel_not_found');
}

/**
 * The user whom the page acts as.
 *
 * @param {Args} args
 * @param {State} state
 */
function userOf(args, state) {
  const user = state.users.find({ id: text(args, 'as') });
  if (user) return user;
  throw new SlackError('user_not_found');
}

/**
 * The user whom the page acts as, who must be a member of the channel.
 *
 * @param {import('../../index').Channel} channel
 * @param {Args} args
 * @param {State} state
 */
function memberOf(channel, args, state) {
  const user = userOf(args, state);
  if (channel.members.has(user.id)) return user;
  throw new SlackError('not_in_channel');
}

/** @param {Args} args */
function emojiOf(args) {
  const name = text(args, 'name');
  if (/^[\p{L}\p{N}_'+:-]{1,100}$/u.test(name)) return name;
  throw new SlackError('invalid_name');
}

module.exports = { channelOf, emojiOf, memberOf, number, text, userOf };
