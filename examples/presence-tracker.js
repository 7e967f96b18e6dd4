// A presence tracker: knows which users are online, and since when.
//
// Slack sends presence only for users that the bot subscribed to. With `batch_presence_aware`, one event can contain many
// users. A subscription ends with its connection, so the bot subscribes again each time the client is ready.
//
//   npm run example -- presence-tracker
'use strict';

const { RTMClient } = require('slack-rtm-native');

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

/** @type {Map<string, string>} names, by user id */
const names = new Map();
/** @type {Map<string, { presence: string, since: number }>} by user id */
const people = new Map();

rtm.on('ready', async () => {
  try {
    let cursor = '';
    do {
      const page = await rtm.apiCall('users.list', { limit: 200, cursor });
      for (const user of page.members) if (!user.is_bot && !user.deleted) names.set(user.id, user.name);
      cursor = page.response_metadata?.next_cursor ?? '';
    } while (cursor !== '');
    // Slack sends one event with the users who are online and one with the others, and then an event for each change.
    await rtm.subscribePresence([...names.keys()]);
  } catch (error) {
    console.error(`could not subscribe to presence: ${error.message}`);
  }
});

rtm.on('presence_change', ({ presence, user, users = [user] }) => {
  const changed = users.filter((id) => people.get(id)?.presence !== presence);
  for (const id of changed) people.set(id, { presence, since: Date.now() });
  if (changed.length > 0) console.log(`${changed.map((id) => names.get(id) ?? id).join(', ')}: ${presence}`);
});

// The reply to "who?" uses the presence that is already known. `presence_query` asks Slack once, without a subscription:
//   rtm.addOutgoingEvent(false, 'presence_query', { ids: ['U…'] });
rtm.on('message', async ({ text, channel, user }) => {
  if (text !== 'who?' || user === rtm.activeUserId) return;
  const online = [...people].filter(([, { presence }]) => presence === 'active').map(([id]) => names.get(id) ?? id);
  try {
    await rtm.sendMessage(online.length > 0 ? `Online: ${online.join(', ')}` : 'Nobody is online.', channel);
  } catch (error) {
    console.error(`could not reply: ${error.message}`);
  }
});

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // disconnect() was called
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start({ batch_presence_aware: true }).catch(() => {}); // the `disconnected` listener reports the error
