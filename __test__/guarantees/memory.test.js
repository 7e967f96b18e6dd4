// Memory over a long life, of JavaScript's heap and of the whole process, the network side with it: what has been dealt
// with leaves nothing behind. Owns the bulk; that clients which are dropped are collected is ../memory.test.js's.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { errorServers } = require('../support/error-servers.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { SLACK_FRAMES } = require('../support/slack-frames.js');
const { growth } = require('../support/memory-probe.js');

/** A young generation that is small from the start, whose growth nobody takes for the client's. */
const flags = ['--expose-gc', '--max-semi-space-size=1'];
const weighing = require.resolve('../support/memory-probe.js');

/**
 * Runs a process that weighs itself after each tenth of its work, and reports last how much it did.
 * @param {any} t
 * @param {any} server
 * @param {(context: any) => void} code
 * @param {(child: any) => Promise<void>} [drive] what the test does meanwhile
 */
async function weighed(t, server, code, drive, input = {}) {
  const child = inProcess(t, server, code, { input: { weighing, ...input }, flags });
  await drive?.(child);
  const { code: exitCode, signal, stderr, reports } = await child.ended;
  assert.deepEqual([exitCode, signal, stderr], [0, null, '']);
  const { stuck, ...done } = reports.pop();
  return stuck === undefined ? { ...done, ...growth(reports) } : { outcome: `stuck: ${stuck}` };
}

/** What is expected to be done, and the bounds in MB. */
function keepsFlat(done, { heap, rss }) {
  return (figures) => {
    for (const [what, count] of Object.entries(done)) assert.equal(figures[what], count, what);
    for (const [what, bound] of Object.entries({ 'heap growth': heap, 'growth of the process': rss })) {
      assert.ok(parseFloat(figures[what]) < bound, `${what} ${figures[what]}, not less than ${bound} MB`);
    }
  };
}

/** Has a function deal with all frames of the clients'; the server keeps none of them. */
function onFrames(server, deal) {
  server.greet = (socket) => {
    socket.ws.removeAllListeners('message');
    socket.ws.on('message', (data) => deal(socket, JSON.parse(data.toString())));
    socket.hello();
  };
}

const acknowledge = (socket, { id, text }) => socket.send({ ok: true, reply_to: id, ts: `1700000000.${id}`, text });

// Of the 80,000 that are weighed, a leak of 100 bytes each is 8 MB.
guarantee('100,000 acknowledged messages: memory does not grow after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const server = await scriptedServer(t);
    onFrames(server, acknowledge);
    return weighed(t, server, async ({ client, next, report, input }) => {
      const { SILENT_LOGGER: logger, measureMemory } = require(input.weighing);
      const rtm = client({ logger });
      const ready = next(rtm, 'ready');
      await rtm.start();
      await ready;
      let acknowledged = 0;
      let left = 0;
      const talk = async () => {
        while (left > 0) {
          left -= 1;
          const text = `message ${left}`;
          const reply = await rtm.sendMessage(text, 'C01GENERAL');
          if (reply.text === text) acknowledged += 1;
        }
      };
      for (let tenth = 0; tenth < 10; tenth += 1) {
        left = 10_000;
        await Promise.all(Array.from({ length: 500 }, talk));
        report(await measureMemory());
      }
      report({ acknowledged });
      process.exit();
    });
  },
  check: keepsFlat({ acknowledged: 100_000 }, { heap: 0.5, rss: 4 }),
});

/** A thousand of Slack's frames as they stand on the wire, 500 bytes each on average. */
function thousandFrames() {
  const bodies = SLACK_FRAMES.filter(({ reply_to }) => reply_to === undefined);
  const frames = Array.from({ length: 1000 }, (_, n) => {
    const body = { ...bodies[n % bodies.length], client_msg_id: `${n}-${'x'.repeat(300)}` };
    const payload = Buffer.from(JSON.stringify(body));
    assert.ok(payload.length > 125 && payload.length < 65_536, 'a length of two bytes');
    return Buffer.concat([Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]), payload]);
  });
  return Buffer.concat(frames);
}

// Of the 800,000 that are weighed, a leak of 100 bytes each is 80 MB. Buffers of 4 MB come and go.
guarantee('1,000,000 events: memory does not grow after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const server = await scriptedServer(t);
    onFrames(server, acknowledge);
    const thousand = thousandFrames();
    return weighed(
      t,
      server,
      async ({ client, report, input }) => {
        const { SILENT_LOGGER: logger, measureMemory } = require(input.weighing);
        const rtm = client({ logger });
        let heard = 0;
        rtm.on('slack_event', (_, { client_msg_id: id }) => (heard += id === undefined ? 0 : 1));
        for (const name of ['message', 'message::bot_message', 'user_typing']) rtm.on(name, () => {});
        rtm.on('weigh', async () => report(await measureMemory()));
        rtm.on('end', () => {
          report({ heard });
          process.exit();
        });
        await rtm.start();
      },
      async (child) => {
        const socket = await server.nextSocket();
        const { _socket: tcp } = socket.ws;
        for (let tenth = 0; tenth < 10; tenth += 1) {
          for (let n = 0; n < 100; n += 1) await new Promise((resolve) => tcp.write(thousand, resolve));
          socket.send({ type: 'weigh' });
          await child.report();
        }
        socket.send({ type: 'end' });
      },
    );
  },
  check: keepsFlat({ heard: 1_000_000 }, { heap: 0.5, rss: 20 }),
});

// Of the 8,000 that are weighed, a leak of 100 bytes each is 0.8 MB: too little for the process' weight to tell, which
// goes in pages. There the bound is 400 bytes each.
guarantee('10,000 errors of ten kinds: memory does not grow after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const servers = await errorServers(t, onFrames);
    return weighed(t, servers.slack, tenThousandErrors, undefined, servers.urls);
  },
  check: keepsFlat({ errors: 10_000 }, { heap: 0.4, rss: 3.2 }),
});

/** Runs in a process: a hundred errors of each kind a tenth. */
async function tenThousandErrors({ client, next, report, input }) {
  const { SILENT_LOGGER, measureMemory } = require(input.weighing);
  let logged = 0;
  const logger = { ...SILENT_LOGGER, error: () => (logged += 1) };
  const make = (url) => client({ logger, autoReconnect: false, retryConfig: { retries: 0 }, slackApiUrl: url });
  const [talker, other, mute] = [input.slack, input.slack, input.slack].map(make);
  const [refused, doorless, tripping] = [input.refused, input.doorless, input.tripping].map(make);
  const ready = next(talker, 'ready');
  await talker.start();
  await ready;
  const api = (method) => (other.apiCall ? other.apiCall(method) : other.webClient.apiCall(method));
  const each = (fails) => async () => {
    let count = 0;
    for (let n = 0; n < 100; n += 1) await fails().catch(({ code }) => (count += code === undefined ? 0 : 1));
    return count;
  };
  const lives = (rtm) =>
    each(async () => {
      const disconnected = next(rtm, 'disconnected');
      await rtm.start();
      throw (await disconnected)[0];
    });
  const kinds = {
    'messages of a client that is disconnected': each(() => other.send('typing')),
    'refused messages': each(() => talker.sendMessage('x', 'refused')),
    'frames that are not JSON': async () => {
      const before = logged;
      const end = next(talker, 'end');
      talker.sendTyping('broken');
      await end;
      return logged - before;
    },
    'failed calls': each(() => api('fails')),
    'calls of a broken server': each(() => api('breaks')),
    'calls without an answer': each(() => api('hangs.up')),
    'refused starts': each(() => refused.start()),
    'refused sockets': lives(doorless),
    'lost connections': lives(tripping),
    'messages without a reply': async () => {
      const isReady = next(mute, 'ready');
      await mute.start();
      await isReady;
      let got = 0;
      const all = new Promise((resolve) => mute.on('got', () => (got += 1) === 100 && resolve()));
      const settled = Promise.allSettled(Array.from({ length: 100 }, () => mute.sendMessage('x', 'mute')));
      await all;
      mute.removeAllListeners();
      await mute.disconnect();
      return (await settled).filter(({ reason }) => reason?.code).length;
    },
  };
  let errors = 0;
  // What the engine compiles takes its place after some thousands of errors, which come first.
  for (let tenth = -5; tenth < 10; tenth += 1) {
    if (tenth === 0) errors = 0;
    for (const [kind, make] of Object.entries(kinds)) {
      const late = setTimeout(() => {
        report({ stuck: kind });
        process.exit();
      }, 15_000);
      errors += await make();
      clearTimeout(late);
    }
    if (tenth >= 0) report(await measureMemory());
  }
  report({ errors });
  process.exit();
}
