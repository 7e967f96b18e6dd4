// The Wire panel: frames in both directions, Web API calls, and connections that open and close.

import { byId, h, isAtEnd } from './dom.js';
import { count } from './format.js';
import { Rate } from './rate.js';
import { botName, wireRow } from './wire-row.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./wire-row.js').Entry} Entry
 */

/** The most entries that are kept, and the most rows that are drawn. */
const MAX_ENTRIES = 1000;
const MAX_ROWS = 150;
/** At more entries per second, only some are shown. */
const READABLE = 100;
/** During a flood: the number of entries shown, and the ms between two updates. */
const FLOOD_ROWS = 20;
const FLOOD_PAUSE = 300;

/** Filters and pauses the entries. During a flood it skips and counts entries. */
export class WirePanel {
  #model;
  #log = byId('wire-log');
  #filter = byId('wire-filter', HTMLInputElement);
  #kind = byId('wire-kind', HTMLSelectElement);
  #pings = byId('wire-pings', HTMLInputElement);
  #pauseButton = byId('wire-pause', HTMLButtonElement);
  #count = byId('wire-count');
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Entry[]} entries that are not drawn yet */
  #pending = [];
  /** @type {Entry[] | undefined} while paused: the entries from before the pause, for the filter */
  #pausedEntries;
  #skipped = 0;
  #total = 0;
  /** @type {number | undefined} while paused: the number of new entries */
  #missed;
  #rate = new Rate();
  #timer = 0;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    for (const field of [this.#filter, this.#kind, this.#pings]) field.addEventListener('input', () => this.#redraw());
    this.#pauseButton.addEventListener('click', () => this.togglePause());
    byId('wire-clear').addEventListener('click', () => {
      this.#entries = [];
      if (this.#pausedEntries) this.#pausedEntries = [];
      this.#total = 0;
      this.#redraw();
    });
    this.#log.addEventListener('keydown', (event) => this.#handleKey(event));
    this.#redraw();
  }

  /**
   * @param {Entry[]} entries
   * @param {number} skipped the number of skipped entries before them
   */
  add(entries, skipped) {
    if (entries.length + skipped === 0) return;
    this.#total += entries.length + skipped;
    this.#rate.add(entries.length + skipped);
    this.#entries.push(...entries);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.splice(0, this.#entries.length - MAX_ENTRIES);
    if (this.#missed !== undefined) {
      this.#missed += entries.length + skipped;
      this.#drawCount();
      return;
    }
    this.#skipped += skipped;
    this.#pending.push(...entries);
    if (this.#pending.length > MAX_ROWS)
      this.#skipped += this.#pending.splice(0, this.#pending.length - MAX_ROWS).length;
    this.#schedule();
  }

  togglePause() {
    const isPaused = this.#missed === undefined;
    this.#missed = isPaused ? 0 : undefined;
    this.#pausedEntries = isPaused ? [...this.#entries] : undefined;
    this.#pauseButton.setAttribute('aria-pressed', String(isPaused));
    this.#pauseButton.textContent = isPaused ? 'Continue' : 'Pause';
    if (isPaused) this.#drawCount();
    else this.#redraw();
  }

  scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  focusFilter() {
    this.#filter.focus();
    this.#filter.select();
  }

  /** Moves the focus to the last frame. */
  focus() {
    const summaries = this.#log.querySelectorAll('summary');
    (summaries[summaries.length - 1] ?? this.#log).focus();
  }

  #schedule() {
    if (this.#timer) return;
    const wait = this.#rate.perSecond > READABLE ? FLOOD_PAUSE : 30;
    this.#timer = window.setTimeout(
      () =>
        requestAnimationFrame(() => {
          this.#timer = 0;
          if (this.#missed === undefined) this.#draw();
          else this.#drawCount();
        }),
      wait,
    );
  }

  #draw() {
    const isFlood = this.#rate.perSecond > READABLE;
    const matching = this.#pending.filter((entry) => this.#matches(entry));
    const shown = isFlood ? matching.slice(-FLOOD_ROWS) : matching;
    const skipped = this.#skipped + matching.length - shown.length;
    this.#pending = [];
    this.#skipped = 0;
    this.#append(shown, skipped);
    this.#drawCount();
    if (isFlood) this.#schedule();
  }

  /** Redraws all rows after a change of the filter or the end of a pause. */
  #redraw() {
    this.#pending = [];
    this.#skipped = 0;
    this.#log.replaceChildren();
    const entries = this.#pausedEntries ?? this.#entries;
    const shown = entries.filter((entry) => this.#matches(entry)).slice(-MAX_ROWS);
    if (shown.length === 0) {
      this.#log.append(
        h(
          'p',
          { class: 'empty' },
          entries.length > 0 ? 'No entry matches the filter.' : 'Frames between bots and this workspace appear here.',
        ),
      );
    }
    this.#append(shown, 0);
    this.scrollToEnd();
    this.#drawCount();
  }

  /**
   * @param {Entry[]} entries
   * @param {number} skipped the number of skipped entries before them
   */
  #append(entries, skipped) {
    if (entries.length + skipped === 0) return;
    const wasAtEnd = isAtEnd(this.#log);
    if (entries.length > 0) this.#log.querySelector('.empty')?.remove();
    if (skipped > 0) this.#log.append(h('p', { class: 'gap' }, `${count(skipped)} not shown`));
    for (const entry of entries) this.#log.append(wireRow(entry, this.#model));
    while (this.#log.childElementCount > MAX_ROWS) this.#log.firstElementChild?.remove();
    if (wasAtEnd) this.scrollToEnd();
  }

  #drawCount() {
    const perSecond = this.#rate.perSecond;
    if (this.#missed !== undefined) this.#count.textContent = `paused, ${count(this.#missed)} new`;
    else if (perSecond > READABLE) this.#count.textContent = `${count(perSecond)}/s, some not shown`;
    else this.#count.textContent = this.#total === 0 ? '' : count(this.#total, 'entry', 'entries');
  }

  /** @param {Entry} entry */
  #matches({ kind, type, data, connection, bot }) {
    const isFrame = kind === 'in' || kind === 'out';
    if (this.#kind.value !== '' && kind !== this.#kind.value) return false;
    if (!this.#pings.checked && isFrame && data.length < 500 && /"type":\s*"p[io]ng"/.test(data)) return false;
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return true;
    const text = `#${connection ?? ''} ${botName(bot, this.#model)} ${kind} ${type ?? ''} ${data}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp'))
      return;
    const summaries = [...this.#log.querySelectorAll('summary')];
    const now = summaries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (now < 0) return;
    event.preventDefault();
    summaries[now + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
  }
}
