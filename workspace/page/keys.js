// Keyboard shortcuts: handling them, and the list of them in the help dialog.

import { byId, h, isWriting } from './dom.js';

/**
 * @typedef {object} Key
 * @property {string} keys as shown on the page: `Shift D`, `Alt ↑`; the last word is the key
 * @property {string} does a description
 * @property {() => void} [run] undefined if the focused element handles the key itself
 */

/** @type {Record<string, string>} the browser's names by the names shown on the page */
const KEY_NAMES = { '↑': 'ArrowUp', '↓': 'ArrowDown', Esc: 'Escape' };

/**
 * Handles the keys, and fills the list in the help dialog.
 *
 * @param {{ title: string, keys: Key[] }[]} groups
 */
export function installKeys(groups) {
  const isOn = byId('keys-on', HTMLInputElement);
  isOn.checked = readSetting();
  isOn.addEventListener('change', () => saveSetting(isOn.checked));
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
    const found = groups.flatMap(({ keys }) => keys).find(({ keys, run }) => run && matches(event, keys));
    if (!found) return;
    event.preventDefault();
    found.run?.();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {string} keys
 */
function matches({ key, shiftKey, ctrlKey, altKey, metaKey }, keys) {
  const words = keys.split(' ');
  const name = words.at(-1) ?? '';
  const isLetter = /^[a-z]$/i.test(name);
  if (words.includes('Ctrl') !== (ctrlKey || metaKey) || words.includes('Alt') !== altKey) return false;
  if (isLetter && words.includes('Shift') !== shiftKey) return false;
  return isLetter ? key.toLowerCase() === name.toLowerCase() : key === (KEY_NAMES[name] ?? name);
}

function readSetting() {
  try {
    return localStorage.getItem('keys') !== 'off';
  } catch {
    return true;
  }
}

/** @param {boolean} isOn */
function saveSetting(isOn) {
  try {
    localStorage.setItem('keys', isOn ? 'on' : 'off');
  } catch {
    // Storage is full or forbidden. The setting lasts until the page is closed.
  }
}
