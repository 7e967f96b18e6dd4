/** The objects in events, and the types of their fields. The setting `strictEvents`. @module */

// Events of `@slack/rtm-api` are `any`, and code that was written for it must compile with these types unchanged, with and
// without `strict`. Such code reads fields that are not listed, passes events to functions with their own parameter types, writes
// `event.text.match(/…/)[1]` without a check, and calculates with timestamps. These rules follow:
//
// - Every object is open: a field that is not listed is `any`.
// - No field is optional, because code may pass an event to a parameter whose type requires the field.
// - A field that is always present (ids, names, objects) has its type, so that TypeScript finds mistakes with it.
// - A field that can be missing is `any`. Texts and timestamps are `any`, too. `strictEvents` gives both their exact types.
//
// Two kinds of code for `@slack/rtm-api` do not compile. For both, declare the listener as `(event: any) => …`.
//
// - An event is passed to a parameter that requires a field which is not listed, or a channel that is a number.
// - `'bot_id' in event`, or a type guard (`isBot(event: any): event is BotMessage`): where the condition is false, TypeScript
//   narrows the event to `never`.

/**
 * The settings of the typings. By default, fields that can be missing have the type `any`, as in `@slack/rtm-api`. With
 * `strictEvents`, every known field has its exact type. Add this to one file of your project that imports something:
 *
 * @example
 * declare module 'slack-rtm-native' {
 *   interface RTMTypeOptions { strictEvents: true }
 * }
 */
export interface RTMTypeOptions {}

/** `T` with `strictEvents`, otherwise `Else`, which is `any` by default. */
export type Loose<T, Else = any> = RTMTypeOptions extends { strictEvents: true } ? T : Else;

/** A field that can be missing: `T | undefined` with `strictEvents`, otherwise `any`. */
export type Perhaps<T> = Loose<T | undefined>;

/** A field that is rarely missing: `T | undefined` with `strictEvents`, otherwise `T`. */
export type Usually<T> = Loose<T | undefined, T>;

/** `T`, with any other fields, whose type is `any`. */
export type Open<T> = T & { [field: string]: any };

/** The base of all objects and events from Slack. Fields that are not listed can be read, too; their type is `any`. */
export interface SlackObject {
  [field: string]: any;
}

/** A user of the workspace: a person or a bot. */
export interface SlackUser extends SlackObject {
  /** The id: `U…` or `W…`. */
  id: string;
  /** The user name, without `@`. */
  name: string;
  /** The id of the workspace. */
  team_id: Perhaps<string>;
  /** The full name. */
  real_name: Perhaps<string>;
  /** Whether the user is deactivated. */
  deleted: Perhaps<boolean>;
  /** The color of the user name: six hexadecimal digits without `#`. */
  color: Perhaps<string>;
  /** The name of the time zone, for example `Europe/Amsterdam`. */
  tz: Perhaps<string>;
  /** The description of the time zone. */
  tz_label: Perhaps<string>;
  /** The offset from UTC, in seconds. */
  tz_offset: Perhaps<number>;
  /** Names, pictures, status and contact data. */
  profile: Loose<SlackProfile>;
  /** Whether the user is an admin of the workspace. */
  is_admin: Perhaps<boolean>;
  /** Whether the user is an owner of the workspace. */
  is_owner: Perhaps<boolean>;
  /** Whether the user is the primary owner of the workspace. */
  is_primary_owner: Perhaps<boolean>;
  /** Whether the user is a guest. */
  is_restricted: Perhaps<boolean>;
  /** Whether the user is a guest in a single channel. */
  is_ultra_restricted: Perhaps<boolean>;
  /** Whether the user is a bot. */
  is_bot: Perhaps<boolean>;
  /** Whether the user is an authorized user of the calling app. */
  is_app_user: Perhaps<boolean>;
  /** Whether the user belongs to another workspace and shares no channel with the client's user. */
  is_stranger: Perhaps<boolean>;
  /** Whether the email address is confirmed. */
  is_email_confirmed: Perhaps<boolean>;
  /** Whether two-factor authentication is on. */
  has_2fa: Perhaps<boolean>;
  /** The language, for example `en-US`. */
  locale: Perhaps<string>;
  who_can_share_contact_card: Perhaps<string>;
  /** The time of the last change, in seconds since the epoch. */
  updated: Perhaps<number>;
}

/** The profile of a user. */
export interface SlackProfile extends SlackObject {
  /** The full name. */
  real_name: Perhaps<string>;
  /** The name that Slack shows, if the user has set one. */
  display_name: Perhaps<string>;
  first_name: Perhaps<string>;
  last_name: Perhaps<string>;
  title: Perhaps<string>;
  phone: Perhaps<string>;
  email: Perhaps<string>;
  /** The text of the status. */
  status_text: Perhaps<string>;
  /** The emoji of the status, with colons. */
  status_emoji: Perhaps<string>;
  /** The URL of the picture with 48 × 48 pixels. */
  image_48: Perhaps<string>;
  /** The URL of the picture with 72 × 72 pixels. */
  image_72: Perhaps<string>;
  /** The URL of the picture with 192 × 192 pixels. */
  image_192: Perhaps<string>;
  /** The id of the bot (`B…`), if the user is a bot. */
  bot_id: Perhaps<string>;
}

/** A conversation: a channel, a private channel, a direct message, or a group direct message. */
export interface SlackConversation extends SlackObject {
  /** The id: `C…`, `G…` or `D…`. */
  id: string;
  /** The name, without `#`. Direct messages have no name. */
  name: Usually<string>;
  /** The name without special characters. */
  name_normalized: Perhaps<string>;
  /** The time of the creation, in seconds since the epoch. */
  created: Perhaps<number>;
  /** The id of the user who created it. */
  creator: Perhaps<string>;
  /** Whether it is a channel. */
  is_channel: Perhaps<boolean>;
  /** Whether it is a private channel. */
  is_group: Perhaps<boolean>;
  /** Whether it is a direct message. */
  is_im: Perhaps<boolean>;
  /** Whether it is a group direct message. */
  is_mpim: Perhaps<boolean>;
  /** Whether only its members can see it. */
  is_private: Perhaps<boolean>;
  /** Whether it is archived. */
  is_archived: Perhaps<boolean>;
  is_frozen: Perhaps<boolean>;
  /** Whether it is the channel that all members of the workspace are in. */
  is_general: Perhaps<boolean>;
  /** Whether the client's user is a member. */
  is_member: Perhaps<boolean>;
  /** Whether it is shared with other workspaces. */
  is_shared: Perhaps<boolean>;
  /** Whether it is shared with workspaces of the same organization. */
  is_org_shared: Perhaps<boolean>;
  /** Whether it is shared with other organizations. */
  is_ext_shared: Perhaps<boolean>;
  /** Whether another organization has been invited and has not accepted yet. */
  is_pending_ext_shared: Perhaps<boolean>;
  context_team_id: Perhaps<string>;
  /** The ids of the members. */
  members: Perhaps<string[]>;
  /** The topic: `value`, `creator`, `last_set`. */
  topic: Perhaps<SlackObject>;
  /** The purpose: `value`, `creator`, `last_set`. */
  purpose: Perhaps<SlackObject>;
  /** The timestamp of the last message that the client's user has read. */
  last_read: Perhaps<string>;
  /** The latest message. */
  latest: Perhaps<SlackObject | null>;
  /** The number of unread messages. */
  unread_count: Perhaps<number>;
}

/** A bot. */
export interface SlackBot extends SlackObject {
  /** The id: `B…`. Messages of the bot have it as `bot_id`. */
  id: string;
  name: string;
  /** The id of the app: `A…`. */
  app_id: Perhaps<string>;
  /** Whether the bot is removed. */
  deleted: Perhaps<boolean>;
  /** The URLs of the pictures, by their size. */
  icons: Perhaps<SlackObject>;
}

/** A file. In many events, only its `id` is set. */
export interface SlackFile extends SlackObject {
  /** The id: `F…`. */
  id: string;
  /** The file name. */
  name: Perhaps<string>;
  title: Perhaps<string>;
  /** The media type, for example `image/png`. */
  mimetype: Perhaps<string>;
  /** The type in Slack, for example `png`. */
  filetype: Perhaps<string>;
  /** The id of the user who uploaded it. */
  user: Perhaps<string>;
  /** The size in bytes. */
  size: Perhaps<number>;
  /** The time of the creation, in seconds since the epoch. */
  created: Perhaps<number>;
  /** The URL of the content. Requests need the token in the `Authorization` header. */
  url_private: Perhaps<string>;
  /** The URL of the content, as a download. Requests need the token in the `Authorization` header. */
  url_private_download: Perhaps<string>;
  /** The URL of the file in Slack. */
  permalink: Perhaps<string>;
}

/** A user group. */
export interface SlackSubteam extends SlackObject {
  /** The id: `S…`. */
  id: string;
  /** The id of the workspace. */
  team_id: string;
  name: string;
  /** The name in mentions, without `@`. */
  handle: string;
  description: Perhaps<string>;
  is_usergroup: Perhaps<boolean>;
  is_subteam: Perhaps<boolean>;
  is_external: Perhaps<boolean>;
  /** The time of the creation, in seconds since the epoch. */
  date_create: Perhaps<number>;
  /** The id of the user who created it. */
  created_by: Perhaps<string>;
  auto_provision: Perhaps<boolean>;
  /** The ids of the members. */
  users: Perhaps<string[]>;
  /** The number of members. */
  user_count: Perhaps<number | string>;
}

/** The item of a reaction, a star or a pin: a message, a file, or a comment on a file. */
export interface SlackItem extends SlackObject {
  type: Loose<'message' | 'file' | 'file_comment'>;
  /** The id of the conversation that the message is in. */
  channel: Usually<string>;
  /** The timestamp of the message. */
  ts: Perhaps<string>;
  message: Perhaps<SlackObject>;
  /** The file, or its id. */
  file: Perhaps<SlackObject | string>;
  /** The comment, or its id. */
  file_comment: Perhaps<SlackObject | string>;
  /** For pins: the id of the user who pinned the item. */
  created_by: Perhaps<string>;
  /** For pins: the time, in seconds since the epoch. */
  created: Perhaps<number>;
}
