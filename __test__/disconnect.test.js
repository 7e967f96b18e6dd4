// disconnect(): settles in every state, twice, and from within every listener; and nothing comes after it.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const HANGS = '`disconnect()` hangs';

/** Brings a client into a state by way of its server. */
const STATES = {
  async authenticating(rtm, server) {
    server.answers.push(() => {});
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
    server.answers.push({ ok: false, error: 'fatal_error' });
    (await server.nextSocket()).drop();
    await next(rtm, 'reconnecting');
    await next(rtm, 'reconnecting'); // whose pause is not a short one
  },
  async 'waiting to repeat the connect call'(rtm, server) {
    server.answers.push((request, response) => response.writeHead(500).end());
    rtm.start().catch(() => {});
    await Promise.all([server.nextCall(), next(rtm, 'connecting')]);
  },
  async disconnecting(rtm, server) {
    await STATES.ready(rtm, server);
    rtm.disconnect();
    await next(rtm, 'disconnecting');
  },
};

/** The names of the lifecycle events until a promise settles. */
async function namesUntil(rtm, promise) {
  const { events } = record(rtm);
  await promise;
  return events.map(({ name }) => name);
}

describe('disconnect()', { concurrency: true }, () => {
  same('when ready: disconnecting, disconnected, then it resolves', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const names = await namesUntil(rtm, rtm.disconnect());
    assert.deepEqual(names.slice(-1), ['disconnected']);
    const socket = await server.nextSocket();
    assert.notEqual((await socket.closed).code, 1006, 'with a close frame');
    assert.equal(rtm.connected, false);
  });

  same('when ready: resolves with undefined', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const connected = next(rtm, 'connected');
    rtm.start();
    await connected;
    assert.equal(await rtm.disconnect(), undefined);
  });

  same('of a client that was never started: resolves', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await rtm.disconnect();
    assert.equal(rtm.connected, false);
  });

  better('it emits `disconnected`', 'of a client that was never started: no event', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    assert.deepEqual(await namesUntil(rtm, rtm.disconnect()), []);
  });

  for (const [state, enter] of Object.entries(STATES)) {
    better(HANGS, `while ${state}: one \`disconnected\`, nothing after it, and start() works again`, async (t) => {
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
    });
  }

  better(HANGS, 'any number of times at once: all resolve, with one `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const names = await namesUntil(rtm, Promise.all([rtm.disconnect(), rtm.disconnect(), rtm.disconnect()]));
    assert.deepEqual(names, ['disconnecting', 'disconnected']);
  });

  better(HANGS, 'a server that ignores the close frame: within five seconds', async (t) => {
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
    (hangs ? better.bind(null, HANGS) : same)(`from within a listener of \`${event}\``, async (t) => {
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
    better(HANGS, `from within a listener of \`${event}\``, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      if (event === 'unable_to_rtm_start') server.answers.push({ ok: false, error: 'fatal_error' });
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

  better(HANGS, 'from within a listener of `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const { events } = record(rtm);
    const ended = new Promise((resolve) => rtm.once('disconnected', () => resolve(rtm.disconnect())));
    rtm.start().catch(() => {});
    await ended;
    assert.equal(events.filter(({ name }) => name === 'disconnected').length, 1);
  });

  same('from within a listener of `message`, guarded by `connected`', async (t) => {
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

  same("no event of Slack's comes after it resolved", async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    await STATES.ready(rtm, server);
    const socket = await server.nextSocket();
    const flood = () => {
      if (socket.ws.readyState !== socket.ws.OPEN) return;
      for (let n = 0; n < 100; n += 1) socket.send({ type: 'message', n });
      setImmediate(flood);
    };
    const heard = next(rtm, 'message');
    flood();
    await heard;
    await rtm.disconnect();
    const late = [];
    rtm.on('message', (event) => late.push(event));
    await socket.closed;
    await STATES.ready(rtm, server);
    assert.deepEqual(late, []);
  });
});
