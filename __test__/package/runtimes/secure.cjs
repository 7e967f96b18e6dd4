// A bot that connects over TLS, says whether that went well, and disconnects. TRUSTED: the file of an authority that it is to
// trust in place of those that the runtime knows.
'use strict';

const { readFileSync } = require('node:fs');
const { RTMClient } = require('slack-rtm-native');

const rtm = new RTMClient('xoxb-1', {
  slackApiUrl: process.env.API_URL,
  logLevel: 'error',
  retryConfig: { retries: 0 },
  ...(process.env.TRUSTED && { tls: { ca: readFileSync(process.env.TRUSTED) } }),
});
rtm.on('ready', () => {
  console.log('ready');
  rtm.disconnect();
});
rtm.start().catch(({ original }) => console.log(original.code));
