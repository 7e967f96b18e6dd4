// Listeners receive the value that JSON.parse returns for the frame: generated frames, sent over a real socket in batches.
// Each batch is sent eight times, because a frame is passed to JavaScript in another form when frames of its shape have come
// before, and in yet another when they have come often.
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { next, same } = require('./support/client.js');
const { anything, frame } = require('./support/json-text.js');
const { framesUntil, openSession } = require('./support/session.js');
const { assertIdentical } = require('./support/strict-equal.js');

const RUNS = { numRuns: 120 };

/** A batch, eight times. */
const repeated = (texts) => Array(8).fill(texts).flat();

function assertAllIdentical(received, expected) {
  assert.equal(received.length, expected.length);
  for (const [index, event] of expected.entries()) assertIdentical(received[index], event);
}

same('slack_event receives generated frames as JSON.parse reads them', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const batches = fc.array(fc.oneof({ weight: 9, arbitrary: frame }, anything), { maxLength: 60, size: 'max' });
  const property = fc.asyncProperty(batches, async (batch) => {
    const texts = repeated(batch);
    const received = framesUntil(rtm, 'the end');
    for (const text of texts) slack.emit(text);
    slack.emit({ type: 'the end' });
    assertAllIdentical(
      await received,
      texts.map((text) => JSON.parse(text)),
    );
  });
  await fc.assert(property, RUNS);
});

same('slack_event receives generated binary frames as JSON.parse reads them', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const property = fc.asyncProperty(fc.array(frame, { maxLength: 30, size: 'max' }), async (batch) => {
    const texts = repeated(batch);
    const received = framesUntil(rtm, 'the end');
    for (const text of texts) slack.emit(Buffer.from(text));
    slack.emit({ type: 'the end' });
    assertAllIdentical(
      await received,
      texts.map((text) => JSON.parse(text)),
    );
  });
  await fc.assert(property, { ...RUNS, numRuns: 20 });
});

same('listeners of types and subtypes receive generated frames as JSON.parse reads them', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const names = ['it', 'i/t', 'null', '7', 'other::sub', 'other::é', 'other::\ud800', 'null::null'];
  const property = fc.asyncProperty(
    fc.array(frame, { maxLength: 60, size: 'max' }),
    fc.subarray(names),
    async (batch, subscribed) => {
      const texts = repeated(batch);
      const received = [];
      for (const name of subscribed) rtm.on(name, (event) => received.push([name, event]));
      const end = next(rtm, 'the end');
      for (const text of texts) slack.emit(text);
      slack.emit({ type: 'the end' });
      await end;
      for (const name of subscribed) rtm.removeAllListeners(name);
      const expected = texts
        .map((text) => JSON.parse(text))
        .flatMap((event) => [
          [String(event.type), event],
          [`${event.type}::${event.subtype}`, event],
        ])
        .filter(([name]) => subscribed.includes(name));
      assertAllIdentical(received, expected);
    },
  );
  await fc.assert(property, RUNS);
});

same('listeners that are added and removed between frames receive the frames of their time', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const types = ['a', 'b', 'c', 'd'];
  // One frame, and the listener that its listener then adds or removes.
  const step = fc.record({
    type: fc.constantFrom(...types),
    changes: fc.constantFrom('', 'on', 'off', 'once'),
    other: fc.constantFrom(...types),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
    const received = [];
    const listener = (event) => {
      received.push(event.n);
      const { changes, other } = event;
      if (changes !== '' && !(changes === 'off' && other === 'a')) rtm[changes](other, listener);
    };
    rtm.on('a', listener);
    const end = next(rtm, 'the end');
    steps.forEach((one, n) => slack.emit({ ...one, n }));
    slack.emit({ type: 'the end' });
    await end;
    types.forEach((type) => rtm.removeAllListeners(type));
    assert.deepEqual(received, model(steps));
  });
  await fc.assert(property, RUNS);

  /** The frames that the listeners of a synchronous emitter receive. */
  function model(steps) {
    const { EventEmitter } = require('eventemitter3');
    const emitter = new EventEmitter();
    const received = [];
    const listener = ({ n, changes, other }) => {
      received.push(n);
      if (changes !== '' && !(changes === 'off' && other === 'a')) emitter[changes](other, listener);
    };
    emitter.on('a', listener);
    steps.forEach((one, n) => emitter.emit(one.type, { ...one, n }));
    return received;
  }
});
