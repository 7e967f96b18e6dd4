// A bot that executes commands, written for events that are `any`: it assumes that texts match, calculates with timestamps, and
// passes events to typed functions. It also compiles with the typings of `@slack/rtm-api`.

import { RTMClient } from 'slack-rtm-native';
import { WebClient } from '@slack/web-api';
import type { GenericMessageEvent } from '@slack/types';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN as string);
const web = new WebClient(process.env.SLACK_BOT_TOKEN);

interface Message {
  type: string;
  subtype?: string;
  client_msg_id: string;
  suppress_notification: boolean;
  text: string;
  user: string;
  team: string;
  channel: string;
  event_ts: string;
  ts: string;
  thread_ts?: string;
  bot_id: string | undefined;
  files?: { url_private: string; mimetype: 'image/png' | 'image/jpeg' }[];
}

interface Reaction {
  user: string;
  reaction: string;
  item_user: string;
  item: { type: 'message'; channel: string; ts: string };
  event_ts: string;
}

interface Member {
  id: string;
  name: string;
  real_name: string;
  is_bot: boolean;
  profile: { display_name: string; email: string; fields: Record<string, { value: string }> };
}

function handle(message: Message): void {
  console.log(message.text, message.files?.[0]?.url_private);
}
async function remember(message: GenericMessageEvent): Promise<void> {
  console.log(message.subtype, message.channel_type);
}
function count(reaction: Reaction): number {
  return reaction.item.ts.length;
}
function greet(member: Member): void {
  console.log(member.profile.fields);
}
function isCommand(subtype: 'bot_message' | 'me_message' | undefined): boolean {
  return subtype === undefined;
}

// Texts.

rtm.on('message', (event) => {
  const [, city] = event.text.match(/^weather in (.+)$/);
  const id: string = event.text.match(/<@(\w+)>/)[1];
  const last = event.text.split(' ').pop().toLowerCase();
  const command = event.text.trim().split(/\s+/).shift().toUpperCase();
  const words: string[] = event.text.split(',').map((word: string) => word.trim());
  const text: string = event.text || '';
  const number = Number(event.text.match(/\d+/)[0]) + parseInt(event.text, 10);
  const emoji = (event.text || '').match(/:(\w+):/)[1];
  const rest = event.text.replaceAll('a', 'b').at(-1).trim();
  const letters = [...event.text].map((letter) => letter.codePointAt(0));
  rtm.sendMessage(
    `${city} ${id} ${last} ${command} ${words} ${text} ${number} ${emoji} ${rest} ${letters}`,
    event.channel,
  );
});

rtm.on('message', ({ text = '', user, channel, bot_id: bot, nothing = 3, ...others }) => {
  if (!user || bot || others.hidden) return;
  const answers = new Map<string, string>();
  rtm.sendMessage(answers.get(text) ?? String(nothing), channel);
});

// Times.

rtm.on('message', (event) => {
  const sent = new Date(event.ts * 1000);
  const age = Date.now() / 1000 - event.ts;
  const rounded = Math.floor(event.event_ts);
  const inThread = event.thread_ts && event.thread_ts !== event.ts;
  console.log(sent.toISOString(), age, rounded, parseFloat(event.ts), inThread);
});

// Missing fields.

rtm.on('message', async (event) => {
  if (event.subtype && event.subtype === 'bot_message') return;
  if (!event.subtype && event.user === rtm.activeUserId) return;
  if (event.type === 'message' && event.subtype !== 'my_own_subtype' && event.user === undefined) return;
  switch (event.subtype) {
    case 'message_changed':
      return void handle(event.message);
    case 'message_deleted':
      return console.log(event.previous_message.text, event.deleted_ts);
    case 'some_subtype_of_tomorrow':
      return console.log(event.whatever.it.has[0]);
    case undefined:
      break;
  }
  if (event.text === undefined || event.text === null || isCommand(event.subtype)) return;
  await web.chat.postMessage({ channel: event.channel, text: event.text, thread_ts: event.thread_ts || event.ts });
  await web.reactions.add({ channel: event.channel, timestamp: event.ts, name: 'eyes' });
  await web.users.info({ user: event.user });
  await rtm.sendMessage(event.text, event.channel);
  await rtm.addOutgoingEvent(true, 'message', { text: 'hello', channel: event.channel, thread_ts: event.thread_ts });
  event.text = event.text.trim();
  event.handled = true;
  delete event.attachments;
});

// Events that are passed on.

rtm.on('message', (event) => handle(event));
rtm.on('message', async (event) => {
  await remember(event);
});
rtm.on('message', (event) => handle(event as Message));
rtm.on('message', (event) => {
  const message: Message = event;
  const { files }: Message = event;
  const copy: Message = { ...event, text: 'other' };
  console.log(message, files, copy);
});
rtm.on('message', (event) => Promise.all([handle(event), remember(event)]));
rtm.on('reaction_added', (event) => count(event));
rtm.on('reaction_removed', async (event) => count(event as Reaction));
rtm.on('team_join', ({ user }) => greet(user));
rtm.on('team_join', (event) => rtm.sendMessage(`Welcome, ${event.user.profile.display_name}`, event.user.id));
rtm.on('user_change', (event) =>
  console.log(event.user.name, event.user.profile.status_text, event.user.whatever.deep),
);
rtm.on('channel_created', ({ channel }) => console.log(channel.id, channel.name, channel.creator, channel.topic.value));
rtm.on('channel_rename', (event) => console.log(event.channel.name));
rtm.on('channel_deleted', ({ channel }) => console.log(channel.toLowerCase()));
rtm.on(
  'member_joined_channel',
  (event) => event.inviter && rtm.sendMessage(`Thanks, <@${event.inviter}>`, event.channel),
);
rtm.on('presence_change', (event) => {
  for (const user of event.users || [event.user]) console.log(user, event.presence === 'active');
});
rtm.on('emoji_changed', ({ subtype, name, value, names }) => {
  if (subtype === 'add') console.log(name, value);
  else if (subtype === 'remove') names.forEach((each: string) => console.log(each));
});
rtm.on('pin_added', (event) => console.log(event.item.message.permalink, event.item.file.url_private));
rtm.on('dnd_updated_user', (event) => console.log(event.dnd_status.next_dnd_start_ts * 1000));
rtm.on('file_shared', (event) => console.log(event.file.id, event.file_id, event.channel_id));
rtm.on('hello', (event) => console.log(event));
rtm.on('goodbye', () => console.log('goodbye'));
rtm.on('pong', (event) => console.log(event.reply_to));
rtm.on('user_typing', ({ user, channel }) => rtm.sendTyping(channel).then(() => user));
rtm.on('message::channel_join', (event) => console.log(event.inviter, event.user, event.text.split('@')[1]));
rtm.on('message::message_changed', (event) => handle(event.message));
rtm.on('message::message_deleted', (event) => console.log(event.previous_message.text));
rtm.on('message::file_share', (event) => console.log(event.files[0].url_private, event.file.name));
rtm.on('message::bot_message', (event) => console.log(event.username, event.icons.emoji, event.attachments[0].text));
rtm.on('message::of_tomorrow', (event) => console.log(event.whatever.deep));
rtm.on('event_of_tomorrow', (event) => console.log(event.whatever.deep));
