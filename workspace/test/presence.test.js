'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, Client } = require('./support');

test('without a subscription there are no presence events', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.user('ann').setPresence('away');
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
});

test('a subscription sends the presence at once and after each change, only of the users in it', async (t) => {
  const slack = await startWorkspace(t, { users: ['ann', { name: 'bob', presence: 'away' }, 'carol'] });
  const [ann, bob, carol] = ['ann', 'bob', 'carol'].map((name) => slack.user(name));
  const client = await Client.connect(slack);
  client.send({ id: 1, type: 'presence_sub', ids: [ann.id, bob.id, ann.id, 'U404', 5] });
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'active', user: ann.id });
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'away', user: bob.id });
  carol.setPresence('away');
  ann.setPresence('active');
  slack.setPresence(['ann', 'bob', 'carol'], 'away');
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'away', user: ann.id });
  assert.strictEqual((await client.ask({ id: 2, type: 'ping' })).type, 'pong', 'no change, no event');
});

test('a later subscription replaces the earlier one', async (t) => {
  const slack = await startWorkspace(t);
  const [ann, bob] = ['ann', 'bob'].map((name) => slack.user(name));
  const client = await Client.connect(slack);
  assert.strictEqual((await client.ask({ type: 'presence_sub', ids: [ann.id] })).user, ann.id);
  assert.strictEqual((await client.ask({ type: 'presence_sub', ids: [bob.id] })).user, bob.id);
  ann.setPresence('away');
  bob.setPresence('away');
  assert.strictEqual((await client.next()).user, bob.id);
});

test('presence events are sent in batches to a client that asked for batches', async (t) => {
  const slack = await startWorkspace(t, { users: ['ann', { name: 'bob', presence: 'away' }, 'carol'] });
  const [ann, bob, carol] = ['ann', 'bob', 'carol'].map((name) => slack.user(name).id);
  const client = await Client.connect(slack, { batch_presence_aware: 1 });
  client.send({ id: 1, type: 'presence_sub', ids: [ann, bob, carol] });
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'active', users: [ann, carol] });
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'away', users: [bob] });
  slack.setPresence(['ann', 'carol'], 'away');
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'away', users: [ann, carol] });
});

test('a presence query is answered once and subscribes to nothing', async (t) => {
  const slack = await startWorkspace(t);
  const ann = slack.user('ann');
  const client = await Client.connect(slack);
  client.send({ id: 1, type: 'presence_query', ids: [ann.id] });
  assert.deepStrictEqual(await client.next(), { type: 'presence_change', presence: 'active', user: ann.id });
  ann.setPresence('away');
  client.send({ id: 2, type: 'presence_query', ids: 'rubbish' });
  assert.strictEqual((await client.ask({ id: 3, type: 'ping' })).type, 'pong');
});

test('a bot is active while it is connected', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const watcher = await Client.connect(slack);
  assert.strictEqual((await watcher.ask({ type: 'presence_sub', ids: [second.id] })).presence, 'away');
  const client = await Client.connect(slack, { token: second.token });
  assert.strictEqual((await watcher.next()).presence, 'active');
  client.ws.close();
  assert.strictEqual((await watcher.next()).presence, 'away');
});

test('only active and away can be set', async (t) => {
  const slack = await startWorkspace(t);
  assert.throws(() => slack.user('ann').setPresence('auto'), /presence must be 'active' or 'away', not "auto"/);
});

test('a user who is named twice causes one presence event', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const { id } = slack.user('ann');
  await client.ask({ type: 'presence_sub', ids: [id] });
  slack.setPresence(['ann', id], 'away');
  assert.strictEqual((await client.next()).presence, 'away');
  assert.strictEqual((await client.ask({ id: 1, type: 'ping' })).type, 'pong');
});
