// A bot in JavaScript, checked by TypeScript. It also compiles with the typings of `@slack/rtm-api`.
// @ts-check

const { RTMClient, LogLevel, ErrorCode } = require('slack-rtm-native');

/** @type {import('slack-rtm-native').RTMClientOptions} */
const options = { logLevel: LogLevel.INFO, useRtmConnect: false };
const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN || '', options);

/** @param {{ text: string, channel: string, my_own_field?: number }} message */
function reply(message) {
  return rtm.sendMessage(message.text, message.channel);
}

rtm.on('message', (event) => {
  if (event.subtype || event.bot_id || !event.text) return;
  const [command, ...words] = event.text.trim().split(' ');
  console.log(command, words, event.text.match(/x/)[1], new Date(event.ts * 1000), event.whatever.deep);
  reply(event).catch((error) => error.code === ErrorCode.NoReplyReceivedError && console.error(error.message));
});
rtm.on('team_join', (event) => console.log(event.user.profile.display_name));
rtm.once('authenticated', (data) => console.log(data.self.name, data.team.domain));

(async () => {
  const result = await rtm.start();
  console.log(result.ok);
})();
