// The typings of the `message` event and its subtypes. objects.d.ts explains how fields are typed.

/** The `message` event and its subtypes. @module */

import type { Loose, Perhaps, SlackBot, SlackFile, SlackObject, Usually } from './objects';

/** A message as a part of another event. {@link MessageEvent} is the event for a message. */
export interface SlackMessage extends SlackObject {
  /** Always `message`. */
  type: 'message';
  /**
   * One of {@link MessageSubtypes}, or one that Slack does not document. Undefined if a person simply wrote a message.
   */
  subtype: Perhaps<string>;
  /** The text, in Slack's markup. Some subtypes have no text. */
  text: Perhaps<string>;
  /** The id of the author. Missing in messages of integrations and in subtypes that report a change. */
  user: Usually<string>;
  /** The timestamp of the message, which is its id in the conversation. */
  ts: Loose<string>;
  /** The id of the author's workspace. */
  team: Perhaps<string>;
  /** An id that the author's Slack client has chosen. */
  client_msg_id: Perhaps<string>;
  /** The id of the bot that wrote the message (`B…`). */
  bot_id: Perhaps<string | null>;
  /** The bot that wrote the message. */
  bot_profile: Perhaps<SlackBot>;
  /** The id of the app that wrote the message (`A…`). */
  app_id: Perhaps<string>;
  /** The name that an integration has chosen for this message. */
  username: Perhaps<string>;
  /** The picture that an integration has chosen for this message. */
  icons: Perhaps<SlackObject>;
  /** The timestamp of the thread's first message, if the message is in a thread or starts one. */
  thread_ts: Perhaps<string>;
  /** The id of the author of the thread's first message. */
  parent_user_id: Perhaps<string>;
  /** The number of replies in the thread that this message starts. */
  reply_count: Perhaps<number>;
  /** The replies in the thread that this message starts: `user` and `ts` of each. */
  replies: Perhaps<SlackObject[]>;
  /** The blocks of Block Kit. */
  blocks: Perhaps<SlackObject[]>;
  /** The attachments, for example previews of links. */
  attachments: Perhaps<SlackObject[]>;
  /** The files that were shared with the message. */
  files: Perhaps<SlackFile[]>;
  /** The id of the user who edited the message last, and the timestamp of that edit. */
  edited: Perhaps<{ user: string; ts: string }>;
  /** The reactions: the name of each emoji, and the ids of the users who added it. */
  reactions: Perhaps<{ name: string; count: number; users: string[] }[]>;
  /** The metadata that an app has added: `event_type` and `event_payload`. */
  metadata: Perhaps<SlackObject>;
  /** Whether the bot has starred the message. */
  is_starred: Perhaps<boolean>;
  /** The ids of the conversations in which the message is pinned. */
  pinned_to: Perhaps<string[]>;
}

/**
 * A message was posted in a conversation that the bot is a member of. The fields of all subtypes can be read here.
 * {@link MessageSubtypes} has an exact type for each subtype.
 */
export interface MessageEvent extends SlackMessage {
  /** The id of the conversation. */
  channel: string;
  /** The kind of the conversation: channel, private channel, direct message, group direct message, or an app's home. */
  channel_type: Perhaps<'channel' | 'group' | 'im' | 'mpim' | 'app_home'>;
  /** The timestamp of the event. */
  event_ts: Perhaps<string>;
  /** The id of the workspace that the message comes from. */
  source_team: Perhaps<string>;
  /** The id of the author's workspace. */
  user_team: Perhaps<string>;
  /** Whether users are not notified of the message. */
  suppress_notification: Perhaps<boolean>;
  /** Whether Slack's clients do not show the message, because it reports a change. */
  hidden: Perhaps<boolean>;
  /** In `message_changed` and `message_replied`: the new version of the message. */
  message: Perhaps<SlackMessage>;
  /** In `message_changed` and `message_deleted`: the old version of the message. */
  previous_message: Perhaps<SlackMessage>;
  /** In `thread_broadcast`: the thread's first message. */
  root: Perhaps<SlackMessage>;
  /** In `message_deleted`: the timestamp of the deleted message. */
  deleted_ts: Perhaps<string>;
  /** In `channel_join` and `group_join`: the id of the user who invited the new member. */
  inviter: Perhaps<string>;
  /** In `channel_topic` and `group_topic`: the new topic. */
  topic: Perhaps<string>;
  /** In `channel_purpose` and `group_purpose`: the new purpose. */
  purpose: Perhaps<string>;
  /** In `channel_name` and `group_name`: the new name. */
  name: Perhaps<string>;
  /** In `channel_name` and `group_name`: the old name. */
  old_name: Perhaps<string>;
}

/** A message with the subtype `S`. */
export interface MessageOf<S extends string> extends MessageEvent {
  /** The subtype. */
  subtype: S;
}

/** A message with the subtype `S` that reports an action of a user. */
export interface UserMessage<S extends string> extends MessageOf<S> {
  /** The id of the user who did this. */
  user: string;
}

/** The topic of a conversation changed. */
export interface TopicMessage<S extends string> extends UserMessage<S> {
  /** The new topic. */
  topic: string;
}

/** The purpose of a conversation changed. */
export interface PurposeMessage<S extends string> extends UserMessage<S> {
  /** The new purpose. */
  purpose: string;
}

/** A conversation was renamed. */
export interface RenameMessage<S extends string> extends UserMessage<S> {
  /** The new name. */
  name: string;
  /** The old name. */
  old_name: string;
}

/** A file was shared, mentioned or commented on. */
export interface FileMessage<S extends string> extends MessageOf<S> {
  /** The file. Newer messages have `files` instead. */
  file: Perhaps<SlackFile>;
  /** Whether the file was uploaded with this message. */
  upload: Perhaps<boolean>;
  /** The comment on the file. */
  comment: Perhaps<SlackObject>;
}

/** A message changed, or its thread got a reply. */
export interface ChangeMessage<S extends string> extends MessageOf<S> {
  /** The new version of the message. */
  message: Loose<SlackMessage>;
}

/** An item was pinned or unpinned. */
export interface PinMessage<S extends string> extends UserMessage<S> {
  /** The item. */
  item: Perhaps<SlackObject>;
  /** The kind of the item. */
  item_type: Perhaps<string>;
}

/** An integration wrote a message. */
export interface BotMessage extends MessageOf<'bot_message'> {
  /** The id of the integration's bot (`B…`). */
  bot_id: string;
}

/** The subtypes of `message` that Slack documents, with the event that listeners of `message::…` receive. */
export interface MessageSubtypes {
  /** The first message of a thread in which a user talks to an assistant. */
  assistant_app_thread: MessageOf<'assistant_app_thread'>;
  /** An integration wrote a message. */
  bot_message: BotMessage;
  /** A channel was archived. */
  channel_archive: UserMessage<'channel_archive'>;
  /** A channel became private. */
  channel_convert_to_private: MessageOf<'channel_convert_to_private'>;
  /** A private channel became public. */
  channel_convert_to_public: MessageOf<'channel_convert_to_public'>;
  /** A user joined a channel. */
  channel_join: UserMessage<'channel_join'>;
  /** A user left a channel. */
  channel_leave: UserMessage<'channel_leave'>;
  /** A channel was renamed. */
  channel_name: RenameMessage<'channel_name'>;
  /** The permission to post in a channel changed. */
  channel_posting_permissions: MessageOf<'channel_posting_permissions'>;
  /** A channel's purpose changed. */
  channel_purpose: PurposeMessage<'channel_purpose'>;
  /** A channel's topic changed. */
  channel_topic: TopicMessage<'channel_topic'>;
  /** A channel was unarchived. */
  channel_unarchive: UserMessage<'channel_unarchive'>;
  /** A bot was mentioned in a canvas. */
  document_mention: MessageOf<'document_mention'>;
  /** Slack cannot show the message, because the workspace does not give it the encryption key. */
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
  /** A private channel's purpose changed. */
  group_purpose: PurposeMessage<'group_purpose'>;
  /** A private channel's topic changed. */
  group_topic: TopicMessage<'group_topic'>;
  /** A private channel was unarchived. */
  group_unarchive: UserMessage<'group_unarchive'>;
  /** A user wrote a message with `/me`. */
  me_message: UserMessage<'me_message'>;
  /** A message was edited, or Slack added the preview of a link. */
  message_changed: ChangeMessage<'message_changed'>;
  /** A message was deleted. */
  message_deleted: MessageOf<'message_deleted'>;
  /** A thread got a reply. */
  message_replied: ChangeMessage<'message_replied'>;
  /** An item was pinned in the conversation. */
  pinned_item: PinMessage<'pinned_item'>;
  /** A user added a reminder. */
  reminder_add: UserMessage<'reminder_add'>;
  /** A reply in a thread is also shown in the channel. Slack now sends `thread_broadcast` instead. */
  reply_broadcast: UserMessage<'reply_broadcast'>;
  /** A reply in a thread is also shown in the channel. */
  thread_broadcast: UserMessage<'thread_broadcast'>;
  /** An item was unpinned in the conversation. */
  unpinned_item: PinMessage<'unpinned_item'>;
}

/** The name of a subtype of `message` that Slack documents. */
export type MessageSubtype = keyof MessageSubtypes;

/** The events of {@link MessageSubtypes}, by the name under which the client emits them. */
export type MessageSubtypeEvents = {
  [S in MessageSubtype as `message::${S}`]: [event: MessageSubtypes[S]];
};
