// The messages of all channels.
'use strict';

/**
 * @typedef {import('../../index').Channel} Channel
 * @typedef {import('../../index').Message} Message
 */

/** Keeps messages by channel and `ts`. Messages are never changed in place: a changed message replaces the earlier one. */
class History {
  #store;
  /** @type {Map<string, Map<string, Message>>} by channel id, then by ts, oldest first */
  #messages = new Map();

  /** @param {import('../store').EntryStore} store */
  constructor(store) {
    this.#store = store;
  }

  /**
   * All messages of a channel, oldest first.
   *
   * @param {{ id: string }} channel
   */
  of({ id }) {
    return [...(this.#messages.get(id)?.values() ?? [])];
  }

  /**
   * @param {Channel} channel
   * @param {unknown} ts
   * @returns {Message | undefined}
   */
  find(channel, ts) {
    return this.#messages.get(channel.id)?.get(String(ts));
  }

  /**
   * The first message of a thread.
   *
   * @param {Channel} channel
   * @param {unknown} threadTs the `ts` of the first message or of a reply
   * @returns {Message | undefined}
   */
  findThreadParent(channel, threadTs) {
    const message = typeof threadTs === 'string' ? this.find(channel, threadTs) : undefined;
    if (message?.thread_ts === undefined || message.thread_ts === message.ts) return message;
    return this.find(channel, message.thread_ts);
  }

  /** @param {Message} message a new one, or one that replaces the message with the same `ts` */
  save(message) {
    this.#store.put('message', `${message.channel}:${message.ts}`, message);
    this.#ofChannel(message.channel).set(message.ts, message);
  }

  /** @param {Message} message */
  delete({ channel, ts }) {
    this.#store.delete('message', `${channel}:${ts}`);
    this.#messages.get(channel)?.delete(ts);
  }

  /** @param {Message[]} messages as stored, in any order */
  restore(messages) {
    for (const message of [...messages].sort((a, b) => (a.ts < b.ts ? -1 : 1))) {
      this.#ofChannel(message.channel).set(message.ts, message);
    }
  }

  /** @param {string} channelId */
  #ofChannel(channelId) {
    let messages = this.#messages.get(channelId);
    if (!messages) this.#messages.set(channelId, (messages = new Map()));
    return messages;
  }
}

module.exports = { History };
