// The types of Slack's objects, and of the fields of all events.
//
// The events of `@slack/rtm-api` are `any`. Code that was written for it must compile with these types unchanged, with
// or without `strict`. Such code reads fields that are not documented, passes events to functions that declare their
// own types, writes `event.text.match(/…/)[1]` without checking for a match, and calculates with timestamps. These
// rules make that work:
//
// - Every object is open: a field that is not listed has the type `any`.
// - No field is optional, because an optional field cannot be passed where a field is required.
// - A field that always exists has its type, unless it is a text or a timestamp. TypeScript reports mistakes with it.
// - A field that can be missing is `any`. So are texts and timestamps.
//
// To have every field checked, declare this once, in any file of the project that has an import:
//
//   declare module 'slack-rtm-native' {
//     interface RTMTypeOptions { strictEvents: true }
//   }
//
// Some code compiles with `any`, but not with these types:
//
// - an event is passed to a parameter whose type requires a field that is not listed, or a channel that is a number;
// - `'bot_id' in event`, or a type guard such as `isBot(event: any): event is BotMessage`, is used: in the other branch,
//   TypeScript narrows the event to `never`.
//
// Declaring the parameter as `any` solves both: `(event: any) => …`.

/** Slack's objects, the types of fields, and the setting `strictEvents`. @module */

/**
 * The settings of these types. With `strictEvents: true`, every listed field has its exact type; by default, a field
 * that can be missing is `any`. To change a setting, declare it in a file of your project that has an import.
 *
 * @example
 * declare module 'slack-rtm-native' {
 *   interface RTMTypeOptions { strictEvents: true }
 * }
 */
export interface RTMTypeOptions {}

/** With `strictEvents`: `T`. Otherwise: `Else`, which is `any` by default. */
export type Loose<T, Else = any> = RTMTypeOptions extends { strictEvents: true } ? T : Else;

/** A field that can be missing. With `strictEvents`: `T | undefined`. Otherwise: `any`. */
export type Perhaps<T> = Loose<T | undefined>;

/** A field that is rarely missing. With `strictEvents`: `T | undefined`. Otherwise: `T`. */
export type Usually<T> = Loose<T | undefined, T>;

/** `T` with further fields, which are `any`. */
export type Open<T> = T & { [field: string]: any };

/** The base of all objects and events. A field that is not listed can be read, and is `any`. */
export interface SlackObject {
  [field: string]: any;
}

/** A user. */
export interface SlackUser extends SlackObject {
  /** The id (`U…` or `W…`). */
  id: string;
  /** The handle, without `@`. */
  name: string;
  /** The id of the user's workspace (`T…`). */
  team_id: Perhaps<string>;
  /** The full name. */
  real_name: Perhaps<string>;
  /** Whether the account is deactivated. */
  deleted: Perhaps<boolean>;
  /** The color that some clients show the name in, as six hexadecimal digits. */
  color: Perhaps<string>;
  /** The time zone, for example `Europe/Berlin`. */
  tz: Perhaps<string>;
  /** The name of the time zone. */
  tz_label: Perhaps<string>;
  /** The offset of the time zone from UTC, in seconds. */
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
  /** Whether the user is an authorized user of the app. */
  is_app_user: Perhaps<boolean>;
  /** Whether the user is of another workspace and shares no channel with the bot. */
  is_stranger: Perhaps<boolean>;
  /** Whether the e-mail address is confirmed. */
  is_email_confirmed: Perhaps<boolean>;
  /** Whether the user has two-factor authentication. */
  has_2fa: Perhaps<boolean>;
  /** The language, for example `en-US`. */
  locale: Perhaps<string>;
  /** Who may share the user's contact card. */
  who_can_share_contact_card: Perhaps<string>;
  /** When the user last changed, in seconds since the epoch. */
  updated: Perhaps<number>;
}

/** A user's profile. */
export interface SlackProfile extends SlackObject {
  /** The full name. */
  real_name: Perhaps<string>;
  /** The name that Slack shows. It can be empty. */
  display_name: Perhaps<string>;
  /** The first name. */
  first_name: Perhaps<string>;
  /** The last name. */
  last_name: Perhaps<string>;
  /** The job title. */
  title: Perhaps<string>;
  /** The phone number. */
  phone: Perhaps<string>;
  /** The e-mail address. */
  email: Perhaps<string>;
  /** The text of the status. */
  status_text: Perhaps<string>;
  /** The emoji of the status, with colons. */
  status_emoji: Perhaps<string>;
  /** The URL of the picture with 48 pixels. */
  image_48: Perhaps<string>;
  /** The URL of the picture with 72 pixels. */
  image_72: Perhaps<string>;
  /** The URL of the picture with 192 pixels. */
  image_192: Perhaps<string>;
  /** The id of the bot (`B…`), if the user is one. */
  bot_id: Perhaps<string>;
}

/** A channel, private channel, direct message or group direct message. */
export interface SlackConversation extends SlackObject {
  /** The id: `C…` for channels, `D…` for direct messages, `G…` for groups. */
  id: string;
  /** The name, without `#`. Direct messages have no name. */
  name: Usually<string>;
  /** The name without special characters. */
  name_normalized: Perhaps<string>;
  /** When the conversation was created, in seconds since the epoch. */
  created: Perhaps<number>;
  /** The id of the user who created the conversation. */
  creator: Perhaps<string>;
  /** Whether it is a channel. */
  is_channel: Perhaps<boolean>;
  /** Whether it is a private channel. */
  is_group: Perhaps<boolean>;
  /** Whether it is a direct message. */
  is_im: Perhaps<boolean>;
  /** Whether it is a group direct message. */
  is_mpim: Perhaps<boolean>;
  /** Whether only members can read it. */
  is_private: Perhaps<boolean>;
  /** Whether it is archived. */
  is_archived: Perhaps<boolean>;
  is_frozen: Perhaps<boolean>;
  /** Whether it is the workspace's general channel. */
  is_general: Perhaps<boolean>;
  /** Whether the bot is a member. */
  is_member: Perhaps<boolean>;
  /** Whether it is shared with another workspace. */
  is_shared: Perhaps<boolean>;
  /** Whether it is shared within the organization. */
  is_org_shared: Perhaps<boolean>;
  /** Whether it is shared with another organization. */
  is_ext_shared: Perhaps<boolean>;
  /** Whether another organization has been invited to share it. */
  is_pending_ext_shared: Perhaps<boolean>;
  context_team_id: Perhaps<string>;
  /** The ids of the members. */
  members: Perhaps<string[]>;
  /** The topic: `value`, `creator` and `last_set`. */
  topic: Perhaps<SlackObject>;
  /** The purpose: `value`, `creator` and `last_set`. */
  purpose: Perhaps<SlackObject>;
  /** The timestamp of the last message that the bot has read. */
  last_read: Perhaps<string>;
  /** The latest message. */
  latest: Perhaps<SlackObject | null>;
  /** The number of messages that the bot has not read. */
  unread_count: Perhaps<number>;
}

/** A bot. */
export interface SlackBot extends SlackObject {
  /** The id (`B…`). Messages of the bot have it as `bot_id`. */
  id: string;
  /** The name. */
  name: string;
  /** The id of the app that the bot belongs to (`A…`). */
  app_id: Perhaps<string>;
  /** Whether the bot was removed. */
  deleted: Perhaps<boolean>;
  /** The URLs of the pictures, by size. */
  icons: Perhaps<SlackObject>;
}

/** A file. In many events it has only its `id`. */
export interface SlackFile extends SlackObject {
  /** The id (`F…`). */
  id: string;
  /** The file's name. */
  name: Perhaps<string>;
  /** The title. */
  title: Perhaps<string>;
  /** The MIME type, for example `image/png`. */
  mimetype: Perhaps<string>;
  /** The type in the words of Slack, for example `png`. */
  filetype: Perhaps<string>;
  /** The id of the user who uploaded the file. */
  user: Perhaps<string>;
  /** The size in bytes. */
  size: Perhaps<number>;
  /** When the file was created, in seconds since the epoch. */
  created: Perhaps<number>;
  /** The URL of the content. A request needs the token in its `Authorization` header. */
  url_private: Perhaps<string>;
  /** The URL for a download. A request needs the token in its `Authorization` header. */
  url_private_download: Perhaps<string>;
  /** The URL of the page of the file in Slack. */
  permalink: Perhaps<string>;
}

/** A user group. */
export interface SlackSubteam extends SlackObject {
  /** The id (`S…`). */
  id: string;
  /** The id of the workspace (`T…`). */
  team_id: string;
  /** The name. */
  name: string;
  /** The handle, without `@`. */
  handle: string;
  /** The description. */
  description: Perhaps<string>;
  /** Always true for user groups. */
  is_usergroup: Perhaps<boolean>;
  /** Always true for user groups. */
  is_subteam: Perhaps<boolean>;
  /** Whether the user group belongs to another workspace. */
  is_external: Perhaps<boolean>;
  /** When the user group was created, in seconds since the epoch. */
  date_create: Perhaps<number>;
  /** The id of the user who created the user group. */
  created_by: Perhaps<string>;
  auto_provision: Perhaps<boolean>;
  /** The ids of the members. */
  users: Perhaps<string[]>;
  /** The number of members. */
  user_count: Perhaps<number | string>;
}

/** An item with a reaction, a star or a pin: a message, a file, or a comment on a file. */
export interface SlackItem extends SlackObject {
  /** The kind of the item. */
  type: Loose<'message' | 'file' | 'file_comment'>;
  /** Of a message: the id of the conversation. */
  channel: Usually<string>;
  /** Of a message: its timestamp. */
  ts: Perhaps<string>;
  /** The message. */
  message: Perhaps<SlackObject>;
  /** The file, or its id. */
  file: Perhaps<SlackObject | string>;
  /** The comment, or its id. */
  file_comment: Perhaps<SlackObject | string>;
  /** Of a pin: the id of the user who pinned the item. */
  created_by: Perhaps<string>;
  /** Of a pin: when the item was pinned, in seconds since the epoch. */
  created: Perhaps<number>;
}
