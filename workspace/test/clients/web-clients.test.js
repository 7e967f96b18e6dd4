// The unmodified Web API clients of @slack/web-api (npm) and slack_sdk (PyPI). Both make the same calls, with different kinds
// of bodies (forms, JSON, queries, multipart).
'use strict';

const assert = require('node:assert');
const { createReadStream } = require('node:fs');
const { test } = require('node:test');
const { LogLevel, WebClient } = require('@slack/web-api');
const { startWorkspace } = require('../support');
const { Client } = require('./client');
const { missing, python } = require('./programs');

const quiet = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};

/** Each creates a function that calls a method and returns the response, also if `ok` is false. */
const clients = {
  '@slack/web-api': (t, { apiUrl, token }) => {
    const client = new WebClient(token, {
      slackApiUrl: apiUrl,
      logLevel: LogLevel.ERROR,
      logger: quiet,
      retryConfig: { retries: 2, minTimeout: 10, maxTimeout: 10 },
    });
    return (method, args = {}) =>
      client.apiCall(method, args).catch((error) => {
        if (error.code === 'slack_webapi_platform_error') return error.data;
        throw error;
      });
  },
  'slack_sdk.WebClient': (t, slack) => {
    const client = new Client(t, 'web_client.py', slack);
    return async (method, args = {}) => {
      client.send({ method, args });
      return (await client.next({ kind: 'response' })).data;
    };
  },
};

for (const [name, make] of Object.entries(clients)) {
  const isMissing = name.startsWith('slack_sdk') && !python && missing('slack_sdk');
  const timeout = 60_000;

  test(`${name}: identity and connect call`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const me = await call('auth.test');
    assert.deepStrictEqual([me.user_id, me.bot_id, me.team_id], [slack.bot.id, slack.bot.botId, slack.team.id]);
    assert.deepStrictEqual((await call('api.test', { foo: 'bär / 🎉' })).args, { foo: 'bär / 🎉' });
    const connect = await call('rtm.connect');
    assert.deepStrictEqual([connect.ok, connect.self.id], [true, slack.bot.id]);
    assert.match(connect.url, /^ws:\/\/127\.0\.0\.1:\d+\/websocket\//);
    assert.strictEqual((await call('rtm.start')).users.length, 4);
    assert.strictEqual((await call('no.suchMethod')).error, 'unknown_method');
  });

  test(`${name}: posting, as text, blocks and in a thread`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const channel = slack.channel('#general').id;
    const text = 'é </> & "quotes"\n🎉';
    const posted = await call('chat.postMessage', { channel, text });
    assert.deepStrictEqual([posted.ok, posted.channel, posted.message.text], [true, channel, text]);
    assert.strictEqual((await slack.nextMessage({ in: '#general' })).ts, posted.ts);
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*é*' } }];
    const rich = await call('chat.postMessage', {
      channel: '#random',
      text: 'x',
      blocks,
      attachments: [{ text: 'a' }],
    });
    assert.deepStrictEqual(rich.message.blocks, blocks);
    const reply = await call('chat.postMessage', { channel, text: 'more', thread_ts: posted.ts });
    assert.strictEqual(reply.message.thread_ts, posted.ts);
    assert.strictEqual((await call('chat.postMessage', { channel: 'C404', text: 'x' })).error, 'channel_not_found');
    assert.strictEqual((await call('chat.postMessage', { channel, text: '' })).error, 'no_text');
  });

  test(`${name}: lists in pages`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const seen = [];
    for (let cursor = ''; ; ) {
      const { members, response_metadata: metadata } = await call('users.list', {
        limit: 3,
        ...(cursor && { cursor }),
      });
      seen.push(members.map((user) => user.name));
      cursor = metadata.next_cursor;
      if (!cursor) break;
    }
    assert.deepStrictEqual(seen, [['ann', 'bob', 'carol'], ['robot']]);
    const { channels } = await call('conversations.list', {
      types: 'public_channel,im',
      exclude_archived: true,
      limit: 999,
    });
    const people = ['ann', 'bob', 'carol'].map((user) => slack.user(user).id);
    assert.deepStrictEqual(
      new Set(channels.map((one) => one.name ?? one.user)),
      new Set(['general', 'random', ...people]),
    );
    assert.strictEqual((await call('users.list', { cursor: 'rubbish' })).error, 'invalid_cursor');
  });

  test(`${name}: retries after a rate limit and a dropped connection`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const limited = { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } };
    slack.faults.refuseConnect(limited);
    assert.strictEqual((await call('rtm.connect')).ok, true);
    slack.faults.refuseConnect({ drop: true });
    assert.strictEqual((await call('rtm.connect')).ok, true);
    assert.strictEqual(slack.requests.filter(({ method }) => method === 'rtm.connect').length, 4);
    slack.faults.refuseConnect({ error: 'account_inactive' });
    assert.strictEqual((await call('rtm.connect')).error, 'account_inactive');
  });

  test(`${name}: editing, deleting, reacting`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const channel = slack.channel('#general').id;
    const { ts } = await call('chat.postMessage', { channel, text: 'first' });
    const edited = await call('chat.update', { channel, ts, text: 'second é' });
    assert.deepStrictEqual([edited.ok, edited.ts, edited.text], [true, ts, 'second é']);
    assert.strictEqual(slack.messages('#general')[0].text, 'second é');
    const reaction = { channel, timestamp: ts, name: 'thumbsup' };
    assert.strictEqual((await call('reactions.add', reaction)).ok, true);
    assert.strictEqual((await call('reactions.add', reaction)).error, 'already_reacted');
    assert.strictEqual((await call('reactions.remove', reaction)).ok, true);
    assert.strictEqual((await call('reactions.remove', reaction)).error, 'no_reaction');
    const foreign = slack.user('ann').say('#general', 'mine');
    assert.strictEqual(
      (await call('chat.update', { channel, ts: foreign.ts, text: 'x' })).error,
      'cant_update_message',
    );
    assert.strictEqual((await call('chat.delete', { channel, ts: foreign.ts })).error, 'cant_delete_message');
    assert.strictEqual((await call('chat.delete', { channel, ts })).ok, true);
    assert.strictEqual((await call('chat.delete', { channel, ts })).error, 'message_not_found');
    const hint = await call('chat.postEphemeral', { channel, user: slack.user('ann').id, text: 'only you' });
    assert.match(hint.message_ts, /^\d+\.\d{6}$/);
  });

  test(`${name}: conversations and their members`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t, { channels: ['general', { name: 'club', members: ['ann'] }] });
    const call = make(t, slack);
    const channel = slack.channel('#general').id;
    const said = ['one', 'two', 'three'].map((text) => slack.user('ann').say('#general', text));
    const page = await call('conversations.history', { channel, limit: 2 });
    assert.deepStrictEqual([page.messages.map(({ text }) => text), page.has_more], [['three', 'two'], true]);
    const rest = await call('conversations.history', { channel, cursor: page.response_metadata.next_cursor });
    assert.deepStrictEqual([rest.messages.map(({ text }) => text), rest.has_more], [['one'], false]);
    const single = { channel, latest: said[1].ts, inclusive: true, limit: 1 };
    assert.deepStrictEqual(
      (await call('conversations.history', single)).messages.map(({ text }) => text),
      ['two'],
    );
    // With `oldest` alone, Slack returns the messages closest to it (old documentation).
    const forward = { channel, oldest: said[1].ts, inclusive: true, limit: 1 };
    assert.deepStrictEqual(
      (await call('conversations.history', forward)).messages.map(({ text }) => text),
      ['two'],
    );
    assert.strictEqual((await call('conversations.info', { channel })).channel.name, 'general');
    assert.strictEqual((await call('conversations.info', { channel: 'C404' })).error, 'channel_not_found');
    const { members } = await call('conversations.members', { channel, limit: 5000 });
    assert.deepStrictEqual(new Set(members), slack.channel('#general').members);
    const club = slack.channel('#club').id;
    assert.strictEqual((await call('conversations.join', { channel: club })).channel.id, club);
    assert.strictEqual((await call('conversations.leave', { channel: club })).ok, true);
    assert.ok(!slack.channel('#club').members.has(slack.bot.id));
    const made = await call('conversations.create', { name: 'made-here', is_private: true });
    assert.deepStrictEqual([made.ok, made.channel.name, made.channel.is_private], [true, 'made-here', true]);
    assert.strictEqual((await call('conversations.create', { name: 'made-here' })).error, 'name_taken');
    const opened = await call('conversations.open', { users: slack.user('bob').id });
    assert.strictEqual(opened.channel.id, slack.im('bob').id);
  });

  test(`${name}: people, presence, team`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const call = make(t, slack);
    const { user } = await call('users.info', { user: slack.user('ann').id });
    assert.strictEqual(user.name, 'ann');
    assert.strictEqual((await call('users.info', { user: 'U404' })).error, 'user_not_found');
    slack.user('ann').setPresence('away');
    assert.strictEqual((await call('users.getPresence', { user: slack.user('ann').id })).presence, 'away');
    assert.strictEqual((await call('users.setPresence', { presence: 'away' })).ok, true);
    assert.strictEqual((await call('team.info')).team.id, slack.team.id);
    assert.strictEqual((await call('bots.info', { bot: slack.bot.botId })).bot.name, slack.bot.name);
    assert.strictEqual((await call('emoji.list')).ok, true);
  });

  test(`${name}: files.upload says that it is a stub`, { skip: isMissing, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const file = name.startsWith('slack_sdk') ? __filename : createReadStream(__filename);
    const response = await make(t, slack)('files.upload', { channels: slack.channel('#general').id, file });
    const { headers } = await slack.nextRequest({ method: 'files.upload' });
    assert.match(String(headers['content-type']), /^multipart\/form-data; ?boundary=/);
    assert.strictEqual(response.ok, false);
    assert.match(JSON.stringify(response.response_metadata.messages), /files|upload/i);
  });
}
