// A server violates the WebSocket protocol (RFC 6455), or closes the connection in all possible ways. Each time the client responds
// as the protocol requires, emits the events that came before, and reconnects.
'use strict';

const { describe } = require('node:test');
const { assertAllRight, runIntoFault, countRight } = require('../support/server-faults.js');
const { guarantee } = require('../support/guarantee.js');
const raw = require('../support/raw-frames.js');

const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, frame, header, text } = raw;

const [PROTOCOL_ERROR, INVALID_DATA, TOO_BIG] = [1002, 1007, 1009];
const MIB = 1024 * 1024;

/** Text that is not UTF-8. */
const NOT_UTF8 = {
  'an invalid byte': '22ff22',
  'a truncated character': '22c32822',
  'a surrogate': '22eda08022',
  'an overlong encoding': '22c0af22',
};
const bytes = (hex) => Buffer.from(hex, 'hex');

/** A valid payload for an opcode. */
const payload = (opcode) => (opcode === CLOSE ? bytes('03e8') : '{}');

/** A named case for each opcode. */
const forOpcodes = (opcodes, prefix, make) => opcodes.map((opcode) => [`${prefix} ${opcode}`, make(opcode)]);

/** Violations of the protocol, by the close code that the client must send. */
const VIOLATIONS = {
  [INVALID_DATA]: [
    ...Object.entries(NOT_UTF8).flatMap(([defect, hex]) => [
      [`text with ${defect}`, frame(TEXT, bytes(hex))],
      [`text with ${defect}, in fragments`, Buffer.concat(raw.fragments(TEXT, bytes(hex), 3))],
    ]),
    ['text that ends within a character', Buffer.concat(raw.fragments(TEXT, bytes('22e282'), 3))],
    ['a close reason that is not UTF-8', close(1000, bytes('ff'))],
  ],
  [PROTOCOL_ERROR]: [
    ...forOpcodes([TEXT, BINARY, CLOSE, PING, PONG], 'a masked frame of opcode', (opcode) =>
      frame(opcode, payload(opcode), { mask: Buffer.of(1, 2, 3, 4) }),
    ),
    ...forOpcodes([TEXT, BINARY, CLOSE, PING, PONG], 'the first reserved bit at opcode', (opcode) =>
      frame(opcode, payload(opcode), { rsv: 4 }),
    ),
    ['the second reserved bit', frame(TEXT, '{}', { rsv: 2 })],
    ['the third reserved bit', frame(BINARY, '{}', { rsv: 1 })],
    ['all reserved bits', frame(TEXT, '{}', { rsv: 7 })],
    ...forOpcodes([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], 'the unknown opcode', (opcode) => frame(opcode, '{}')),
    ...forOpcodes([CLOSE, PING, PONG], 'a fragment of opcode', (opcode) =>
      frame(opcode, payload(opcode), { fin: false }),
    ),
    ...forOpcodes([CLOSE, PING, PONG], '126 bytes in opcode', (opcode) => frame(opcode, Buffer.alloc(126, 3))),
    ...forOpcodes([CLOSE, PING, PONG], '70,000 bytes in opcode', (opcode) => frame(opcode, Buffer.alloc(70_000, 3))),
    ['a continuation frame without a message', frame(CONTINUATION, '{}')],
    ['a continuation frame without a message, not final', frame(CONTINUATION, '{}', { fin: false })],
    ['a text within a fragmented text', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(TEXT, '{}')])],
    ['a binary frame within a fragmented text', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(BINARY, '{}')])],
    ['a fragment within a fragmented text', Buffer.concat([1, 1].map(() => frame(TEXT, '{', { fin: false })))],
    ['a close frame of one byte', frame(CLOSE, 'x')],
  ],
  [TOO_BIG]: [
    ['a frame of 129 MiB', header(BINARY, 129 * MIB)],
    ['a frame of 2^62 bytes', header(TEXT, 2n ** 62n)],
    // The protocol forbids this length, so 1002 would also be right.
    ['a length with the top bit set', header(TEXT, 2n ** 63n + 5n)],
  ],
};

const VALID_CODES = [1000, 1001, 1003, 1007, 1011, 1012, 3000, 3999, 4000, 4999];
const INVALID_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535];
const LATE = Buffer.concat([text({ type: 'before', n: 'late' }), Buffer.alloc(5000, 'x')]);

/** Close frames, with the close code that the client must send. */
const CLOSES = [
  ['no code', close(), 'empty'],
  ...VALID_CODES.map((code) => [`the valid code ${code}`, close(code, 'why'), code]),
  ...INVALID_CODES.map((code) => [`the invalid code ${code}`, close(code, 'why'), PROTOCOL_ERROR]),
  ['the longest reason', close(1000, 'é'.repeat(61)), 1000],
  ['between fragments', Buffer.concat([frame(TEXT, '{', { fin: false }), close(1001)]), 1001],
  ['with data after it', Buffer.concat([close(1000), LATE]), 1000],
];

/** Sends each frame to a client of its own. Resolves with the outcomes; `expected` is the right close code. */
function outcomesOf(t, cases) {
  const outcome = async ([name, data, expected]) => {
    const result = await runIntoFault(t, (connection) => connection.send(data));
    return [name, { expected, ...result }];
  };
  return Promise.all(cases.map(outcome));
}

const hasRightCode = ({ closeCode, expected }) => closeCode === expected;
const hasRecovered = ({ isReadyAgain, isComplete }) => isReadyAgain && isComplete;

describe('protocol violations', { concurrency: true }, () => {
  guarantee('a protocol violation gets the right close code and one `error` event, and the client reconnects', {
    measure: async (t) => {
      const cases = Object.entries(VIOLATIONS).flatMap(([code, list]) => list.map((one) => [...one, Number(code)]));
      const outcomes = await outcomesOf(t, cases);
      return {
        'right close code': countRight(t, outcomes, hasRightCode),
        'one error event': countRight(t, outcomes, ({ errors, areCoded }) => errors.length === 1 && areCoded),
        'ready again, no event lost': countRight(t, outcomes, hasRecovered),
      };
    },
    check: assertAllRight,
  });

  guarantee('every kind of close frame gets a close frame in return, and the client reconnects', {
    measure: async (t) => {
      const outcomes = await outcomesOf(t, CLOSES);
      return {
        'right close code': countRight(t, outcomes, hasRightCode),
        'ready again, no event lost': countRight(t, outcomes, hasRecovered),
      };
    },
    check: assertAllRight,
  });

  guarantee('a connection that ends, breaks, or falls silent within a message is replaced', {
    measure: async (t) => {
      const half = frame(TEXT, 'half of it', { fin: false });
      const faults = {
        'the end within a frame': (connection) => connection.tcp.end(text({ type: 'before' }).subarray(0, 5)),
        'the end between fragments': (connection) => connection.tcp.end(half),
        'a reset between fragments': (connection) => connection.tcp.write(half, () => connection.tcp.resetAndDestroy()),
        'silence within a frame': (connection) => connection.send(text({ type: 'before' }).subarray(0, 5)),
        'silence between fragments': (connection) => connection.send(half),
        'an HTTP response': (connection) => connection.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
        'a ping that announces 126 bytes': (connection) => connection.send(header(PING, 126)),
        'a ping that announces 100 MiB': (connection) => connection.send(header(PING, 100 * MIB)),
      };
      const options = { clientPingTimeout: 1000, serverPongTimeout: 800 };
      const outcomes = Object.entries(faults).map(async ([name, attack]) => [
        name,
        await runIntoFault(t, attack, options),
      ]);
      return { 'ready again, no event lost': countRight(t, await Promise.all(outcomes), hasRecovered) };
    },
    check: assertAllRight,
  });
});
