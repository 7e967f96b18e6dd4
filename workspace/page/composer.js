// Owns a field to write in: it grows, completes names, sends, edits, and tells when somebody types. What is written
// goes to the `actions` it was given.

import { h } from './dom.js';
import { avatar } from './message-row.js';
import { EMOJI, fromSlack, toSlack } from './text.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 * @typedef {{ label: string, hint?: string, icon?: Node, pick: () => void }} Choice
 *
 * @typedef {object} Actions
 * @property {(text: string) => Promise<unknown>} send
 * @property {(message: Message, text: string) => Promise<unknown>} update
 * @property {() => void} [typing]
 * @property {() => Message | undefined} last the speaker's last message
 * @property {() => void} leave
 */

/** ms between two signs of somebody typing */
const TYPING_PAUSE = 3000;
const MOST_CHOICES = 8;

/** A list to choose from while the focus stays in its field. */
export class Choices {
  #field;
  #list;
  /** @type {Choice[]} */
  #choices = [];
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
    return this.#choices.length > 0;
  }

  /** @param {Choice[]} choices none: the list goes away */
  show(choices) {
    this.#choices = choices.slice(0, MOST_CHOICES);
    this.#list.hidden = choices.length === 0;
    this.#list.replaceChildren(
      ...this.#choices.map(({ label, hint, icon }, index) => {
        const pick = (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#pick(index);
        };
        return h(
          'li',
          { id: `${this.#list.id}-${index}`, role: 'option', onpointerdown: pick },
          icon ?? null,
          h('span', {}, label),
          hint ? h('span', { class: 'muted' }, hint) : null,
        );
      }),
    );
    this.#mark(0);
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was for the list
   */
  key(event) {
    if (!this.isOpen) return false;
    if (event.key === 'ArrowDown') this.#mark(this.#index + 1);
    else if (event.key === 'ArrowUp') this.#mark(this.#index - 1);
    else if (event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey)) this.#pick(this.#index);
    else if (event.key === 'Escape') this.show([]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} index */
  #pick(index) {
    const choice = this.#choices[index];
    this.show([]);
    choice.pick();
  }

  /** @param {number} index */
  #mark(index) {
    const { length } = this.#choices;
    this.#index = length === 0 ? 0 : (index + length) % length;
    [...this.#list.children].forEach((item, at) => item.setAttribute('aria-selected', String(at === this.#index)));
    if (length === 0) this.#field.removeAttribute('aria-activedescendant');
    else this.#field.setAttribute('aria-activedescendant', `${this.#list.id}-${this.#index}`);
  }
}

export class Composer {
  #form;
  #field;
  #model;
  #actions;
  #choices;
  #banner;
  /** @type {Message | undefined} the one that is edited */
  #editing;
  #lastTyping = 0;
  /** A second Enter before the answer would send the same again. */
  #isSending = false;

  /**
   * @param {HTMLFormElement} form
   * @param {Model} model
   * @param {Actions} actions
   */
  constructor(form, model, actions) {
    this.#form = form;
    this.#model = model;
    this.#actions = actions;
    this.#field = /** @type {HTMLTextAreaElement} */ (form.querySelector('textarea'));
    this.#banner = /** @type {HTMLElement} */ (form.querySelector('.editing'));
    this.#choices = new Choices(this.#field, /** @type {HTMLElement} */ (form.querySelector('.options')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#field.addEventListener('keydown', (event) => this.#key(event));
    this.#field.addEventListener('input', () => this.#changed());
    this.#field.addEventListener('blur', () => this.#choices.show([]));
  }

  focus() {
    this.#field.focus();
  }

  /**
   * @param {string} label
   * @param {boolean} isOpen whether the speaker may write here
   */
  name(label, isOpen) {
    this.#field.setAttribute('aria-label', label);
    this.#field.placeholder = label;
    this.#field.disabled = !isOpen;
    for (const button of this.#form.querySelectorAll('button')) if (button.type === 'submit') button.disabled = !isOpen;
  }

  /** @param {Message} message */
  edit(message) {
    this.#editing = message;
    this.#field.value = fromSlack(message.text, this.#model);
    this.#banner.hidden = false;
    this.#banner.replaceChildren(
      'Editing a message ',
      h('button', { type: 'button', class: 'quiet', onclick: () => this.stopEditing() }, 'Cancel'),
    );
    this.#grow();
    this.focus();
  }

  stopEditing() {
    if (!this.#editing) return;
    this.#editing = undefined;
    this.#field.value = '';
    this.#banner.hidden = true;
    this.#grow();
  }

  async #submit() {
    const typed = this.#field.value;
    if (typed.trim() === '' || this.#isSending) return;
    const text = toSlack(typed, this.#model);
    const editing = this.#editing;
    this.#isSending = true;
    try {
      if (editing) await this.#actions.update(editing, text);
      else await this.#actions.send(text);
    } catch {
      return; // Whoever sent it has told why; what was typed stays.
    } finally {
      this.#isSending = false;
    }
    if (this.#field.value === typed) this.#field.value = '';
    this.#editing = undefined;
    this.#banner.hidden = true;
    this.#lastTyping = 0;
    this.#grow();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.isComposing || (isPlain && this.#choices.key(event))) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void this.#submit();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (this.#editing) this.stopEditing();
      else this.#actions.leave();
    } else if (event.key === 'ArrowUp' && isPlain && this.#field.value === '') {
      const last = this.#actions.last();
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  #changed() {
    this.#grow();
    this.#complete();
    const now = performance.now();
    if (this.#editing || this.#field.value === '' || (this.#lastTyping > 0 && now - this.#lastTyping < TYPING_PAUSE))
      return;
    this.#lastTyping = now;
    this.#actions.typing?.();
  }

  #grow() {
    const { style } = this.#field;
    style.height = 'auto';
    style.height = `${Math.min(this.#field.scrollHeight, 200)}px`;
  }

  /** Offers names for the word at the cursor. */
  #complete() {
    const { value, selectionStart: end } = this.#field;
    const [, sign, word] = /(?:^|\s)([@#:])([\p{L}\p{N}_+.-]*)$/u.exec(value.slice(Math.max(0, end - 60), end)) ?? [];
    if (sign === undefined || (sign === ':' && word.length < 2)) {
      this.#choices.show([]);
      return;
    }
    const names = this.#names(sign).filter(({ label }) => label.slice(1).toLowerCase().startsWith(word.toLowerCase()));
    const start = end - word.length - 1;
    this.#choices.show(
      names.map((name) => ({
        ...name,
        pick: () => {
          this.#field.setRangeText(`${name.label} `, start, end, 'end');
          this.#grow();
        },
      })),
    );
  }

  /**
   * @param {string} sign
   * @returns {{ label: string, hint?: string, icon?: Node }[]}
   */
  #names(sign) {
    const { users, channels } = this.#model;
    if (sign === ':') return Object.entries(EMOJI).map(([name, glyph]) => ({ label: `:${name}:`, hint: glyph }));
    if (sign === '#')
      return [...channels.values()].filter(({ isIm }) => !isIm).map(({ name }) => ({ label: `#${name}` }));
    const people = [...users.values()].map(({ id, name, realName, isBot }) => ({
      label: `@${name}`,
      hint: isBot ? 'bot' : realName,
      icon: avatar(name, id),
    }));
    return [
      ...people,
      { label: '@here', hint: 'everybody who is active' },
      { label: '@channel', hint: 'everybody in it' },
    ];
  }
}
