// A client that stays connected after its test, and one that is still connecting. The workspace is in another process, because
// Node 20 may abort when a thread ends while its HTTP server reads a request.
const { RTMClient } = require('@slack/rtm-api');

test('ends without disconnecting its clients', async () => {
  const { SLACK_BOT_TOKEN, API_URL } = process.env;
  const options = { slackApiUrl: API_URL, logLevel: 'error' };
  const rtm = new RTMClient(SLACK_BOT_TOKEN, options);
  rtm.on('slack_event', () => {});
  rtm.start();
  await new Promise((resolve) => rtm.once('ready', resolve));
  new RTMClient(SLACK_BOT_TOKEN, options).start();
  expect(rtm.connected).toBe(true);
});
