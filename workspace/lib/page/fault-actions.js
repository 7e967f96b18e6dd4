// The faults that a page can cause.
'use strict';

const { SlackError } = require('../slack-error');
const { channelOf, memberOf, number, text } = require('./arguments');

/**
 * @typedef {import('../faults/faults').Faults} Faults
 * @typedef {import('../../index').Target} Target
 * @typedef {import('./arguments').Args} Args
 * @typedef {import('./arguments').Parts} Parts
 */

/** Limits of a flood: messages a second, and seconds. */
const MAX_RATE = 10_000;
const MAX_SECONDS = 60;

/** @type {Map<unknown, (args: Args, faults: Faults, target: Target, parts: Parts) => number | void>} */
const faultActions = new Map(
  Object.entries({
    drop: (_, faults, target) => faults.drop(target),
    silence: ({ on }, faults, target) => faults.silence(on !== false, target),
    goodbye: (_, faults, target) => faults.goodbye(target),
    migrate: (_, faults, target) => faults.migrate(target),
    delayReplies: (args, faults) => faults.delayReplies(number(args, 'ms', 600_000)),
    refuseConnect: (args, faults) => {
      faults.refuseConnect(refusalOf(text(args, 'response')), number(args, 'times', 1000));
    },
    refuseSocket: (args, faults) => faults.refuseSocket(503, number(args, 'times', 1000)),
    holdHello: ({ on }, faults) => faults.holdHello(on !== false),
    rateLimit: (args, faults) => {
      const times = number(args, 'times', 1000);
      faults.rateLimit({ calls: times, messages: times, retryAfter: number(args, 'retryAfter', 3600) });
    },
    flood,
    clear: (_, faults) => faults.clear(),
  }),
);

/**
 * Causes a fault. The argument `to` is a bot's id or a connection's number; without it the fault affects all connections.
 *
 * @param {Args} args
 * @param {Parts} parts
 * @returns {{ affected: number | undefined }} the number of connections affected; undefined if the fault has none
 */
function causeFault(args, parts) {
  const cause = faultActions.get(args.fault);
  if (!cause) throw new SlackError('unknown_fault');
  const affected = cause(args, parts.faults, targetOf(args, parts), parts);
  return { affected: typeof affected === 'number' ? affected : undefined };
}

/**
 * @param {Args} args
 * @param {Faults} faults
 * @param {Target} _
 * @param {Parts} parts
 */
function flood(args, faults, _, { state }) {
  const channel = channelOf(args, state);
  const user = memberOf(channel, args, state);
  const perSecond = number(args, 'rate', MAX_RATE);
  const count = perSecond * number(args, 'seconds', MAX_SECONDS);
  if (count === 0) return;
  // The page does not wait for the end of the flood. It cannot fail: its arguments are checked.
  faults.flood({ count, perSecond, channel, user }).catch(() => {});
}

/**
 * @param {string} name of a choice on the page: an error code, an HTTP status, `html`, `drop` or `hang`
 * @returns {import('../../index').ConnectRefusal}
 */
function refusalOf(name) {
  switch (name) {
    case 'html':
      return { html: '<!doctype html><title>502</title><h1>502 Bad Gateway</h1>' };
    case 'drop':
      return { drop: true };
    case 'hang':
      return { hang: true };
    case '429':
      return { status: 429, headers: { 'retry-after': '3' }, body: { ok: false, error: 'ratelimited' } };
    case '500':
    case '503':
      return { status: Number(name), body: '' };
    default:
      if (/^[a-z_]{1,40}$/.test(name)) return { error: name };
      throw new SlackError('invalid_arguments', 'an error code has lower-case letters and _ only');
  }
}

/**
 * The faults that last until they are ended.
 *
 * @param {Pick<Parts, 'faults' | 'rtm'>} parts
 */
function lastingFaults({ faults, rtm }) {
  return {
    replyDelay: faults.replyDelay,
    isHelloHeld: faults.isHelloHeld,
    silent: [...rtm.connections].filter((connection) => connection.isSilent).map(({ id }) => id),
  };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 * @returns {Target}
 */
function targetOf({ to }, { state, rtm }) {
  if (to === undefined || to === null || to === '') return {};
  if (typeof to === 'string' && state.users.find({ id: to })) return { to: { id: to } };
  const connection = [...rtm.connections].find(({ id }) => id === to);
  if (!connection) throw new SlackError('connection_not_found');
  return { to: connection };
}

module.exports = { causeFault, lastingFaults };
