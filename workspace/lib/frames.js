// Owns what each frame of a client means: one function a type. Touches sockets only through the connection.
'use strict';

const { SlackError } = require('./errors');
const { encode, decodeObject } = require('./wire');

/**
 * @typedef {import('./connection').Connection} Connection
 * @typedef {import('./state').State} State
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Presence} Presence
 * @typedef {Record<string, unknown>} Frame
 */

// Codes and words as seen at Slack, which documents only the second.
const INVALID_CHANNEL = { code: 0, msg: 'invalid channel id' };
const TEXT_MISSING = { code: 2, msg: 'message text is missing' };
const NOT_PROCESSED = { code: 4, msg: 'cannot process message' };
const TOO_MANY = { code: -1, msg: 'slow down, too many messages...' };

/** What the state's refusals are called here; all others are NOT_PROCESSED. */
const ERRORS = new Map([
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
 * Does what a frame asks for. Never throws: whatever came in, the client gets Slack's error at worst.
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
    refuse(frame, NOT_PROCESSED, connection);
    return;
  }
  try {
    handler(frame, connection, state);
  } catch (error) {
    refuse(frame, reason(error), connection);
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
  connection.answer(() => {
    if (connection.takeMessageLimit()) return refusal(frame, TOO_MANY);
    const thread = typeof frame.thread_ts === 'string' ? { thread_ts: frame.thread_ts } : {};
    try {
      const text = /** @type {string} */ (frame.text);
      const message = state.post(connection.bot, named(frame), text, { via: 'rtm', connection }, thread);
      return { ok: true, reply_to: idOf(frame), ts: message.ts, text: message.text };
    } catch (error) {
      return refusal(frame, reason(error));
    }
  });
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onTyping(frame, connection, state) {
  state.type(connection.bot, named(frame), { via: 'rtm', connection });
}

/**
 * Replaces the list of users that the client wants to know about, and tells their presence.
 *
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onPresenceSub(frame, connection, state) {
  const users = namedUsers(frame, state);
  connection.subscriptions = new Set(users.map((user) => user.id));
  tellPresence(users, connection);
}

/**
 * @param {Frame} frame
 * @param {Connection} connection
 * @param {State} state
 */
function onPresenceQuery(frame, connection, state) {
  tellPresence(namedUsers(frame, state), connection);
}

/**
 * Sends `presence_change`: one for each presence where the client asked for batches, else one for each user.
 *
 * @param {User[]} users
 * @param {Connection} connection
 */
function tellPresence(users, connection) {
  if (!connection.batchPresence) {
    for (const { id, presence } of users) {
      connection.deliver(encode({ type: 'presence_change', presence, user: id }));
    }
    return;
  }
  for (const presence of /** @type {Presence[]} */ (['active', 'away'])) {
    const ids = users.filter((user) => user.presence === presence).map((user) => user.id);
    if (ids.length > 0) connection.deliver(encode({ type: 'presence_change', presence, users: ids }));
  }
}

/**
 * @param {Frame} frame
 * @param {State} state
 * @returns {User[]} those in `ids` that exist, each once
 */
function namedUsers(frame, state) {
  const ids = Array.isArray(frame.ids) ? frame.ids : [];
  return [...new Set(ids)].flatMap((id) => state.findUser({ id }) ?? []);
}

/**
 * What a reply refers to. Ids are numbers; what is nested is not given back.
 *
 * @param {Frame} frame
 */
function idOf({ id }) {
  return typeof id === 'object' ? undefined : id;
}

/**
 * The channel of a frame, by id alone.
 *
 * @param {Frame} frame
 */
function named({ channel }) {
  return { id: typeof channel === 'string' ? channel : '' };
}

/** @param {unknown} error */
function reason(error) {
  return (error instanceof SlackError && ERRORS.get(error.code)) || NOT_PROCESSED;
}

/**
 * @param {Frame} frame
 * @param {{ code: number, msg: string }} error
 * @param {Connection} connection
 */
function refuse(frame, error, connection) {
  connection.reply(refusal(frame, error));
}

/**
 * @param {Frame} frame
 * @param {{ code: number, msg: string }} error
 */
function refusal(frame, error) {
  return { ok: false, reply_to: idOf(frame), error };
}

module.exports = { handleFrame, tellPresence };
