// A bot behind a proxy. It passes HTTPS_PROXY to the client, because the client ignores the proxy settings of the environment.
//
// The connect call and the socket both use the proxy. The URL can begin with `http://`, `https://`, `socks5://` or `socks5h://`;
// user name and password are percent-encoded. The client never prints them.
//
//   npm run example -- proxy-bot
'use strict';

const { RTMClient } = require('slack-rtm-native');

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: process.env.SLACK_API_URL,
  proxy: process.env.HTTPS_PROXY,
});

rtm.on('message', async ({ text, channel, user }) => {
  if (user === rtm.activeUserId || text !== 'ping') return;
  try {
    const milliseconds = await rtm.ping();
    await rtm.sendMessage('pong, through the proxy', channel);
    console.log(`a ping took ${milliseconds.toFixed(1)} ms`);
  } catch (error) {
    console.error(`could not reply: ${error.message}`);
  }
});

// If the proxy refuses the connection (wrong password, forbidden host), the error says why.
rtm.on('unable_to_rtm_start', (error) => console.error(error.message));
rtm.on('error', (error) => console.error(error.message));
rtm.on('ready', () => console.log('connected'));
rtm.on('disconnected', (error) => {
  if (error !== undefined) process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // the `unable_to_rtm_start` listener reports the error
