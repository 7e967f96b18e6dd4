// The small signs of a user: avatar and presence.

import { h } from './dom.js';

/**
 * The first letter of a name on a color that depends on the id.
 *
 * @param {string} name
 * @param {string} id
 */
export function avatar(name, id) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 8;
  return h('span', { class: `avatar hue-${sum}`, 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?');
}

/**
 * @param {import('./model.js').User} user
 * @returns {HTMLElement}
 */
export function presenceDot({ presence }) {
  return h('span', { class: `dot ${presence}` }, h('span', { class: 'visually-hidden' }, presence));
}
