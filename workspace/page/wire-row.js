// The rows of the Wire panel: one for each frame, call, connection change and fault.

import { h } from './dom.js';
import { count } from './format.js';
import { fromSlack } from './slack-text.js';

/**
 * @typedef {import('./model.js').Model} Model
 *
 * @typedef {object} Entry as in lib/page/wire-entries.js
 * @property {number} at
 * @property {'in' | 'out' | 'call' | 'open' | 'close' | 'fault'} kind
 * @property {number} [connection]
 * @property {string} [bot]
 * @property {string} [type]
 * @property {string} data
 * @property {number} [length]
 */

/** The characters of a frame that its row shows, and that an open row shows. */
const PREVIEW_LENGTH = 240;
const OPEN_LENGTH = 20_000;

const SIGNS = { in: '↑', out: '↓', call: '⇡', open: '●', close: '○', fault: '!' };

/**
 * @param {Entry} entry
 * @param {Model} model
 * @returns {HTMLElement}
 */
export function wireRow(entry, model) {
  const { at, kind, connection, bot, data } = entry;
  const time = h('time', {}, new Date(at).toISOString().slice(11, 23));
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[kind]);
  const who = h('span', { class: 'who' }, connection === undefined ? '' : `#${connection}`);
  const name = botName(bot, model);
  if (kind === 'open' || kind === 'close' || kind === 'fault') {
    const text = {
      open: `${name} connected`,
      close: `${name} disconnected (${data})`,
      fault: `fault: ${data}`,
    }[kind];
    return h('p', { class: `entry ${kind}` }, time, sign, who, h('span', { class: 'text' }, text));
  }
  const frame = parse(entry);
  const direction = { in: `from ${name}`, out: `to ${name}`, call: name === '' ? 'call' : `call by ${name}` }[kind];
  const row = h(
    'details',
    { class: `entry ${kind}` },
    h(
      'summary',
      {},
      time,
      sign,
      h('span', { class: 'visually-hidden' }, direction),
      who,
      h('b', {}, typeOf(entry, frame)),
      h('span', { class: 'preview' }, (summarize(frame, model) ?? data).slice(0, PREVIEW_LENGTH)),
    ),
  );
  row.addEventListener('toggle', () => {
    if (row.open && row.childElementCount === 1) row.append(...details(entry, frame, direction));
  });
  return row;
}

/**
 * @param {string | undefined} id
 * @param {Model} model
 */
export function botName(id, model) {
  return id === undefined ? '' : (model.users.get(id)?.name ?? id);
}

/**
 * The content of an open row: the frame as indented JSON, and as it was sent.
 *
 * @param {Entry} entry
 * @param {any} frame
 * @param {string} direction
 */
function details({ type, data, length }, frame, direction) {
  const size = length ?? data.length;
  const isBinary = type === 'binary';
  // A byte is two hexadecimal digits.
  const shown = isBinary ? data.length / 2 : OPEN_LENGTH;
  const unit = isBinary ? 'byte' : 'character';
  const part = size > shown ? `, the first ${count(shown)} shown` : '';
  const indented = indent(frame);
  return [
    ...(indented === undefined ? [] : [h('pre', {}, indented.slice(0, OPEN_LENGTH))]),
    h(
      'p',
      { class: 'muted' },
      `${direction}, ${count(size, unit)}${part}, ${isBinary ? 'in hexadecimal' : 'as sent'}:`,
    ),
    h('pre', { class: 'raw' }, data.slice(0, OPEN_LENGTH)),
  ];
}

/**
 * The most important fields of a frame. Undefined for a type without a summary.
 *
 * @param {any} frame
 * @param {Model} model
 * @returns {string | undefined}
 */
function summarize(frame, model) {
  if (typeof frame !== 'object' || frame === null) return undefined;
  const { type, channel, user, users, text, message, reaction, item, presence } = frame;
  const where = typeof channel === 'string' ? `${model.nameOf(model.channels.get(channel)) || channel} ` : '';
  const who = typeof user === 'string' ? botName(user, model) : '';
  switch (type) {
    case 'message': {
      const content = text ?? message?.text;
      if (typeof content !== 'string') return undefined;
      return `${where}${who}${who ? ': ' : ''}${fromSlack(content.slice(0, PREVIEW_LENGTH), model)}`;
    }
    case 'typing':
    case 'user_typing':
      return where + who;
    case 'reaction_added':
    case 'reaction_removed':
      return `${who} :${reaction}: ${model.nameOf(model.channels.get(item?.channel))}`;
    case 'presence_change':
      return `${Array.isArray(users) ? users.map((id) => botName(String(id), model)).join(', ') : who} ${presence}`;
    case 'ping':
    case 'pong':
      return `${frame.id ?? frame.reply_to ?? ''}`;
    default:
      return undefined;
  }
}

/**
 * @param {Entry} entry
 * @returns {any} undefined if the frame is not JSON or is shortened
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
 * @param {any} frame
 * @returns {string | undefined} undefined if the frame is not JSON, or nested too deeply for JSON.stringify
 */
function indent(frame) {
  try {
    return JSON.stringify(frame, null, 2);
  } catch {
    return undefined;
  }
}

/**
 * The label of a frame: its type and subtype.
 *
 * @param {Entry} entry
 * @param {any} frame
 */
function typeOf({ kind, type, length }, frame) {
  if (kind === 'call' || type === 'binary') return type ?? '';
  if (length !== undefined) return 'long frame';
  if (typeof frame !== 'object' || frame === null) return 'not JSON';
  if (typeof frame.type === 'string') {
    return typeof frame.subtype === 'string' ? `${frame.type}:${frame.subtype}` : frame.type;
  }
  return 'reply_to' in frame ? `reply${frame.ok === false ? ' (error)' : ''}` : '?';
}
