// A bot that connects over TLS, prints the outcome, and disconnects. TRUSTED: the file of an authority that it trusts instead of
// the runtime's authorities.
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
