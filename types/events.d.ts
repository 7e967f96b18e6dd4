// The typings of the events by name, with the arguments of their listeners: the client's own events, and the events
// that Slack documents for its RTM API. slack-events.d.ts and messages.d.ts have the fields of the events.

/** The events, with the arguments of their listeners. @module */

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

/**
 * The events of the client itself, with the arguments of their listeners. {@link RTMEvents} has the events from Slack.
 *
 * An event with the name of a state is emitted when the client enters that state. The properties of the client change
 * right before the event.
 */
export interface RTMClientEvents {
  /** The client starts to connect, after {@link RTMClient.start} or for a reconnect. */
  connecting: [];
  /** The connect call succeeded. `result` is Slack's response, with which {@link RTMClient.start} resolves. */
  authenticated: [result: RTMConnectResult];
  /** The connection is open: Slack sent `hello` on the socket. */
  connected: [];
  /** Messages can be sent. */
  ready: [];
  /** {@link RTMClient.disconnect} was called while there was a connection, or an attempt to connect, to end. */
  disconnecting: [];
  /** The connection was lost, or the connect call failed temporarily. The client connects again after a pause. */
  reconnecting: [];
  /**
   * The client is stopped until the next {@link RTMClient.start}. The argument is undefined after
   * {@link RTMClient.disconnect}; otherwise it is an {@link RTMConnectError} or an {@link RTMWebsocketError}. Without
   * `strictEvents` its type is `any`, because bots that were written for `@slack/rtm-api` read its fields without a
   * check.
   */
  disconnected: [error: Loose<RTMDisconnectError | undefined>];
  /** The connect call failed. The error is an {@link RTMConnectError}. `reconnecting` or `disconnected` follows. */
  unable_to_rtm_start: [error: Loose<Open<RTMConnectError>, RTMEventError>];
  /**
   * The transport failed: a refused upgrade, TLS, a reset connection. The error is an {@link RTMWebsocketError}. The
   * state event that it causes follows. If there is no listener, nothing is thrown.
   *
   * A frame from Slack whose `type` is `error` is emitted under this name, too. It is an {@link RTMErrorEvent}.
   */
  error: [error: Loose<RTMWebsocketError | RTMErrorEvent, RTMEventError>];
  /** Slack sent a frame. For a reply to a message, `type` is undefined. */
  slack_event: [type: any, event: any];
  /** The client sends a message. The argument has the `type` and the `id` that are sent. */
  outgoing_message: [message: Open<{ type: string; id: number }>];
}

/**
 * The events that Slack documents, by their `type`, with the arguments of their listeners. In the descriptions, "the
 * bot" is the user that the client's token belongs to.
 */
export interface RTMEvents {
  /** The list of workspaces that the bot is signed in to changed. */
  accounts_changed: [event: BareEvent<'accounts_changed'>];
  /** A bot was added. */
  bot_added: [event: BotEvent<'bot_added'>];
  /** A bot changed. */
  bot_changed: [event: BotEvent<'bot_changed'>];
  /** A channel was archived. */
  channel_archive: [event: ConversationUserEvent<'channel_archive'>];
  /** A channel was created. */
  channel_created: [event: ConversationEvent<'channel_created'>];
  /** A channel was deleted. */
  channel_deleted: [event: ConversationIdEvent<'channel_deleted'>];
  /** Many messages of a channel changed. Discard what you have stored of them. */
  channel_history_changed: [event: HistoryChangedEvent<'channel_history_changed'>];
  /** The bot joined a channel. */
  channel_joined: [event: ConversationEvent<'channel_joined'>];
  /** The bot left a channel. */
  channel_left: [event: ConversationIdEvent<'channel_left'>];
  /** The bot has read a channel. */
  channel_marked: [event: MarkedEvent<'channel_marked'>];
  /** A channel was renamed. */
  channel_rename: [event: ConversationEvent<'channel_rename'>];
  /** A channel was unarchived. */
  channel_unarchive: [event: ConversationUserEvent<'channel_unarchive'>];
  /** A slash command was added or changed. */
  commands_changed: [event: BareEvent<'commands_changed'>];
  /** The "Do not disturb" settings of the bot changed. */
  dnd_updated: [event: DNDEvent<'dnd_updated'>];
  /** The "Do not disturb" settings of another user changed. */
  dnd_updated_user: [event: DNDEvent<'dnd_updated_user'>];
  /** The workspace's e-mail domain changed. */
  email_domain_changed: [event: EmailDomainChangedEvent];
  /** A custom emoji was added, renamed or removed. */
  emoji_changed: [event: EmojiChangedEvent];
  /** The migration of another workspace to an enterprise organization is finished. */
  external_org_migration_finished: [event: MigrationEvent<'external_org_migration_finished'>];
  /** The migration of another workspace to an enterprise organization has started. */
  external_org_migration_started: [event: MigrationEvent<'external_org_migration_started'>];
  /** A file changed. */
  file_change: [event: FileEvent<'file_change'>];
  /** A comment was added to a file. */
  file_comment_added: [event: FileCommentEvent<'file_comment_added'>];
  /** A comment on a file was deleted. */
  file_comment_deleted: [event: FileCommentEvent<'file_comment_deleted'>];
  /** A comment on a file changed. */
  file_comment_edited: [event: FileCommentEvent<'file_comment_edited'>];
  /** A file was created. */
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
  /** Slack will soon close the connection. The client reconnects. */
  goodbye: [event: BareEvent<'goodbye'>];
  /** A private channel was archived. */
  group_archive: [event: ConversationIdEvent<'group_archive'>];
  /** A private channel was closed. */
  group_close: [event: ConversationUserEvent<'group_close'>];
  /** A private channel was deleted. */
  group_deleted: [event: ConversationIdEvent<'group_deleted'>];
  /** Many messages of a private channel changed. Discard what you have stored of them. */
  group_history_changed: [event: HistoryChangedEvent<'group_history_changed'>];
  /** The bot joined a private channel. */
  group_joined: [event: ConversationEvent<'group_joined'>];
  /** The bot left a private channel. */
  group_left: [event: ConversationIdEvent<'group_left'>];
  /** The bot has read a private channel. */
  group_marked: [event: MarkedEvent<'group_marked'>];
  /** A private channel was opened. */
  group_open: [event: ConversationUserEvent<'group_open'>];
  /** A private channel was renamed. */
  group_rename: [event: ConversationEvent<'group_rename'>];
  /** A private channel was unarchived. */
  group_unarchive: [event: ConversationIdEvent<'group_unarchive'>];
  /** The first frame of a connection. */
  hello: [event: HelloEvent];
  /** A direct message was closed. */
  im_close: [event: ConversationUserEvent<'im_close'>];
  /** A direct message was created. */
  im_created: [event: IMCreatedEvent];
  /** Many messages of a direct message changed. Discard what you have stored of them. */
  im_history_changed: [event: HistoryChangedEvent<'im_history_changed'>];
  /** The bot has read a direct message. */
  im_marked: [event: MarkedEvent<'im_marked'>];
  /** A direct message was opened. */
  im_open: [event: ConversationUserEvent<'im_open'>];
  /** The bot's presence was set manually. */
  manual_presence_change: [event: ManualPresenceChangeEvent];
  /** A user joined a public or private channel. */
  member_joined_channel: [event: MemberEvent<'member_joined_channel'>];
  /** A user left a public or private channel. */
  member_left_channel: [event: MemberEvent<'member_left_channel'>];
  /** A message was posted. With a `subtype`, it can be another event: {@link MessageSubtypes} lists them. */
  message: [event: MessageEvent];
  /** The bot joined a group direct message. */
  mpim_joined: [event: ConversationEvent<'mpim_joined'>];
  /** The bot has read a group direct message. */
  mpim_marked: [event: MarkedEvent<'mpim_marked'>];
  /** A group direct message was opened. */
  mpim_open: [event: ConversationUserEvent<'mpim_open'>];
  /** An item was pinned. */
  pin_added: [event: ItemEvent<'pin_added'>];
  /** An item was unpinned. */
  pin_removed: [event: ItemEvent<'pin_removed'>];
  /** Slack's reply to a ping. */
  pong: [event: PongEvent];
  /** A setting of the bot changed. */
  pref_change: [event: PreferenceEvent<'pref_change'>];
  /** The presence of a user changed. With `batch_presence_aware`, it can be the presence of several users. */
  presence_change: [event: PresenceChangeEvent];
  /** A user added a reaction to an item. */
  reaction_added: [event: ReactionEvent<'reaction_added'>];
  /** A user removed a reaction from an item. */
  reaction_removed: [event: ReactionEvent<'reaction_removed'>];
  /** An experimental event of Slack. It is of no use to a bot. */
  reconnect_url: [event: ReconnectUrlEvent];
  /** The bot starred an item. */
  star_added: [event: ItemEvent<'star_added'>];
  /** The bot removed a star from an item. */
  star_removed: [event: ItemEvent<'star_removed'>];
  /** A user group was created. */
  subteam_created: [event: SubteamEvent<'subteam_created'>];
  /** Users were added to a user group or removed from it. */
  subteam_members_changed: [event: SubteamMembersChangedEvent];
  /** The bot was added to a user group. */
  subteam_self_added: [event: SubteamSelfEvent<'subteam_self_added'>];
  /** The bot was removed from a user group. */
  subteam_self_removed: [event: SubteamSelfEvent<'subteam_self_removed'>];
  /** A user group changed. */
  subteam_updated: [event: SubteamEvent<'subteam_updated'>];
  /** The workspace's domain changed. */
  team_domain_change: [event: TeamDomainChangeEvent];
  /** A new user joined the workspace. */
  team_join: [event: UserEvent<'team_join'>];
  /** The workspace moves to another server, so Slack will close the connection. The client reconnects. */
  team_migration_started: [event: BareEvent<'team_migration_started'>];
  /** The workspace's plan changed. */
  team_plan_change: [event: TeamPlanChangeEvent];
  /** A setting of the workspace changed. */
  team_pref_change: [event: PreferenceEvent<'team_pref_change'>];
  /** The workspace's profile fields changed. */
  team_profile_change: [event: TeamProfileEvent<'team_profile_change'>];
  /** Some of the workspace's profile fields were deleted. */
  team_profile_delete: [event: TeamProfileEvent<'team_profile_delete'>];
  /** The workspace's profile fields were reordered. */
  team_profile_reorder: [event: TeamProfileEvent<'team_profile_reorder'>];
  /** The workspace was renamed. */
  team_rename: [event: TeamRenameEvent];
  /** A user changed. */
  user_change: [event: UserEvent<'user_change'>];
  /** A user joined or left a huddle. */
  user_huddle_changed: [event: UserEvent<'user_huddle_changed'>];
  /** A user's profile changed. */
  user_profile_changed: [event: UserEvent<'user_profile_changed'>];
  /** A user's status changed. */
  user_status_changed: [event: UserEvent<'user_status_changed'>];
  /** A user is typing. */
  user_typing: [event: UserTypingEvent];
}

/** The `type` of an event that Slack documents. */
export type RTMEventType = keyof RTMEvents;

/** An event that Slack documents. Comparing its `type` narrows the type to one of {@link RTMEvents}. */
export type RTMEvent = RTMEvents[RTMEventType][0] | RTMErrorEvent;

/** Slack's frame about a frame that it does not understand. The client emits it as `slack_event` and as `error`. */
export interface RTMErrorEvent extends BareEvent<'error'> {
  /** The code and the text of the error. */
  error: Loose<{ code: number; msg: string }>;
}

/** All events with known types, with the arguments of their listeners. */
export interface RTMListeners extends RTMClientEvents, RTMEvents, MessageSubtypeEvents {}
