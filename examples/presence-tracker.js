// A presence tracker: knows who is there, and for how long they have been.
//
// Presence comes only of users that were asked for, and with `batch_presence_aware` one event tells of many. What was
// subscribed to ends with the connection, so the list is sent again whenever the client is ready.
//
//   npm run example -- presence-tracker
'use strict';

const { RTMClient } = require('slack-rtm-native');

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

/** @type {Map<string, string>} names by id */
const names = new Map();
/** @type {Map<string, { presence: string, since: number }>} by id */
const people = new Map();

rtm.on('ready', async () => {
  try {
    let cursor = '';
    do {
      const page = await rtm.apiCall('users.list', { limit: 200, cursor });
      for (const user of page.members) if (!user.is_bot && !user.deleted) names.set(user.id, user.name);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor !== '');
    // The answer is an event of those who are there, and one of those who are not. Changes follow, as they happen.
    await rtm.subscribePresence([...names.keys()]);
  } catch (error) {
    console.error(`could not ask who is there: ${error.message}`);
  }
});

rtm.on('presence_change', ({ presence, user, users = [user] }) => {
  const news = users.filter((id) => people.get(id)?.presence !== presence);
  for (const id of news) people.set(id, { presence, since: Date.now() });
  if (news.length > 0) console.log(`${news.map((id) => names.get(id) ?? id).join(', ')}: ${presence}`);
});

// "who?" is answered from what is known. `presence_query` would ask Slack for some users once, without a subscription:
//   rtm.addOutgoingEvent(false, 'presence_query', { ids: ['U…'] });
rtm.on('message', async ({ text, channel, user }) => {
  if (text !== 'who?' || user === rtm.activeUserId) return;
  const there = [...people].filter(([, { presence }]) => presence === 'active').map(([id]) => names.get(id) ?? id);
  try {
    await rtm.sendMessage(there.length > 0 ? `Here: ${there.join(', ')}` : 'Nobody is here.', channel);
  } catch (error) {
    console.error(`could not answer: ${error.message}`);
  }
});

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // as asked for
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start({ batch_presence_aware: true }).catch(() => {}); // `disconnected` tells why
