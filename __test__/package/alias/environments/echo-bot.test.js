// A test of a bot with the local workspace, for Jest, or for Vitest with its globals.
const { RTMClient } = require('@slack/rtm-api');
const { Workspace } = require('slack-rtm-workspace');

let slack;
let rtm;

beforeAll(async () => {
  slack = await Workspace.start();
  rtm = new RTMClient(slack.token, { slackApiUrl: slack.apiUrl, logLevel: 'error' });
  rtm.on('message', async ({ text, user, channel }) => {
    if (user !== rtm.activeUserId) await rtm.sendMessage(`${text}!`, channel);
  });
  await rtm.start();
});

afterAll(async () => {
  await rtm.disconnect();
  await slack.close();
});

test.each(['hello', 'and again'])('answers %s', async (text) => {
  slack.user('ann').say('#general', text);
  expect((await slack.nextMessage({ from: slack.bot })).text).toBe(`${text}!`);
});

test('reconnects', async () => {
  await slack.nextConnection();
  slack.faults.drop();
  await slack.nextConnection();
  slack.user('ann').say('#general', 'still there?');
  expect((await slack.nextMessage({ from: slack.bot })).text).toBe('still there?!');
});

test('its errors and events have the classes of this context', async () => {
  const error = await rtm.sendMessage('', slack.channel('general').id).catch((reason) => reason);
  expect(error).toBeInstanceOf(Error);
  const event = new Promise((resolve) => rtm.once('own', resolve));
  slack.emit({ type: 'own', list: [{ a: 1 }], nothing: null });
  expect(await event).toStrictEqual({ type: 'own', list: [{ a: 1 }], nothing: null });
});
