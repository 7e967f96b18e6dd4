// A bot as an ES module with top-level `await`: posts polls and counts the reactions to them.
//
//   npm run example -- es-module-bot
import process from 'node:process';
import { RTMClient } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });
const polls = new Map();

rtm.on('message', async ({ text, channel, user }) => {
  if (user === rtm.activeUserId || !text?.startsWith('poll ')) return;
  try {
    const question = text.slice('poll '.length);
    const { ts } = await rtm.sendMessage(question, channel);
    polls.set(ts, { question, votes: 0 });
    console.log(`asked: ${question}`);
  } catch (error) {
    console.error(`could not ask: ${error.message}`);
  }
});

for (const [event, step] of [
  ['reaction_added', 1],
  ['reaction_removed', -1],
]) {
  rtm.on(event, ({ item }) => {
    const poll = polls.get(item.ts);
    if (poll === undefined) return;
    poll.votes += step;
    console.log(`votes for "${poll.question}": ${poll.votes}`);
  });
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());

// once() of node:events would also reject on `error`, but after `error` the client reconnects.
const disconnected = new Promise((resolve) => rtm.once('disconnected', resolve));
try {
  const { self, team } = await rtm.start();
  console.log(`connected as ${self.name} of ${team.name}`);
} catch {
  // the code below reports the error of `disconnected`
}
const error = await disconnected;
if (error === undefined) {
  console.log('disconnected, as requested');
} else {
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
}
