// The typings of the workspace and of the client together, in a test of a bot.

import { Workspace, type Bot, type Message } from 'slack-rtm-workspace';
import { RTMClient } from 'slack-rtm-native';

export async function replyOfBot(): Promise<string> {
  const slack: Workspace = await Workspace.start({ bots: ['robot'], users: ['ann'], channels: ['general'] });
  const bot: Bot = slack.addBot('second');
  const rtm = new RTMClient(bot.token, { slackApiUrl: slack.apiUrl });
  rtm.on('message', (event) => rtm.sendMessage(event.text, event.channel));
  await rtm.start();
  slack.user('ann').say('general', 'hello');
  const reply: Message = await slack.nextMessage({ from: bot });
  await rtm.disconnect();
  await slack.close();
  return reply.text;
}
