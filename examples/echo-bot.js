// An echo bot: repeats what it is told, until somebody says "goodbye".
//
//   SLACK_BOT_TOKEN=xoxb-… node examples/echo-bot.js      against Slack
//   npm run demo                                         against a workspace on localhost
'use strict';

const { RTMClient } = require('..');

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
  const token = process.env.SLACK_BOT_TOKEN;
  if (!token) {
    console.error('Set SLACK_BOT_TOKEN to the token of a bot, or run: npm run demo');
    process.exit(1);
  }
  const rtm = new RTMClient(token);
  echoBot(rtm);
  rtm.start().then(
    () => console.log(`connected as ${rtm.activeUserId}; say "goodbye" to end it`),
    (error) => {
      console.error('could not connect:', error.message);
      process.exitCode = 1;
    },
  );
}
