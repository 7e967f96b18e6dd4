// apiCall: the response, errors, and retries.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { clientOf, failureOf, recordingLogger } = require('./support/client.js');
const { unsupported } = require('./support/package-versions.js');
const {
  ONCE,
  clientWith,
  fieldsOf,
  respondJson,
  respondWith,
  webApiServer,
  testApiCall,
} = require('./support/web-api-server.js');

describe('apiCall: the response', { concurrency: true }, () => {
  testApiCall('is passed on with all its fields and response_metadata', async (t) => {
    const { api, rtm } = await clientWith(t);
    const fields = { members: [{ id: 'U1', name: 'ä 🙂' }], n: 1.5, nothing: null, deep: { a: [[]] } };
    api.responses.push(respondJson(fields));
    assert.deepEqual(await rtm.apiCall('users.list'), { ok: true, ...fields, response_metadata: {} });
  });

  testApiCall('has the scopes from the headers in response_metadata', async (t) => {
    const { api, rtm } = await clientWith(t);
    const response_metadata = { next_cursor: 'dXNlcjpVMEc5V0ZYTlo=' };
    const headers = { 'x-oauth-scopes': 'bot, identify ,chat:write', 'X-Accepted-OAuth-Scopes': 'users:read' };
    api.responses.push(respondWith(200, headers, JSON.stringify({ ok: true, response_metadata })));
    assert.deepEqual(await rtm.apiCall('users.list'), {
      ok: true,
      response_metadata: {
        ...response_metadata,
        scopes: ['bot', 'identify', 'chat:write'],
        acceptedScopes: ['users:read'],
      },
    });
  });

  testApiCall('is the result of JSON.parse', async (t) => {
    const { api, rtm } = await clientWith(t);
    const text =
      '{"ok":true,"b":1,"a":2,"b":3,"__proto__":{"x":1},"big":12345678901234567890,"zero":-0,' +
      '"lone":"\\ud800","esc":"\\u0000\\/","response_metadata":{"m":1}}';
    api.responses.push((request, response) => response.end(text));
    const response = await rtm.apiCall('api.test');
    assert.deepEqual(response, JSON.parse(text));
    assert.deepEqual(Object.keys(response), Object.keys(JSON.parse(text)));
  });

  for (const [what, text] of [
    ['a name with a lone surrogate', '{"ok":true,"\\ud800":1}'],
    ['a byte order mark before it', '\ufeff{"ok":true}'],
    ['a thousand levels', `{"ok":true,"deep":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ]) {
    testApiCall(`can have ${what}`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.responses.push((request, response) => response.end(text));
      const expected = { ...JSON.parse(text.replace(/^\ufeff/, '')), response_metadata: {} };
      assert.deepEqual(await rtm.apiCall('api.test'), expected);
    });
  }

  testApiCall('has its warnings and errors logged', async (t) => {
    const logger = recordingLogger();
    const { api, rtm } = await clientWith(t, { logger });
    const messages = ['[WARN] second', '[ERROR] third', 'fourth'];
    api.responses.push(respondJson({ response_metadata: { warnings: ['first'], messages } }));
    const response = await rtm.apiCall('chat.postMessage');
    assert.deepEqual(response.response_metadata.messages, messages);
    const said = logger.lines.filter(({ level }) => ['warn', 'error'].includes(level));
    assert.deepEqual(said, [
      { level: 'warn', text: 'first' },
      { level: 'warn', text: 'second' },
      { level: 'error', text: 'third' },
    ]);
  });

  for (const odd of [null, 'x', 5, [], { messages: null, warnings: null }, { messages: 5, warnings: {} }]) {
    testApiCall(`can have a response_metadata of ${JSON.stringify(odd)}`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.responses.push(respondJson({ response_metadata: odd, a: 1 }));
      assert.equal((await rtm.apiCall('api.test')).a, 1);
      await rtm.apiCall('api.test');
    });
  }

  testApiCall('can have a megabyte and come in pieces that cut characters', async (t) => {
    const { api, rtm } = await clientWith(t);
    const text = 'ä€🙂'.repeat(2 ** 20 / 9);
    api.responses.push((request, response) => {
      const bytes = Buffer.from(JSON.stringify({ ok: true, text }));
      for (let at = 0; at < bytes.length; at += 10_007) response.write(bytes.subarray(at, at + 10_007));
      response.end();
    });
    assert.ok((await rtm.apiCall('api.test')).text === text);
  });
});

describe('apiCall: an error', { concurrency: true }, () => {
  testApiCall('is a slack_webapi_platform_error with the response for ok: false', async (t) => {
    const { api, rtm } = await clientWith(t);
    const data = { ok: false, error: 'channel_not_found', needed: 'x', response_metadata: { messages: ['m'] } };
    api.responses.push((request, response) => response.end(JSON.stringify(data)));
    const error = await failureOf(rtm.apiCall('chat.postMessage', { channel: 'C0' }));
    assert.ok(error instanceof Error);
    assert.equal(error.code, 'slack_webapi_platform_error');
    const { ok, error: reason, needed } = error.data;
    assert.deepEqual({ ok, reason, needed }, { ok: false, reason: 'channel_not_found', needed: 'x' });
    assert.match(error.message, /chat\.postMessage.*channel_not_found/);
  });

  testApiCall('is not followed by a retry if it is a platform error, not even a temporary one', async (t) => {
    for (const code of ['fatal_error', 'internal_error', 'service_unavailable', 'ratelimited', 'invalid_auth', 'x']) {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 5, minTimeout: 0, maxTimeout: 1 } });
      api.responses.push(respondJson({ ok: false, error: code }));
      assert.equal((await failureOf(rtm.apiCall('api.test'))).data.error, code);
      await rtm.apiCall('api.test');
      assert.equal(api.requests.length, 2, code);
    }
  });

  for (const [what, body] of Object.entries({
    'an HTML page': '<html></html>',
    'an empty response': '',
    'an array': '[]',
    null: 'null',
    'a string': '"ok"',
    'an object without ok': '{"a":1}',
    'an ok that is not true': '{"ok":1}',
  })) {
    testApiCall(`is a slack_webapi_platform_error for a malformed response: ${what}`, async (t) => {
      const { api, rtm } = await clientWith(t);
      api.responses.push((request, response) => response.end(body));
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.equal(typeof error.data, 'object');
      await rtm.apiCall('api.test');
    });
  }

  testApiCall('is a slack_webapi_http_error for a status other than 200', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    const headers = { 'X-One': '1', 'content-type': 'application/json' };
    api.responses.push((request, response) => response.writeHead(503, 'Gone Fishing', headers).end('{"a":[1]}'));
    const error = await failureOf(rtm.apiCall('api.test'));
    assert.ok(error instanceof Error);
    assert.deepEqual(
      [error.code, error.statusCode, error.statusMessage, error.headers['x-one'], error.body],
      ['slack_webapi_http_error', 503, 'Gone Fishing', '1', { a: [1] }],
    );
  });

  testApiCall('is a slack_webapi_rate_limited_error for a 429', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    api.responses.push(respondWith(429, { 'retry-after': '7' }));
    const error = await failureOf(rtm.apiCall('api.test'));
    assert.ok(error instanceof Error);
    assert.deepEqual([error.code, error.retryAfter], ['slack_webapi_rate_limited_error', 7]);
  });

  for (const [what, url, code] of [
    ['a refused connection', () => 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    ['a reset connection', (api) => api.apiUrl, 'ECONNRESET'],
  ]) {
    testApiCall(`is a slack_webapi_request_error for ${what}`, async (t) => {
      const api = await webApiServer(t);
      api.responses.push((request) => request.socket.destroy());
      const rtm = clientOf(t, api, { ...ONCE, slackApiUrl: url(api) });
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.ok(error.original instanceof Error);
      assert.equal(error.original.code, code);
    });
  }

  testApiCall('is a slack_webapi_request_error after requestTimeout', async (t) => {
    const { api, rtm } = await clientWith(t, { ...ONCE, requestTimeout: 100 });
    api.responses.push(
      () => {},
      (request, response) => response.write('{"ok":'),
    );
    for (let n = 0; n < 2; n += 1) {
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.deepEqual([error.code, error.original.code], ['slack_webapi_request_error', 'ETIMEDOUT']);
    }
    await rtm.apiCall('api.test');
  });

  testApiCall('is a slack_webapi_http_error for a redirect, which is not followed', async (t) => {
    const [{ api, rtm }, other] = [await clientWith(t, ONCE), await webApiServer(t)];
    for (const status of [301, 302, 303, 307, 308]) {
      api.responses.push(respondWith(status, { location: `${other.apiUrl}api.test` }));
      const error = await failureOf(rtm.apiCall('api.test'));
      assert.deepEqual([error.code, error.statusCode], ['slack_webapi_http_error', status]);
    }
    assert.deepEqual([other.requests.length, other.connections.length], [0, 0]);
  });

  testApiCall('causes no event and no change of state', async (t) => {
    const { api, rtm } = await clientWith(t, ONCE);
    const events = [];
    for (const name of ['error', 'disconnected', 'unable_to_rtm_start', 'connecting', 'reconnecting']) {
      rtm.on(name, () => events.push(name));
    }
    api.responses.push(respondWith(500), respondJson({ ok: false, error: 'invalid_auth' }));
    await failureOf(rtm.apiCall('api.test'));
    await failureOf(rtm.apiCall('api.test'));
    assert.deepEqual([events, rtm.state], [[], 'disconnected']);
  });
});

describe('apiCall: a retry', { concurrency: true }, () => {
  for (const [what, response] of [
    ['an HTTP error', respondWith(500)],
    ['a reset connection', (request) => request.socket.destroy()],
  ]) {
    testApiCall(`follows ${what}, by retryConfig`, async (t) => {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 5, maxTimeout: 10 } });
      api.responses.push(response, response, respondJson({ a: 1 }));
      assert.equal((await rtm.apiCall('api.test', { b: 2 })).a, 1);
      assert.deepEqual(api.requests.map(fieldsOf), Array(3).fill([['b', '2']]));
    });

    testApiCall(`follows ${what} as often as retryConfig says`, async (t) => {
      const { api, rtm } = await clientWith(t, { retryConfig: { retries: 2, minTimeout: 5, maxTimeout: 10 } });
      api.responses.push(response, response, response);
      await failureOf(rtm.apiCall('api.test'));
      assert.equal(api.requests.length, 3);
    });
  }

  testApiCall('follows ten times without a pause with rapidRetryPolicy', async (t) => {
    const { retryPolicies } = require('..');
    const { api, rtm } = await clientWith(t, { retryConfig: retryPolicies.rapidRetryPolicy });
    api.responses.push(...Array(11).fill(respondWith(500)));
    assert.equal((await failureOf(rtm.apiCall('api.test'))).statusCode, 500);
    assert.equal(api.requests.length, 11);
  });

  testApiCall('follows a 429 after the seconds in Retry-After', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1, minTimeout: 0 } });
    api.responses.push(respondWith(429, { 'retry-after': '1' }));
    const begin = performance.now();
    await rtm.apiCall('api.test');
    assert.ok(performance.now() - begin >= 990);
    assert.equal(api.requests.length, 2);
  });

  testApiCall('follows a 429 whose Retry-After is a date, invalid or missing', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 3, minTimeout: 1, factor: 1 } });
    const past = new Date(0).toUTCString();
    api.responses.push(
      respondWith(429, { 'retry-after': past }),
      respondWith(429, { 'retry-after': 'soon' }),
      respondWith(429),
    );
    await rtm.apiCall('api.test');
    assert.equal(api.requests.length, 4);
  });

  testApiCall('does not delay other calls while it waits', async (t) => {
    const { api, rtm } = await clientWith(t, { retryConfig: { retries: 1 } });
    api.responses.push(respondWith(429, { 'retry-after': '1' }));
    const order = [];
    const limited = rtm.apiCall('api.test', { n: 1 }).then(() => order.push('limited'));
    await api.requested(1);
    await rtm.apiCall('api.test', { n: 2 }).then(() => order.push('other'));
    await limited;
    assert.deepEqual(order, ['other', 'limited']);
  });

  testApiCall('can follow `retryPolicies`, which equal those of @slack/web-api', () => {
    const { retryPolicies } = require('..');
    for (const name of ['@slack/web-api', 'slack-web-api-8'].filter((alias) => !unsupported(alias))) {
      const webApi = require(name);
      assert.deepEqual({ ...retryPolicies }, webApi.retryPolicies.default ?? webApi.retryPolicies, name);
    }
    assert.deepEqual(Object.keys(retryPolicies).sort(), [
      'fiveRetriesInFiveMinutes',
      'rapidRetryPolicy',
      'tenRetriesInAboutThirtyMinutes',
    ]);
  });
});
