// Replies: the promise that each one settles, and the outcome of a message without a reply.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, next, same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { openSession, outcomes } = require('./support/session.js');

const { NoReplyReceivedError, SendMessagePlatformError } = ErrorCode;

/** Sends messages to which the workspace does not reply. Resolves with their promises and ids. */
async function unanswered(session, rtm, count) {
  const calls = Array.from({ length: count }, () => rtm.addOutgoingEvent(true, 'typing', { channel: session.channel }));
  const ids = [];
  while (ids.length < count) ids.push((await session.slack.nextFrame({ type: 'typing' })).frame.id);
  await mark(session, rtm);
  return { calls, ids };
}

/** Waits until the client has handled all frames that were sent to it. */
async function mark({ slack }, rtm) {
  const marked = next(rtm, 'mark');
  slack.emit({ type: 'mark' });
  await marked;
}

describe('replies', { concurrency: true }, () => {
  same('a reply settles its promise with the object that listeners get', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const events = [];
    rtm.on('slack_event', (type, event) => events.push(event));
    const { calls, ids } = await unanswered(session, rtm, 1);
    session.slack.emit({ ok: true, reply_to: ids[0], ts: '1.2', text: 'x', extra: null });
    const reply = await calls[0];
    assert.deepEqual(reply, { ok: true, reply_to: ids[0], ts: '1.2', text: 'x', extra: null });
    assert.ok(events.includes(reply));
  });

  same('a reply with an error without a message rejects its promise', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 1);
    session.slack.emit({ ok: false, reply_to: ids[0], error: {} });
    await assert.rejects(calls[0], {
      code: SendMessagePlatformError,
      data: { ok: false, reply_to: ids[0], error: {} },
    });
  });

  same('replies to no message, and a second reply, are only events', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 1);
    const odd = [
      { ok: true, reply_to: 8_589_934_592 },
      { ok: true, reply_to: -1 },
      { ok: true, reply_to: String(ids[0]) },
      { ok: true, reply_to: null },
      { ok: true, reply_to: ids[0] + 0.5 },
      { ok: false, error: { code: 0, msg: 'x' } },
    ];
    const seen = [];
    rtm.on('slack_event', (type, event) => seen.push(event));
    for (const frame of odd) session.slack.emit(frame);
    await mark(session, rtm);
    session.slack.emit({ ok: true, reply_to: ids[0], which: 'first' });
    session.slack.emit({ ok: true, reply_to: ids[0], which: 'second' });
    assert.equal((await calls[0]).which, 'first');
    await mark(session, rtm);
    assert.deepEqual(seen.filter(({ type }) => type !== 'mark').slice(0, odd.length), odd);
  });

  better('a message waits for the reply to the one before', 'replies can arrive in any order', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 3);
    for (const index of [2, 0, 1]) session.slack.emit({ ok: true, reply_to: ids[index], index });
    assert.deepEqual(
      (await Promise.all(calls)).map(({ index }) => index),
      [0, 1, 2],
    );
  });

  better('it blocks all later ones', 'a message without a reply does not block later ones', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 1);
    assert.equal((await rtm.sendMessage('next', session.channel)).text, 'next');
    session.slack.emit({ ok: true, reply_to: ids[0] });
    assert.equal((await calls[0]).ok, true);
  });

  better('the promise rejects', 'a reply that is replayed after a reconnect settles its promise', async (t) => {
    const session = await openSession(t);
    const { slack } = session;
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 2);
    slack.faults.drop();
    await next(rtm, 'connected');
    await slack.nextConnection();
    const isReady = next(rtm, 'ready');
    slack.emit({ ok: true, reply_to: ids[0], text: 'first' });
    slack.emit({ ok: false, reply_to: ids[1], error: { code: 2, msg: 'no' } });
    const [first, second] = await outcomes(calls);
    assert.deepEqual([first.text, second], ['first', SendMessagePlatformError]);
    await isReady;
  });

  same('a promise rejects if its reply is not replayed after a reconnect', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready(session.client({ replyAckOnReconnectTimeout: 50 }));
    const { calls } = await unanswered(session, rtm, 1);
    const reconnected = next(rtm, 'connected');
    session.slack.faults.drop();
    await Promise.all([reconnected, assert.rejects(calls[0], { code: NoReplyReceivedError })]);
    assert.equal(rtm.connected, true);
    assert.equal((await rtm.sendMessage('next', session.channel)).text, 'next');
  });

  same('disconnect() rejects the promises of messages without a reply', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls } = await unanswered(session, rtm, 1);
    await Promise.all([assert.rejects(calls[0], { code: NoReplyReceivedError }), rtm.disconnect()]);
  });

  same('without autoReconnect, a lost connection rejects the promises of messages without a reply', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready(session.client({ autoReconnect: false }));
    const { calls } = await unanswered(session, rtm, 1);
    const disconnected = next(rtm, 'disconnected');
    session.slack.faults.drop();
    await Promise.all([assert.rejects(calls[0], { code: NoReplyReceivedError }), disconnected]);
  });

  same('messages are acknowledged before and after reconnects', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    for (let round = 0; round < 2; round += 1) {
      for (const text of ['one', 'two', 'three']) await rtm.sendMessage(text, session.channel);
      const isReady = next(rtm, 'ready');
      session.slack.faults.drop();
      await isReady;
    }
    await rtm.sendMessage('four', session.channel);
    await rtm.disconnect();
    assert.equal(rtm.connected, false);
  });

  same('a message is not sent again after a reconnect', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready(session.client({ replyAckOnReconnectTimeout: 50 }));
    const { calls, ids } = await unanswered(session, rtm, 1);
    session.slack.faults.drop();
    await assert.rejects(calls[0]);
    const { reply_to: id } = await rtm.sendMessage('next', session.channel);
    assert.ok(id > ids[0]);
    assert.deepEqual(
      session.slack.received.map(({ frame }) => frame.type),
      ['typing', 'message'],
    );
  });

  same('a reply that arrives while JavaScript is busy resolves its promise', async (t) => {
    const { slack, channel } = await openSession(t);
    const child = inProcess(t, slack, busy, { input: channel });
    async function busy({ client, next, report, input }) {
      const rtm = client();
      const isReady = next(rtm, 'ready');
      await rtm.start();
      await isReady;
      // At different moments while the message is in flight.
      const busy = () => {
        const end = Date.now() + 50;
        while (Date.now() < end);
      };
      const texts = [];
      for (const text of ['one', 'two', 'three', 'four']) {
        const sent = rtm.sendMessage(text, input);
        if (text === 'one') busy();
        if (text === 'two') queueMicrotask(busy);
        if (text === 'three') rtm.once('outgoing_message', busy);
        if (text === 'four') rtm.once('outgoing_message', () => process.nextTick(busy));
        texts.push((await sent).text);
      }
      await rtm.disconnect();
      report(texts);
    }
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual({ code, reports, stderr }, { code: 0, reports: [['one', 'two', 'three', 'four']], stderr: '' });
  });

  better('it emits later events first', 'code after an await of a reply runs before the next event', async (t) => {
    const session = await openSession(t);
    const { rtm } = await session.ready();
    const { calls, ids } = await unanswered(session, rtm, 1);
    const received = [];
    const end = next(rtm, 'end');
    for (const type of ['before', 'after', 'unheard', 'end']) {
      session.slack.emit({ type });
      if (type === 'before') session.slack.emit({ ok: true, reply_to: ids[0] });
    }
    await calls[0];
    for (const type of ['before', 'after', 'end']) rtm.on(type, () => received.push(type));
    await end;
    assert.deepEqual(received, ['after', 'end']);
  });
});
