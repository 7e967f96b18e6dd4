// Owns the lists at the side: channels, people, what is unread there; and the bots with how to connect one.

import { byId, count, h } from './dom.js';
import { avatar } from './message-row.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').User} User
 * @typedef {import('./model.js').Channel} Channel
 */

export class Side {
  #model;
  #onOpen;
  #onPerson;
  /** @type {Map<string, { key: string, item: HTMLElement }>} by the place's name: drawn anew only where it changed */
  #items = new Map();

  /**
   * @param {Model} model
   * @param {(channel: string) => void} onOpen
   * @param {(user: string) => void} onPerson
   */
  constructor(model, onOpen, onPerson) {
    this.#model = model;
    this.#onOpen = onOpen;
    this.#onPerson = onPerson;
  }

  /** Channels and people in the order of the lists, to go from one to the next. */
  get places() {
    const model = this.#model;
    const channels = [...model.channels.values()].filter(({ isIm }) => !isIm);
    /** @type {{ name: string, channel: string | undefined, user?: User, isPrivate?: boolean }[]} */
    const places = channels.map(({ id, name, isPrivate }) => ({ name: `#${name}`, channel: id, isPrivate }));
    const byOther = new Map(model.ims.map((channel) => [model.otherOf(channel)?.id, channel.id]));
    const people = [...model.users.values()].filter(({ id }) => id !== model.actor);
    people.sort((one, other) => Number(other.isBot) - Number(one.isBot));
    for (const user of people) places.push({ name: `@${user.name}`, channel: byOther.get(user.id), user });
    return places;
  }

  /** @param {{ channel: string | undefined, user?: User }} place */
  go({ channel, user }) {
    if (channel !== undefined) this.#onOpen(channel);
    else if (user) this.#onPerson(user.id);
  }

  draw() {
    const focused = document.activeElement?.getAttribute('data-place');
    const places = this.places;
    const before = this.#items;
    this.#items = new Map();
    fill(
      byId('channels'),
      places.filter(({ user }) => !user).map((place) => this.#item(place, before)),
    );
    fill(
      byId('people'),
      places.filter(({ user }) => user).map((place) => this.#item(place, before)),
    );
    if (focused) {
      const again = [...document.querySelectorAll('#side [data-place]')].find(
        (one) => one.getAttribute('data-place') === focused,
      );
      if (again instanceof HTMLElement && again !== document.activeElement) again.focus();
    }
    this.#drawBots();
  }

  /**
   * @param {{ name: string, channel: string | undefined, user?: User, isPrivate?: boolean }} place
   * @param {Map<string, { key: string, item: HTMLElement }>} before
   */
  #item(place, before) {
    const { name, channel, user, isPrivate } = place;
    const model = this.#model;
    const unread = channel === undefined ? undefined : model.unread.get(channel);
    const isOpen = channel !== undefined && channel === model.channel;
    const isOut = !user && channel !== undefined && !model.channels.get(channel)?.members.includes(model.actor);
    const key = JSON.stringify([place, unread, isOpen, isOut]);
    const same = before.get(name);
    if (same?.key === key) {
      this.#items.set(name, same);
      return same.item;
    }
    const button = h(
      'button',
      {
        type: 'button',
        'data-place': name,
        'aria-current': isOpen ? 'page' : undefined,
        class: `${unread ? 'unread' : ''} ${isOut ? 'out' : ''}`,
        onclick: () => this.go(place),
      },
      user ? dot(user) : h('span', { class: 'sign', 'aria-hidden': 'true' }, isPrivate ? '◆' : '#'),
      h('span', { class: 'name' }, name.slice(1)),
      user?.isBot && h('span', { class: 'tag' }, 'bot'),
      isPrivate && h('span', { class: 'unseen' }, 'private'),
      unread &&
        h(
          'span',
          { class: unread.isMention ? 'badge mention' : 'badge' },
          unread.count > 999 ? '999+' : String(unread.count),
          h('span', { class: 'unseen' }, ' unread'),
        ),
    );
    const item = h('li', {}, button);
    this.#items.set(name, { key, item });
    return item;
  }

  #drawBots() {
    const model = this.#model;
    const bots = [...model.users.values()].filter(({ isBot }) => isBot);
    const rows = bots.map((bot) => {
      const own = model.connections.filter((connection) => connection.bot === bot.id);
      const says = `connected: ${own
        .map(({ id }) => `#${id}`)
        .slice(0, 6)
        .join(' ')}`;
      const more = own.length > 6 ? ` and ${count(own.length - 6)} more` : '';
      return h(
        'p',
        { class: own.length > 0 ? 'bot on' : 'bot' },
        avatar(bot.name, bot.id),
        h('b', {}, bot.name),
        h('span', { class: 'state' }, own.length === 0 ? 'not connected' : says + more),
      );
    });
    const waiting = bots.find(({ id }) => !model.connections.some(({ bot }) => bot === id));
    const isAlone = model.connections.length === 0 && waiting;
    byId('bots').replaceChildren(...rows, ...(isAlone ? [howToConnect(waiting, model.apiUrl)] : []));
  }
}

/**
 * Gives a list these items, and leaves those alone that are where they should be.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 */
function fill(list, items) {
  items.forEach((item, index) => {
    const present = list.children[index];
    if (present === item) return;
    if (present) present.replaceWith(item);
    else list.append(item);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}

/**
 * @param {User} user
 * @returns {HTMLElement}
 */
export function dot({ presence }) {
  return h('span', { class: `dot ${presence}` }, h('span', { class: 'unseen' }, presence));
}

/**
 * @param {User} bot
 * @param {string} apiUrl
 */
function howToConnect({ token = '' }, apiUrl) {
  const line = `new RTMClient('${token}', { slackApiUrl: '${apiUrl}' })`;
  const copy = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: async () => {
        await navigator.clipboard.writeText(line).then(
          () => {
            copy.textContent = 'Copied';
          },
          () => {
            copy.textContent = 'Not allowed';
          },
        );
      },
    },
    'Copy',
  );
  return h(
    'div',
    { class: 'connect' },
    h('p', {}, 'No bot is connected. Point one here:'),
    h('pre', { tabIndex: 0, 'aria-label': 'How to connect', role: 'region' }, line),
    copy,
  );
}
