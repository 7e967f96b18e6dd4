// Outgoing frames: ids, order, the queue before `ready`, and the outcomes of the promises.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, next, same } = require('./support/client.js');
const { openSession, outcomes } = require('./support/session.js');

const SHARED_CODE = 'both SendWhile… errors have the code of NoReplyReceivedError';

describe('sending', { concurrency: true }, () => {
  same('send() resolves with the id of the frame', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    const id = await rtm.send('typing', { channel: 'C0' });
    const { frame } = await slack.nextFrame({ type: 'typing' });
    assert.deepEqual(frame, { channel: 'C0', type: 'typing', id });
    assert.ok(Number.isSafeInteger(id) && id > 0);
  });

  same('send() accepts no body, and null', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    const ids = [await rtm.send('hi'), await rtm.send('hi', null), await rtm.send('hi', undefined)];
    for (const id of ids) {
      const { frame } = await slack.nextFrame({ type: 'hi' });
      assert.deepEqual(frame, { type: 'hi', id });
    }
  });

  same('type and id replace those of the body', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    const id = await rtm.send('mine', { type: 'theirs', id: 'theirs', text: 'x' });
    const { frame } = await slack.nextFrame({ type: 'mine' });
    assert.deepEqual(frame, { type: 'mine', id, text: 'x' });
  });

  same('send() does not change the body', async (t) => {
    const { ready } = await openSession(t);
    const { rtm } = await ready();
    const body = Object.freeze({ id: 1, type: 'x', channel: 'C0' });
    await rtm.send('typing', body);
    assert.deepEqual(body, { id: 1, type: 'x', channel: 'C0' });
  });

  same('ids increase and are unique for all ways to send', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    await rtm.send('typing', { channel });
    await rtm.sendMessage('one', channel);
    await rtm.sendTyping(channel);
    await rtm.subscribePresence([]);
    await rtm.addOutgoingEvent(true, 'message', { text: 'two', channel });
    await rtm.send('last');
    await slack.nextFrame({ type: 'last' });
    const ids = slack.received.map(({ frame }) => frame.id);
    assert.equal(ids.length, 6);
    for (const [index, id] of ids.entries()) assert.ok(index === 0 || id > ids[index - 1], String(ids));
  });

  same('send() of a client that was never started rejects', async (t) => {
    const { client } = await openSession(t);
    await assert.rejects(client().send('typing'), Error);
  });

  better(SHARED_CODE, 'send() while disconnected rejects with its own code', async (t) => {
    const { client, ready } = await openSession(t);
    const code = ErrorCode.SendWhileDisconnectedError;
    await assert.rejects(client().send('typing'), { code });
    const { rtm } = await ready();
    await rtm.disconnect();
    await assert.rejects(rtm.send('typing'), { code });
  });

  better(SHARED_CODE, 'send() before ready rejects with its own code, and sends nothing', async (t) => {
    const { slack, client } = await openSession(t);
    slack.faults.holdHello();
    const rtm = client();
    await rtm.start();
    await slack.nextConnection();
    await assert.rejects(rtm.send('typing'), { code: ErrorCode.SendWhileNotReadyError });
    const isReady = next(rtm, 'ready');
    slack.faults.holdHello(false);
    await isReady;
    await rtm.send('first');
    await slack.nextFrame({ type: 'first' });
    assert.deepEqual(
      slack.received.map(({ frame }) => frame.type),
      ['first'],
    );
  });

  same('sendMessage() resolves with the reply', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const reply = await rtm.sendMessage('hello <@U1> & co', channel);
    const [{ frame }] = slack.received;
    assert.deepEqual(frame, { text: 'hello <@U1> & co', channel, type: 'message', id: frame.id });
    const [message] = slack.messages(channel);
    assert.deepEqual(reply, { ok: true, reply_to: frame.id, ts: message.ts, text: message.text });
  });

  same('addOutgoingEvent(true) resolves with the reply, (false) with undefined', async (t) => {
    const { channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const reply = await rtm.addOutgoingEvent(true, 'message', { text: 'x', channel });
    assert.equal(reply.ok, true);
    assert.equal(await rtm.addOutgoingEvent(false, 'message', { text: 'y', channel }), undefined);
    assert.equal(await rtm.addOutgoingEvent(false, 'typing'), undefined);
  });

  same('sendTyping() and subscribePresence() send their frames and resolve with undefined', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const ann = slack.user('ann').id;
    assert.equal(await rtm.sendTyping(channel), undefined);
    const presence = next(rtm, 'presence_change');
    assert.equal(await rtm.subscribePresence([ann]), undefined);
    assert.deepEqual((await presence)[0], { type: 'presence_change', presence: 'active', user: ann });
    const [typing, subscription] = slack.received.map(({ frame: { id, ...frame } }) => frame);
    assert.deepEqual(typing, { channel, type: 'typing' });
    assert.deepEqual(subscription, { ids: [ann], type: 'presence_sub' });
  });

  same('a refused message rejects with the reply as data', async (t) => {
    const { ready } = await openSession(t);
    const { rtm } = await ready();
    await assert.rejects(rtm.sendMessage('x', 'C_NOWHERE'), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(error.code, ErrorCode.SendMessagePlatformError);
      assert.match(error.message, /invalid channel id/);
      const { reply_to: replyTo, ...data } = error.data;
      assert.deepEqual(data, { ok: false, error: { code: 0, msg: 'invalid channel id' } });
      assert.ok(replyTo > 0);
      return true;
    });
  });

  same('frames are sent in the order of the calls', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    await Promise.all([
      rtm.sendMessage('0', channel),
      rtm.sendTyping(channel),
      rtm.sendMessage('2', channel),
      rtm.subscribePresence([]),
      rtm.addOutgoingEvent(false, 'message', { text: '4', channel }),
      rtm.sendMessage('5', channel),
    ]);
    assert.deepEqual(
      slack.received.map(({ frame }) => frame.text ?? frame.type),
      ['0', 'typing', '2', 'presence_sub', '4', '5'],
    );
  });

  same('outgoing_message is emitted for every frame', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const shown = [];
    rtm.on('outgoing_message', (message) => shown.push(message));
    await rtm.sendMessage('x', channel);
    await rtm.sendTyping(channel);
    await rtm.send('hi', { nested: { list: [1, null] } });
    await slack.nextFrame({ type: 'hi' });
    assert.deepEqual(
      shown,
      slack.received.map(({ frame }) => frame),
    );
    assert.equal(shown.length, 3);
  });

  same('messages queued before start() are sent in order when the client is ready', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const rtm = client();
    const calls = [rtm.sendMessage('a', channel), rtm.sendTyping(channel), rtm.sendMessage('b', channel)];
    await ready(rtm);
    const [a, , b] = await Promise.all(calls);
    assert.deepEqual([a.text, b.text], ['a', 'b']);
    assert.deepEqual(
      slack.received.map(({ frame }) => frame.text),
      ['a', undefined, 'b'],
    );
  });

  same('messages queued during a reconnect are sent after it', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const sent = [];
    rtm.once('reconnecting', () => {
      sent.push(rtm.sendMessage('meanwhile', channel), rtm.sendMessage('and more', channel));
    });
    const again = next(rtm, 'ready');
    slack.faults.drop();
    await again;
    assert.deepEqual(
      (await Promise.all(sent)).map(({ text }) => text),
      ['meanwhile', 'and more'],
    );
    assert.equal(slack.received.length, 2);
  });

  same('messages queued after disconnect() are sent after the next start()', async (t) => {
    const { channel, ready } = await openSession(t);
    const { rtm } = await ready();
    await rtm.disconnect();
    const sent = rtm.sendMessage('later', channel);
    await ready(rtm);
    assert.equal((await sent).text, 'later');
  });

  same('1,000 messages at once arrive in order, and each gets its own reply', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const texts = Array.from({ length: 1000 }, (_, number) => `message ${number}`);
    const replies = await Promise.all(texts.map((text) => rtm.sendMessage(text, channel)));
    assert.deepEqual(
      replies.map(({ text }) => text),
      texts,
    );
    assert.deepEqual(
      slack.received.map(({ frame }) => frame.text),
      texts,
    );
    assert.equal(new Set(replies.map(({ reply_to: id }) => id)).size, 1000);
  });

  same('a refused message does not affect others', async (t) => {
    const { channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const calls = [rtm.sendMessage('a', channel), rtm.sendMessage('b', 'nowhere'), rtm.sendMessage('c', channel)];
    const [a, b, c] = await outcomes(calls);
    assert.deepEqual([a.text, b, c.text], ['a', ErrorCode.SendMessagePlatformError, 'c']);
  });
});
