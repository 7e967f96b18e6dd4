// What events are made of: how their fields are typed, and Slack's objects in them.
//
// Events of `@slack/rtm-api` are `any`, and code that was written for it must compile with these types unchanged, strict or
// not. It reads fields that no list has, hands events on to functions that ask for types of its own, writes
// `event.text.match(/…/)[1]` without a look whether there is a match, and reckons with timestamps. Hence these rules:
//
// - Every object is open: a field that is not listed is `any`.
// - No field is optional: `any` was good enough for parameters and types that ask for it.
// - A field that is always there has its type (ids, names, objects): a mistake with it is told.
// - What is left out at times is `any`, and so are texts and timestamps, unless the user asks for more.
//
// Whoever wants all of it checked says so, once, in any file of the project that imports something:
//
//   declare module 'slack-rtm-native' {
//     interface RTMTypeOptions { strictEvents: true }
//   }
//
// What these rules cannot have: an event handed on to a parameter that asks for a field no list has, or for a channel that is
// a number; `'bot_id' in event` and type guards (`isBot(event: any): event is BotMessage`), after which, on the way where it
// is none, TypeScript takes the event for `never`. `(event: any) => …` makes it as it was.

/** What events are made of; `strictEvents`. @module */

/** Settings of these types, made by declaring members: `strictEvents: true` gives every known field its exact type. */
export interface RTMTypeOptions {}

/** `T` with `strictEvents`, else `any`, or what is given. */
export type Loose<T, Else = any> = RTMTypeOptions extends { strictEvents: true } ? T : Else;

/** A field that is left out at times: `T | undefined` with `strictEvents`, else `any`. */
export type Perhaps<T> = Loose<T | undefined>;

/** A field that is nearly always there: `T | undefined` with `strictEvents`, else `T`. */
export type Usually<T> = Loose<T | undefined, T>;

/** `T`, where other fields than the known ones may be read too. */
export type Open<T> = T & { [field: string]: any };

/** What is common to all of Slack's objects and events: fields that are not listed may be read, too. */
export interface SlackObject {
  [field: string]: any;
}

/** A user. */
export interface SlackUser extends SlackObject {
  id: string;
  /** The handle, without `@`. */
  name: string;
  team_id: Perhaps<string>;
  real_name: Perhaps<string>;
  deleted: Perhaps<boolean>;
  color: Perhaps<string>;
  tz: Perhaps<string>;
  tz_label: Perhaps<string>;
  tz_offset: Perhaps<number>;
  /** Names, pictures, status and contact data. */
  profile: Loose<SlackProfile>;
  is_admin: Perhaps<boolean>;
  is_owner: Perhaps<boolean>;
  is_primary_owner: Perhaps<boolean>;
  is_restricted: Perhaps<boolean>;
  is_ultra_restricted: Perhaps<boolean>;
  is_bot: Perhaps<boolean>;
  is_app_user: Perhaps<boolean>;
  is_stranger: Perhaps<boolean>;
  is_email_confirmed: Perhaps<boolean>;
  has_2fa: Perhaps<boolean>;
  locale: Perhaps<string>;
  who_can_share_contact_card: Perhaps<string>;
  /** When the user was changed, in seconds since the epoch. */
  updated: Perhaps<number>;
}

/** A user's profile. */
export interface SlackProfile extends SlackObject {
  real_name: Perhaps<string>;
  display_name: Perhaps<string>;
  first_name: Perhaps<string>;
  last_name: Perhaps<string>;
  title: Perhaps<string>;
  phone: Perhaps<string>;
  email: Perhaps<string>;
  status_text: Perhaps<string>;
  status_emoji: Perhaps<string>;
  image_48: Perhaps<string>;
  image_72: Perhaps<string>;
  image_192: Perhaps<string>;
  bot_id: Perhaps<string>;
}

/** A channel, private channel, or (group) direct message. */
export interface SlackConversation extends SlackObject {
  id: string;
  /** Without `#`. Direct messages have none. */
  name: Usually<string>;
  name_normalized: Perhaps<string>;
  /** When it was made, in seconds since the epoch. */
  created: Perhaps<number>;
  /** The user who made it. */
  creator: Perhaps<string>;
  is_channel: Perhaps<boolean>;
  is_group: Perhaps<boolean>;
  is_im: Perhaps<boolean>;
  is_mpim: Perhaps<boolean>;
  is_private: Perhaps<boolean>;
  is_archived: Perhaps<boolean>;
  is_frozen: Perhaps<boolean>;
  is_general: Perhaps<boolean>;
  is_member: Perhaps<boolean>;
  /** Whether it is shared: with anybody, within the organization, with other ones, with other ones that have not agreed yet. */
  is_shared: Perhaps<boolean>;
  is_org_shared: Perhaps<boolean>;
  is_ext_shared: Perhaps<boolean>;
  is_pending_ext_shared: Perhaps<boolean>;
  context_team_id: Perhaps<string>;
  members: Perhaps<string[]>;
  topic: Perhaps<SlackObject>;
  purpose: Perhaps<SlackObject>;
  last_read: Perhaps<string>;
  latest: Perhaps<SlackObject | null>;
  unread_count: Perhaps<number>;
}

/** A bot. */
export interface SlackBot extends SlackObject {
  /** `B…`: what its messages bear as `bot_id`. */
  id: string;
  name: string;
  app_id: Perhaps<string>;
  deleted: Perhaps<boolean>;
  icons: Perhaps<SlackObject>;
}

/** A file, or its id only, as many events have it. */
export interface SlackFile extends SlackObject {
  id: string;
  name: Perhaps<string>;
  title: Perhaps<string>;
  mimetype: Perhaps<string>;
  filetype: Perhaps<string>;
  user: Perhaps<string>;
  size: Perhaps<number>;
  created: Perhaps<number>;
  url_private: Perhaps<string>;
  url_private_download: Perhaps<string>;
  permalink: Perhaps<string>;
}

/** A user group. */
export interface SlackSubteam extends SlackObject {
  id: string;
  team_id: string;
  name: string;
  /** Without `@`. */
  handle: string;
  description: Perhaps<string>;
  is_usergroup: Perhaps<boolean>;
  is_subteam: Perhaps<boolean>;
  is_external: Perhaps<boolean>;
  /** When it was made, in seconds since the epoch. */
  date_create: Perhaps<number>;
  created_by: Perhaps<string>;
  auto_provision: Perhaps<boolean>;
  users: Perhaps<string[]>;
  user_count: Perhaps<number | string>;
}

/** What a reaction, a star or a pin is on. */
export interface SlackItem extends SlackObject {
  type: Loose<'message' | 'file' | 'file_comment'>;
  /** Where the message is. */
  channel: Usually<string>;
  /** The message's timestamp. */
  ts: Perhaps<string>;
  message: Perhaps<SlackObject>;
  /** The file, or its id. */
  file: Perhaps<SlackObject | string>;
  file_comment: Perhaps<SlackObject | string>;
  /** Of pins: who pinned it, and when, in seconds since the epoch. */
  created_by: Perhaps<string>;
  created: Perhaps<number>;
}
