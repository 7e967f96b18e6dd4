// Connect calls that fail: the four kinds of error with their fields, which of them are final, and how the others are
// repeated.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

const JAMS = 'it stays in `reconnecting` for good';
const ONCE = { retryConfig: { retries: 0 } };

/** Errors after which the peer gives up, too. */
const FINAL_FOR_BOTH = ['not_authed', 'invalid_auth', 'account_inactive', 'user_removed_from_team', 'team_disabled'];
const FINAL = [
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
const PASSING = [
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
  'ratelimited',
  'team_added_to_org',
  'never_heard_of',
];

const answerWith = (status, headers, body) => (request, response) => response.writeHead(status, headers).end(body);

/** Has the first connect call fail; gives the error of `start()`, with the events up to its rejection. */
async function failing(t, answer, options) {
  const server = await scriptedServer(t);
  server.answers.push(answer);
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
  same('no answer: slack_webapi_request_error', async (t) => {
    const failure = await failing(t, (request) => request.socket.destroy(), ONCE);
    assertGaveUp(failure);
    assert.equal(failure.error.code, 'slack_webapi_request_error');
    assert.ok(failure.error.original instanceof Error);
  });

  for (const [what, slackApiUrl, code] of [
    ['nobody there', () => 'http://127.0.0.1:1/', /^ECONNREFUSED$/],
    ['cut off', (server) => server.apiUrl, /^ECONNRESET$/],
    ['an unknown host', () => 'http://nowhere.invalid/', /^(ENOTFOUND|EAI_AGAIN)$/],
  ]) {
    same(`${what}: the original error has Node's code`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push((request) => request.socket.destroy());
      const rtm = clientOf(t, server, { ...ONCE, slackApiUrl: slackApiUrl(server) });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_request_error');
      assert.match(String(error.original.code), code);
      assert.ok(!`${error.message} ${error.original.message}`.includes(server.token));
    });
  }

  same('a status other than 200: slack_webapi_http_error', async (t) => {
    const answer = answerWith(500, { 'X-One': '1', 'content-type': 'application/json' }, '{"a":[1]}');
    const failure = await failing(t, answer, ONCE);
    assertGaveUp(failure);
    const { code, statusCode, statusMessage, headers, body } = failure.error;
    assert.deepEqual([code, statusCode, statusMessage], ['slack_webapi_http_error', 500, 'Internal Server Error']);
    assert.equal(headers['x-one'], '1');
    assert.deepEqual(body, { a: [1] });
  });

  same('the status, its text and the body are given as they came', async (t) => {
    const { error } = await failing(t, (request, response) => response.writeHead(599, 'Gone Fishing').end('<b>'), ONCE);
    assert.deepEqual([error.statusCode, error.statusMessage, error.body], [599, 'Gone Fishing', '<b>']);
  });

  better('its error has no code', '429: slack_webapi_rate_limited_error', async (t) => {
    const failure = await failing(t, answerWith(429, { 'retry-after': '7' }), ONCE);
    assertGaveUp(failure);
    assert.deepEqual([failure.error.code, failure.error.retryAfter], ['slack_webapi_rate_limited_error', 7]);
  });

  for (const code of FINAL_FOR_BOTH) {
    same(`${code} is final`, async (t) => {
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

  better(JAMS, 'so are others', async (t) => {
    for (const code of FINAL) {
      const begin = performance.now();
      const failure = await failing(t, { ok: false, error: code });
      assert.ok(performance.now() - begin < 1000, code);
      assertGaveUp(failure);
      assert.equal(failure.error.data.error, code);
      assert.equal(failure.server.calls.length, 1);
    }
  });

  for (const code of PASSING) {
    better(JAMS, `${code} passes`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push({ ok: false, error: code });
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

  same('a passing error is final without autoReconnect', async (t) => {
    const failure = await failing(t, { ok: false, error: 'fatal_error' }, { autoReconnect: false });
    assertGaveUp(failure);
    assert.equal(failure.error.data.error, 'fatal_error');
  });

  for (const [what, answer, said] of [
    ['a page', '<html>hello</html>', '<html>hello</html>'],
    ['an empty body', '', ''],
    ['cut-off JSON', '{"ok":tr', '{"ok":tr'],
  ]) {
    same(`${what} for an answer is a slack_webapi_platform_error with the text`, async (t) => {
      const failure = await failing(t, answer, { autoReconnect: false });
      assertGaveUp(failure);
      assert.equal(failure.error.code, 'slack_webapi_platform_error');
      assert.deepEqual([failure.error.data.ok, failure.error.data.error], [false, said]);
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
    better('a TypeError, or thrown', `an answer without a ${what} is a slack_webapi_platform_error`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push(server.answer(fields));
      const rtm = clientOf(t, server, { autoReconnect: false });
      await assert.rejects(rtm.start(), { code: 'slack_webapi_platform_error' });
      const connected = next(rtm, 'connected');
      await rtm.start();
      await connected;
    });
  }

  better('it is an answer like any other', 'an array, a string, null for an answer: an error', async (t) => {
    for (const answer of ['[]', '"x"', 'null', '5']) {
      const failure = await failing(t, answer, { autoReconnect: false });
      assertGaveUp(failure);
      assert.equal(failure.error.code, 'slack_webapi_platform_error');
    }
  });

  same("the workspace's refusals arrive, and the client can be used afterwards", async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack, { ...ONCE, autoReconnect: false });
    for (const [answer, code] of [
      [{ status: 500, body: 'oops' }, 'slack_webapi_http_error'],
      [{ html: '<html>' }, 'slack_webapi_platform_error'],
      [{ drop: true }, 'slack_webapi_request_error'],
      [{ error: 'team_disabled' }, 'slack_webapi_platform_error'],
    ]) {
      slack.faults.refuseConnect(answer);
      await assert.rejects(rtm.start(), { code });
    }
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
  });
});
