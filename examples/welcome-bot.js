// A welcome bot: sends a direct message to each new user of the workspace, and greets each user who joins one of its channels.
//
//   npm run example -- welcome-bot
'use strict';

const { RTMClient } = require('slack-rtm-native');

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

rtm.on('team_join', async ({ user }) => {
  if (user.is_bot) return;
  await attempt(`welcome ${user.name}`, async () => {
    const { channel } = await rtm.apiCall('conversations.open', { users: user.id });
    await rtm.sendMessage(`Welcome, <@${user.id}>! Ask me anything.`, channel.id);
  });
});

rtm.on('member_joined_channel', async ({ user, channel }) => {
  if (user === rtm.activeUserId) return;
  await attempt(`greet ${user}`, () =>
    rtm.sendMessage(`Hello, <@${user}>, good to have you in <#${channel}>.`, channel),
  );
});

/** Logs a failed greeting: an unhandled rejection would end the bot. */
async function attempt(task, action) {
  try {
    await action();
    console.log(`done: ${task}`);
  } catch (error) {
    console.error(`could not ${task}: ${error.message}`);
  }
}

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // disconnect() was called
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // the `disconnected` listener reports the error
