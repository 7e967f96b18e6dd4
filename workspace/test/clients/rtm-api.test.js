// @slack/rtm-api (npm), unmodified, against the workspace, through several kinds of loss. More of it: ../peer.test.js.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { LogLevel, RTMClient } = require('rtm-api-peer');
const { startWorkspace } = require('../support');

/** ms; it waits two seconds after a loss */
const timeout = 20_000;

test('@slack/rtm-api connects, receives, sends, is acknowledged, survives a drop', { timeout: 120_000 }, async (t) => {
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
    const heard = once(rtm, 'message');
    const said = slack.user('ann').say('#general', `hello ${index}: </> & "é" 🎉`);
    assert.deepStrictEqual((await heard)[0], said);
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
