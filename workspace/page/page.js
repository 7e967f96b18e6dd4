// The entry point of the page: creates its parts and connects them.

import { drawBots } from './bots-panel.js';
import { Composer } from './composer.js';
import { Dialogs } from './dialogs.js';
import { byId, h } from './dom.js';
import { FaultPanel } from './fault-panel.js';
import { Header } from './header.js';
import { EventHandler } from './event-handler.js';
import { MessageList } from './message-list.js';
import { Model } from './model.js';
import { Notices } from './notices.js';
import { Requests } from './requests.js';
import { installShortcuts } from './shortcuts.js';
import { Sidebar } from './sidebar.js';
import { ThreadPanel } from './thread-panel.js';
import { WirePanel } from './wire-panel.js';
import { WorkspaceSocket } from './workspace-socket.js';

/**
 * @typedef {import('./model.js').Message} Message
 */

const model = new Model();
const notices = new Notices(model);
const header = new Header(model);
const socket = new WorkspaceSocket(onBatch, (isOpen) => notices.showConnection(isOpen));
const requests = new Requests(model, socket, notices);
const wire = new WirePanel(model);
const faults = new FaultPanel(model, (action, args) => requests.send(action, args));
const sidebar = new Sidebar(model, openChannel, openDirectMessages);
const dialogs = new Dialogs(model, sidebar, {
  toggleReaction,
  createChannel: (name, isPrivate) => requests.send('create', { as: model.actor, name, isPrivate }),
  openChannel,
});

const messageActions = { react: (/** @type {Message} */ message) => dialogs.react(message), toggleReaction, remove };
const thread = new ThreadPanel(model, requests, { ...messageActions, onClose: () => composer.focus() });
const list = new MessageList(byId('log'), model, {
  ...messageActions,
  openThread,
  edit: (message) => composer.edit(message),
  loadEarlier: (before) => void load(before),
  onMessagesBelow: (number) => notices.showMessagesBelow(number),
  onFlood: (perSecond, shown) => notices.showFlood(perSecond, shown),
});
const composer = new Composer(byId('write-form', HTMLFormElement), model, {
  send,
  update: (message, text) => requests.updateMessage(message, text),
  typing: () => void requests.send('typing', { channel: model.channel, as: model.actor }).catch(() => {}),
  lastOwn: () => list.lastOf(model.actor),
  leave: () => list.focusRow(),
});
const eventHandler = new EventHandler({ model, list, thread, header, notices });

/**
 * @param {any} batch
 * @param {boolean} isFirst of a connection: the messages on the page may be outdated
 */
function onBatch(batch, isFirst) {
  if (batch.snapshot) {
    const { channel, actor, names } = model;
    model.update(batch.snapshot);
    draw();
    if (isFirst || channel !== model.channel || actor !== model.actor) void load();
    else if (names !== model.names) for (const one of [list, thread.list]) one.refresh();
  }
  if (batch.reload) void load();
  for (const [channel, number] of Object.entries(batch.skipped ?? {})) eventHandler.skip(channel, number);
  for (const { event, audience } of batch.events) eventHandler.handle(event, audience);
  wire.add(batch.frames, batch.skippedFrames);
  if (!batch.snapshot && batch.events.length > 0) sidebar.draw();
}

/** Draws everything but the messages and the wire. */
function draw() {
  if (thread.channel !== model.channel) thread.close();
  if (!document.hidden) model.unread.delete(model.channel);
  const channelName = model.nameOf(model.channels.get(model.channel));
  const actorName = model.users.get(model.actor)?.name ?? '';
  const { isMember } = model;
  composer.setLabel(isMember ? `Message ${channelName}` : `${actorName} is not in ${channelName}`, isMember);
  thread.composer.setLabel(`Reply as ${actorName}`, isMember);
  header.draw();
  notices.drawTyping();
  sidebar.draw();
  drawBots(model);
  faults.draw();
}

/**
 * Loads the last messages of the open channel, or the last before a `ts`; and the open thread.
 *
 * @param {string} [before]
 */
async function load(before) {
  const { channel } = model;
  try {
    const { messages, hasEarlier, isLatest } = await requests.send('history', { channel, before });
    if (channel !== model.channel) return;
    const channelName = model.nameOf(model.channels.get(channel));
    const empty = h('p', {}, 'No messages in ', h('b', {}, channelName), ' yet.');
    list.set(messages, { hasEarlier, isLatest, empty });
    if (!before) await thread.load();
  } catch {
    // The connection was lost. The next one loads the messages again.
  }
}

/** @param {string} text */
async function send(text) {
  await requests.act('post', { channel: model.channel, text });
  if (list.isLatest) list.scrollToEnd();
  else await load();
}

/**
 * @param {Message} message
 * @param {string} name
 * @param {boolean} on
 */
function toggleReaction({ channel, ts }, name, on) {
  void requests.act(on ? 'react' : 'unreact', { channel, ts, name });
}

/** @param {Message} message */
function remove({ channel, ts }) {
  void requests.act('remove', { channel, ts });
}

/** @param {string} id */
function openChannel(id) {
  if (thread.channel !== id) thread.close();
  composer.stopEditing();
  model.open(id);
  showView('conversation');
  draw();
  void load();
  if (matchMedia('(min-width: 720px)').matches) composer.focus();
}

/** @param {string} user */
async function openDirectMessages(user) {
  const { channel } = await requests.act('open', { user });
  openChannel(channel);
}

/** @param {Message} message */
function openThread(message) {
  const opened = thread.open(message);
  draw();
  void opened;
}

/**
 * Chooses the part of the page that a small screen shows.
 *
 * @param {string} view
 */
function showView(view) {
  const isOther = document.body.dataset.view !== view;
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll('.tabs button')) {
    if (button.getAttribute('data-view') === view) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
  if (isOther && view === 'conversation') list.scrollToEnd();
  if (isOther && view === 'wire') wire.scrollToEnd();
}

byId('actor').addEventListener('change', ({ target }) => {
  model.speakAs(/** @type {HTMLSelectElement} */ (target).value);
  draw();
  void load();
});
byId('presence').addEventListener('click', () => {
  const isActive = model.users.get(model.actor)?.presence === 'active';
  void requests.act('presence', { presence: isActive ? 'away' : 'active' });
});
byId('membership').addEventListener(
  'click',
  () => void requests.act(model.isMember ? 'leave' : 'join', { channel: model.channel }),
);
byId('newest').addEventListener('click', () => void load());
byId('create-open').addEventListener('click', () => dialogs.create());
byId('switch-open').addEventListener('click', () => dialogs.switch());
byId('help-open').addEventListener('click', () => dialogs.help());
for (const button of document.querySelectorAll('.tabs button')) {
  button.addEventListener('click', () => showView(button.getAttribute('data-view') ?? 'conversation'));
}
document.addEventListener('click', ({ target }) => {
  const mention = target instanceof Element ? target.closest('button.mention[data-channel]') : null;
  if (mention) openChannel(mention.getAttribute('data-channel') ?? '');
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  model.unread.delete(model.channel);
  header.drawTitle();
  sidebar.draw();
});

installShortcuts({
  ...{ model, list, composer, thread, sidebar, wire, faults, dialogs, notices },
  ...{ showView, openThread, react: messageActions.react, remove },
});
showView('conversation');
