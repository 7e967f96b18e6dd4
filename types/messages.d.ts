// The `message` event, and what each of its subtypes adds. How fields are typed is told in objects.d.ts.

/** The `message` event and its subtypes. @module */

import type { Loose, Perhaps, SlackBot, SlackFile, SlackObject, Usually } from './objects';

/** A message, as other events hold it. */
export interface SlackMessage extends SlackObject {
  type: 'message';
  /** One of {@link MessageSubtypes}, or one that Slack does not document. Plain messages have none. */
  subtype: Perhaps<string>;
  /** The text, in Slack's markup. Some subtypes have none. */
  text: Perhaps<string>;
  /** Who wrote it. Missing in some subtypes: messages of integrations, and what tells of changes. */
  user: Usually<string>;
  /** Its timestamp, which is its id within its conversation. */
  ts: Loose<string>;
  /** The workspace of the one who wrote it. */
  team: Perhaps<string>;
  /** The id that the client which sent it made up. */
  client_msg_id: Perhaps<string>;
  /** The bot that wrote it. */
  bot_id: Perhaps<string | null>;
  /** The bot that wrote it. */
  bot_profile: Perhaps<SlackBot>;
  /** The app that wrote it. */
  app_id: Perhaps<string>;
  /** The name an integration gave itself. */
  username: Perhaps<string>;
  /** The picture an integration gave itself. */
  icons: Perhaps<SlackObject>;
  /** Timestamp of the thread's first message, where it is in a thread, or begins one. */
  thread_ts: Perhaps<string>;
  /** Who wrote the thread's first message. */
  parent_user_id: Perhaps<string>;
  reply_count: Perhaps<number>;
  replies: Perhaps<SlackObject[]>;
  /** Blocks of Block Kit. */
  blocks: Perhaps<SlackObject[]>;
  attachments: Perhaps<SlackObject[]>;
  files: Perhaps<SlackFile[]>;
  /** Who changed it last, and when. */
  edited: Perhaps<{ user: string; ts: string }>;
  reactions: Perhaps<{ name: string; count: number; users: string[] }[]>;
  metadata: Perhaps<SlackObject>;
  is_starred: Perhaps<boolean>;
  pinned_to: Perhaps<string[]>;
}

/**
 * A message was sent to a conversation the client's user is in. What subtypes add may be read here, too:
 * {@link MessageSubtypes} has the types.
 */
export interface MessageEvent extends SlackMessage {
  /** The conversation. */
  channel: string;
  /** `channel`, `group`, `im` or `mpim`. */
  channel_type: Perhaps<'channel' | 'group' | 'im' | 'mpim' | 'app_home'>;
  event_ts: Perhaps<string>;
  source_team: Perhaps<string>;
  user_team: Perhaps<string>;
  suppress_notification: Perhaps<boolean>;
  /** Whether it is not to be shown: it tells of a change. */
  hidden: Perhaps<boolean>;
  /** Of `message_changed` and `message_replied`: the message as it is now. */
  message: Perhaps<SlackMessage>;
  /** Of `message_changed` and `message_deleted`: the message as it was. */
  previous_message: Perhaps<SlackMessage>;
  /** Of `thread_broadcast`: the thread's first message. */
  root: Perhaps<SlackMessage>;
  /** Of `message_deleted`: timestamp of the message. */
  deleted_ts: Perhaps<string>;
  /** Of `channel_join` and `group_join`: who invited the user. */
  inviter: Perhaps<string>;
  /** Of `channel_topic` and `group_topic`. */
  topic: Perhaps<string>;
  /** Of `channel_purpose` and `group_purpose`. */
  purpose: Perhaps<string>;
  /** Of `channel_name` and `group_name`: the new name. */
  name: Perhaps<string>;
  /** Of `channel_name` and `group_name`: the former name. */
  old_name: Perhaps<string>;
}

/** A message of the subtype `S`. */
export interface MessageOf<S extends string> extends MessageEvent {
  subtype: S;
}

/** A message of the subtype `S`, which tells what a user did. */
export interface UserMessage<S extends string> extends MessageOf<S> {
  user: string;
}

/** A topic was changed. */
export interface TopicMessage<S extends string> extends UserMessage<S> {
  topic: string;
}

/** A purpose was changed. */
export interface PurposeMessage<S extends string> extends UserMessage<S> {
  purpose: string;
}

/** A conversation was renamed. */
export interface RenameMessage<S extends string> extends UserMessage<S> {
  name: string;
  old_name: string;
}

/** A file was shared, mentioned or commented on. */
export interface FileMessage<S extends string> extends MessageOf<S> {
  /** The file. Newer messages have `files`. */
  file: Perhaps<SlackFile>;
  upload: Perhaps<boolean>;
  comment: Perhaps<SlackObject>;
}

/** A message was changed, or its thread got a reply. */
export interface ChangeMessage<S extends string> extends MessageOf<S> {
  message: Loose<SlackMessage>;
}

/** Something was pinned, or is no longer pinned. */
export interface PinMessage<S extends string> extends UserMessage<S> {
  item: Perhaps<SlackObject>;
  item_type: Perhaps<string>;
}

/** A message of an integration. */
export interface BotMessage extends MessageOf<'bot_message'> {
  bot_id: string;
}

/** The subtypes of `message` that Slack documents, with the event that listeners of `message::…` get. */
export interface MessageSubtypes {
  /** The first message of a thread that a user began with an assistant. */
  assistant_app_thread: MessageOf<'assistant_app_thread'>;
  /** A message of an integration. */
  bot_message: BotMessage;
  /** A channel was archived. */
  channel_archive: UserMessage<'channel_archive'>;
  /** A channel was made private. */
  channel_convert_to_private: MessageOf<'channel_convert_to_private'>;
  /** A private channel was made public. */
  channel_convert_to_public: MessageOf<'channel_convert_to_public'>;
  /** Somebody joined a channel. */
  channel_join: UserMessage<'channel_join'>;
  /** Somebody left a channel. */
  channel_leave: UserMessage<'channel_leave'>;
  /** A channel was renamed. */
  channel_name: RenameMessage<'channel_name'>;
  /** Who may post in a channel was changed. */
  channel_posting_permissions: MessageOf<'channel_posting_permissions'>;
  /** A channel's purpose was changed. */
  channel_purpose: PurposeMessage<'channel_purpose'>;
  /** A channel's topic was changed. */
  channel_topic: TopicMessage<'channel_topic'>;
  /** A channel was taken out of the archive. */
  channel_unarchive: UserMessage<'channel_unarchive'>;
  /** A bot was mentioned in a canvas. */
  document_mention: MessageOf<'document_mention'>;
  /** Slack may not show the message: the workspace withholds the key. */
  ekm_access_denied: MessageOf<'ekm_access_denied'>;
  /** A comment was added to a file. */
  file_comment: FileMessage<'file_comment'>;
  /** A file was mentioned. */
  file_mention: FileMessage<'file_mention'>;
  /** A file was shared in the conversation. */
  file_share: FileMessage<'file_share'>;
  /** A private channel was archived. */
  group_archive: UserMessage<'group_archive'>;
  /** Somebody joined a private channel. */
  group_join: UserMessage<'group_join'>;
  /** Somebody left a private channel. */
  group_leave: UserMessage<'group_leave'>;
  /** A private channel was renamed. */
  group_name: RenameMessage<'group_name'>;
  /** A private channel's purpose was changed. */
  group_purpose: PurposeMessage<'group_purpose'>;
  /** A private channel's topic was changed. */
  group_topic: TopicMessage<'group_topic'>;
  /** A private channel was taken out of the archive. */
  group_unarchive: UserMessage<'group_unarchive'>;
  /** A message sent by `/me`. */
  me_message: UserMessage<'me_message'>;
  /** A message was edited, or Slack added a preview of a link to it. */
  message_changed: ChangeMessage<'message_changed'>;
  /** A message was deleted. */
  message_deleted: MessageOf<'message_deleted'>;
  /** A thread got a reply. */
  message_replied: ChangeMessage<'message_replied'>;
  /** Something was pinned in the conversation. */
  pinned_item: PinMessage<'pinned_item'>;
  /** A reminder was made. */
  reminder_add: UserMessage<'reminder_add'>;
  /** A reply in a thread was shown in the channel, too. Slack no longer sends it, see `thread_broadcast`. */
  reply_broadcast: UserMessage<'reply_broadcast'>;
  /** A reply in a thread was shown in the channel, too. */
  thread_broadcast: UserMessage<'thread_broadcast'>;
  /** Something is no longer pinned. */
  unpinned_item: PinMessage<'unpinned_item'>;
}

/** A subtype of `message` that Slack documents. */
export type MessageSubtype = keyof MessageSubtypes;

/** The events of {@link MessageSubtypes}, by the names that the client emits them under. */
export type MessageSubtypeEvents = {
  [S in MessageSubtype as `message::${S}`]: [event: MessageSubtypes[S]];
};
