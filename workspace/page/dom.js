// Owns how elements are made and found. Everything that comes from a user goes in as text; there is no way here to
// give markup.

/**
 * Makes an element. Properties are set as such; `class`, `data-…`, `aria-…`, `role` as attributes; `on…` as listeners.
 * Children that are strings become text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value === undefined || value === null || value === false) continue;
    else if (/^(class|role|aria-.*|data-.*)$/.test(name)) element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/**
 * The element of the page that has an id.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind] what it must be
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!element || (kind && !(element instanceof kind)))
    throw new Error(`the page has no ${kind?.name ?? 'element'} #${id}`);
  return /** @type {T} */ (element);
}

/**
 * Gives a field other options, unless they are the ones it has: a list that somebody looks at must not close.
 *
 * @param {HTMLSelectElement} select
 * @param {{ label: string, options: [value: string, label: string][] }[]} groups one without a label: not a group
 * @param {string} value to be chosen
 */
export function setOptions(select, groups, value) {
  const key = JSON.stringify(groups);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren(
      ...groups.flatMap(({ label, options }) => {
        const made = options.map(([one, name]) => h('option', { value: one }, name));
        return label === '' ? made : h('optgroup', { label }, ...made);
      }),
    );
  }
  if (select.value !== value) select.value = value;
}

/** Whether the end of a scrolling element is in view. */
export function isAtEnd(/** @type {HTMLElement} */ { scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < 48;
}

/** Whether keys typed now go into a field. */
export function isWriting() {
  const focused = document.activeElement;
  return (
    focused instanceof HTMLTextAreaElement ||
    focused instanceof HTMLSelectElement ||
    (focused instanceof HTMLInputElement && focused.type !== 'checkbox')
  );
}

const numbers = new Intl.NumberFormat('en');
const times = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });

/** A count with its thousands apart, and the noun in singular or plural. */
export function count(/** @type {number} */ number, noun = '') {
  if (noun === '') return numbers.format(number);
  return `${numbers.format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** @param {number} ms since the epoch */
export function timeOfDay(ms) {
  return times.format(ms);
}

/** @param {number} ms since the epoch */
export function dayOf(ms) {
  return days.format(ms);
}

/** How many things came in the last second, about. */
export class Rate {
  #slots = new Array(10).fill(0);
  #slot = 0;

  /** @param {number} number */
  add(number) {
    this.#turn();
    this.#slots[this.#slot % 10] += number;
  }

  get perSecond() {
    this.#turn();
    return this.#slots.reduce((sum, number) => sum + number, 0);
  }

  #turn() {
    const now = Math.floor(performance.now() / 100);
    const from = Math.max(this.#slot + 1, now - 9);
    for (let slot = from; slot <= now; slot += 1) this.#slots[slot % 10] = 0;
    this.#slot = now;
  }
}
