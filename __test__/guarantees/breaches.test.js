// A server that breaks the WebSocket protocol (RFC 6455), or closes in all possible ways: each time it gets the answer
// that the protocol demands, what came before is heard, and a new connection follows.
'use strict';

const { describe } = require('node:test');
const { keepAll, meet, tally } = require('../support/faults.js');
const { guarantee } = require('../support/guarantee.js');
const raw = require('../support/raw-frames.js');

const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close, frame, header, text } = raw;

const [PROTOCOL_ERROR, INVALID_DATA, TOO_BIG] = [1002, 1007, 1009];
const MIB = 1024 * 1024;

/** Text that is not UTF-8: a byte that no character begins with, one cut in two, and what looks like a surrogate. */
const NOT_UTF8 = {
  'a wrong byte': '22ff22',
  'a cut character': '22c32822',
  'a surrogate': '22eda08022',
  'an overlong slash': '22c0af22',
};
const bytes = (hex) => Buffer.from(hex, 'hex');

/** A good payload of an opcode's. */
const payload = (opcode) => (opcode === CLOSE ? bytes('03e8') : '{}');

/** A name for each opcode. */
const named = (opcodes, prefix, make) => opcodes.map((opcode) => [`${prefix} ${opcode}`, make(opcode)]);

/** Whatever breaks the protocol, with the close code of the answer. */
const BREACHES = {
  [INVALID_DATA]: [
    ...Object.entries(NOT_UTF8).flatMap(([what, hex]) => [
      [`text with ${what}`, frame(TEXT, bytes(hex))],
      [`text with ${what}, in fragments`, Buffer.concat(raw.fragments(TEXT, bytes(hex), 3))],
    ]),
    ['text that ends within a character', Buffer.concat(raw.fragments(TEXT, bytes('22e282'), 3))],
    ['a close reason that is not UTF-8', close(1000, bytes('ff'))],
  ],
  [PROTOCOL_ERROR]: [
    ...named([TEXT, BINARY, CLOSE, PING, PONG], 'a masked frame of opcode', (opcode) =>
      frame(opcode, payload(opcode), { mask: Buffer.of(1, 2, 3, 4) }),
    ),
    ...named([TEXT, BINARY, CLOSE, PING, PONG], 'the first reserved bit at opcode', (opcode) =>
      frame(opcode, payload(opcode), { rsv: 4 }),
    ),
    ['the second reserved bit', frame(TEXT, '{}', { rsv: 2 })],
    ['the third reserved bit', frame(BINARY, '{}', { rsv: 1 })],
    ['all reserved bits', frame(TEXT, '{}', { rsv: 7 })],
    ...named([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], 'the unknown opcode', (opcode) => frame(opcode, '{}')),
    ...named([CLOSE, PING, PONG], 'a fragment of opcode', (opcode) => frame(opcode, payload(opcode), { fin: false })),
    ...named([CLOSE, PING, PONG], '126 bytes in opcode', (opcode) => frame(opcode, Buffer.alloc(126, 3))),
    ...named([CLOSE, PING, PONG], '70,000 bytes in opcode', (opcode) => frame(opcode, Buffer.alloc(70_000, 3))),
    ['a continuation of nothing', frame(CONTINUATION, '{}')],
    ['a continuation of nothing, to be continued', frame(CONTINUATION, '{}', { fin: false })],
    ['a text within a fragmented text', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(TEXT, '{}')])],
    ['a binary frame within a fragmented text', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(BINARY, '{}')])],
    ['a fragment within a fragmented text', Buffer.concat([1, 1].map(() => frame(TEXT, '{', { fin: false })))],
    ['a close frame of one byte', frame(CLOSE, 'x')],
  ],
  [TOO_BIG]: [
    ['a frame of 129 MiB', header(BINARY, 129 * MIB)],
    ['a frame of 2^62 bytes', header(TEXT, 2n ** 62n)],
    // The protocol forbids it; so 1002 were right as well.
    ['a length with the top bit set', header(TEXT, 2n ** 63n + 5n)],
  ],
};

const GOOD_CODES = [1000, 1001, 1003, 1007, 1011, 1012, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535];
const LATE = Buffer.concat([text({ type: 'before', n: 'late' }), Buffer.alloc(5000, 'x')]);

/** Close frames, by the close code of the answer. */
const CLOSES = [
  ['none', close(), 'empty'],
  ...GOOD_CODES.map((code) => [`the good code ${code}`, close(code, 'why'), code]),
  ...BAD_CODES.map((code) => [`the bad code ${code}`, close(code, 'why'), PROTOCOL_ERROR]),
  ['the longest reason', close(1000, 'é'.repeat(61)), 1000],
  ['between fragments', Buffer.concat([frame(TEXT, '{', { fin: false }), close(1001)]), 1001],
  ['with data behind it', Buffer.concat([close(1000), LATE]), 1000],
];

/** What clients make of frames, each sent to a client of its own; `expected` is the right close code. */
function outcomesOf(t, cases) {
  const outcome = async ([name, data, expected]) => {
    const met = await meet(t, (peer) => peer.send(data));
    return [name, { expected, ...met }];
  };
  return Promise.all(cases.map(outcome));
}

const isAnswered = ({ answer, expected }) => answer === expected;
const isHealed = ({ isBack, isWhole }) => isBack && isWhole;

describe('breaches', { concurrency: true }, () => {
  guarantee(
    'a protocol violation is answered with its close code and reported as an error, and the client reconnects',
    {
      measure: async (t) => {
        const cases = Object.entries(BREACHES).flatMap(([code, list]) => list.map((one) => [...one, Number(code)]));
        const outcomes = await outcomesOf(t, cases);
        return {
          'answered with the right code': tally(t, outcomes, isAnswered),
          'reported as one error': tally(t, outcomes, ({ errors, areCoded }) => errors.length === 1 && areCoded),
          'ready again, and nothing lost': tally(t, outcomes, isHealed),
        };
      },
      check: keepAll,
    },
  );

  guarantee('a close frame with any content is answered, and the client reconnects', {
    measure: async (t) => {
      const outcomes = await outcomesOf(t, CLOSES);
      return {
        'answered with the right code': tally(t, outcomes, isAnswered),
        'ready again, and nothing lost': tally(t, outcomes, isHealed),
      };
    },
    check: keepAll,
  });

  guarantee('a connection that ends, breaks or falls silent within a message is replaced', {
    measure: async (t) => {
      const half = frame(TEXT, 'half of it', { fin: false });
      const faults = {
        'the end within a frame': (peer) => peer.tcp.end(text({ type: 'before' }).subarray(0, 5)),
        'the end between fragments': (peer) => peer.tcp.end(half),
        'a reset between fragments': (peer) => peer.tcp.write(half, () => peer.tcp.resetAndDestroy()),
        'silence within a frame': (peer) => peer.send(text({ type: 'before' }).subarray(0, 5)),
        'silence between fragments': (peer) => peer.send(half),
        'an answer of HTTP': (peer) => peer.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
        'a ping that promises 126 bytes': (peer) => peer.send(header(PING, 126)),
        'a ping that promises 100 MiB': (peer) => peer.send(header(PING, 100 * MIB)),
      };
      const options = { clientPingTimeout: 1000, serverPongTimeout: 800 };
      const outcomes = Object.entries(faults).map(async ([name, attack]) => [name, await meet(t, attack, options)]);
      return { 'ready again, and nothing lost': tally(t, await Promise.all(outcomes), isHealed) };
    },
    check: keepAll,
  });
});
