// Effects of records that a bot could notice: the memory that a kept part of an event holds, the memory for an endless number of
// shapes, and processes that do not allow code generation from strings.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const fc = require('fast-check');
const { inProcess } = require('./support/child.js');
const { better, same } = require('./support/client.js');
const { frame } = require('./support/json-text.js');
const { openSession } = require('./support/session.js');

const STRICT_EQUAL = path.join(__dirname, 'support/strict-equal.js');
const KB = 1024;
const MB = 1024 * KB;

/** Each frame comes so often that its shapes are known and code is generated for them. */
const ROUNDS = 8;

for (const flags of [['--disallow-code-generation-from-strings'], []]) {
  const where = flags.length > 0 ? ' in a process that forbids code generation from strings' : '';
  same(`events equal what JSON.parse returns${where}`, async (t) => {
    const { slack } = await openSession(t);
    const texts = fc.sample(frame, { numRuns: 150, seed: 4711 });
    const child = inProcess(
      t,
      slack,
      async ({ client, next, report, input: { texts, strictEqual } }) => {
        const { assertIdentical } = require(strictEqual);
        const rtm = client();
        const events = [];
        rtm.on('slack_event', (type, event) => events.push(event));
        const hello = next(rtm, 'hello');
        await rtm.start();
        await hello;
        events.length = 0;
        const end = next(rtm, 'the end');
        report('ready');
        await end;
        events.slice(0, -1).forEach((event, index) => assertIdentical(event, JSON.parse(texts[index % texts.length])));
        report(events.length);
        process.exit();
      },
      { flags, input: { texts, strictEqual: STRICT_EQUAL } },
    );
    assert.equal(await child.report(), 'ready');
    for (let round = 0; round < ROUNDS; round += 1) texts.forEach((text) => slack.emit(text));
    slack.emit({ type: 'the end' });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual({ code, stderr, count: reports[1] }, { code: 0, stderr: '', count: ROUNDS * texts.length + 1 });
  });
}

/** Runs `collect` for each event, in its own process. Returns by how many bytes the heap has grown. */
async function growth(t, frames, collect) {
  const { slack } = await openSession(t);
  const child = inProcess(
    t,
    slack,
    async ({ client, next, report, input }) => {
      const collect = new Function('event', 'kept', input);
      const settle = async () => {
        for (let round = 0; round < 5; round += 1) {
          global.gc();
          await new Promise(setImmediate);
        }
        return process.memoryUsage().heapUsed;
      };
      // The logger of the tests keeps the lines that `@slack/rtm-api` logs for each frame.
      const rtm = client({ logger: undefined, logLevel: 'error' });
      const kept = [];
      rtm.on('it', (event) => collect(event, kept));
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      const end = next(rtm, 'the end');
      const before = await settle();
      report('ready');
      await end;
      report({ grown: (await settle()) - before, kept: kept.length });
      process.exit();
    },
    { flags: ['--expose-gc'], input: collect },
  );
  assert.equal(await child.report(), 'ready');
  for (const frame of frames) slack.emit(frame);
  slack.emit({ type: 'the end' });
  return child.report();
}

same('a kept part of one event in a hundred holds at most 4 kB of other events', async (t) => {
  const texts = ['Grüße aus Köln, '.repeat(30), '漢字'.repeat(120), 'plain text '.repeat(40)];
  const frames = Array.from({ length: 30_000 }, (_, n) => ({
    type: 'it',
    text: texts[n % 3],
    ts: `1795220000.${String(n).padStart(6, '0')}`,
  }));
  const { grown, kept } = await growth(
    t,
    frames,
    `
    this.count = (this.count ?? 0) + 1;
    if (this.count % 100 === 0) kept.push(event.ts);
  `,
  );
  assert.equal(kept, 300);
  assert.ok(grown < kept * 5 * KB + MB, `${grown} bytes for ${kept} timestamps`);
});

better('it has no table of shapes', 'maps whose keys are ids leave little memory behind', async (t) => {
  const frames = Array.from({ length: 60_000 }, (_, n) => {
    // Each shape comes three times: it enters the table with the second one, and is used with the third.
    const id = Math.floor(n / 3);
    return { type: 'it', members: { [`U${id}`]: { name: 'ann', [`F${id}`]: true } } };
  });
  const { grown } = await growth(t, frames, '');
  assert.ok(grown < 5 * MB, `${grown} bytes`);
});

better('it has no table of shapes', 'very long keys leave no memory behind', async (t) => {
  const frames = Array.from({ length: 600 }, (_, n) => ({
    type: 'it',
    [`${Math.floor(n / 3)}${'k'.repeat(50_000)}`]: true,
  }));
  const { grown } = await growth(t, frames, '');
  assert.ok(grown < 2 * MB, `${grown} bytes`);
});

same('events are complete if Object.prototype is frozen and code generation fails', async (t) => {
  const { slack } = await openSession(t);
  const child = inProcess(t, slack, async ({ client, next, report }) => {
    const rtm = client();
    const events = [];
    rtm.on('it', (event) => events.push(event));
    const hello = next(rtm, 'hello');
    await rtm.start();
    await hello;
    const end = next(rtm, 'the end');
    Object.freeze(Object.prototype);
    globalThis.Function = () => {
      throw new TypeError('code generation is not allowed');
    };
    report('ready');
    await end;
    report(events);
    process.exit();
  });
  assert.equal(await child.report(), 'ready');
  const frames = [1, 2, 3].map((n) => ({ type: 'it', constructor: n, toString: null, valueOf: 'it' }));
  for (const frame of [...frames, { type: 'the end' }]) slack.emit(frame);
  assert.deepEqual(await child.report(), frames);
});
