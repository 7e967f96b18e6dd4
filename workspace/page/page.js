// Owns the page as a whole: puts the parts together, and says what happens when news come, a key is pressed, or
// somebody wants something. The first file that the browser loads.

import { Around } from './around.js';
import { Composer } from './composer.js';
import { Dialogs } from './dialogs.js';
import { byId, h, isWriting } from './dom.js';
import { FAULTS, FaultPanel } from './faults.js';
import { installKeys } from './keys.js';
import { MessageList } from './messages.js';
import { Model } from './model.js';
import { Side } from './side.js';
import { Live, RequestError } from './socket.js';
import { Wire } from './wire.js';

/**
 * @typedef {import('./model.js').Message} Message
 */

const model = new Model();
const around = new Around(model);
const wire = new Wire(model);
const faults = new FaultPanel(model, ask);
const side = new Side(model, openChannel, openPerson);
const dialogs = new Dialogs(model, side, {
  toggle: (message, name, on) => actions.toggle(message, name, on),
  create: (name, isPrivate) => ask('create', { as: model.actor, name, isPrivate }),
  open: openChannel,
});
const live = new Live(onBatch, onState);

/** The first message of the thread that is open. @type {{ channel: string, ts: string } | undefined} */
let thread;

/** What an edit or a deletion may take away from a message. */
const GONE = { reactions: undefined, attachments: undefined, blocks: undefined, edited: undefined };

const actions = {
  /** @param {Message} message */
  react: (message) => dialogs.react(message),
  /** @type {(message: Message, name: string, on: boolean) => void} */
  toggle: (message, name, on) =>
    void tell(on ? 'react' : 'unreact', { channel: message.channel, ts: message.ts, name }),
  /** @param {Message} message */
  remove: (message) => void tell('remove', { channel: message.channel, ts: message.ts }),
};
const list = new MessageList(byId('log'), model, {
  ...actions,
  reply: (message) => void openThread(message),
  edit: (message) => composer.edit(message),
  earlier: (before) => void load(before),
  behind: (waiting) => around.drawBehind(waiting),
  flooded: (perSecond, drawn) => around.drawFlood(perSecond, drawn),
});
const replies = new MessageList(byId('thread-log'), model, {
  ...actions,
  edit: (message) => replyComposer.edit(message),
});

const composer = new Composer(byId('write-form', HTMLFormElement), model, {
  send: (text) => tell('post', { channel: model.channel, text }).then(() => (list.isLatest ? list.toEnd() : load())),
  update: (message, text) => tell('update', { channel: message.channel, ts: message.ts, text }),
  typing: () => void ask('typing', { channel: model.channel, as: model.actor }).catch(() => {}),
  last: () => list.lastOf(model.actor),
  leave: () => list.focusRow(),
});
const replyComposer = new Composer(byId('reply-form', HTMLFormElement), model, {
  send: (text) => tell('post', { channel: thread?.channel, thread: thread?.ts, text }).then(() => replies.toEnd()),
  update: (message, text) => tell('update', { channel: message.channel, ts: message.ts, text }),
  last: () => replies.lastOf(model.actor),
  leave: closeThread,
});

/**
 * Asks the workspace for something.
 *
 * @param {string} action
 * @param {object} args
 */
function ask(action, args) {
  return live.request(action, args);
}

/**
 * Asks for something as the user whom the page speaks as; says so where it is refused.
 *
 * @param {string} action
 * @param {object} args
 */
async function tell(action, args) {
  try {
    return await ask(action, { as: model.actor, ...args });
  } catch (error) {
    if (error instanceof RequestError)
      around.note(`Not done: ${error.code}${error.message === error.code ? '' : `, ${error.message}`}`);
    throw error;
  }
}
addEventListener('unhandledrejection', (event) => {
  if (event.reason instanceof RequestError) event.preventDefault(); // `tell` has said it.
});

// What the workspace tells

/** @param {boolean} isOpen */
function onState(isOpen) {
  around.drawState(isOpen);
}

/**
 * @param {any} batch
 * @param {boolean} isFirst of a connection: what was shown before may be old
 */
function onBatch(batch, isFirst) {
  if (batch.directory) {
    const { channel, actor, names } = model;
    model.update(batch.directory);
    drawPlaces();
    if (isFirst || channel !== model.channel || actor !== model.actor) void load();
    else if (names !== model.names) for (const one of [list, replies]) one.refresh();
  }
  if (batch.stale) void load();
  for (const [channel, number] of Object.entries(batch.skipped ?? {})) {
    if (channel === model.channel) list.skip(number);
    else model.countUnread(channel, number, false);
  }
  for (const { event, audience } of batch.events) onEvent(event, audience);
  wire.add(batch.frames, batch.skippedFrames);
  if (!batch.directory && batch.events.length > 0) side.draw();
}

/**
 * @param {any} event as Slack's RTM sends it
 * @param {{ user?: string }} audience
 */
function onEvent(event, audience) {
  switch (event.type === 'message' ? (event.subtype ?? 'message') : event.type) {
    case 'user_typing':
      around.startTyping(event.user, event.channel);
      break;
    case 'reaction_added':
    case 'reaction_removed':
      onReaction(event);
      break;
    case 'message_changed':
      for (const one of [list, replies]) one.change(event.message.ts, { ...GONE, ...event.message });
      break;
    case 'message_deleted':
      countReply(event.previous_message ?? {}, -1);
      for (const one of [list, replies]) one.remove(event.deleted_ts);
      if (event.deleted_ts === thread?.ts) closeThread();
      break;
    case 'message_replied':
      break; // The reply itself has been counted.
    default:
      if (event.type === 'message') onMessage(event, audience);
  }
}

/**
 * @param {Message} message
 * @param {{ user?: string }} audience
 */
function onMessage(message, audience) {
  around.stopTyping(message.user ?? '');
  if (audience.user !== undefined && audience.user !== model.actor) return;
  const isReply = message.thread_ts !== undefined && message.thread_ts !== message.ts;
  if (isReply) {
    if (message.thread_ts === thread?.ts) replies.add(message);
    countReply(message, 1);
  }
  if (isReply && message.subtype !== 'thread_broadcast') return;
  if (message.channel === model.channel) {
    list.add(message);
    if (document.hidden) countUnread(message);
  } else {
    countUnread(message);
  }
}

/**
 * @param {Partial<Message>} reply
 * @param {number} number 1 where it came, -1 where it went
 */
function countReply({ ts, thread_ts: root = '' }, number) {
  const message = root === ts ? undefined : list.get(root);
  if (message) list.change(root, { reply_count: Math.max(0, (message.reply_count ?? 0) + number) });
}

/** @param {Message} message */
function countUnread({ channel, text = '', user }) {
  const place = model.channels.get(channel);
  if (user === model.actor || (place?.isIm && !place.members.includes(model.actor))) return;
  const isMention = place?.isIm || text.includes(`<@${model.actor}>`) || text.includes('<!');
  model.countUnread(channel, 1, isMention);
  around.drawTitle();
}

/** @param {any} event */
function onReaction({ type, user, reaction, item: { ts } }) {
  const message = list.get(ts) ?? replies.get(ts);
  if (!message) return;
  const others = (message.reactions ?? []).filter(({ name }) => name !== reaction);
  const before = message.reactions?.find(({ name }) => name === reaction)?.users ?? [];
  const users = type === 'reaction_added' ? [...new Set([...before, user])] : before.filter((id) => id !== user);
  const now = users.length > 0 ? { name: reaction, users, count: users.length } : undefined;
  const reactions = (message.reactions ?? []).some(({ name }) => name === reaction)
    ? message.reactions?.flatMap((one) => (one.name === reaction ? (now ?? []) : one))
    : [...others, ...(now ? [now] : [])];
  for (const one of [list, replies]) one.change(ts, { reactions });
}

// What is open

/** @param {string} id */
function openChannel(id) {
  if (thread && thread.channel !== id) closeThread();
  composer.stopEditing();
  model.open(id);
  show('talk');
  drawPlaces();
  void load();
  if (matchMedia('(min-width: 720px)').matches) composer.focus();
}

/** @param {string} user */
async function openPerson(user) {
  const { channel } = await tell('open', { user });
  openChannel(channel);
}

/**
 * Shows the last messages of the channel, or the last before a `ts`.
 *
 * @param {string} [before]
 */
async function load(before) {
  const { channel } = model;
  try {
    const { messages, hasEarlier, isLatest } = await ask('history', { channel, before });
    if (channel !== model.channel) return;
    list.set(messages, { hasEarlier, isLatest, empty: emptyNote() });
    if (thread && !before) await loadThread();
  } catch {
    // The connection was lost: it is loaded anew with the next one.
  }
}

function emptyNote() {
  const name = model.nameOf(model.channels.get(model.channel));
  return h('p', {}, 'Nothing has been said in ', h('b', {}, name), ' yet.');
}

/** @param {Message} message */
async function openThread(message) {
  replyComposer.stopEditing();
  thread = { channel: message.channel, ts: message.thread_ts ?? message.ts };
  byId('thread').hidden = false;
  document.body.dataset.thread = '';
  byId('thread-place').textContent = model.nameOf(model.channels.get(thread.channel));
  drawPlaces();
  await loadThread();
  replyComposer.focus();
}

async function loadThread() {
  if (!thread) return;
  const { channel, ts } = thread;
  try {
    const { messages } = await ask('thread', { channel, ts });
    if (ts === thread?.ts) replies.set(messages);
  } catch (error) {
    if (error instanceof RequestError && error.code !== 'lost') closeThread();
  }
}

function closeThread() {
  if (!thread) return;
  const hadFocus = byId('thread').contains(document.activeElement);
  thread = undefined;
  replyComposer.stopEditing();
  byId('thread').hidden = true;
  delete document.body.dataset.thread;
  if (hadFocus) composer.focus();
}

/**
 * Which part a small screen shows.
 *
 * @param {string} view
 */
function show(view) {
  const isOther = document.body.dataset.view !== view;
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll('.tabs button')) {
    if (button.getAttribute('data-view') === view) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
  if (isOther && view === 'talk') list.toEnd();
  if (isOther && view === 'wire') wire.toEnd();
}

function drawPlaces() {
  if (thread && thread.channel !== model.channel) closeThread();
  if (!document.hidden) model.unread.delete(model.channel);
  const name = model.nameOf(model.channels.get(model.channel));
  const speaker = model.users.get(model.actor)?.name ?? 'Nobody';
  composer.name(model.isMember ? `Message ${name}` : `${speaker} is not in ${name}`, model.isMember);
  replyComposer.name(`Reply as ${speaker}`, model.isMember);
  around.draw();
  side.draw();
  faults.update();
}

// What a person does

byId('actor').addEventListener('change', ({ target }) => {
  model.speakAs(/** @type {HTMLSelectElement} */ (target).value);
  drawPlaces();
  void load();
});
byId('presence').addEventListener('click', () => {
  const isActive = model.users.get(model.actor)?.presence === 'active';
  void tell('presence', { presence: isActive ? 'away' : 'active' });
});
byId('membership').addEventListener(
  'click',
  () => void tell(model.isMember ? 'leave' : 'join', { channel: model.channel }),
);
byId('newest').addEventListener('click', () => void load());
byId('thread-close').addEventListener('click', closeThread);
byId('create-open').addEventListener('click', () => dialogs.create());
byId('switch-open').addEventListener('click', () => dialogs.switch());
byId('help-open').addEventListener('click', () => dialogs.help());
for (const button of document.querySelectorAll('.tabs button')) {
  button.addEventListener('click', () => show(button.getAttribute('data-view') ?? 'talk'));
}
document.addEventListener('click', ({ target }) => {
  const mention = target instanceof Element ? target.closest('button.mention[data-channel]') : null;
  if (mention) openChannel(mention.getAttribute('data-channel') ?? '');
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  model.unread.delete(model.channel);
  around.drawTitle();
  side.draw();
});

/** @param {number} step */
function goAlong(step) {
  const { places } = side;
  const now = places.findIndex(({ channel }) => channel === model.channel);
  side.go(places[(now + step + places.length) % places.length]);
}

/** @param {(message: Message) => void} act on the message whose row has the focus */
function onFocused(act) {
  const message = list.focused ?? replies.focused;
  if (message && !message.is_ephemeral) act(message);
}

const mine = (/** @type {(message: Message) => void} */ act) => (/** @type {Message} */ message) => {
  if (message.user === model.actor) act(message);
  else around.note('Only its author can do that; speak as them with u');
};

/** From a field to the list that it belongs to, where keys work again. */
function leaveField() {
  if (byId('wire').contains(document.activeElement)) wire.focus();
  else list.focusRow();
}

const at = (/** @type {string} */ view, /** @type {() => void} */ act) => () => {
  show(view);
  act();
};

installKeys([
  {
    title: 'Everywhere',
    keys: [
      { keys: '?', does: 'show these keys', run: () => dialogs.help() },
      { keys: 'Ctrl K', does: 'go to a channel or person', run: () => dialogs.switch() },
      { keys: 'Alt ↑', does: 'the channel above', run: () => goAlong(-1) },
      { keys: 'Alt ↓', does: 'the channel below', run: () => goAlong(1) },
      { keys: 'm', does: 'write a message', run: at('talk', () => composer.focus()) },
      { keys: 'u', does: 'choose whom to speak as', run: at('talk', () => byId('actor').focus()) },
      { keys: 'n', does: 'new channel', run: () => dialogs.create() },
      { keys: 'Esc', does: 'close, leave the field', run: () => (isWriting() ? leaveField() : closeThread()) },
    ],
  },
  {
    title: 'Messages',
    keys: [
      { keys: 'j', does: 'next', run: () => (replies.focused ? replies : list).focusRow(1) },
      {
        keys: 'k',
        does: 'previous; from elsewhere: the last one',
        run: () => (replies.focused ? replies : list).focusRow(list.focused || replies.focused ? -1 : 0),
      },
      { keys: 'r', does: 'react', run: () => onFocused(actions.react) },
      { keys: 't', does: 'open the thread', run: () => onFocused((message) => void openThread(message)) },
      {
        keys: 'e',
        does: 'edit your own',
        run: () => onFocused(mine((message) => (list.focused ? composer : replyComposer).edit(message))),
      },
      { keys: 'Delete', does: 'delete your own', run: () => onFocused(mine(actions.remove)) },
    ],
  },
  {
    title: 'Writing',
    keys: [
      { keys: 'Enter', does: 'send; with Shift: a new line' },
      { keys: '@ # :', does: 'offer people, channels, emoji; Tab takes one' },
      { keys: '↑', does: 'in an empty field: edit your last message' },
    ],
  },
  {
    title: 'Wire',
    keys: [
      { keys: 'w', does: 'to the frames; Enter opens one', run: at('wire', () => wire.focus()) },
      { keys: 'f', does: 'filter', run: at('wire', () => wire.focusFilter()) },
      { keys: 'p', does: 'pause, go on', run: () => wire.pause() },
    ],
  },
  {
    title: 'Faults',
    keys: FAULTS.map((fault) => ({
      keys: `Shift ${fault.key}`,
      does: fault.does,
      run: () => void faults.run(fault),
    })),
  },
]);
show('talk');
