// apiCall in every state of the client: many calls at once, connections, the end of the process, and the option webClient.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inProcess, inWorker } = require('./support/child.js');
const { clientOf, failureOf, next, recordingLogger } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { canLoad, load } = require('./support/package-versions.js');
const {
  ONCE,
  clientWith,
  fieldsOf,
  respondJson,
  respondWith,
  webApiServer,
  testApiCall,
} = require('./support/web-api-server.js');

describe('apiCall: calls in every state of the client', { concurrency: true }, () => {
  testApiCall('of 150 concurrent calls, 100 are in flight at a time, and each gets its own response', async (t) => {
    const { api, rtm } = await clientWith(t);
    const held = [];
    const hold = (request, response, one) => held.push({ response, n: fieldsOf(one)[0][1] });
    api.responses.push(...Array(150).fill(hold));
    const calls = Array.from({ length: 150 }, (_, n) => rtm.apiCall('api.test', { n }));
    await api.requested(100);
    // Another client of the process makes ten calls. A 101st request of the first client would have arrived by then.
    const other = await clientWith(t);
    for (let n = 0; n < 10; n += 1) await other.rtm.apiCall('api.test');
    assert.equal(held.length, 100);
    let responded = 0;
    while (responded < 150) {
      await api.requested(Math.min(150, responded + 100));
      // The latest request gets the first response.
      const { response, n } = held.pop();
      response.end(JSON.stringify({ ok: true, n }));
      responded += 1;
    }
    const responses = await Promise.all(calls);
    assert.deepEqual(
      responses.map(({ n }) => n),
      responses.map((_, n) => String(n)),
    );
    assert.equal(api.requests.length, 150);
  });

  testApiCall('each call settles when its response arrives, in any order', async (t) => {
    const { api, rtm } = await clientWith(t);
    const held = [];
    api.responses.push(...Array(3).fill((request, response, one) => held.push({ response, n: fieldsOf(one)[0][1] })));
    const order = [];
    const calls = [0, 1, 2].map((n) => rtm.apiCall('api.test', { n }).then((response) => order.push(response.n)));
    await api.requested(3);
    for (const n of ['1', '2', '0']) {
      held.find((one) => one.n === n).response.end(JSON.stringify({ ok: true, n }));
      await Promise.race(calls.filter((_, index) => String(index) === n));
    }
    assert.deepEqual(order, ['1', '2', '0']);
  });

  testApiCall('a call works in every state, and continues during disconnect()', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const call = async (n) => {
      server.responses.push({ ok: true, n });
      assert.equal((await rtm.apiCall('api.test')).n, n);
    };
    await call('disconnected');
    // Connecting: the connect call has no response yet.
    let respond;
    server.responses.push(
      (request, response) => (respond = () => response.end(JSON.stringify(server.connectResponse()))),
    );
    const [connecting, connected] = [next(rtm, 'connecting'), next(rtm, 'connected')];
    const start = rtm.start();
    await server.nextCall();
    await server.nextCall();
    await connecting;
    assert.equal(rtm.state, 'connecting');
    await call('connecting');
    respond();
    await start;
    await call('authenticated');
    await connected;
    await call('connected');
    // In flight while the client disconnects.
    let respondAcross;
    const arrived = new Promise((resolve) => {
      server.responses.unshift((request, response) => {
        respondAcross = () => response.end('{"ok":true,"n":"across"}');
        resolve();
      });
    });
    const across = rtm.apiCall('api.test');
    await arrived;
    await rtm.disconnect();
    respondAcross();
    assert.equal((await across).n, 'across');
    await call('after disconnect()');
    assert.equal(rtm.state, 'disconnected');
  });

  testApiCall('a call works while the client is reconnecting', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const reconnecting = next(rtm, 'reconnecting');
    (await server.nextSocket()).drop();
    await reconnecting;
    const call = rtm.apiCall('api.test');
    assert.equal((await call).ok, true);
  });

  testApiCall('the session continues while a call is in flight', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    let respond;
    server.responses.push((request, response) => (respond = () => response.end('{"ok":true}')));
    const call = rtm.apiCall('api.test');
    await server.nextCall();
    await server.nextCall();
    const socket = await server.nextSocket();
    const said = next(rtm, 'said');
    socket.send({ type: 'said' });
    await said;
    await rtm.sendTyping('C1');
    assert.equal((await socket.nextFrame('typing')).channel, 'C1');
    respond();
    await call;
  });

  testApiCall('a call keeps the process alive until its response arrives', async (t) => {
    const api = await webApiServer(t);
    // Without the call, the process would exit during this pause.
    api.responses.push((request, response) => setTimeout(() => response.end('{"ok":true,"n":1}'), 300));
    const child = inProcess(t, api, ({ client, report }) => {
      client()
        .apiCall('api.test')
        .then(({ n }) => report(n));
      process.on('exit', () => report('exit'));
    });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual([code, reports, stderr], [0, [1, 'exit'], '']);
  });

  testApiCall('the process exits after failed calls', async (t) => {
    const api = await webApiServer(t);
    api.responses.push(respondWith(500), respondJson({ ok: false, error: 'x' }));
    const child = inProcess(t, api, async ({ client, report }) => {
      const rtm = client({ retryConfig: { retries: 0 } });
      for (let n = 0; n < 2; n += 1) await rtm.apiCall('api.test').catch(({ code }) => report(code));
      await rtm.apiCall('no such').catch(({ name }) => report(name));
    });
    const { code, reports } = await child.ended;
    const codes = ['slack_webapi_http_error', 'slack_webapi_platform_error', 'TypeError'];
    assert.deepEqual([code, reports], [0, codes]);
  });

  testApiCall('a call completes after its client became unreachable', async (t) => {
    const api = await webApiServer(t);
    let respond;
    api.responses.push((request, response) => (respond = () => response.end('{"ok":true,"n":1}')));
    const child = inProcess(
      t,
      api,
      ({ client, report }) => {
        client()
          .apiCall('api.test')
          .then(({ n }) => report(n));
        setImmediate(() => {
          global.gc();
          report('collected');
        });
      },
      { flags: ['--expose-gc'] },
    );
    await api.requested(1);
    assert.equal(await child.report(), 'collected');
    respond();
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports], [0, ['collected', 1]]);
  });

  testApiCall('a call works in a worker, which then exits by itself', async (t) => {
    const api = await webApiServer(t);
    api.responses.push(respondJson({ n: 1 }), respondJson({ ok: false, error: 'x' }));
    const { report, ended } = inWorker(api, async ({ client, report: tell }) => {
      const rtm = client();
      tell(await rtm.apiCall('api.test', { a: [1], file: new Uint8Array([1]) }));
      tell(await rtm.apiCall('api.test').catch(({ code }) => code));
    });
    assert.deepEqual(await report(), { ok: true, n: 1, response_metadata: {} });
    assert.equal(await report(), 'slack_webapi_platform_error');
    assert.equal(await ended, 0);
  });

  testApiCall('a worker can be terminated while its calls are in flight', async (t) => {
    const api = await webApiServer(t);
    api.responses.push(...Array(20).fill(() => {}));
    const { worker } = inWorker(api, ({ client }) => {
      const rtm = client();
      for (let n = 0; n < 20; n += 1) rtm.apiCall('api.test');
    });
    await api.requested(20);
    assert.equal(await worker.terminate(), 1);
    assert.equal((await clientOf(t, api).apiCall('api.test')).ok, true);
  });
});

describe('apiCall: the connection of a call', { concurrency: true }, () => {
  // A server may close a kept connection while the client sends the next call. The client then cannot know whether the
  // server received that call.
  testApiCall('is new for each call, and closes after the response', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    api.responses.push(
      respondJson({ n: 0 }),
      respondJson({ ok: false, error: 'x' }),
      respondWith(500, {}, 'oops'),
      respondWith(429),
    );
    for (let n = 0; n < 5; n += 1) {
      await rtm.apiCall('api.test', { n }).catch(() => {});
      const socket = api.connections.at(-1);
      if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
    }
    assert.deepEqual([api.requests.length, api.connections.length], [5, 5]);
    assert.ok(api.requests.every(({ headers }) => headers.connection === 'close'));
  });

  for (const how of ['destroy', 'end', 'resetAndDestroy']) {
    testApiCall(`does not fail the next call when the server closes it after the response: ${how}`, async (t) => {
      const { api, rtm } = await clientWith(t, ONCE);
      for (let n = 0; n < 50; n += 1) {
        await rtm.apiCall('api.test', { n });
        api.connections.at(-1)[how]();
      }
      assert.equal(api.requests.length, 50);
    });
  }

  testApiCall('does not delay the call when the server keeps it open', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    for (let n = 0; n < 3; n += 1) {
      api.responses.push(({ socket }) =>
        socket.write('HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 11\r\n\r\n{"ok":true}'),
      );
      await rtm.apiCall('api.test');
    }
    assert.equal(api.requests.length, 3);
  });

  testApiCall('does not pass the rest of a timed-out response to the next call', async (t) => {
    const { api, rtm } = await clientWith(t, { ...ONCE, requestTimeout: 100 });
    api.responses.push((request, response) => {
      response.write('{"ok":true,"n":1');
      setTimeout(() => response.end('}'), 200);
    });
    await failureOf(rtm.apiCall('api.test'));
    api.responses.push(respondJson({ n: 2 }));
    assert.equal((await rtm.apiCall('api.test')).n, 2);
    assert.equal(api.connections.length, 2);
  });

  testApiCall('does not keep the process alive after the response', async (t) => {
    const api = await webApiServer(t);
    const begin = performance.now();
    const child = inProcess(t, api, ({ client, report }) => {
      client()
        .apiCall('api.test')
        .then(() => report('response'));
    });
    await child.report();
    const { code } = await child.ended;
    assert.equal(code, 0);
    assert.ok(performance.now() - begin < 10_000);
  });
});

describe('apiCall: the option webClient', { concurrency: true }, () => {
  testApiCall('makes the call, and its result is passed on unchanged', async (t) => {
    const { api } = await clientWith(t);
    const options = { a: 1 };
    const result = Object.freeze({ ok: true });
    const seen = [];
    const webClient = {
      async apiCall(...args) {
        seen.push({ self: this, args });
        return result;
      },
    };
    const rtm = clientOf(t, api, { webClient });
    assert.ok((await rtm.apiCall('users.list', options)) === result);
    assert.ok((await rtm.apiCall('api.test')) === result);
    assert.ok(seen[0].self === webClient);
    assert.ok(seen[0].args[0] === 'users.list' && seen[0].args[1] === options);
    assert.deepEqual([seen[1].args[0], seen[1].args[1]], ['api.test', undefined]);
    assert.deepEqual([api.requests.length, api.connections.length], [0, 0]);
  });

  testApiCall('passes on its failure unchanged, whether it throws or rejects', async (t) => {
    const { api } = await clientWith(t);
    for (const value of [new Error('x'), 'text', undefined, null, Object.freeze({})]) {
      for (const apiCall of [
        async () => {
          throw value;
        },
        () => {
          throw value;
        },
      ]) {
        const rtm = clientOf(t, api, { webClient: { apiCall } });
        const reason = await rtm.apiCall('api.test').then(
          () => assert.fail('it did not fail'),
          (error) => error,
        );
        assert.ok(Object.is(reason, value));
      }
    }
    assert.equal(api.requests.length, 0);
  });

  for (const name of ['@slack/web-api', 'slack-web-api 8'].filter(canLoad)) {
    testApiCall(`can be a WebClient of ${name}`, async (t) => {
      const { api } = await clientWith(t);
      const webClient = new (load(name).WebClient)('xoxp-own', { slackApiUrl: api.apiUrl, logger: recordingLogger() });
      const rtm = clientOf(t, api, { webClient });
      api.responses.push(respondJson({ n: 1 }));
      assert.equal((await rtm.apiCall('api.test')).n, 1);
      assert.equal(api.requests[0].headers.authorization, 'Bearer xoxp-own');
    });
  }
});
