// Owns the keys: what each does, and the list of them on the page, which is made from the same table.

import { byId, h, isWriting } from './dom.js';

/**
 * @typedef {object} Key
 * @property {string} keys as on the page: `Shift D`, `Alt ↑`; the last word is the key
 * @property {string} does
 * @property {() => void} [run] none: the element that has the focus does it
 */

/** @type {Record<string, string>} what the browser calls them */
const NAMES = { '↑': 'ArrowUp', '↓': 'ArrowDown', Esc: 'Escape' };

/**
 * Listens to keys, and writes the list of them.
 *
 * @param {{ title: string, keys: Key[] }[]} groups
 */
export function installKeys(groups) {
  const isOn = byId('keys-on', HTMLInputElement);
  isOn.checked = read();
  isOn.addEventListener('change', () => write(isOn.checked));
  byId('help-keys').replaceChildren(
    ...groups.map(({ title, keys }) =>
      h(
        'section',
        {},
        h('h3', {}, title),
        h(
          'dl',
          {},
          ...keys.flatMap(({ keys: names, does }) => [
            h('dt', {}, ...names.split(' ').map((name) => h('kbd', {}, name))),
            h('dd', {}, does),
          ]),
        ),
      ),
    ),
  );
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    const hasDialog = document.querySelector('dialog[open]') !== null;
    if (hasDialog || (isPlain && event.key !== 'Escape' && (isWriting() || !isOn.checked))) return;
    const found = groups.flatMap(({ keys }) => keys).find(({ keys, run }) => run && isFor(event, keys));
    if (!found) return;
    event.preventDefault();
    found.run?.();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {string} keys
 */
function isFor({ key, shiftKey, ctrlKey, altKey, metaKey }, keys) {
  const words = keys.split(' ');
  const name = words.at(-1) ?? '';
  const isLetter = /^[a-z]$/i.test(name);
  if (words.includes('Ctrl') !== (ctrlKey || metaKey) || words.includes('Alt') !== altKey) return false;
  if (isLetter && words.includes('Shift') !== shiftKey) return false;
  return isLetter ? key.toLowerCase() === name.toLowerCase() : key === (NAMES[name] ?? name);
}

function read() {
  try {
    return localStorage.getItem('keys') !== 'off';
  } catch {
    return true;
  }
}

/** @param {boolean} isOn */
function write(isOn) {
  try {
    localStorage.setItem('keys', isOn ? 'on' : 'off');
  } catch {
    // Then it holds until the page is loaded anew.
  }
}
