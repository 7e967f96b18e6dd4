// Which events there are, and what their listeners get: the client's own, and those that Slack documents for its RTM API.
// What is in an event is told in slack-events.d.ts and messages.d.ts.

/** Which events there are, and what their listeners get. @module */

import type { RTMClient, RTMConnectResult } from '../index';
import type { RTMConnectError, RTMDisconnectError, RTMEventError, RTMWebsocketError } from './errors';
import type { MessageEvent, MessageSubtypeEvents, MessageSubtypes } from './messages';
import type { Loose, Open } from './objects';
import type {
  BareEvent,
  BotEvent,
  ConversationEvent,
  ConversationIdEvent,
  ConversationUserEvent,
  DNDEvent,
  EmailDomainChangedEvent,
  EmojiChangedEvent,
  FileCommentEvent,
  FileDeletedEvent,
  FileEvent,
  FilePrivateEvent,
  HelloEvent,
  HistoryChangedEvent,
  IMCreatedEvent,
  ItemEvent,
  ManualPresenceChangeEvent,
  MarkedEvent,
  MemberEvent,
  MigrationEvent,
  PongEvent,
  PreferenceEvent,
  PresenceChangeEvent,
  ReactionEvent,
  ReconnectUrlEvent,
  SubteamEvent,
  SubteamMembersChangedEvent,
  SubteamSelfEvent,
  TeamDomainChangeEvent,
  TeamPlanChangeEvent,
  TeamProfileEvent,
  TeamRenameEvent,
  UserEvent,
  UserTypingEvent,
} from './slack-events';

/** The events of the client itself, with what their listeners get. Slack's own events come under their `type`. */
export interface RTMClientEvents {
  /** The client begins to connect: at {@link RTMClient.start} and at each reconnect. */
  connecting: [];
  /** The connect call succeeded. */
  authenticated: [result: RTMConnectResult];
  /** Slack said `hello` on the socket. */
  connected: [];
  /** Messages may go out. */
  ready: [];
  /** {@link RTMClient.disconnect} was called, and there is a connection or an attempt to end. */
  disconnecting: [];
  /** The connection was lost, or the connect call failed for now; the client tries again by itself. */
  reconnecting: [];
  /**
   * The client stands still until the next {@link RTMClient.start}. Undefined after {@link RTMClient.disconnect}, else
   * an {@link RTMConnectError} or an {@link RTMWebsocketError}; `any`, since bots written for the original read
   * `error.message` without a look whether there is one.
   */
  disconnected: [error: Loose<RTMDisconnectError | undefined>];
  /** The connect call failed, with an {@link RTMConnectError}. `reconnecting` or `disconnected` follows. */
  unable_to_rtm_start: [error: Loose<Open<RTMConnectError>, RTMEventError>];
  /**
   * The transport failed: an upgrade refused, TLS, a reset. The state event that it causes follows. Not thrown where
   * nobody listens. Frames of Slack's that have the type `error` come under this name, too: {@link RTMErrorEvent}.
   */
  error: [error: Loose<RTMWebsocketError | RTMErrorEvent, RTMEventError>];
  /** Anything Slack sent. A reply to a message has no type: `type` is undefined then. */
  slack_event: [type: any, event: any];
  /** A message goes out: what is sent, `type` and `id` included. */
  outgoing_message: [message: Open<{ type: string; id: number }>];
}

/** What Slack sends, by the name that the client emits it under: its `type`. */
export interface RTMEvents {
  /** The list of workspaces the user is signed in to was changed. */
  accounts_changed: [event: BareEvent<'accounts_changed'>];
  /** A bot was added. */
  bot_added: [event: BotEvent<'bot_added'>];
  /** A bot was changed. */
  bot_changed: [event: BotEvent<'bot_changed'>];
  /** A channel was archived. */
  channel_archive: [event: ConversationUserEvent<'channel_archive'>];
  /** A channel was made. */
  channel_created: [event: ConversationEvent<'channel_created'>];
  /** A channel was deleted. */
  channel_deleted: [event: ConversationIdEvent<'channel_deleted'>];
  /** Messages of a channel were changed in bulk. */
  channel_history_changed: [event: HistoryChangedEvent<'channel_history_changed'>];
  /** The client's user joined a channel. */
  channel_joined: [event: ConversationEvent<'channel_joined'>];
  /** The client's user left a channel. */
  channel_left: [event: ConversationIdEvent<'channel_left'>];
  /** The client's user has read a channel. */
  channel_marked: [event: MarkedEvent<'channel_marked'>];
  /** A channel was renamed. */
  channel_rename: [event: ConversationEvent<'channel_rename'>];
  /** A channel was taken out of the archive. */
  channel_unarchive: [event: ConversationUserEvent<'channel_unarchive'>];
  /** A slash command was added or changed. */
  commands_changed: [event: BareEvent<'commands_changed'>];
  /** "Do not disturb" of the client's user was changed. */
  dnd_updated: [event: DNDEvent<'dnd_updated'>];
  /** "Do not disturb" of another user was changed. */
  dnd_updated_user: [event: DNDEvent<'dnd_updated_user'>];
  /** The workspace's e-mail domain was changed. */
  email_domain_changed: [event: EmailDomainChangedEvent];
  /** A custom emoji was added, renamed or removed. */
  emoji_changed: [event: EmojiChangedEvent];
  /** Another workspace has moved to an enterprise organization. */
  external_org_migration_finished: [event: MigrationEvent<'external_org_migration_finished'>];
  /** Another workspace begins to move to an enterprise organization. */
  external_org_migration_started: [event: MigrationEvent<'external_org_migration_started'>];
  /** A file was changed. */
  file_change: [event: FileEvent<'file_change'>];
  /** A comment was added to a file. */
  file_comment_added: [event: FileCommentEvent<'file_comment_added'>];
  /** A comment on a file was deleted. */
  file_comment_deleted: [event: FileCommentEvent<'file_comment_deleted'>];
  /** A comment on a file was changed. */
  file_comment_edited: [event: FileCommentEvent<'file_comment_edited'>];
  /** A file was made. */
  file_created: [event: FileEvent<'file_created'>];
  /** A file was deleted. */
  file_deleted: [event: FileDeletedEvent];
  /** A file was made private. */
  file_private: [event: FilePrivateEvent];
  /** A file was made public. */
  file_public: [event: FileEvent<'file_public'>];
  /** A file was shared. */
  file_shared: [event: FileEvent<'file_shared'>];
  /** A file is no longer shared. */
  file_unshared: [event: FileEvent<'file_unshared'>];
  /** Slack is about to close the connection. The client replaces it by itself. */
  goodbye: [event: BareEvent<'goodbye'>];
  /** A private channel was archived. */
  group_archive: [event: ConversationIdEvent<'group_archive'>];
  /** A private channel was closed. */
  group_close: [event: ConversationUserEvent<'group_close'>];
  /** A private channel was deleted. */
  group_deleted: [event: ConversationIdEvent<'group_deleted'>];
  /** Messages of a private channel were changed in bulk. */
  group_history_changed: [event: HistoryChangedEvent<'group_history_changed'>];
  /** The client's user joined a private channel. */
  group_joined: [event: ConversationEvent<'group_joined'>];
  /** The client's user left a private channel. */
  group_left: [event: ConversationIdEvent<'group_left'>];
  /** The client's user has read a private channel. */
  group_marked: [event: MarkedEvent<'group_marked'>];
  /** A private channel was opened. */
  group_open: [event: ConversationUserEvent<'group_open'>];
  /** A private channel was renamed. */
  group_rename: [event: ConversationEvent<'group_rename'>];
  /** A private channel was taken out of the archive. */
  group_unarchive: [event: ConversationIdEvent<'group_unarchive'>];
  /** Slack's first frame on a connection. */
  hello: [event: HelloEvent];
  /** A direct message was closed. */
  im_close: [event: ConversationUserEvent<'im_close'>];
  /** A direct message was made. */
  im_created: [event: IMCreatedEvent];
  /** Messages of a direct message were changed in bulk. */
  im_history_changed: [event: HistoryChangedEvent<'im_history_changed'>];
  /** The client's user has read a direct message. */
  im_marked: [event: MarkedEvent<'im_marked'>];
  /** A direct message was opened. */
  im_open: [event: ConversationUserEvent<'im_open'>];
  /** The presence of the client's user was set by hand. */
  manual_presence_change: [event: ManualPresenceChangeEvent];
  /** Somebody joined a channel, public or private. */
  member_joined_channel: [event: MemberEvent<'member_joined_channel'>];
  /** Somebody left a channel, public or private. */
  member_left_channel: [event: MemberEvent<'member_left_channel'>];
  /** A message was sent; {@link MessageSubtypes} tells of what else is a message. */
  message: [event: MessageEvent];
  /** The client's user is in a group direct message now. */
  mpim_joined: [event: ConversationEvent<'mpim_joined'>];
  /** The client's user has read a group direct message. */
  mpim_marked: [event: MarkedEvent<'mpim_marked'>];
  /** A group direct message was opened. */
  mpim_open: [event: ConversationUserEvent<'mpim_open'>];
  /** Something was pinned. */
  pin_added: [event: ItemEvent<'pin_added'>];
  /** Something is no longer pinned. */
  pin_removed: [event: ItemEvent<'pin_removed'>];
  /** Slack's answer to a ping. */
  pong: [event: PongEvent];
  /** A setting of the client's user was changed. */
  pref_change: [event: PreferenceEvent<'pref_change'>];
  /** A user's presence changed; with `batch_presence_aware` perhaps of several users. */
  presence_change: [event: PresenceChangeEvent];
  /** A user reacted to something. */
  reaction_added: [event: ReactionEvent<'reaction_added'>];
  /** A user took a reaction back. */
  reaction_removed: [event: ReactionEvent<'reaction_removed'>];
  /** An experiment of Slack's, of no use. */
  reconnect_url: [event: ReconnectUrlEvent];
  /** The client's user starred something. */
  star_added: [event: ItemEvent<'star_added'>];
  /** The client's user took a star back. */
  star_removed: [event: ItemEvent<'star_removed'>];
  /** A user group was made. */
  subteam_created: [event: SubteamEvent<'subteam_created'>];
  /** Users were added to a user group, or removed. */
  subteam_members_changed: [event: SubteamMembersChangedEvent];
  /** The client's user was added to a user group. */
  subteam_self_added: [event: SubteamSelfEvent<'subteam_self_added'>];
  /** The client's user was removed from a user group. */
  subteam_self_removed: [event: SubteamSelfEvent<'subteam_self_removed'>];
  /** A user group was changed. */
  subteam_updated: [event: SubteamEvent<'subteam_updated'>];
  /** The workspace's domain was changed. */
  team_domain_change: [event: TeamDomainChangeEvent];
  /** Somebody joined the workspace. */
  team_join: [event: UserEvent<'team_join'>];
  /** The workspace moves to another server, and Slack closes the connection. The client replaces it by itself. */
  team_migration_started: [event: BareEvent<'team_migration_started'>];
  /** The workspace's plan was changed. */
  team_plan_change: [event: TeamPlanChangeEvent];
  /** A setting of the workspace was changed. */
  team_pref_change: [event: PreferenceEvent<'team_pref_change'>];
  /** The workspace's profile fields were changed. */
  team_profile_change: [event: TeamProfileEvent<'team_profile_change'>];
  /** Some of the workspace's profile fields were deleted. */
  team_profile_delete: [event: TeamProfileEvent<'team_profile_delete'>];
  /** The workspace's profile fields were put into another order. */
  team_profile_reorder: [event: TeamProfileEvent<'team_profile_reorder'>];
  /** The workspace was renamed. */
  team_rename: [event: TeamRenameEvent];
  /** A user was changed. */
  user_change: [event: UserEvent<'user_change'>];
  /** A user joined or left a huddle. */
  user_huddle_changed: [event: UserEvent<'user_huddle_changed'>];
  /** A user's profile was changed. */
  user_profile_changed: [event: UserEvent<'user_profile_changed'>];
  /** A user's status was changed. */
  user_status_changed: [event: UserEvent<'user_status_changed'>];
  /** A user is typing. */
  user_typing: [event: UserTypingEvent];
}

/** The types of {@link RTMEvents}: what Slack documents. */
export type RTMEventType = keyof RTMEvents;

/** An event that Slack documents. A comparison of its `type` tells which one. */
export type RTMEvent = RTMEvents[RTMEventType][0] | RTMErrorEvent;

/** What Slack answers to a frame that it does not understand. The client emits it as `error`, and as `slack_event`. */
export interface RTMErrorEvent extends BareEvent<'error'> {
  error: Loose<{ code: number; msg: string }>;
}

/** All events that have types of their own, with what their listeners get. */
export interface RTMListeners extends RTMClientEvents, RTMEvents, MessageSubtypeEvents {}
