// The field for writing and editing messages.

import { h } from './dom.js';
import { EMOJI } from './emoji.js';
import { avatar } from './icons.js';
import { fromSlack, toSlack } from './slack-text.js';
import { Suggestions } from './suggestions.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Actions
 * @property {(text: string) => Promise<unknown>} send
 * @property {(message: Message, text: string) => Promise<unknown>} update
 * @property {() => void} [typing]
 * @property {() => Message | undefined} lastOwn the selected user's last message
 * @property {() => void} leave moves the focus out of the field
 */

/** ms between two typing notifications */
const TYPING_INTERVAL = 3000;

/** Grows with its text, suggests names, converts text to Slack's format, and edits earlier messages. */
export class Composer {
  #form;
  #field;
  #model;
  #actions;
  #suggestions;
  #banner;
  /** @type {Message | undefined} the message that is being edited */
  #editing;
  #lastTyping = 0;
  /** Prevents a second Enter from sending the same text again. */
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
    this.#suggestions = new Suggestions(this.#field, /** @type {HTMLElement} */ (form.querySelector('.options')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#field.addEventListener('keydown', (event) => this.#handleKey(event));
    this.#field.addEventListener('input', () => this.#onInput());
    this.#field.addEventListener('blur', () => this.#suggestions.show([]));
  }

  focus() {
    this.#field.focus();
  }

  /**
   * @param {string} label
   * @param {boolean} isEnabled whether the selected user may write here
   */
  setLabel(label, isEnabled) {
    this.#field.setAttribute('aria-label', label);
    this.#field.placeholder = label;
    this.#field.disabled = !isEnabled;
    for (const button of this.#form.querySelectorAll('button'))
      if (button.type === 'submit') button.disabled = !isEnabled;
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
      return; // The action has shown the reason. The text stays in the field.
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
  #handleKey(event) {
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey;
    if (event.isComposing || (isPlain && this.#suggestions.handleKey(event))) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void this.#submit();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      if (this.#editing) this.stopEditing();
      else this.#actions.leave();
    } else if (event.key === 'ArrowUp' && isPlain && this.#field.value === '') {
      const last = this.#actions.lastOwn();
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  #onInput() {
    this.#grow();
    this.#suggest();
    const now = performance.now();
    const isRecent = this.#lastTyping > 0 && now - this.#lastTyping < TYPING_INTERVAL;
    if (this.#editing || this.#field.value === '' || isRecent) return;
    this.#lastTyping = now;
    this.#actions.typing?.();
  }

  #grow() {
    const { style } = this.#field;
    style.height = 'auto';
    style.height = `${Math.min(this.#field.scrollHeight, 200)}px`;
  }

  /** Suggests names for the word at the cursor. */
  #suggest() {
    const { value, selectionStart: end } = this.#field;
    const [, sign, word] = /(?:^|\s)([@#:])([\p{L}\p{N}_+.-]*)$/u.exec(value.slice(Math.max(0, end - 60), end)) ?? [];
    if (sign === undefined || (sign === ':' && word.length < 2)) {
      this.#suggestions.show([]);
      return;
    }
    const names = this.#names(sign).filter(({ label }) => label.slice(1).toLowerCase().startsWith(word.toLowerCase()));
    const start = end - word.length - 1;
    this.#suggestions.show(
      names.map((name) => ({
        ...name,
        accept: () => {
          this.#field.setRangeText(`${name.label} `, start, end, 'end');
          this.#grow();
        },
      })),
    );
  }

  /**
   * @param {string} sign `@`, `#` or `:`
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
    return [...people, { label: '@here', hint: 'all active members' }, { label: '@channel', hint: 'all members' }];
  }
}
