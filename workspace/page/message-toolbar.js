// The buttons on a message: react, reply, edit, delete.

import { h } from './dom.js';

/**
 * @typedef {import('./model.js').Message} Message
 * @typedef {import('./message-list.js').Actions} Actions
 */

/** One set of buttons for a whole list. It moves to the row that has the pointer or the focus. */
export class MessageToolbar {
  /**
   * @param {Actions} actions
   * @param {(ts: string) => Message | undefined} findMessage
   */
  constructor({ react, openThread, edit, remove }, findMessage) {
    const button = (
      /** @type {string} */ sign,
      /** @type {string} */ label,
      /** @type {(message: Message) => void} */ act,
      name = '',
    ) => {
      const onclick = () => {
        const message = findMessage(this.element.parentElement?.dataset.ts ?? '');
        if (message) act(message);
      };
      return h('button', { type: 'button', class: name, title: label, 'aria-label': label, onclick }, sign);
    };
    this.element = h(
      'div',
      { class: 'toolbar', role: 'group', 'aria-label': 'This message', 'aria-live': 'off' },
      button('☺', 'React (r)', react),
      openThread && button('↳', 'Reply in thread (t)', openThread),
      button('✎', 'Edit (e)', edit, 'own'),
      button('×', 'Delete (Delete)', remove, 'own'),
    );
  }

  /**
   * @param {HTMLElement} row
   * @param {boolean} isOwn whether the message can be edited and deleted
   */
  show(row, isOwn) {
    this.element.classList.toggle('mine', isOwn);
    if (this.element.parentElement !== row) row.append(this.element);
  }

  hide() {
    this.element.remove();
  }
}
