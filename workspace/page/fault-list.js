// The faults that the page offers.

import { count } from './format.js';

/**
 * @typedef {import('./model.js').Model} Model
 *
 * @typedef {object} Fault
 * @property {string} fault the name in the request to the workspace
 * @property {string} label
 * @property {string} title a description, shown as a tooltip
 * @property {string} does a short description for the list of keys
 * @property {string} key the letter that causes the fault, together with Shift
 * @property {(affected: number | undefined, value: string) => string} result the text to show afterwards; `value` is the
 *   chosen value, or `off` if the fault was ended
 * @property {{ label: string, values: [value: string, label: string][], initial?: string }} [choice]
 * @property {(value: string, model: Model) => object} [args] further arguments of the request
 * @property {(model: Model, to: string | number) => boolean} [isOn] whether a lasting fault is on; its button then ends it
 * @property {() => object} [offArgs] the arguments that end it
 */

/** @param {number | undefined} number */
const connections = (number) => count(number ?? 0, 'connection');

/** @type {Fault[]} */
export const FAULTS = [
  {
    fault: 'drop',
    label: 'Drop',
    key: 'D',
    does: 'drop connections',
    title: 'Destroy the sockets without a close frame',
    result: (affected) => `Dropped ${connections(affected)} without a close frame.`,
  },
  {
    fault: 'goodbye',
    label: 'Goodbye',
    key: 'G',
    does: 'send goodbye',
    title: 'Send goodbye, then close: the server is shutting down',
    result: (affected) => `Sent goodbye to ${connections(affected)}.`,
  },
  {
    fault: 'migrate',
    label: 'Migrate',
    key: 'M',
    does: 'migrate the team',
    title: 'Send team_migration_started, close, and refuse the next connect call with migration_in_progress',
    result: (affected) => `Sent team_migration_started to ${connections(affected)}. The next connect call is refused.`,
  },
  {
    fault: 'silence',
    label: 'Half-open',
    key: 'H',
    does: 'make half-open, or end it',
    title: 'Keep the open connections, but read, answer and send nothing. Press again to end it',
    isOn: ({ faults, connections: open }, to) =>
      open.some(({ id, bot }) => faults.silent.includes(id) && (to === '' || to === id || to === bot)),
    result: (affected, on) =>
      on === 'off'
        ? `${connections(affected)} working again.`
        : `${connections(affected)} half-open: nothing is read, answered or sent.`,
    offArgs: () => ({ on: false }),
  },
  {
    fault: 'delayReplies',
    label: 'Delay replies',
    key: 'L',
    does: 'delay replies, or end it',
    title: 'Delay replies to messages and pings. Press again to end it',
    choice: {
      label: 'Delay',
      initial: '2000',
      values: [
        ['500', '0.5 s'],
        ['2000', '2 s'],
        ['5000', '5 s'],
        ['20000', '20 s'],
        ['60000', '60 s'],
      ],
    },
    isOn: ({ faults }) => faults.replyDelay > 0,
    result: (_, value) =>
      value === 'off' ? 'Replies are immediate again.' : `Replies are delayed by ${Number(value) / 1000} s.`,
    args: (value) => ({ ms: Number(value) }),
    offArgs: () => ({ ms: 0 }),
  },
  {
    fault: 'refuseConnect',
    label: 'Refuse connect',
    key: 'R',
    does: 'refuse the next connect call',
    title: 'Refuse the next rtm.connect or rtm.start with this response',
    choice: {
      label: 'Response',
      values: [
        ['invalid_auth', 'invalid_auth'],
        ['not_authed', 'not_authed'],
        ['account_inactive', 'account_inactive'],
        ['token_revoked', 'token_revoked'],
        ['missing_scope', 'missing_scope'],
        ['migration_in_progress', 'migration_in_progress'],
        ['fatal_error', 'fatal_error'],
        ['429', '429, Retry-After 3'],
        ['500', '500'],
        ['503', '503'],
        ['html', 'an HTML page'],
        ['drop', 'connection cut'],
        ['hang', 'no response'],
      ],
    },
    result: (_, value) => `The next connect call is refused: ${value}.`,
    args: (value) => ({ response: value, times: 1 }),
  },
  {
    fault: 'refuseSocket',
    label: 'Refuse socket',
    key: 'S',
    does: 'refuse the next socket',
    title: 'Refuse the next sockets with 503',
    choice: {
      label: 'Number of sockets',
      values: [
        ['1', 'once'],
        ['3', '3 times'],
        ['10', '10 times'],
      ],
    },
    result: (_, value) =>
      `The next ${count(Number(value), 'socket')} ${value === '1' ? 'is' : 'are'} refused with 503.`,
    args: (value) => ({ times: Number(value) }),
  },
  {
    fault: 'rateLimit',
    label: 'Rate-limit',
    key: 'T',
    does: 'rate-limit the next call and message',
    title: 'Refuse the next Web API call with 429 and this Retry-After, and the next message on a socket with an error',
    choice: {
      label: 'Retry-After',
      values: [
        ['1', '1 s'],
        ['3', '3 s'],
        ['10', '10 s'],
        ['30', '30 s'],
      ],
    },
    result: (_, value) =>
      `The next Web API call is refused with Retry-After ${value} s, the next message with an error.`,
    args: (value) => ({ retryAfter: Number(value), times: 1 }),
  },
  {
    fault: 'flood',
    label: 'Flood',
    key: 'F',
    does: 'flood the open channel',
    title: 'Post many messages in the open channel as the selected user',
    choice: {
      label: 'Rate and duration',
      initial: '5000/3',
      values: [
        ['50/5', '50/s, 5 s'],
        ['500/5', '500/s, 5 s'],
        ['5000/3', '5,000/s, 3 s'],
        ['5000/30', '5,000/s, 30 s'],
      ],
    },
    result: (_, value) =>
      `Posting ${count(Number(value.split('/')[0]))} messages per second for ${value.split('/')[1]} s.`,
    args: (value, { channel, actor }) => {
      const [rate, seconds] = value.split('/').map(Number);
      return { rate, seconds, channel, as: actor };
    },
  },
  {
    fault: 'holdHello',
    label: 'Hold hello',
    key: 'O',
    does: 'hold hello, or end it',
    title: 'Send no hello and no events to new connections. Press again to end it',
    isOn: ({ faults }) => faults.isHelloHeld,
    result: (_, on) => (on === 'off' ? 'Hello is sent.' : 'New connections get no hello.'),
    offArgs: () => ({ on: false }),
  },
  {
    fault: 'clear',
    label: 'Clear all',
    key: 'C',
    does: 'clear all faults',
    title: 'End all lasting faults',
    result: () => 'All faults ended.',
  },
];
