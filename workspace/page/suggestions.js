// A list of suggestions below or above a text field.

import { h } from './dom.js';

/**
 * @typedef {object} Suggestion
 * @property {string} label
 * @property {string} [hint]
 * @property {Node} [icon]
 * @property {() => void} accept
 */

const MAX_SUGGESTIONS = 8;

/** Shows suggestions while the focus stays in the field. Arrow keys select one, Enter or Tab accepts it, Esc closes the list. */
export class Suggestions {
  #field;
  #list;
  /** @type {Suggestion[]} */
  #suggestions = [];
  #index = 0;

  /**
   * @param {HTMLElement} field
   * @param {HTMLElement} list
   */
  constructor(field, list) {
    this.#field = field;
    this.#list = list;
  }

  get isOpen() {
    return this.#suggestions.length > 0;
  }

  /** @param {Suggestion[]} suggestions an empty list hides the element */
  show(suggestions) {
    this.#suggestions = suggestions.slice(0, MAX_SUGGESTIONS);
    this.#list.hidden = suggestions.length === 0;
    this.#list.replaceChildren(
      ...this.#suggestions.map(({ label, hint, icon }, index) => {
        const accept = (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#accept(index);
        };
        return h(
          'li',
          { id: `${this.#list.id}-${index}`, role: 'option', onpointerdown: accept },
          icon ?? null,
          h('span', {}, label),
          hint ? h('span', { class: 'muted' }, hint) : null,
        );
      }),
    );
    this.#select(0);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the list has handled the key
   */
  handleKey(event) {
    if (!this.isOpen) return false;
    if (event.key === 'ArrowDown') this.#select(this.#index + 1);
    else if (event.key === 'ArrowUp') this.#select(this.#index - 1);
    else if (event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey)) this.#accept(this.#index);
    else if (event.key === 'Escape') this.show([]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} index */
  #accept(index) {
    const suggestion = this.#suggestions[index];
    this.show([]);
    suggestion.accept();
  }

  /** @param {number} index */
  #select(index) {
    const { length } = this.#suggestions;
    this.#index = length === 0 ? 0 : (index + length) % length;
    [...this.#list.children].forEach((item, at) => item.setAttribute('aria-selected', String(at === this.#index)));
    if (length === 0) this.#field.removeAttribute('aria-activedescendant');
    else this.#field.setAttribute('aria-activedescendant', `${this.#list.id}-${this.#index}`);
  }
}
