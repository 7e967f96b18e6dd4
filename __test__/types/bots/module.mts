// An ES module in TypeScript that imports names, the namespace, and the default of CommonJS. It also compiles with the typings of
// `@slack/rtm-api`.

import slack, { ErrorCode, LogLevel, RTMClient } from 'slack-rtm-native';
import * as whole from 'slack-rtm-native';

const { RTMClient: Client } = slack;
const clients: RTMClient[] = [new Client('x'), new slack.RTMClient('x'), new whole.RTMClient('x'), new RTMClient('x')];
for (const rtm of clients) rtm.on('message', async (event) => rtm.sendMessage(event.text, event.channel));
const lazily = await import('slack-rtm-native');
console.log(new lazily.RTMClient('x', { logLevel: LogLevel.DEBUG }), ErrorCode.WebsocketError, whole.LogLevel.INFO);
