// The order of lifecycle events, and the client's properties at each of them.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, LIFECYCLE, better, clientOf, isSlackRtmApi, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

const PROPERTIES = ['connected', 'authenticated', 'activeUserId', 'activeTeamId'];
const NOTHING = { connected: false, authenticated: false, activeUserId: undefined, activeTeamId: undefined };
const AUTHENTICATED = { connected: false, authenticated: true, activeUserId: 'U1', activeTeamId: 'T1' };
const CONNECTED = { ...AUTHENTICATED, connected: true };
/** `@slack/rtm-api` sets `connected` right after the `connected` event. */
const AT_CONNECTED = isSlackRtmApi ? AUTHENTICATED : CONNECTED;

/** The properties at each lifecycle event and at `hello`, in the order of the events: `[name, properties]`. */
function readings(rtm) {
  const seen = [];
  const read = (name) => seen.push([name, Object.fromEntries(PROPERTIES.map((property) => [property, rtm[property]]))]);
  for (const name of [...LIFECYCLE, 'hello']) rtm.on(name, () => read(name));
  return { seen, events: record(rtm).events };
}

/** The arguments of the event of this name, which must occur once. */
function argsOf(events, name) {
  const found = events.filter((event) => event.name === name);
  assert.equal(found.length, 1, `one ${name} event`);
  return found[0].args;
}

const START = [
  ['connecting', NOTHING],
  ['authenticated', AUTHENTICATED],
  ['connected', AT_CONNECTED],
  ['hello', CONNECTED],
  ['ready', CONNECTED],
];

describe('lifecycle events', { concurrency: true }, () => {
  same('of start() and disconnect()', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const { seen, events } = readings(rtm);
    const ready = next(rtm, 'ready');
    const data = await rtm.start();
    await ready;
    await rtm.disconnect();
    assert.deepEqual(seen, [...START, ['disconnecting', NOTHING], ['disconnected', NOTHING]]);
    assert.ok(argsOf(events, 'authenticated')[0] === data);
    for (const name of ['connecting', 'connected', 'ready', 'disconnecting']) {
      assert.deepEqual(argsOf(events, name), [], name);
    }
  });

  better('it passes a close event', '`disconnected` after disconnect() has no error', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const { events } = record(rtm);
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    await rtm.disconnect();
    assert.deepEqual(argsOf(events, 'disconnected'), [undefined]);
  });

  same('of a lost connection with autoReconnect', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const { seen } = readings(rtm);
    rtm.start();
    await next(rtm, 'ready');
    (await server.nextSocket()).drop();
    await next(rtm, 'ready');
    assert.deepEqual(seen, [...START, ['reconnecting', NOTHING], ...START]);
  });

  same('of a lost connection without autoReconnect', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { autoReconnect: false });
    const { seen } = readings(rtm);
    rtm.start();
    await next(rtm, 'ready');
    (await server.nextSocket()).drop();
    await next(rtm, 'disconnected');
    assert.deepEqual(seen, [...START, ['disconnected', NOTHING]]);
  });

  better('it passes a close event', '`disconnected` after a lost connection has the reason as an error', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { autoReconnect: false });
    const connected = next(rtm, 'connected');
    rtm.start();
    await connected;
    (await server.nextSocket()).close(4321, 'enough');
    const [error] = await next(rtm, 'disconnected');
    assert.ok(error instanceof Error);
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.ok(error.original instanceof Error);
    assert.deepEqual([error.original.code, error.original.reason], [4321, 'enough']);
  });

  same('of a connect call that fails permanently', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const { seen, events } = readings(rtm);
    const error = await rtm.start().catch((reason) => reason);
    assert.deepEqual(seen, [
      ['connecting', NOTHING],
      ['unable_to_rtm_start', NOTHING],
      ['disconnected', NOTHING],
    ]);
    assert.ok(error instanceof Error);
    assert.ok(argsOf(events, 'unable_to_rtm_start')[0] === error);
    assert.ok(argsOf(events, 'disconnected')[0] === error);
  });

  better('it stays in `reconnecting` forever', 'of a connect call that fails temporarily', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'fatal_error' });
    const rtm = clientOf(t, server);
    const { seen, events } = readings(rtm);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const failure = [
      ['connecting', NOTHING],
      ['unable_to_rtm_start', NOTHING],
      ['reconnecting', NOTHING],
    ];
    assert.deepEqual(seen, [...failure, ...START]);
    assert.equal(argsOf(events, 'unable_to_rtm_start')[0].data.error, 'fatal_error');
  });

  better('it swallows the error', 'of a reset connection: `error` comes first', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { autoReconnect: false });
    const { seen, events } = readings(rtm);
    rtm.start();
    await next(rtm, 'ready');
    (await server.nextSocket()).reset();
    await next(rtm, 'disconnected');
    assert.deepEqual(seen, [...START, ['error', CONNECTED], ['disconnected', NOTHING]]);
    const [error] = argsOf(events, 'error');
    assert.ok(error instanceof Error && error.original instanceof Error);
    assert.deepEqual([error.code, error.original.code], [ErrorCode.WebsocketError, 'ECONNRESET']);
  });

  same('of a refused upgrade: `error` comes first', async (t) => {
    const server = await scriptedServer(t);
    server.refusals.push(503);
    const rtm = clientOf(t, server);
    const { seen, events } = readings(rtm);
    rtm.start();
    await next(rtm, 'ready');
    const [connecting, authenticated] = START;
    const failure = [
      ['error', AUTHENTICATED],
      ['reconnecting', NOTHING],
    ];
    const names = (list) => list.map(([name]) => name);
    assert.deepEqual(names(seen), names([connecting, authenticated, ...failure, ...START]));
    // `@slack/rtm-api` is still `authenticated` while it reconnects.
    if (!isSlackRtmApi) assert.deepEqual(seen, [connecting, authenticated, ...failure, ...START]);
    const [error] = argsOf(events, 'error');
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.match(error.message, /503/);
  });

  better(
    'it stays `authenticated`, and passes a close event',
    'of a refused upgrade without autoReconnect',
    async (t) => {
      const server = await scriptedServer(t);
      server.refusals.push(403);
      const rtm = clientOf(t, server, { autoReconnect: false });
      const { seen, events } = readings(rtm);
      await rtm.start();
      await next(rtm, 'disconnected');
      const [connecting, authenticated] = START;
      assert.deepEqual(seen, [connecting, authenticated, ['error', AUTHENTICATED], ['disconnected', NOTHING]]);
      assert.ok(argsOf(events, 'error')[0] === argsOf(events, 'disconnected')[0]);
    },
  );

  same('of a socket that is closed before `hello`', async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => socket.close(1011, 'not today');
    const rtm = clientOf(t, server, { autoReconnect: false });
    const { events } = record(rtm);
    rtm.start();
    await next(rtm, 'disconnected');
    const names = events.map(({ name }) => name);
    assert.deepEqual(names, ['connecting', 'authenticated', 'disconnected']);
  });

  better('`ready` comes two seconds after `hello`', '`ready` follows `hello` immediately', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    const begin = performance.now();
    await next(rtm, 'ready');
    assert.ok(performance.now() - begin < 1000);
  });

  same('an `error` event without a listener does not throw', async (t) => {
    const slack = await startWorkspace(t);
    slack.faults.refuseSocket(503);
    const rtm = clientOf(t, slack);
    const connected = next(rtm, 'connected');
    rtm.start();
    await connected;
    assert.ok(rtm.connected);
  });

  same('of a second session are the same as of the first', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    await rtm.disconnect();
    const { seen } = readings(rtm);
    rtm.start();
    await next(rtm, 'ready');
    assert.deepEqual(seen, START);
  });
});
