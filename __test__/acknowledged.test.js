// An acknowledged message, then the loss of the connection, a reconnect, an end: where @slack/rtm-api 7.0.4 throws an
// uncaught error.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { describe } = require('node:test');
const { promisify } = require('node:util');
const { clientOf, isPeer, next, same } = require('./support/client.js');
const { startWorkspace } = require('./support/workspace.js');

describe('after an acknowledged message', { concurrency: true }, () => {
  for (const [how, lose] of Object.entries({
    'a dropped connection': (slack) => slack.faults.drop(),
    'a closed connection': (slack) => slack.faults.close(1001, 'going away'),
  })) {
    same(`${how}, a reconnect, another message, and the end`, async (t) => {
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

  same('disconnect() alone, and a second life', async (t) => {
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

  same('a process with all of it ends by itself, with code 0', async (t) => {
    const slack = await startWorkspace(t);
    const fixture = require.resolve('./fixtures/acknowledged.js');
    const args = [fixture, isPeer ? 'rtm-api-peer' : '../..', slack.apiUrl, slack.token, slack.channel('general').id];
    const run = promisify(execFile)(process.execPath, args);
    await slack.nextMessage({ text: 'acknowledged', timeout: 15_000 });
    await slack.nextMessage({ text: 'drop me', timeout: 15_000 });
    slack.faults.drop();
    await slack.nextMessage({ text: 'again', timeout: 15_000 });
    assert.deepEqual(await run, { stdout: 'the end\n', stderr: '' });
  });
});
