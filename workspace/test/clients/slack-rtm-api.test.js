// The unmodified @slack/rtm-api (npm) with several kinds of connection loss. More tests: ../slack-rtm-api.test.js.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { LogLevel, RTMClient } = require('slack-rtm-api-7.0.1');
const { startWorkspace } = require('../support');

/** ms. The client waits two seconds after a loss. */
const timeout = 20_000;

test('@slack/rtm-api connects, receives, sends, gets replies, and reconnects after a drop', {
  timeout: 120_000,
}, async (t) => {
  const slack = await startWorkspace(t);
  const rtm = new RTMClient(slack.token, { slackApiUrl: slack.apiUrl, logLevel: LogLevel.ERROR });
  t.after(() => rtm.disconnect());
  let ready = once(rtm, 'ready');
  await rtm.start();
  let connection = await slack.nextConnection({ timeout });
  const channel = slack.channel('#general').id;

  const breaks = [() => slack.faults.drop(), () => slack.faults.close(1001, 'going away'), undefined];
  for (const [index, breakIt] of breaks.entries()) {
    await ready;
    const received = once(rtm, 'message');
    const said = slack.user('ann').say('#general', `hello ${index}: </> & "é" 🎉`);
    assert.deepStrictEqual((await received)[0], said);
    const { ok, ts } = await rtm.sendMessage(`answer ${index} é`, channel);
    const got = await slack.nextMessage({ from: slack.bot, timeout });
    assert.deepStrictEqual([ok, ts, got.text], [true, got.ts, `answer ${index} é`]);
    if (!breakIt) break;
    ready = once(rtm, 'ready');
    breakIt();
    await connection.closed;
    connection = await slack.nextConnection({ timeout });
  }
});
