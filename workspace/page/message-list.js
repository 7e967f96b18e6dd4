// A list of messages: the open channel's or the open thread's.

import { h, isAtEnd } from './dom.js';
import { count, dayOf } from './format.js';
import { drawRow, isNotice } from './message-row.js';
import { MessageToolbar } from './message-toolbar.js';
import { Rate } from './rate.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Actions
 * @property {(message: Message) => void} react
 * @property {(message: Message, name: string, on: boolean) => void} toggleReaction
 * @property {(message: Message) => void} [openThread]
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} remove
 * @property {(before: string) => void} [loadEarlier] loads the messages before a `ts`
 * @property {(number: number) => void} [onMessagesBelow] called with the number of new messages below the view, or -1 if
 *   the view shows older messages and none is new
 * @property {(perSecond: number, shown: number) => void} [onFlood] called during a flood; with 0 when it is over
 */

/** The most rows in the list. */
const MAX_ROWS = 200;
/** At more messages per second, only some are shown. */
const READABLE = 60;
/** During a flood: the number of messages shown, and the ms between two updates. */
const FLOOD_ROWS = 15;
const FLOOD_PAUSE = 250;
/** ms within which messages of one author are grouped */
const GROUPING_TIME = 300_000;
/** ms for which screen readers do not announce the messages of a list that was just loaded */
const QUIET_TIME = 300;

/** Draws new messages as they arrive, skips and counts messages during a flood, and keeps the focus when rows change. */
export class MessageList {
  #log;
  #model;
  #actions;
  /** @type {Map<string, { message: Message, row: HTMLElement }>} by ts */
  #rows = new Map();
  /** @type {Message[]} messages that are not drawn yet */
  #pending = [];
  #skipped = 0;
  #rate = new Rate();
  #shownRate = new Rate();
  #timer = 0;
  #isFlood = false;
  #isLatest = true;
  #quietTimer = 0;
  /** The argument of `onMessagesBelow`. */
  #below = 0;
  #toolbar;

  /**
   * @param {HTMLElement} log
   * @param {Model} model
   * @param {Actions} actions
   */
  constructor(log, model, actions) {
    this.#log = log;
    this.#model = model;
    this.#actions = actions;
    this.#toolbar = new MessageToolbar(actions, (ts) => this.get(ts));
    log.addEventListener('pointerover', (event) => this.#showToolbar(event.target));
    log.addEventListener('focusin', (event) => this.#showToolbar(event.target));
    log.addEventListener('keydown', (event) => this.#handleKey(event));
    log.addEventListener('scroll', () => {
      if (this.#isLatest && isAtEnd(log)) this.#setBelow(0);
    });
  }

  /**
   * Replaces the messages.
   *
   * @param {Message[]} messages oldest first
   * @param {{ hasEarlier?: boolean, isLatest?: boolean, empty?: Node }} [options] `empty` is shown if there are no messages
   */
  set(messages, { hasEarlier = false, isLatest = true, empty } = {}) {
    const hadFocus = this.#log.contains(document.activeElement) && document.activeElement !== this.#log;
    this.#startQuietTime();
    this.#toolbar.hide();
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#pending = [];
    this.#skipped = 0;
    this.#isLatest = isLatest;
    this.#setBelow(isLatest ? 0 : -1);
    const { loadEarlier } = this.#actions;
    if (hasEarlier && loadEarlier && messages.length > 0) {
      const onclick = () => loadEarlier(messages[0].ts);
      this.#log.append(
        h('p', { class: 'gap' }, h('button', { type: 'button', class: 'quiet', onclick }, 'Earlier messages')),
      );
    }
    if (messages.length === 0 && empty) this.#log.append(h('div', { class: 'empty' }, empty));
    for (const message of messages.slice(-MAX_ROWS)) this.#append(message);
    this.scrollToEnd();
    if (hadFocus) this.#log.focus();
  }

  /**
   * Adds a new message.
   *
   * @param {Message} message
   */
  add(message) {
    this.#rate.add(1);
    this.#pending.push(message);
    if (this.#pending.length > MAX_ROWS) {
      this.#pending.shift();
      this.#skipped += 1;
    }
    this.#schedule();
  }

  /**
   * Counts messages that the server has skipped. They come before the messages that are added next.
   *
   * @param {number} number
   */
  skip(number) {
    this.#rate.add(number);
    this.#skipped += number + this.#pending.length;
    this.#pending = [];
    this.#schedule();
  }

  /** @param {string} ts */
  get(ts) {
    return this.#rows.get(ts)?.message ?? this.#pending.find((message) => message.ts === ts);
  }

  /** The last message of a user that can be edited. */
  lastOf(/** @type {string} */ user) {
    return [...this.#rows.values()]
      .map(({ message }) => message)
      .findLast((message) => message.user === user && !isNotice(message) && !message.is_ephemeral);
  }

  /**
   * @param {string} ts
   * @param {Partial<Message>} fields
   */
  change(ts, fields) {
    const message = this.get(ts);
    if (!message) return;
    Object.assign(message, fields);
    const entry = this.#rows.get(ts);
    if (entry) this.#redraw(entry);
  }

  /** @param {string} ts */
  remove(ts) {
    this.#pending = this.#pending.filter((message) => message.ts !== ts);
    const entry = this.#rows.get(ts);
    if (!entry) return;
    const above = entry.row.previousElementSibling;
    const next = entry.row.nextElementSibling;
    const hadFocus = entry.row.contains(document.activeElement);
    this.#rows.delete(ts);
    entry.row.remove();
    if (next instanceof HTMLElement) this.#group(next);
    const isLastOfDay = next?.getAttribute('data-day') !== above?.getAttribute('data-day');
    if (isLastOfDay && above?.classList.contains('day')) above.remove();
    if (hadFocus) this.#log.focus();
  }

  /** Redraws all rows, because names have changed. */
  refresh() {
    for (const entry of this.#rows.values()) this.#redraw(entry);
  }

  /** Whether the list ends with the channel's latest message. */
  get isLatest() {
    return this.#isLatest;
  }

  scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    if (this.#isLatest) this.#setBelow(0);
  }

  /**
   * Moves the focus by a number of rows. Without a focused row, the last row gets the focus; without rows, the list.
   */
  focusRow(step = 0) {
    const rows = [...this.#rows.values()].map(({ row }) => row);
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const index = now < 0 ? rows.length - 1 : Math.min(Math.max(now + step, 0), rows.length - 1);
    (rows[index] ?? this.#log).focus();
  }

  /** The message whose row has the focus. */
  get focused() {
    return [...this.#rows.values()].find(({ row }) => row.contains(document.activeElement))?.message;
  }

  #schedule() {
    if (this.#timer) return;
    const wait = this.#rate.perSecond > READABLE ? FLOOD_PAUSE : 0;
    this.#timer = window.setTimeout(
      () =>
        requestAnimationFrame(() => {
          this.#timer = 0;
          this.#draw();
        }),
      wait,
    );
  }

  #draw() {
    const perSecond = this.#rate.perSecond;
    const isFlood = perSecond > READABLE;
    if (!this.#isLatest) {
      const added = this.#pending.length + this.#skipped;
      if (added > 0) this.#setBelow(Math.max(0, this.#below) + added);
      this.#pending = [];
      this.#skipped = 0;
    } else {
      const wasAtEnd = isAtEnd(this.#log);
      const shown = this.#pending.slice(isFlood ? -FLOOD_ROWS : 0);
      const skipped = this.#skipped + this.#pending.length - shown.length;
      this.#log.querySelector('.empty')?.remove();
      if (skipped > 0) this.#appendGap(skipped);
      for (const message of shown) this.#append(message);
      this.#shownRate.add(shown.length);
      this.#trim();
      this.#pending = [];
      this.#skipped = 0;
      if (wasAtEnd) this.scrollToEnd();
      else this.#setBelow(this.#below + shown.length + skipped);
    }
    this.#reportFlood(isFlood ? perSecond : 0);
    // Draws again, to notice the end of the flood.
    if (this.#isFlood) this.#schedule();
  }

  /** @param {number} perSecond */
  #reportFlood(perSecond) {
    if (perSecond === 0 && !this.#isFlood) return;
    this.#isFlood = perSecond > 0;
    this.#setLive();
    this.#actions.onFlood?.(perSecond, this.#shownRate.perSecond);
  }

  /** Screen readers announce only messages that arrive later, not those that are loaded. */
  #startQuietTime() {
    clearTimeout(this.#quietTimer);
    this.#quietTimer = window.setTimeout(() => {
      this.#quietTimer = 0;
      this.#setLive();
    }, QUIET_TIME);
    this.#setLive();
  }

  #setLive() {
    this.#log.setAttribute('aria-live', this.#isFlood || this.#quietTimer > 0 ? 'off' : 'polite');
  }

  /** @param {number} number */
  #setBelow(number) {
    if (number === this.#below) return;
    this.#below = number;
    this.#actions.onMessagesBelow?.(number);
  }

  /** @param {Message} message */
  #append(message) {
    if (this.#rows.has(message.ts)) return;
    const day = dayOf(Number(message.ts) * 1000);
    const last = this.#log.lastElementChild;
    if (last?.getAttribute('data-day') !== day) {
      this.#log.append(
        h('p', { class: 'day', 'data-day': day }, h('span', {}, day === dayOf(Date.now()) ? 'Today' : day)),
      );
    }
    const row = h('article', {
      class: 'message',
      'data-ts': message.ts,
      'data-day': day,
      'data-user': message.user ?? '',
    });
    row.tabIndex = -1;
    const entry = { message, row };
    this.#rows.set(message.ts, entry);
    this.#redraw(entry);
    this.#log.append(row);
    this.#group(row);
  }

  /** @param {number} number of skipped messages */
  #appendGap(number) {
    const last = this.#log.lastElementChild;
    const day = last?.getAttribute('data-day') ?? dayOf(Date.now());
    const gap = h('p', { class: 'gap', 'data-day': day }, `${count(number, 'message')} skipped: too many to show`);
    this.#log.append(gap);
  }

  /** Removes the oldest rows. */
  #trim() {
    const extra = this.#log.childElementCount - MAX_ROWS;
    for (let index = 0; index < extra; index += 1) {
      const first = /** @type {HTMLElement} */ (this.#log.firstElementChild);
      this.#rows.delete(first.dataset.ts ?? '');
      first.remove();
    }
    const first = this.#log.firstElementChild;
    if (extra > 0 && first instanceof HTMLElement) this.#group(first);
  }

  /**
   * Hides the author of a row that follows a row of the same author.
   *
   * @param {HTMLElement} row
   */
  #group(row) {
    const above = row.previousElementSibling;
    const isNear =
      above instanceof HTMLElement &&
      above.dataset.ts !== undefined &&
      row.dataset.ts !== undefined &&
      above.dataset.user === row.dataset.user &&
      row.dataset.user !== '' &&
      (Number(row.dataset.ts) - Number(above.dataset.ts)) * 1000 < GROUPING_TIME;
    row.classList.toggle('follows', isNear);
  }

  /** @param {{ message: Message, row: HTMLElement }} entry */
  #redraw({ message, row }) {
    const hadToolbar = this.#toolbar.element.parentElement === row;
    const focused = document.activeElement;
    const hadFocus = focused !== row && row.contains(focused) && !this.#toolbar.element.contains(focused);
    drawRow(row, message, this.#model, this.#actions);
    if (hadToolbar) this.#showToolbar(row);
    if (hadFocus) (findReaction(row, focused?.getAttribute('aria-label')) ?? row).focus();
  }

  /** @param {EventTarget | null} target */
  #showToolbar(target) {
    const row = target instanceof Element ? target.closest('.message') : null;
    if (!(row instanceof HTMLElement)) return;
    const message = this.get(row.dataset.ts ?? '');
    if (!message || message.is_ephemeral) return;
    this.#toolbar.show(row, message.user === this.#model.actor && !isNotice(message));
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.focusRow(event.key === 'ArrowDown' ? 1 : -1);
    else return;
    event.preventDefault();
  }
}

/**
 * Finds a reaction's button by an earlier label. Labels are like `tada, 2`, and the number may have changed.
 *
 * @param {HTMLElement} row
 * @param {string | null | undefined} label
 */
function findReaction(row, label) {
  if (!label) return undefined;
  const nameIn = (/** @type {string | null} */ text) => text?.split(',')[0];
  return [...row.querySelectorAll('button')].find(
    (button) => button.title !== '' && nameIn(button.getAttribute('aria-label')) === nameIn(label),
  );
}
