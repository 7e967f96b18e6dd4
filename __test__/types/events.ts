// Listeners have typed arguments: for the client's own events, and for every event and subtype that Slack documents. Unknown
// events and fields are `any`.

import {
  RTMClient,
  type MessageEvent,
  type MessageSubtype,
  type MessageSubtypes,
  type RTMAbortError,
  type RTMConnectResult,
  type RTMEvent,
  type RTMEventType,
  type RTMEvents,
  type RTMListeners,
  type SlackConversation,
  type SlackEvent,
  type SlackUser,
} from 'slack-rtm-native';

/** Only compiles if the type of `value` is exactly `T`. */
function exactly<T>(): <V>(value: V, ...same: Same<T, V> extends true ? [] : [never]) => void {
  return () => undefined;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Only compiles for `never`. */
export type None<_Names extends never> = true;

const rtm = new RTMClient('xoxb-token');

// A known event: known fields have their types, except those that objects.d.ts explains as `any`; all others are `any`.

rtm.on('message', (event) => {
  exactly<MessageEvent>()(event);
  exactly<'message'>()(event.type);
  exactly<string>()(event.channel);
  exactly<string>()(event.user);
  exactly<any>()(event.text);
  exactly<any>()(event.ts);
  exactly<any>()(event.thread_ts);
  exactly<any>()(event.subtype);
  exactly<any>()(event.whatever.deep);
});
rtm.once('team_join', ({ user }) => exactly<SlackUser>()(user));
rtm.addListener('channel_rename', ({ channel }) => exactly<SlackConversation>()(channel));
rtm.on('channel_left', ({ channel }) => exactly<string>()(channel));
rtm.on('reaction_added', (event) => {
  exactly<'reaction_added'>()(event.type);
  exactly<string>()(event.reaction);
  exactly<string>()(event.item.channel);
});
rtm.on('member_joined_channel', ({ user, channel, team }) => exactly<string[]>()([user, channel, team]));
rtm.on('pong', ({ reply_to }) => exactly<number>()(reply_to));
rtm.on('subteam_updated', ({ subteam }) => exactly<string>()(subteam.handle));

// Subtypes of `message`: known ones have their additional fields, others are messages.

rtm.on('message::channel_topic', (event) => {
  exactly<MessageSubtypes['channel_topic']>()(event);
  exactly<'channel_topic'>()(event.subtype);
  exactly<string>()(event.topic);
  exactly<any>()(event.whatever);
});
rtm.once('message::bot_message', (event) => exactly<string>()(event.bot_id));
rtm.addListener('message::channel_name', ({ name, old_name }) => exactly<string[]>()([name, old_name]));
rtm.on('message::of_tomorrow', (event) => exactly<MessageEvent>()(event));
rtm.once('message::of_tomorrow', (event) => exactly<MessageEvent>()(event));
rtm.addListener('message::of_tomorrow', (event) => exactly<MessageEvent>()(event));

// Unknown names, names in variables, several names at once.

rtm.on('event_of_tomorrow', (event) => exactly<any>()(event));
rtm.on('emoji_changed::add', (event) => exactly<any>()(event));
rtm.on(Symbol('own'), (event) => exactly<any>()(event));
const name: string = 'message';
rtm.on(name, (event) => exactly<any>()(event));
for (const each of ['channel_archive', 'channel_unarchive'] as const) {
  rtm.on(each, (event) => exactly<'channel_archive' | 'channel_unarchive'>()(event.type));
}

// The client's own events.

rtm.on('authenticated', (result) => exactly<RTMConnectResult>()(result));
rtm.on('slack_event', (type, event) => exactly<[any, any]>()([type, event] as [typeof type, typeof event]));

// A listener of all events can use the union of documented events, and narrow it by `type`.

rtm.on('slack_event', (type, event: RTMEvent) => {
  switch (event.type) {
    case 'message':
      return exactly<string>()(event.channel);
    case 'team_join':
      return exactly<string>()(event.user.id);
    case 'error':
      return exactly<any>()(event.error.msg);
    default:
      return console.log(type, event.type);
  }
});

// A table of listeners, and functions that take any event.

const listeners: { [E in keyof RTMListeners]?: (...args: RTMListeners[E]) => void } = {
  message: (event) => exactly<string>()(event.channel),
  'message::channel_purpose': (event) => exactly<string>()(event.purpose),
  authenticated: ({ team }) => exactly<string>()(team.domain),
  ready: () => undefined,
};
console.log(listeners);
function log(event: SlackEvent): void {
  exactly<string>()(event.type);
  exactly<any>()(event.whatever);
}
rtm.on('message', log).on('hello', log).on('presence_change', log);
export function when<T extends RTMEventType>(type: T, then: (...args: RTMEvents[T]) => void): void {
  rtm.on(type, then as (...args: any[]) => void);
}
when('user_typing', ({ user, channel }) => exactly<string[]>()([user, channel]));

// Every event and subtype that Slack documents for its RTM API exists, under its own name.

type Documented =
  | 'accounts_changed'
  | 'bot_added'
  | 'bot_changed'
  | 'channel_archive'
  | 'channel_created'
  | 'channel_deleted'
  | 'channel_history_changed'
  | 'channel_joined'
  | 'channel_left'
  | 'channel_marked'
  | 'channel_rename'
  | 'channel_unarchive'
  | 'commands_changed'
  | 'dnd_updated'
  | 'dnd_updated_user'
  | 'email_domain_changed'
  | 'emoji_changed'
  | 'external_org_migration_finished'
  | 'external_org_migration_started'
  | 'file_change'
  | 'file_comment_added'
  | 'file_comment_deleted'
  | 'file_comment_edited'
  | 'file_created'
  | 'file_deleted'
  | 'file_public'
  | 'file_shared'
  | 'file_unshared'
  | 'goodbye'
  | 'group_archive'
  | 'group_close'
  | 'group_deleted'
  | 'group_history_changed'
  | 'group_joined'
  | 'group_left'
  | 'group_marked'
  | 'group_open'
  | 'group_rename'
  | 'group_unarchive'
  | 'hello'
  | 'im_close'
  | 'im_created'
  | 'im_history_changed'
  | 'im_marked'
  | 'im_open'
  | 'manual_presence_change'
  | 'member_joined_channel'
  | 'member_left_channel'
  | 'message'
  | 'pin_added'
  | 'pin_removed'
  | 'pref_change'
  | 'presence_change'
  | 'reaction_added'
  | 'reaction_removed'
  | 'reconnect_url'
  | 'star_added'
  | 'star_removed'
  | 'subteam_created'
  | 'subteam_members_changed'
  | 'subteam_self_added'
  | 'subteam_self_removed'
  | 'subteam_updated'
  | 'team_domain_change'
  | 'team_join'
  | 'team_migration_started'
  | 'team_plan_change'
  | 'team_pref_change'
  | 'team_profile_change'
  | 'team_profile_delete'
  | 'team_profile_reorder'
  | 'team_rename'
  | 'user_change'
  | 'user_huddle_changed'
  | 'user_profile_changed'
  | 'user_status_changed'
  | 'user_typing';
type DocumentedSubtypes =
  | 'assistant_app_thread'
  | 'bot_message'
  | 'channel_archive'
  | 'channel_convert_to_private'
  | 'channel_convert_to_public'
  | 'channel_join'
  | 'channel_leave'
  | 'channel_name'
  | 'channel_posting_permissions'
  | 'channel_purpose'
  | 'channel_topic'
  | 'channel_unarchive'
  | 'document_mention'
  | 'ekm_access_denied'
  | 'file_comment'
  | 'file_mention'
  | 'file_share'
  | 'group_archive'
  | 'group_join'
  | 'group_leave'
  | 'group_name'
  | 'group_purpose'
  | 'group_topic'
  | 'group_unarchive'
  | 'me_message'
  | 'message_changed'
  | 'message_deleted'
  | 'message_replied'
  | 'pinned_item'
  | 'reminder_add'
  | 'reply_broadcast'
  | 'thread_broadcast'
  | 'unpinned_item';
export type Complete = None<Exclude<Documented, RTMEventType> | Exclude<DocumentedSubtypes, MessageSubtype>>;
type Misnamed = { [T in RTMEventType]: RTMEvents[T][0]['type'] extends T ? never : T }[RTMEventType];
type MisnamedSubtypes = { [S in MessageSubtype]: MessageSubtypes[S]['subtype'] extends S ? never : S }[MessageSubtype];
export type WellNamed = None<Misnamed | MisnamedSubtypes>;
export type Aborted = None<Exclude<RTMAbortError['code'], 'ABORT_ERR'>>;
