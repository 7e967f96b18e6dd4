// Creating and finding elements. Text from users becomes text nodes: there is no function that parses HTML.

/**
 * Creates an element. `class`, `role`, `data-…` and `aria-…` are set as attributes, functions (`onclick`) are added as
 * listeners, everything else is set as a property. Children that are strings become text.
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
 * Finds an element by id.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind] the class that the element must have
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!element || (kind && !(element instanceof kind)))
    throw new Error(`the page has no ${kind?.name ?? 'element'} #${id}`);
  return /** @type {T} */ (element);
}

/**
 * Sets the options of a field. Options that are the same are left alone: replacing them would close an open list.
 *
 * @param {HTMLSelectElement} select
 * @param {{ label: string, options: [value: string, label: string][] }[]} groups the options of a group without a label
 *   are not grouped
 * @param {string} value the selected one
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

/** Whether a scrolling element is scrolled to its end. */
export function isAtEnd(/** @type {HTMLElement} */ { scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < 48;
}

/** Whether the focus is in a field that takes text or keys. */
export function isWriting() {
  const focused = document.activeElement;
  return (
    focused instanceof HTMLTextAreaElement ||
    focused instanceof HTMLSelectElement ||
    (focused instanceof HTMLInputElement && focused.type !== 'checkbox')
  );
}
