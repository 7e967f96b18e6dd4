// The state of the page: the workspace's latest snapshot, the selected user and channel, and unread counts.

/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} name
 * @property {string} realName
 * @property {boolean} isBot
 * @property {'active' | 'away'} presence
 * @property {string} [token] of a bot
 *
 * @typedef {object} Channel
 * @property {string} id
 * @property {string} name
 * @property {boolean} isPrivate
 * @property {boolean} isIm
 * @property {string[]} members
 * @property {string} topic
 * @property {string} purpose
 *
 * @typedef {{ users: string[], name: string, count: number }} Reaction
 * @typedef {object} Message as RTM sends it
 * @property {string} ts
 * @property {string} [user]
 * @property {string} [bot_id]
 * @property {string} [username]
 * @property {string} text
 * @property {string} channel
 * @property {string} [subtype]
 * @property {string} [thread_ts]
 * @property {number} [reply_count]
 * @property {Reaction[]} [reactions]
 * @property {object} [edited]
 * @property {boolean} [is_ephemeral]
 * @property {any[]} [attachments]
 * @property {any[]} [blocks]
 *
 * @typedef {object} Snapshot
 * @property {string} apiUrl
 * @property {string} team
 * @property {User[]} users
 * @property {Channel[]} channels
 * @property {{ id: number, bot: string }[]} connections
 * @property {{ replyDelay: number, isHelloHeld: boolean, silent: number[] }} faults
 */

export class Model {
  apiUrl = '';
  team = '';
  /** @type {Map<string, User>} by id */
  users = new Map();
  /** @type {Map<string, Channel>} by id */
  channels = new Map();
  /** @type {Snapshot['connections']} */
  connections = [];
  /** @type {Snapshot['faults']} */
  faults = { replyDelay: 0, isHelloHeld: false, silent: [] };
  /** The id of the selected user, whom the page acts as. */
  actor = '';
  /** The id of the open channel. */
  channel = '';
  /** @type {Map<string, { count: number, isMention: boolean }>} by channel */
  unread = new Map();

  /**
   * Applies a snapshot. A selected user or channel that no longer exists is replaced by one with the same name, or by the
   * first one: after a restart of the workspace the ids may differ.
   *
   * @param {Snapshot} snapshot
   */
  update({ apiUrl, team, users, channels, connections, faults }) {
    const actorName = this.users.get(this.actor)?.name ?? readSelection().actor;
    const channelName = this.channels.get(this.channel)?.name ?? readSelection().channel;
    Object.assign(this, { apiUrl, team, connections, faults });
    this.users = new Map(users.map((user) => [user.id, user]));
    this.channels = new Map(channels.map((channel) => [channel.id, channel]));
    if (!this.users.has(this.actor)) {
      const person = users.find(({ name }) => name === actorName) ?? users.find(({ isBot }) => !isBot) ?? users[0];
      this.actor = person?.id ?? '';
    }
    if (!this.#canSee(this.channels.get(this.channel))) {
      const open = channels.filter((channel) => !channel.isIm);
      this.channel = (open.find(({ name }) => name === channelName) ?? open[0] ?? channels[0])?.id ?? '';
    }
  }

  /** @param {string} id of the user to act as */
  speakAs(id) {
    const other = this.otherMember(this.channels.get(this.channel));
    this.actor = id;
    if (!this.#canSee(this.channels.get(this.channel))) {
      const im = this.ims.find((channel) => other && channel.members.includes(other.id));
      this.channel = (im ?? [...this.channels.values()].find((channel) => !channel.isIm))?.id ?? '';
    }
    this.#saveSelection();
  }

  /** @param {string} id */
  open(id) {
    this.channel = id;
    this.unread.delete(id);
    this.#saveSelection();
  }

  /** Saves the selected user and channel for the next load of the page. */
  #saveSelection() {
    const selection = { actor: this.users.get(this.actor)?.name, channel: this.channels.get(this.channel)?.name };
    try {
      localStorage.setItem('selection', JSON.stringify(selection));
    } catch {
      // Storage is full or forbidden. The page works without it.
    }
  }

  /** All names in one string. When it changes, everything that shows names is redrawn. */
  get names() {
    return [...this.users.values(), ...this.channels.values()].map(({ id, name }) => `${id} ${name}`).join('\n');
  }

  /** The direct messages of the selected user. */
  get ims() {
    return [...this.channels.values()].filter(({ isIm, members }) => isIm && members.includes(this.actor));
  }

  /**
   * The other member of direct messages.
   *
   * @param {Channel | undefined} channel
   * @returns {User | undefined}
   */
  otherMember(channel) {
    if (!channel?.isIm) return undefined;
    return this.users.get(channel.members.find((id) => id !== this.actor) ?? this.actor);
  }

  /** @param {Channel | undefined} channel */
  nameOf(channel) {
    if (!channel) return '';
    return channel.isIm ? `@${this.otherMember(channel)?.name ?? channel.id}` : `#${channel.name}`;
  }

  /** Whether the selected user is a member of the open channel. */
  get isMember() {
    return this.channels.get(this.channel)?.members.includes(this.actor) ?? false;
  }

  /**
   * Counts messages in a channel that is not in view.
   *
   * @param {string} channel
   * @param {number} count
   * @param {boolean} isMention
   */
  countUnread(channel, count, isMention) {
    const unread = this.unread.get(channel) ?? { count: 0, isMention: false };
    this.unread.set(channel, { count: unread.count + count, isMention: unread.isMention || isMention });
  }

  /** @param {Channel | undefined} channel */
  #canSee(channel) {
    return channel !== undefined && (!channel.isIm || channel.members.includes(this.actor));
  }
}

/** @returns {{ actor?: string, channel?: string }} names, not ids */
function readSelection() {
  try {
    return JSON.parse(localStorage.getItem('selection') ?? '{}') ?? {};
  } catch {
    return {};
  }
}
