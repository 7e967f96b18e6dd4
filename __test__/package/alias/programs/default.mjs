// A bot as an ES module that imports the whole package as its default.
import slack from '@slack/rtm-api';

const rtm = new slack.RTMClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: process.env.SLACK_API_URL,
  logLevel: slack.LogLevel.ERROR,
});
await rtm.start();
const { text } = await rtm.sendMessage('from a module', process.env.CONVERSATION);
console.log('>', text, slack.ErrorCode.WebsocketError);
await rtm.disconnect();
