// A welcome bot: writes to who joins the workspace, and greets who joins a channel that it is in.
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

/** A greeting that fails is worth a line in the log, and not the bot's life. */
async function attempt(what, action) {
  try {
    await action();
    console.log(`did ${what}`);
  } catch (error) {
    console.error(`could not ${what}: ${error.message}`);
  }
}

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // as asked for
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // `disconnected` tells why
