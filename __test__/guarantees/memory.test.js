// The memory of a long-running client: JavaScript's heap and the whole process, including native code. Handled messages, events
// and errors leave nothing behind. ../memory.test.js tests that unused clients are garbage-collected.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { errorServers } = require('../support/error-servers.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { SLACK_FRAMES } = require('../support/slack-frames.js');
const { growth } = require('../support/memory-probe.js');

/** A small young generation from the start, so that its growth is not mistaken for the client's. */
const flags = ['--expose-gc', '--max-semi-space-size=1'];
const memoryProbe = require.resolve('../support/memory-probe.js');

/**
 * Runs a process that reports its memory after each tenth of its work, and finally the amount of its work.
 * @param {any} t
 * @param {any} server
 * @param {(context: any) => void} code
 * @param {(child: any) => Promise<void>} [drive] runs in the test at the same time
 */
async function measureGrowth(t, server, code, drive, input = {}) {
  const child = inProcess(t, server, code, { input: { memoryProbe, ...input }, flags });
  await drive?.(child);
  const { code: exitCode, signal, stderr, reports } = await child.ended;
  assert.deepEqual([exitCode, signal, stderr], [0, null, '']);
  const { hanging, ...done } = reports.pop();
  return hanging === undefined ? { ...done, ...growth(reports) } : { outcome: `hangs: ${hanging}` };
}

/** Checks the amount of work, and the growth of the memory against the limits in MB. */
function checkFlat(done, { heap, rss }) {
  return (figures) => {
    for (const [name, count] of Object.entries(done)) assert.equal(figures[name], count, name);
    for (const [name, limit] of Object.entries({ 'heap grows by': heap, 'process grows by': rss })) {
      assert.ok(parseFloat(figures[name]) < limit, `${name} ${figures[name]}, not less than ${limit} MB`);
    }
  };
}

/** Passes all frames of the clients to a function. The server stores none of them. */
function onFrames(server, handle) {
  server.greet = (socket) => {
    socket.ws.removeAllListeners('message');
    socket.ws.on('message', (data) => handle(socket, JSON.parse(data.toString())));
    socket.hello();
  };
}

const acknowledge = (socket, { id, text }) => socket.send({ ok: true, reply_to: id, ts: `1700000000.${id}`, text });

// 80,000 messages are measured: a leak of 100 bytes for each is 8 MB.
guarantee('100,000 acknowledged messages: memory is flat after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const server = await scriptedServer(t);
    onFrames(server, acknowledge);
    return measureGrowth(t, server, async ({ client, next, report, input }) => {
      const { SILENT_LOGGER: logger, measureMemory } = require(input.memoryProbe);
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
  check: checkFlat({ acknowledged: 100_000 }, { heap: 0.5, rss: 4 }),
});

/** A thousand Slack events as WebSocket frames, 500 bytes each on average. */
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

// 800,000 events are measured: a leak of 100 bytes for each is 80 MB. The limit allows for buffers of 4 MB.
guarantee('1,000,000 events: memory is flat after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const server = await scriptedServer(t);
    onFrames(server, acknowledge);
    const thousand = thousandFrames();
    return measureGrowth(
      t,
      server,
      async ({ client, report, input }) => {
        const { SILENT_LOGGER: logger, measureMemory } = require(input.memoryProbe);
        const rtm = client({ logger });
        let events = 0;
        rtm.on('slack_event', (_, { client_msg_id: id }) => (events += id === undefined ? 0 : 1));
        for (const name of ['message', 'message::bot_message', 'user_typing']) rtm.on(name, () => {});
        rtm.on('measure', async () => report(await measureMemory()));
        rtm.on('end', () => {
          report({ events });
          process.exit();
        });
        await rtm.start();
      },
      async (child) => {
        const socket = await server.nextSocket();
        const { _socket: tcp } = socket.ws;
        for (let tenth = 0; tenth < 10; tenth += 1) {
          for (let n = 0; n < 100; n += 1) await new Promise((resolve) => tcp.write(thousand, resolve));
          socket.send({ type: 'measure' });
          await child.report();
        }
        socket.send({ type: 'end' });
      },
    );
  },
  check: checkFlat({ events: 1_000_000 }, { heap: 0.5, rss: 20 }),
});

// 8,000 errors are measured: a leak of 100 bytes for each is 0.8 MB. The memory of the process is counted in pages, which is too
// coarse for that, so its limit is 400 bytes for each.
guarantee('10,000 errors of ten kinds: memory is flat after the warm-up', {
  timeout: 90_000,
  async measure(t) {
    const servers = await errorServers(t, onFrames);
    return measureGrowth(t, servers.slack, tenThousandErrors, undefined, servers.urls);
  },
  check: checkFlat({ errors: 10_000 }, { heap: 0.4, rss: 3.2 }),
});

/** Runs in the process: a hundred errors of each kind in each tenth of the work. */
async function tenThousandErrors({ client, next, report, input }) {
  const { SILENT_LOGGER, measureMemory } = require(input.memoryProbe);
  let logged = 0;
  const logger = { ...SILENT_LOGGER, error: () => (logged += 1) };
  const make = (url) => client({ logger, autoReconnect: false, retryConfig: { retries: 0 }, slackApiUrl: url });
  const [talker, other, mute] = [input.slack, input.slack, input.slack].map(make);
  const [refused, socketless, resetting] = [input.refused, input.socketless, input.resetting].map(make);
  const ready = next(talker, 'ready');
  await talker.start();
  await ready;
  const api = (method) => (other.apiCall ? other.apiCall(method) : other.webClient.apiCall(method));
  const each = (fails) => async () => {
    let count = 0;
    for (let n = 0; n < 100; n += 1) await fails().catch(({ code }) => (count += code === undefined ? 0 : 1));
    return count;
  };
  const lostSessions = (rtm) =>
    each(async () => {
      const disconnected = next(rtm, 'disconnected');
      await rtm.start();
      throw (await disconnected)[0];
    });
  const kinds = {
    'messages of a disconnected client': each(() => other.send('typing')),
    'refused messages': each(() => talker.sendMessage('x', 'refused')),
    'frames that are not JSON': async () => {
      const before = logged;
      const end = next(talker, 'end');
      talker.sendTyping('broken');
      await end;
      return logged - before;
    },
    'failed calls': each(() => api('fails')),
    'calls with status 500': each(() => api('breaks')),
    'calls without a response': each(() => api('hangs.up')),
    'refused starts': each(() => refused.start()),
    'refused sockets': lostSessions(socketless),
    'lost connections': lostSessions(resetting),
    'messages without a reply': async () => {
      const isReady = next(mute, 'ready');
      await mute.start();
      await isReady;
      let arrived = 0;
      const all = new Promise((resolve) => mute.on('got', () => (arrived += 1) === 100 && resolve()));
      const settled = Promise.allSettled(Array.from({ length: 100 }, () => mute.sendMessage('x', 'mute')));
      await all;
      mute.removeAllListeners();
      await mute.disconnect();
      return (await settled).filter(({ reason }) => reason?.code).length;
    },
  };
  let errors = 0;
  // The first five tenths are a warm-up: V8 compiles code during the first thousands of errors, which takes memory.
  for (let tenth = -5; tenth < 10; tenth += 1) {
    if (tenth === 0) errors = 0;
    for (const [kind, make] of Object.entries(kinds)) {
      const late = setTimeout(() => {
        report({ hanging: kind });
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
