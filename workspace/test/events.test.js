// The events of edits, threads, reactions, members, conversations and profiles, and their order. Their shapes are tested
// in shapes.test.js.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

/** A workspace, a connected bot, and a check that nothing else has arrived. */
async function start(t, options) {
  const slack = await startWorkspace(t, options);
  const client = await Client.connect(slack);
  const nothing = async () => assert.strictEqual((await client.ask({ id: 'end', type: 'ping' })).reply_to, 'end');
  return { slack, client, nothing, ann: slack.user('ann'), bob: slack.user('bob') };
}

const kind = ({ type, subtype }) => (subtype ? `${type}::${subtype}` : type);

test('an edit sends message_changed with the message before and after', async (t) => {
  const { slack, client, nothing, ann } = await start(t);
  const said = ann.say('#general', 'one');
  await client.next();
  const edited = ann.edit(said, 'two');
  const event = await client.next();
  assert.strictEqual(kind(event), 'message::message_changed');
  assert.deepStrictEqual([event.hidden, event.channel], [true, said.channel]);
  assert.deepStrictEqual([event.message.ts, event.message.text], [said.ts, 'two']);
  assert.strictEqual(event.message.edited.user, ann.id);
  assert.deepStrictEqual([event.previous_message.text, event.previous_message.edited], ['one', undefined]);
  assert.ok(event.ts > said.ts);
  assert.strictEqual(said.text, 'one', 'what was handed out stays as it was');
  assert.deepStrictEqual(slack.messages('#general'), [edited]);
  assert.throws(() => slack.user('bob').edit(said, 'x'), { code: 'cant_update_message' });
  await nothing();
});

test('a deletion sends message_deleted', async (t) => {
  const { slack, client, nothing, ann } = await start(t);
  const said = ann.say('#general', 'one');
  await client.next();
  ann.delete(said);
  const event = await client.next();
  assert.strictEqual(kind(event), 'message::message_deleted');
  assert.deepStrictEqual([event.hidden, event.deleted_ts, event.previous_message.text], [true, said.ts, 'one']);
  assert.deepStrictEqual(slack.messages('#general'), []);
  assert.throws(() => ann.delete(said), { code: 'message_not_found' });
  await nothing();
});

test('a reply in a thread is followed by message_replied with the first message', async (t) => {
  const { slack, client, nothing, ann, bob } = await start(t);
  const said = ann.say('#general', 'one');
  await client.next();
  const reply = bob.reply(said, 'two');
  assert.deepStrictEqual(await client.next(), reply);
  assert.deepStrictEqual([reply.thread_ts, reply.parent_user_id], [said.ts, ann.id]);
  const replied = await client.next();
  assert.strictEqual(kind(replied), 'message::message_replied');
  const { message } = replied;
  assert.deepStrictEqual([message.ts, message.thread_ts, message.reply_count], [said.ts, said.ts, 1]);
  assert.deepStrictEqual([message.latest_reply, message.reply_users], [reply.ts, [bob.id]]);
  assert.strictEqual(message.reply_users_count, 1);
  const second = bob.reply(reply, 'a reply to a reply belongs to the same thread');
  assert.strictEqual(second.thread_ts, said.ts);
  await client.next();
  assert.deepStrictEqual([(await client.next()).message.reply_count, slack.messages('#general').length], [2, 3]);
  await nothing();
});

test("a bot's reply in a thread is acknowledged before message_replied", async (t) => {
  const { client, nothing, ann } = await start(t);
  const { channel, ts } = ann.say('#general', 'one');
  await client.next();
  const reply = await client.ask({ id: 1, type: 'message', channel, text: 'two', thread_ts: ts });
  assert.strictEqual(reply.reply_to, 1);
  assert.strictEqual(kind(await client.next()), 'message::message_replied');
  await nothing();
});

test('a deleted reply is no longer counted; a deleted first message becomes a tombstone until its last reply is deleted', async (t) => {
  const { slack, client, nothing, ann, bob } = await start(t);
  const said = ann.say('#general', 'one');
  const replies = [bob.reply(said, 'two'), ann.reply(said, 'three')];
  for (let i = 0; i < 5; i += 1) await client.next();
  bob.delete(replies[0]);
  const gone = await client.next();
  assert.deepStrictEqual([kind(gone), gone.previous_message.thread_ts], ['message::message_deleted', said.ts]);
  const [first] = slack.messages('#general');
  assert.deepStrictEqual([first.reply_count, first.reply_users, first.latest_reply], [1, [ann.id], replies[1].ts]);
  ann.delete(said);
  const changed = await client.next();
  assert.deepStrictEqual([kind(changed), changed.message.subtype], ['message::message_changed', 'tombstone']);
  assert.strictEqual(changed.message.reply_count, 1);
  assert.throws(() => ann.edit(said, 'x'), { code: 'cant_update_message' });
  ann.delete(replies[1]);
  assert.strictEqual((await client.next()).deleted_ts, replies[1].ts);
  assert.strictEqual((await client.next()).deleted_ts, said.ts, 'the tombstone goes with the last reply');
  assert.deepStrictEqual(slack.messages('#general'), []);
  await nothing();
});

test('all members get reactions, also the user who reacts', async (t) => {
  const { slack, client, nothing, ann, bob } = await start(t);
  const said = ann.say('#general', 'one');
  await client.next();
  bob.react(said, '+1');
  const item = { type: 'message', channel: said.channel, ts: said.ts };
  const added = await client.next();
  assert.deepStrictEqual(
    [added.type, added.user, added.reaction, added.item_user, added.item],
    ['reaction_added', bob.id, '+1', ann.id, item],
  );
  bob.unreact(said, '+1');
  assert.strictEqual((await client.next()).type, 'reaction_removed');
  await call(slack, 'reactions.add', { channel: said.channel, timestamp: said.ts, name: 'wave::skin-tone-3' });
  const own = await client.next();
  assert.deepStrictEqual([own.user, own.reaction], [slack.bot.id, 'wave::skin-tone-3']);
  assert.deepStrictEqual(await slack.nextEvent({ type: 'reaction_added', from: slack.bot, in: '#general' }), own);
  assert.throws(() => ann.react(said, ':tada:'), { code: 'invalid_name', message: /is like 'thumbsup', not ":tada:"/ });
  await nothing();
});

test('everybody gets a new channel, the members get joins and leaves', async (t) => {
  const { slack, client, nothing, ann } = await start(t);
  const { id } = ann.create('#club');
  const created = await client.next();
  assert.deepStrictEqual([created.type, created.channel.id, created.channel.creator], ['channel_created', id, ann.id]);
  await nothing();
  ann.invite('#club', slack.bot);
  const [joined, member, note] = [await client.next(), await client.next(), await client.next()];
  assert.deepStrictEqual([joined.type, joined.channel.id], ['channel_joined', id]);
  assert.deepStrictEqual([member.type, member.user, member.inviter], ['member_joined_channel', slack.bot.id, ann.id]);
  assert.deepStrictEqual([kind(note), note.inviter], ['message::channel_join', ann.id]);
  assert.strictEqual(note.text, `<@${slack.bot.id}> has joined the channel`);
  assert.strictEqual(slack.user('bob').join('#club'), true);
  assert.strictEqual((await client.next()).type, 'member_joined_channel');
  assert.strictEqual(kind(await client.next()), 'message::channel_join');
  assert.strictEqual(slack.user('bob').leave('#club'), true);
  assert.strictEqual((await client.next()).type, 'member_left_channel');
  assert.strictEqual(kind(await client.next()), 'message::channel_leave');
  await call(slack, 'conversations.leave', { channel: id });
  assert.deepStrictEqual((await client.next()).type, 'channel_left');
  assert.deepStrictEqual(slack.channel('club').members, new Set([ann.id]));
  await nothing();
});

test('only the members get the events of a private channel', async (t) => {
  const { slack, client, nothing, ann } = await start(t);
  ann.create('secret', { isPrivate: true });
  ann.say('#secret', 'unheard');
  await nothing();
  assert.throws(() => slack.user('bob').join('#secret'), { code: 'channel_not_found' });
  ann.invite('#secret', ['bob', slack.bot]);
  assert.throws(() => ann.invite('#secret', 'bob'), { code: 'already_in_channel' });
  assert.throws(() => ann.invite('#secret', 'ann'), { code: 'cant_invite_self' });
  const kinds = [kind(await client.next()), kind(await client.next()), kind(await client.next())];
  assert.deepStrictEqual(kinds, ['group_joined', 'member_joined_channel', 'message::group_join']);
  await nothing();
});

test('new direct messages send im_created to both users; opening them sends im_open to the user who opens them', async (t) => {
  const { slack, client, nothing } = await start(t);
  const second = slack.addBot('second');
  const kinds = [];
  for (let i = 0; i < 4; i += 1) kinds.push((await client.next()).type);
  assert.deepStrictEqual(kinds, ['team_join', 'bot_added', 'member_joined_channel', 'member_joined_channel']);
  const { channel } = (await call(slack, 'conversations.open', { users: second.id })).body;
  const [created, open] = [await client.next(), await client.next()];
  assert.deepStrictEqual([created.type, created.user, created.channel.id], ['im_created', second.id, channel.id]);
  assert.deepStrictEqual([open.type, open.user, open.channel], ['im_open', second.id, channel.id]);
  const other = slack.user('second').open(slack.bot);
  assert.strictEqual(other.id, channel.id);
  await nothing();
});

test('an ephemeral message reaches only its recipient', async (t) => {
  const { slack, client, nothing } = await start(t);
  const second = slack.addBot('second');
  for (let i = 0; i < 4; i += 1) await client.next();
  const params = { channel: slack.channel('general').id, user: slack.bot.id, text: 'psst' };
  const { body } = await call(slack, 'chat.postEphemeral', params, second.token);
  const event = await client.next();
  assert.deepStrictEqual([event.text, event.is_ephemeral, event.ts], ['psst', true, body.message_ts]);
  const back = await call(slack, 'chat.postEphemeral', { ...params, user: second.id });
  assert.strictEqual(back.body.ok, true);
  await nothing();
});

test('a changed profile sends user_change to everybody', async (t) => {
  const { slack, client, nothing, ann } = await start(t);
  ann.setProfile({ realName: 'Ann A', statusText: 'out', statusEmoji: ':palm_tree:' });
  const { type, user } = await client.next();
  assert.deepStrictEqual([type, user.id, user.real_name], ['user_change', ann.id, 'Ann A']);
  assert.deepStrictEqual([user.profile.status_text, user.profile.status_emoji], ['out', ':palm_tree:']);
  assert.deepStrictEqual([ann.realName, ann.statusText], ['Ann A', 'out']);
  assert.throws(() => ann.setProfile({ realName: 5 }), /realName must be a string/);
  assert.strictEqual(slack.user('ann').realName, 'Ann A');
  await nothing();
});

test('reconnect_url is sent repeatedly, and each URL can be used once', async (t) => {
  const { client } = await start(t, { reconnectUrlEvery: 20 });
  const [first, second] = [await client.next(), await client.next()];
  assert.deepStrictEqual([first.type, second.type], ['reconnect_url', 'reconnect_url']);
  assert.notStrictEqual(first.url, second.url);
  assert.strictEqual((await new Client(second.url).next()).type, 'hello');
});

test('the socket of a reconnect_url gets the events that the socket before did not get, and none twice', async (t) => {
  const { slack, client, ann } = await start(t, { reconnectUrlEvery: 20 });
  const { url } = await client.next();
  ann.say('#general', 'for the first');
  const [connection] = slack.connections;
  slack.faults.drop();
  ann.say('#general', 'for the second');
  await connection.closed;
  const second = new Client(url);
  assert.deepStrictEqual([(await second.next()).type, (await second.next()).text], ['hello', 'for the second']);
  assert.strictEqual(client.texts.filter((text) => text.includes('for the first')).length, 1);
});

test('a reconnect_url has the host of the connect call', async (t) => {
  const slack = await startWorkspace(t, { host: '0.0.0.0', reconnectUrlEvery: 20 });
  const { body } = await call(
    { apiUrl: slack.apiUrl.replace('127.0.0.1', 'localhost'), token: slack.token },
    'rtm.connect',
  );
  const client = new Client(body.url);
  assert.strictEqual((await client.next()).type, 'hello');
  assert.strictEqual(new URL((await client.next()).url).host, new URL(body.url).host);
  assert.strictEqual(new URL(body.url).hostname, 'localhost');
});

test('slack.events emits every event with its audience and origin, and every frame in both directions', async (t) => {
  const { slack, client, ann } = await start(t);
  const events = [];
  const frames = [];
  slack.events.on('event', (...args) => events.push(args));
  slack.events.on('frame', (frame) => frames.push(frame));
  const { channel } = ann.say('#general', 'hi');
  await client.next();
  await client.ask({ id: 1, type: 'typing', channel: 'C404' });
  client.send({ id: 2, type: 'typing', channel });
  await slack.nextEvent({ type: 'user_typing', from: slack.bot });
  ann.setProfile({ title: 'x' });
  await call(slack, 'users.setPresence', { presence: 'away' });
  const [connection] = slack.connections;
  assert.deepStrictEqual(
    events.map(([{ type }, audience, origin]) => [type, audience, origin]),
    [
      ['message', { channel }, { via: 'test' }],
      ['user_typing', { channel }, { via: 'rtm', connection }],
      ['user_change', {}, { via: 'test' }],
      ['manual_presence_change', { user: slack.bot.id }, { via: 'web' }],
      ['presence_change', {}, { via: 'test' }],
    ],
  );
  const types = frames.map(({ direction, data }) => `${direction} ${JSON.parse(data).type ?? 'reply'}`);
  assert.deepStrictEqual(types.slice(0, 4), ['out message', 'in typing', 'out reply', 'in typing']);
  assert.ok(frames.every((frame) => frame.connection === connection && frame.at <= Date.now()));
});

test('nextEvent returns events that clients caused, and its timeout error lists the other ones', async (t) => {
  const { slack, ann } = await start(t);
  const { channel, ts } = ann.say('#general', 'from the test');
  await call(slack, 'reactions.add', { channel, timestamp: ts, name: 'eyes' });
  const { body } = await call(slack, 'chat.postMessage', { channel, text: 'one' });
  await call(slack, 'chat.update', { channel, ts: body.ts, text: 'two' });
  await call(slack, 'conversations.create', { name: 'made' });
  const changed = await slack.nextEvent({ subtype: 'message_changed', from: slack.bot, in: '#general' });
  assert.strictEqual(changed.message.text, 'two');
  assert.strictEqual((await slack.nextEvent({ type: 'channel_created', in: '#made' })).channel.name, 'made');
  assert.strictEqual((await slack.nextMessage()).text, 'one', 'what a client posted, no note of the workspace');
  const filter = { type: 'message', subtype: 'message_deleted', from: slack.bot, in: '#random', timeout: 1 };
  await assert.rejects(slack.nextEvent(filter), {
    name: 'TimeoutError',
    message: /^no message::message_deleted event of @robot in #random within 1 ms; seen instead: .*reaction_added/,
  });
});
