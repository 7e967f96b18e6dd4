// The panel with the bots and their connections.

import { byId, h } from './dom.js';
import { count } from './format.js';
import { avatar } from './icons.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').User} User
 */

const MAX_LISTED = 6;

/**
 * Draws every bot with its connections. If no bot is connected, shows the code that connects one.
 *
 * @param {Model} model
 */
export function drawBots({ users, connections, apiUrl }) {
  const bots = [...users.values()].filter(({ isBot }) => isBot);
  const rows = bots.map((bot) => {
    const ids = connections.filter((connection) => connection.bot === bot.id).map(({ id }) => `#${id}`);
    const more = ids.length > MAX_LISTED ? ` and ${count(ids.length - MAX_LISTED)} more` : '';
    const state = ids.length === 0 ? 'not connected' : `connected: ${ids.slice(0, MAX_LISTED).join(' ')}${more}`;
    return h(
      'p',
      { class: ids.length > 0 ? 'bot connected' : 'bot' },
      avatar(bot.name, bot.id),
      h('b', {}, bot.name),
      h('span', { class: 'state' }, state),
    );
  });
  const hint = connections.length === 0 && bots.length > 0 ? [connectHint(bots[0], apiUrl)] : [];
  byId('bots').replaceChildren(...rows, ...hint);
}

/**
 * @param {User} bot
 * @param {string} apiUrl
 */
function connectHint({ token = '' }, apiUrl) {
  const code = `new RTMClient('${token}', { slackApiUrl: '${apiUrl}' })`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'The browser does not allow it';
    }
  };
  const button = h('button', { type: 'button', class: 'quiet', onclick: copy }, 'Copy');
  return h(
    'div',
    { class: 'connect' },
    h('p', {}, 'No bot is connected. Connect one:'),
    h('pre', { tabIndex: 0, 'aria-label': 'Code that connects a bot', role: 'region' }, code),
    button,
  );
}
