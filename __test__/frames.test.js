// Incoming frames as events: the three emits, their order, and invalid frames.
'use strict';

const assert = require('node:assert/strict');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { describe } = require('node:test');
const { better, recordingLogger, next, same } = require('./support/client.js');
const { framesUntil, openSession } = require('./support/session.js');
const { SLACK_FRAMES } = require('./support/slack-frames.js');

/** All events of these names, with their arguments. */
function emitted(rtm, names) {
  const events = [];
  for (const name of names) rtm.on(name, (...args) => events.push([name, ...args]));
  return events;
}

describe('incoming frames', { concurrency: true }, () => {
  same('one frame is emitted as slack_event, type and type::subtype, with the same object', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const events = emitted(rtm, ['message::bot_message', 'message', 'slack_event']);
    const end = next(rtm, 'end');
    slack.emit({ type: 'message', subtype: 'bot_message', text: 'x' });
    slack.emit({ type: 'end' });
    await end;
    const [first, second, third] = events;
    const event = { type: 'message', subtype: 'bot_message', text: 'x' };
    assert.deepEqual(first, ['slack_event', 'message', event]);
    assert.deepEqual(second, ['message', event]);
    assert.deepEqual(third, ['message::bot_message', event]);
    assert.ok(first[2] === second[1] && second[1] === third[1]);
    assert.deepEqual(events.slice(3), [['slack_event', 'end', { type: 'end' }]]);
  });

  same('a listener sees what an earlier one adds to the event', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    rtm.on('slack_event', (type, event) => Object.assign(event, { seen: type }));
    const event = next(rtm, 'it::sub');
    slack.emit({ type: 'it', subtype: 'sub' });
    assert.equal((await event)[0].seen, 'it');
  });

  same('a frame without a type is a slack_event whose type is undefined', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const events = emitted(rtm, ['slack_event']);
    const end = next(rtm, 'end');
    slack.emit({ ok: true, reply_to: 77 });
    slack.emit({ type: 'end' });
    await end;
    assert.deepEqual(events[0], ['slack_event', undefined, { ok: true, reply_to: 77 }]);
  });

  same('a subtype can be null, a number, or empty', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const events = emitted(rtm, ['it', 'it::null', 'it::7', 'it::', 'it::undefined']);
    const end = next(rtm, 'end');
    for (const subtype of [null, 7, '']) slack.emit({ type: 'it', subtype });
    slack.emit({ type: 'end' });
    await end;
    assert.deepEqual(
      events.map(([name]) => name),
      ['it', 'it::null', 'it', 'it::7', 'it', 'it::'],
    );
  });

  same('a type can be null, a number, or empty', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const events = emitted(rtm, ['slack_event', 'null', '7', '']);
    const end = next(rtm, 'end');
    for (const type of [null, 7, '']) slack.emit({ type });
    slack.emit({ type: 'end' });
    await end;
    const names = events.map(([name, type]) => (name === 'slack_event' ? type : name));
    assert.deepEqual(names, [null, 'null', 7, '7', '', '', 'end']);
  });

  same('hello is also emitted as an event', async (t) => {
    const { client, slack } = await openSession(t);
    const rtm = client();
    const hello = next(rtm, 'hello');
    await rtm.start();
    assert.equal((await hello)[0].host_id, 'slack-rtm-workspace');
    await slack.nextConnection();
  });

  better('it throws', 'a second hello is only an event', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const hello = next(rtm, 'hello');
    rtm.on('connected', () => assert.fail('connected again'));
    slack.emit({ type: 'hello', again: true });
    assert.deepEqual(await hello, [{ type: 'hello', again: true }]);
  });

  same('a binary frame of UTF-8 is read like a text frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const event = next(rtm, 'it');
    slack.emit(Buffer.from('{"type":"it","text":"漢字 👩‍👧"}'));
    assert.deepEqual(await event, [{ type: 'it', text: '漢字 👩‍👧' }]);
  });

  for (const [what, frame] of Object.entries({
    'text that is not JSON': 'not json',
    'an empty frame': '',
    'JSON with text after it': '{"type":"it"} x',
    'an HTML page': '<html><body>Oops</body></html>',
    'cut-off JSON': '{"type":"it","text":"cut o',
    'random bytes': Buffer.from([0, 255, 254, 128, 1, 2, 3, 0x7b]),
    'an empty binary frame': Buffer.alloc(0),
    'a byte order mark': '\ufeff{"type":"it"}',
    'a control character in a key': '{"type":"it","a\u0001b":1}',
    'NUL bytes': '\0\0{"type":"it"}',
  })) {
    same(`an invalid frame is skipped and logged, and the next frame arrives: ${what}`, async (t) => {
      const { slack, client, connect } = await openSession(t);
      const logger = recordingLogger();
      const { rtm } = await connect(client({ logger }));
      const frames = framesUntil(rtm);
      for (const one of [{ type: 'before' }, frame, { type: 'after' }, { type: 'end' }]) slack.emit(one);
      assert.deepEqual(await frames, [{ type: 'before' }, { type: 'after' }]);
      assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 1);
      assert.equal(rtm.connected, true);
    });
  }

  better('it replaces the bytes by U+FFFD', 'a binary frame that is JSON but not UTF-8 is skipped', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const frames = framesUntil(rtm);
    slack.emit(Buffer.from('{"type":"it","text":"\xe9"}', 'latin1'));
    slack.emit({ type: 'end' });
    assert.deepEqual(await frames, []);
  });

  same('JSON that is not an object is a slack_event', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const events = emitted(rtm, ['slack_event']);
    const end = next(rtm, 'end');
    const values = [5, -0, 'text', true, false, [], [{ type: 'inner' }]];
    for (const value of values) slack.emit(Object.is(value, -0) ? '-0' : JSON.stringify(value));
    slack.emit({ type: 'end' });
    await end;
    assert.deepEqual(
      events.slice(0, -1),
      values.map((value) => ['slack_event', undefined, value]),
    );
  });

  better('it throws', 'null is a slack_event', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const frames = framesUntil(rtm);
    slack.emit('null');
    slack.emit({ type: 'end' });
    assert.deepEqual(await frames, [null]);
  });

  same('10,000 mixed frames arrive in order', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const frames = framesUntil(rtm);
    const subtyped = [];
    rtm.on('message::channel_join', ({ number }) => subtyped.push(number));
    const sent = Array.from({ length: 10_000 }, (_, number) => {
      const frame = SLACK_FRAMES[number % SLACK_FRAMES.length];
      return { ...frame, number, filler: 'x'.repeat((number * 7919) % 600) };
    });
    await slack.replay([...sent, { type: 'end' }]);
    assert.deepEqual(await frames, sent);
    const expected = sent.filter(({ type, subtype }) => type === 'message' && subtype === 'channel_join');
    assert.deepEqual(
      subtyped,
      expected.map(({ number }) => number),
    );
  });

  same("frames in Slack's own notation arrive", async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const lines = slackLines();
    const frames = framesUntil(rtm);
    for (const line of lines) slack.emit(line);
    slack.emit({ type: 'end' });
    assert.deepEqual(
      await frames,
      lines.map((line) => JSON.parse(line)),
    );
  });
});

/** Frames in Slack's own notation: those of the tests, and those of the samples beside the checkout, if there are any. */
function slackLines() {
  const own = SLACK_FRAMES.map((frame) => JSON.stringify(frame).replaceAll('/', '\\/'));
  const samples = ['events.ndjson', 'capture-wee-slack.ndjson']
    .map((file) => path.join(__dirname, '../../shared/data', file))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'));
  // These two do more than emit an event.
  return [...own, ...samples].filter((line) => !['hello', 'team_migration_started'].includes(JSON.parse(line).type));
}
