'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, Client } = require('./support');

test('the sender of a message gets a reply, and the other members get the message', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const [sender, twin, other] = await Promise.all([
    Client.connect(slack),
    Client.connect(slack),
    Client.connect(slack, { token: second.token }),
  ]);
  const { id } = slack.channel('#general');
  const reply = await sender.ask({ id: 7, type: 'message', channel: id, text: 'a/b é' });
  assert.deepStrictEqual(Object.keys(reply), ['ok', 'reply_to', 'ts', 'text']);
  assert.deepStrictEqual(reply, { ok: true, reply_to: 7, ts: reply.ts, text: 'a/b é' });
  assert.match(reply.ts, /^\d{10}\.\d{6}$/);
  assert.ok(sender.texts.at(-1).includes('a\\/b \\u00e9'), 'escaped as Slack does');
  for (const client of [twin, other]) {
    const event = await client.next();
    assert.strictEqual(event.type, 'message');
    assert.deepStrictEqual([event.user, event.channel, event.text, event.ts], [slack.bot.id, id, 'a/b é', reply.ts]);
    assert.deepStrictEqual([event.team, event.event_ts], [slack.team.id, reply.ts]);
  }
  assert.strictEqual((await sender.ask({ id: 8, type: 'ping' })).type, 'pong', 'no event for the sender before this');
});

test('only members get a message', async (t) => {
  const channels = ['general', { name: 'club', members: ['ann', 'second'] }];
  const slack = await startWorkspace(t, { channels, bots: ['robot', 'second'] });
  const outsider = await Client.connect(slack);
  const member = await Client.connect(slack, { token: slack.bots[1].token });
  slack.user('ann').say('#club', 'between us');
  assert.strictEqual((await member.next()).text, 'between us');
  assert.strictEqual((await outsider.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('timestamps are unique and increasing, also as text', async (t) => {
  const slack = await startWorkspace(t);
  for (let i = 0; i < 1000; i += 1) slack.user('ann').say('#general', `message ${i}`);
  const stamps = slack.messages('#general').map((message) => message.ts);
  assert.deepStrictEqual(stamps, [...new Set(stamps)].sort());
  assert.strictEqual(stamps.length, 1000);
});

test("a message that cannot be posted gets Slack's error", async (t) => {
  const slack = await startWorkspace(t, { channels: ['general', { name: 'club', members: ['ann'] }] });
  const client = await Client.connect(slack);
  const channel = slack.channel('#general').id;
  const missing = { code: 2, msg: 'message text is missing' };
  const invalid = { code: 0, msg: 'invalid channel id' };
  const cases = [
    [{ channel }, missing],
    [{ channel, text: '' }, missing],
    [{ channel, text: null }, missing],
    [{ channel, text: { not: 'text' } }, missing],
    [{ text: 'x' }, invalid],
    [{ channel: 'C404', text: 'x' }, invalid],
    [{ channel: '#general', text: 'x' }, invalid],
    [{ channel: { id: channel }, text: 'x' }, invalid],
    [{ channel: slack.channel('#club').id, text: 'x' }, invalid],
  ];
  for (const [body, error] of cases) {
    assert.deepStrictEqual(await client.ask({ id: 5, type: 'message', ...body }), { ok: false, reply_to: 5, error });
  }
  assert.deepStrictEqual(slack.messages('#general'), []);
});

test('a message keeps its thread, and its id may exceed 32 bits', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const channel = slack.channel('general').id;
  const frame = { id: 2 ** 40, type: 'message', channel, text: 'x', thread_ts: '1.000001' };
  assert.strictEqual((await client.ask(frame)).reply_to, 2 ** 40);
  assert.strictEqual(slack.messages('general')[0].thread_ts, '1.000001');
});

test('a user posts in channels and by direct message', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const said = slack.user('ann').say('#general', 'hi', { subtype: 'me_message', channel: 'C404' });
  assert.deepStrictEqual(await client.next(), said);
  assert.strictEqual(said.channel, slack.channel('general').id);
  assert.strictEqual(said.subtype, 'me_message');
  assert.strictEqual(typeof said.client_msg_id, 'string');
  const direct = slack.user('@ann').dm(slack.bot, 'psst');
  assert.deepStrictEqual(await client.next(), direct);
  assert.strictEqual(direct.channel, slack.im('ann').id);
  assert.match(direct.channel, /^D/);
  const unheard = slack.user('ann').dm('bob', 'not for robots');
  assert.deepStrictEqual(slack.messages({ id: unheard.channel }), [unheard]);
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('unknown users, unknown channels and missing membership cause an error', async (t) => {
  const slack = await startWorkspace(t, { channels: ['general', { name: 'club', members: ['ann'] }] });
  assert.throws(() => slack.user('zed'), /unknown user "zed"; known users: @ann, @bob, @carol, @robot/);
  assert.throws(() => slack.channel('#zoo'), /unknown channel "#zoo"; known channels: #general, #club/);
  assert.throws(() => slack.user('bob').say('#club', 'x'), /@bob is not a member of #club/);
  assert.throws(() => slack.user('bob').say('#general'), /text must be a string, not undefined/);
  assert.throws(() => slack.user('bob').dm('bob', 'x'), /@bob cannot have direct messages with itself/);
});
