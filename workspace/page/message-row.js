// The row of one message: author, text, reactions, thread.

import { h } from './dom.js';
import { glyphOf } from './emoji.js';
import { count, timeOfDay } from './format.js';
import { avatar } from './icons.js';
import { nodesOf } from './slack-text.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 * @typedef {import('./message-list.js').Actions} Actions
 */

/** The characters of a message that are shown until the user asks for all. */
const PREVIEW_LENGTH = 3000;
/** The subtypes of notices: messages of the workspace, not of a user. */
const NOTICES = /^(tombstone|(channel|group)_(join|leave|topic|purpose|name|archive|unarchive))$/;

/** Whether a message is a notice of the workspace. */
export function isNotice(/** @type {Message} */ { subtype = '' }) {
  return NOTICES.test(subtype);
}

/**
 * Draws a message into a row, replacing the row's content.
 *
 * @param {HTMLElement} row
 * @param {Message} message
 * @param {Model} model
 * @param {Actions} actions
 */
export function drawRow(row, message, model, actions) {
  const author = model.users.get(message.user ?? '');
  const name = String(message.username || author?.name || message.user || message.bot_id || 'unknown');
  const ms = Number(message.ts) * 1000;
  row.setAttribute('aria-label', `${name}, ${timeOfDay(ms)}`);
  const head = h(
    'p',
    { class: 'head' },
    h('b', {}, name),
    author?.isBot && h('span', { class: 'tag' }, 'bot'),
    h('time', { title: new Date(ms).toISOString() }, timeOfDay(ms)),
    message.is_ephemeral && h('span', { class: 'ephemeral' }, 'only visible to you'),
  );
  const thread = threadButton(message, actions);
  const foot = [...reactionButtons(message, model, actions), ...(thread ? [thread] : [])];
  row.replaceChildren(avatar(name, message.user ?? name), head, body(message, model, false));
  if (foot.length > 0) row.append(h('div', { class: 'foot' }, ...foot));
}

/**
 * @param {Message} message
 * @param {Model} model
 * @param {boolean} isComplete
 * @returns {HTMLElement}
 */
function body(message, model, isComplete) {
  const fallbacks = listOf(message.attachments).map((one) => String(one?.fallback ?? one?.text ?? ''));
  const text = String(message.text || fallbacks.filter(Boolean).join('\n') || '');
  const isShortened = !isComplete && text.length > PREVIEW_LENGTH;
  const kind = isNotice(message) ? 'muted' : message.subtype === 'me_message' ? 'me' : '';
  const element = h(
    'div',
    { class: `body ${kind}` },
    nodesOf(isShortened ? text.slice(0, PREVIEW_LENGTH) : text, model),
  );
  if (text === '') {
    element.append(
      h('span', { class: 'muted' }, message.blocks ? 'blocks without text; see the Wire panel' : 'no text'),
    );
  }
  if (message.edited) element.append(h('span', { class: 'muted' }, ' (edited)'));
  if (isShortened) {
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
 * @param {Message} message
 * @param {Model} model
 * @param {Actions} actions
 */
function reactionButtons({ reactions, ...message }, model, actions) {
  return listOf(reactions).map(({ name, users = [], count: number = users.length }) => {
    const isMine = users.includes(model.actor);
    const who = users.slice(0, 20).map((id) => model.users.get(id)?.name ?? id);
    const properties = {
      type: 'button',
      class: 'reaction',
      'aria-pressed': String(isMine),
      title: `:${name}: ${who.join(', ')}`,
      'aria-label': `${name}, ${number}`,
      onclick: () => actions.toggleReaction(message, name, !isMine),
    };
    return h('button', properties, h('span', { class: 'emoji' }, glyphOf(name)), ` ${number}`);
  });
}

/**
 * @param {Message} message
 * @param {Actions} actions
 */
function threadButton(message, { openThread }) {
  const { reply_count: number = 0 } = message;
  if (!openThread || number === 0) return undefined;
  const label = count(number, 'reply', 'replies');
  return h('button', { type: 'button', class: 'replies', onclick: () => openThread(message) }, label);
}

/**
 * A list from a message. A test can post a message with any value there.
 *
 * @template T
 * @param {T[] | null | undefined} list
 * @returns {T[]}
 */
function listOf(list) {
  return Array.isArray(list) ? list : [];
}
