// The cost of an event on the JavaScript thread, as counts: calls into native code, wakes, parsed JSON, bytes that V8
// allocates. (Native code: src/binding/cost.rs. Times: benchmark/.)
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { inProcess } = require('./support/child.js');
const { better } = require('./support/client.js');
const { openSession } = require('./support/session.js');

const BENCHMARK = path.join(__dirname, '../benchmark');
const COUNT = 20_000;

/**
 * The limit for bytes that V8 allocates for an event with a listener. It allocates 1,850 bytes for frames of 739 bytes on
 * average: half of it for objects, half for strings (32 for each string that is a slice of a page).
 */
const BYTES = 2200;

/**
 * Sends frames to a client with a listener of `message`, and resolves with the counts. The young generation of its process
 * is so large that nothing is garbage-collected meanwhile.
 */
async function countCosts(t, frames) {
  const { slack } = await openSession(t);
  const child = inProcess(
    t,
    slack,
    async ({ client, next, report, input }) => {
      const { Outbox } = require(input.binding);
      const { PerformanceObserver } = require('node:perf_hooks');
      const counted = { calls: 0, wakes: 0, parsed: 0, collections: 0, received: 0 };
      let isIdle = true;
      const { refill, chunk, shape } = Outbox.prototype;
      Outbox.prototype.refill = function (...args) {
        const clients = refill.apply(this, args);
        counted.calls += 1;
        if (isIdle && clients.length > 0) counted.wakes += 1;
        isIdle = clients.length === 0;
        return clients;
      };
      Outbox.prototype.chunk = function (...args) {
        const strings = chunk.apply(this, args);
        counted.calls += 1;
        counted.parsed += strings?.[0].length ?? 0;
        return strings;
      };
      Outbox.prototype.shape = function (...args) {
        counted.calls += 1;
        return shape.apply(this, args);
      };
      const rtm = client();
      let letters = 0;
      rtm.on('message', (event) => {
        counted.received += 1;
        letters += event.text.length;
      });
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      const warm = next(rtm, 'warm');
      report('ready');
      await warm;
      global.gc();
      const observer = new PerformanceObserver((list) => (counted.collections += list.getEntries().length));
      observer.observe({ entryTypes: ['gc'] });
      Object.assign(counted, { calls: 0, wakes: 0, parsed: 0, received: 0 });
      const before = process.memoryUsage().heapUsed;
      const end = next(rtm, 'the end');
      report('warm');
      await end;
      const allocated = process.memoryUsage().heapUsed - before;
      await new Promise(setImmediate);
      report({ ...counted, allocated, letters });
      process.exit();
    },
    {
      flags: ['--expose-gc', '--max-semi-space-size=512', '--min-semi-space-size=512'],
      input: { binding: path.join(__dirname, '../binding.js') },
    },
  );
  const send = (end) => {
    for (const frame of frames) slack.emit(frame);
    slack.emit({ type: end });
  };
  assert.equal(await child.report(), 'ready');
  send('warm');
  assert.equal(await child.report(), 'warm');
  send('the end');
  return child.report();
}

async function stream(isWanted) {
  const { events, slackJson } = await import(path.join(BENCHMARK, 'frames.mjs'));
  const wanted = events(2 * COUNT)
    .filter(isWanted)
    .map(slackJson);
  return Array.from({ length: COUNT }, (_, n) => wanted[n % wanted.length]);
}

const WHY = 'it parses each frame separately';

better(WHY, 'events with a listener are passed without JSON, many in one call, with few bytes each', async (t) => {
  const frames = await stream(({ type, subtype }) => type === 'message' && subtype === undefined);
  const { received, calls, wakes, parsed, collections, allocated } = await countCosts(t, frames);
  assert.equal(received, COUNT);
  assert.ok(parsed < 2000, `${parsed} bytes of JSON were parsed`);
  assert.ok(calls < COUNT / 4 && wakes < COUNT / 20, `${calls} calls, ${wakes} wakes`);
  assert.equal(collections, 0, 'a garbage collection ran');
  assert.ok(allocated < BYTES * COUNT, `${allocated / COUNT} bytes an event`);
});

better(WHY, 'frames without a listener cost no call and no bytes', async (t) => {
  const frames = await stream(({ type }) => type !== 'message');
  const { received, calls, parsed, collections, allocated } = await countCosts(t, frames);
  assert.equal(received, 0);
  assert.ok(parsed < 2000, `${parsed} bytes of JSON were parsed`);
  assert.ok(calls < COUNT / 10, `${calls} calls`);
  assert.equal(collections, 0, 'a garbage collection ran');
  // Each call costs some hundred bytes, and a busy machine makes more calls.
  assert.ok(allocated < 50 * COUNT, `${allocated} bytes`);
});
