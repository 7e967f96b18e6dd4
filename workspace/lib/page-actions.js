// Owns what a page may ask for: checks the arguments, calls the state's verbs or the faults, and says how it went.
// Knows no socket of a page.
'use strict';

/**
 * @typedef {import('./state').State} State
 * @typedef {import('./faults').Faults} Faults
 * @typedef {import('./rtm').Rtm} Rtm
 * @typedef {import('../index').Channel} Channel
 * @typedef {import('../index').Message} Message
 * @typedef {Record<string, unknown>} Args
 * @typedef {{ state: State, rtm: Rtm, faults: Faults }} Parts
 */

/** @type {{ via: 'page' }} */
const ORIGIN = { via: 'page' };
/** characters of a message, as at Slack */
const MOST_TEXT = 40_000;
/** messages in one answer */
const MOST_MESSAGES = 200;
/** messages a second, and seconds, of a flood */
const MOST_RATE = 10_000;
const MOST_SECONDS = 60;

/** Says by a code of Slack's, or one like them, why something cannot be done. */
class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   */
  constructor(code, message = code) {
    super(message);
    this.code = code;
  }
}

/** @type {Map<unknown, (args: Args, parts: Parts) => unknown>} */
const actions = new Map(
  Object.entries({
    history,
    thread,
    post,
    update,
    remove,
    react,
    unreact,
    typing,
    presence,
    create,
    join,
    leave,
    open,
    fault,
  }),
);

/**
 * Does what a page asks for. Never throws.
 *
 * @param {unknown} action
 * @param {Args} args
 * @param {Parts} parts
 * @returns {{ ok: true, result: unknown } | { ok: false, error: string, detail: string }}
 */
function perform(action, args, parts) {
  try {
    const act = actions.get(action);
    if (!act) throw new Refusal('unknown_action');
    return { ok: true, result: act(args, parts) ?? null };
  } catch (error) {
    const { code, message } = /** @type {Error & { code?: unknown }} */ (error);
    return { ok: false, error: typeof code === 'string' ? code : 'invalid_arguments', detail: String(message) };
  }
}

/**
 * A channel's messages, oldest first, without the replies in its threads: the last ones, or the last before a `ts`.
 *
 * @param {Args} args
 * @param {Parts} parts
 */
function history(args, { state }) {
  const channel = channelOf(args, state);
  const all = state.history(channel);
  const replies = countReplies(all);
  const before = args.before === undefined ? undefined : text(args, 'before');
  const shown = all.filter(
    (message) => !isHiddenReply(message, channel, state) && (before === undefined || message.ts < before),
  );
  return {
    messages: shown.slice(-MOST_MESSAGES).map((message) => withReplies(message, replies)),
    hasEarlier: shown.length > MOST_MESSAGES,
    isLatest: before === undefined,
  };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function thread(args, { state }) {
  const channel = channelOf(args, state);
  const ts = text(args, 'ts');
  const all = state.history(channel).filter((message) => message.ts === ts || message.thread_ts === ts);
  if (all[0]?.ts !== ts) throw new Refusal('thread_not_found');
  const [root, ...replies] = all;
  return { messages: [{ ...root, reply_count: replies.length }, ...replies.slice(-MOST_MESSAGES)] };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function post(args, { state }) {
  const channel = channelOf(args, state);
  const said = text(args, 'text');
  if (said.trim() === '') throw new Refusal('no_text');
  if (said.length > MOST_TEXT) throw new Refusal('msg_too_long');
  const user = memberOf(channel, args, state);
  const extra = args.thread === undefined ? {} : { thread_ts: text(args, 'thread') };
  // Slack takes such a reply; but nobody would ever see it on the page.
  if (extra.thread_ts !== undefined && !state.findMessage(channel, extra.thread_ts))
    throw new Refusal('thread_not_found');
  return { ts: state.post(user, channel, said, ORIGIN, extra).ts };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function update(args, { state }) {
  const said = text(args, 'text');
  if (said.trim() === '') throw new Refusal('no_text');
  if (said.length > MOST_TEXT) throw new Refusal('msg_too_long');
  state.update(userOf(args, state), channelOf(args, state), text(args, 'ts'), { text: said }, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function remove(args, { state }) {
  state.remove(userOf(args, state), channelOf(args, state), text(args, 'ts'), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function react(args, { state }) {
  const channel = channelOf(args, state);
  state.react(memberOf(channel, args, state), channel, text(args, 'ts'), emojiOf(args), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function unreact(args, { state }) {
  const channel = channelOf(args, state);
  state.unreact(memberOf(channel, args, state), channel, text(args, 'ts'), emojiOf(args), ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function typing(args, { state }) {
  const channel = channelOf(args, state);
  state.type(memberOf(channel, args, state), channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function presence(args, { state }) {
  state.setPresence([userOf(args, state)], args.presence === 'away' ? 'away' : 'active');
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function create(args, { state }) {
  const name = text(args, 'name');
  if (!/^[\p{L}\p{N}_-]{1,80}$/u.test(name) || name !== name.toLowerCase()) {
    throw new Refusal('invalid_name', 'a name is made of small letters, digits, - and _, 80 at most');
  }
  return { channel: state.create(userOf(args, state), name, { isPrivate: args.isPrivate === true }, ORIGIN).id };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function join(args, { state }) {
  const user = userOf(args, state);
  const channel = channelOf(args, state);
  const [member] = channel.members;
  // Nobody can join a private channel without being asked to.
  if (channel.isPrivate && member !== undefined) state.invite({ id: member }, channel, user, ORIGIN);
  else state.join(user, channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function leave(args, { state }) {
  const channel = channelOf(args, state);
  state.leave(memberOf(channel, args, state), channel, ORIGIN);
}

/**
 * @param {Args} args
 * @param {Parts} parts
 */
function open(args, { state }) {
  const other = state.findUser({ id: text(args, 'user') });
  if (!other) throw new Refusal('user_not_found');
  return { channel: state.open(userOf(args, state), [other], ORIGIN).id };
}

/**
 * Brings about a fault. `to` is a bot's id, a connection's number, or left out for all.
 *
 * @param {Args} args
 * @param {Parts} parts
 * @returns {{ hits: number | undefined }} the connections that it hit, where that can be said
 */
function fault(args, parts) {
  const bringAbout = faultActions.get(args.fault);
  if (!bringAbout) throw new Refusal('unknown_fault');
  const hits = bringAbout(args, parts.faults, targetOf(args, parts), parts);
  return { hits: typeof hits === 'number' ? hits : undefined };
}

/** @type {Map<unknown, (args: Args, faults: Faults, target: import('../index').Target, parts: Parts) => number | void>} */
const faultActions = new Map(
  Object.entries({
    drop: (_, faults, target) => faults.drop(target),
    silence: ({ on }, faults, target) => faults.silence(on !== false, target),
    goodbye: (_, faults, target) => faults.goodbye(target),
    migrate: (_, faults, target) => faults.migrate(target),
    delayReplies: (args, faults) => faults.delayReplies(number(args, 'ms', 600_000)),
    refuseConnect: (args, faults) => faults.refuseConnect(refusalOf(text(args, 'answer')), number(args, 'times', 1000)),
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
 * @param {Args} args
 * @param {Faults} faults
 * @param {import('../index').Target} _
 * @param {Parts} parts
 */
function flood(args, faults, _, { state }) {
  const channel = channelOf(args, state);
  const user = memberOf(channel, args, state);
  const perSecond = number(args, 'rate', MOST_RATE);
  const count = perSecond * number(args, 'seconds', MOST_SECONDS);
  if (count === 0) return;
  // It goes on while the page is answered; it can only end early.
  faults.flood({ count, perSecond, channel, user }).catch(() => {});
}

/**
 * @param {string} name
 * @returns {import('../index').ConnectRefusal}
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
      if (!/^[a-z_]{1,40}$/.test(name)) throw new Refusal('invalid_arguments', 'an error is small letters and _');
      return { error: name };
  }
}

/**
 * What lasts of the faults, as far as they tell.
 *
 * @param {Faults} faults
 * @param {Rtm} rtm
 */
function statusOfFaults(faults, rtm) {
  return {
    delay: faults.replyDelay,
    holdsHello: faults.helloHeld,
    silent: [...rtm.connections].filter((connection) => connection.isSilent).map(({ id }) => id),
  };
}

/**
 * @param {Args} args
 * @param {Parts} parts
 * @returns {import('../index').Target}
 */
function targetOf({ to }, { state, rtm }) {
  if (to === undefined || to === null || to === '') return {};
  if (typeof to === 'string' && state.findUser({ id: to })) return { to: { id: to } };
  const connection = [...rtm.connections].find(({ id }) => id === to);
  if (!connection) throw new Refusal('connection_not_found');
  return { to: connection };
}

/**
 * @param {Args} args
 * @param {State} state
 */
function channelOf(args, state) {
  const channel = state.findChannel({ id: text(args, 'channel') });
  if (channel) return channel;
  throw new Refusal('channel_not_found');
}

/**
 * Who the page speaks as.
 *
 * @param {Args} args
 * @param {State} state
 */
function userOf(args, state) {
  const user = state.findUser({ id: text(args, 'as') });
  if (user) return user;
  throw new Refusal('user_not_found');
}

/**
 * @param {Channel} channel
 * @param {Args} args
 * @param {State} state
 */
function memberOf(channel, args, state) {
  const user = userOf(args, state);
  if (channel.members.has(user.id)) return user;
  throw new Refusal('not_in_channel');
}

/** @param {Args} args */
function emojiOf(args) {
  const name = text(args, 'name');
  if (/^[\p{L}\p{N}_'+:-]{1,100}$/u.test(name)) return name;
  throw new Refusal('invalid_name');
}

/**
 * @param {Args} args
 * @param {string} name
 */
function text(args, name) {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new Refusal('invalid_arguments', `${name} must be a string`);
}

/**
 * @param {Args} args
 * @param {string} name
 * @param {number} most
 */
function number(args, name, most) {
  const value = args[name];
  if (typeof value === 'number' && value >= 0 && value <= most) return value;
  throw new Refusal('invalid_arguments', `${name} must be a number from 0 to ${most}`);
}

/**
 * Whether a message is shown in its thread alone. One in a thread that is not there is shown in the channel.
 *
 * @param {Message} message
 * @param {Channel} channel
 * @param {State} state
 */
function isHiddenReply({ ts, thread_ts: thread, subtype }, channel, state) {
  const isReply = thread !== undefined && thread !== ts && subtype !== 'thread_broadcast';
  return isReply && state.findMessage(channel, thread) !== undefined;
}

/**
 * An event as the page is told it: a reply in a thread that is not there is one of the channel.
 *
 * @param {Record<string, any>} event
 * @param {State} state
 */
function withoutLostThread(event, state) {
  if (event.type !== 'message' || event.thread_ts === undefined || event.thread_ts === event.ts) return event;
  const channel = state.findChannel({ id: event.channel });
  if (!channel || state.findMessage(channel, event.thread_ts)) return event;
  const { thread_ts: _, ...bare } = event;
  return bare;
}

/** @param {Message[]} messages */
function countReplies(messages) {
  /** @type {Map<unknown, number>} by the `ts` of the thread's first message */
  const counts = new Map();
  for (const { ts, thread_ts: thread } of messages) {
    if (thread !== undefined && thread !== ts) counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  return counts;
}

/**
 * @param {Message} message
 * @param {Map<unknown, number>} replies
 */
function withReplies(message, replies) {
  const count = replies.get(message.ts);
  return count === undefined ? message : { ...message, reply_count: count };
}

module.exports = { perform, statusOfFaults, withoutLostThread };
