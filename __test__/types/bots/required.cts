// CommonJS in TypeScript with `import … = require()`. It also compiles with the typings of `@slack/rtm-api`.

import slack = require('slack-rtm-native');

const rtm: slack.RTMClient = new slack.RTMClient('x', { logLevel: slack.LogLevel.DEBUG });
rtm.on('message', (event) => rtm.sendMessage(event.text, event.channel));
const code: slack.ErrorCode = slack.ErrorCode.WebsocketError;
const { RTMClient } = slack;
export = { rtm, code, RTMClient };
