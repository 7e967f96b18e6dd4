// A bot as an ES module that imports the package as a namespace, statically and dynamically.
import * as slack from '@slack/rtm-api';

const { RTMClient, LogLevel } = await import('@slack/rtm-api');
const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: process.env.SLACK_API_URL,
  logLevel: LogLevel.ERROR,
});
await rtm.start();
const { text } = await rtm.sendMessage('from a module', process.env.CONVERSATION);
console.log('>', text, slack.ErrorCode.WebsocketError, rtm instanceof slack.RTMClient);
await rtm.disconnect();
