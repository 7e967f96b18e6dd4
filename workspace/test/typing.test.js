'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, Client } = require('./support');

test('typing is sent to the other members and gets no reply', async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const typist = await Client.connect(slack);
  const other = await Client.connect(slack, { token: second.token });
  const channel = slack.channel('#general').id;
  typist.send({ id: 1, type: 'typing', channel });
  assert.deepStrictEqual(await other.next(), { type: 'user_typing', channel, user: slack.bot.id });
  assert.strictEqual((await typist.ask({ id: 2, type: 'ping' })).reply_to, 2);
});

test('bots get the typing of a user', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  slack.user('ann').typing('#random');
  const channel = slack.channel('random').id;
  assert.deepStrictEqual(await client.next(), { type: 'user_typing', channel, user: slack.user('ann').id });
});

test('typing in an unknown channel gets an error', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  assert.deepStrictEqual(await client.ask({ id: 4, type: 'typing', channel: 'C404' }), {
    ok: false,
    reply_to: 4,
    error: { code: 0, msg: 'invalid channel id' },
  });
});
