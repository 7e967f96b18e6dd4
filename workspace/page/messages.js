// Owns a list of messages on the page: which rows there are, what may be done with one, and how much is drawn when
// more comes than one can read. Asks for nothing itself: what a person wants done goes to the `actions` it was
// given.

import { count, dayOf, h, isAtEnd, Rate } from './dom.js';
import { drawRow, isNote } from './message-row.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Actions what a person may want with a message
 * @property {(message: Message) => void} react
 * @property {(message: Message, name: string, on: boolean) => void} toggle a reaction
 * @property {((message: Message) => void)} [reply]
 * @property {(message: Message) => void} edit
 * @property {(message: Message) => void} remove
 * @property {(before: string) => void} [earlier] shows what came before a `ts`
 * @property {(waiting: number) => void} [behind] tells how many messages are below what is in view
 * @property {(perSecond: number, drawn: number) => void} [flooded] tells of a flood; 0 when it is over
 */

/** rows that the page holds at most */
const MOST_ROWS = 200;
/** messages a second above which not all are drawn */
const READABLE = 60;
/** then: how many, and every how many ms */
const FLOOD_ROWS = 15;
const FLOOD_PAUSE = 250;
/** ms within which messages of one author are drawn together */
const TOGETHER = 300_000;
/** ms for which a list that was filled anew is not read out */
const HUSH = 300;

export class MessageList {
  #log;
  #model;
  #actions;
  /** @type {Map<string, { message: Message, row: HTMLElement }>} by ts */
  #rows = new Map();
  /** @type {Message[]} not yet drawn */
  #pending = [];
  #skipped = 0;
  #rate = new Rate();
  #drawnRate = new Rate();
  #timer = 0;
  #isFlooded = false;
  #isLatest = true;
  #hushTimer = 0;
  /** messages below what is in view; -1: none new, but older ones are shown */
  #behind = 0;
  #tools;

  /**
   * @param {HTMLElement} log
   * @param {Model} model
   * @param {Actions} actions
   */
  constructor(log, model, actions) {
    this.#log = log;
    this.#model = model;
    this.#actions = actions;
    this.#tools = this.#makeTools();
    log.addEventListener('pointerover', (event) => this.#showTools(event.target));
    log.addEventListener('focusin', (event) => this.#showTools(event.target));
    log.addEventListener('keydown', (event) => this.#keyOnRow(event));
    log.addEventListener('scroll', () => {
      if (this.#isLatest && isAtEnd(log)) this.#tellBehind(0);
    });
  }

  /**
   * Shows these and nothing else.
   *
   * @param {Message[]} messages oldest first
   * @param {{ hasEarlier?: boolean, isLatest?: boolean, empty?: Node }} [more] `empty`: shown where there is none
   */
  set(messages, { hasEarlier = false, isLatest = true, empty } = {}) {
    const hadFocus = this.#log.contains(document.activeElement) && document.activeElement !== this.#log;
    this.#hush();
    this.#tools.remove();
    this.#log.replaceChildren();
    this.#rows.clear();
    this.#pending = [];
    this.#skipped = 0;
    this.#isLatest = isLatest;
    this.#tellBehind(isLatest ? 0 : -1);
    const { earlier } = this.#actions;
    if (hasEarlier && earlier && messages.length > 0) {
      const show = () => earlier(messages[0].ts);
      this.#log.append(
        h('p', { class: 'gap' }, h('button', { type: 'button', class: 'quiet', onclick: show }, 'Earlier messages')),
      );
    }
    if (messages.length === 0 && empty) this.#log.append(h('div', { class: 'empty' }, empty));
    for (const message of messages.slice(-MOST_ROWS)) this.#append(message);
    this.#toEnd();
    if (hadFocus) this.#log.focus();
  }

  /**
   * A message that was just posted.
   *
   * @param {Message} message
   */
  add(message) {
    this.#rate.add(1);
    this.#pending.push(message);
    if (this.#pending.length > MOST_ROWS) {
      this.#pending.shift();
      this.#skipped += 1;
    }
    this.#plan();
  }

  /**
   * Messages that came too fast to be sent here; they were before those that are added next.
   *
   * @param {number} number
   */
  skip(number) {
    this.#rate.add(number);
    this.#skipped += number + this.#pending.length;
    this.#pending = [];
    this.#plan();
  }

  /** @param {string} ts */
  has(ts) {
    return this.#rows.has(ts);
  }

  /** @param {string} ts */
  get(ts) {
    return this.#rows.get(ts)?.message ?? this.#pending.find((message) => message.ts === ts);
  }

  /** The last message of somebody, to edit it. */
  lastOf(/** @type {string} */ user) {
    return [...this.#rows.values()]
      .map(({ message }) => message)
      .findLast((message) => message.user === user && !isNote(message) && !message.is_ephemeral);
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
    if (next instanceof HTMLElement) this.#arrange(next);
    const isLastOfDay = next?.getAttribute('data-day') !== above?.getAttribute('data-day');
    if (isLastOfDay && above?.classList.contains('day')) above.remove();
    if (hadFocus) this.#log.focus();
  }

  /** Draws all anew, for names and marks that changed. */
  refresh() {
    for (const entry of this.#rows.values()) this.#redraw(entry);
  }

  /** Whether the end of the list is the latest message there is. */
  get isLatest() {
    return this.#isLatest;
  }

  toEnd() {
    this.#toEnd();
  }

  /** Gives the focus to a row so many further, to the last one where none has it, to the list where there is none. */
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

  #plan() {
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
      const more = this.#pending.length + this.#skipped;
      if (more > 0) this.#tellBehind(Math.max(0, this.#behind) + more);
      this.#pending = [];
      this.#skipped = 0;
    } else {
      const wasAtEnd = isAtEnd(this.#log);
      const shown = this.#pending.slice(isFlood ? -FLOOD_ROWS : 0);
      const leftOut = this.#skipped + this.#pending.length - shown.length;
      this.#log.querySelector('.empty')?.remove();
      if (leftOut > 0) this.#appendGap(leftOut);
      for (const message of shown) this.#append(message);
      this.#drawnRate.add(shown.length);
      this.#trim();
      this.#pending = [];
      this.#skipped = 0;
      if (wasAtEnd) this.#toEnd();
      else this.#tellBehind(this.#behind + shown.length + leftOut);
    }
    this.#tellFlood(isFlood ? perSecond : 0);
    // Comes back to say that it is over.
    if (this.#isFlooded) this.#plan();
  }

  /** @param {number} perSecond */
  #tellFlood(perSecond) {
    if (perSecond === 0 && !this.#isFlooded) return;
    this.#isFlooded = perSecond > 0;
    this.#setLive();
    this.#actions.flooded?.(perSecond, this.#drawnRate.perSecond);
  }

  /** What is shown all at once is not read out: only what comes afterwards is news. */
  #hush() {
    clearTimeout(this.#hushTimer);
    this.#hushTimer = window.setTimeout(() => {
      this.#hushTimer = 0;
      this.#setLive();
    }, HUSH);
    this.#setLive();
  }

  #setLive() {
    this.#log.setAttribute('aria-live', this.#isFlooded || this.#hushTimer > 0 ? 'off' : 'polite');
  }

  /** @param {number} number */
  #tellBehind(number) {
    if (number === this.#behind) return;
    this.#behind = number;
    this.#actions.behind?.(number);
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    if (this.#isLatest) this.#tellBehind(0);
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
    this.#arrange(row);
  }

  /** @param {number} number of messages that are not drawn */
  #appendGap(number) {
    const last = this.#log.lastElementChild;
    const day = last?.getAttribute('data-day') ?? dayOf(Date.now());
    const gap = h('p', { class: 'gap', 'data-day': day }, `${count(number, 'message')} came too fast to be drawn`);
    this.#log.append(gap);
  }

  /** Lets go of the oldest rows. */
  #trim() {
    const extra = this.#log.childElementCount - MOST_ROWS;
    for (let index = 0; index < extra; index += 1) {
      const first = /** @type {HTMLElement} */ (this.#log.firstElementChild);
      this.#rows.delete(first.dataset.ts ?? '');
      first.remove();
    }
    const first = this.#log.firstElementChild;
    if (extra > 0 && first instanceof HTMLElement) this.#arrange(first);
  }

  /**
   * Whether a row shows its author, or goes with the one above.
   *
   * @param {HTMLElement} row
   */
  #arrange(row) {
    const above = row.previousElementSibling;
    const isNear =
      above instanceof HTMLElement &&
      above.dataset.ts !== undefined &&
      row.dataset.ts !== undefined &&
      above.dataset.user === row.dataset.user &&
      row.dataset.user !== '' &&
      (Number(row.dataset.ts) - Number(above.dataset.ts)) * 1000 < TOGETHER;
    row.classList.toggle('follows', isNear);
  }

  /** @param {{ message: Message, row: HTMLElement }} entry */
  #redraw({ message, row }) {
    const hadTools = this.#tools.parentElement === row;
    const focused = document.activeElement;
    const hadFocus = focused !== row && row.contains(focused) && !this.#tools.contains(focused);
    drawRow(row, message, this.#model, this.#actions);
    if (hadTools) this.#showTools(row);
    if (hadFocus) (findByLabel(row, focused?.getAttribute('aria-label')) ?? row).focus();
  }

  /** One set of buttons for all rows: it goes where the pointer or the focus is. */
  #makeTools() {
    const { react, reply, edit, remove } = this.#actions;
    const button = (
      /** @type {string} */ sign,
      /** @type {string} */ label,
      /** @type {(message: Message) => void} */ act,
      own = '',
    ) =>
      h(
        'button',
        {
          type: 'button',
          class: own,
          title: label,
          'aria-label': label,
          onclick: () => {
            const ts = this.#tools.parentElement?.dataset.ts;
            const message = ts && this.get(ts);
            if (message) act(message);
          },
        },
        sign,
      );
    return h(
      'div',
      { class: 'tools', role: 'group', 'aria-label': 'This message', 'aria-live': 'off' },
      button('☺', 'React (r)', react),
      reply && button('↳', 'Reply in thread (t)', reply),
      button('✎', 'Edit (e)', edit, 'own'),
      button('×', 'Delete (Delete)', remove, 'own'),
    );
  }

  /** @param {EventTarget | null} target */
  #showTools(target) {
    const row = target instanceof Element ? target.closest('.message') : null;
    if (!(row instanceof HTMLElement)) return;
    const message = this.get(row.dataset.ts ?? '');
    if (!message || message.is_ephemeral) return;
    this.#tools.classList.toggle('mine', message.user === this.#model.actor && !isNote(message));
    if (this.#tools.parentElement !== row) row.append(this.#tools);
  }

  /** @param {KeyboardEvent} event */
  #keyOnRow(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.focusRow(event.key === 'ArrowDown' ? 1 : -1);
    else return;
    event.preventDefault();
  }
}

/**
 * @param {HTMLElement} row
 * @param {string | null | undefined} label
 */
function findByLabel(row, label) {
  const buttons = [...row.querySelectorAll('button')];
  return label
    ? buttons.find((button) => button.title !== '' && sameName(button.getAttribute('aria-label'), label))
    : undefined;
}

/**
 * Whether two labels of reactions have the name in common: the number may have changed.
 *
 * @param {string | null} one
 * @param {string} other
 */
function sameName(one, other) {
  return one?.split(',')[0] === other.split(',')[0];
}
