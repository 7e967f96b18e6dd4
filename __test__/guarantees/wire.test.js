// Frames of unusual size, number and cut: all of them arrive, what they took of memory comes back, and what is over
// maxFrameBytes ends the connection with an error that says so.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { describe } = require('node:test');
const { inProcess } = require('../support/child.js');
const { clientOf, isSlackRtmApi, next } = require('../support/client.js');
const { keepAll, meet, tally, within } = require('../support/faults.js');
const { guarantee } = require('../support/guarantee.js');
const raw = require('../support/raw-frames.js');
const { scriptedServer } = require('../support/scripted-server.js');

const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, fragments, frame, header, rawPeer, text } = raw;

const MB = 1024 * 1024;
const HELLO = text({ type: 'hello' });
const END = text({ type: 'end' });
const GOODBYE = raw.close(4000);

/** Memory that may be kept where none should be: other parts of a process need some now and then. */
const LITTLE = 24 * MB;

/** For what may take its time, and is answered by no pong. */
const NO_KEEPALIVE = isSlackRtmApi ? {} : { clientPingTimeout: 0 };

const inMb = (bytes) => `${Math.round(bytes / MB)} MB`;

/** The server's end of a client's first connection, after `hello`. */
function firstPeer(server) {
  return new Promise((resolve) => {
    server.refusals.push(
      rawPeer((peer) => {
        peer.send(HELLO);
        // The goodbye of a client that is done.
        peer.closeCode.then(() => peer.tcp.destroy());
        resolve(peer);
      }),
    );
  });
}

/**
 * A client in a process of its own, which tells of each `small` and `large` event; at `end`, and when the connection is
 * lost, of its memory (the most of it so far, and what is left of it); and when it is ready again.
 * @param {import('node:test').TestContext} t
 * @param {Record<string, any>} [options] the client's
 */
async function watched(t, options) {
  const server = await scriptedServer(t);
  const peer = firstPeer(server);
  const child = inProcess(
    t,
    server,
    async ({ client, next, report, input }) => {
      const { createHash } = require('node:crypto');
      let most = 0;
      const sample = () => (most = Math.max(most, process.memoryUsage.rss()));
      setInterval(sample, 10).unref();
      const tell = async (what) => {
        sample();
        for (let round = 0; round < 5; round += 1) {
          global.gc();
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        report({ what, most, now: process.memoryUsage.rss() });
      };
      const rtm = client(input);
      rtm.on('error', () => {});
      rtm.on('small', () => report({ what: 'small' }));
      rtm.on('large', ({ text }) => report({ what: 'large', hash: createHash('sha256').update(text).digest('hex') }));
      await Promise.all([next(rtm, 'hello'), rtm.start()]);
      await tell('hello');
      rtm.on('end', () => tell('end'));
      rtm.once('reconnecting', async () => {
        const ready = next(rtm, 'ready');
        await tell('lost');
        await ready;
        report({ what: 'ready' });
      });
    },
    { flags: ['--expose-gc'], input: options },
  );
  const report = () => within(child.report(), { what: 'nothing' });
  return { before: await report(), peer: await peer, report };
}

describe('wire', { concurrency: true }, () => {
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
      const { peer, before, report } = await watched(t, NO_KEEPALIVE);
      const outcomes = [];
      for (const [name, pieces] of Object.entries(ways)) {
        await peer.stream(pieces);
        outcomes.push([name, await report()]);
      }
      // Ordinary traffic: one frame after the other.
      let last = { what: 'small' };
      for (let round = 0; round < 100 && last.what === 'small'; round += 1) {
        peer.send(text({ type: 'small', text: 'x'.repeat(1000) }));
        last = await report();
      }
      peer.send(END);
      const { now } = await report();
      return {
        'messages of 64 MB that arrived unchanged': tally(t, outcomes, (outcome) => outcome.hash === hash),
        'memory that remains': inMb(now - before.now),
      };
    },
    check: (figures) => {
      assert.equal(figures['messages of 64 MB that arrived unchanged'], '4 of 4');
      assert.ok(parseInt(figures['memory that remains'], 10) * MB < LITTLE, JSON.stringify(figures));
    },
  });

  guarantee('single bytes, 10,000 fragments, 10,000 empty frames, pings in between: all messages arrive in order', {
    measure: async (t) => {
      const ways = {
        'in single bytes': (peer, opcode, json) => peer.bytewise(frame(opcode, json)),
        'in 10,000 fragments': (peer, opcode, json) => peer.stream(fragments(opcode, json, 10_000)),
        'in fragments with pings': (peer, opcode, json) => peer.stream(fragments(opcode, json, 50, frame(PING, '?'))),
        'behind 10,000 empty fragments': (peer, opcode, json) => {
          const empty = Array(10_000).fill(frame(CONTINUATION, '', { fin: false }));
          peer.send(frame(opcode, '', { fin: false }), ...empty, frame(CONTINUATION, json));
        },
        'with a longer length than needed': (peer, opcode, json) => peer.send(frame(opcode, json, { size: 9 })),
        'behind 10,000 empty frames': (peer, opcode, json) =>
          peer.send(...Array(10_000).fill(frame(opcode)), frame(opcode, json)),
        'behind pongs that nobody asked for': (peer, opcode, json) =>
          peer.send(frame(PONG), frame(PONG, 'x'.repeat(125)), frame(opcode, json)),
      };
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      const peerThere = firstPeer(server);
      const events = [];
      rtm.on('it', (event) => events.push(event));
      const end = next(rtm, 'end');
      rtm.start().catch(() => {});
      const peer = await peerThere;
      const sent = [];
      for (const [way, write] of Object.entries(ways)) {
        for (const opcode of [TEXT, BINARY]) {
          const event = { type: 'it', way, opcode, text: 'é€😀x'.repeat(1500) };
          sent.push([`${way}, opcode ${opcode}`, event]);
          await write(peer, opcode, JSON.stringify(event));
        }
      }
      peer.send(END);
      await within(end);
      const outcomes = sent.map(([name, event], index) => {
        return [name, { isRight: JSON.stringify(events[index]) === JSON.stringify(event) }];
      });
      return { 'messages that arrived, in order': tally(t, outcomes, ({ isRight }) => isRight) };
    },
    check: keepAll,
  });

  guarantee('100,000 pings in a row are answered in order, and the connection stays open', {
    measure: async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      const peerThere = firstPeer(server);
      rtm.start().catch(() => {});
      const peer = await peerThere;
      const end = next(rtm, 'end');
      const count = 100_000;
      const pings = Array.from({ length: count / 1000 }, (_, thousand) =>
        Buffer.concat(Array.from({ length: 1000 }, (__, n) => frame(PING, String(thousand * 1000 + n)))),
      );
      await peer.stream([...pings, END]);
      const isThere = (await within(end, null)) !== null;
      // Of pings that come together, the last one is all that must be answered (RFC 6455, section 5.5.3).
      let answered = 0;
      let last = -1;
      let inOrder = true;
      while (last < count - 1) {
        const pong = await within(peer.next(), undefined, 5000);
        if (pong === undefined || pong.opcode === CLOSE) break;
        if (pong.opcode !== PONG) continue;
        inOrder &&= Number(pong.payload) > last;
        last = Number(pong.payload);
        answered += 1;
      }
      t.diagnostic(`${answered} pongs`);
      return {
        'the last ping': last === count - 1 && inOrder ? 'answered' : 'not answered',
        'the connection': isThere && server.upgrades.length === 1 ? 'stays' : 'is lost',
      };
    },
    check: (figures) => assert.deepEqual(figures, { 'the last ping': 'answered', 'the connection': 'stays' }),
  });

  guarantee('a server that sends 500,000 pings and reads no pong does not fill the memory', {
    measure: async (t) => {
      const { peer, before, report } = await watched(t, NO_KEEPALIVE);
      peer.tcp.pause();
      const thousand = Buffer.concat(Array(1000).fill(frame(PING, 'x'.repeat(125))));
      const pings = peer.stream(Array(500).fill(thousand));
      // Until all of them are out, or the client takes no more of them.
      await within(pings, undefined, 3000);
      // What it answers now is not looked at.
      peer.tcp.removeAllListeners('data').resume();
      await pings;
      peer.send(END);
      const { what, most } = await report();
      return { 'memory growth': what === 'end' ? inMb(most - before.most) : `no figure: ${what}` };
    },
    check: (figures) => assert.ok(parseInt(figures['memory growth'], 10) * MB < LITTLE, JSON.stringify(figures)),
  });

  guarantee('a header that announces 2^62 bytes, or 100 MB that never arrive, uses no memory', {
    measure: async (t) => {
      const outcome = async (length) => {
        const { peer, before, report } = await watched(t, { clientPingTimeout: 1000, serverPongTimeout: 800 });
        peer.send(header(TEXT, length));
        const lost = await report();
        const { what } = await report();
        return [`${length} bytes`, { what, grownBy: lost.most - before.most }];
      };
      const outcomes = await Promise.all([2n ** 62n, 100 * MB].map(outcome));
      return {
        'ready again': tally(t, outcomes, ({ what }) => what === 'ready'),
        'memory growth': inMb(Math.max(...outcomes.map(([, { grownBy }]) => grownBy))),
      };
    },
    check: (figures) => {
      assert.equal(figures['ready again'], '2 of 2');
      assert.ok(parseInt(figures['memory growth'], 10) * MB < LITTLE, JSON.stringify(figures));
    },
  });

  guarantee('a frame over maxFrameBytes closes the connection with code 1009 and an error that names the option', {
    slackRtmApi: 'has no such option: ws takes up to 100 MiB',
    measure: async (t) => {
      const limit = 1_000_000;
      /** JSON of so many bytes, in all ways; `one` makes what is in one frame. */
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
          return [name, await meet(t, (peer) => peer.stream(pieces), { maxFrameBytes: limit })];
        };
        return Promise.all(cases.map(outcome));
      };
      const tells = (error) => ['maxFrameBytes', `${limit}`, `${limit + 1}`].every((word) => error.includes(word));
      // The client needs to see no more of it; what it leaves unread could cost the server the close frame.
      const over = await outcomes(ways(limit + 1, (opcode) => header(opcode, limit + 1)));
      const whole = await outcomes([['sent whole', [frame(TEXT, ' '.repeat(limit + 1))]]]);
      // With a close frame of the server's behind it.
      const taken = await outcomes(
        [limit, limit - 1].flatMap((size) => ways(size, frame)).map(([name, pieces]) => [name, [...pieces, GOODBYE]]),
      );
      return {
        'over the limit: closed with 1009': tally(t, over, ({ answer }) => answer === 1009),
        'error names the option, then ready again': tally(
          t,
          [...over, ...whole],
          ({ errors, isBack, isWhole }) => errors.length === 1 && tells(errors[0]) && isBack && isWhole,
        ),
        // One event more than usual was heard.
        'at the limit, or one below: accepted': tally(
          t,
          taken,
          ({ answer, errors, isWhole }) => answer === 4000 && errors.length === 0 && !isWhole,
        ),
      };
    },
    check: keepAll,
  });
});
