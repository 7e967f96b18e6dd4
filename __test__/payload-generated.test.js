// What listeners get is what JSON.parse makes of the frame: generated frames, sent through a real socket in batches. Each
// batch comes eight times: a frame crosses to JavaScript in another way when its like has come before, and in another when it
// came often.
'use strict';

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { next, same } = require('./support/client.js');
const { anything, frame } = require('./support/json-text.js');
const { framesUntil, openSession } = require('./support/session.js');
const { assertIdentical } = require('./support/strict-equal.js');

const RUNS = { numRuns: 120 };

/** A batch as it is sent. */
const often = (texts) => Array(8).fill(texts).flat();

function assertAllIdentical(received, expected) {
  assert.equal(received.length, expected.length);
  for (const [index, event] of expected.entries()) assertIdentical(received[index], event);
}

same('generated frames, heard by slack_event', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const batches = fc.array(fc.oneof({ weight: 9, arbitrary: frame }, anything), { maxLength: 60, size: 'max' });
  const property = fc.asyncProperty(batches, async (batch) => {
    const texts = often(batch);
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

same('generated frames as binary ones', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const property = fc.asyncProperty(fc.array(frame, { maxLength: 30, size: 'max' }), async (batch) => {
    const texts = often(batch);
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

same('generated frames, heard by their type or subtype alone', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const names = ['it', 'i/t', 'null', '7', 'other::sub', 'other::é', 'other::\ud800', 'null::null'];
  const property = fc.asyncProperty(
    fc.array(frame, { maxLength: 60, size: 'max' }),
    fc.subarray(names),
    async (batch, heard) => {
      const texts = often(batch);
      const received = [];
      for (const name of heard) rtm.on(name, (event) => received.push([name, event]));
      const end = next(rtm, 'the end');
      for (const text of texts) slack.emit(text);
      slack.emit({ type: 'the end' });
      await end;
      for (const name of heard) rtm.removeAllListeners(name);
      const expected = texts
        .map((text) => JSON.parse(text))
        .flatMap((event) => [
          [String(event.type), event],
          [`${event.type}::${event.subtype}`, event],
        ])
        .filter(([name]) => heard.includes(name));
      assertAllIdentical(received, expected);
    },
  );
  await fc.assert(property, RUNS);
});

same('generated frames, with listeners that come and go on the way', async (t) => {
  const { slack, connect } = await openSession(t);
  const { rtm } = await connect();
  const types = ['a', 'b', 'c', 'd'];
  // What a listener does when its type comes for the n-th time of all: which listener it adds or removes.
  const step = fc.record({
    type: fc.constantFrom(...types),
    changes: fc.constantFrom('', 'on', 'off', 'once'),
    other: fc.constantFrom(...types),
  });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
    const heard = [];
    const hear = (event) => {
      heard.push(event.n);
      const { changes, other } = event;
      if (changes !== '' && !(changes === 'off' && other === 'a')) rtm[changes](other, hear);
    };
    rtm.on('a', hear);
    const end = next(rtm, 'the end');
    steps.forEach((one, n) => slack.emit({ ...one, n }));
    slack.emit({ type: 'the end' });
    await end;
    types.forEach((type) => rtm.removeAllListeners(type));
    assert.deepEqual(heard, model(steps));
  });
  await fc.assert(property, RUNS);

  /** What an emitter that gets one event after the other would have had heard. */
  function model(steps) {
    const { EventEmitter } = require('eventemitter3');
    const emitter = new EventEmitter();
    const heard = [];
    const hear = ({ n, changes, other }) => {
      heard.push(n);
      if (changes !== '' && !(changes === 'off' && other === 'a')) emitter[changes](other, hear);
    };
    emitter.on('a', hear);
    steps.forEach((one, n) => emitter.emit(one.type, { ...one, n }));
    return heard;
  }
});
