// A client that its test has left connected, and one that is still connecting.
const { RTMClient } = require('@slack/rtm-api');
const { Workspace } = require('slack-rtm-workspace');

test('ends without ending its clients', async () => {
  const slack = await Workspace.start();
  const options = { slackApiUrl: slack.apiUrl, logLevel: 'error' };
  const rtm = new RTMClient(slack.token, options);
  rtm.on('slack_event', () => {});
  rtm.start();
  await new Promise((resolve) => rtm.once('ready', resolve));
  new RTMClient(slack.token, options).start();
  expect(rtm.connected).toBe(true);
});
