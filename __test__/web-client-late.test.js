// The option webClient: responses that arrive late or never, and memory.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inProcess } = require('./support/child.js');
const { better, clientOf, failureOf, next } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { clientWith, connect, deferred } = require('./support/web-clients.js');

describe('a webClient that responds late or never', { concurrency: true }, () => {
  better('it hangs', 'does not delay disconnect()', async (t) => {
    const { webClient, rtm, recorded } = await clientWith(t, () => new Promise(() => {}));
    const start = failureOf(rtm.start());
    await webClient.called(1);
    const begin = performance.now();
    await rtm.disconnect();
    assert.ok(performance.now() - begin < 1000);
    assert.equal((await start).code, 'ABORT_ERR');
    assert.deepEqual(recorded.names, ['connecting', 'disconnecting', 'disconnected']);
  });

  for (const [what, settle] of [
    ['response', (first, server) => first.resolve(server.connectResponse({ url: `${server.socketUrl}?late` }))],
    ['failure', (first) => first.reject(new Error('late'))],
    ['response that throws', (first) => first.resolve(Object.defineProperty({}, 'url', { get: () => assert.fail() }))],
  ]) {
    better('it hangs', `does nothing with a ${what} after disconnect()`, async (t) => {
      const first = deferred();
      const { server, webClient, rtm, recorded } = await clientWith(t, () => first.promise);
      const start = failureOf(rtm.start());
      await webClient.called(1);
      await rtm.disconnect();
      await start;
      settle(first, server);
      await new Promise(setImmediate);
      // Any effect would be visible when another client has connected.
      await connect(clientOf(t, server));
      assert.deepEqual(recorded.names, ['connecting', 'disconnecting', 'disconnected']);
      assert.ok(server.upgrades.every(({ url }) => !url.includes('late')));
      assert.deepEqual([rtm.connected, rtm.authenticated, rtm.activeUserId], [false, false, undefined]);
    });

    better('it hangs', `does not affect the next attempt with a ${what} to the earlier one`, async (t) => {
      const [first, second] = [deferred(), deferred()];
      const { server, webClient, rtm, recorded } = await clientWith(t, (n) => (n === 1 ? first : second).promise);
      const aborted = failureOf(rtm.start({ n: 1 }));
      await webClient.called(1);
      await rtm.disconnect();
      await aborted;
      const connected = next(rtm, 'connected');
      const start = rtm.start({ n: 2 });
      await webClient.called(2);
      settle(first, server);
      await new Promise(setImmediate);
      const response = server.connectResponse({ n: 2 });
      second.resolve(response);
      assert.ok((await start) === response);
      await connected;
      assert.equal(server.upgrades.length, 1);
      assert.deepEqual(
        webClient.calls.map(({ options }) => options.n),
        [1, 2],
      );
      assert.ok(!recorded.names.includes('unable_to_rtm_start'));
    });
  }

  better('it hangs', 'does not affect an established session with a response to an earlier attempt', async (t) => {
    const first = deferred();
    const respond = (n, to) => (n === 1 ? first.promise : Promise.resolve(to.connectResponse()));
    const { server, webClient, rtm } = await clientWith(t, respond);
    const aborted = failureOf(rtm.start());
    await webClient.called(1);
    await rtm.disconnect();
    await aborted;
    await connect(rtm);
    first.resolve(server.connectResponse({ url: `${server.socketUrl}?late`, self: { id: 'U9' } }));
    await new Promise(setImmediate);
    const said = next(rtm, 'said');
    (await server.nextSocket()).send({ type: 'said' });
    await said;
    assert.deepEqual([rtm.connected, rtm.activeUserId, server.upgrades.length], [true, 'U1', 1]);
  });

  better('it hangs', 'ends its attempt if it calls disconnect() within apiCall', async (t) => {
    const server = await scriptedServer(t);
    let disconnected;
    const webClient = {
      apiCall: async () => {
        disconnected = rtm.disconnect();
        return server.connectResponse({ url: `${server.socketUrl}?late` });
      },
    };
    const rtm = clientOf(t, server, { webClient });
    for (let n = 0; n < 20; n += 1) {
      assert.equal((await failureOf(rtm.start())).code, 'ABORT_ERR');
      await disconnected;
    }
    await connect(clientOf(t, server));
    assert.ok(server.upgrades.every(({ url }) => !url.includes('late')));
  });
});

describe('a client with a webClient', () => {
  better('it hangs', 'does not keep the process alive after disconnect() if a call never settles', async (t) => {
    const child = inProcess(t, undefined, async ({ RTMClient, report }) => {
      let onCall;
      const webClient = { apiCall: () => new Promise(() => onCall()) };
      const rtm = new RTMClient('', { webClient });
      for (let n = 0; n < 3; n += 1) {
        const called = new Promise((resolve) => (onCall = resolve));
        const start = rtm.start().catch((error) => report(error.code));
        await called;
        await rtm.disconnect();
        await start;
      }
    });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual([code, reports, stderr], [0, ['ABORT_ERR', 'ABORT_ERR', 'ABORT_ERR'], '']);
  });

  better('a reconnect takes two seconds', 'keeps no memory of 200 connections', async (t) => {
    const server = await scriptedServer(t);
    const child = inProcess(
      t,
      undefined,
      async ({ RTMClient, next, report, input }) => {
        const collected = new Set();
        const registry = new FinalizationRegistry((n) => collected.add(n));
        let calls = 0;
        let called;
        const webClient = {
          apiCall(method, options) {
            calls += 1;
            called?.();
            const response = JSON.parse(JSON.stringify({ ...input, ballast: 'x'.repeat(10_000) }));
            registry.register(response, `response ${calls}`);
            registry.register(options, `options ${calls}`);
            // Every fourth call settles late.
            const late = calls % 4 === 0;
            const promise = late
              ? new Promise((resolve) => setImmediate(setImmediate, resolve, response))
              : Promise.resolve(response);
            registry.register(promise, `promise ${calls}`);
            return promise;
          },
        };
        const rtm = new RTMClient('', { webClient, logLevel: 'error' });
        async function round(n) {
          const connected = next(rtm, 'connected');
          if (n % 4 === 3) {
            const call = new Promise((resolve) => (called = resolve));
            rtm.start({ n }).catch(() => {});
            await call;
            called = undefined;
          } else {
            await rtm.start({ n });
            await connected;
          }
          await rtm.disconnect();
        }
        const gc = async () => {
          for (let n = 0; n < 10; n += 1) {
            global.gc();
            await new Promise(setImmediate);
          }
          return process.memoryUsage().heapUsed;
        };
        for (let n = 0; n < 40; n += 1) await round(n);
        const before = await gc();
        for (let n = 40; n < 200; n += 1) await round(n);
        const after = await gc();
        report({ calls, collected: collected.size, grown: after - before });
      },
      { input: server.connectResponse(), flags: ['--expose-gc'] },
    );
    const { code, stderr, reports } = await child.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const [{ calls, collected, grown }] = reports;
    assert.equal(calls, 200);
    assert.ok(collected >= 3 * 200 - 9, `${collected} of 600 were collected`);
    assert.ok(grown < 2 ** 20, `the heap grew by ${grown} bytes`);
    assert.ok(server.sockets.every(({ ws }) => ws.readyState >= 2));
  });
});
