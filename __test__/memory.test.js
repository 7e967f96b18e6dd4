// Memory: unreachable clients are garbage-collected. (Memory of long sessions: guarantees/memory.test.js.)
'use strict';

const assert = require('node:assert/strict');
const { same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { openSession } = require('./support/session.js');

const flags = ['--expose-gc'];
const MB = 2 ** 20;

same('unreachable clients that were only constructed are collected with their queues', async (t) => {
  const { slack } = await openSession(t);
  const child = inProcess(
    t,
    slack,
    async ({ client, report }) => {
      const collect = async () => {
        for (let round = 0; round < 5; round += 1) {
          global.gc();
          await new Promise(setImmediate);
        }
      };
      let collected = 0;
      const registry = new FinalizationRegistry(() => (collected += 1));
      const construct = async (count) => {
        for (let n = 0; n < count; n += 1) {
          const rtm = client();
          rtm.on('message', () => rtm.sendTyping('C0'));
          // Stays in the queue, because start() is never called.
          rtm.sendTyping('C0');
          registry.register(rtm);
          if (n % 50 === 0) await collect();
        }
        await collect();
      };
      await construct(200);
      const before = process.memoryUsage();
      await construct(1000);
      const after = process.memoryUsage();
      report({ collected, heap: after.heapUsed - before.heapUsed, rss: after.rss - before.rss });
    },
    { flags },
  );
  const { code, signal, stderr, reports } = await child.ended;
  assert.deepEqual([code, signal, stderr], [0, null, '']);
  const [{ collected, heap, rss }] = reports;
  assert.ok(collected > 1100, `${collected} of 1200 were collected`);
  assert.ok(heap < 5 * MB, `the heap grew by ${heap} bytes`);
  assert.ok(rss < 60 * MB, `the process grew by ${rss} bytes`);
});

same('unreachable clients that were connected and disconnected are collected', async (t) => {
  const { slack } = await openSession(t);
  const child = inProcess(
    t,
    slack,
    async ({ client, next, report }) => {
      let collected = 0;
      const registry = new FinalizationRegistry(() => (collected += 1));
      async function runSession() {
        const rtm = client();
        registry.register(rtm);
        const hello = next(rtm, 'hello');
        await rtm.start();
        await hello;
        await rtm.disconnect();
      }
      for (let n = 0; n < 30; n += 1) await runSession();
      for (let round = 0; round < 5; round += 1) {
        global.gc();
        await new Promise(setImmediate);
      }
      report(collected);
    },
    { flags },
  );
  const { code, reports } = await child.ended;
  assert.equal(code, 0);
  assert.ok(reports[0] >= 25, `${reports[0]} of 30 were collected`);
});
