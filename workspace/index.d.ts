// The public types, written by hand. The library's code is checked against them (`npm run check`).
//
// Units: durations are milliseconds; `at` and `connectedAt` are milliseconds since the epoch; Slack's `ts` is a string of
// seconds since the epoch with six decimals.

import type { EventEmitter } from 'node:events';

/** A user: by id (`U…`), by name (with or without `@`), or an object with the id. */
export type UserRef = string | { id: string };

/** A channel: by id (`C…`, `G…`, `D…`), by name (with or without `#`), or an object with the id. */
export type ChannelRef = string | { id: string };

export type Presence = 'active' | 'away';

export interface Team {
  id: string;
  name: string;
  /** The part before `.slack.com`. */
  domain: string;
}

/** A person or a bot. */
export interface User {
  id: string;
  /** The handle, without `@`. */
  name: string;
  realName: string;
  displayName: string;
  statusText: string;
  /** For example `:palm_tree:`; empty if there is none. */
  statusEmoji: string;
  title?: string;
  /** The time of the last change of the profile, in seconds since the epoch. */
  updated?: number;
  isBot: boolean;
  presence: Presence;
}

/** The fields of a profile to change. A field that is left out stays as it is. */
export interface Profile {
  realName?: string;
  displayName?: string;
  statusText?: string;
  statusEmoji?: string;
  title?: string;
}

/** The user that a client with the bot's token acts as. `id` is the user id, as in `self.id`. */
export interface Bot extends User {
  /** The `bot_id` of its messages. */
  botId: string;
  /** `xoxb-…`. Several clients can use it at once. */
  token: string;
}

/** A channel, a private channel, the direct messages of two users, or a group conversation. */
export interface Channel {
  id: string;
  /** Without `#`. Empty for direct messages. */
  name: string;
  isPrivate: boolean;
  isIm: boolean;
  /** A group conversation. */
  isMpim: boolean;
  /** The id of the user who created it. */
  creator: string;
  /** The ids of the members. */
  members: Set<string>;
  topic: string;
  purpose: string;
  /** Seconds since the epoch. */
  created: number;
}

/** Slack's `message` event. */
export interface Message {
  type: 'message';
  channel: string;
  user: string;
  text: string;
  /** Unique in the workspace, and greater than every earlier one. */
  ts: string;
  event_ts: string;
  team: string;
  [field: string]: unknown;
}

/** Identifies a message. */
export interface MessageRef {
  channel: string;
  ts: string;
}

/** The cause of an event: a client's socket, a client's Web API call, the test, or the page. */
export interface Origin {
  via: 'rtm' | 'web' | 'test' | 'page';
  /** The client's connection, if the event was caused over a socket. */
  connection?: Connection;
}

/** The users who get an event: the members of a channel, one user, or, if both are undefined, all users. */
export interface Audience {
  channel?: string;
  user?: string;
}

/** A frame that was received or sent. */
export interface WireFrame {
  at: number;
  connection: Connection;
  /** `in` is from the client, `out` to the client. */
  direction: 'in' | 'out';
  data: string | Buffer;
}

/** A client's connection. */
export interface Connection {
  /** 1, 2, 3, … in the order in which the connections open. */
  readonly id: number;
  readonly bot: Bot;
  readonly connectedAt: number;
  /** Resolves when the socket is closed. `code` is the close frame's, or 1006 if there was no close frame. */
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** A Web API call whose body could be read. Tokens and cookies are removed. */
export interface ApiRequest {
  /** For example `rtm.connect`. */
  method: string;
  at: number;
  /** The bot of the token; undefined if the token is missing or unknown. */
  bot: Bot | undefined;
  /** The arguments of query and body: strings, or any values from a JSON body. */
  params: Record<string, unknown>;
  /** By name in lower case. */
  headers: Record<string, string | string[] | undefined>;
}

/** A frame that a client sent. */
export interface ReceivedFrame {
  at: number;
  connection: Connection;
  bot: Bot;
  /** The frame as received: a string, or a Buffer if it is binary. */
  data: string | Buffer;
  /** The parsed frame; undefined if it is not a JSON object. */
  frame: Record<string, unknown> | undefined;
}

export interface UserSeed {
  name: string;
  id?: string;
  realName?: string;
  /** Default `active`. */
  presence?: Presence;
}

export interface BotSeed {
  name: string;
  id?: string;
  realName?: string;
  /** Default: a random token. */
  token?: string;
}

export interface ChannelSeed {
  name: string;
  id?: string;
  isPrivate?: boolean;
  /** Default: all users, and also bots that are added later. */
  members?: UserRef[];
  topic?: string;
  purpose?: string;
}

export interface StartOptions {
  /** Default 0: any free port. */
  port?: number;
  /** The address to listen on; default `127.0.0.1`. Anyone who can reach another address controls the workspace. */
  host?: string;
  /**
   * A file that keeps the team, users, tokens, channels and messages. It is created if it does not exist. If it contains a
   * workspace already, `team`, `bots`, `users` and `channels` are ignored. Needs `node:sqlite` (Node.js 22.13 or later) or
   * the package better-sqlite3.
   */
  data?: string;
  team?: { id?: string; name?: string; domain?: string };
  /** Default `['robot']`. The first bot is `slack.bot`. */
  bots?: Array<string | BotSeed>;
  /** Default `['ann', 'bob', 'carol']`. */
  users?: Array<string | UserSeed>;
  /** Default `['general', 'random']`. */
  channels?: Array<string | ChannelSeed>;
  /** The time within which a socket URL can be used, once; default 30000. */
  ticketLifetime?: number;
  /** The time between two `reconnect_url` events of a connection; default 180000; 0 turns them off. */
  reconnectUrlEvery?: number;
  /** The longest frame of a client in bytes; default 16384, as at Slack. A longer one ends the connection (code 1009). */
  maxFrameBytes?: number;
}

export interface WaitOptions {
  /** The time until the promise rejects with a `TimeoutError`; default 5000; Infinity turns the timeout off. */
  timeout?: number;
}

export interface MessageFilter extends WaitOptions {
  /** The bot that posted the message. */
  from?: UserRef;
  /** A channel, or `@ann` for the direct messages with ann. */
  in?: ChannelRef;
  /** The whole text, or a pattern. */
  text?: string | RegExp;
}

export interface EventFilter extends WaitOptions {
  /** For example `reaction_added`. */
  type?: string;
  /** For example `message_changed`. */
  subtype?: string;
  /** The user in the event. For an edited or deleted message this is the author. */
  from?: UserRef;
  /** A channel, or `@ann` for the direct messages with ann. */
  in?: ChannelRef;
}

export interface ConnectionFilter extends WaitOptions {
  bot?: UserRef;
}

export interface RequestFilter extends WaitOptions {
  /** For example `rtm.connect`. */
  method?: string;
}

export interface FrameFilter extends WaitOptions {
  from?: UserRef;
  /** The frame's `type`, for example `ping`. */
  type?: string;
}

export interface Target {
  /** A bot, for all its connections, or one connection. Default: all connections. */
  to?: UserRef | Connection;
}

/** An object is sent as JSON with Slack's escapes, a string as it is, a Buffer as a binary frame. */
export type Frame = object | string | Buffer;

export interface ReplayOptions extends Target {
  /** A multiple of the recorded pace; default Infinity: as fast as the clients read. */
  speed?: number;
  /**
   * The time of each frame in seconds; default: its `event_ts` or `ts`. A frame without a time is sent right after the
   * one before it.
   */
  times?: number[];
  /** The longest pause between two frames; default 2000. */
  maxPause?: number;
}

/** A user of the workspace, for acting as that user. A refused action throws an error with Slack's code in `code`. */
export interface Person extends Readonly<User> {
  /**
   * Posts a message. `text` is sent as it is: a mention is `<@U…>`. `extra` adds fields, for example `{ thread_ts }` or
   * `{ subtype: 'me_message' }`.
   */
  say(channel: ChannelRef, text: string, extra?: Record<string, unknown>): Message;
  /** Posts a direct message to another user or a bot. */
  dm(to: UserRef, text: string, extra?: Record<string, unknown>): Message;
  /** Replies in the message's thread. With `{ subtype: 'thread_broadcast' }` the reply is also shown in the channel. */
  reply(message: MessageRef, text: string, extra?: Record<string, unknown>): Message;
  /** Edits a message of this user, and returns the edited message. */
  edit(message: MessageRef, text: string): Message;
  /** Deletes a message of this user. */
  delete(message: MessageRef): void;
  /** Adds a reaction by the emoji's name, for example `thumbsup`. */
  react(message: MessageRef, name: string): void;
  /** Removes a reaction. */
  unreact(message: MessageRef, name: string): void;
  /** Creates a channel and joins it. */
  create(name: string, options?: { isPrivate?: boolean }): Channel;
  /** Returns false if the user is a member already. */
  join(channel: ChannelRef): boolean;
  /** Returns false if the user is not a member. */
  leave(channel: ChannelRef): boolean;
  /** Makes other users members of a channel. */
  invite(channel: ChannelRef, users: UserRef | UserRef[]): void;
  /** Opens the direct messages with one user, or a group conversation with several. */
  open(users: UserRef | UserRef[]): Channel;
  /** Changes the profile. All users get `user_change`. */
  setProfile(fields: Profile): void;
  /** Sends `user_typing` to the members of the channel. */
  typing(channel: ChannelRef): void;
  /** Sets the presence. Connections that have subscribed to this user get `presence_change`. */
  setPresence(presence: Presence): void;
}

/** The response to a refused rtm.connect or rtm.start call. */
export type ConnectRefusal =
  /** Status 200 with `{"ok":false,"error":…}` and the other fields. */
  | { error: string; [field: string]: unknown }
  /** Any HTTP response. An object as `body` is sent as JSON. */
  | { status: number; headers?: Record<string, string>; body?: string | object }
  /** Status 200 with an HTML page instead of JSON. */
  | { html: string }
  /** No response: the connection is destroyed. */
  | { drop: true }
  /** No response: the call stays open until the client gives up. */
  | { hang: true };

export interface RateLimitOptions {
  /** The number of Web API calls to refuse with 429; default 1. */
  calls?: number;
  /** The number of messages over sockets to refuse; default 1. */
  messages?: number;
  /** The header `Retry-After` in seconds; default 30. */
  retryAfter?: number;
  /** Refuses only calls of this method, for example `chat.postMessage`. */
  method?: string;
}

export interface GoodbyeOptions extends Target {
  /** The time between `goodbye` and the close frame; default 1000. */
  closeAfter?: number;
}

export interface MigrateOptions extends Target {
  /** The number of connect calls to refuse with `migration_in_progress`; default 1. */
  refusals?: number;
}

export interface FloodOptions {
  /** The number of messages; default 1000. */
  count?: number;
  /** Default 5000. The flood is slower if a client reads more slowly. */
  perSecond?: number;
  /** Default: the first channel. */
  channel?: ChannelRef;
  /** The author; default: the first person in the channel. */
  user?: UserRef;
  /** The text of the n-th message, counted from 0. */
  text?: (n: number) => string;
}

/** Failures that Slack does not produce on demand. `clear()` ends them. */
export interface Faults {
  /** Destroys sockets without a close frame. Returns the number of connections, as `close` and `silence` do. */
  drop(target?: Target): number;
  /** Sends a close frame. The default code is 1000. */
  close(code?: number, reason?: string, target?: Target): number;
  /**
   * Makes the open connections half-open: they stay open, but nothing from them is read or answered (no pong, no close
   * handshake), and nothing is sent to them. Later connections are not affected. `false` ends it: frames that have arrived
   * in the meantime are handled; frames that would have been sent are lost.
   */
  silence(on?: boolean, target?: Target): number;
  /** Delays every reply to a message or ping. 0 turns the delay off for later replies. */
  delayReplies(ms: number): void;
  /**
   * Answers the next `times` (default 1) calls of rtm.connect or rtm.start with this response. Further calls of
   * `refuseConnect` apply after that.
   */
  refuseConnect(response: ConnectRefusal, times?: number): void;
  /** Refuses the next `times` (default 1) socket upgrades with an HTTP status; default 503. */
  refuseSocket(status?: number, times?: number): void;
  /** Sends no `hello` and no events to new connections, until `holdHello(false)`. */
  holdHello(on?: boolean): void;
  /** Refuses the next Web API calls with 429, and the next messages over sockets with the error of a rate limit. */
  rateLimit(options?: RateLimitOptions): void;
  /** Sends `goodbye`, and closes the connections later. Returns the number of connections. */
  goodbye(options?: GoodbyeOptions): number;
  /**
   * Sends `team_migration_started`, closes the connections, and refuses the next connect calls. Returns the number of
   * connections.
   */
  migrate(options?: MigrateOptions): number;
  /**
   * Sends many messages, which are not kept. Resolves with the number of messages sent: `count`, unless `clear()` or
   * `close()` has ended the flood.
   */
  flood(options?: FloodOptions): Promise<number>;
  /** Ends all faults. */
  clear(): void;
}

/** The events of `slack.events` and their arguments. */
export interface WorkspaceEvents {
  /** Every Slack event: `message` with its subtypes, `reaction_added`, `channel_created`, … */
  event: [event: Record<string, unknown>, audience: Audience, origin: Origin];
  /** Every frame in both directions. */
  frame: [frame: WireFrame];
  /** A message was posted. */
  message: [message: Message, origin: Origin];
  typing: [event: { channel: string; user: string }, origin: Origin];
  presence: [users: User[], presence: Presence];
  connection: [connection: Connection];
  disconnection: [connection: Connection, why: { code: number; reason: string }];
  /** `size` is the number of bytes of query and body. */
  request: [request: ApiRequest, size: number];
  received: [frame: ReceivedFrame];
  sent: [connection: Connection, data: string | Buffer];
}

/**
 * A local Slack workspace.
 *
 * Each `next…` method resolves with the oldest matching entry that no earlier call of the same method has returned. If there
 * is none, it waits for one. So an entry from before the call is not missed, no entry is returned twice, and entries that do
 * not match are kept for later calls.
 */
export class Workspace {
  private constructor();
  static start(options?: StartOptions): Promise<Workspace>;

  /** The `slackApiUrl` of a client: `http://127.0.0.1:PORT/api/`. */
  readonly apiUrl: string;
  /** The URL of the page for a browser. */
  readonly pageUrl: string;
  /** The token of `bot`. */
  readonly token: string;
  /** The first bot. */
  readonly bot: Bot;
  readonly bots: Bot[];
  readonly team: Team;
  /** People and bots. */
  readonly users: User[];
  /** Including direct messages. */
  readonly channels: Channel[];
  /** The open connections, oldest first. */
  readonly connections: Connection[];
  /** The last 10,000 Web API calls, oldest first. Of calls above 10 kB, only the last 100 MB are kept. */
  readonly requests: ApiRequest[];
  /** The last 10,000 frames from clients, oldest first. Of frames above 10 kB, only the last 100 MB are kept. */
  readonly received: ReceivedFrame[];
  readonly faults: Faults;
  /** Emits everything that happens: see `WorkspaceEvents`. */
  readonly events: EventEmitter;

  /** Adds a bot with its own token. It joins the channels that all users are members of by default. */
  addBot(bot: string | BotSeed): Bot;
  /** A user to act as. Throws if there is no such user. */
  user(user: UserRef): Person;
  /** Throws if there is no such channel. */
  channel(channel: ChannelRef): Channel;
  /** The direct messages of a user and a bot (default: the first bot). They are created if they do not exist. */
  im(user: UserRef, bot?: UserRef): Channel;
  /** All messages of a channel, oldest first. */
  messages(channel: ChannelRef): Message[];
  /** Changes several users at once. Connections that accept batches get one `presence_change`. */
  setPresence(users: UserRef[], presence: Presence): void;

  /** The next message that a client posts, over its socket or by chat.postMessage. Messages of the test do not count. */
  nextMessage(filter?: MessageFilter): Promise<Message>;
  /** The next event that a client causes: an edit, a reaction, a joined channel, … */
  nextEvent(filter?: EventFilter): Promise<Record<string, any>>;
  /** The next connection. Its `hello` has been sent, unless `holdHello` is on. */
  nextConnection(filter?: ConnectionFilter): Promise<Connection>;
  /** The next Web API call. */
  nextRequest(filter?: RequestFilter): Promise<ApiRequest>;
  /** The next frame that a client sends. */
  nextFrame(filter?: FrameFilter): Promise<ReceivedFrame>;

  /** Sends a frame to clients at once, even before `hello`. Returns the number of connections. */
  emit(frame: Frame, target?: Target): number;
  /**
   * Sends recorded frames: newline-delimited JSON, whose lines are sent as they are, or an array. Resolves with the number
   * of frames sent: all, unless the last connection has ended. Rejects if no client is connected.
   */
  replay(frames: string | Frame[], options?: ReplayOptions): Promise<number>;

  /** Ends all connections and the server. Pending `next…` calls reject. Resolves when no handle is left. */
  close(): Promise<void>;
}
