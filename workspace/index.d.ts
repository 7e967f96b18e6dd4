// The public types, written by hand. The library checks itself against them (`npm run check`).
// Times: `at` and `connectedAt` are milliseconds since the epoch, durations are milliseconds, Slack's own
// `ts` are strings of seconds with six decimals.

import type { EventEmitter } from 'node:events';

/** A user, by id (`U…`), by name (with or without `@`), or as an object that has the id. */
export type UserRef = string | { id: string };

/** A channel, by id (`C…`, `G…`, `D…`), by name (with or without `#`), or as an object that has the id. */
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
  /** For example `:palm_tree:`; empty for none. */
  statusEmoji: string;
  title?: string;
  /** When the profile was changed, in seconds since the epoch. */
  updated?: number;
  isBot: boolean;
  presence: Presence;
}

/** What of a user's profile is to change. */
export interface Profile {
  realName?: string;
  displayName?: string;
  statusText?: string;
  statusEmoji?: string;
  title?: string;
}

/** A bot: what a client that connects with its token is. `id` is the user id, as in `self.id`. */
export interface Bot extends User {
  /** The id that its messages bear as `bot_id`. */
  botId: string;
  /** `xoxb-…`; any number of clients may use it. */
  token: string;
}

/** A channel, a private channel, the direct messages of two users, or the group conversation of several. */
export interface Channel {
  id: string;
  /** Without `#`; empty for direct messages. */
  name: string;
  isPrivate: boolean;
  isIm: boolean;
  /** A group conversation. */
  isMpim: boolean;
  /** The id of who made it. */
  creator: string;
  /** The ids of the members. */
  members: Set<string>;
  topic: string;
  purpose: string;
  /** Seconds since the epoch. */
  created: number;
}

/** A message as it goes over the wire: Slack's `message` event. */
export interface Message {
  type: 'message';
  channel: string;
  user: string;
  text: string;
  /** Unique in the workspace and rising. */
  ts: string;
  event_ts: string;
  team: string;
  [field: string]: unknown;
}

/** Names a message. */
export interface MessageRef {
  channel: string;
  ts: string;
}

/** Who did something: a client over its socket or over the Web API, the test, or somebody on the page. */
export interface Origin {
  via: 'rtm' | 'web' | 'test' | 'page';
  /** The socket over which it was done. */
  connection?: Connection;
}

/** To whom an event matters: a channel's members, one user, or everybody. */
export interface Audience {
  channel?: string;
  user?: string;
}

/** One frame on the wire, as it came or went. */
export interface WireFrame {
  at: number;
  connection: Connection;
  /** `in`: from the client. */
  direction: 'in' | 'out';
  data: string | Buffer;
}

/** One open socket of a client. */
export interface Connection {
  /** 1, 2, 3, … in the order of opening. */
  readonly id: number;
  readonly bot: Bot;
  readonly connectedAt: number;
  /** Settles when the socket is gone. `code` is the close frame's, 1006 where there was none. */
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** One call of the Web API whose body could be read, as it arrived. Tokens and cookies are left out. */
export interface ApiRequest {
  /** For example `rtm.connect`. */
  method: string;
  at: number;
  /** Whose token it was; undefined where there was none or an unknown one. */
  bot: Bot | undefined;
  /** Query and body together: strings, or what the JSON body held. */
  params: Record<string, unknown>;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
}

/** One frame that a client sent. */
export interface ReceivedFrame {
  at: number;
  connection: Connection;
  bot: Bot;
  /** The frame as it came: a string, or a Buffer where it was binary. */
  data: string | Buffer;
  /** The frame parsed; undefined where it is no JSON object. */
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
  /** Default: a random one. */
  token?: string;
}

export interface ChannelSeed {
  name: string;
  id?: string;
  isPrivate?: boolean;
  /** Default: everybody, also bots added later. */
  members?: UserRef[];
  topic?: string;
  purpose?: string;
}

export interface StartOptions {
  /** Default 0: a free one. */
  port?: number;
  /** The address to listen on; default `127.0.0.1`. Whoever reaches another one can do anything to the workspace. */
  host?: string;
  /**
   * A file that keeps the workspace: users, bots and their tokens, channels, messages. Made where there is none; where there
   * is one, `team`, `bots`, `users` and `channels` are not used. Needs `node:sqlite` (Node.js 22.13) or better-sqlite3.
   */
  data?: string;
  team?: { id?: string; name?: string; domain?: string };
  /** Default `['robot']`. The first one is `slack.bot`. */
  bots?: Array<string | BotSeed>;
  /** Default `['ann', 'bob', 'carol']`. */
  users?: Array<string | UserSeed>;
  /** Default `['general', 'random']`. */
  channels?: Array<string | ChannelSeed>;
  /** For how long a socket URL may be used, once; default 30000 ms. */
  ticketLifetime?: number;
  /** How often a connection gets a `reconnect_url`; default 180000 ms; 0: never. */
  reconnectUrlEvery?: number;
  /** A longer frame of a client ends its connection (close code 1009), as at Slack; default 16384 bytes. */
  maxFrameBytes?: number;
}

/** `timeout`: ms until the promise rejects with a `TimeoutError`; default 5000; Infinity waits for ever. */
export interface WaitOptions {
  timeout?: number;
}

export interface MessageFilter extends WaitOptions {
  /** The bot that speaks. */
  from?: UserRef;
  /** A channel; `@ann` stands for the direct messages with ann. */
  in?: ChannelRef;
  /** The whole text, or a pattern that it matches. */
  text?: string | RegExp;
}

export interface EventFilter extends WaitOptions {
  /** For example `reaction_added`. */
  type?: string;
  /** For example `message_changed`. */
  subtype?: string;
  /** The user who did it; of an edited or deleted message, its author. */
  from?: UserRef;
  /** A channel; `@ann` stands for the direct messages with ann. */
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

/** Which connections: those of a bot, or one. Default: all. */
export interface Target {
  to?: UserRef | Connection;
}

/** An object goes out as JSON escaped as Slack does, a string as it is, a Buffer as a binary frame. */
export type Frame = object | string | Buffer;

export interface ReplayOptions extends Target {
  /** Multiple of the recorded pace; default Infinity: as fast as the clients read. */
  speed?: number;
  /** When each frame was recorded, in seconds; default: its `event_ts` or `ts`. No time: right after the one before. */
  times?: number[];
  /** The longest pause between two frames, in ms; default 2000. */
  maxPause?: number;
}

/** A user of the workspace, to act as. */
export interface Person extends Readonly<User> {
  /**
   * Posts a message. `text` goes out as given: write a mention as `<@U…>`. `extra` adds fields, for example
   * `{ thread_ts }` or `{ subtype: 'me_message' }`.
   */
  say(channel: ChannelRef, text: string, extra?: Record<string, unknown>): Message;
  /** Posts a direct message to another user, mostly a bot. */
  dm(to: UserRef, text: string, extra?: Record<string, unknown>): Message;
  /** Answers in the message's thread; `{ subtype: 'thread_broadcast' }` shows it in the channel, too. */
  reply(message: MessageRef, text: string, extra?: Record<string, unknown>): Message;
  /** Changes a message of this user's; gives it as it is then. */
  edit(message: MessageRef, text: string): Message;
  /** Deletes a message of this user's. */
  delete(message: MessageRef): void;
  /** Adds a reaction by the emoji's name, for example `thumbsup`. */
  react(message: MessageRef, name: string): void;
  /** Takes a reaction away. */
  unreact(message: MessageRef, name: string): void;
  /** Makes a channel and joins it. */
  create(name: string, options?: { isPrivate?: boolean }): Channel;
  /** False where the user is a member already. */
  join(channel: ChannelRef): boolean;
  /** False where the user is no member. */
  leave(channel: ChannelRef): boolean;
  /** Makes others members of a channel. */
  invite(channel: ChannelRef, users: UserRef | UserRef[]): void;
  /** Opens the direct messages with a user, or a group conversation with several. */
  open(users: UserRef | UserRef[]): Channel;
  /** Everybody gets `user_change`. */
  setProfile(fields: Profile): void;
  /** Members of the channel get `user_typing`. */
  typing(channel: ChannelRef): void;
  /** Connections that subscribed to this user get `presence_change`. */
  setPresence(presence: Presence): void;
}

/** How a refused rtm.connect or rtm.start call is answered. */
export type ConnectRefusal =
  /** 200 with `{"ok":false,"error":…}` and the other fields given. */
  | { error: string; [field: string]: unknown }
  /** Any HTTP answer; an object as `body` goes out as JSON. */
  | { status: number; headers?: Record<string, string>; body?: string | object }
  /** 200 with a page in place of JSON. */
  | { html: string }
  /** No answer: the connection is cut. */
  | { drop: true }
  /** No answer: the call stays open until the client gives up. */
  | { hang: true };

export interface RateLimitOptions {
  /** How many Web API calls are refused with 429; default 1. */
  calls?: number;
  /** How many messages over sockets are refused; default 1. */
  messages?: number;
  /** Seconds, as the header `Retry-After` says; default 30. */
  retryAfter?: number;
  /** Only calls of this method, for example `chat.postMessage`. */
  method?: string;
}

export interface GoodbyeOptions extends Target {
  /** ms between `goodbye` and the close frame; default 1000. */
  closeAfter?: number;
}

export interface MigrateOptions extends Target {
  /** How many connect calls are then refused with `migration_in_progress`; default 1. */
  refusals?: number;
}

export interface FloodOptions {
  /** How many messages; default 1000. */
  count?: number;
  /** Default 5000; fewer where clients read more slowly. */
  perSecond?: number;
  /** Default: the first channel. */
  channel?: ChannelRef;
  /** Who writes; default: the first user in the channel. */
  user?: UserRef;
  /** What the n-th message says, counted from 0. */
  text?: (n: number) => string;
}

/** What cannot be had from Slack on demand. All of it ends with `clear()`. */
export interface Faults {
  /** Destroys sockets without a close frame. Gives the number of connections hit, as the next two do. */
  drop(target?: Target): number;
  /** Sends a close frame; default 1000. */
  close(code?: number, reason?: string, target?: Target): number;
  /**
   * Half-open: the present connections stay open, but nothing they send is read or answered (no pong, no close
   * handshake) and nothing is sent to them. Connections made later are not silent. `false` ends it: what came in
   * meanwhile is then handled, what would have gone out is lost.
   */
  silence(on?: boolean, target?: Target): number;
  /** Holds back every reply to a message or ping by this many ms; 0 ends it for later ones. */
  delayReplies(ms: number): void;
  /** The next `times` (default 1) calls of rtm.connect or rtm.start are answered so. Several calls queue up. */
  refuseConnect(answer: ConnectRefusal, times?: number): void;
  /** The next `times` (default 1) socket upgrades are refused with this HTTP status; default 503. */
  refuseSocket(status?: number, times?: number): void;
  /** Connections made from now on get no `hello`, and no event, until `holdHello(false)`. */
  holdHello(on?: boolean): void;
  /** Refuses the next Web API calls with 429 and the next messages over sockets with the rate limit's error. */
  rateLimit(options?: RateLimitOptions): void;
  /** Sends `goodbye`, and closes the connections a while later. Gives the number of connections. */
  goodbye(options?: GoodbyeOptions): number;
  /** Sends `team_migration_started`, closes, and refuses the next connect calls. Gives the number of connections. */
  migrate(options?: MigrateOptions): number;
  /** Sends many messages that nobody keeps. Resolves with their number: all, unless `clear()` or `close()` ended it. */
  flood(options?: FloodOptions): Promise<number>;
  /** Ends all faults that last. */
  clear(): void;
}

/** The names and arguments of what `slack.events` emits. */
export interface WorkspaceEvents {
  /** All that happens, as RTM tells it: `message` with its subtypes, `reaction_added`, `channel_created`, … */
  event: [event: Record<string, unknown>, audience: Audience, origin: Origin];
  /** Every frame, both ways. */
  frame: [frame: WireFrame];
  /** A message was posted. */
  message: [message: Message, origin: Origin];
  typing: [event: { channel: string; user: string }, origin: Origin];
  presence: [users: User[], presence: Presence];
  connection: [connection: Connection];
  disconnection: [connection: Connection, why: { code: number; reason: string }];
  /** `size`: bytes of the query and the body. */
  request: [request: ApiRequest, size: number];
  received: [frame: ReceivedFrame];
  sent: [connection: Connection, data: string | Buffer];
}

/**
 * A small Slack on 127.0.0.1.
 *
 * The `next…` methods share one rule: each hands out the oldest entry that matches and that no earlier call of the
 * same method handed out, else waits for the first to come. So nothing is missed that happened before the call,
 * nothing is handed out twice, and entries that do not match stay for later calls.
 */
export class Workspace {
  private constructor();
  static start(options?: StartOptions): Promise<Workspace>;

  /** `http://127.0.0.1:PORT/api/`: a client's `slackApiUrl`. */
  readonly apiUrl: string;
  /** Where a browser finds the page. */
  readonly pageUrl: string;
  /** The token of `bot`. */
  readonly token: string;
  /** The first bot. */
  readonly bot: Bot;
  readonly bots: Bot[];
  readonly team: Team;
  /** People and bots. */
  readonly users: User[];
  /** With direct messages. */
  readonly channels: Channel[];
  /** The open ones, oldest first. */
  readonly connections: Connection[];
  /** The last 10,000 Web API calls, oldest first; of those above 10 kB the last 100 MB. */
  readonly requests: ApiRequest[];
  /** The last 10,000 frames from clients, oldest first; of those above 10 kB the last 100 MB. */
  readonly received: ReceivedFrame[];
  readonly faults: Faults;
  /** Everything that happens, as it happens: see `WorkspaceEvents`. */
  readonly events: EventEmitter;

  /** A further bot with a token of its own; it joins all channels that are open to everybody. */
  addBot(bot: string | BotSeed): Bot;
  /** The user to act as. Throws where there is none. */
  user(user: UserRef): Person;
  /** Throws where there is none. */
  channel(channel: ChannelRef): Channel;
  /** The direct messages of a user and a bot (default: the first one); made where there are none. */
  im(user: UserRef, bot?: UserRef): Channel;
  /** All messages of a channel, oldest first. */
  messages(channel: ChannelRef): Message[];
  /** Changes several users at once: connections aware of batches get one `presence_change`. */
  setPresence(users: UserRef[], presence: Presence): void;

  /** The next message that a client posts, over its socket or by chat.postMessage. What the test says is not meant. */
  nextMessage(filter?: MessageFilter): Promise<Message>;
  /** The next event of any type that a client causes: an edit, a reaction, a channel joined, … */
  nextEvent(filter?: EventFilter): Promise<Record<string, any>>;
  /** The next connection; it has been sent its `hello`, unless that is held. */
  nextConnection(filter?: ConnectionFilter): Promise<Connection>;
  nextRequest(filter?: RequestFilter): Promise<ApiRequest>;
  /** The next frame that a client sends. */
  nextFrame(filter?: FrameFilter): Promise<ReceivedFrame>;

  /** Sends a frame to clients at once, also before `hello`. Gives the number of connections that it went to. */
  emit(frame: Frame, target?: Target): number;
  /**
   * Sends a stream of frames: newline-delimited JSON (the lines go out as they are) or an array. Resolves with the
   * number of frames sent: all of them, unless the last connection ended. Rejects where no client is connected.
   */
  replay(frames: string | Frame[], options?: ReplayOptions): Promise<number>;

  /** Ends all connections and the server; every wait rejects. Resolves when no handle is left. */
  close(): Promise<void>;
}
