// Additions to `@slack/rtm-api` for sending: replyTimeout, maxPendingReplies, ping(), latency, lastActivity.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, next } = require('./support/client.js');
const { openSession } = require('./support/session.js');

const MISSING = 'it has no such option or member';
const { NoReplyReceivedError, SendWhileDisconnectedError } = ErrorCode;

/** Sends a message to which the workspace does not reply. */
const unanswered = (rtm, channel) => rtm.addOutgoingEvent(true, 'typing', { channel });

describe('limits for sending, and the health of a connection', { concurrency: true }, () => {
  better(MISSING, 'replyTimeout rejects a message without a reply, and later ones are sent', async (t) => {
    const { channel, client, ready } = await openSession(t);
    const { rtm } = await ready(client({ replyTimeout: 50 }));
    await assert.rejects(unanswered(rtm, channel), { code: NoReplyReceivedError });
    assert.equal((await rtm.sendMessage('next', channel)).text, 'next');
    assert.equal(rtm.connected, true);
  });

  better(MISSING, 'after replyTimeout, a late reply is only an event', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const { rtm } = await ready(client({ replyTimeout: 50 }));
    const late = unanswered(rtm, channel);
    const { frame } = await slack.nextFrame({ type: 'typing' });
    await assert.rejects(late, { code: NoReplyReceivedError });
    const event = new Promise((resolve) => rtm.once('slack_event', (type, reply) => resolve(reply)));
    slack.emit({ ok: true, reply_to: frame.id });
    assert.deepEqual(await event, { ok: true, reply_to: frame.id });
  });

  better(MISSING, 'replyTimeout 0, the default, turns the limit off', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const waiting = unanswered(rtm, channel);
    const { frame } = await slack.nextFrame({ type: 'typing' });
    await rtm.ping();
    slack.emit({ ok: true, reply_to: frame.id, late: true });
    assert.equal((await waiting).late, true);
  });

  for (const limit of [1, 2]) {
    better(MISSING, `maxPendingReplies ${limit} limits the messages in flight`, async (t) => {
      const { slack, channel, client, ready } = await openSession(t);
      const { rtm } = await ready(client({ maxPendingReplies: limit }));
      const calls = Array.from({ length: 5 }, () => unanswered(rtm, channel));
      for (const [answered, call] of calls.entries()) {
        // send() bypasses the queue: when its frame arrives, all messages within the limit have arrived.
        await rtm.send('mark');
        await slack.nextFrame({ type: 'mark' });
        const sent = slack.received.filter(({ frame }) => frame.type === 'typing');
        assert.equal(sent.length, Math.min(answered + limit, calls.length));
        slack.emit({ ok: true, reply_to: sent[answered].frame.id });
        await call;
      }
    });
  }

  better(MISSING, 'with maxPendingReplies, messages without a reply keep their place in the queue', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const { rtm } = await ready(client({ maxPendingReplies: 1 }));
    const calls = [unanswered(rtm, channel), unanswered(rtm, channel), rtm.addOutgoingEvent(false, 'last')];
    for (let number = 0; number < 2; number += 1) {
      const { frame } = await slack.nextFrame({ type: 'typing' });
      slack.emit({ ok: true, reply_to: frame.id });
    }
    await Promise.all(calls);
    await slack.nextFrame({ type: 'last' });
    assert.deepEqual(
      slack.received.map(({ frame }) => frame.type),
      ['typing', 'typing', 'last'],
    );
  });

  better(MISSING, 'ping() resolves with the round trip time, which is then in latency', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    assert.equal(rtm.latency, undefined);
    const roundTrip = await rtm.ping();
    assert.equal(typeof roundTrip, 'number');
    assert.ok(roundTrip >= 0 && roundTrip < 20_000);
    assert.ok(Math.abs(rtm.latency - roundTrip) < 1);
    const { frame } = await slack.nextFrame({ type: 'ping' });
    assert.deepEqual(Object.keys(frame), ['type', 'id']);
  });

  better(MISSING, 'concurrent pings each get their own pong', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    const roundTrips = await Promise.all([rtm.ping(), rtm.ping(), rtm.ping()]);
    assert.ok(roundTrips.every((one) => one >= 0));
    assert.equal(new Set(slack.received.map(({ frame }) => frame.id)).size, 3);
  });

  better(MISSING, 'ping() rejects if the client is not connected or loses its connection', async (t) => {
    const { slack, client, ready } = await openSession(t);
    await assert.rejects(client().ping(), { code: SendWhileDisconnectedError });
    const { rtm } = await ready();
    slack.faults.delayReplies(60_000);
    const lost = assert.rejects(rtm.ping(), { code: NoReplyReceivedError });
    await slack.nextFrame({ type: 'ping' });
    const reconnecting = next(rtm, 'reconnecting');
    slack.faults.drop();
    await lost;
    await reconnecting;
  });

  better(MISSING, 'lastActivity is the time of the last frame', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const rtm = client();
    assert.equal(rtm.lastActivity, undefined);
    const before = Date.now();
    await connect(rtm);
    const first = rtm.lastActivity;
    assert.ok(first >= before && first <= Date.now(), String(first));
    const event = next(rtm, 'it');
    slack.emit({ type: 'it' });
    await event;
    assert.ok(rtm.lastActivity >= first && rtm.lastActivity <= Date.now());
  });
});
