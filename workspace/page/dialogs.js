// Owns the dialogs: keys, reactions, a new channel, and going somewhere by name. Shows them, and hands on what was
// chosen.

import { Choices } from './composer.js';
import { byId, h } from './dom.js';
import { avatar } from './message-row.js';
import { EMOJI, glyphOf } from './text.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Actions
 * @property {(message: Message, name: string, on: boolean) => void} toggle a reaction
 * @property {(name: string, isPrivate: boolean) => Promise<{ channel: string }>} create a channel
 * @property {(channel: string) => void} open it
 */

export class Dialogs {
  #model;
  #side;
  #actions;
  /** @type {Message | undefined} the one to react to */
  #message;
  #name = byId('switch-name', HTMLInputElement);
  #places = new Choices(this.#name, byId('switch-options'));

  /**
   * @param {Model} model
   * @param {import('./side.js').Side} side
   * @param {Actions} actions
   */
  constructor(model, side, actions) {
    this.#model = model;
    this.#side = side;
    this.#actions = actions;
    for (const button of document.querySelectorAll('dialog [data-close]')) {
      button.addEventListener('click', () => button.closest('dialog')?.close());
    }
    this.#prepareReactions();
    byId('create').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#createChannel();
    });
    this.#name.addEventListener('input', () => this.#offerPlaces());
    this.#name.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') this.#places.key(event);
    });
    byId('switch').addEventListener('submit', (event) => event.preventDefault());
  }

  help() {
    show('help');
  }

  /** @param {Message} message */
  react(message) {
    this.#message = message;
    byId('react-name', HTMLInputElement).value = '';
    show('react');
  }

  create() {
    byId('create-error').textContent = '';
    byId('create-name', HTMLInputElement).value = '';
    show('create');
    byId('create-name').focus();
  }

  switch() {
    this.#name.value = '';
    show('switch');
    this.#offerPlaces();
    this.#name.focus();
  }

  #prepareReactions() {
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
      const index = [...choices.children].indexOf(document.activeElement);
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
    this.#actions.toggle(message, name, !isMine);
  }

  async #createChannel() {
    const name = byId('create-name', HTMLInputElement).value.trim().replace(/^#/, '');
    try {
      const { channel } = await this.#actions.create(name, byId('create-private', HTMLInputElement).checked);
      byId('create', HTMLDialogElement).close();
      this.#actions.open(channel);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      byId('create-error').textContent = message.replaceAll('_', ' ');
    }
  }

  #offerPlaces() {
    const word = this.#name.value.trim().toLowerCase();
    const found = this.#side.places.filter(({ name }) => name.toLowerCase().includes(word));
    this.#places.show(
      found.map((place) => ({
        label: place.name,
        icon: place.user ? avatar(place.user.name, place.user.id) : undefined,
        pick: () => {
          byId('switch', HTMLDialogElement).close();
          this.#side.go(place);
        },
      })),
    );
  }
}

/** @param {string} id */
function show(id) {
  byId(id, HTMLDialogElement).showModal();
}
