/** The events that Slack sends, except `message`. @module */

// The types that several events share come first. objects.d.ts explains how fields are typed.

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

/** The base of all events from Slack. */
export interface SlackEvent extends SlackObject {
  /** The type, which is also the name under which the client emits the event. */
  type: string;
  /** The timestamp: seconds since the epoch, with six decimals that make it unique. */
  event_ts: Perhaps<string>;
}

/** An event that has no other fields than its type. */
export interface BareEvent<T extends string> extends SlackEvent {
  type: T;
}

/** A conversation changed. The event has only its id. */
export interface ConversationIdEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  user: Perhaps<string>;
  /** For `channel_left` and `group_left`: the id of the user who caused the event. */
  actor_id: Perhaps<string>;
}

/** A user changed a conversation, for example by archiving or closing it. The event has only its id. */
export interface ConversationUserEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  /** The id of the user. */
  user: string;
}

/** A conversation changed. The event has the conversation as an object. */
export interface ConversationEvent<T extends string> extends BareEvent<T> {
  channel: SlackConversation;
}

/** Many messages of a conversation changed at once. A copy of its history is out of date. */
export interface HistoryChangedEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: Perhaps<string>;
  latest: Loose<string>;
  ts: Loose<string>;
}

/** The client's user read the messages of a conversation. */
export interface MarkedEvent<T extends string> extends BareEvent<T> {
  /** The id of the conversation. */
  channel: string;
  /** The timestamp of the last message that was read. */
  ts: Loose<string>;
  /** The number of unread messages. */
  unread_count: Perhaps<number>;
  /** The number of unread messages, without notices such as joins and leaves. */
  unread_count_display: Perhaps<number>;
  /** The number of unread mentions. */
  num_mentions: Perhaps<number>;
  num_mentions_display: Perhaps<number>;
  mention_count: Perhaps<number>;
  mention_count_display: Perhaps<number>;
}

/** A user joined or left a channel. */
export interface MemberEvent<T extends string> extends BareEvent<T> {
  /** The id of the user. */
  user: string;
  /** The id of the channel. */
  channel: string;
  /** `C` for a public channel, `G` for a private channel. */
  channel_type: Loose<'C' | 'G'>;
  /** The id of the workspace. */
  team: string;
  /** The id of the user who sent the invitation. */
  inviter: Perhaps<string>;
}

/** The "Do not disturb" settings of a user changed. */
export interface DNDEvent<T extends string> extends BareEvent<T> {
  /** The id of the user. */
  user: string;
  /** The settings. All times are in seconds since the epoch. */
  dnd_status: Loose<{
    dnd_enabled: boolean;
    next_dnd_start_ts: number;
    next_dnd_end_ts: number;
    snooze_enabled?: boolean;
    snooze_endtime?: number;
  }>;
}

/** A bot was added or changed. */
export interface BotEvent<T extends string> extends BareEvent<T> {
  bot: SlackBot;
}

/** A file was created, changed, shared, unshared, or made public. */
export interface FileEvent<T extends string> extends BareEvent<T> {
  /** The id of the file. */
  file_id: string;
  /** The file. Often only its `id` is set. */
  file: Loose<SlackFile>;
  /** The id of the user who caused the event. */
  user_id: Perhaps<string>;
  /** The id of the conversation in which the file was shared. */
  channel_id: Perhaps<string>;
}

/** A comment on a file was added, edited or deleted. */
export interface FileCommentEvent<T extends string> extends FileEvent<T> {
  /** The comment, or its id. */
  comment: Loose<SlackObject | string>;
}

/** A user added or removed a reaction. */
export interface ReactionEvent<T extends string> extends BareEvent<T> {
  /** The id of the user who reacted. */
  user: string;
  /** The name of the emoji, without colons. */
  reaction: string;
  /** The item that the reaction is on. */
  item: SlackItem;
  /** The id of the author of the item. */
  item_user: Perhaps<string>;
}

/** A user added or removed a pin or a star. */
export interface ItemEvent<T extends string> extends BareEvent<T> {
  /** The id of the user. */
  user: string;
  /** The item with the pin or star. */
  item: SlackItem;
  /** For pins: the id of the conversation. */
  channel_id: Perhaps<string>;
  /** The id of the author of the item. */
  item_user: Perhaps<string>;
  /** For pins: the number of pins in the conversation after the event. */
  pin_count: Perhaps<string>;
  /** For pins: the conversation, the user, and the time. */
  pinned_info: Perhaps<SlackObject>;
  /** For removed pins: whether the conversation has other pins. */
  has_pins: Perhaps<boolean>;
}

/** A user group was created or changed. */
export interface SubteamEvent<T extends string> extends BareEvent<T> {
  subteam: SlackSubteam;
}

/** The client's user was added to a user group, or removed from it. */
export interface SubteamSelfEvent<T extends string> extends BareEvent<T> {
  /** The id of the user group. */
  subteam_id: string;
}

/** A preference changed. */
export interface PreferenceEvent<T extends string> extends BareEvent<T> {
  /** The name of the preference. */
  name: string;
  /** The new value. */
  value: any;
}

/** The profile fields of the workspace changed. */
export interface TeamProfileEvent<T extends string> extends BareEvent<T> {
  /** The fields that changed, or the ids of the deleted fields. */
  profile: Loose<{ fields: (SlackObject | string)[] }>;
}

/** A user changed or joined the workspace. */
export interface UserEvent<T extends string> extends BareEvent<T> {
  user: SlackUser;
  /** A timestamp for caches of user data, in seconds since the epoch. */
  cache_ts: Perhaps<number>;
}

/** Another workspace starts or finishes its move to an Enterprise organization. */
export interface MigrationEvent<T extends string> extends BareEvent<T> {
  /** The workspace that moves. */
  team: Loose<{ id: string; is_migrating: boolean }>;
  /** The start of the move, in seconds since the epoch. */
  date_started: Loose<number>;
  /** The end of the move, in seconds since the epoch. */
  date_finished: Perhaps<number>;
}

/** The email domain of the workspace changed. */
export interface EmailDomainChangedEvent extends BareEvent<'email_domain_changed'> {
  /** The new domain. */
  email_domain: string;
}

/** A custom emoji was added, renamed or removed. */
export interface EmojiChangedEvent extends BareEvent<'emoji_changed'> {
  /** The kind of change. */
  subtype: Perhaps<'add' | 'rename' | 'remove'>;
  /** For `add`: the name of the emoji. */
  name: Perhaps<string>;
  /** For `remove`: the names of the removed emoji. */
  names: Perhaps<string[]>;
  /** For `add` and `rename`: the URL of the picture. */
  value: Perhaps<string>;
  /** For `rename`: the previous name. */
  old_name: Perhaps<string>;
  /** For `rename`: the new name. */
  new_name: Perhaps<string>;
}

/** A file was deleted. */
export interface FileDeletedEvent extends BareEvent<'file_deleted'> {
  /** The id of the file. */
  file_id: string;
  /** The ids of the conversations in which it was shared. */
  channel_ids: Perhaps<string[]>;
}

/** A file was made private. */
export interface FilePrivateEvent extends BareEvent<'file_private'> {
  /** The id of the file. */
  file: string;
}

/** The first frame of a connection. */
export interface HelloEvent extends BareEvent<'hello'> {
  region: Perhaps<string>;
  host_id: Perhaps<string>;
  start: Perhaps<boolean>;
}

/** A direct message was created. */
export interface IMCreatedEvent extends BareEvent<'im_created'> {
  /** The id of the other user. */
  user: string;
  channel: SlackConversation;
}

/** The client's user set their presence manually. */
export interface ManualPresenceChangeEvent extends BareEvent<'manual_presence_change'> {
  presence: Loose<'active' | 'away'>;
}

/** The reply to a ping. */
export interface PongEvent extends BareEvent<'pong'> {
  /** The `id` of the ping. */
  reply_to: number;
}

/** The presence of a user changed. With `batch_presence_aware`, one event can report several users. */
export interface PresenceChangeEvent extends BareEvent<'presence_change'> {
  /** The id of the user, if the event reports one user. */
  user: Perhaps<string>;
  /** The ids of the users, if the event reports several users. */
  users: Perhaps<string[]>;
  /** The new presence. */
  presence: Loose<'active' | 'away'>;
}

/** A URL that Slack reserves for its own experiments. Ignore it. */
export interface ReconnectUrlEvent extends BareEvent<'reconnect_url'> {
  url: Perhaps<string>;
}

/** Users were added to a user group, or removed from it. */
export interface SubteamMembersChangedEvent extends BareEvent<'subteam_members_changed'> {
  /** The id of the user group. */
  subteam_id: string;
  /** The id of the workspace. */
  team_id: string;
  /** The time of the previous change, in seconds since the epoch. */
  date_previous_update: Loose<number>;
  /** The time of this change, in seconds since the epoch. */
  date_update: Loose<number>;
  /** The ids of the added users. */
  added_users: Perhaps<string[]>;
  added_users_count: Perhaps<number | string>;
  /** The ids of the removed users. */
  removed_users: Perhaps<string[]>;
  removed_users_count: Perhaps<number | string>;
}

/** The domain of the workspace changed. */
export interface TeamDomainChangeEvent extends BareEvent<'team_domain_change'> {
  /** The new domain: the part of the URL before `.slack.com`. */
  domain: string;
  /** The new URL. */
  url: string;
}

/** The plan of the workspace changed. */
export interface TeamPlanChangeEvent extends BareEvent<'team_plan_change'> {
  /** The new plan, for example `std`. */
  plan: string;
  can_add_ura: Perhaps<boolean>;
  paid_features: Perhaps<string[]>;
}

/** The workspace was renamed. */
export interface TeamRenameEvent extends BareEvent<'team_rename'> {
  /** The new name. */
  name: string;
}

/** A user is typing in a conversation. */
export interface UserTypingEvent extends BareEvent<'user_typing'> {
  /** The id of the user. */
  user: string;
  /** The id of the conversation. */
  channel: string;
}
