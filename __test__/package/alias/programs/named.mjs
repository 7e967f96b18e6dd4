// A bot as an ES module with named imports.
import { ErrorCode, LogLevel, RTMClient } from '@slack/rtm-api';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: process.env.SLACK_API_URL,
  logLevel: LogLevel.ERROR,
});
await rtm.start();
const { text } = await rtm.sendMessage('from a module', process.env.CONVERSATION);
console.log('>', text, ErrorCode.WebsocketError);
await rtm.disconnect();
