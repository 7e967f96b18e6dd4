// A bot behind a proxy. HTTPS_PROXY is read here, since the client itself uses no settings of the environment.
//
// The connect call and the socket both go through the proxy, and the names are resolved there. `http://`, `https://`,
// `socks5://` and `socks5h://` will do; user and password are percent-encoded. They are never printed, also not in errors.
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
    await rtm.sendMessage(`pong, also through the proxy`, channel);
    console.log(`a ping takes ${milliseconds.toFixed(1)} ms`);
  } catch (error) {
    console.error(`could not answer: ${error.message}`);
  }
});

// What a proxy refuses, and why, is in the error: a wrong password, a host that it does not serve, no answer.
rtm.on('unable_to_rtm_start', (error) => console.error(error.message));
rtm.on('error', (error) => console.error(error.message));
rtm.on('ready', () => console.log('connected'));
rtm.on('disconnected', (error) => {
  if (error !== undefined) process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // told by `unable_to_rtm_start`
