// Code after an `await` runs before the next event, even if that event has already arrived. A bot that awaits one event can
// therefore add a listener for the next one.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const SYNCHRONOUS = 'it emits the events of frames that arrive together without a pause';

/** Blocks the event loop, while native code continues to read from the network. */
function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Sends hello and three messages at once. */
function greetWithMessages(socket) {
  socket.hello();
  for (let n = 1; n <= 3; n += 1) socket.send({ type: 'message', n });
}

describe('code after an await', { concurrency: true }, () => {
  same('of start() runs before `connected`, `hello` and `ready`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await rtm.start();
    const [hello, ready] = [next(rtm, 'hello'), next(rtm, 'ready')];
    await next(rtm, 'connected');
    assert.deepEqual([rtm.authenticated, rtm.connected], [true, true]);
    assert.deepEqual(await hello, [{ type: 'hello' }]);
    await ready;
  });

  same('of start() runs before `connected` in a busy program', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const started = rtm.start();
    rtm.once('authenticated', () => block(300));
    const { self } = await started;
    assert.equal(rtm.activeUserId, self.id);
    assert.equal(rtm.connected, false);
    await next(rtm, 'connected');
  });

  same('of a lifecycle event runs before the next one in a busy program', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const authenticated = next(rtm, 'authenticated');
    rtm.start();
    await authenticated;
    const seen = [];
    const read = () => seen.push([rtm.stateMachine.getCurrentState(), rtm.authenticated, rtm.connected]);
    read();
    for (const name of ['connected', 'ready']) {
      block(50);
      await next(rtm, name);
      read();
    }
    assert.deepEqual(seen, [
      ['connecting', true, false],
      ['connected', true, true],
      ['connected', true, true],
    ]);
  });

  better(SYNCHRONOUS, 'of a lifecycle event or frame runs before the next one in a busy program', async (t) => {
    const server = await scriptedServer(t);
    server.greet = greetWithMessages;
    const rtm = clientOf(t, server);
    rtm.start();
    for (const name of ['connecting', 'authenticated', 'connected', 'hello', 'ready', 'message']) {
      await next(rtm, name);
      block(50);
    }
  });

  better(SYNCHRONOUS, 'of a frame runs before the lifecycle event that follows', async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => {
      socket.hello();
      socket.send({ type: 'goodbye' });
      socket.close(1001);
    };
    const rtm = clientOf(t, server, { autoReconnect: false });
    rtm.start();
    block(100);
    await next(rtm, 'goodbye');
    await next(rtm, 'disconnected');
  });

  same('of `connected` runs before `ready`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    await next(rtm, 'ready');
  });

  better(SYNCHRONOUS, 'of `connected` runs before `hello`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    assert.deepEqual(await next(rtm, 'hello'), [{ type: 'hello' }]);
  });

  better('`ready` comes two seconds after `hello`', 'of `ready` runs before the first message', async (t) => {
    const server = await scriptedServer(t);
    server.greet = greetWithMessages;
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'ready');
    block(100);
    const numbers = [];
    await new Promise((resolve) => {
      rtm.on('message', ({ n }) => {
        numbers.push(n);
        if (n === 3) resolve();
      });
    });
    assert.deepEqual(numbers, [1, 2, 3]);
  });

  better(SYNCHRONOUS, 'of a reply to a message runs before the next event', async (t) => {
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

  same('of disconnect() finds the properties of a disconnected client', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    await rtm.disconnect();
    assert.deepEqual([rtm.connected, rtm.authenticated, rtm.activeUserId], [false, false, undefined]);
    assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
  });

  same('of a rejected start() finds a disconnected client', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    await assert.rejects(rtm.start());
    assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(rtm.authenticated, true);
    await connected;
  });

  same('of each event of a reconnect runs before the next event', async (t) => {
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
