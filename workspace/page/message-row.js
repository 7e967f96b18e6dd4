// Owns how one message looks: its author, text, reactions, thread. Knows no list.

import { count, h, timeOfDay } from './dom.js';
import { glyphOf, nodesOf } from './text.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 * @typedef {import('./messages.js').Actions} Actions
 */

/** characters of a message that are shown at first */
const CLIP = 3000;
/** what the workspace says of somebody, rather than they themselves */
const NOTES = /^(tombstone|(channel|group)_(join|leave|topic|purpose|name|archive|unarchive))$/;

/** Whether it is the workspace that speaks. */
export function isNote(/** @type {Message} */ { subtype = '' }) {
  return NOTES.test(subtype);
}

/**
 * Fills a row anew.
 *
 * @param {HTMLElement} row
 * @param {Message} message
 * @param {Model} model
 * @param {Actions} actions
 */
export function drawRow(row, message, model, actions) {
  const author = model.users.get(message.user ?? '');
  const name = String(message.username || author?.name || message.user || message.bot_id || 'somebody');
  const ms = Number(message.ts) * 1000;
  row.setAttribute('aria-label', `${name}, ${timeOfDay(ms)}`);
  const head = h(
    'p',
    { class: 'head' },
    h('b', {}, name),
    author?.isBot && h('span', { class: 'tag' }, 'bot'),
    h('time', { title: new Date(ms).toISOString() }, timeOfDay(ms)),
    message.is_ephemeral && h('span', { class: 'only' }, 'only visible to you'),
  );
  const thread = threadButton(message, actions);
  const foot = [...chips(message, model, actions), ...(thread ? [thread] : [])];
  row.replaceChildren(avatar(name, message.user ?? name), head, body(message, model, false));
  if (foot.length > 0) row.append(h('div', { class: 'foot' }, ...foot));
}

/**
 * @param {Message} message
 * @param {Model} model
 * @param {boolean} isWhole
 * @returns {HTMLElement}
 */
function body(message, model, isWhole) {
  const fallbacks = listOf(message.attachments).map((one) => String(one?.fallback ?? one?.text ?? ''));
  const text = String(message.text || fallbacks.filter(Boolean).join('\n') || '');
  const isClipped = !isWhole && text.length > CLIP;
  const kind = isNote(message) ? 'muted' : message.subtype === 'me_message' ? 'me' : '';
  const element = h('div', { class: `body ${kind}` }, nodesOf(isClipped ? text.slice(0, CLIP) : text, model));
  if (text === '') {
    element.append(h('span', { class: 'muted' }, message.blocks ? 'blocks without text: see the wire' : 'no text'));
  }
  if (message.edited) element.append(h('span', { class: 'muted' }, ' (edited)'));
  if (isClipped) {
    const onclick = () => {
      const row = element.closest('.message');
      element.replaceWith(body(message, model, true));
      if (row instanceof HTMLElement) row.focus();
    };
    const label = `show all ${count(text.length, 'character')}`;
    element.append('… ', h('button', { type: 'button', class: 'quiet', onclick }, label));
  }
  return element;
}

/**
 * The reactions.
 *
 * @param {Message} message
 * @param {Model} model
 * @param {Actions} actions
 */
function chips({ reactions, ...message }, model, actions) {
  return listOf(reactions).map(({ name, users = [], count: number = users.length }) => {
    const isMine = users.includes(model.actor);
    const who = users.slice(0, 20).map((id) => model.users.get(id)?.name ?? id);
    const properties = {
      type: 'button',
      class: 'chip',
      'aria-pressed': String(isMine),
      title: `:${name}: ${who.join(', ')}`,
      'aria-label': `${name}, ${number}`,
      onclick: () => actions.toggle(message, name, !isMine),
    };
    return h('button', properties, h('span', { class: 'emoji' }, glyphOf(name)), ` ${number}`);
  });
}

/**
 * @param {Message} message
 * @param {Actions} actions
 */
function threadButton(message, { reply }) {
  const { reply_count: number = 0 } = message;
  if (!reply || number === 0) return undefined;
  const label = number === 1 ? '1 reply' : `${count(number)} replies`;
  return h('button', { type: 'button', class: 'replies', onclick: () => reply(message) }, label);
}

/**
 * A bot's test may have given anything.
 *
 * @template T
 * @param {T[] | null | undefined} list
 * @returns {T[]}
 */
function listOf(list) {
  return Array.isArray(list) ? list : [];
}

/**
 * The first letter of a name on a colour that stays the same for who it is.
 *
 * @param {string} name
 * @param {string} id
 */
export function avatar(name, id) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 8;
  return h('span', { class: `avatar hue-${sum}`, 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? '?');
}
