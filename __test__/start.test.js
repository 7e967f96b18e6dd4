// start(): what it resolves or rejects with, in each state.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

describe('start()', { concurrency: true }, () => {
  same('resolves with the complete response to the connect call', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse({ extra: { of: ['any', 'shape', null] } }));
    const rtm = clientOf(t, server);
    const data = await rtm.start();
    assert.deepEqual(data, {
      ...server.connectResponse({ extra: { of: ['any', 'shape', null] } }),
      response_metadata: {},
    });
    await next(rtm, 'connected');
  });

  same('resolves at `authenticated`, before `connected`', async (t) => {
    const server = await scriptedServer(t);
    server.greet = () => {};
    const rtm = clientOf(t, server);
    const recorded = record(rtm);
    await rtm.start();
    assert.deepEqual(recorded.names, ['connecting', 'authenticated']);
    assert.deepEqual([rtm.authenticated, rtm.connected], [true, false]);
    const socket = await server.nextSocket();
    socket.hello();
    await next(rtm, 'connected');
  });

  same('uses its options again for reconnects', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    const connected = next(rtm, 'connected');
    await rtm.start({ batch_presence_aware: true });
    await connected;
    slack.faults.drop();
    await next(rtm, 'connected');
    const options = slack.requests.map(({ params }) => params.batch_presence_aware);
    assert.deepEqual(options, ['true', 'true']);
  });

  same('does not use the options of an earlier start()', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    for (const options of [{ batch_presence_aware: true }, undefined]) {
      const connected = next(rtm, 'connected');
      await rtm.start(options);
      await connected;
      await rtm.disconnect();
    }
    assert.deepEqual(
      slack.requests.map(({ params }) => params.batch_presence_aware),
      ['true', undefined],
    );
  });

  same('rejects with the error of `disconnected`, and can be called again', async (t) => {
    const slack = await startWorkspace(t);
    slack.faults.refuseConnect({ error: 'account_inactive' });
    const rtm = clientOf(t, slack);
    const disconnected = next(rtm, 'disconnected');
    const error = await rtm.start().catch((reason) => reason);
    assert.ok((await disconnected)[0] === error);
    assert.equal(error.data.error, 'account_inactive');
    const connected = next(rtm, 'connected');
    const { ok } = await rtm.start();
    assert.equal(ok, true);
    await connected;
  });

  better('it throws', 'while connecting, resolves together with the attempt in progress', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const { events } = record(rtm);
    const connected = next(rtm, 'connected');
    const [first, second] = await Promise.all([rtm.start(), rtm.start()]);
    assert.ok(first === second);
    await connected;
    assert.equal(server.calls.length, 1);
    assert.deepEqual(events.map(({ name }) => name).slice(0, 3), ['connecting', 'authenticated', 'connected']);
  });

  better('it throws', 'while connecting, rejects together with the attempt in progress', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const [first, second] = await Promise.allSettled([rtm.start(), rtm.start()]);
    assert.ok(first.reason instanceof Error && first.reason === second.reason);
    assert.equal(server.calls.length, 1);
  });

  better('it throws', 'while connected, resolves with the current data and opens no second socket', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const connected = next(rtm, 'connected');
    const first = await rtm.start();
    assert.ok((await rtm.start()) === first, 'while the socket is being opened');
    await connected;
    assert.ok((await rtm.start()) === first, 'once it is open');
    const socket = await server.nextSocket();
    rtm.sendTyping('C1');
    await socket.nextFrame('typing');
    assert.deepEqual([server.calls.length, server.sockets.length], [1, 1]);
  });

  better('it throws', 'after a reconnect, resolves with the new data', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse({ round: 1 }), server.connectResponse({ round: 2 }));
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'connected');
    assert.equal((await rtm.start()).round, 2);
  });

  better('it throws', 'while reconnecting, resolves with the next attempt', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse({ round: 1 }), server.connectResponse({ round: 2 }));
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'reconnecting');
    assert.equal((await rtm.start()).round, 2);
    assert.equal(server.calls.length, 2);
  });

  better('it throws', 'while disconnecting, starts again after `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'ready');
    const { events } = record(rtm);
    const disconnected = rtm.disconnect();
    const started = rtm.start();
    await disconnected;
    await started;
    await next(rtm, 'ready');
    const begun = ['connecting', 'authenticated', 'connected', 'ready'];
    assert.deepEqual(
      events.map(({ name }) => name),
      ['disconnecting', 'disconnected', ...begun],
    );
    assert.equal(server.sockets.length, 2);
  });

  better('it never settles', 'rejects with ABORT_ERR if disconnect() ends it before `authenticated`', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(() => {});
    const rtm = clientOf(t, server);
    const started = rtm.start();
    started.catch(() => {});
    await server.nextCall();
    await rtm.disconnect();
    await assert.rejects(started, { name: 'AbortError', code: 'ABORT_ERR' });
  });

  better('it never settles', 'rejects with ABORT_ERR if disconnect() is called in the same turn', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const { events } = record(rtm);
    const [started, ended] = await Promise.allSettled([rtm.start(), rtm.disconnect()]);
    assert.deepEqual([started.reason?.code, ended.status], ['ABORT_ERR', 'fulfilled']);
    assert.deepEqual(
      events.map(({ name }) => name),
      ['connecting', 'disconnecting', 'disconnected'],
    );
  });

  better('it never settles', 'rejects with ABORT_ERR if disconnect() is called while reconnecting', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'fatal_error' }, () => {});
    const rtm = clientOf(t, server);
    const started = rtm.start();
    started.catch(() => {});
    await next(rtm, 'reconnecting');
    await rtm.disconnect();
    await assert.rejects(started, { code: 'ABORT_ERR' });
  });

  same('throws nothing else if its rejection is handled', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    await assert.rejects(rtm.start(), { code: 'slack_webapi_platform_error' });
    assert.equal(rtm.connected, false);
  });

  same('starts again from within a listener of `disconnected`', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { autoReconnect: false });
    rtm.once('disconnected', () => rtm.start());
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'connected');
    assert.equal(server.sockets.length, 2);
  });

  same('starts again from within a listener of `disconnected` after a failure', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const again = new Promise((resolve) => rtm.once('disconnected', () => resolve(rtm.start())));
    const connected = next(rtm, 'connected');
    const [first, second] = await Promise.allSettled([rtm.start(), again]);
    assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled']);
    await connected;
  });

  same('can be called many times, each time after disconnect()', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    for (let round = 0; round < 20; round += 1) {
      await rtm.start();
      await rtm.disconnect();
    }
    assert.equal(server.calls.length, 20);
  });
});
