// Owns what the page knows: who and what there is, who speaks, what is open, what is unread. Draws nothing.

/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} name
 * @property {string} realName
 * @property {boolean} isBot
 * @property {'active' | 'away'} presence
 * @property {string} [token] a bot's
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
 * @typedef {object} Message as Slack's RTM sends it
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
 * @typedef {object} Directory
 * @property {string} apiUrl
 * @property {string} team
 * @property {User[]} users
 * @property {Channel[]} channels
 * @property {{ id: number, bot: string }[]} connections
 * @property {{ delay: number, holdsHello: boolean, silent: number[] }} faults
 */

export class Model {
  apiUrl = '';
  team = '';
  /** @type {Map<string, User>} by id */
  users = new Map();
  /** @type {Map<string, Channel>} by id */
  channels = new Map();
  /** @type {Directory['connections']} */
  connections = [];
  /** @type {Directory['faults']} */
  faults = { delay: 0, holdsHello: false, silent: [] };
  /** The id of the user that the page speaks as. */
  actor = '';
  /** The id of the channel that is open. */
  channel = '';
  /** @type {Map<string, { count: number, isMention: boolean }>} by channel */
  unread = new Map();

  /**
   * Takes over who and what there is. A speaker or channel that is no more is replaced by one of its name, or the first.
   *
   * @param {Directory} directory
   */
  update({ apiUrl, team, users, channels, connections, faults }) {
    const speaker = this.users.get(this.actor)?.name ?? readPlace().actor;
    const place = this.channels.get(this.channel)?.name ?? readPlace().channel;
    Object.assign(this, { apiUrl, team, connections, faults });
    this.users = new Map(users.map((user) => [user.id, user]));
    this.channels = new Map(channels.map((channel) => [channel.id, channel]));
    if (!this.users.has(this.actor)) {
      const person = users.find(({ name }) => name === speaker) ?? users.find(({ isBot }) => !isBot) ?? users[0];
      this.actor = person?.id ?? '';
    }
    if (!this.#canSee(this.channels.get(this.channel))) {
      const open = channels.filter((channel) => !channel.isIm);
      this.channel = (open.find(({ name }) => name === place) ?? open[0] ?? channels[0])?.id ?? '';
    }
  }

  /** @param {string} id of the user to speak as from now on */
  speakAs(id) {
    const other = this.otherOf(this.channels.get(this.channel));
    this.actor = id;
    if (!this.#canSee(this.channels.get(this.channel))) {
      const im = this.ims.find((channel) => other && channel.members.includes(other.id));
      this.channel = (im ?? [...this.channels.values()].find((channel) => !channel.isIm))?.id ?? '';
    }
    this.remember();
  }

  /** @param {string} id */
  open(id) {
    this.channel = id;
    this.unread.delete(id);
    this.remember();
  }

  /** Keeps speaker and channel for the next time that the page is loaded. */
  remember() {
    const place = { actor: this.users.get(this.actor)?.name, channel: this.channels.get(this.channel)?.name };
    try {
      localStorage.setItem('place', JSON.stringify(place));
    } catch {
      // Then it is not kept.
    }
  }

  /** All names in one: where it changed, what bears names is drawn anew. */
  get names() {
    return [...this.users.values(), ...this.channels.values()].map(({ id, name }) => `${id} ${name}`).join('\n');
  }

  /** The direct messages of the speaker. */
  get ims() {
    return [...this.channels.values()].filter(({ isIm, members }) => isIm && members.includes(this.actor));
  }

  /**
   * The other one in direct messages.
   *
   * @param {Channel | undefined} channel
   * @returns {User | undefined}
   */
  otherOf(channel) {
    if (!channel?.isIm) return undefined;
    return this.users.get(channel.members.find((id) => id !== this.actor) ?? this.actor);
  }

  /** @param {Channel | undefined} channel */
  nameOf(channel) {
    if (!channel) return '';
    return channel.isIm ? `@${this.otherOf(channel)?.name ?? channel.id}` : `#${channel.name}`;
  }

  /** Whether the speaker is a member of the channel that is open. */
  get isMember() {
    return this.channels.get(this.channel)?.members.includes(this.actor) ?? false;
  }

  /**
   * Counts messages that came where nobody looks.
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

/** @returns {{ actor?: string, channel?: string }} by name */
function readPlace() {
  try {
    return JSON.parse(localStorage.getItem('place') ?? '{}') ?? {};
  } catch {
    return {};
  }
}
