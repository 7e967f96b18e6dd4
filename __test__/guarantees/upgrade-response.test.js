// The server's response to the upgrade request (RFC 6455, section 4.1). An invalid response is an error, and the next attempt
// succeeds. A valid response is accepted in every form.
'use strict';

const { describe } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { clientOf, next, record } = require('../support/client.js');
const { assertAllRight, countRight, errorsOf, within } = require('../support/server-faults.js');
const { guarantee } = require('../support/guarantee.js');
const { text, upgradeHeaders, upgradeResponse } = require('../support/raw-frames.js');
const { scriptedServer } = require('../support/scripted-server.js');

const HELLO = text({ type: 'hello' });
const FIRST = text({ type: 'first' });
const [UPGRADE, CONNECTION, ACCEPT] = [0, 1, 2];

/** A valid response, with one header line replaced. */
function replacing(line, replacement) {
  return (request) => {
    const lines = upgradeHeaders(request);
    lines.splice(line, 1, ...(replacement === undefined ? [] : [replacement].flat()));
    return upgradeResponse(request, lines);
  };
}

/** A valid response with additional header lines. */
const adding =
  (...lines) =>
  (request) =>
    upgradeResponse(request, [...upgradeHeaders(request), ...lines]);

/** `count` header lines of `size` bytes. */
const fillers = (count, size) => Array.from({ length: count }, (_, n) => `X-Filler-${n}: ${'x'.repeat(size)}`);

/** Responses that the client must refuse. */
const INVALID = {
  'a wrong accept key': replacing(ACCEPT, 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
  'no accept key': replacing(ACCEPT),
  'no Upgrade header': replacing(UPGRADE),
  'an upgrade to something else': replacing(UPGRADE, 'Upgrade: h2c'),
  'no Connection header': replacing(CONNECTION),
  'an extension that was not requested': adding('Sec-WebSocket-Extensions: permessage-deflate'),
  'a subprotocol that was not requested': adding('Sec-WebSocket-Protocol: chat'),
  'one header of 1 MB': adding(...fillers(1, 1_000_000)),
  '1 MB of headers': adding(...fillers(1000, 1000)),
  'a 200': () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'a redirect': () => 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
  'a frame': () => HELLO,
  'plain text': () => 'good morning\r\n\r\n',
  'a TLS alert': () => Buffer.from('15030300020228', 'hex'),
  'half a response': (request) => upgradeResponse(request).slice(0, 60),
  nothing: () => '',
};

/** Unusual, but valid responses. */
const VALID = {
  'frames in the same packet': adding(),
  'other letter case': replacing(UPGRADE, 'UPGRADE: WebSocket'),
  'Connection: keep-alive, Upgrade': replacing(CONNECTION, 'Connection: keep-alive, Upgrade'),
  'two Connection headers': replacing(CONNECTION, ['Connection: keep-alive', 'Connection: upgrade']),
  '100 more headers': adding(...fillers(100, 20)),
  'one header of 10 kB': adding(...fillers(1, 10_000)),
  'a header that is not ASCII': (request) => Buffer.from(adding('X-Name: Stra\xdfe')(request), 'latin1'),
  'no reason phrase': (request) => upgradeResponse(request).replace(' Switching Protocols', ''),
  'a 100 before it': (request) => `HTTP/1.1 100 Continue\r\n\r\n${upgradeResponse(request)}`,
};

/** Ways to split a valid response into packets. */
const SPLITS = {
  'single bytes': (response) => [...response].map((byte) => Buffer.of(byte)),
  'one line in each packet': (response) => {
    const lines = response.toString('latin1').split(/(?<=\n)/);
    return lines.map((line) => Buffer.from(line, 'latin1'));
  },
  'pieces of 50 bytes': (response) => {
    const count = Math.ceil(response.length / 50);
    return Array.from({ length: count }, (_, n) => response.subarray(n * 50, n * 50 + 50));
  },
};

/**
 * `respond` responds to the client's first upgrade request. Later upgrades succeed.
 * @returns {Promise<{ isReady: boolean, upgrades: number, received: number, errors: string[], areCoded: boolean }>}
 */
async function runWithResponse(t, respond) {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server);
  const { events } = record(rtm);
  let received = 0;
  rtm.on('first', () => (received += 1));
  server.refusals.push((request, tcp) => {
    tcp.setNoDelay(true);
    // If the client sends anything, it is its close frame.
    tcp.once('data', () => tcp.destroy());
    respond(request, tcp);
  });
  const ready = next(rtm, 'ready');
  const first = next(rtm, 'first');
  rtm.start().catch(() => {});
  const isReady = (await within(ready, null)) !== null;
  if (server.upgrades.length === 1) await within(first, null, 2000);
  return { isReady, upgrades: server.upgrades.length, received, ...errorsOf(events) };
}

const isAccepted = ({ isReady, upgrades, received }) => isReady && upgrades === 1 && received === 1;

describe('the upgrade response', { concurrency: true }, () => {
  guarantee('an invalid upgrade response causes one `error` event, and the next attempt succeeds', {
    measure: async (t) => {
      const outcomes = Object.entries(INVALID).map(async ([name, respond]) => {
        // If the client accepted the response, this hello would make it ready.
        const outcome = await runWithResponse(t, (request, tcp) => {
          tcp.end(Buffer.concat([Buffer.from(respond(request)), HELLO]));
        });
        return [name, outcome];
      });
      const all = await Promise.all(outcomes);
      return {
        'one error event': countRight(t, all, ({ errors, areCoded }) => errors.length === 1 && areCoded),
        'ready after the next attempt': countRight(t, all, ({ isReady, upgrades }) => isReady && upgrades === 2),
      };
    },
    check: assertAllRight,
  });

  guarantee('a valid upgrade response is accepted in every form', {
    measure: async (t) => {
      const frames = Buffer.concat([HELLO, FIRST]);
      const whole = Object.entries(VALID).map(([name, respond]) => [
        name,
        (request, tcp) => tcp.write(Buffer.concat([Buffer.from(respond(request)), frames])),
      ]);
      const split = Object.entries(SPLITS).map(([name, pieces]) => [
        name,
        async (request, tcp) => {
          const response = Buffer.from(adding(...fillers(70, 10))(request));
          for (const piece of pieces(Buffer.concat([response, frames]))) {
            tcp.write(piece);
            await turn();
          }
        },
      ]);
      const all = [...whole, ...split].map(async ([name, respond]) => [name, await runWithResponse(t, respond)]);
      return { 'valid responses accepted': countRight(t, await Promise.all(all), isAccepted) };
    },
    check: assertAllRight,
  });
});
