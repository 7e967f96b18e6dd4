// The typings of the fields of Slack's events, except `message`. The interfaces that several events share come first.
// objects.d.ts explains how fields are typed.

/** Slack's events, except `message`. @module */

import type {
  Loose,
  Perhaps,
  SlackBot,
  SlackConversation,
  SlackFile,
  SlackItem,
  SlackObject,
  SlackSubteam,
  SlackUser,
} from './objects';

/** Any event from Slack. */
export interface SlackEvent extends SlackObject {
  /** The type, which is also the name under which the client emits the event. */
  type: string;
  /** The timestamp of the event: seconds since the epoch, with six decimals that make it unique. */
  event_ts: Perhaps<string>;
}

/** An event without fields of its own. */
export interface BareEvent<T extends string> extends SlackEvent {
  type: T;
}

/** An event about a conversation. `channel` is its id. */
export interface ConversationIdEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  /** The id of the user that the event is about. */
  user: Perhaps<string>;
  /** In `channel_left` and `group_left`: the id of the user who did this. */
  actor_id: Perhaps<string>;
}

/** An event about an action of a user in a conversation. `channel` is the id of the conversation. */
export interface ConversationUserEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  /** The id of the user. */
  user: string;
}

/** An event about a conversation. `channel` is an object. */
export interface ConversationEvent<T extends string> extends BareEvent<T> {
  /** The conversation. */
  channel: SlackConversation;
}

/** Many messages of a conversation changed. Discard what you have stored of them. */
export interface HistoryChangedEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: Perhaps<string>;
  /** The timestamp of the latest message that changed. */
  latest: Loose<string>;
  /** The timestamp of the change. */
  ts: Loose<string>;
}

/** The bot has read a conversation up to a message. "The bot" is the user that the client's token belongs to. */
export interface MarkedEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  /** The timestamp of the last message that the bot has read. */
  ts: Loose<string>;
  /** The number of unread messages. */
  unread_count: Perhaps<number>;
  /** The number of unread messages that Slack shows. */
  unread_count_display: Perhaps<number>;
  /** The number of unread mentions. */
  num_mentions: Perhaps<number>;
  /** The number of unread mentions that Slack shows. */
  num_mentions_display: Perhaps<number>;
  /** The number of unread mentions. */
  mention_count: Perhaps<number>;
  /** The number of unread mentions that Slack shows. */
  mention_count_display: Perhaps<number>;
}

/** A user joined or left a channel. */
export interface MemberEvent<T extends string> extends BareEvent<T> {
  /** The id of the user. */
  user: string;
  /** The id of the channel. */
  channel: string;
  /** `C` for a channel, `G` for a private channel. */
  channel_type: Loose<'C' | 'G'>;
  /** The id of the workspace. */
  team: string;
  /** The id of the user who invited the new member. */
  inviter: Perhaps<string>;
}

/** The "Do not disturb" settings of a user changed. */
export interface DNDEvent<T extends string> extends BareEvent<T> {
  /** The id of the user. */
  user: string;
  /** The new settings. */
  dnd_status: Loose<{
    /** Whether "Do not disturb" has a schedule. */
    dnd_enabled: boolean;
    /** The next start of the schedule, in seconds since the epoch. */
    next_dnd_start_ts: number;
    /** The next end of the schedule, in seconds since the epoch. */
    next_dnd_end_ts: number;
    /** Whether notifications are paused now. */
    snooze_enabled?: boolean;
    /** The end of the pause, in seconds since the epoch. */
    snooze_endtime?: number;
  }>;
}

/** An event about a bot. */
export interface BotEvent<T extends string> extends BareEvent<T> {
  /** The bot. */
  bot: SlackBot;
}

/** An event about a file. */
export interface FileEvent<T extends string> extends BareEvent<T> {
  /** The id of the file. */
  file_id: string;
  /** The file, often with its `id` only. */
  file: Loose<SlackFile>;
  /** The id of the user who did this. */
  user_id: Perhaps<string>;
  /** The id of the conversation in which the file was shared. */
  channel_id: Perhaps<string>;
}

/** An event about a comment on a file. */
export interface FileCommentEvent<T extends string> extends FileEvent<T> {
  /** The comment, or its id. */
  comment: Loose<SlackObject | string>;
}

/** A user added a reaction to an item, or removed it. */
export interface ReactionEvent<T extends string> extends BareEvent<T> {
  /** The id of the user who added or removed the reaction. */
  user: string;
  /** The name of the emoji, without colons. */
  reaction: string;
  /** The item that has, or had, the reaction. */
  item: SlackItem;
  /** The id of the item's author. */
  item_user: Perhaps<string>;
}

/** A user added a pin or a star to an item, or removed it. */
export interface ItemEvent<T extends string> extends BareEvent<T> {
  /** The id of the user who added or removed the pin or star. */
  user: string;
  /** The item. */
  item: SlackItem;
  /** Of a pin: the id of the conversation. */
  channel_id: Perhaps<string>;
  /** The id of the item's author. */
  item_user: Perhaps<string>;
  /** Of a pin: how many pins the conversation has now. */
  pin_count: Perhaps<string>;
  /** Of a pin: who pinned the item, when and where. */
  pinned_info: Perhaps<SlackObject>;
  /** In `pin_removed`: whether the conversation has other pins. */
  has_pins: Perhaps<boolean>;
}

/** An event about a user group. */
export interface SubteamEvent<T extends string> extends BareEvent<T> {
  /** The user group. */
  subteam: SlackSubteam;
}

/** The bot was added to a user group, or removed from it. */
export interface SubteamSelfEvent<T extends string> extends BareEvent<T> {
  /** The id of the user group. */
  subteam_id: string;
}

/** A setting changed. */
export interface PreferenceEvent<T extends string> extends BareEvent<T> {
  /** The name of the setting. */
  name: string;
  /** The new value. */
  value: any;
}

/** The workspace's profile fields changed. */
export interface TeamProfileEvent<T extends string> extends BareEvent<T> {
  /** The fields that changed: objects, or only the ids of deleted fields. */
  profile: Loose<{ fields: (SlackObject | string)[] }>;
}

/** A user changed, or is new. */
export interface UserEvent<T extends string> extends BareEvent<T> {
  /** The user. */
  user: SlackUser;
  /** When the user changed, in seconds since the epoch. */
  cache_ts: Perhaps<number>;
}

/** The migration of another workspace to an enterprise organization started or finished. */
export interface MigrationEvent<T extends string> extends BareEvent<T> {
  /** The workspace. */
  team: Loose<{ id: string; is_migrating: boolean }>;
  /** The start of the migration, in seconds since the epoch. */
  date_started: Loose<number>;
  /** The end of the migration, in seconds since the epoch. */
  date_finished: Perhaps<number>;
}

/** The workspace's e-mail domain changed. */
export interface EmailDomainChangedEvent extends BareEvent<'email_domain_changed'> {
  /** The new domain. */
  email_domain: string;
}

/** A custom emoji was added, renamed or removed. */
export interface EmojiChangedEvent extends BareEvent<'emoji_changed'> {
  /** The kind of the change. */
  subtype: Perhaps<'add' | 'rename' | 'remove'>;
  /** In `add`: the name of the emoji. */
  name: Perhaps<string>;
  /** In `remove`: the names of the emoji. */
  names: Perhaps<string[]>;
  /** In `add` and `rename`: the URL of the picture. */
  value: Perhaps<string>;
  /** In `rename`: the old name. */
  old_name: Perhaps<string>;
  /** In `rename`: the new name. */
  new_name: Perhaps<string>;
}

/** A file was deleted. */
export interface FileDeletedEvent extends BareEvent<'file_deleted'> {
  /** The id of the file. */
  file_id: string;
  /** The ids of the conversations in which the file was shared. */
  channel_ids: Perhaps<string[]>;
}

/** A file was made private. */
export interface FilePrivateEvent extends BareEvent<'file_private'> {
  /** The id of the file. */
  file: string;
}

/** The first frame of a connection. */
export interface HelloEvent extends BareEvent<'hello'> {
  /** The region of Slack's server. */
  region: Perhaps<string>;
  /** The id of Slack's server. */
  host_id: Perhaps<string>;
  start: Perhaps<boolean>;
}

/** A direct message was created. */
export interface IMCreatedEvent extends BareEvent<'im_created'> {
  /** The id of the other user. */
  user: string;
  /** The conversation. */
  channel: SlackConversation;
}

/** The bot's presence was set manually. */
export interface ManualPresenceChangeEvent extends BareEvent<'manual_presence_change'> {
  /** The new presence. */
  presence: Loose<'active' | 'away'>;
}

/** Slack's reply to a ping. */
export interface PongEvent extends BareEvent<'pong'> {
  /** The `id` of the ping. */
  reply_to: number;
}

/** The presence of a user changed. With `batch_presence_aware`, it can be the presence of several users. */
export interface PresenceChangeEvent extends BareEvent<'presence_change'> {
  /** The id of the user. Undefined if the event has `users`. */
  user: Perhaps<string>;
  /** The ids of the users, if the event reports several. */
  users: Perhaps<string[]>;
  /** The new presence. */
  presence: Loose<'active' | 'away'>;
}

/** An experimental event of Slack. It is of no use to a bot. */
export interface ReconnectUrlEvent extends BareEvent<'reconnect_url'> {
  url: Perhaps<string>;
}

/** Users were added to a user group or removed from it. */
export interface SubteamMembersChangedEvent extends BareEvent<'subteam_members_changed'> {
  /** The id of the user group. */
  subteam_id: string;
  /** The id of the workspace. */
  team_id: string;
  /** When the user group changed before, in seconds since the epoch. */
  date_previous_update: Loose<number>;
  /** When the user group changed, in seconds since the epoch. */
  date_update: Loose<number>;
  /** The ids of the users who were added. */
  added_users: Perhaps<string[]>;
  /** The number of users who were added. */
  added_users_count: Perhaps<number | string>;
  /** The ids of the users who were removed. */
  removed_users: Perhaps<string[]>;
  /** The number of users who were removed. */
  removed_users_count: Perhaps<number | string>;
}

/** The workspace's domain changed. */
export interface TeamDomainChangeEvent extends BareEvent<'team_domain_change'> {
  /** The new domain: the part of the URL before `.slack.com`. */
  domain: string;
  /** The new URL of the workspace. */
  url: string;
}

/** The workspace's plan changed. */
export interface TeamPlanChangeEvent extends BareEvent<'team_plan_change'> {
  /** The name of the new plan. */
  plan: string;
  can_add_ura: Perhaps<boolean>;
  /** The paid features of the plan. */
  paid_features: Perhaps<string[]>;
}

/** The workspace was renamed. */
export interface TeamRenameEvent extends BareEvent<'team_rename'> {
  /** The new name. */
  name: string;
}

/** A user is typing. */
export interface UserTypingEvent extends BareEvent<'user_typing'> {
  /** The id of the user. */
  user: string;
  /** The id of the conversation. */
  channel: string;
}
