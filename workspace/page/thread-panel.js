// The open thread: its messages, and the field to reply.

import { Composer } from './composer.js';
import { byId } from './dom.js';
import { MessageList } from './message-list.js';
import { RequestError } from './workspace-socket.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 * @typedef {import('./requests.js').Requests} Requests
 */

export class ThreadPanel {
  list;
  composer;
  #model;
  #requests;
  #onClose;
  /** @type {{ channel: string, ts: string } | undefined} `ts` of the first message */
  #thread;

  /**
   * @param {Model} model
   * @param {Requests} requests
   * @param {object} actions
   * @param {(message: Message) => void} actions.react
   * @param {(message: Message, name: string, on: boolean) => void} actions.toggleReaction
   * @param {(message: Message) => void} actions.remove
   * @param {() => void} actions.onClose called if the focus was in the panel when it closed
   */
  constructor(model, requests, { onClose, ...actions }) {
    this.#model = model;
    this.#requests = requests;
    this.#onClose = onClose;
    this.list = new MessageList(byId('thread-log'), model, {
      ...actions,
      edit: (message) => this.composer.edit(message),
    });
    this.composer = new Composer(byId('reply-form', HTMLFormElement), model, {
      send: (text) => this.#reply(text),
      update: (message, text) => requests.updateMessage(message, text),
      lastOwn: () => this.list.lastOf(model.actor),
      leave: () => this.close(),
    });
    byId('thread-close').addEventListener('click', () => this.close());
  }

  /** The `ts` of the thread's first message; undefined if no thread is open. */
  get ts() {
    return this.#thread?.ts;
  }

  /** The id of the channel; undefined if no thread is open. */
  get channel() {
    return this.#thread?.channel;
  }

  /** @param {Message} message the first message or a reply */
  async open(message) {
    this.composer.stopEditing();
    this.#thread = { channel: message.channel, ts: message.thread_ts ?? message.ts };
    byId('thread').hidden = false;
    document.body.dataset.thread = '';
    byId('thread-place').textContent = this.#model.nameOf(this.#model.channels.get(message.channel));
    await this.load();
    this.composer.focus();
  }

  async load() {
    if (!this.#thread) return;
    const { channel, ts } = this.#thread;
    try {
      const { messages } = await this.#requests.send('thread', { channel, ts });
      if (ts === this.#thread?.ts) this.list.set(messages);
    } catch (error) {
      if (error instanceof RequestError && error.code !== 'lost') this.close();
    }
  }

  close() {
    if (!this.#thread) return;
    const hadFocus = byId('thread').contains(document.activeElement);
    this.#thread = undefined;
    this.composer.stopEditing();
    byId('thread').hidden = true;
    delete document.body.dataset.thread;
    if (hadFocus) this.#onClose();
  }

  /** @param {string} text */
  async #reply(text) {
    await this.#requests.act('post', { channel: this.channel, thread: this.ts, text });
    this.list.scrollToEnd();
  }
}
