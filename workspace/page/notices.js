// The page's short notices: connection state, typing users, new messages out of view, floods, failed actions.

import { byId } from './dom.js';
import { count } from './format.js';

/**
 * @typedef {import('./model.js').Model} Model
 */

/** ms for which a user is shown as typing */
const TYPING_TIME = 5000;
/** ms for which a toast is shown */
const TOAST_TIME = 4000;

export class Notices {
  #model;
  /** @type {Map<string, { channel: string, until: number }>} by user */
  #typing = new Map();
  #toastTimer = 0;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    setInterval(() => this.drawTyping(), 1000);
  }

  /** @param {boolean} isOpen whether the page is connected to the workspace */
  showConnection(isOpen) {
    const status = byId('status');
    status.dataset.state = isOpen ? 'live' : 'lost';
    status.textContent = isOpen ? 'Live' : 'Disconnected. Reconnecting…';
  }

  /**
   * @param {string} user
   * @param {string} channel
   */
  startTyping(user, channel) {
    if (user !== this.#model.actor) this.#typing.set(user, { channel, until: Date.now() + TYPING_TIME });
    this.drawTyping();
  }

  /** @param {string} user */
  stopTyping(user) {
    if (this.#typing.delete(user)) this.drawTyping();
  }

  drawTyping() {
    const model = this.#model;
    const now = Date.now();
    for (const [user, { until }] of this.#typing) if (until <= now) this.#typing.delete(user);
    const here = [...this.#typing].filter(([, { channel }]) => channel === model.channel);
    const names = here.map(([user]) => model.users.get(user)?.name ?? user);
    const who = names.length > 3 ? 'Several people' : names.join(' and ');
    const text = names.length === 0 ? '' : `${who} ${names.length === 1 ? 'is' : 'are'} typing…`;
    const line = byId('typing');
    if (line.textContent !== text) line.textContent = text;
  }

  /** @param {number} number the new messages below the view; -1 if the view shows older messages and none is new */
  showMessagesBelow(number) {
    const button = byId('newest');
    button.hidden = number === 0;
    button.textContent = number > 0 ? `${count(number, 'new message')} ↓` : 'To the latest ↓';
  }

  /**
   * @param {number} perSecond 0 ends the notice
   * @param {number} shown messages per second
   */
  showFlood(perSecond, shown) {
    const line = byId('flood');
    const isOver = perSecond === 0;
    // Screen readers announce the start and the end only, not every new number.
    if (line.hidden !== isOver) {
      byId('announcement').textContent = isOver
        ? 'All messages are shown again'
        : 'Too many messages: only some are shown';
    }
    line.hidden = isOver;
    if (isOver) return;
    line.textContent = `${count(Math.round(perSecond), 'message')} per second, ${count(shown)} of them shown.`;
  }

  /** @param {string} text */
  toast(text) {
    byId('toast').textContent = text;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = window.setTimeout(() => {
      byId('toast').textContent = '';
    }, TOAST_TIME);
  }
}
