// An echo bot: repeats what it is told, until somebody says "goodbye".
//
//   npm run example -- echo-bot      against a workspace on localhost; with SLACK_BOT_TOKEN set, against Slack
'use strict';

const { RTMClient } = require('slack-rtm-native');

/**
 * Makes an echo bot of a client.
 * @param {RTMClient} rtm
 */
function echoBot(rtm) {
  rtm.on('message', async (event) => {
    const isOwn = event.user === rtm.activeUserId;
    if (isOwn || event.subtype !== undefined || event.text === undefined) return;
    try {
      await rtm.sendMessage(`You said: ${event.text}`, event.channel);
      if (event.text === 'goodbye') await rtm.disconnect();
    } catch (error) {
      console.error('could not answer:', error.message);
    }
  });
}

module.exports = { echoBot };

if (require.main === module) {
  const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });
  echoBot(rtm);
  rtm.on('ready', () => console.log(`connected as ${rtm.activeUserId}; say "goodbye" to end it`));
  rtm.on('disconnected', (error) => {
    if (error === undefined) return; // as asked for
    console.error('stopped:', error.message);
    process.exitCode = 1;
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
  rtm.start().catch(() => {}); // `disconnected` tells why
}
