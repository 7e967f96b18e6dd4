// An echo bot: repeats every message, and exits after the message "goodbye".
//
//   npm run example -- echo-bot      runs it with a local workspace; with Slack, if SLACK_BOT_TOKEN is set
'use strict';

const { RTMClient } = require('slack-rtm-native');

/**
 * Adds the echo bot's listener to a client.
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
      console.error('could not reply:', error.message);
    }
  });
}

module.exports = { echoBot };

if (require.main === module) {
  const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });
  echoBot(rtm);
  rtm.on('ready', () => console.log(`connected as ${rtm.activeUserId}; send "goodbye" to stop the bot`));
  rtm.on('disconnected', (error) => {
    if (error === undefined) return; // disconnect() was called
    console.error('stopped:', error.message);
    process.exitCode = 1;
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
  rtm.start().catch(() => {}); // the `disconnected` listener reports the error
}
