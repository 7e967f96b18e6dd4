// Frames of unusual size and number, and unusual fragments: all of them arrive, and their memory is released. A frame above
// maxFrameBytes ends the connection with an error that names the option.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { describe } = require('node:test');
const { inProcess } = require('../support/child.js');
const { clientOf, isSlackRtmApi, next } = require('../support/client.js');
const { assertAllRight, countRight, runIntoFault, within } = require('../support/server-faults.js');
const { guarantee } = require('../support/guarantee.js');
const raw = require('../support/raw-frames.js');
const { scriptedServer } = require('../support/scripted-server.js');

const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, fragments, frame, header, rawConnection, text } = raw;

const MB = 1024 * 1024;
const HELLO = text({ type: 'hello' });
const END = text({ type: 'end' });
const CLOSE_4000 = raw.close(4000);

/** Tolerance for memory that should not grow: other parts of the process need some. */
const MEMORY_TOLERANCE = 24 * MB;

/** For slow traffic from a server that does not answer pings. */
const NO_KEEPALIVE = isSlackRtmApi ? {} : { clientPingTimeout: 0 };

const inMb = (bytes) => `${Math.round(bytes / MB)} MB`;

/** Resolves with the server's end of a client's first connection, after `hello`. */
function firstConnection(server) {
  return new Promise((resolve) => {
    server.refusals.push(
      rawConnection((connection) => {
        connection.send(HELLO);
        // The client closes the connection when the test ends.
        connection.closeCode.then(() => connection.tcp.destroy());
        resolve(connection);
      }),
    );
  });
}

/**
 * Starts a client in a process of its own. It reports each `small` and `large` event, its memory at `end` and when the connection is
 * lost (the peak so far, and the memory after garbage collection), and when it is ready again.
 * @param {import('node:test').TestContext} t
 * @param {Record<string, any>} [options] of the client
 */
async function startClient(t, options) {
  const server = await scriptedServer(t);
  const connection = firstConnection(server);
  const child = inProcess(
    t,
    server,
    async ({ client, next, report, input }) => {
      const { createHash } = require('node:crypto');
      let peak = 0;
      const sample = () => (peak = Math.max(peak, process.memoryUsage.rss()));
      setInterval(sample, 10).unref();
      const reportMemory = async (what) => {
        sample();
        for (let round = 0; round < 5; round += 1) {
          global.gc();
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        report({ what, peak, now: process.memoryUsage.rss() });
      };
      const rtm = client(input);
      rtm.on('error', () => {});
      rtm.on('small', () => report({ what: 'small' }));
      rtm.on('large', ({ text }) => report({ what: 'large', hash: createHash('sha256').update(text).digest('hex') }));
      await Promise.all([next(rtm, 'hello'), rtm.start()]);
      await reportMemory('hello');
      rtm.on('end', () => reportMemory('end'));
      rtm.once('reconnecting', async () => {
        const ready = next(rtm, 'ready');
        await reportMemory('lost');
        await ready;
        report({ what: 'ready' });
      });
    },
    { flags: ['--expose-gc'], input: options },
  );
  const report = () => within(child.report(), { what: 'nothing' });
  return { before: await report(), connection: await connection, report };
}

describe('unusual frames', { concurrency: true }, () => {
  guarantee('frames of 64 MB and messages of 10,000 fragments arrive unchanged, and their memory is released', {
    measure: async (t) => {
      const large = 'é€😀x'.repeat((64 * MB) / 10);
      const hash = createHash('sha256').update(large).digest('hex');
      const message = JSON.stringify({ type: 'large', text: large });
      const ways = {
        'text in 10,000 fragments': fragments(TEXT, message, 10_000),
        'binary in 1000 fragments with pings between': fragments(BINARY, message, 1000, frame(PING, 'between')),
        'a binary frame': [frame(BINARY, message)],
        'a text frame': [frame(TEXT, message)],
      };
      const { connection, before, report } = await startClient(t, NO_KEEPALIVE);
      const outcomes = [];
      for (const [name, pieces] of Object.entries(ways)) {
        await connection.stream(pieces);
        outcomes.push([name, await report()]);
      }
      // Ordinary traffic: one frame after the other.
      let last = { what: 'small' };
      for (let round = 0; round < 100 && last.what === 'small'; round += 1) {
        connection.send(text({ type: 'small', text: 'x'.repeat(1000) }));
        last = await report();
      }
      connection.send(END);
      const { now } = await report();
      return {
        'messages of 64 MB that arrived unchanged': countRight(t, outcomes, (outcome) => outcome.hash === hash),
        'memory kept after them': inMb(now - before.now),
      };
    },
    check: (figures) => {
      assert.equal(figures['messages of 64 MB that arrived unchanged'], '4 of 4');
      assert.ok(parseInt(figures['memory kept after them'], 10) * MB < MEMORY_TOLERANCE, JSON.stringify(figures));
    },
  });

  guarantee(
    'messages in single bytes, in 10,000 fragments, after 10,000 empty frames or with pings in between arrive',
    {
      measure: async (t) => {
        const ways = {
          'in single bytes': (connection, opcode, json) => connection.sendBytewise(frame(opcode, json)),
          'in 10,000 fragments': (connection, opcode, json) => connection.stream(fragments(opcode, json, 10_000)),
          'in fragments with pings': (connection, opcode, json) =>
            connection.stream(fragments(opcode, json, 50, frame(PING, '?'))),
          'after 10,000 empty fragments': (connection, opcode, json) => {
            const empty = Array(10_000).fill(frame(CONTINUATION, '', { fin: false }));
            connection.send(frame(opcode, '', { fin: false }), ...empty, frame(CONTINUATION, json));
          },
          'with a longer length field than needed': (connection, opcode, json) =>
            connection.send(frame(opcode, json, { size: 9 })),
          'after 10,000 empty frames': (connection, opcode, json) =>
            connection.send(...Array(10_000).fill(frame(opcode)), frame(opcode, json)),
          'after unsolicited pongs': (connection, opcode, json) =>
            connection.send(frame(PONG), frame(PONG, 'x'.repeat(125)), frame(opcode, json)),
        };
        const server = await scriptedServer(t);
        const rtm = clientOf(t, server);
        const connected = firstConnection(server);
        const events = [];
        rtm.on('it', (event) => events.push(event));
        const end = next(rtm, 'end');
        rtm.start().catch(() => {});
        const connection = await connected;
        const sent = [];
        for (const [way, write] of Object.entries(ways)) {
          for (const opcode of [TEXT, BINARY]) {
            const event = { type: 'it', way, opcode, text: 'é€😀x'.repeat(1500) };
            sent.push([`${way}, opcode ${opcode}`, event]);
            await write(connection, opcode, JSON.stringify(event));
          }
        }
        connection.send(END);
        await within(end);
        const outcomes = sent.map(([name, event], index) => {
          return [name, { isRight: JSON.stringify(events[index]) === JSON.stringify(event) }];
        });
        return { 'messages that arrived in order': countRight(t, outcomes, ({ isRight }) => isRight) };
      },
      check: assertAllRight,
    },
  );

  guarantee('100,000 pings in a row are answered in order, and the connection stays open', {
    measure: async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      const connected = firstConnection(server);
      rtm.start().catch(() => {});
      const connection = await connected;
      const end = next(rtm, 'end');
      const count = 100_000;
      const pings = Array.from({ length: count / 1000 }, (_, thousand) =>
        Buffer.concat(Array.from({ length: 1000 }, (__, n) => frame(PING, String(thousand * 1000 + n)))),
      );
      await connection.stream([...pings, END]);
      const hasEnd = (await within(end, null)) !== null;
      // Of several pings that arrive together, only the last must be answered (RFC 6455, section 5.5.3).
      let answered = 0;
      let last = -1;
      let inOrder = true;
      while (last < count - 1) {
        const pong = await within(connection.next(), undefined, 5000);
        if (pong === undefined || pong.opcode === CLOSE) break;
        if (pong.opcode !== PONG) continue;
        inOrder &&= Number(pong.payload) > last;
        last = Number(pong.payload);
        answered += 1;
      }
      t.diagnostic(`${answered} pongs`);
      return {
        'last ping': last === count - 1 && inOrder ? 'answered' : 'not answered',
        connection: hasEnd && server.upgrades.length === 1 ? 'stays open' : 'is lost',
      };
    },
    check: (figures) => assert.deepEqual(figures, { 'last ping': 'answered', connection: 'stays open' }),
  });

  guarantee('500,000 pings from a server that reads no pongs do not fill the memory', {
    measure: async (t) => {
      const { connection, before, report } = await startClient(t, NO_KEEPALIVE);
      connection.tcp.pause();
      const thousand = Buffer.concat(Array(1000).fill(frame(PING, 'x'.repeat(125))));
      const pings = connection.stream(Array(500).fill(thousand));
      // Waits until all are written, or the client stops reading.
      await within(pings, undefined, 3000);
      // Reads and discards the pongs from now on.
      connection.tcp.removeAllListeners('data').resume();
      await pings;
      connection.send(END);
      const { what, peak } = await report();
      return { 'memory grows by': what === 'end' ? inMb(peak - before.peak) : `not measured (${what})` };
    },
    check: (figures) =>
      assert.ok(parseInt(figures['memory grows by'], 10) * MB < MEMORY_TOLERANCE, JSON.stringify(figures)),
  });

  guarantee('a frame header that announces 2^62 bytes, or 100 MB that never arrive, takes no memory', {
    measure: async (t) => {
      const outcome = async (length) => {
        const options = { clientPingTimeout: 1000, serverPongTimeout: 800 };
        const { connection, before, report } = await startClient(t, options);
        connection.send(header(TEXT, length));
        const lost = await report();
        const { what } = await report();
        return [`${length} bytes`, { what, growth: lost.peak - before.peak }];
      };
      const outcomes = await Promise.all([2n ** 62n, 100 * MB].map(outcome));
      return {
        'ready again': countRight(t, outcomes, ({ what }) => what === 'ready'),
        'memory grows by': inMb(Math.max(...outcomes.map(([, { growth }]) => growth))),
      };
    },
    check: (figures) => {
      assert.equal(figures['ready again'], '2 of 2');
      assert.ok(parseInt(figures['memory grows by'], 10) * MB < MEMORY_TOLERANCE, JSON.stringify(figures));
    },
  });

  guarantee('a frame above maxFrameBytes closes the connection with code 1009 and an error that names the option', {
    unsupported: 'it has no such option; ws accepts up to 100 MiB',
    measure: async (t) => {
      const limit = 1_000_000;
      /** JSON of this size, sent in all ways. `one` creates the bytes of the way with a single frame. */
      const ways = (size, one) => {
        const json = JSON.stringify({ type: 'before', n: 4 }).padEnd(size);
        return [TEXT, BINARY].flatMap((opcode) => [
          [`opcode ${opcode}, ${size} bytes, 1 frame`, [one(opcode, json)]],
          [`opcode ${opcode}, ${size} bytes, 2 fragments`, fragments(opcode, json, 2)],
          [`opcode ${opcode}, ${size} bytes, 1000 fragments`, fragments(opcode, json, 1000)],
        ]);
      };
      const outcomes = (cases) => {
        const outcome = async ([name, pieces]) => {
          return [name, await runIntoFault(t, (connection) => connection.stream(pieces), { maxFrameBytes: limit })];
        };
        return Promise.all(cases.map(outcome));
      };
      const isNamed = (error) => ['maxFrameBytes', `${limit}`, `${limit + 1}`].every((word) => error.includes(word));
      // Only the header: unread data could prevent the close frame from reaching the server.
      const over = await outcomes(ways(limit + 1, (opcode) => header(opcode, limit + 1)));
      const whole = await outcomes([['sent whole', [frame(TEXT, ' '.repeat(limit + 1))]]]);
      // A close frame of the server follows.
      const accepted = await outcomes(
        [limit, limit - 1]
          .flatMap((size) => ways(size, frame))
          .map(([name, pieces]) => [name, [...pieces, CLOSE_4000]]),
      );
      return {
        'above the limit, closed with 1009': countRight(t, over, ({ closeCode }) => closeCode === 1009),
        'error that names the option, then ready again': countRight(
          t,
          [...over, ...whole],
          ({ errors, isReadyAgain, isComplete }) =>
            errors.length === 1 && isNamed(errors[0]) && isReadyAgain && isComplete,
        ),
        // The event of the accepted frame comes in addition to those that `isComplete` expects.
        'at the limit or one byte below, accepted': countRight(
          t,
          accepted,
          ({ closeCode, errors, isComplete }) => closeCode === 4000 && errors.length === 0 && !isComplete,
        ),
      };
    },
    check: assertAllRight,
  });
});
