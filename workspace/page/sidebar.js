// The sidebar: channels and people, with unread counts.

import { byId, h } from './dom.js';
import { presenceDot } from './icons.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').User} User
 *
 * @typedef {object} Destination a channel, or a person for direct messages
 * @property {string} name with `#` or `@`
 * @property {string | undefined} channel the id; undefined if the direct messages do not exist yet
 * @property {User} [user] for direct messages
 * @property {boolean} [isPrivate]
 */

export class Sidebar {
  #model;
  #openChannel;
  #openDirectMessages;
  /** @type {Map<string, { key: string, item: HTMLElement }>} by name; an item is redrawn only if its key has changed */
  #items = new Map();

  /**
   * @param {Model} model
   * @param {(channel: string) => void} openChannel
   * @param {(user: string) => void} openDirectMessages
   */
  constructor(model, openChannel, openDirectMessages) {
    this.#model = model;
    this.#openChannel = openChannel;
    this.#openDirectMessages = openDirectMessages;
  }

  /**
   * Channels and people in the order of the lists.
   *
   * @returns {Destination[]}
   */
  get destinations() {
    const model = this.#model;
    const channels = [...model.channels.values()]
      .filter(({ isIm }) => !isIm)
      .map(({ id, name, isPrivate }) => ({ name: `#${name}`, channel: id, isPrivate }));
    const imByUser = new Map(model.ims.map((channel) => [model.otherMember(channel)?.id, channel.id]));
    const people = [...model.users.values()]
      .filter(({ id }) => id !== model.actor)
      .sort((one, other) => Number(other.isBot) - Number(one.isBot))
      .map((user) => ({ name: `@${user.name}`, channel: imByUser.get(user.id), user }));
    return [...channels, ...people];
  }

  /** @param {Destination} destination */
  goTo({ channel, user }) {
    if (channel !== undefined) this.#openChannel(channel);
    else if (user) this.#openDirectMessages(user.id);
  }

  draw() {
    const focused = document.activeElement?.getAttribute('data-destination');
    const destinations = this.destinations;
    const before = this.#items;
    this.#items = new Map();
    const items = (/** @type {boolean} */ arePeople) =>
      destinations.filter(({ user }) => Boolean(user) === arePeople).map((one) => this.#item(one, before));
    setChildren(byId('channels'), items(false));
    setChildren(byId('people'), items(true));
    if (!focused) return;
    const again = [...document.querySelectorAll('#sidebar [data-destination]')].find(
      (one) => one.getAttribute('data-destination') === focused,
    );
    if (again instanceof HTMLElement && again !== document.activeElement) again.focus();
  }

  /**
   * @param {Destination} destination
   * @param {Map<string, { key: string, item: HTMLElement }>} before
   */
  #item(destination, before) {
    const { name, channel, user, isPrivate } = destination;
    const model = this.#model;
    const unread = channel === undefined ? undefined : model.unread.get(channel);
    const isOpen = channel !== undefined && channel === model.channel;
    const isMember = user !== undefined || model.channels.get(channel ?? '')?.members.includes(model.actor);
    const key = JSON.stringify([destination, unread, isOpen, isMember]);
    const same = before.get(name);
    if (same?.key === key) {
      this.#items.set(name, same);
      return same.item;
    }
    const button = h(
      'button',
      {
        type: 'button',
        'data-destination': name,
        'aria-current': isOpen ? 'page' : undefined,
        class: `${unread ? 'unread' : ''} ${isMember ? '' : 'not-member'}`,
        onclick: () => this.goTo(destination),
      },
      user ? presenceDot(user) : h('span', { class: 'sign', 'aria-hidden': 'true' }, isPrivate ? '◆' : '#'),
      h('span', { class: 'name' }, name.slice(1)),
      user?.isBot && h('span', { class: 'tag' }, 'bot'),
      isPrivate && h('span', { class: 'visually-hidden' }, 'private'),
      unread &&
        h(
          'span',
          { class: unread.isMention ? 'badge mention' : 'badge' },
          unread.count > 999 ? '999+' : String(unread.count),
          h('span', { class: 'visually-hidden' }, ' unread'),
        ),
    );
    const item = h('li', {}, button);
    this.#items.set(name, { key, item });
    return item;
  }
}

/**
 * Sets the items of a list. An item that is in its place already is not touched.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 */
function setChildren(list, items) {
  items.forEach((item, index) => {
    const present = list.children[index];
    if (present === item) return;
    if (present) present.replaceWith(item);
    else list.append(item);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}
