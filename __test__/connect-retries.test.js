// Retries of the connect call: retryConfig, Retry-After, requestTimeout.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const fail = (request, response) => response.writeHead(503).end();
const limit = (retryAfter) => (request, response) => response.writeHead(429, { 'retry-after': retryAfter }).end();

/** A client whose first connect calls get these responses. */
async function clientWith(t, responses, options) {
  const server = await scriptedServer(t);
  server.responses.push(...responses);
  return { server, rtm: clientOf(t, server, options) };
}

describe('retries of the connect call', { concurrency: true }, () => {
  for (const [what, response] of [
    ['an HTTP error', fail],
    ['a reset connection', (request) => request.socket.destroy()],
  ]) {
    same(`${what} causes a retry without an event`, async (t) => {
      const retryConfig = { retries: 2, minTimeout: 10, maxTimeout: 20 };
      const { server, rtm } = await clientWith(t, [response, response], { retryConfig });
      const recorded = record(rtm);
      const connected = next(rtm, 'connected');
      await rtm.start();
      await connected;
      assert.equal(server.calls.length, 3);
      assert.ok(!recorded.names.includes('unable_to_rtm_start'));
    });
  }

  same('after the last retry, start() rejects and `disconnected` follows', async (t) => {
    const retryConfig = { retries: 2, minTimeout: 10, maxTimeout: 20 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    const recorded = record(rtm);
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error', statusCode: 503 });
    assert.equal(server.calls.length, 3);
    assert.deepEqual(recorded.names, ['connecting', 'unable_to_rtm_start', 'disconnected']);
  });

  same('a later start() has all its retries again', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 10 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    await assert.rejects(rtm.start(), { statusCode: 503 });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls.length, 4);
    await connected;
  });

  same('`forever` continues after `retries` attempts', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 5, forever: true };
    const { server, rtm } = await clientWith(t, Array(6).fill(fail), { retryConfig });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls.length, 7);
    await connected;
  });

  same('after `maxRetryTime`, the client gives up', async (t) => {
    const retryConfig = { retries: 10_000, factor: 1, minTimeout: 30, maxRetryTime: 300 };
    const { server, rtm } = await clientWith(t, Array(10_001).fill(fail), { retryConfig });
    await assert.rejects(rtm.start());
    assert.ok(server.calls.length > 1 && server.calls.length <= 11, `${server.calls.length} calls`);
  });

  same('pauses start at `minTimeout` and grow by `factor`', async (t) => {
    const retryConfig = { retries: 3, factor: 3, minTimeout: 50 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    const begin = performance.now();
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.ok(performance.now() - begin >= 50 + 150 + 450 - 5);
    assert.equal(server.calls.length, 4);
    await connected;
  });

  same('after a 429, the client waits as long as Retry-After says', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 0 };
    const { server, rtm } = await clientWith(t, [limit('1')], { retryConfig });
    const begin = performance.now();
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.ok(performance.now() - begin >= 995);
    assert.equal(server.calls.length, 2);
    await connected;
  });

  better('its error has no code', 'after the last retry, a 429 makes start() reject', async (t) => {
    const { server, rtm } = await clientWith(t, [limit('1')], { retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_rate_limited_error', retryAfter: 1 });
    assert.equal(server.calls.length, 1);
  });

  for (const value of ['soon', '']) {
    better(
      'it gives up',
      `after a 429 with an invalid Retry-After ("${value}"), the pause follows retryConfig`,
      async (t) => {
        const { server, rtm } = await clientWith(t, [limit(value)], { retryConfig: { retries: 1, minTimeout: 10 } });
        const connected = next(rtm, 'connected');
        await rtm.start();
        assert.equal(server.calls.length, 2);
        await connected;
      },
    );
  }

  better('it hangs', 'a temporary error of the platform uses up one retry of the first start()', async (t) => {
    const temporary = { ok: false, error: 'fatal_error' };
    const { server, rtm } = await clientWith(t, [temporary, temporary], { retryConfig: { retries: 1 } });
    const recorded = record(rtm);
    await assert.rejects(rtm.start(), (error) => error.data.error === 'fatal_error');
    assert.equal(server.calls.length, 2);
    const attempt = ['connecting', 'unable_to_rtm_start'];
    assert.deepEqual(recorded.names, [...attempt, 'reconnecting', ...attempt, 'disconnected']);
  });

  better('it waits without a limit', 'requestTimeout limits the wait for a response', async (t) => {
    const silent = () => {};
    const { server, rtm } = await clientWith(t, [silent, silent], {
      requestTimeout: 100,
      retryConfig: { retries: 1, minTimeout: 10 },
    });
    const error = await rtm.start().catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(error.original.code, 'ETIMEDOUT');
    assert.match(error.message, /requestTimeout/);
    assert.equal(server.calls.length, 2);
  });

  better('it waits without a limit', 'requestTimeout limits the wait for the end of a response', async (t) => {
    const endless = (request, response) => response.write('{"ok":true,');
    const { rtm } = await clientWith(t, [endless], { requestTimeout: 100, retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  for (const [what, prepare] of [
    ['an upgrade without a response', (server) => server.refusals.push(() => {})],
    ['a socket without `hello`', (server) => (server.greet = () => {})],
  ]) {
    better('it waits without a limit', `connectTimeout ends ${what}`, async (t) => {
      const { server, rtm } = await clientWith(t, [], { connectTimeout: 100, autoReconnect: false });
      prepare(server);
      const recorded = record(rtm);
      await rtm.start();
      const [error] = await next(rtm, 'disconnected');
      assert.equal(error.original.code, 'ETIMEDOUT');
      assert.deepEqual(recorded.names, ['connecting', 'authenticated', 'error', 'disconnected']);
    });
  }
});
