// Connect calls that fail: the four kinds of errors and their fields, which of them are permanent, and how the client
// retries after the others.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

const STUCK = 'it stays in `reconnecting` forever';
const ONCE = { retryConfig: { retries: 0 } };

/** Errors after which `@slack/rtm-api` gives up, too. */
const PERMANENT_FOR_BOTH = [
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'user_removed_from_team',
  'team_disabled',
];
const PERMANENT = [
  'token_revoked',
  'token_expired',
  'no_permission',
  'missing_scope',
  'access_denied',
  'not_allowed_token_type',
  'org_login_required',
  'ekm_access_denied',
  'team_access_not_granted',
  'two_factor_setup_required',
  'enterprise_is_restricted',
  'legacy_custom_bots_deprecated',
  'method_deprecated',
  'deprecated_endpoint',
  'upgrade_required',
  'invalid_arguments',
  'invalid_arg_name',
  'invalid_array_arg',
  'invalid_charset',
  'invalid_form_data',
  'invalid_json',
  'json_not_object',
  'invalid_post_type',
  'missing_post_type',
];
const TEMPORARY = [
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
  'ratelimited',
  'team_added_to_org',
  'never_heard_of',
];

const respondWith = (status, headers, body) => (request, response) => response.writeHead(status, headers).end(body);

/** Makes the first connect call fail. Returns the error of `start()`, and the events up to its rejection. */
async function failing(t, scripted, options) {
  const server = await scriptedServer(t);
  server.responses.push(scripted);
  const rtm = clientOf(t, server, options);
  const { events } = record(rtm);
  const error = await rtm.start().then(
    () => assert.fail('it started'),
    (reason) => reason,
  );
  return { server, rtm, error, events };
}

function assertGaveUp({ error, events }) {
  assert.ok(error instanceof Error);
  assert.deepEqual(
    events.map(({ name }) => name),
    ['connecting', 'unable_to_rtm_start', 'disconnected'],
  );
  assert.ok(events[1].args[0] === error && events[2].args[0] === error);
}

describe('a failing connect call', { concurrency: true }, () => {
  same('without a response is a slack_webapi_request_error', async (t) => {
    const failure = await failing(t, (request) => request.socket.destroy(), ONCE);
    assertGaveUp(failure);
    assert.equal(failure.error.code, 'slack_webapi_request_error');
    assert.ok(failure.error.original instanceof Error);
  });

  for (const [what, slackApiUrl, code] of [
    ['a refused connection', () => 'http://127.0.0.1:1/', /^ECONNREFUSED$/],
    ['a reset connection', (server) => server.apiUrl, /^ECONNRESET$/],
    ['an unknown host', () => 'http://nowhere.invalid/', /^(ENOTFOUND|EAI_AGAIN)$/],
  ]) {
    same(`has Node's error code in the original error: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      server.responses.push((request) => request.socket.destroy());
      const rtm = clientOf(t, server, { ...ONCE, slackApiUrl: slackApiUrl(server) });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.match(String(error.original.code), code);
      assert.ok(!`${error.message} ${error.original.message}`.includes(server.token));
    });
  }

  same('with a status other than 200 is a slack_webapi_http_error', async (t) => {
    const response = respondWith(500, { 'X-One': '1', 'content-type': 'application/json' }, '{"a":[1]}');
    const failure = await failing(t, response, ONCE);
    assertGaveUp(failure);
    const { code, statusCode, statusMessage, headers, body } = failure.error;
    assert.deepEqual([code, statusCode, statusMessage], ['slack_webapi_http_error', 500, 'Internal Server Error']);
    assert.equal(headers['x-one'], '1');
    assert.deepEqual(body, { a: [1] });
  });

  same('passes on the status, its text and the body', async (t) => {
    const { error } = await failing(t, (request, response) => response.writeHead(599, 'Gone Fishing').end('<b>'), ONCE);
    assert.deepEqual([error.statusCode, error.statusMessage, error.body], [599, 'Gone Fishing', '<b>']);
  });

  better('its error has no code', 'with status 429 is a slack_webapi_rate_limited_error', async (t) => {
    const failure = await failing(t, respondWith(429, { 'retry-after': '7' }), ONCE);
    assertGaveUp(failure);
    assert.deepEqual([failure.error.code, failure.error.retryAfter], ['slack_webapi_rate_limited_error', 7]);
  });

  for (const code of PERMANENT_FOR_BOTH) {
    same(`is permanent: ${code}`, async (t) => {
      const begin = performance.now();
      const failure = await failing(t, { ok: false, error: code, needed: 'x' });
      assert.ok(performance.now() - begin < 1000);
      assertGaveUp(failure);
      assert.equal(failure.error.code, 'slack_webapi_platform_error');
      const { ok, error, needed } = failure.error.data;
      assert.deepEqual({ ok, error, needed }, { ok: false, error: code, needed: 'x' });
      assert.equal(failure.server.calls.length, 1);
    });
  }

  better(STUCK, 'is permanent: other errors after which a retry cannot help', async (t) => {
    for (const code of PERMANENT) {
      const begin = performance.now();
      const failure = await failing(t, { ok: false, error: code });
      assert.ok(performance.now() - begin < 1000, code);
      assertGaveUp(failure);
      assert.equal(failure.error.data.error, code);
      assert.equal(failure.server.calls.length, 1);
    }
  });

  for (const code of TEMPORARY) {
    better(STUCK, `is retried: ${code}`, async (t) => {
      const server = await scriptedServer(t);
      server.responses.push({ ok: false, error: code });
      const rtm = clientOf(t, server);
      const recorded = record(rtm);
      const connected = next(rtm, 'connected');
      await rtm.start();
      await connected;
      const again = ['connecting', 'authenticated', 'connected'];
      assert.deepEqual(recorded.names.slice(0, 6), ['connecting', 'unable_to_rtm_start', 'reconnecting', ...again]);
      assert.equal(recorded.events[1].args[0].data.error, code);
    });
  }

  same('is not retried without autoReconnect', async (t) => {
    const failure = await failing(t, { ok: false, error: 'fatal_error' }, { autoReconnect: false });
    assertGaveUp(failure);
    assert.equal(failure.error.data.error, 'fatal_error');
  });

  for (const [what, text, error] of [
    ['a page', '<html>hello</html>', '<html>hello</html>'],
    ['an empty body', '', ''],
    ['cut-off JSON', '{"ok":tr', '{"ok":tr'],
  ]) {
    same(`is a slack_webapi_platform_error with the text of the response: ${what}`, async (t) => {
      const failure = await failing(t, text, { autoReconnect: false });
      assertGaveUp(failure);
      assert.equal(failure.error.code, 'slack_webapi_platform_error');
      assert.deepEqual([failure.error.data.ok, failure.error.data.error], [false, error]);
      const connected = next(failure.rtm, 'connected');
      await failure.rtm.start();
      await connected;
    });
  }

  for (const [what, fields] of Object.entries({
    url: { url: undefined },
    'url that is a string': { url: 5 },
    'url of a socket': { url: 'http://127.0.0.1/' },
    self: { self: undefined },
    'self.id': { self: {} },
    team: { team: undefined },
    'team.id': { team: null },
  })) {
    better(
      'it rejects with a TypeError, or throws',
      `is a slack_webapi_platform_error without a ${what}`,
      async (t) => {
        const server = await scriptedServer(t);
        server.responses.push(server.connectResponse(fields));
        const rtm = clientOf(t, server, { autoReconnect: false });
        await assert.rejects(rtm.start(), { code: 'slack_webapi_platform_error' });
        const connected = next(rtm, 'connected');
        await rtm.start();
        await connected;
      },
    );
  }

  better(
    'it accepts any JSON',
    'is a slack_webapi_platform_error if the response is an array, a string, null or a number',
    async (t) => {
      for (const text of ['[]', '"x"', 'null', '5']) {
        const failure = await failing(t, text, { autoReconnect: false });
        assertGaveUp(failure);
        assert.equal(failure.error.code, 'slack_webapi_platform_error');
      }
    },
  );

  same("rejects with the workspace's refusal, and the client can start afterwards", async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack, { ...ONCE, autoReconnect: false });
    for (const [refusal, code] of [
      [{ status: 500, body: 'oops' }, 'slack_webapi_http_error'],
      [{ html: '<html>' }, 'slack_webapi_platform_error'],
      [{ drop: true }, 'slack_webapi_request_error'],
      [{ error: 'team_disabled' }, 'slack_webapi_platform_error'],
    ]) {
      slack.faults.refuseConnect(refusal);
      await assert.rejects(rtm.start(), { code });
    }
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
  });
});
