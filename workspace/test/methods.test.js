'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

/** A workspace, and a function that calls its methods. */
async function start(t) {
  const slack = await startWorkspace(t, {
    channels: [
      'general',
      'random',
      { name: 'club', members: ['ann'] },
      { name: 'secret', isPrivate: true, members: ['ann'] },
      { name: 'ours', isPrivate: true, members: ['ann', 'robot'] },
    ],
  });
  const ask = async (method, params) => (await call(slack, method, params)).body;
  const error = async (method, params) => (await ask(method, params)).error;
  return { slack, ask, error, id: (name) => slack.channel(name).id, ann: slack.user('ann'), bob: slack.user('bob') };
}

test("chat.update changes the bot's own messages", async (t) => {
  const { slack, ask, error, id, ann } = await start(t);
  const channel = id('general');
  const { ts } = await ask('chat.postMessage', { channel, text: 'one', blocks: '[{"type":"divider"}]' });
  const response = await ask('chat.update', { channel, ts, text: 'two' });
  assert.deepStrictEqual([response.ok, response.channel, response.ts, response.text], [true, channel, ts, 'two']);
  assert.deepStrictEqual(response.message.edited.user, slack.bot.id);
  assert.deepStrictEqual(response.message.blocks, [{ type: 'divider' }], 'a field that is left out stays');
  assert.strictEqual('channel' in response.message, false);
  assert.strictEqual((await ask('chat.update', { channel, ts, text: 'two', blocks: '[]' })).message.blocks, undefined);
  assert.strictEqual(slack.messages(channel)[0].text, 'two');
  const foreign = ann.say('#general', 'mine');
  assert.strictEqual(await error('chat.update', { channel, ts: foreign.ts, text: 'x' }), 'cant_update_message');
  assert.strictEqual(await error('chat.update', { channel, ts: '1.2', text: 'x' }), 'message_not_found');
  assert.strictEqual(await error('chat.update', { channel, ts }), 'no_text');
  assert.strictEqual(await error('chat.update', { channel, ts, text: '' }), 'no_text');
  assert.strictEqual(await error('chat.update', { channel, ts, text: 'x'.repeat(40_001) }), 'msg_too_long');
  assert.strictEqual(await error('chat.update', { channel: '#general', ts, text: 'x' }), 'channel_not_found');
  assert.strictEqual(await error('chat.update', { channel, text: 'x' }), 'invalid_arguments');
  assert.strictEqual(slack.messages(channel)[0].text, 'two', 'refusals change nothing');
});

test("chat.delete deletes the bot's own messages", async (t) => {
  const { slack, ask, error, id, ann } = await start(t);
  const channel = id('general');
  const { ts } = await ask('chat.postMessage', { channel, text: 'one' });
  assert.deepStrictEqual(await ask('chat.delete', { channel, ts }), { ok: true, channel, ts });
  assert.deepStrictEqual(slack.messages(channel), []);
  assert.strictEqual(await error('chat.delete', { channel, ts }), 'message_not_found');
  const foreign = ann.say('#general', 'mine');
  assert.strictEqual(await error('chat.delete', { channel, ts: foreign.ts }), 'cant_delete_message');
  assert.strictEqual(await error('chat.delete', { channel: id('secret'), ts }), 'channel_not_found');
});

test('chat.postEphemeral shows a message to one member', async (t) => {
  const { slack, ask, error, id, ann, bob } = await start(t);
  const channel = id('ours');
  const response = await ask('chat.postEphemeral', { channel, user: ann.id, text: 'psst' });
  assert.deepStrictEqual(Object.keys(response), ['ok', 'message_ts']);
  assert.deepStrictEqual(slack.messages(channel), [], 'nobody keeps it');
  assert.strictEqual(await error('chat.postEphemeral', { channel, user: bob.id, text: 'x' }), 'user_not_in_channel');
  assert.strictEqual(await error('chat.postEphemeral', { channel, user: 'U404', text: 'x' }), 'user_not_in_channel');
  assert.strictEqual(await error('chat.postEphemeral', { channel, user: ann.id }), 'no_text');
  assert.strictEqual(await error('chat.postEphemeral', { channel, text: 'x' }), 'invalid_arguments');
});

test('reactions.add and reactions.remove', async (t) => {
  const { slack, ask, error, id, ann } = await start(t);
  const channel = id('general');
  const { ts: timestamp } = ann.say('#general', 'hi');
  const item = { channel, timestamp, name: 'wave' };
  assert.deepStrictEqual(await ask('reactions.add', item), { ok: true });
  ann.react({ channel, ts: timestamp }, 'wave');
  const users = [slack.bot.id, ann.id];
  assert.deepStrictEqual(slack.messages(channel)[0].reactions, [{ name: 'wave', users, count: 2 }]);
  assert.strictEqual(await error('reactions.add', item), 'already_reacted');
  assert.deepStrictEqual(await ask('reactions.remove', item), { ok: true });
  assert.strictEqual(await error('reactions.remove', item), 'no_reaction');
  ann.unreact({ channel, ts: timestamp }, 'wave');
  assert.strictEqual('reactions' in slack.messages(channel)[0], false);
  assert.strictEqual(await error('reactions.add', { ...item, name: 'no such!' }), 'invalid_name');
  assert.strictEqual(await error('reactions.add', { channel, timestamp }), 'invalid_name');
  assert.strictEqual(await error('reactions.add', { ...item, timestamp: 'x' }), 'bad_timestamp');
  assert.strictEqual(await error('reactions.add', { ...item, timestamp: '1.2' }), 'message_not_found');
  assert.strictEqual(await error('reactions.add', { name: 'wave' }), 'no_item_specified');
  assert.strictEqual(await error('reactions.add', { ...item, channel: 'C404' }), 'channel_not_found');
});

test('users.info, users.getPresence and users.setPresence', async (t) => {
  const { slack, ask, error, ann } = await start(t);
  assert.strictEqual((await ask('users.info', { user: ann.id })).user.name, 'ann');
  assert.strictEqual(await error('users.info', { user: 'U404' }), 'user_not_found');
  assert.strictEqual(await error('users.info', {}), 'invalid_arguments');
  assert.deepStrictEqual(await ask('users.getPresence', { user: ann.id }), { ok: true, presence: 'active' });
  const own = { ok: true, online: false, auto_away: false, manual_away: false, connection_count: 0 };
  assert.deepStrictEqual(await ask('users.getPresence', {}), { ...own, presence: 'away' });
  const client = await Client.connect(slack);
  const connected = { ...own, online: true, connection_count: 1 };
  assert.deepStrictEqual(await ask('users.getPresence', {}), { ...connected, presence: 'active' });
  assert.deepStrictEqual(await ask('users.setPresence', { presence: 'away' }), { ok: true });
  const said = await client.next();
  assert.deepStrictEqual([said.type, said.presence], ['manual_presence_change', 'away']);
  assert.deepStrictEqual(await ask('users.getPresence', {}), { ...connected, manual_away: true, presence: 'away' });
  await ask('users.setPresence', { presence: 'auto' });
  assert.strictEqual(slack.bot.presence, 'active');
  assert.strictEqual(await error('users.setPresence', { presence: 'active' }), 'invalid_presence');
});

test('conversations.info and conversations.members', async (t) => {
  const { slack, ask, error, id, ann } = await start(t);
  const { channel } = await ask('conversations.info', { channel: id('club') });
  assert.deepStrictEqual([channel.name, channel.is_member, channel.num_members], ['club', false, undefined]);
  const counted = await ask('conversations.info', { channel: id('club'), include_num_members: 'true' });
  assert.strictEqual(counted.channel.num_members, 1);
  assert.strictEqual((await ask('conversations.info', { channel: slack.im('ann').id })).channel.user, ann.id);
  assert.strictEqual(await error('conversations.info', { channel: id('secret') }), 'channel_not_found');
  assert.strictEqual(await error('conversations.info', { channel: '#general' }), 'channel_not_found');
  assert.strictEqual(await error('conversations.info', { channel: '' }), 'channel_not_found');
  assert.strictEqual(await error('conversations.info', {}), 'invalid_arguments');
  const all = [...slack.channel('general').members];
  const first = await ask('conversations.members', { channel: id('general'), limit: 3 });
  assert.deepStrictEqual(first.members, all.slice(0, 3));
  const { next_cursor: cursor } = first.response_metadata;
  const rest = await ask('conversations.members', { channel: id('general'), limit: 3, cursor });
  assert.deepStrictEqual([rest.members, rest.response_metadata], [all.slice(3), { next_cursor: '' }]);
  assert.strictEqual(await error('conversations.members', { channel: id('general'), cursor: 'x' }), 'invalid_cursor');
  assert.strictEqual(await error('conversations.members', { channel: id('general'), limit: 'x' }), 'invalid_limit');
});

test('conversations.history returns pages with the newest messages first, without replies in threads', async (t) => {
  const { slack, ask, error, id, ann } = await start(t);
  const channel = id('general');
  const said = ['a', 'b', 'c', 'd', 'e'].map((text) => ann.say('#general', text));
  ann.reply(said[0], 'in the thread');
  ann.reply(said[0], 'for all', { subtype: 'thread_broadcast' });
  const texts = ({ messages }) => messages.map((message) => message.text).join(' ');
  const whole = await ask('conversations.history', { channel });
  assert.deepStrictEqual([texts(whole), whole.has_more, whole.pin_count], ['for all e d c b a', false, 0]);
  assert.strictEqual('response_metadata' in whole, false);
  assert.strictEqual(whole.messages.at(-1).reply_count, 2);
  assert.strictEqual('channel' in whole.messages[0], false);
  const first = await ask('conversations.history', { channel, limit: 2 });
  assert.deepStrictEqual([texts(first), first.has_more], ['for all e', true]);
  ann.say('#general', 'later');
  const { next_cursor: cursor } = first.response_metadata;
  assert.strictEqual(texts(await ask('conversations.history', { channel, limit: 2, cursor })), 'd c', 'pages stay');
  const [, b, , d] = said.map(({ ts }) => ts);
  assert.strictEqual(texts(await ask('conversations.history', { channel, oldest: b, latest: d })), 'c');
  const both = { channel, oldest: b, latest: d, inclusive: 'true' };
  assert.strictEqual(texts(await ask('conversations.history', both)), 'd c b');
  assert.strictEqual(await error('conversations.history', { channel, latest: 'now' }), 'invalid_ts_latest');
  assert.strictEqual(await error('conversations.history', { channel, oldest: '-1' }), 'invalid_ts_oldest');
  assert.strictEqual(await error('conversations.history', { channel, cursor: 'x' }), 'invalid_cursor');
  assert.strictEqual(
    texts(await ask('conversations.history', { channel, limit: 5000 })),
    texts(await ask('conversations.history', { channel })),
    'as many as there may be',
  );
  assert.strictEqual(await error('conversations.history', { channel: id('club') }), 'not_in_channel');
  assert.strictEqual(await error('conversations.history', { channel: id('secret') }), 'channel_not_found');
  assert.deepStrictEqual(slack.messages('#general').length, 8);
});

test('conversations.open opens direct messages and group conversations', async (t) => {
  const { slack, ask, error, ann, bob } = await start(t);
  const im = slack.im('ann').id;
  const already = { ok: true, no_op: true, already_open: true, channel: { id: im } };
  assert.deepStrictEqual(await ask('conversations.open', { users: ann.id }), already);
  assert.deepStrictEqual(await ask('conversations.open', { channel: im }), already);
  const second = slack.addBot('second');
  const made = await ask('conversations.open', { users: second.id, return_im: 'true' });
  assert.deepStrictEqual([made.channel.is_im, made.channel.user, made.no_op], [true, second.id, undefined]);
  const users = `${ann.id}, ${bob.id}`;
  assert.strictEqual(await error('conversations.open', { users, prevent_creation: '1' }), 'channel_not_found');
  const group = (await ask('conversations.open', { users })).channel;
  assert.deepStrictEqual(await ask('conversations.open', { users }), { ...already, channel: group });
  assert.strictEqual(slack.channel(group.id).name, 'mpdm-ann--bob--robot-1');
  const listed = await ask('conversations.list', { types: 'mpim' });
  assert.deepStrictEqual(
    listed.channels.map((one) => one.id),
    [group.id],
  );
  assert.deepStrictEqual(
    (await ask('rtm.start', {})).mpims.map((one) => one.id),
    [group.id],
  );
  assert.strictEqual(await error('conversations.open', {}), 'users_list_not_supplied');
  assert.strictEqual(await error('conversations.open', { users: 'U404' }), 'user_not_found');
  const wrong = { channel: slack.channel('general').id };
  assert.strictEqual(await error('conversations.open', wrong), 'method_not_supported_for_channel_type');
});

test('conversations.join, leave and create', async (t) => {
  const { slack, ask, error, id } = await start(t);
  const joined = await ask('conversations.join', { channel: id('club') });
  assert.deepStrictEqual([joined.ok, joined.channel.is_member, joined.warning], [true, true, undefined]);
  const again = await ask('conversations.join', { channel: id('club') });
  assert.deepStrictEqual(again.response_metadata, { warnings: ['already_in_channel'] });
  assert.strictEqual(again.warning, 'already_in_channel');
  assert.strictEqual(await error('conversations.join', { channel: id('secret') }), 'channel_not_found');
  const im = { channel: slack.im('ann').id };
  assert.strictEqual(await error('conversations.join', im), 'method_not_supported_for_channel_type');
  assert.deepStrictEqual(await ask('conversations.leave', { channel: id('club') }), { ok: true });
  assert.deepStrictEqual(await ask('conversations.leave', { channel: id('club') }), { ok: true, not_in_channel: true });
  assert.strictEqual(await error('conversations.leave', { channel: id('general') }), 'cant_leave_general');
  assert.strictEqual(await error('conversations.leave', im), 'method_not_supported_for_channel_type');
  const made = await ask('conversations.create', { name: 'new-one', is_private: '1' });
  assert.deepStrictEqual([made.channel.is_private, made.channel.creator], [true, slack.bot.id]);
  assert.strictEqual(await error('conversations.leave', { channel: made.channel.id }), 'last_member');
  const refusals = Object.entries({
    random: 'name_taken',
    '': 'invalid_name_required',
    Upper: 'invalid_name_specials',
    'a b': 'invalid_name_specials',
    '--': 'invalid_name_punctuation',
    ['x'.repeat(81)]: 'invalid_name_maxlength',
  });
  for (const [name, code] of refusals) assert.strictEqual(await error('conversations.create', { name }), code);
});

test('team.info, bots.info, emoji.list, and files.upload, which is a stub', async (t) => {
  const { slack, ask, error } = await start(t);
  const { team } = await ask('team.info', {});
  assert.deepStrictEqual([team.id, team.name, team.domain], [slack.team.id, slack.team.name, slack.team.domain]);
  assert.strictEqual(await error('team.info', { team: 'T404' }), 'team_not_found');
  const { bot } = await ask('bots.info', { bot: slack.bot.botId });
  assert.deepStrictEqual([bot.id, bot.user_id, bot.name], [slack.bot.botId, slack.bot.id, 'robot']);
  assert.strictEqual(await error('bots.info', { bot: 'B404' }), 'bot_not_found');
  assert.strictEqual(await error('bots.info', {}), 'missing_argument');
  assert.deepStrictEqual((await ask('emoji.list', {})).emoji, {});
  assert.deepStrictEqual(await ask('files.upload', { content: 'x' }), {
    ok: false,
    error: 'method_deprecated',
    response_metadata: { messages: ['[ERROR] files.upload is a stub: this workspace takes no files'] },
  });
});

test('every documented method exists and needs a token', async (t) => {
  const { slack } = await start(t);
  const all = `rtm.connect rtm.start auth.test chat.postMessage chat.update chat.delete chat.postEphemeral reactions.add
    reactions.remove users.list users.info users.getPresence users.setPresence conversations.list conversations.info
    conversations.members conversations.history conversations.open conversations.join conversations.leave
    conversations.create files.upload team.info bots.info emoji.list`.split(/\s+/);
  for (const method of all) {
    assert.strictEqual((await call(slack, method, {}, '')).body.error, 'not_authed', method);
    const { headers } = await call(slack, method);
    assert.strictEqual(headers.get('x-oauth-scopes'), 'identify,bot');
    assert.ok(headers.get('x-accepted-oauth-scopes'), method);
  }
  assert.strictEqual((await call(slack, 'conversations.replies')).body.error, 'unknown_method');
});

test('conversations.history with oldest goes forward and skips no message', async (t) => {
  const { ask, id, ann } = await start(t);
  const channel = id('general');
  const said = Array.from({ length: 8 }, (_, n) => ann.say('#general', String(n)));
  const pages = [];
  let cursor = '';
  do {
    const page = await ask('conversations.history', { channel, oldest: said[0].ts, limit: 3, cursor });
    pages.push(page.messages.map(({ text }) => text).join(''));
    cursor = page.response_metadata?.next_cursor ?? '';
    assert.strictEqual(page.has_more, cursor !== '');
  } while (cursor !== '');
  assert.deepStrictEqual(pages, ['321', '654', '7']);
});

test("rtm.start has the bot's presence, and no message of a channel that the bot is not in", async (t) => {
  const { slack, ask, ann } = await start(t);
  ann.say('#club', 'among us');
  ann.say('#general', 'for all');
  await ask('users.setPresence', { presence: 'away' });
  const { self, channels } = await ask('rtm.start');
  assert.strictEqual(self.manual_presence, 'away');
  const latest = (name) => channels.find((channel) => channel.name === name).latest;
  assert.deepStrictEqual([latest('club'), latest('general').text], [null, 'for all']);
  await ask('users.setPresence', { presence: 'auto' });
  assert.strictEqual((await ask('rtm.start')).self.manual_presence, 'active');
  assert.strictEqual(slack.bot.presence, 'away', 'it has no connection');
});

test('a member who leaves between two pages does not hide another member', async (t) => {
  const { slack, ask, id } = await start(t);
  const channel = id('random');
  const all = [...slack.channel('random').members];
  const first = await ask('conversations.members', { channel, limit: 2 });
  slack.user(all[0]).leave('#random');
  const { next_cursor: cursor } = first.response_metadata;
  assert.deepStrictEqual((await ask('conversations.members', { channel, limit: 2, cursor })).members, all.slice(2, 4));
});

test('the last member of a page can leave and come back', async (t) => {
  const { slack, ask, id } = await start(t);
  const channel = id('random');
  const all = [...slack.channel('random').members];
  const first = await ask('conversations.members', { channel, limit: 2 });
  assert.deepStrictEqual(first.members, all.slice(0, 2));
  slack.user(all[1]).leave('#random');
  const { next_cursor: cursor } = first.response_metadata;
  const next = async () => (await ask('conversations.members', { channel, limit: 2, cursor })).members;
  assert.deepStrictEqual(await next(), all.slice(2, 4), 'without the one that the page ended with');
  slack.user(all[1]).join('#random');
  assert.strictEqual((await next())[0], all[2], 'which is the last one now');
});

test('blocks and attachments must be objects, and their number is limited', async (t) => {
  const { error, id } = await start(t);
  const channel = id('general');
  const send = (key, value) => error('chat.postMessage', { channel, text: 'x', [key]: JSON.stringify(value) });
  assert.strictEqual(await send('blocks', ['x']), 'invalid_blocks');
  assert.strictEqual(await send('blocks', Array(51).fill({ type: 'divider' })), 'invalid_blocks');
  assert.strictEqual(await send('blocks', Array(50).fill({ type: 'divider' })), undefined);
  assert.strictEqual(await send('attachments', [null]), 'invalid_attachments');
});
