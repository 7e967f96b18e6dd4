'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { startWorkspace, call, read, Client } = require('./support');

/** Posts a body of any type. */
async function post(slack, method, body, contentType) {
  const headers = { authorization: `Bearer ${slack.token}`, ...(contentType && { 'content-type': contentType }) };
  return (await read(await fetch(slack.apiUrl + method, { method: 'POST', headers, body }))).body;
}

test('the token may be in the header, the form, the JSON body or the query', async (t) => {
  const slack = await startWorkspace(t);
  const { token } = slack;
  const url = `${slack.apiUrl}auth.test`;
  const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) };
  const responses = await Promise.all([
    fetch(url, { headers: { authorization: `Bearer ${token}` } }),
    fetch(url, { method: 'POST', body: new URLSearchParams({ token }) }),
    fetch(url, json),
    fetch(`${url}?token=${token}`),
  ]);
  for (const response of responses) {
    const { body } = await read(response);
    assert.strictEqual(body.user_id, slack.bot.id);
    assert.strictEqual(body.bot_id, slack.bot.botId);
    assert.strictEqual(body.team_id, slack.team.id);
  }
});

test("a missing token, an unknown token and an unknown method get Slack's errors", async (t) => {
  const slack = await startWorkspace(t);
  const guarded = ['rtm.connect', 'rtm.start', 'auth.test', 'chat.postMessage', 'users.list', 'conversations.list'];
  for (const method of guarded) {
    const none = await call(slack, method, {}, '');
    assert.deepStrictEqual([none.status, none.body], [200, { ok: false, error: 'not_authed' }], method);
    assert.strictEqual(none.headers.get('x-oauth-scopes'), null);
    assert.deepStrictEqual((await call(slack, method, {}, 'xoxb-0')).body, { ok: false, error: 'invalid_auth' });
  }
  for (const method of ['no.such', '', '__proto__', 'constructor', 'rtm.connect/']) {
    assert.deepStrictEqual((await call(slack, method)).body, { ok: false, error: 'unknown_method' }, method);
  }
});

test('responses are escaped as Slack escapes them', async (t) => {
  const slack = await startWorkspace(t);
  const { text, body } = await call(slack, 'api.test', { word: 'a/b é \u{1f600}' });
  assert.strictEqual(text, '{"ok":true,"args":{"word":"a\\/b \\u00e9 \\ud83d\\ude00"}}');
  assert.strictEqual(body.args.word, 'a/b é \u{1f600}');
});

test('api.test needs no token and returns its arguments and the requested error', async (t) => {
  const slack = await startWorkspace(t);
  assert.deepStrictEqual((await call(slack, 'api.test', {}, '')).body, { ok: true });
  assert.deepStrictEqual((await call(slack, 'api.test', { error: 'my_error', token: 'xoxb-secret' }, '')).body, {
    ok: false,
    error: 'my_error',
    args: { error: 'my_error' },
  });
});

test('arguments are read from the query, a form or JSON', async (t) => {
  const slack = await startWorkspace(t);
  const { body } = await read(await fetch(`${slack.apiUrl}api.test?a=1&__proto__=x`));
  assert.deepStrictEqual(Object.entries(body.args), [
    ['a', '1'],
    ['__proto__', 'x'],
  ]);
  const form = await post(slack, 'api.test?a=1&b=1', 'b=2', 'application/x-www-form-urlencoded');
  assert.deepStrictEqual(form.args, { a: '1', b: '2' });
  const json = await post(slack, 'api.test', '{"a":[true]}', 'Application/JSON; charset=utf-8');
  assert.deepStrictEqual(json.args, { a: [true] });
});

test('a body that cannot be read gets the error that says why', async (t) => {
  const slack = await startWorkspace(t);
  const error = async (body, type) => (await post(slack, 'api.test', body, type)).error;
  assert.strictEqual(await error('{', 'application/json'), 'invalid_json');
  assert.strictEqual(await error('[1]', 'application/json'), 'json_not_object');
  assert.strictEqual(await error('x', 'application/xml'), 'invalid_post_type');
  assert.strictEqual(await error(Buffer.from('x')), 'missing_post_type');
});

test('chat.postMessage posts, returns the message, and sends it to the members', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const { id } = slack.channel('#general');
  const { body } = await call(slack, 'chat.postMessage', { channel: id, text: 'hi', thread_ts: '1.2' });
  assert.strictEqual(body.ok, true);
  assert.strictEqual(body.channel, id);
  assert.strictEqual(body.message.bot_id, slack.bot.botId);
  assert.strictEqual(body.message.thread_ts, '1.2');
  const event = await client.next();
  assert.deepStrictEqual(slack.messages(id), [event]);
  const { channel, event_ts, suppress_notification, source_team, user_team, ...message } = event;
  assert.deepStrictEqual(body.message, message, 'without the fields that say where it was sent');
});

test("chat.postMessage accepts a channel's name, a user, blocks and attachments", async (t) => {
  const slack = await startWorkspace(t);
  const blocks = [{ type: 'divider' }];
  const named = await call(slack, 'chat.postMessage', { channel: '#random', blocks: JSON.stringify(blocks) });
  assert.strictEqual(named.body.channel, slack.channel('random').id);
  assert.deepStrictEqual(named.body.message.blocks, blocks);
  const toBob = JSON.stringify({ channel: slack.user('bob').id, attachments: [{}] });
  const direct = await post(slack, 'chat.postMessage', toBob, 'application/json');
  assert.strictEqual(direct.channel, slack.im('bob').id);
});

test('chat.postMessage refuses invalid messages', async (t) => {
  const slack = await startWorkspace(t, {
    channels: ['general', { name: 'club', members: ['ann'] }, { name: 'secret', isPrivate: true, members: ['ann'] }],
  });
  const error = async (params) => {
    const { body } = await call(slack, 'chat.postMessage', { channel: '#general', ...params });
    return body.error;
  };
  assert.strictEqual(await error({}), 'no_text');
  assert.strictEqual(await error({ text: '' }), 'no_text');
  assert.strictEqual(await error({ text: 'x'.repeat(40_001) }), 'msg_too_long');
  assert.strictEqual(await error({ text: 'x', channel: '' }), 'channel_not_found');
  assert.strictEqual(await error({ text: 'x', channel: 'C404' }), 'channel_not_found');
  assert.strictEqual(await error({ text: 'x', channel: '#secret' }), 'channel_not_found');
  assert.strictEqual(await error({ text: 'x', channel: '#club' }), 'not_in_channel');
  assert.strictEqual(await error({ text: 'x', channel: slack.bot.id }), 'channel_not_found');
  assert.strictEqual(await error({ blocks: '{' }), 'invalid_blocks');
  assert.strictEqual(await error({ attachments: '{}' }), 'invalid_attachments');
  assert.deepStrictEqual(slack.messages('#general'), []);
});

test('users.list returns people and bots in pages', async (t) => {
  const slack = await startWorkspace(t);
  const whole = (await call(slack, 'users.list')).body;
  assert.deepStrictEqual(
    whole.members.map((user) => user.name),
    ['ann', 'bob', 'carol', 'robot'],
  );
  assert.strictEqual(whole.members[0].profile.display_name, 'ann');
  assert.deepStrictEqual(whole.response_metadata, { next_cursor: '' });
  const first = (await call(slack, 'users.list', { limit: 3 })).body;
  assert.strictEqual(first.members.length, 3);
  const rest = (await call(slack, 'users.list', { limit: 3, cursor: first.response_metadata.next_cursor })).body;
  assert.deepStrictEqual(
    rest.members.map((user) => user.name),
    ['robot'],
  );
  assert.strictEqual(rest.response_metadata.next_cursor, '');
  assert.strictEqual((await call(slack, 'users.list', { limit: -1 })).body.error, 'invalid_limit');
  assert.strictEqual((await call(slack, 'users.list', { cursor: 'rubbish' })).body.error, 'invalid_cursor');
});

test('conversations.list returns the requested types of conversations that the bot can see', async (t) => {
  const slack = await startWorkspace(t, {
    channels: [
      'general',
      { name: 'club', members: ['ann'] },
      { name: 'ours', isPrivate: true, members: ['ann', 'robot'] },
      { name: 'theirs', isPrivate: true, members: ['ann'] },
    ],
  });
  const list = async (types) => (await call(slack, 'conversations.list', types ? { types } : {})).body;
  const open = (await list()).channels;
  assert.deepStrictEqual(
    open.map((one) => [one.name, one.is_member]),
    [
      ['general', true],
      ['club', false],
    ],
  );
  assert.deepStrictEqual(
    (await list('private_channel')).channels.map((one) => one.name),
    ['ours'],
  );
  const people = ['ann', 'bob', 'carol'].map((name) => slack.user(name).id);
  assert.deepStrictEqual(
    (await list('im,mpim')).channels.map((one) => one.user),
    people,
  );
  assert.strictEqual((await list('rubbish')).error, 'invalid_types');
});

test('other paths and HTTP methods get a 4xx', async (t) => {
  const slack = await startWorkspace(t);
  const { origin } = new URL(slack.apiUrl);
  assert.strictEqual((await fetch(`${origin}/nothing`)).status, 404);
  const put = await fetch(`${slack.apiUrl}api.test`, { method: 'PUT', body: 'x' });
  assert.strictEqual(put.status, 405);
  assert.strictEqual(put.headers.get('allow'), 'GET, POST');
});

test('a call that offers an upgrade to another protocol is handled as usual', { timeout: 5000 }, async (t) => {
  const slack = await startWorkspace(t);
  const { port, host } = new URL(slack.apiUrl);
  const socket = net.connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  const body = JSON.stringify({ text: 'hi' });
  const request = [
    'POST /api/api.test HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
  for (const time of ['first', 'second']) {
    socket.write(request);
    const [response] = await once(socket, 'data');
    assert.match(response.toString(), /^HTTP\/1\.1 200 OK\r\n[^]*"args":\{"text":"hi"\}/, `the ${time} time`);
  }
});
