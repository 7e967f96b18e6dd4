// Repeating a connect call: retryConfig, Retry-After, requestTimeout.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const fail = (request, response) => response.writeHead(503).end();
const limit = (retryAfter) => (request, response) => response.writeHead(429, { 'retry-after': retryAfter }).end();

/** A client whose first connect calls are answered so. */
async function clientWith(t, answers, options) {
  const server = await scriptedServer(t);
  server.answers.push(...answers);
  return { server, rtm: clientOf(t, server, options) };
}

describe('retries of the connect call', { concurrency: true }, () => {
  for (const [what, answer] of [
    ['an HTTP error', fail],
    ['no answer', (request) => request.socket.destroy()],
  ]) {
    same(`${what} is retried, without an event`, async (t) => {
      const retryConfig = { retries: 2, minTimeout: 10, maxTimeout: 20 };
      const { server, rtm } = await clientWith(t, [answer, answer], { retryConfig });
      const recorded = record(rtm);
      const connected = next(rtm, 'connected');
      await rtm.start();
      await connected;
      assert.equal(server.calls.length, 3);
      assert.ok(!recorded.names.includes('unable_to_rtm_start'));
    });
  }

  same('when retries are spent, start() rejects, with the events of an end', async (t) => {
    const retryConfig = { retries: 2, minTimeout: 10, maxTimeout: 20 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    const recorded = record(rtm);
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error', statusCode: 503 });
    assert.equal(server.calls.length, 3);
    assert.deepEqual(recorded.names, ['connecting', 'unable_to_rtm_start', 'disconnected']);
  });

  same('a later start() has all retries again', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 10 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    await assert.rejects(rtm.start(), { statusCode: 503 });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls.length, 4);
    await connected;
  });

  same('forever: goes on past `retries`', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 5, forever: true };
    const { server, rtm } = await clientWith(t, Array(6).fill(fail), { retryConfig });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls.length, 7);
    await connected;
  });

  same('maxRetryTime: gives up when it is over', async (t) => {
    const retryConfig = { retries: 10_000, factor: 1, minTimeout: 30, maxRetryTime: 300 };
    const { server, rtm } = await clientWith(t, Array(10_001).fill(fail), { retryConfig });
    await assert.rejects(rtm.start());
    assert.ok(server.calls.length > 1 && server.calls.length <= 11, `${server.calls.length} calls`);
  });

  same('pauses grow by `factor` from `minTimeout` on', async (t) => {
    const retryConfig = { retries: 3, factor: 3, minTimeout: 50 };
    const { server, rtm } = await clientWith(t, [fail, fail, fail], { retryConfig });
    const begin = performance.now();
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.ok(performance.now() - begin >= 50 + 150 + 450 - 5);
    assert.equal(server.calls.length, 4);
    await connected;
  });

  same('429 is retried after the time it names', async (t) => {
    const retryConfig = { retries: 1, minTimeout: 0 };
    const { server, rtm } = await clientWith(t, [limit('1')], { retryConfig });
    const begin = performance.now();
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.ok(performance.now() - begin >= 995);
    assert.equal(server.calls.length, 2);
    await connected;
  });

  better('its error has no code', '429 is final when retries are spent', async (t) => {
    const { server, rtm } = await clientWith(t, [limit('1')], { retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_rate_limited_error', retryAfter: 1 });
    assert.equal(server.calls.length, 1);
  });

  for (const value of ['soon', '']) {
    better('it gives up', `429 with an unreadable Retry-After ("${value}") is retried by retryConfig`, async (t) => {
      const { server, rtm } = await clientWith(t, [limit(value)], { retryConfig: { retries: 1, minTimeout: 10 } });
      const connected = next(rtm, 'connected');
      await rtm.start();
      assert.equal(server.calls.length, 2);
      await connected;
    });
  }

  better('it jams', 'a passing error counts against the retries of a first start()', async (t) => {
    const passing = { ok: false, error: 'fatal_error' };
    const { server, rtm } = await clientWith(t, [passing, passing], { retryConfig: { retries: 1 } });
    const recorded = record(rtm);
    await assert.rejects(rtm.start(), (error) => error.data.error === 'fatal_error');
    assert.equal(server.calls.length, 2);
    const attempt = ['connecting', 'unable_to_rtm_start'];
    assert.deepEqual(recorded.names, [...attempt, 'reconnecting', ...attempt, 'disconnected']);
  });

  better('it waits without a limit', 'requestTimeout: no answer in time is no answer', async (t) => {
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

  better('it waits without a limit', 'requestTimeout: an answer that does not end is no answer', async (t) => {
    const endless = (request, response) => response.write('{"ok":true,');
    const { rtm } = await clientWith(t, [endless], { requestTimeout: 100, retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  for (const [what, prepare] of [
    ['an upgrade without an answer', (server) => server.refusals.push(() => {})],
    ['a socket without `hello`', (server) => (server.greet = () => {})],
  ]) {
    better('it waits without a limit', `connectTimeout: ${what} is given up`, async (t) => {
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
