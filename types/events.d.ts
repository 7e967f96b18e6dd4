/** The names of all events, and the arguments of their listeners. @module */

// slack-events.d.ts and messages.d.ts have the types of the events from Slack.

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
 * The events of the client itself, with the arguments of their listeners. Events from Slack are emitted under their `type`,
 * see {@link RTMEvents}.
 */
export interface RTMClientEvents {
  /** The client starts to connect: after {@link RTMClient.start}, and for each reconnect. */
  connecting: [];
  /** The connect call succeeded, and {@link RTMClient.start} resolves. */
  authenticated: [result: RTMConnectResult];
  /** The socket is open, and Slack has sent `hello`. */
  connected: [];
  /** The client can send messages, and sends those in the queue. */
  ready: [];
  /** {@link RTMClient.disconnect} was called, and the client ends its connection or its connection attempt. */
  disconnecting: [];
  /** The connection was lost, or the connect call failed temporarily. The client connects again after a pause. */
  reconnecting: [];
  /**
   * The client has no connection and does not reconnect until the next {@link RTMClient.start}. After
   * {@link RTMClient.disconnect}, `error` is undefined. Otherwise it is an {@link RTMConnectError} or an
   * {@link RTMWebsocketError}. Its type is `any` because bots for `@slack/rtm-api` read `error.message` without a check.
   */
  disconnected: [error: Loose<RTMDisconnectError | undefined>];
  /**
   * The connect call failed with this {@link RTMConnectError}, or with the error of the `webClient` option. `reconnecting`
   * or `disconnected` follows. A retry according to `retryConfig` after a missing response does not emit this event.
   */
  unable_to_rtm_start: [error: Loose<Open<RTMConnectError>, RTMEventError>];
  /**
   * The transport failed, for example because the server refused the upgrade or reset the connection. `reconnecting` or
   * `disconnected` follows. An `error` event without a listener does not throw. Frames from Slack with the type `error` are
   * emitted under this name, too, see {@link RTMErrorEvent}.
   */
  error: [error: Loose<RTMWebsocketError | RTMErrorEvent, RTMEventError>];
  /** Slack sent a frame. A reply to a message has no type, so `type` is undefined and `event` is the reply. */
  slack_event: [type: any, event: any];
  /** The client sends a message, a ping included. `message` is the frame, with `type` and `id`. */
  outgoing_message: [message: Open<{ type: string; id: number }>];
}

/**
 * The events that Slack documents. The key is the `type` of the event, and the name under which the client emits it. "The
 * client's user" is the user that the token belongs to, usually the bot.
 */
export interface RTMEvents {
  /** The list of accounts (workspaces) that the user is signed in to changed. */
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
  /** Many messages of a channel changed at once. Reload the history if you keep it. */
  channel_history_changed: [event: HistoryChangedEvent<'channel_history_changed'>];
  /** The client's user joined a channel. */
  channel_joined: [event: ConversationEvent<'channel_joined'>];
  /** The client's user left a channel. */
  channel_left: [event: ConversationIdEvent<'channel_left'>];
  /** The client's user read messages of a channel. */
  channel_marked: [event: MarkedEvent<'channel_marked'>];
  /** A channel was renamed. */
  channel_rename: [event: ConversationEvent<'channel_rename'>];
  /** A channel was unarchived. */
  channel_unarchive: [event: ConversationUserEvent<'channel_unarchive'>];
  /** A slash command was added or changed. */
  commands_changed: [event: BareEvent<'commands_changed'>];
  /** The "Do not disturb" settings of the client's user changed. */
  dnd_updated: [event: DNDEvent<'dnd_updated'>];
  /** The "Do not disturb" settings of another user changed. */
  dnd_updated_user: [event: DNDEvent<'dnd_updated_user'>];
  /** The email domain of the workspace changed. */
  email_domain_changed: [event: EmailDomainChangedEvent];
  /** A custom emoji was added, renamed or removed. */
  emoji_changed: [event: EmojiChangedEvent];
  /** Another workspace has finished its move to an Enterprise organization. */
  external_org_migration_finished: [event: MigrationEvent<'external_org_migration_finished'>];
  /** Another workspace starts its move to an Enterprise organization. */
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
  /** Slack will soon close the connection. The client then reconnects. */
  goodbye: [event: BareEvent<'goodbye'>];
  /** A private channel was archived. */
  group_archive: [event: ConversationIdEvent<'group_archive'>];
  /** A private channel was closed. */
  group_close: [event: ConversationUserEvent<'group_close'>];
  /** A private channel was deleted. */
  group_deleted: [event: ConversationIdEvent<'group_deleted'>];
  /** Many messages of a private channel changed at once. Reload the history if you keep it. */
  group_history_changed: [event: HistoryChangedEvent<'group_history_changed'>];
  /** The client's user joined a private channel. */
  group_joined: [event: ConversationEvent<'group_joined'>];
  /** The client's user left a private channel. */
  group_left: [event: ConversationIdEvent<'group_left'>];
  /** The client's user read messages of a private channel. */
  group_marked: [event: MarkedEvent<'group_marked'>];
  /** A private channel was opened. */
  group_open: [event: ConversationUserEvent<'group_open'>];
  /** A private channel was renamed. */
  group_rename: [event: ConversationEvent<'group_rename'>];
  /** A private channel was unarchived. */
  group_unarchive: [event: ConversationIdEvent<'group_unarchive'>];
  /** The first frame of a connection. The client emits `connected`, too. */
  hello: [event: HelloEvent];
  /** A direct message was closed. */
  im_close: [event: ConversationUserEvent<'im_close'>];
  /** A direct message was created. */
  im_created: [event: IMCreatedEvent];
  /** Many messages of a direct message changed at once. Reload the history if you keep it. */
  im_history_changed: [event: HistoryChangedEvent<'im_history_changed'>];
  /** The client's user read messages of a direct message. */
  im_marked: [event: MarkedEvent<'im_marked'>];
  /** A direct message was opened. */
  im_open: [event: ConversationUserEvent<'im_open'>];
  /** The client's user set their presence manually. */
  manual_presence_change: [event: ManualPresenceChangeEvent];
  /** A user joined a public or private channel. */
  member_joined_channel: [event: MemberEvent<'member_joined_channel'>];
  /** A user left a public or private channel. */
  member_left_channel: [event: MemberEvent<'member_left_channel'>];
  /** A message was posted. With a `subtype`, a message was edited, deleted, and so on, see {@link MessageSubtypes}. */
  message: [event: MessageEvent];
  /** The client's user was added to a group direct message. */
  mpim_joined: [event: ConversationEvent<'mpim_joined'>];
  /** The client's user read messages of a group direct message. */
  mpim_marked: [event: MarkedEvent<'mpim_marked'>];
  /** A group direct message was opened. */
  mpim_open: [event: ConversationUserEvent<'mpim_open'>];
  /** An item was pinned to a channel. */
  pin_added: [event: ItemEvent<'pin_added'>];
  /** A pinned item was removed from a channel. */
  pin_removed: [event: ItemEvent<'pin_removed'>];
  /** The reply to a ping. */
  pong: [event: PongEvent];
  /** A preference of the client's user changed. */
  pref_change: [event: PreferenceEvent<'pref_change'>];
  /** The presence of a user changed. With `batch_presence_aware`, one event can report several users. */
  presence_change: [event: PresenceChangeEvent];
  /** A user added a reaction to an item. */
  reaction_added: [event: ReactionEvent<'reaction_added'>];
  /** A user removed a reaction from an item. */
  reaction_removed: [event: ReactionEvent<'reaction_removed'>];
  /** A URL that Slack reserves for its own experiments. Ignore it. */
  reconnect_url: [event: ReconnectUrlEvent];
  /** The client's user starred an item. */
  star_added: [event: ItemEvent<'star_added'>];
  /** The client's user removed a star from an item. */
  star_removed: [event: ItemEvent<'star_removed'>];
  /** A user group was created. */
  subteam_created: [event: SubteamEvent<'subteam_created'>];
  /** Users were added to a user group, or removed from it. */
  subteam_members_changed: [event: SubteamMembersChangedEvent];
  /** The client's user was added to a user group. */
  subteam_self_added: [event: SubteamSelfEvent<'subteam_self_added'>];
  /** The client's user was removed from a user group. */
  subteam_self_removed: [event: SubteamSelfEvent<'subteam_self_removed'>];
  /** A user group changed. */
  subteam_updated: [event: SubteamEvent<'subteam_updated'>];
  /** The domain of the workspace changed. */
  team_domain_change: [event: TeamDomainChangeEvent];
  /** A new user joined the workspace. */
  team_join: [event: UserEvent<'team_join'>];
  /** The workspace moves to another server. The client reconnects. */
  team_migration_started: [event: BareEvent<'team_migration_started'>];
  /** The plan of the workspace changed. */
  team_plan_change: [event: TeamPlanChangeEvent];
  /** A preference of the workspace changed. */
  team_pref_change: [event: PreferenceEvent<'team_pref_change'>];
  /** The profile fields of the workspace changed. */
  team_profile_change: [event: TeamProfileEvent<'team_profile_change'>];
  /** Profile fields of the workspace were deleted. */
  team_profile_delete: [event: TeamProfileEvent<'team_profile_delete'>];
  /** The profile fields of the workspace were reordered. */
  team_profile_reorder: [event: TeamProfileEvent<'team_profile_reorder'>];
  /** The workspace was renamed. */
  team_rename: [event: TeamRenameEvent];
  /** The data of a user changed. */
  user_change: [event: UserEvent<'user_change'>];
  /** A user joined or left a huddle. */
  user_huddle_changed: [event: UserEvent<'user_huddle_changed'>];
  /** A user's profile changed. */
  user_profile_changed: [event: UserEvent<'user_profile_changed'>];
  /** A user's status changed. */
  user_status_changed: [event: UserEvent<'user_status_changed'>];
  /** A user is typing in a conversation. */
  user_typing: [event: UserTypingEvent];
}

/** The `type` of an event that Slack documents: a key of {@link RTMEvents}. */
export type RTMEventType = keyof RTMEvents;

/** Any event that Slack documents. A comparison of its `type` narrows the type. */
export type RTMEvent = RTMEvents[RTMEventType][0] | RTMErrorEvent;

/** Slack reports a frame that it cannot process. The client emits it as `slack_event` and `error`. */
export interface RTMErrorEvent extends BareEvent<'error'> {
  error: Loose<{ code: number; msg: string }>;
}

/** All events with a known type, and the arguments of their listeners. {@link RTMClient.on} uses it. */
export interface RTMListeners extends RTMClientEvents, RTMEvents, MessageSubtypeEvents {}
