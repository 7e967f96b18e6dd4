// disconnect() settles in every state, also when called twice or from within a listener. No event follows.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const HANGS = '`disconnect()` hangs';

/** Brings a client into a state with the help of its server. */
const STATES = {
  async authenticating(rtm, server) {
    server.responses.push(() => {});
    rtm.start().catch(() => {});
    await Promise.all([server.nextCall(), next(rtm, 'connecting')]);
  },
  async authenticated(rtm, server) {
    server.refusals.push(() => {});
    await rtm.start();
  },
  async handshaking(rtm, server) {
    server.greet = () => {};
    await rtm.start();
    await server.nextSocket();
  },
  async resuming(rtm, server) {
    await STATES.ready(rtm, server);
    rtm.sendMessage('no reply', 'C1').catch(() => {});
    const socket = await server.nextSocket();
    await socket.nextFrame('message');
    socket.drop();
    await next(rtm, 'connected');
  },
  async ready(rtm) {
    rtm.start();
    await next(rtm, 'ready');
  },
  async reconnecting(rtm, server) {
    await STATES.ready(rtm, server);
    server.responses.push({ ok: false, error: 'fatal_error' });
    (await server.nextSocket()).drop();
    await next(rtm, 'reconnecting');
    await next(rtm, 'reconnecting'); // the second pause is long enough for the test
  },
  async 'waiting to retry the connect call'(rtm, server) {
    server.responses.push((request, response) => response.writeHead(500).end());
    rtm.start().catch(() => {});
    await Promise.all([server.nextCall(), next(rtm, 'connecting')]);
  },
  async disconnecting(rtm, server) {
    await STATES.ready(rtm, server);
    rtm.disconnect();
    await next(rtm, 'disconnecting');
  },
};

/** The names of the lifecycle events until a promise resolves. */
async function namesUntil(rtm, promise) {
  const { events } = record(rtm);
  await promise;
  return events.map(({ name }) => name);
}

describe('disconnect()', { concurrency: true }, () => {
  same('when ready, resolves after `disconnecting` and `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const names = await namesUntil(rtm, rtm.disconnect());
    assert.deepEqual(names.slice(-1), ['disconnected']);
    const socket = await server.nextSocket();
    assert.notEqual((await socket.closed).code, 1006, 'with a close frame');
    assert.equal(rtm.connected, false);
  });

  same('when ready, resolves with undefined', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const connected = next(rtm, 'connected');
    rtm.start();
    await connected;
    assert.equal(await rtm.disconnect(), undefined);
  });

  same('resolves for a client that was never started', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await rtm.disconnect();
    assert.equal(rtm.connected, false);
  });

  better('it emits `disconnected`', 'emits no event for a client that was never started', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    assert.deepEqual(await namesUntil(rtm, rtm.disconnect()), []);
  });

  for (const [state, enter] of Object.entries(STATES)) {
    better(
      HANGS,
      `while ${state}, emits one \`disconnected\` and nothing after it, and start() works again`,
      async (t) => {
        const server = await scriptedServer(t);
        const rtm = clientOf(t, server);
        await enter(rtm, server);
        const calls = server.calls.length;
        const { events } = record(rtm);
        await rtm.disconnect();
        const count = events.length;
        assert.deepEqual(events.at(-1), { name: 'disconnected', args: [undefined] });
        assert.deepEqual(events.slice(0, -1), state === 'disconnecting' ? [] : [{ name: 'disconnecting', args: [] }]);
        await rtm.disconnect();
        assert.deepEqual([events.length, rtm.state, server.calls.length], [count, 'disconnected', calls]);

        server.greet = (socket) => socket.hello();
        await STATES.ready(rtm, server);
        assert.deepEqual([rtm.state, rtm.connected, server.calls.length], ['connected', true, calls + 1]);
      },
    );
  }

  better(HANGS, 'called three times at once, resolves each time and emits one `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const names = await namesUntil(rtm, Promise.all([rtm.disconnect(), rtm.disconnect(), rtm.disconnect()]));
    assert.deepEqual(names, ['disconnecting', 'disconnected']);
  });

  better(HANGS, 'resolves within five seconds if the server ignores the close frame', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    (await server.nextSocket()).ws.pause();
    const begin = performance.now();
    const names = await namesUntil(rtm, rtm.disconnect());
    assert.ok(performance.now() - begin < 5000);
    assert.deepEqual(names, ['disconnecting', 'disconnected']);
  });

  for (const event of ['connecting', 'authenticated', 'connected', 'hello', 'slack_event', 'ready', 'disconnecting']) {
    const hangs = event === 'connecting' || event === 'disconnecting';
    (hangs ? better.bind(null, HANGS) : same)(`works from within a listener of \`${event}\``, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      const ended = new Promise((resolve) => rtm.once(event, () => resolve(rtm.disconnect())));
      const { events } = record(rtm);
      rtm.start().catch(() => {});
      if (event === 'disconnecting') {
        await next(rtm, 'connected');
        rtm.disconnect();
      }
      await ended;
      assert.equal(events.at(-1).name, 'disconnected');
      assert.equal(events.filter(({ name }) => name === 'disconnected').length, 1);
      assert.ok(server.calls.length <= 1);
    });
  }

  for (const event of ['reconnecting', 'error', 'unable_to_rtm_start']) {
    better(HANGS, `works from within a listener of \`${event}\``, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      if (event === 'unable_to_rtm_start') server.responses.push({ ok: false, error: 'fatal_error' });
      else server.refusals.push(503);
      const ended = new Promise((resolve) => rtm.once(event, () => resolve(rtm.disconnect())));
      const { events } = record(rtm);
      rtm.start().catch(() => {});
      await ended;
      assert.equal(events.at(-1).name, 'disconnected');
      assert.equal(events.filter(({ name }) => name === 'disconnected').length, 1);
      assert.equal(rtm.state, 'disconnected');
    });
  }

  better(HANGS, 'works from within a listener of `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const { events } = record(rtm);
    const ended = new Promise((resolve) => rtm.once('disconnected', () => resolve(rtm.disconnect())));
    rtm.start().catch(() => {});
    await ended;
    assert.equal(events.filter(({ name }) => name === 'disconnected').length, 1);
  });

  same('works from within a listener of `message` that checks `connected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const ended = new Promise((resolve) => {
      rtm.on('message', () => {
        if (rtm.connected) resolve(rtm.disconnect());
      });
    });
    await STATES.ready(rtm, server);
    const socket = await server.nextSocket();
    for (let n = 0; n < 10; n += 1) socket.send({ type: 'message', n });
    await ended;
    assert.equal(rtm.connected, false);
  });

  same('is followed by no event of Slack after it resolved', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const socket = await server.nextSocket();
    const flood = () => {
      if (socket.ws.readyState !== socket.ws.OPEN) return;
      for (let n = 0; n < 100; n += 1) socket.send({ type: 'message', n });
      setImmediate(flood);
    };
    const received = next(rtm, 'message');
    flood();
    await received;
    await rtm.disconnect();
    const late = [];
    rtm.on('message', (event) => late.push(event));
    await socket.closed;
    await STATES.ready(rtm, server);
    assert.deepEqual(late, []);
  });
});
