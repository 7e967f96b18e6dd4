// An acknowledged message, followed by a lost connection, a reconnect and disconnect(). In this sequence, `@slack/rtm-api`
// 7.0.4 throws an uncaught error.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { describe } = require('node:test');
const { promisify } = require('node:util');
const { clientOf, isSlackRtmApi, next, same } = require('./support/client.js');
const { startWorkspace } = require('./support/workspace.js');

describe('after a reply to a message', { concurrency: true }, () => {
  for (const [how, lose] of Object.entries({
    'a dropped connection': (slack) => slack.faults.drop(),
    'a closed connection': (slack) => slack.faults.close(1001, 'going away'),
  })) {
    same(`the client survives ${how}, sends another message, and disconnects`, async (t) => {
      const slack = await startWorkspace(t);
      const rtm = clientOf(t, slack);
      const general = slack.channel('general').id;
      rtm.start();
      await next(rtm, 'ready');
      for (const text of ['one', 'two']) {
        const { ok } = await rtm.sendMessage(text, general);
        assert.equal(ok, true);
        if (text === 'two') break;
        lose(slack);
        await next(rtm, 'reconnecting');
        await next(rtm, 'ready');
      }
      await rtm.disconnect();
      assert.deepEqual(
        slack.messages('general').map(({ text }) => text),
        ['one', 'two'],
      );
    });
  }

  same('disconnect() and a second session work', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    for (const text of ['one', 'two']) {
      rtm.start();
      await next(rtm, 'ready');
      await rtm.sendMessage(text, slack.channel('general').id);
      await rtm.disconnect();
    }
    assert.deepEqual(
      slack.messages('general').map(({ text }) => text),
      ['one', 'two'],
    );
  });

  same('a process that does all of this exits by itself with code 0', async (t) => {
    const slack = await startWorkspace(t);
    const fixture = require.resolve('./fixtures/reconnect-after-reply.js');
    const args = [
      fixture,
      isSlackRtmApi ? 'slack-rtm-api-7.0.1' : '../..',
      slack.apiUrl,
      slack.token,
      slack.channel('general').id,
    ];
    const run = promisify(execFile)(process.execPath, args);
    await slack.nextMessage({ text: 'acknowledged', timeout: 15_000 });
    await slack.nextMessage({ text: 'drop me', timeout: 15_000 });
    slack.faults.drop();
    await slack.nextMessage({ text: 'again', timeout: 15_000 });
    assert.deepEqual(await run, { stdout: 'the end\n', stderr: '' });
  });
});
