// The server's answer to the upgrade request (RFC 6455, section 4.1): one that is none is an error, and the next
// attempt gets through; a good one is taken in whatever form it comes.
'use strict';

const { describe } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { clientOf, next, record } = require('../support/client.js');
const { errorsOf, keepAll, tally, within } = require('../support/faults.js');
const { guarantee } = require('../support/guarantee.js');
const { text, upgradeAnswer, upgradeHeaders } = require('../support/raw-frames.js');
const { scriptedServer } = require('../support/scripted-server.js');

const HELLO = text({ type: 'hello' });
const FIRST = text({ type: 'first' });
const [UPGRADE, CONNECTION, ACCEPT] = [0, 1, 2];

/** A good answer, but for one of its header lines. */
function but(line, replacement) {
  return (request) => {
    const lines = upgradeHeaders(request);
    lines.splice(line, 1, ...(replacement === undefined ? [] : [replacement].flat()));
    return upgradeAnswer(request, lines);
  };
}

/** A good answer with more header lines. */
const and =
  (...lines) =>
  (request) =>
    upgradeAnswer(request, [...upgradeHeaders(request), ...lines]);

/** `count` header lines of `size` bytes. */
const fillers = (count, size) => Array.from({ length: count }, (_, n) => `X-Filler-${n}: ${'x'.repeat(size)}`);

/** What is no answer, or one that the client must refuse. */
const BAD = {
  'a wrong accept key': but(ACCEPT, 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
  'no accept key': but(ACCEPT),
  'no Upgrade header': but(UPGRADE),
  'an upgrade to something else': but(UPGRADE, 'Upgrade: h2c'),
  'no Connection header': but(CONNECTION),
  'an extension that was not asked for': and('Sec-WebSocket-Extensions: permessage-deflate'),
  'a subprotocol that was not asked for': and('Sec-WebSocket-Protocol: chat'),
  'one header of 1 MB': and(...fillers(1, 1_000_000)),
  '1 MB of headers': and(...fillers(1000, 1000)),
  'a 200': () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'a redirect': () => 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
  'a frame': () => HELLO,
  words: () => 'good morning\r\n\r\n',
  'a TLS alert': () => Buffer.from('15030300020228', 'hex'),
  'half an answer': (request) => upgradeAnswer(request).slice(0, 60),
  nothing: () => '',
};

/** Good answers that are not what one expects. */
const GOOD = {
  'frames in the same packet': and(),
  'other letter case': but(UPGRADE, 'UPGRADE: WebSocket'),
  'Connection: keep-alive, Upgrade': but(CONNECTION, 'Connection: keep-alive, Upgrade'),
  'two Connection headers': but(CONNECTION, ['Connection: keep-alive', 'Connection: upgrade']),
  '100 more headers': and(...fillers(100, 20)),
  'one header of 10 kB': and(...fillers(1, 10_000)),
  'a header that is not ASCII': (request) => Buffer.from(and('X-Name: Stra\xdfe')(request), 'latin1'),
  'no reason phrase': (request) => upgradeAnswer(request).replace(' Switching Protocols', ''),
  'a 100 before it': (request) => `HTTP/1.1 100 Continue\r\n\r\n${upgradeAnswer(request)}`,
};

/** Good answers in many packets: how they are cut. */
const CUTS = {
  'single bytes': (answer) => [...answer].map((byte) => Buffer.of(byte)),
  'a line in a packet': (answer) => {
    const lines = answer.toString('latin1').split(/(?<=\n)/);
    return lines.map((line) => Buffer.from(line, 'latin1'));
  },
  'pieces of 50 bytes': (answer) => {
    const count = Math.ceil(answer.length / 50);
    return Array.from({ length: count }, (_, n) => answer.subarray(n * 50, n * 50 + 50));
  },
};

/**
 * A client whose first upgrade is answered by `respond`, and whose later ones are all right.
 * @returns {Promise<{ isReady: boolean, upgrades: number, heard: number, errors: string[], areCoded: boolean }>}
 */
async function meetAnswer(t, respond) {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server);
  const { events } = record(rtm);
  let heard = 0;
  rtm.on('first', () => (heard += 1));
  server.refusals.push((request, tcp) => {
    tcp.setNoDelay(true);
    // The first that the client says is its goodbye.
    tcp.once('data', () => tcp.destroy());
    respond(request, tcp);
  });
  const ready = next(rtm, 'ready');
  const first = next(rtm, 'first');
  rtm.start().catch(() => {});
  const isReady = (await within(ready, null)) !== null;
  if (server.upgrades.length === 1) await within(first, null, 2000);
  return { isReady, upgrades: server.upgrades.length, heard, ...errorsOf(events) };
}

const isTaken = ({ isReady, upgrades, heard }) => isReady && upgrades === 1 && heard === 1;

describe('upgrade', { concurrency: true }, () => {
  guarantee('a malformed response to the upgrade is reported as one error, and the next attempt succeeds', {
    measure: async (t) => {
      const outcomes = Object.entries(BAD).map(async ([name, answer]) => {
        // Had the client taken it, it would be ready by this frame.
        const outcome = await meetAnswer(t, (request, tcp) => {
          tcp.end(Buffer.concat([Buffer.from(answer(request)), HELLO]));
        });
        return [name, outcome];
      });
      const met = await Promise.all(outcomes);
      return {
        'reported as one error': tally(t, met, ({ errors, areCoded }) => errors.length === 1 && areCoded),
        'ready with the next attempt': tally(t, met, ({ isReady, upgrades }) => isReady && upgrades === 2),
      };
    },
    check: keepAll,
  });

  guarantee('a valid response to the upgrade is accepted in every form', {
    measure: async (t) => {
      const behind = Buffer.concat([HELLO, FIRST]);
      const whole = Object.entries(GOOD).map(([name, answer]) => [
        name,
        (request, tcp) => tcp.write(Buffer.concat([Buffer.from(answer(request)), behind])),
      ]);
      const cut = Object.entries(CUTS).map(([name, pieces]) => [
        name,
        async (request, tcp) => {
          const answer = Buffer.from(and(...fillers(70, 10))(request));
          for (const piece of pieces(Buffer.concat([answer, behind]))) {
            tcp.write(piece);
            await turn();
          }
        },
      ]);
      const met = [...whole, ...cut].map(async ([name, respond]) => [name, await meetAnswer(t, respond)]);
      return {
        'valid responses accepted': tally(t, await Promise.all(met), isTaken),
      };
    },
    check: keepAll,
  });
});
