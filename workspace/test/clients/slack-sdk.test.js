// slack_sdk (PyPI), unmodified, against the workspace: its two RTM clients and its WebClient.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace } = require('../support');
const { Client } = require('./client');
const { missing, python } = require('./programs');

const skip = !python && missing('slack_sdk');
/** ms. Python starts slowly, and its clients check the connection once per second. */
const timeout = 30_000;

for (const [name, script] of [
  ['slack_sdk.rtm_v2', 'rtm_v2_bot.py'],
  ['slack_sdk.rtm', 'rtm_v1_bot.py'],
]) {
  test(`${name} connects, receives, sends, gets replies, and reconnects after a drop`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    const slack = await startWorkspace(t);
    const ann = slack.user('ann');
    const channel = slack.channel('#general').id;
    const bot = new Client(t, script, slack);
    let connection = await slack.nextConnection({ timeout });
    await bot.next({ kind: 'hello' });

    const breaks = [
      () => slack.faults.drop(),
      () => slack.faults.close(1001, 'going away'),
      () => {
        const body = { ok: false, error: 'ratelimited' };
        slack.faults.refuseConnect({ status: 429, headers: { 'retry-after': '1' }, body });
        slack.faults.drop();
      },
      undefined,
    ];
    for (const [index, breakIt] of breaks.entries()) {
      const text = `hello ${index}: </> & "é" 🎉`;
      ann.say('#general', text);
      const received = await bot.next({ kind: 'message', text });
      assert.deepStrictEqual([received.channel, received.user], [channel, ann.id]);

      const id = 100 + index;
      bot.send({ id, type: 'message', channel, text: `answer ${index} é` });
      assert.strictEqual((await slack.nextMessage({ from: slack.bot, timeout })).text, `answer ${index} é`);
      const reply = await bot.next({ kind: 'reply', id });
      assert.deepStrictEqual([reply.ok, reply.text], [true, `answer ${index} é`]);

      bot.send({ id: id + 50, type: 'message', channel: 'C404', text: 'nowhere' });
      assert.strictEqual((await bot.next({ kind: 'reply', id: id + 50 })).ok, false);
      if (!breakIt) break;
      breakIt();
      await connection.closed;
      connection = await slack.nextConnection({ timeout });
      await bot.next({ kind: 'hello' });
    }
    bot.send({ id: 1, type: 'typing', channel });
    await slack.nextFrame({ type: 'typing', timeout });
  });
}

test('slack_sdk.rtm receives direct messages and answers by the Web API', { skip, timeout: 60_000 }, async (t) => {
  const slack = await startWorkspace(t);
  const bot = new Client(t, 'rtm_v1_bot.py', slack);
  const { self } = await bot.next({ kind: 'open' });
  assert.strictEqual(self, slack.bot.id);
  await bot.next({ kind: 'hello' });
  slack.user('bob').dm(slack.bot, 'answer by the Web API');
  const answer = await slack.nextMessage({ in: '@bob', timeout });
  assert.strictEqual(answer.text, 'by the Web API');
});
