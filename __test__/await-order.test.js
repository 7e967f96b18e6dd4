// Code behind an `await` runs before the next event, however far the network is ahead: whoever awaits one event can
// begin to listen to the next.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const SYNCHRONOUS = 'events of one frame, and of frames that came together, are emitted without a pause';

/** Keeps JavaScript busy while the network goes on. */
function spin(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Greets with everything at once. */
function talkative(socket) {
  socket.hello();
  for (let n = 1; n <= 3; n += 1) socket.send({ type: 'message', n });
}

describe('await', { concurrency: true }, () => {
  same('behind start(): `connected`, `hello` and `ready` are still to come', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await rtm.start();
    const [hello, ready] = [next(rtm, 'hello'), next(rtm, 'ready')];
    await next(rtm, 'connected');
    assert.deepEqual([rtm.authenticated, rtm.connected], [true, true]);
    assert.deepEqual(await hello, [{ type: 'hello' }]);
    await ready;
  });

  same('behind start(), of a program that was busy', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const started = rtm.start();
    rtm.once('authenticated', () => spin(300));
    const { self } = await started;
    assert.equal(rtm.activeUserId, self.id);
    assert.equal(rtm.connected, false);
    await next(rtm, 'connected');
  });

  same('behind each event, one after the other, in a busy program', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const authenticated = next(rtm, 'authenticated');
    rtm.start();
    await authenticated;
    const seen = [];
    const read = () => seen.push([rtm.stateMachine.getCurrentState(), rtm.authenticated, rtm.connected]);
    read();
    for (const name of ['connected', 'ready']) {
      spin(50);
      await next(rtm, name);
      read();
    }
    assert.deepEqual(seen, [
      ['connecting', true, false],
      ['connected', true, true],
      ['connected', true, true],
    ]);
  });

  better(SYNCHRONOUS, 'behind each event and frame, one after the other, in a busy program', async (t) => {
    const server = await scriptedServer(t);
    server.greet = talkative;
    const rtm = clientOf(t, server);
    rtm.start();
    for (const name of ['connecting', 'authenticated', 'connected', 'hello', 'ready', 'message']) {
      await next(rtm, name);
      spin(50);
    }
  });

  better(SYNCHRONOUS, 'behind a frame: the lifecycle event after it', async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => {
      socket.hello();
      socket.send({ type: 'goodbye' });
      socket.close(1001);
    };
    const rtm = clientOf(t, server, { autoReconnect: false });
    rtm.start();
    spin(100);
    await next(rtm, 'goodbye');
    await next(rtm, 'disconnected');
  });

  same('behind `connected`: `ready` is still to come', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    await next(rtm, 'ready');
  });

  better(SYNCHRONOUS, 'behind `connected`: its `hello` is still to come', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    assert.deepEqual(await next(rtm, 'hello'), [{ type: 'hello' }]);
  });

  better('`ready` comes two seconds after `hello`', 'behind `ready`: no message is missed', async (t) => {
    const server = await scriptedServer(t);
    server.greet = talkative;
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'ready');
    spin(100);
    const numbers = [];
    await new Promise((resolve) => {
      rtm.on('message', ({ n }) => {
        numbers.push(n);
        if (n === 3) resolve();
      });
    });
    assert.deepEqual(numbers, [1, 2, 3]);
  });

  better(SYNCHRONOUS, 'behind the reply to a message: the event after it', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'ready');
    const socket = await server.nextSocket();
    socket.nextFrame('message').then(({ id }) => {
      socket.send({ ok: true, reply_to: id, ts: '1.1' });
      socket.send({ type: 'after' });
    });
    const { ts } = await rtm.sendMessage('hello', 'C1');
    assert.equal(ts, '1.1');
    assert.deepEqual(await next(rtm, 'after'), [{ type: 'after' }]);
  });

  same('behind disconnect(): what the properties say', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    await rtm.disconnect();
    assert.deepEqual([rtm.connected, rtm.authenticated, rtm.activeUserId], [false, false, undefined]);
    assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
  });

  same('behind a rejected start(): the client is disconnected', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    await assert.rejects(rtm.start());
    assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(rtm.authenticated, true);
    await connected;
  });

  same('a loss, awaited event by event', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'reconnecting');
    assert.deepEqual([rtm.connected, rtm.authenticated], [false, false]);
    await next(rtm, 'authenticated');
    assert.equal(rtm.authenticated, true);
    await next(rtm, 'connected');
  });
});
