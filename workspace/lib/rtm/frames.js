// The frames that a client sends: one handler function for each type.
'use strict';

const { decodeObject, encode } = require('../json');
const { SlackError } = require('../slack-error');

/**
 * @typedef {import('./connection').Connection} Connection
 * @typedef {import('../state/state').State} State
 * @typedef {import('../../index').User} User
 * @typedef {import('../../index').Presence} Presence
 * @typedef {Record<string, unknown>} Frame
 */

// Codes and messages as Slack sends them. Slack documents only TEXT_MISSING.
const INVALID_CHANNEL = { code: 0, msg: 'invalid channel id' };
const TEXT_MISSING = { code: 2, msg: 'message text is missing' };
const NOT_PROCESSED = { code: 4, msg: 'cannot process message' };
const TOO_MANY = { code: -1, msg: 'slow down, too many messages...' };

/** The RTM errors by the code of a SlackError. Every other error is NOT_PROCESSED. */
const RTM_ERRORS = new Map([
  ['channel_not_found', INVALID_CHANNEL],
  ['not_in_channel', INVALID_CHANNEL],
  ['no_text', TEXT_MISSING],
]);

/** @type {Map<unknown, (frame: Frame, connection: Connection, state: State) => void>} */
const handlers = new Map([
  ['ping', onPing],
  ['message', onMessage],
  ['typing', onTyping],
  ['presence_sub', onPresenceSub],
  ['presence_query', onPresenceQuery],
]);

/**
 * Handles a frame. Never throws: the client gets an error of Slack's instead.
 *
 * @param {string} text
 * @param {Connection} connection
 * @param {State} state
 */
function handleFrame(text, connection, state) {
  const frame = decodeObject(text);
  if (!frame) {
    connection.reply({ type: 'error', error: NOT_PROCESSED });
    return;
  }
  const handler = handlers.get(frame.type);
  if (!handler) {
    connection.reply(errorReply(frame, NOT_PROCESSED));
    return;
  }
  try {
    handler(frame, connection, state);
  } catch (error) {
    connection.reply(errorReply(frame, rtmError(error)));
  }
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 */
function onPing(frame, connection) {
  const { type, id, ...rest } = frame;
  connection.reply({ ...rest, type: 'pong', reply_to: id });
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onMessage(frame, connection, state) {
  connection.replyToMessage(() => {
    if (connection.takeMessageLimit()) return errorReply(frame, TOO_MANY);
    const thread = typeof frame.thread_ts === 'string' ? { thread_ts: frame.thread_ts } : {};
    try {
      const text = /** @type {string} */ (frame.text);
      const message = state.messages.post(connection.bot, channelRef(frame), text, { via: 'rtm', connection }, thread);
      return { ok: true, reply_to: idOf(frame), ts: message.ts, text: message.text };
    } catch (error) {
      return errorReply(frame, rtmError(error));
    }
  });
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onTyping(frame, connection, state) {
  state.messages.typing(connection.bot, channelRef(frame), { via: 'rtm', connection });
}

/**
 * Replaces the client's presence subscription, and sends the presence of the users in it.
 *
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onPresenceSub(frame, connection, state) {
  const users = usersIn(frame, state);
  connection.subscriptions = new Set(users.map((user) => user.id));
  sendPresence(users, connection);
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onPresenceQuery(frame, connection, state) {
  sendPresence(usersIn(frame, state), connection);
}

/**
 * Sends `presence_change`: one event for each presence if the client asked for batches, else one for each user.
 *
 * @param {User[]} users
 * @param {Connection} connection
 */
function sendPresence(users, connection) {
  if (!connection.batchPresence) {
    for (const { id, presence } of users) {
      connection.sendEvent(encode({ type: 'presence_change', presence, user: id }));
    }
    return;
  }
  for (const presence of /** @type {Presence[]} */ (['active', 'away'])) {
    const ids = users.filter((user) => user.presence === presence).map((user) => user.id);
    if (ids.length > 0) connection.sendEvent(encode({ type: 'presence_change', presence, users: ids }));
  }
}

/**
 * @param {Frame} frame
 * @param {State} state
 * @returns {User[]} the users in `ids`, each once; unknown ids are left out
 */
function usersIn(frame, state) {
  const ids = Array.isArray(frame.ids) ? frame.ids : [];
  return [...new Set(ids)].flatMap((id) => state.users.find({ id }) ?? []);
}

/**
 * The `reply_to` of a reply. Ids are numbers or strings; an object or array is not sent back.
 *
 * @param {Frame} frame
 */
function idOf({ id }) {
  return typeof id === 'object' ? undefined : id;
}

/**
 * The channel of a frame. A frame names it by id; names are not accepted.
 *
 * @param {Frame} frame
 */
function channelRef({ channel }) {
  return { id: typeof channel === 'string' ? channel : '' };
}

/** @param {unknown} error */
function rtmError(error) {
  return (error instanceof SlackError && RTM_ERRORS.get(error.code)) || NOT_PROCESSED;
}

/**
 * @param {Frame} frame
 * @param {{ code: number, msg: string }} error
 */
function errorReply(frame, error) {
  return { ok: false, reply_to: idOf(frame), error };
}

module.exports = { handleFrame, sendPresence };
