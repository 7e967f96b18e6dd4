'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { RTMClient, LogLevel } = require('slack-rtm-api-7.0.1');
const { startWorkspace } = require('./support');

function createClient(slack, options) {
  return new RTMClient(slack.token, { slackApiUrl: slack.apiUrl, logLevel: LogLevel.ERROR, ...options });
}

test('@slack/rtm-api connects, receives, sends and is acknowledged', async (t) => {
  const slack = await startWorkspace(t);
  const rtm = createClient(slack);
  t.after(() => rtm.disconnect());
  const hello = once(rtm, 'hello');
  const { self, team, url } = await rtm.start();
  assert.deepStrictEqual([self.id, team.id], [slack.bot.id, slack.team.id]);
  assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/websocket\//);
  await hello;

  const received = once(rtm, 'message');
  const said = slack.user('ann').say('#general', 'hello/é');
  assert.deepStrictEqual((await received)[0], said);

  const reply = await rtm.sendMessage('hi back', said.channel);
  assert.deepStrictEqual(await slack.nextMessage({ from: slack.bot, in: '#general' }), slack.messages('#general')[1]);
  const { frame } = await slack.nextFrame({ type: 'message' });
  const { ts } = slack.messages('#general')[1];
  assert.deepStrictEqual(reply, { ok: true, reply_to: frame.id, ts, text: 'hi back' });

  const presence = once(rtm, 'presence_change');
  await rtm.subscribePresence([slack.user('bob').id]);
  assert.strictEqual((await presence)[0].user, slack.user('bob').id);
  await rtm.sendTyping(said.channel);
  await slack.nextFrame({ type: 'typing' });
  await assert.rejects(rtm.sendMessage('x', 'C404'), { code: 'slack_rtmapi_send_message_platform_error' });
});

test('@slack/rtm-api reconnects after a dropped connection', async (t) => {
  const slack = await startWorkspace(t);
  const rtm = createClient(slack, { useRtmConnect: false });
  t.after(() => rtm.disconnect());
  await rtm.start();
  const first = await slack.nextConnection({ bot: slack.bot });
  slack.faults.drop();
  await first.closed;
  await slack.nextConnection({ bot: slack.bot });
  const received = once(rtm, 'message');
  slack.user('ann').dm(slack.bot, 'still there?');
  assert.strictEqual((await received)[0].text, 'still there?');
  assert.deepStrictEqual(
    slack.requests.map(({ method }) => method),
    ['rtm.start', 'rtm.start'],
  );
});

test('@slack/rtm-api rejects when the connect call is refused', async (t) => {
  const slack = await startWorkspace(t);
  slack.faults.refuseConnect({ error: 'account_inactive' });
  await assert.rejects(createClient(slack).start(), (error) => error.data.error === 'account_inactive');
  assert.strictEqual(slack.requests.length, 1);
});
