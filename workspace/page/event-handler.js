// Applying the events of the workspace to the page.

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 */

/** An edited or deleted message can lose these fields. */
const REMOVABLE_FIELDS = { reactions: undefined, attachments: undefined, blocks: undefined, edited: undefined };

/** Updates the message lists, unread counts and typing notices. */
export class EventHandler {
  #model;
  #list;
  #thread;
  #header;
  #notices;

  /**
   * @param {object} parts
   * @param {Model} parts.model
   * @param {import('./message-list.js').MessageList} parts.list of the open channel
   * @param {import('./thread-panel.js').ThreadPanel} parts.thread
   * @param {import('./header.js').Header} parts.header
   * @param {import('./notices.js').Notices} parts.notices
   */
  constructor({ model, list, thread, header, notices }) {
    this.#model = model;
    this.#list = list;
    this.#thread = thread;
    this.#header = header;
    this.#notices = notices;
  }

  /**
   * @param {any} event as RTM sends it
   * @param {{ user?: string }} audience
   */
  handle(event, audience) {
    switch (event.type === 'message' ? (event.subtype ?? 'message') : event.type) {
      case 'user_typing':
        this.#notices.startTyping(event.user, event.channel);
        break;
      case 'reaction_added':
      case 'reaction_removed':
        this.#onReaction(event);
        break;
      case 'message_changed':
        this.#change(event.message.ts, { ...REMOVABLE_FIELDS, ...event.message });
        break;
      case 'message_deleted':
        this.#countReply(event.previous_message ?? {}, -1);
        for (const list of this.#lists) list.remove(event.deleted_ts);
        if (event.deleted_ts === this.#thread.ts) this.#thread.close();
        break;
      case 'message_replied':
        break; // The reply itself has been counted.
      default:
        if (event.type === 'message') this.#onMessage(event, audience);
    }
  }

  /**
   * Counts skipped messages.
   *
   * @param {string} channel
   * @param {number} number
   */
  skip(channel, number) {
    if (channel === this.#model.channel) this.#list.skip(number);
    else this.#model.countUnread(channel, number, false);
  }

  get #lists() {
    return [this.#list, this.#thread.list];
  }

  /**
   * @param {string} ts
   * @param {Partial<Message>} fields
   */
  #change(ts, fields) {
    for (const list of this.#lists) list.change(ts, fields);
  }

  /**
   * @param {Message} message
   * @param {{ user?: string }} audience
   */
  #onMessage(message, audience) {
    this.#notices.stopTyping(message.user ?? '');
    if (audience.user !== undefined && audience.user !== this.#model.actor) return;
    const isReply = message.thread_ts !== undefined && message.thread_ts !== message.ts;
    if (isReply) {
      if (message.thread_ts === this.#thread.ts) this.#thread.list.add(message);
      this.#countReply(message, 1);
    }
    if (isReply && message.subtype !== 'thread_broadcast') return;
    const isOpen = message.channel === this.#model.channel;
    if (isOpen) this.#list.add(message);
    if (!isOpen || document.hidden) this.#countUnread(message);
  }

  /**
   * @param {Partial<Message>} reply
   * @param {1 | -1} change
   */
  #countReply({ ts, thread_ts: threadTs = '' }, change) {
    const parent = threadTs === ts ? undefined : this.#list.get(threadTs);
    if (parent) this.#list.change(threadTs, { reply_count: Math.max(0, (parent.reply_count ?? 0) + change) });
  }

  /** @param {Message} message */
  #countUnread({ channel: id, text = '', user }) {
    const { actor, channels } = this.#model;
    const channel = channels.get(id);
    if (user === actor || (channel?.isIm && !channel.members.includes(actor))) return;
    const isMention = channel?.isIm || text.includes(`<@${actor}>`) || text.includes('<!');
    this.#model.countUnread(id, 1, isMention);
    this.#header.drawTitle();
  }

  /** @param {any} event */
  #onReaction({ type, user, reaction: name, item: { ts } }) {
    const message = this.#list.get(ts) ?? this.#thread.list.get(ts);
    if (!message) return;
    const reactions = message.reactions ?? [];
    const present = reactions.find((one) => one.name === name);
    const before = present?.users ?? [];
    const users = type === 'reaction_added' ? [...new Set([...before, user])] : before.filter((id) => id !== user);
    const changed = users.length > 0 ? [{ name, users, count: users.length }] : [];
    this.#change(ts, {
      reactions: present ? reactions.flatMap((one) => (one === present ? changed : one)) : [...reactions, ...changed],
    });
  }
}
