// The dialogs: keys, reactions, a new channel, and the switcher between channels.

import { byId, h } from './dom.js';
import { EMOJI, glyphOf } from './emoji.js';
import { avatar } from './icons.js';
import { Suggestions } from './suggestions.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Actions
 * @property {(message: Message, name: string, on: boolean) => void} toggleReaction
 * @property {(name: string, isPrivate: boolean) => Promise<{ channel: string }>} createChannel
 * @property {(channel: string) => void} openChannel
 */

export class Dialogs {
  #model;
  #sidebar;
  #actions;
  /** @type {Message | undefined} the message to react to */
  #message;
  #switcher = byId('switch-name', HTMLInputElement);
  #suggestions = new Suggestions(this.#switcher, byId('switch-options'));

  /**
   * @param {Model} model
   * @param {import('./sidebar.js').Sidebar} sidebar
   * @param {Actions} actions
   */
  constructor(model, sidebar, actions) {
    this.#model = model;
    this.#sidebar = sidebar;
    this.#actions = actions;
    for (const button of document.querySelectorAll('dialog [data-close]')) {
      button.addEventListener('click', () => button.closest('dialog')?.close());
    }
    this.#fillReactions();
    byId('create').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#createChannel();
    });
    this.#switcher.addEventListener('input', () => this.#suggestDestinations());
    this.#switcher.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') this.#suggestions.handleKey(event);
    });
    byId('switch').addEventListener('submit', (event) => event.preventDefault());
  }

  help() {
    showDialog('help');
  }

  /** @param {Message} message */
  react(message) {
    this.#message = message;
    byId('react-name', HTMLInputElement).value = '';
    showDialog('react');
  }

  create() {
    byId('create-error').textContent = '';
    byId('create-name', HTMLInputElement).value = '';
    showDialog('create');
    byId('create-name').focus();
  }

  switch() {
    this.#switcher.value = '';
    showDialog('switch');
    this.#suggestDestinations();
    this.#switcher.focus();
  }

  #fillReactions() {
    const choices = byId('react-choices');
    choices.append(
      ...Object.keys(EMOJI).map((name) =>
        h(
          'button',
          {
            type: 'button',
            class: 'emoji',
            'aria-label': name,
            title: `:${name}:`,
            onclick: () => this.#reactWith(name),
          },
          glyphOf(name),
        ),
      ),
    );
    choices.addEventListener('keydown', ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 }[key];
      const index = [...choices.children].indexOf(/** @type {Element} */ (document.activeElement));
      const next = step === undefined ? undefined : choices.children[index + step];
      if (next instanceof HTMLElement) next.focus();
    });
    byId('react').addEventListener('submit', () => {
      this.#reactWith(byId('react-name', HTMLInputElement).value.trim().replace(/^:|:$/g, ''));
    });
  }

  /** @param {string} name */
  #reactWith(name) {
    byId('react', HTMLDialogElement).close();
    const message = this.#message;
    if (!message || name === '') return;
    const isMine = message.reactions?.find((one) => one.name === name)?.users.includes(this.#model.actor) ?? false;
    this.#actions.toggleReaction(message, name, !isMine);
  }

  async #createChannel() {
    const name = byId('create-name', HTMLInputElement).value.trim().replace(/^#/, '');
    try {
      const { channel } = await this.#actions.createChannel(name, byId('create-private', HTMLInputElement).checked);
      byId('create', HTMLDialogElement).close();
      this.#actions.openChannel(channel);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      byId('create-error').textContent = message.replaceAll('_', ' ');
    }
  }

  #suggestDestinations() {
    const word = this.#switcher.value.trim().toLowerCase();
    const found = this.#sidebar.destinations.filter(({ name }) => name.toLowerCase().includes(word));
    this.#suggestions.show(
      found.map((destination) => ({
        label: destination.name,
        icon: destination.user ? avatar(destination.user.name, destination.user.id) : undefined,
        accept: () => {
          byId('switch', HTMLDialogElement).close();
          this.#sidebar.goTo(destination);
        },
      })),
    );
  }
}

/** @param {string} id */
function showDialog(id) {
  byId(id, HTMLDialogElement).showModal();
}
