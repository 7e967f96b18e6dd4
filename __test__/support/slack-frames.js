// Frames shaped like Slack's, written for these tests.
'use strict';

exports.SLACK_FRAMES = [
  {
    type: 'channel_created',
    channel: { id: 'C01NEW', is_channel: true, name: 'new', created: 1700000000, creator: 'U02ANN' },
  },
  {
    client_msg_id: '3c1a6f0e-4d0f-4a1b-9d3e-6a1f5a0c7b11',
    type: 'message',
    text: 'Morgen <@U02ANN> — see <https://example.com/a?b=c&amp;d=e|this> :tada:',
    user: 'U03BOB',
    ts: '1700000000.000100',
    team: 'T01ACME',
    blocks: [
      {
        type: 'rich_text',
        block_id: 'x/Y1',
        elements: [
          {
            type: 'rich_text_section',
            elements: [
              { type: 'text', text: 'Morgen ' },
              { type: 'user', user_id: 'U02ANN' },
              { type: 'emoji', name: 'tada', unicode: '1f389' },
            ],
          },
        ],
      },
    ],
    channel: 'C01GENERAL',
    event_ts: '1700000000.000100',
  },
  {
    type: 'message',
    subtype: 'channel_join',
    user: 'U03BOB',
    text: '<@U03BOB> has joined the channel',
    inviter: 'U02ANN',
    ts: '1700000001.000200',
    channel: 'C01GENERAL',
  },
  {
    type: 'message',
    subtype: 'message_changed',
    hidden: true,
    message: { type: 'message', user: 'U02ANN', text: 'größer ✓', edited: { user: 'U02ANN', ts: '1700000003.000000' } },
    previous_message: { type: 'message', user: 'U02ANN', text: 'grösser' },
    channel: 'D0DIRECT',
    ts: '1700000003.000300',
  },
  {
    subtype: 'bot_message',
    text: '',
    attachments: [
      { id: 1, fallback: 'build 17 failed', color: 'd00000', fields: [{ title: 'when', value: '', short: false }] },
    ],
    type: 'message',
    bot_id: 'B04CI',
    username: 'ci',
    icons: { image_64: 'https://example.com/ci.png', emoji: null },
    ts: '1700000004.000400',
    channel: 'C01GENERAL',
  },
  { type: 'user_typing', channel: 'C01GENERAL', id: 4, user: 'U03BOB' },
  { type: 'presence_change', presence: 'away', users: ['U02ANN', 'U03BOB'] },
  {
    type: 'reaction_added',
    user: 'U02ANN',
    item: { type: 'message', channel: 'C01GENERAL', ts: '1700000000.000100' },
    reaction: '+1::skin-tone-3',
    item_user: 'U03BOB',
    event_ts: '1700000005.000500',
  },
  { type: 'reconnect_url', url: 'wss://example.com/websocket/xyz?a=b' },
  { type: 'pref_change', name: 'emoji_use', value: '{"tada":12,"+1":3}' },
  { type: 'channel_marked', channel: 'C01GENERAL', ts: '1700000000.000100', unread_count: 0, mention_count: 0 },
  { type: 'desktop_notification', title: 'Acme', subtitle: '#general', content: 'bob: \u2028line', is_shared: false },
  { ok: true, reply_to: 4294967296, ts: '1700000006.000600', text: 'Hello world' },
  { ok: false, reply_to: 3, error: { code: -1, msg: 'slow down, too many messages...' } },
];
