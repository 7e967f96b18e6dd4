// Owns the panel that shows what goes over the wire: frames both ways, calls, connections that come and go. Holds
// the last ones, draws fewer, and says what it leaves out.

import { byId, count, h, isAtEnd, Rate } from './dom.js';
import { fromSlack } from './text.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {object} Entry
 * @property {number} at
 * @property {'in' | 'out' | 'call' | 'open' | 'close' | 'fault'} kind
 * @property {number} [connection]
 * @property {string} [bot]
 * @property {string} [type]
 * @property {string} data
 * @property {number} [length]
 */

/** entries that are held, and rows that are drawn */
const MOST_ENTRIES = 1000;
const MOST_ROWS = 150;
/** entries a second above which not all are drawn; then: how many, and every how many ms */
const READABLE = 100;
const FLOOD_ROWS = 20;
const FLOOD_PAUSE = 300;
/** characters in a row, and in an opened one */
const PREVIEW = 240;
const OPENED = 20_000;

const SIGNS = { in: '↑', out: '↓', call: '⇡', open: '●', close: '○', fault: '!' };

export class Wire {
  #model;
  #log = byId('wire-log');
  #filter = byId('wire-filter', HTMLInputElement);
  #kind = byId('wire-kind', HTMLSelectElement);
  #pings = byId('wire-pings', HTMLInputElement);
  #pauseButton = byId('wire-pause', HTMLButtonElement);
  #count = byId('wire-count');
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Entry[]} those that are not drawn yet */
  #pending = [];
  /** @type {Entry[] | undefined} what there was when it was paused, to be looked through */
  #held;
  #skipped = 0;
  #total = 0;
  /** how many came while paused; undefined where it is not */
  #missed = /** @type {number | undefined} */ (undefined);
  #rate = new Rate();
  #timer = 0;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    for (const field of [this.#filter, this.#kind, this.#pings]) field.addEventListener('input', () => this.#redraw());
    this.#pauseButton.addEventListener('click', () => this.pause());
    byId('wire-clear').addEventListener('click', () => {
      this.#entries = [];
      if (this.#held) this.#held = [];
      this.#total = 0;
      this.#redraw();
    });
    this.#log.addEventListener('keydown', (event) => this.#key(event));
    this.#redraw();
  }

  /**
   * @param {Entry[]} entries
   * @param {number} skipped how many more there were before them
   */
  add(entries, skipped) {
    if (entries.length + skipped === 0) return;
    this.#total += entries.length + skipped;
    this.#rate.add(entries.length + skipped);
    this.#entries.push(...entries);
    if (this.#entries.length > MOST_ENTRIES) this.#entries.splice(0, this.#entries.length - MOST_ENTRIES);
    if (this.#missed !== undefined) {
      this.#missed += entries.length + skipped;
      this.#tell();
      return;
    }
    this.#skipped += skipped;
    this.#pending.push(...entries);
    if (this.#pending.length > MOST_ROWS)
      this.#skipped += this.#pending.splice(0, this.#pending.length - MOST_ROWS).length;
    this.#plan();
  }

  /** Stops drawing, or goes on with the latest. */
  pause() {
    const isPaused = this.#missed === undefined;
    this.#missed = isPaused ? 0 : undefined;
    this.#held = isPaused ? [...this.#entries] : undefined;
    this.#pauseButton.setAttribute('aria-pressed', String(isPaused));
    this.#pauseButton.textContent = isPaused ? 'Go on' : 'Pause';
    if (isPaused) this.#tell();
    else this.#redraw();
  }

  toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  focusFilter() {
    this.#filter.focus();
    this.#filter.select();
  }

  focus() {
    const summaries = this.#log.querySelectorAll('summary');
    (summaries[summaries.length - 1] ?? this.#log).focus();
  }

  #plan() {
    if (this.#timer) return;
    const wait = this.#rate.perSecond > READABLE ? FLOOD_PAUSE : 30;
    this.#timer = window.setTimeout(
      () =>
        requestAnimationFrame(() => {
          this.#timer = 0;
          if (this.#missed === undefined) this.#draw();
          else this.#tell();
        }),
      wait,
    );
  }

  #draw() {
    const isFlood = this.#rate.perSecond > READABLE;
    const matching = this.#pending.filter((entry) => this.#matches(entry));
    const shown = isFlood ? matching.slice(-FLOOD_ROWS) : matching;
    const leftOut = this.#skipped + matching.length - shown.length;
    this.#pending = [];
    this.#skipped = 0;
    this.#append(shown, leftOut);
    this.#tell();
    if (isFlood) this.#plan();
  }

  /** From what is held: after a change of the filter, or a pause. */
  #redraw() {
    this.#pending = [];
    this.#skipped = 0;
    this.#log.replaceChildren();
    const entries = this.#held ?? this.#entries;
    const shown = entries.filter((entry) => this.#matches(entry)).slice(-MOST_ROWS);
    if (shown.length === 0) {
      this.#log.append(
        h(
          'p',
          { class: 'empty' },
          entries.length > 0 ? 'Nothing matches.' : 'Every frame between bots and this workspace shows here.',
        ),
      );
    }
    this.#append(shown, 0);
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#tell();
  }

  /**
   * @param {Entry[]} entries
   * @param {number} leftOut how many are not drawn before them
   */
  #append(entries, leftOut) {
    if (entries.length + leftOut === 0) return;
    const wasAtEnd = isAtEnd(this.#log);
    if (entries.length > 0) this.#log.querySelector('.empty')?.remove();
    if (leftOut > 0)
      this.#log.append(h('p', { class: 'gap' }, `${count(leftOut, 'more')} not drawn`.replace('mores', 'more')));
    for (const entry of entries) this.#log.append(this.#row(entry));
    while (this.#log.childElementCount > MOST_ROWS) this.#log.firstElementChild?.remove();
    if (wasAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #tell() {
    const perSecond = this.#rate.perSecond;
    if (this.#missed !== undefined) this.#count.textContent = `paused, ${count(this.#missed)} since`;
    else if (perSecond > READABLE) this.#count.textContent = `${count(perSecond)}/s, thinned out`;
    else this.#count.textContent = this.#total === 0 ? '' : count(this.#total, 'entry').replace('entrys', 'entries');
  }

  /** @param {Entry} entry */
  #matches({ kind, type, data, connection, bot }) {
    const isFrame = kind === 'in' || kind === 'out';
    if (this.#kind.value !== '' && kind !== this.#kind.value) return false;
    if (!this.#pings.checked && isFrame && data.length < 500 && /"type":\s*"p[io]ng"/.test(data)) return false;
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return true;
    const text = `#${connection ?? ''} ${this.#nameOf(bot)} ${kind} ${type ?? ''} ${data}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  /** @param {Entry} entry */
  #row(entry) {
    const { at, kind, connection, bot, data, length } = entry;
    const time = h('time', {}, new Date(at).toISOString().slice(11, 23));
    const sign = h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[kind]);
    const who = h('span', { class: 'who' }, connection === undefined ? '' : `#${connection}`);
    const name = this.#nameOf(bot);
    if (kind === 'open' || kind === 'close' || kind === 'fault') {
      const words = {
        open: `${name} connected`,
        close: `${name} is gone (${data})`,
        fault: `fault: ${data}`,
      };
      return h('p', { class: `entry ${kind}` }, time, sign, who, h('span', { class: 'what' }, words[kind]));
    }
    const frame = parse(entry);
    const way = { in: `from ${name}`, out: `to ${name}`, call: name === '' ? 'call' : `call of ${name}` }[kind];
    const row = h(
      'details',
      { class: `entry ${kind}` },
      h(
        'summary',
        {},
        time,
        sign,
        h('span', { class: 'unseen' }, way),
        who,
        h('b', {}, typeOf(entry, frame)),
        h('span', { class: 'preview' }, (this.#gist(frame) ?? data).slice(0, PREVIEW)),
      ),
    );
    row.addEventListener('toggle', () => {
      if (!row.open || row.childElementCount > 1) return;
      const size = length ?? data.length;
      const shown = size > OPENED ? `, the first ${count(OPENED)} shown` : '';
      const says =
        entry.type === 'binary'
          ? `${count(size, 'byte')}${size > data.length / 2 ? `, the first ${count(data.length / 2)} shown` : ''}, in hexadecimal:`
          : `${count(size, 'character')}${shown}, as they are on the wire:`;
      const laidOut = layOut(frame);
      if (laidOut !== undefined) row.append(h('pre', {}, laidOut.slice(0, OPENED)));
      row.append(h('p', { class: 'muted' }, `${way}, ${says}`));
      row.append(h('pre', { class: 'raw' }, data.slice(0, OPENED)));
    });
    return row;
  }

  /**
   * What matters of a frame, for people; undefined where all of it may.
   *
   * @param {any} frame
   * @returns {string | undefined}
   */
  #gist(frame) {
    if (typeof frame !== 'object' || frame === null) return undefined;
    const { type, channel, user, users, text, message, reaction, item, presence } = frame;
    const where =
      typeof channel === 'string' ? `${this.#model.nameOf(this.#model.channels.get(channel)) || channel} ` : '';
    const who = typeof user === 'string' ? this.#nameOf(user) : '';
    switch (type) {
      case 'message': {
        const said = text ?? message?.text;
        return typeof said === 'string'
          ? `${where}${who}${who ? ': ' : ''}${fromSlack(said.slice(0, PREVIEW), this.#model)}`
          : undefined;
      }
      case 'typing':
      case 'user_typing':
        return where + who;
      case 'reaction_added':
      case 'reaction_removed':
        return `${who} :${reaction}: ${this.#model.nameOf(this.#model.channels.get(item?.channel))}`;
      case 'presence_change':
        return `${Array.isArray(users) ? users.map((id) => this.#nameOf(String(id))).join(', ') : who} ${presence}`;
      case 'ping':
      case 'pong':
        return `${frame.id ?? frame.reply_to ?? ''}`;
      default:
        return undefined;
    }
  }

  /** @param {string | undefined} id */
  #nameOf(id) {
    return id === undefined ? '' : (this.#model.users.get(id)?.name ?? id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp'))
      return;
    const summaries = [...this.#log.querySelectorAll('summary')];
    const now = summaries.indexOf(document.activeElement);
    if (now < 0) return;
    event.preventDefault();
    summaries[now + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
  }
}

/**
 * @param {Entry} entry
 * @returns {any} undefined where it is no JSON
 */
function parse({ type, data, length }) {
  if (length !== undefined || type === 'binary') return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/**
 * A frame in lines.
 *
 * @param {any} frame
 * @returns {string | undefined} undefined where it is no JSON, or nested too deeply
 */
function layOut(frame) {
  try {
    return JSON.stringify(frame, null, 2);
  } catch {
    return undefined;
  }
}

/**
 * What to call a frame: its type, with its subtype.
 *
 * @param {Entry} entry
 * @param {any} frame
 */
function typeOf({ kind, type, length }, frame) {
  if (kind === 'call' || type === 'binary') return type ?? '';
  if (length !== undefined) return 'long';
  if (typeof frame !== 'object' || frame === null) return 'no JSON';
  if (typeof frame.type === 'string')
    return typeof frame.subtype === 'string' ? `${frame.type}:${frame.subtype}` : frame.type;
  return 'reply_to' in frame ? `reply${frame.ok === false ? ' (error)' : ''}` : '?';
}
