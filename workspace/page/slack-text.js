// Slack's text format: showing it as nodes, and writing it from typed text. Text never becomes HTML.

import { h } from './dom.js';
import { glyphOf } from './emoji.js';

/**
 * @typedef {import('./model.js').Model} Model
 */

const BLOCK = /```\n?([\s\S]+?)```/g;
const INLINE = new RegExp(
  [
    '`(?<code>[^`\\n]+)`',
    '<(?<token>[^<>\\s][^<>]*)>',
    ":(?<emoji>[a-z0-9_+'-]+):",
    '(?<![\\w*])\\*(?<bold>[^*\\s](?:[^*\\n]*[^*\\s])?)\\*(?![\\w*])',
    '(?<![\\w_])_(?<italic>[^_\\s](?:[^_\\n]*[^_\\s])?)_(?![\\w_])',
    '(?<![\\w~])~(?<struck>[^~\\s](?:[^~\\n]*[^~\\s])?)~(?![\\w~])',
  ].join('|'),
  'g',
);

/**
 * A message's text as nodes.
 *
 * @param {string} text
 * @param {Model} model
 * @returns {DocumentFragment}
 */
export function nodesOf(text, model) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(BLOCK)) {
    appendInline(fragment, text.slice(end, match.index), model);
    fragment.append(h('pre', {}, unescapeText(match[1])));
    end = match.index + match[0].length;
    if (text[end] === '\n') end += 1;
  }
  appendInline(fragment, text.slice(end), model);
  return fragment;
}

/**
 * @param {Node} parent
 * @param {string} text
 * @param {Model} model
 */
function appendInline(parent, text, model) {
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    appendText(parent, text.slice(end, match.index));
    parent.appendChild(inlineNode(match[0], match.groups ?? {}, model));
    end = match.index + match[0].length;
  }
  appendText(parent, text.slice(end));
}

/**
 * @param {string} whole
 * @param {Record<string, string | undefined>} groups
 * @param {Model} model
 * @returns {Node}
 */
function inlineNode(whole, { code, token, emoji, bold, italic, struck }, model) {
  if (code !== undefined) return h('code', {}, unescapeText(code));
  if (token !== undefined) return tokenNode(token, model);
  if (emoji !== undefined) return h('span', { class: 'emoji', title: whole }, glyphOf(emoji));
  const [tag, inner] = bold !== undefined ? ['b', bold] : italic !== undefined ? ['i', italic] : ['s', struck ?? ''];
  const element = h(/** @type {'b'} */ (tag));
  appendInline(element, inner, model);
  return element;
}

/**
 * The text between `<` and `>`: a mention, a link, or unknown text, which is shown as it is.
 *
 * @param {string} token
 * @param {Model} model
 * @returns {Node}
 */
function tokenNode(token, model) {
  const [target, label] = token.split(/\|(.*)/s);
  switch (target[0]) {
    case '@': {
      const id = target.slice(1);
      const name = model.users.get(id)?.name ?? label ?? id;
      return h('span', { class: id === model.actor ? 'mention me' : 'mention' }, `@${unescapeText(name)}`);
    }
    case '#': {
      const id = target.slice(1);
      const name = `#${unescapeText(model.channels.get(id)?.name ?? label ?? id)}`;
      if (!model.channels.has(id)) return h('span', { class: 'mention' }, name);
      return h('button', { type: 'button', class: 'mention', 'data-channel': id }, name);
    }
    case '!': {
      const [name] = target.slice(1).split('^', 1);
      return h('span', { class: 'mention me' }, unescapeText(label ?? `@${name}`));
    }
    default: {
      const url = unescapeText(target);
      if (!/^(https?|mailto):/i.test(url)) return document.createTextNode(unescapeText(`<${token}>`));
      return h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, unescapeText(label ?? target));
    }
  }
}

/**
 * @param {Node} parent
 * @param {string} text
 */
function appendText(parent, text) {
  if (text !== '') parent.appendChild(document.createTextNode(unescapeText(text)));
}

/** @param {string} text */
function unescapeText(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * Typed text as Slack's clients send it: `@ann` as `<@U…>`, `#general` as `<#C…|general>`, links in `<…>`, and `&`, `<`
 * and `>` escaped.
 *
 * @param {string} typed
 * @param {Model} model
 */
export function toSlack(typed, model) {
  const users = new Map([...model.users.values()].map(({ id, name }) => [escapeText(name), `<@${id}>`]));
  for (const name of ['here', 'channel', 'everyone']) if (!users.has(name)) users.set(name, `<!${name}>`);
  const channels = new Map();
  for (const { id, name, isIm } of model.channels.values())
    if (!isIm) channels.set(escapeText(name), `<#${id}|${escapeText(name)}>`);
  const pattern = new RegExp(
    `(?<link>\\bhttps?://[^\\s|]*[^\\s|.,;:!?)'"])|(?<![\\w])(?:@(?<user>${alternatives(users)})|#(?<channel>${alternatives(channels)}))(?![\\w-])`,
    'gu',
  );
  return escapeText(typed).replace(pattern, (whole, ...rest) => {
    const { link, user, channel } = rest.at(-1);
    if (link !== undefined) return `<${link}>`;
    return users.get(user) ?? channels.get(channel) ?? whole;
  });
}

/**
 * The reverse of `toSlack`, for editing a message.
 *
 * @param {string} text
 * @param {Model} model
 */
export function fromSlack(text, model) {
  return unescapeText(
    text.replace(/<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>/g, (_, sign, id, label) => {
      if (sign === '@') return `@${model.users.get(id)?.name ?? label ?? id}`;
      if (sign === '#') return `#${model.channels.get(id)?.name ?? label ?? id}`;
      return sign === '!' ? `@${id}` : id;
    }),
  );
}

/** @param {string} text */
function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * A pattern that matches one of the names.
 *
 * @param {Map<string, string>} names
 */
function alternatives(names) {
  const longestFirst = [...names.keys()].sort((one, other) => other.length - one.length);
  return longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|') || '(?!)';
}
