// The table of keyboard shortcuts.

import { byId, isWriting } from './dom.js';
import { FAULTS } from './fault-list.js';
import { installKeys } from './keys.js';

/**
 * @typedef {import('./model.js').Message} Message
 *
 * @typedef {object} Parts
 * @property {import('./model.js').Model} model
 * @property {import('./message-list.js').MessageList} list of the open channel
 * @property {import('./composer.js').Composer} composer
 * @property {import('./thread-panel.js').ThreadPanel} thread
 * @property {import('./sidebar.js').Sidebar} sidebar
 * @property {import('./wire-panel.js').WirePanel} wire
 * @property {import('./fault-panel.js').FaultPanel} faults
 * @property {import('./dialogs.js').Dialogs} dialogs
 * @property {import('./notices.js').Notices} notices
 * @property {(view: string) => void} showView
 * @property {(message: Message) => void} openThread
 * @property {(message: Message) => void} react
 * @property {(message: Message) => void} remove
 */

/** @param {Parts} parts */
export function installShortcuts(parts) {
  const { model, list, composer, thread, sidebar, wire, faults, dialogs, notices } = parts;

  /** @param {number} step */
  const goToNeighbor = (step) => {
    const { destinations } = sidebar;
    const now = destinations.findIndex(({ channel }) => channel === model.channel);
    sidebar.goTo(destinations[(now + step + destinations.length) % destinations.length]);
  };

  /** @param {(message: Message) => void} act on the focused message */
  const onFocused = (act) => () => {
    const message = list.focused ?? thread.list.focused;
    if (message && !message.is_ephemeral) act(message);
  };

  /** @param {(message: Message) => void} act on the focused message, if it is the selected user's */
  const onOwn = (act) =>
    onFocused((message) => {
      if (message.user === model.actor) act(message);
      else notices.toast('Only the author can do that. Press u to choose the author.');
    });

  /** Moves the focus from a field to the list beside it, where single keys work. */
  const leaveField = () => {
    if (byId('wire').contains(document.activeElement)) wire.focus();
    else list.focusRow();
  };

  /**
   * @param {string} view the part of the page that a small screen must show first
   * @param {() => void} act
   */
  const inView = (view, act) => () => {
    parts.showView(view);
    act();
  };

  installKeys([
    {
      title: 'Everywhere',
      keys: [
        { keys: '?', does: 'show these keys', run: () => dialogs.help() },
        { keys: 'Ctrl K', does: 'go to a channel or person', run: () => dialogs.switch() },
        { keys: 'Alt ↑', does: 'previous channel', run: () => goToNeighbor(-1) },
        { keys: 'Alt ↓', does: 'next channel', run: () => goToNeighbor(1) },
        { keys: 'm', does: 'write a message', run: inView('conversation', () => composer.focus()) },
        { keys: 'u', does: 'choose the user to speak as', run: inView('conversation', () => byId('actor').focus()) },
        { keys: 'n', does: 'new channel', run: () => dialogs.create() },
        { keys: 'Esc', does: 'close, or leave the field', run: () => (isWriting() ? leaveField() : thread.close()) },
      ],
    },
    {
      title: 'Messages',
      keys: [
        { keys: 'j', does: 'next', run: () => (thread.list.focused ? thread.list : list).focusRow(1) },
        {
          keys: 'k',
          does: 'previous, or the last one',
          run: () => (thread.list.focused ? thread.list : list).focusRow(list.focused || thread.list.focused ? -1 : 0),
        },
        { keys: 'r', does: 'react', run: onFocused(parts.react) },
        { keys: 't', does: 'open the thread', run: onFocused(parts.openThread) },
        {
          keys: 'e',
          does: 'edit your message',
          run: onOwn((message) => (list.focused ? composer : thread.composer).edit(message)),
        },
        { keys: 'Delete', does: 'delete your message', run: onOwn(parts.remove) },
      ],
    },
    {
      title: 'Writing',
      keys: [
        { keys: 'Enter', does: 'send; with Shift: new line' },
        { keys: '@ # :', does: 'suggest people, channels, emoji; Tab accepts' },
        { keys: '↑', does: 'in an empty field: edit your last message' },
      ],
    },
    {
      title: 'Wire',
      keys: [
        { keys: 'w', does: 'go to the frames; Enter opens one', run: inView('wire', () => wire.focus()) },
        { keys: 'f', does: 'filter', run: inView('wire', () => wire.focusFilter()) },
        { keys: 'p', does: 'pause or continue', run: () => wire.togglePause() },
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
}
