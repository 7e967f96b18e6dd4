/** The `message` event and its subtypes. @module */

// objects.d.ts explains how fields are typed.

import type { Loose, Perhaps, SlackBot, SlackFile, SlackObject, Usually } from './objects';

/** A message. Events that contain a message, for example `message_changed`, use this type. */
export interface SlackMessage extends SlackObject {
  type: 'message';
  /** A key of {@link MessageSubtypes}, or a subtype that Slack does not document. Plain messages have none. */
  subtype: Perhaps<string>;
  /** The text, in Slack's markup. Some subtypes have no text. */
  text: Perhaps<string>;
  /** The id of the author. Missing in some subtypes, such as messages of integrations and `message_changed`. */
  user: Usually<string>;
  /** The timestamp. It identifies the message in its conversation. */
  ts: Loose<string>;
  /** The id of the author's workspace. */
  team: Perhaps<string>;
  /** The id that the Slack app of the author assigned. */
  client_msg_id: Perhaps<string>;
  /** The id of the bot that wrote it. */
  bot_id: Perhaps<string | null>;
  /** The bot that wrote it. */
  bot_profile: Perhaps<SlackBot>;
  /** The id of the app that wrote it. */
  app_id: Perhaps<string>;
  /** The name that an integration chose for this message. */
  username: Perhaps<string>;
  /** The picture that an integration chose for this message. */
  icons: Perhaps<SlackObject>;
  /** The timestamp of the thread's first message. Set if the message is in a thread or starts one. */
  thread_ts: Perhaps<string>;
  /** The id of the author of the thread's first message. */
  parent_user_id: Perhaps<string>;
  /** The number of replies in the thread that this message starts. */
  reply_count: Perhaps<number>;
  /** The replies in the thread that this message starts. */
  replies: Perhaps<SlackObject[]>;
  /** The blocks of Block Kit. */
  blocks: Perhaps<SlackObject[]>;
  attachments: Perhaps<SlackObject[]>;
  files: Perhaps<SlackFile[]>;
  /** The last edit: the id of the user and the timestamp. */
  edited: Perhaps<{ user: string; ts: string }>;
  /** The reactions: the name of the emoji, the number of users, and their ids. */
  reactions: Perhaps<{ name: string; count: number; users: string[] }[]>;
  metadata: Perhaps<SlackObject>;
  /** Whether the client's user starred it. */
  is_starred: Perhaps<boolean>;
  /** The ids of the conversations to which it is pinned. */
  pinned_to: Perhaps<string[]>;
}

/**
 * The event for a message in a conversation that the client's user is in. The fields of all subtypes can be read here;
 * {@link MessageSubtypes} has the exact types.
 */
export interface MessageEvent extends SlackMessage {
  /** The id of the conversation. */
  channel: string;
  /** The kind of conversation. */
  channel_type: Perhaps<'channel' | 'group' | 'im' | 'mpim' | 'app_home'>;
  /** The timestamp of the event. */
  event_ts: Perhaps<string>;
  source_team: Perhaps<string>;
  user_team: Perhaps<string>;
  /** Whether Slack shows no notification for it. */
  suppress_notification: Perhaps<boolean>;
  /** True if the event is not a new message but reports a change, for example an edit. */
  hidden: Perhaps<boolean>;
  /** For `message_changed` and `message_replied`: the message in its current version. */
  message: Perhaps<SlackMessage>;
  /** For `message_changed` and `message_deleted`: the message before the change. */
  previous_message: Perhaps<SlackMessage>;
  /** For `thread_broadcast`: the thread's first message. */
  root: Perhaps<SlackMessage>;
  /** For `message_deleted`: the timestamp of the deleted message. */
  deleted_ts: Perhaps<string>;
  /** For `channel_join` and `group_join`: the id of the user who sent the invitation. */
  inviter: Perhaps<string>;
  /** For `channel_topic` and `group_topic`: the new topic. */
  topic: Perhaps<string>;
  /** For `channel_purpose` and `group_purpose`: the new purpose. */
  purpose: Perhaps<string>;
  /** For `channel_name` and `group_name`: the new name. */
  name: Perhaps<string>;
  /** For `channel_name` and `group_name`: the previous name. */
  old_name: Perhaps<string>;
}

/** A message with the subtype `S`. */
export interface MessageOf<S extends string> extends MessageEvent {
  subtype: S;
}

/** A message with the subtype `S`, which reports an action of a user. */
export interface UserMessage<S extends string> extends MessageOf<S> {
  user: string;
}

/** The topic of a conversation changed. */
export interface TopicMessage<S extends string> extends UserMessage<S> {
  topic: string;
}

/** The purpose of a conversation changed. */
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
  /** The file. Newer messages have `files` instead. */
  file: Perhaps<SlackFile>;
  /** Whether the file was uploaded with this message. */
  upload: Perhaps<boolean>;
  comment: Perhaps<SlackObject>;
}

/** A message was edited, or its thread received a reply. */
export interface ChangeMessage<S extends string> extends MessageOf<S> {
  /** The message in its current version. */
  message: Loose<SlackMessage>;
}

/** An item was pinned, or a pinned item was removed. */
export interface PinMessage<S extends string> extends UserMessage<S> {
  item: Perhaps<SlackObject>;
  item_type: Perhaps<string>;
}

/** A message that an integration posted. */
export interface BotMessage extends MessageOf<'bot_message'> {
  /** The id of the bot that posted it. */
  bot_id: string;
}

/** The subtypes of `message` that Slack documents, with the event that a listener of `message::subtype` receives. */
export interface MessageSubtypes {
  /** The first message of a thread between a user and an AI assistant. */
  assistant_app_thread: MessageOf<'assistant_app_thread'>;
  /** A message that an integration posted. It has `bot_id`. */
  bot_message: BotMessage;
  /** A channel was archived. */
  channel_archive: UserMessage<'channel_archive'>;
  /** A channel was made private. */
  channel_convert_to_private: MessageOf<'channel_convert_to_private'>;
  /** A private channel was made public. */
  channel_convert_to_public: MessageOf<'channel_convert_to_public'>;
  /** A user joined a channel. */
  channel_join: UserMessage<'channel_join'>;
  /** A user left a channel. */
  channel_leave: UserMessage<'channel_leave'>;
  /** A channel was renamed. */
  channel_name: RenameMessage<'channel_name'>;
  /** The posting permissions of a channel changed. */
  channel_posting_permissions: MessageOf<'channel_posting_permissions'>;
  /** The purpose of a channel changed. */
  channel_purpose: PurposeMessage<'channel_purpose'>;
  /** The topic of a channel changed. */
  channel_topic: TopicMessage<'channel_topic'>;
  /** A channel was unarchived. */
  channel_unarchive: UserMessage<'channel_unarchive'>;
  /** A bot was mentioned in a canvas. */
  document_mention: MessageOf<'document_mention'>;
  /** The text is not available, because the organization has revoked access to it (Enterprise Key Management). */
  ekm_access_denied: MessageOf<'ekm_access_denied'>;
  /** A comment was added to a file. */
  file_comment: FileMessage<'file_comment'>;
  /** A file was mentioned. */
  file_mention: FileMessage<'file_mention'>;
  /** A file was shared in the conversation. */
  file_share: FileMessage<'file_share'>;
  /** A private channel was archived. */
  group_archive: UserMessage<'group_archive'>;
  /** A user joined a private channel. */
  group_join: UserMessage<'group_join'>;
  /** A user left a private channel. */
  group_leave: UserMessage<'group_leave'>;
  /** A private channel was renamed. */
  group_name: RenameMessage<'group_name'>;
  /** The purpose of a private channel changed. */
  group_purpose: PurposeMessage<'group_purpose'>;
  /** The topic of a private channel changed. */
  group_topic: TopicMessage<'group_topic'>;
  /** A private channel was unarchived. */
  group_unarchive: UserMessage<'group_unarchive'>;
  /** A message that a user sent with `/me`. */
  me_message: UserMessage<'me_message'>;
  /** A message was edited, or Slack added the preview of a link to it. */
  message_changed: ChangeMessage<'message_changed'>;
  /** A message was deleted. */
  message_deleted: MessageOf<'message_deleted'>;
  /** A thread received a reply. */
  message_replied: ChangeMessage<'message_replied'>;
  /** An item was pinned in the conversation. */
  pinned_item: PinMessage<'pinned_item'>;
  /** A reminder was created. */
  reminder_add: UserMessage<'reminder_add'>;
  /** A thread reply was also posted to the channel. Slack no longer sends this subtype; see `thread_broadcast`. */
  reply_broadcast: UserMessage<'reply_broadcast'>;
  /** A thread reply was also posted to the channel. */
  thread_broadcast: UserMessage<'thread_broadcast'>;
  /** A pinned item was removed from the conversation. */
  unpinned_item: PinMessage<'unpinned_item'>;
}

/** A subtype of `message` that Slack documents: a key of {@link MessageSubtypes}. */
export type MessageSubtype = keyof MessageSubtypes;

/** The events of {@link MessageSubtypes}, by the name under which the client emits them: `message::subtype`. */
export type MessageSubtypeEvents = {
  [S in MessageSubtype as `message::${S}`]: [event: MessageSubtypes[S]];
};
