// Slack's events, but for `message`: what is in them, beginning with what several have in common. How fields are typed is
// told in objects.d.ts.

/** Slack's other events. @module */

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

/** An event of Slack's, of whatever type. */
export interface SlackEvent extends SlackObject {
  type: string;
  /** Its timestamp: seconds since the epoch, with six decimals that make it unique. */
  event_ts: Perhaps<string>;
}

/** An event that has no more than its type. */
export interface BareEvent<T extends string> extends SlackEvent {
  type: T;
}

/** Something happened to a conversation, which is given by its id. */
export interface ConversationIdEvent<T extends string> extends BareEvent<T> {
  channel: string;
  user: Perhaps<string>;
  /** Of `channel_left` and `group_left`: who did it. */
  actor_id: Perhaps<string>;
}

/** A user did something with a conversation, which is given by its id. */
export interface ConversationUserEvent<T extends string> extends BareEvent<T> {
  channel: string;
  user: string;
}

/** Something happened to a conversation, which is given as an object. */
export interface ConversationEvent<T extends string> extends BareEvent<T> {
  channel: SlackConversation;
}

/** Messages of a conversation were changed in bulk: what is kept of it is stale. */
export interface HistoryChangedEvent<T extends string> extends BareEvent<T> {
  channel: Perhaps<string>;
  latest: Loose<string>;
  ts: Loose<string>;
}

/** The client's user has read a conversation up to a message. */
export interface MarkedEvent<T extends string> extends BareEvent<T> {
  channel: string;
  /** Timestamp of the last message read. */
  ts: Loose<string>;
  unread_count: Perhaps<number>;
  unread_count_display: Perhaps<number>;
  num_mentions: Perhaps<number>;
  num_mentions_display: Perhaps<number>;
  mention_count: Perhaps<number>;
  mention_count_display: Perhaps<number>;
}

/** Somebody joined or left a channel. */
export interface MemberEvent<T extends string> extends BareEvent<T> {
  user: string;
  channel: string;
  /** `C`: a channel; `G`: a private channel. */
  channel_type: Loose<'C' | 'G'>;
  team: string;
  /** Who invited the user. */
  inviter: Perhaps<string>;
}

/** A user's "Do not disturb" was changed. */
export interface DNDEvent<T extends string> extends BareEvent<T> {
  user: string;
  dnd_status: Loose<{
    dnd_enabled: boolean;
    /** In seconds since the epoch. */
    next_dnd_start_ts: number;
    next_dnd_end_ts: number;
    snooze_enabled?: boolean;
    snooze_endtime?: number;
  }>;
}

/** Something happened to a bot. */
export interface BotEvent<T extends string> extends BareEvent<T> {
  bot: SlackBot;
}

/** Something happened to a file. */
export interface FileEvent<T extends string> extends BareEvent<T> {
  file_id: string;
  /** Often its id only. */
  file: Loose<SlackFile>;
  user_id: Perhaps<string>;
  /** Where it was shared. */
  channel_id: Perhaps<string>;
}

/** Something happened to a comment on a file. */
export interface FileCommentEvent<T extends string> extends FileEvent<T> {
  /** The comment, or its id. */
  comment: Loose<SlackObject | string>;
}

/** A user reacted to something, or took it back. */
export interface ReactionEvent<T extends string> extends BareEvent<T> {
  user: string;
  /** Name of the emoji, without colons. */
  reaction: string;
  /** What the reaction is to. */
  item: SlackItem;
  /** Who wrote it. */
  item_user: Perhaps<string>;
}

/** A user pinned or starred something, or took it back. */
export interface ItemEvent<T extends string> extends BareEvent<T> {
  user: string;
  item: SlackItem;
  /** Of pins: where. */
  channel_id: Perhaps<string>;
  /** Who wrote it. */
  item_user: Perhaps<string>;
  /** Of pins: how many there are now. */
  pin_count: Perhaps<string>;
  /** Of pins. */
  pinned_info: Perhaps<SlackObject>;
  /** Of pins that were removed: whether there are others. */
  has_pins: Perhaps<boolean>;
}

/** Something happened to a user group. */
export interface SubteamEvent<T extends string> extends BareEvent<T> {
  subteam: SlackSubteam;
}

/** The client's user is in a user group now, or no longer. */
export interface SubteamSelfEvent<T extends string> extends BareEvent<T> {
  subteam_id: string;
}

/** A setting was changed. */
export interface PreferenceEvent<T extends string> extends BareEvent<T> {
  name: string;
  value: any;
}

/** The workspace's profile fields were changed. */
export interface TeamProfileEvent<T extends string> extends BareEvent<T> {
  profile: Loose<{ fields: (SlackObject | string)[] }>;
}

/** A user was changed, or is new. */
export interface UserEvent<T extends string> extends BareEvent<T> {
  user: SlackUser;
  cache_ts: Perhaps<number>;
}

/** Another workspace moves to an enterprise organization. */
export interface MigrationEvent<T extends string> extends BareEvent<T> {
  team: Loose<{ id: string; is_migrating: boolean }>;
  /** In seconds since the epoch. */
  date_started: Loose<number>;
  date_finished: Perhaps<number>;
}

/** The workspace's e-mail domain was changed. */
export interface EmailDomainChangedEvent extends BareEvent<'email_domain_changed'> {
  email_domain: string;
}

/** A custom emoji was added, renamed or removed. */
export interface EmojiChangedEvent extends BareEvent<'emoji_changed'> {
  /** `add`, `rename` or `remove`. */
  subtype: Perhaps<'add' | 'rename' | 'remove'>;
  /** Of `add`. */
  name: Perhaps<string>;
  /** Of `remove`. */
  names: Perhaps<string[]>;
  /** Of `add` and `rename`: URL of the picture. */
  value: Perhaps<string>;
  /** Of `rename`. */
  old_name: Perhaps<string>;
  /** Of `rename`. */
  new_name: Perhaps<string>;
}

/** A file was deleted. */
export interface FileDeletedEvent extends BareEvent<'file_deleted'> {
  file_id: string;
  channel_ids: Perhaps<string[]>;
}

/** A file was made private. */
export interface FilePrivateEvent extends BareEvent<'file_private'> {
  /** Its id. */
  file: string;
}

/** Slack's first frame on a connection. */
export interface HelloEvent extends BareEvent<'hello'> {
  region: Perhaps<string>;
  host_id: Perhaps<string>;
  start: Perhaps<boolean>;
}

/** A direct message was made. */
export interface IMCreatedEvent extends BareEvent<'im_created'> {
  /** The other user. */
  user: string;
  channel: SlackConversation;
}

/** The presence of the client's user was set by hand. */
export interface ManualPresenceChangeEvent extends BareEvent<'manual_presence_change'> {
  presence: Loose<'active' | 'away'>;
}

/** Slack's answer to a ping. */
export interface PongEvent extends BareEvent<'pong'> {
  /** The ping's id. */
  reply_to: number;
}

/** A user's presence changed; with `batch_presence_aware` perhaps of several users. */
export interface PresenceChangeEvent extends BareEvent<'presence_change'> {
  /** The user, where it is one. */
  user: Perhaps<string>;
  /** The users, where they are several. */
  users: Perhaps<string[]>;
  presence: Loose<'active' | 'away'>;
}

/** An experiment of Slack's, of no use. */
export interface ReconnectUrlEvent extends BareEvent<'reconnect_url'> {
  url: Perhaps<string>;
}

/** Users were added to a user group, or removed. */
export interface SubteamMembersChangedEvent extends BareEvent<'subteam_members_changed'> {
  subteam_id: string;
  team_id: string;
  date_previous_update: Loose<number>;
  date_update: Loose<number>;
  added_users: Perhaps<string[]>;
  added_users_count: Perhaps<number | string>;
  removed_users: Perhaps<string[]>;
  removed_users_count: Perhaps<number | string>;
}

/** The workspace's domain was changed. */
export interface TeamDomainChangeEvent extends BareEvent<'team_domain_change'> {
  domain: string;
  url: string;
}

/** The workspace's plan was changed. */
export interface TeamPlanChangeEvent extends BareEvent<'team_plan_change'> {
  plan: string;
  can_add_ura: Perhaps<boolean>;
  paid_features: Perhaps<string[]>;
}

/** The workspace was renamed. */
export interface TeamRenameEvent extends BareEvent<'team_rename'> {
  name: string;
}

/** A user is typing. */
export interface UserTypingEvent extends BareEvent<'user_typing'> {
  user: string;
  channel: string;
}
