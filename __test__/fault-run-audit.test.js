// The audit of a fault run detects each kind of violation.
'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { auditFaultRun } = require('./support/fault-run-audit.js');

const NO_REPLY = 'slack_rtmapi_no_reply_received_error';

/** The records of a correct run with two connections. The first one is lost together with a message. */
function accounts() {
  const moment = (name, authenticated, connected) => ({ name, authenticated, connected });
  const start = [
    moment('connecting', false, false),
    moment('authenticated', true, false),
    moment('connected', true, true),
    moment('ready', true, true),
  ];
  return {
    slack: 0,
    bot: {
      outcome: 'ready',
      failures: [],
      disconnects: [12],
      moments: [...start, moment('reconnecting', false, false), ...start],
      sent: [
        { kind: 'message', text: 'one', outcome: 'resolved', seen: 1 },
        { kind: 'message', text: 'two', outcome: NO_REPLY, seen: 3 },
        { kind: 'message', text: 'three', outcome: 'slack_rtmapi_send_message_platform_error', seen: 4 },
        { kind: 'note', text: 'four', outcome: 'resolved', seen: 4 },
      ],
      events: [
        [1, 1],
        [1, 2],
        [2, 4],
        [2, 5],
      ],
    },
    server: {
      connections: [
        { ticket: 1, sent: [1, 2, 3], ids: [1, 2] },
        { ticket: 2, sent: [4, 5], ids: [4, 5] },
      ],
      upgrades: ['/socket/1', '/socket/2'],
      delivered: new Map([
        ['one', 1],
        ['three', 1],
        ['four', 1],
      ]),
      replies: [
        { text: 'one', isGood: true, ticket: 1, after: 1 },
        { text: 'three', isGood: false, ticket: 2, after: 5 },
      ],
    },
    proxy: { mostSockets: 1, connections: [{ path: '/socket/2', isWhole: true }] },
  };
}

/** A change that makes the records wrong, and the violation that the audit then reports. */
const VIOLATIONS = {
  'a message delivered twice': [({ server }) => server.delivered.set('one', 2), '"one" was delivered 2 times'],
  'a message that the bot did not send': [
    ({ server }) => server.delivered.set('five', 1),
    '"five" was delivered and never sent',
  ],
  'an acknowledged message that was not delivered': [
    ({ server }) => server.delivered.delete('one'),
    '"one" was acknowledged and never delivered',
  ],
  'a promise that never settles': [({ bot }) => (bot.sent[1].outcome = 'pending'), 'message "two": pending'],
  'a rejection of the wrong kind': [({ bot }) => (bot.sent[3].outcome = NO_REPLY), `note "four": ${NO_REPLY}`],
  'a reply that arrived and was lost': [
    ({ bot }) => Object.assign(bot.sent[0], { outcome: NO_REPLY, seen: 3 }),
    `the reply to "one" came, and its promise was ${NO_REPLY}`,
  ],
  'a promise that resolves without a reply': [
    ({ server }) => server.replies.shift(),
    '"one" was resolved, the reply to it none',
  ],
  'events in the wrong order': [
    ({ bot }) => bot.events.splice(0, 2, [1, 2], [1, 1]),
    'connection 1: event 2 came instead of 1',
  ],
  'a duplicate event': [({ bot }) => bot.events.splice(1, 0, [1, 1]), 'connection 1: event 1 came instead of 2'],
  'an event of a connection that has ended': [
    ({ bot }) => bot.events.push([1, 3]),
    "event 3 of connection 1 came after a later connection's",
  ],
  'a missing event at an orderly end': [
    ({ bot }) => bot.events.pop(),
    'connection 2 passed 2 events and ended well, and 1 came',
  ],
  'a missing id': [({ server }) => server.connections[0].ids.push(4), 'connection 1: id 4 after 2'],
  'an id used again': [({ server }) => server.connections[1].ids.unshift(2), 'connection 2: id 2 after 2'],
  'two sockets at once': [({ proxy }) => (proxy.mostSockets = 2), '2 sockets were open at once'],
  'a URL used twice': [({ server }) => server.upgrades.push('/socket/2'), '/socket/2 was used twice'],
  'a slow disconnect()': [({ bot }) => bot.disconnects.push(5001), 'disconnect() took 5001 ms'],
  'a client that never reconnects': [
    ({ bot }) => (bot.outcome = 'reconnecting, and no end within 9 s'),
    'the client ended reconnecting, and no end within 9 s',
  ],
  'an uncaught exception': [({ bot }) => bot.failures.push('uncaught exception: x'), 'uncaught exception: x'],
  'a missing lifecycle event': [({ bot }) => bot.moments.splice(2, 1), 'lifecycle event 2: ready after authenticated'],
  'a wrong property': [
    ({ bot }) => (bot.moments[3].connected = false),
    'lifecycle event 3: at ready authenticated is true, connected false',
  ],
};

describe('the audit of a fault run', () => {
  test('finds nothing in a correct run', () => {
    assert.deepEqual(auditFaultRun(accounts()), []);
  });

  for (const [name, [change, violation]] of Object.entries(VIOLATIONS)) {
    test(`detects ${name}`, () => {
      const changed = accounts();
      change(changed);
      const found = auditFaultRun(changed);
      assert.ok(found.includes(violation), `found only ${JSON.stringify(found)}`);
    });
  }
});
