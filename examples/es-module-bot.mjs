// A bot as an ES module, with `await` at the top: counts the reactions to what it says.
//
//   npm run example -- es-module-bot
import process from 'node:process';
import { RTMClient } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });
const votes = new Map();

rtm.on('message', async ({ text, channel, user }) => {
  if (user === rtm.activeUserId || !text?.startsWith('poll ')) return;
  try {
    const { ts } = await rtm.sendMessage(text.slice('poll '.length), channel);
    votes.set(ts, { question: text.slice('poll '.length), count: 0 });
    console.log(`asks: ${text.slice('poll '.length)}`);
  } catch (error) {
    console.error(`could not ask: ${error.message}`);
  }
});

for (const [event, step] of [
  ['reaction_added', 1],
  ['reaction_removed', -1],
]) {
  rtm.on(event, ({ item }) => {
    const vote = votes.get(item.ts);
    if (vote === undefined) return;
    vote.count += step;
    console.log(`${vote.count} for: ${vote.question}`);
  });
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());

// Not by once() of node:events: that one ends at `error`, too, after which the client reconnects.
const disconnected = new Promise((resolve) => rtm.once('disconnected', resolve));
try {
  const { self, team } = await rtm.start();
  console.log(`connected as ${self.name} of ${team.name}`);
} catch {
  // `disconnected` tells why
}
const error = await disconnected;
if (error === undefined) {
  console.log('disconnected, as asked for');
} else {
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
}
