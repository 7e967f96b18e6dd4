// What an event costs on the JavaScript thread: calls into native code, wakes, parsed JSON, bytes that V8 allocates. Counts do not
// depend on the machine as times do. (src/binding/cost.rs counts for native code; benchmark/ measures times.)
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { inProcess } = require('./support/child.js');
const { better } = require('./support/client.js');
const { openSession } = require('./support/session.js');

const BENCHMARK = path.join(__dirname, '../benchmark');
const COUNT = 20_000;

/**
 * The most bytes that V8 may allocate for an event with a listener. It allocates 1,850 for frames of 739 bytes on average: half for
 * the objects, half for the strings (32 for each substring of a page).
 */
const MAX_BYTES = 2200;

/**
 * Sends frames to a client that has a listener for `message`, and counts. The client's process has a young generation so large that
 * nothing is collected.
 */
async function countCosts(t, frames) {
  const { slack } = await openSession(t);
  const child = inProcess(
    t,
    slack,
    async ({ client, next, report, input }) => {
      const { Outbox } = require(input.binding);
      const { PerformanceObserver } = require('node:perf_hooks');
      const counted = { calls: 0, wakes: 0, parsed: 0, collections: 0, events: 0 };
      let isIdle = true;
      const { nextBatch, nextChunk, shape } = Outbox.prototype;
      Outbox.prototype.nextBatch = function (...args) {
        const clients = nextBatch.apply(this, args);
        counted.calls += 1;
        if (isIdle && clients.length > 0) counted.wakes += 1;
        isIdle = clients.length === 0;
        return clients;
      };
      Outbox.prototype.nextChunk = function (...args) {
        const strings = nextChunk.apply(this, args);
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
        counted.events += 1;
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
      Object.assign(counted, { calls: 0, wakes: 0, parsed: 0, events: 0 });
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

/** Frames of the benchmark's events that pass the filter. */
async function framesOf(filter) {
  const { events, slackJson } = await import(path.join(BENCHMARK, 'frames.mjs'));
  const frames = events(2 * COUNT)
    .filter(filter)
    .map(slackJson);
  return Array.from({ length: COUNT }, (_, n) => frames[n % frames.length]);
}

const WHY = 'it parses every frame with JSON.parse';

better(WHY, 'events with a listener cross without JSON, many in one call, with few bytes each', async (t) => {
  const frames = await framesOf(({ type, subtype }) => type === 'message' && subtype === undefined);
  const { events, calls, wakes, parsed, collections, allocated } = await countCosts(t, frames);
  assert.equal(events, COUNT);
  assert.ok(parsed < 2000, `${parsed} bytes of JSON were parsed`);
  assert.ok(calls < COUNT / 4 && wakes < COUNT / 20, `${calls} calls, ${wakes} wakes`);
  assert.equal(collections, 0, 'nothing was collected, so the count is complete');
  assert.ok(allocated < MAX_BYTES * COUNT, `${allocated / COUNT} bytes per event`);
});

better(WHY, 'frames without a listener cost no call and no bytes each', async (t) => {
  const frames = await framesOf(({ type }) => type !== 'message');
  const { events, calls, parsed, collections, allocated } = await countCosts(t, frames);
  assert.equal(events, 0);
  assert.ok(parsed < 2000, `${parsed} bytes of JSON were parsed`);
  assert.ok(calls < COUNT / 10, `${calls} calls`);
  assert.equal(collections, 0, 'nothing was collected, so the count is complete');
  // A call itself allocates a few hundred bytes, and there are more calls on a busy machine.
  assert.ok(allocated < 50 * COUNT, `${allocated} bytes`);
});
