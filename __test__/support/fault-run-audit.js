// The rules that the records of a fault run must satisfy: those of the bot (numbered-bot.js), of its server
// (numbered-server.js), and of the proxy between them (fault-proxy.js). Each rule returns its violations as text.
'use strict';

const { lifecycleFaults } = require('./lifecycle-order.js');

const NO_REPLY = 'slack_rtmapi_no_reply_received_error';
const PLATFORM = 'slack_rtmapi_send_message_platform_error';
const WEBSOCKET = 'slack_rtmapi_websocket_error';
const NOT_CONNECTED = 'slack_rtmapi_send_while_disconnected_error';
const NOT_READY = 'slack_rtmapi_send_while_not_ready_error';

/** The allowed outcomes of each way to send. */
const OUTCOMES = {
  message: ['resolved', PLATFORM, NO_REPLY],
  note: ['resolved', WEBSOCKET],
  direct: ['resolved', WEBSOCKET, NOT_CONNECTED, NOT_READY],
};

/** disconnect() settles within this time, in ms. */
const DISCONNECT = 5000;

/** The number of violations of one rule that are listed. */
const LISTED = 5;

/**
 * @typedef {object} Accounts
 * @property {any} bot
 * @property {ReturnType<import('./numbered-server.js').NumberedServer['account']>} server
 * @property {{ mostSockets: number, connections: { path: string, isWhole: boolean }[] }} proxy
 * @property {number} slack tolerance for a busy machine, in ms
 *
 * @param {Accounts} accounts
 * @returns {string[]} the violations
 */
function auditFaultRun(accounts) {
  const found = RULES.map((rule) => rule(accounts));
  const rest = (all) => (all.length > LISTED ? [`… and ${all.length - LISTED} like it`] : []);
  return found.flatMap((all) => [...all.slice(0, LISTED), ...rest(all)]);
}

/** @type {((accounts: Accounts) => string[])[]} */
const RULES = [
  ({ bot }) => (bot.outcome === 'ready' ? [] : [`the client ended ${bot.outcome}`]),
  ({ bot }) => bot.failures,
  ({ bot }) => lifecycleFaults(bot.moments),

  ({ bot: { disconnects }, slack }) =>
    disconnects.filter((ms) => ms > DISCONNECT + slack).map((ms) => `disconnect() took ${Math.round(ms)} ms`),

  // Every promise settles with an outcome that is allowed for its way to send.
  ({ bot: { sent } }) =>
    sent
      .filter(({ kind, outcome }) => !OUTCOMES[kind].includes(outcome))
      .map(({ kind, text, outcome }) => `${kind} "${short(text)}": ${outcome}`),

  // Every acknowledged message was delivered.
  ({ bot: { sent }, server: { delivered } }) =>
    sent
      .filter(({ kind, text, outcome }) => kind === 'message' && outcome === 'resolved' && !delivered.has(text))
      .map(({ text }) => `"${short(text)}" was acknowledged and never delivered`),

  // No message was delivered twice, and none was delivered that the bot did not send.
  ({ server: { delivered } }) =>
    [...delivered]
      .filter(([, count]) => count > 1)
      .map(([text, count]) => `"${short(text)}" was delivered ${count} times`),
  ({ bot: { sent }, server: { delivered } }) => {
    const known = new Set(sent.map(({ text }) => text));
    const unknown = [...delivered.keys()].filter((text) => !known.has(text));
    return unknown.map((text) => `"${short(String(text))}" was delivered and never sent`);
  },

  repliesWithoutEffect,
  wrongEvents,
  wrongIds,

  ({ proxy: { mostSockets } }) => (mostSockets > 1 ? [`${mostSockets} sockets were open at once`] : []),
  ({ server: { upgrades } }) =>
    upgrades.filter((url, index) => upgrades.indexOf(url) !== index).map((url) => `${url} was used twice`),
];

/** A reply that arrives in time settles its promise with the reply's content, and before any later event. */
function repliesWithoutEffect({ bot: { sent, events }, server: { replies } }) {
  /** For each connection, its events with their index. */
  const arrivals = new Map();
  for (const [index, [ticket, n]] of events.entries()) {
    if (!arrivals.has(ticket)) arrivals.set(ticket, []);
    arrivals.get(ticket).push({ n, index });
  }
  const byText = new Map(sent.map((one) => [one.text, one]));
  const given = new Map();
  const found = [];
  for (const { text, isGood, ticket, after } of replies) {
    const one = byText.get(text);
    if (one === undefined) continue;
    given.set(text, isGood ? 'resolved' : PLATFORM);
    const proof = (arrivals.get(ticket) ?? []).find(({ n }) => n > after);
    const isEarlier = proof !== undefined && (one.seen > proof.index || one.outcome === 'pending');
    if (isEarlier && !['resolved', PLATFORM].includes(one.outcome)) {
      found.push(`the reply to "${short(text)}" came, and its promise was ${one.outcome}`);
    }
  }
  for (const { kind, text, outcome } of sent) {
    const settledByReply = kind === 'message' && ['resolved', PLATFORM].includes(outcome);
    if (settledByReply && given.get(text) !== outcome) {
      found.push(`"${short(text)}" was ${outcome}, the reply to it ${given.get(text) ?? 'none'}`);
    }
  }
  return found;
}

/** Events arrive once, in order, without a gap until the connection ends; all of them if the proxy discarded nothing. */
function wrongEvents({ bot: { events }, server: { connections }, proxy }) {
  const found = [];
  const whole = new Set(proxy.connections.filter(({ isWhole }) => isWhole).map(({ path }) => path));
  const got = new Map();
  for (const [ticket, n] of events) {
    if (!got.has(ticket)) got.set(ticket, []);
    got.get(ticket).push(n);
  }
  const tickets = events.map(([ticket]) => ticket);
  const back = tickets.findIndex((ticket, index) => index > 0 && ticket < tickets[index - 1]);
  if (back > 0) found.push(`event ${events[back][1]} of connection ${tickets[back]} came after a later connection's`);
  for (const { ticket, sent } of connections) {
    const arrived = got.get(ticket) ?? [];
    const wrong = arrived.findIndex((n, index) => n !== sent[index]);
    if (wrong !== -1) found.push(`connection ${ticket}: event ${arrived[wrong]} came instead of ${sent[wrong]}`);
    if (whole.has(`/socket/${ticket}`) && arrived.length < sent.length) {
      found.push(`connection ${ticket} passed ${sent.length} events and ended well, and ${arrived.length} came`);
    }
    got.delete(ticket);
  }
  return [...found, ...[...got.keys()].map((ticket) => `events came by connection ${ticket}, which there was not`)];
}

/** Message ids increase from connection to connection, and have no gap within one. */
function wrongIds({ server: { connections } }) {
  const found = [];
  let last = 0;
  for (const { ticket, ids } of connections) {
    for (const [index, id] of ids.entries()) {
      const isNext = Number.isInteger(id) && (index === 0 ? id > last : id === last + 1);
      if (!isNext) found.push(`connection ${ticket}: id ${id} after ${last}`);
      last = id;
    }
  }
  return found;
}

function short(text) {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

module.exports = { auditFaultRun };
