'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

test('rtm.start returns the whole workspace and a socket URL', async (t) => {
  const slack = await startWorkspace(t, {
    channels: [
      'general',
      'random',
      { name: 'secret', isPrivate: true, members: ['ann', 'robot'] },
      { name: 'hidden', isPrivate: true, members: ['ann', 'bob'] },
    ],
  });
  const { ts } = slack.user('ann').say('#general', 'before you came');
  const { body } = await call(slack, 'rtm.start');
  assert.strictEqual(body.ok, true);
  assert.strictEqual(body.self.id, slack.bot.id);
  assert.strictEqual(body.team.domain, slack.team.domain);
  assert.deepStrictEqual(
    body.users.map((user) => user.name),
    ['ann', 'bob', 'carol', 'robot'],
  );
  assert.deepStrictEqual(
    body.users.map((user) => user.is_bot),
    [false, false, false, true],
  );
  assert.deepStrictEqual(
    body.channels.map((channel) => channel.name),
    ['general', 'random'],
  );
  assert.strictEqual(body.channels[0].latest.ts, ts);
  assert.ok(body.channels[0].members.includes(slack.bot.id));
  assert.deepStrictEqual(
    body.groups.map((channel) => channel.name),
    ['secret'],
  );
  assert.deepStrictEqual(
    body.ims.map((im) => im.user),
    ['ann', 'bob', 'carol'].map((name) => slack.user(name).id),
  );
  assert.deepStrictEqual(body.mpims, []);
  assert.deepStrictEqual(
    body.bots.map((bot) => bot.id),
    [slack.bot.botId],
  );
  assert.match(body.latest_event_ts, /^\d{10}\.\d{6}$/);
  assert.strictEqual(typeof body.cache_ts, 'number');
  assert.ok(!JSON.stringify(body).includes(slack.token), 'the token is not in it');
  const client = new Client(body.url);
  assert.strictEqual((await client.next()).type, 'hello');
});
