// Events like those that Slack sends: real shapes, in the proportions of a busy workspace, with `/` and all characters outside ASCII
// escaped. They are reproducible from a seed.

const PEOPLE = ['U024BE7LH', 'U0G9QF9C6', 'U1KJ2DVP3', 'W012A3CDE', 'U4X318ZMZ', 'U060RNRCZ', 'U407ABLLW'];
const CHANNELS = ['C024BE91L', 'C061EG9SL', 'C0EAQDV4Z', 'G0AKFJBEU', 'D024BFF1M'];
const REACTIONS = ['thumbsup', 'grinning', 'eyes', 'white_check_mark', 'party_parrot', 'heart'];
const SHORT = [
  'deployed, all green :tada:',
  'Can somebody look at <https://example.com/issues/4711?tab=comments|#4711>? It fails on <@U024BE7LH>’s machine.',
  'Grüße aus Köln – läuft bei mir ✅',
  '日本語のテキストも届きます 🎉',
  'ok',
  'I went through the logs of last night: the queue was full from 02:10 to 02:40, after that it drained by itself. ' +
    'Nothing was lost, but we should raise the limit or find out who sends that much at this hour.\n• raise the ' +
    'limit\n• alert at 80 %\n• talk to the reporting team',
  '```\nconst { self } = await rtm.start();\nrtm.on("message", (event) => console.log(event.text));\n```',
];
const LONG =
  'What we know so far about last night’s outage, as a start for the write-up:\n' +
  '• 02:10 the queue in front of reports/export fills up, the alert fires but goes to the old channel\n' +
  '• 02:25 the first customers write in; support opens <https://status.example.com/incidents/20261|an incident>\n' +
  '• 02:40 the batch job ends by itself and everything drains within a minute\n' +
  'Nothing was lost. The job had been moved from 04:00 to 02:00 last week, where it meets the backup, and both read ' +
  'the same 400 GB. I moved it back, so tonight should be quiet. What is left to do is to raise the limit, to send ' +
  'the alert to #ops, and to find out why /health said “ok” all the while. Volunteers for any of these?';
const LINK = 'Worth reading before we decide: <https://blog.example.com/2026/11/queues-that-never-fill/>';
/** Most texts are short. One in 23 is long, and one in 23 has a link with a preview. */
const TEXTS = [...SHORT, ...SHORT, ...SHORT, LONG, LINK];

/** A generator of random numbers from 0 to 1 (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** JSON with Slack's escapes. */
export function slackJson(value) {
  return JSON.stringify(value)
    .replace(/\//g, '\\/')
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function message(pick, ts) {
  const user = pick(PEOPLE);
  const text = pick(TEXTS);
  const channel = pick(CHANNELS);
  // Bots that post through RTM send no blocks.
  if (text === 'ok') return { type: 'message', channel, user, text, ts, team: 'T024BE7LD' };
  const section = { type: 'rich_text_section', elements: [{ type: 'text', text }] };
  return {
    client_msg_id: `6f41838e-3481-4c98-9579-${ts.slice(-6)}92def77`,
    suppress_notification: false,
    type: 'message',
    text,
    user,
    team: 'T024BE7LD',
    blocks: [{ type: 'rich_text', block_id: 'xU4c', elements: [section] }],
    ...(text === LINK && { attachments: [preview()] }),
    source_team: 'T024BE7LD',
    user_team: 'T024BE7LD',
    channel,
    event_ts: ts,
    ts,
  };
}

/** The preview that Slack adds to a message with a link. */
function preview() {
  const link = 'https://blog.example.com/2026/11/queues-that-never-fill/';
  return {
    id: 1,
    original_url: link,
    from_url: link,
    title: 'Queues that never fill – and what they cost',
    title_link: link,
    fallback: `Example’s blog: Queues that never fill: ${LONG}`,
    text: `${LONG}\n${LONG.slice(0, 600)}`,
    image_url: 'https://blog.example.com/images/2026/11/queues.png?width=1200&height=630',
    image_width: 1200,
    image_height: 630,
    image_bytes: 81_234,
    service_icon: 'https://blog.example.com/favicon.ico',
    service_name: 'Example’s blog',
  };
}

function profile(user) {
  return {
    id: user,
    team_id: 'T024BE7LD',
    name: 'jordan',
    deleted: false,
    color: '9f69e7',
    real_name: 'Jordan Müller',
    tz: 'Europe/Berlin',
    tz_label: 'Central European Time',
    tz_offset: 3600,
    profile: {
      title: 'Ops',
      status_text: 'in a meeting',
      status_emoji: ':calendar:',
      status_expiration: 1795230000,
      avatar_hash: 'g6f7a5bf7eb7',
      image_72:
        'https://secure.example.com/avatar/6f7a5bf7eb782853afb1d33f28ca9ae7.jpg?s=72&d=https%3A%2F%2Fa.example.com',
      image_192:
        'https://secure.example.com/avatar/6f7a5bf7eb782853afb1d33f28ca9ae7.jpg?s=192&d=https%3A%2F%2Fa.example.com',
    },
    is_admin: false,
    is_owner: false,
    is_bot: false,
    updated: 1795220000,
  };
}

const KINDS = [
  [30, (pick) => ({ type: 'user_typing', channel: pick(CHANNELS), user: pick(PEOPLE) })],
  [25, message],
  [
    12,
    (pick) => ({ type: 'presence_change', presence: pick(['active', 'away']), users: [pick(PEOPLE), pick(PEOPLE)] }),
  ],
  [8, (pick, ts) => reaction('reaction_added', pick, ts)],
  [2, (pick, ts) => reaction('reaction_removed', pick, ts)],
  [
    6,
    (pick, ts) => ({
      type: 'channel_marked',
      channel: pick(CHANNELS),
      ts,
      unread_count: 0,
      unread_count_display: 0,
      num_mentions: 0,
      mention_count: 0,
      event_ts: ts,
    }),
  ],
  [4, (pick, ts) => edited(pick, ts)],
  [
    3,
    (pick, ts) => ({
      type: 'message',
      subtype: 'bot_message',
      text: pick(TEXTS),
      username: 'deploybot',
      bot_id: 'B0V3HGW1J',
      channel: pick(CHANNELS),
      event_ts: ts,
      ts,
    }),
  ],
  [3, (pick, ts) => ({ type: 'user_change', user: profile(pick(PEOPLE)), cache_ts: 1795220000, event_ts: ts })],
  [
    2,
    (pick, ts) => ({
      type: 'member_joined_channel',
      user: pick(PEOPLE),
      channel: pick(CHANNELS),
      channel_type: 'C',
      team: 'T024BE7LD',
      event_ts: ts,
    }),
  ],
  [
    2,
    (pick, ts) => ({
      type: 'file_shared',
      file_id: 'F0Q2ABCDE',
      user_id: pick(PEOPLE),
      channel_id: pick(CHANNELS),
      file: { id: 'F0Q2ABCDE' },
      event_ts: ts,
    }),
  ],
  [
    2,
    (pick, ts) => ({
      type: 'desktop_notification',
      title: 'weekly',
      subtitle: '#general',
      msg: ts,
      content: pick(TEXTS),
      channel: pick(CHANNELS),
      launchUri: `slack://channel?id=${pick(CHANNELS)}&message=${ts}`,
      avatarImage: '',
      ssbFilename: 'knock_brush.mp3',
      imageUri: null,
      is_shared: false,
      event_ts: ts,
    }),
  ],
  [1, () => ({ type: 'reconnect_url', url: 'wss://wss-primary.example.com/websocket/4UqZ' })],
];

function reaction(type, pick, ts) {
  return {
    type,
    user: pick(PEOPLE),
    reaction: pick(REACTIONS),
    item_user: pick(PEOPLE),
    item: { type: 'message', channel: pick(CHANNELS), ts },
    event_ts: ts,
    ts,
  };
}

function edited(pick, ts) {
  const { type, channel, attachments, ...previous } = message(pick, ts);
  const current = { ...previous, type, text: `${previous.text} (edited)`, edited: { user: previous.user, ts } };
  return {
    type,
    subtype: 'message_changed',
    hidden: true,
    message: current,
    channel,
    previous_message: { ...previous, type },
    event_ts: ts,
    ts,
  };
}

/** Creates events, as objects. */
export function events(count, seed = 1) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);
  return Array.from({ length: count }, (_, index) => {
    const ts = `17952${String(20000 + Math.floor(index / 7)).padStart(5, '0')}.${String(100 + (index % 7)).padStart(6, '0')}`;
    let at = next() * total;
    const [, make] = KINDS.find(([weight]) => (at -= weight) < 0) ?? KINDS[0];
    return make(pick, ts);
  });
}
