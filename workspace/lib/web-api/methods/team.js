// The Web API methods about the workspace and the session: api.test, auth.test, rtm.*, team.info, bots.info, emoji.list
// and files.upload.
'use strict';

const { SlackError } = require('../../slack-error');
const { botShape, rtmStartShape, teamShape } = require('../../state/shapes');
const { flag, invalidArgument, optional } = require('./arguments');

/**
 * @typedef {import('./arguments').Params} Params
 * @typedef {import('./arguments').Caller} Caller
 */

const RTM_SCOPES = 'rtm:stream,client';

/** @param {Params} params */
function apiTest(params) {
  const args = Object.keys(params).length > 0 ? { args: params } : {};
  const { error } = params;
  if (error === undefined) return { ok: true, ...args };
  return { ok: false, error: typeof error === 'string' ? error : JSON.stringify(error), ...args };
}

/**
 * @param {Params} _params
 * @param {Caller} caller
 */
function authTest(_params, { bot, state: { team } }) {
  return {
    url: `https://${team.domain}.slack.com/`,
    team: team.name,
    user: bot.name,
    team_id: team.id,
    user_id: bot.id,
    bot_id: bot.botId,
    is_enterprise_install: false,
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function rtmConnect(params, { bot, state, createSocketUrl }) {
  return {
    url: createSocketUrl(flag(params, 'batch_presence_aware')),
    team: { id: state.team.id, name: state.team.name, domain: state.team.domain },
    self: { id: bot.id, name: bot.name },
  };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function rtmStart(params, { bot, state, createSocketUrl }) {
  return { ...rtmStartShape(bot, state), url: createSocketUrl(flag(params, 'batch_presence_aware')) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function teamInfo(params, { state }) {
  const id = optional(params, 'team') ?? state.team.id;
  if (id !== state.team.id) throw new SlackError('team_not_found');
  return { team: teamShape(state.team) };
}

/**
 * @param {Params} params
 * @param {Caller} caller
 */
function botsInfo(params, { state }) {
  const id = optional(params, 'bot');
  if (id === undefined) throw new SlackError('missing_argument');
  const bot = state.users.bots.find(({ botId }) => botId === id);
  if (!bot) throw new SlackError('bot_not_found');
  return { bot: botShape(bot) };
}

/**
 * @param {Params} _params
 * @param {Caller} caller
 */
function emojiList(_params, { state }) {
  return { emoji: {}, cache_ts: state.timestamps.next() };
}

/**
 * Slack has retired the method and answers in the same way.
 *
 * @returns {never}
 */
function filesUpload() {
  throw invalidArgument('method_deprecated', '[ERROR] files.upload is a stub: this workspace takes no files');
}

const teamMethods = {
  'api.test': { run: apiTest },
  'auth.test': { scopes: 'identify', run: authTest },
  'rtm.connect': { scopes: RTM_SCOPES, run: rtmConnect },
  'rtm.start': { scopes: RTM_SCOPES, run: rtmStart },
  'team.info': { scopes: 'team:read', run: teamInfo },
  'bots.info': { scopes: 'users:read', run: botsInfo },
  'emoji.list': { scopes: 'emoji:read', run: emojiList },
  'files.upload': { scopes: 'files:write:user', run: filesUpload },
};

module.exports = { teamMethods };
