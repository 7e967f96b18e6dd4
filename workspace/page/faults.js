// Owns the buttons for what goes wrong, and the line that says what came of it.

import { byId, count, h, setOptions } from './dom.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {(action: string, args: object) => Promise<any>} Ask
 *
 * @typedef {object} Fault
 * @property {string} fault its name for the workspace
 * @property {string} label
 * @property {string} title what it does
 * @property {string} does the same in few words, for the list of keys
 * @property {string} key that brings it about, with Shift
 * @property {(hits: number | undefined, value: string) => string} said what came of it
 * @property {{ label: string, values: [value: string, label: string][], usual?: string }} [choice]
 * @property {(value: string, model: Model) => object} [args]
 * @property {(model: Model, to: string | number) => boolean} [isOn] whether it lasts now; pressed again, it ends
 * @property {(value: string) => object} [off] what ends it
 */

const many = (/** @type {number | undefined} */ hits) => count(hits ?? 0, 'connection');

/** @type {Fault[]} */
export const FAULTS = [
  {
    fault: 'drop',
    label: 'Drop',
    key: 'D',
    does: 'drop connections',
    title: 'End connections without a close frame',
    said: (hits) => `Dropped ${many(hits)}, without a close frame.`,
  },
  {
    fault: 'goodbye',
    label: 'Goodbye',
    key: 'G',
    does: 'say goodbye',
    title: 'Say goodbye, then close: the server is about to go',
    said: (hits) => `Said goodbye to ${many(hits)}.`,
  },
  {
    fault: 'migrate',
    label: 'Migrate',
    key: 'M',
    does: 'migrate the team',
    title: 'Say team_migration_started, close, and refuse the next connect with migration_in_progress',
    said: (hits) => `Told ${many(hits)} that the team is moving. The next connect is refused.`,
  },
  {
    fault: 'silence',
    label: 'Half-open',
    key: 'H',
    does: 'half-open, and back',
    title: 'Leave present connections open but dead: nothing is read, answered or sent. Again: end it',
    isOn: ({ faults, connections }, to) =>
      connections.some(({ id, bot }) => faults.silent.includes(id) && (to === '' || to === id || to === bot)),
    said: (hits, on) =>
      on === 'off' ? `${many(hits)} alive again.` : `${many(hits)} half-open: nothing is read, answered or sent.`,
    off: () => ({ on: false }),
  },
  {
    fault: 'delayReplies',
    label: 'Delay replies',
    key: 'L',
    does: 'delay replies, and back',
    title: 'Replies to messages and pings are late. Again: end it',
    choice: {
      label: 'How late',
      usual: '2000',
      values: [
        ['500', '0.5 s'],
        ['2000', '2 s'],
        ['5000', '5 s'],
        ['20000', '20 s'],
        ['60000', '60 s'],
      ],
    },
    isOn: ({ faults }) => faults.delay > 0,
    said: (_, value) =>
      value === 'off' ? 'Replies come at once again.' : `Replies come ${Number(value) / 1000} s late.`,
    args: (value) => ({ ms: Number(value) }),
    off: () => ({ ms: 0 }),
  },
  {
    fault: 'refuseConnect',
    label: 'Refuse connect',
    key: 'R',
    does: 'refuse the next connect',
    title: 'The next rtm.connect is refused so',
    choice: {
      label: 'With what',
      values: [
        ['invalid_auth', 'invalid_auth'],
        ['not_authed', 'not_authed'],
        ['account_inactive', 'account_inactive'],
        ['token_revoked', 'token_revoked'],
        ['missing_scope', 'missing_scope'],
        ['migration_in_progress', 'migration_in_progress'],
        ['fatal_error', 'fatal_error'],
        ['429', '429, Retry-After 3'],
        ['500', '500'],
        ['503', '503'],
        ['html', 'a page of HTML'],
        ['drop', 'cut off'],
        ['hang', 'no answer'],
      ],
    },
    said: (_, value) => `The next rtm.connect is refused: ${value}.`,
    args: (value) => ({ answer: value, times: 1 }),
  },
  {
    fault: 'refuseSocket',
    label: 'Refuse socket',
    key: 'S',
    does: 'refuse the next socket',
    title: 'The next sockets are refused with 503',
    choice: {
      label: 'How many',
      values: [
        ['1', 'once'],
        ['3', '3 times'],
        ['10', '10 times'],
      ],
    },
    said: (_, value) => `The next ${count(Number(value), 'socket')} ${value === '1' ? 'is' : 'are'} refused with 503.`,
    args: (value) => ({ times: Number(value) }),
  },
  {
    fault: 'rateLimit',
    label: 'Rate-limit',
    key: 'T',
    does: 'rate-limit the next call',
    title: 'The next call gets 429 and this Retry-After, the next message an error',
    choice: {
      label: 'Retry-After',
      values: [
        ['1', '1 s'],
        ['3', '3 s'],
        ['10', '10 s'],
        ['30', '30 s'],
      ],
    },
    said: (_, value) => `The next call, and the next message, are too many: come back after ${value} s.`,
    args: (value) => ({ retryAfter: Number(value), times: 1 }),
  },
  {
    fault: 'flood',
    label: 'Flood',
    key: 'F',
    does: 'flood the open channel',
    title: 'Messages in the channel that is open, as the user you speak as',
    choice: {
      label: 'How fast, how long',
      usual: '5000/3',
      values: [
        ['50/5', '50/s, 5 s'],
        ['500/5', '500/s, 5 s'],
        ['5000/3', '5,000/s, 3 s'],
        ['5000/30', '5,000/s, 30 s'],
      ],
    },
    said: (_, value) =>
      `A flood: ${count(Number(value.split('/')[0]))} messages a second for ${value.split('/')[1]} s.`,
    args: (value, { channel, actor }) => {
      const [rate, seconds] = value.split('/').map(Number);
      return { rate, seconds, channel, as: actor };
    },
  },
  {
    fault: 'holdHello',
    label: 'Hold hello',
    key: 'O',
    does: 'hold hello, and back',
    title: 'New connections get no hello, and no event. Again: end it',
    isOn: ({ faults }) => faults.holdsHello,
    said: (_, on) => (on === 'off' ? 'Connections get their hello.' : 'New connections wait for their hello.'),
    off: () => ({ on: false }),
  },
  {
    fault: 'clear',
    label: 'Clear all',
    key: 'C',
    does: 'clear all faults',
    title: 'End all faults that last',
    said: () => 'No faults.',
  },
];

export class FaultPanel {
  #model;
  #ask;
  #target = byId('fault-target', HTMLSelectElement);
  #result = byId('fault-result');
  /** @type {Map<Fault, { button: HTMLButtonElement, choice: HTMLSelectElement | undefined }>} */
  #controls = new Map();

  /**
   * @param {Model} model
   * @param {Ask} ask
   */
  constructor(model, ask) {
    this.#model = model;
    this.#ask = ask;
    byId('fault-buttons').append(...FAULTS.map((fault) => this.#make(fault)));
    this.#target.addEventListener('change', () => this.update());
    this.update();
  }

  /** @param {Fault} fault */
  async run(fault) {
    const { choice } = this.#controls.get(fault) ?? {};
    const value = choice?.value ?? '';
    const isEnding = fault.isOn?.(this.#model, this.#to()) ?? false;
    const args = isEnding ? fault.off?.(value) : fault.args?.(value, this.#model);
    try {
      const { hits } = await this.#ask('fault', { fault: fault.fault, to: this.#to(), ...args });
      this.#result.textContent =
        hits === 0 && !isEnding && fault.fault !== 'migrate'
          ? 'Nothing to hit: no bot is connected.'
          : fault.said(hits, isEnding ? 'off' : value);
    } catch (error) {
      this.#result.textContent = `Not done: ${/** @type {Error} */ (error).message}.`;
    }
  }

  /** Shows whom faults can hit, and which ones last. */
  update() {
    const { connections, users } = this.#model;
    const name = (/** @type {string} */ id) => users.get(id)?.name ?? id;
    const bots = [...new Set(connections.map(({ bot }) => bot))];
    /** @type {[string, string][]} */
    const options = [['', 'all connections']];
    if (bots.length > 1) for (const id of bots) options.push([id, `all of ${name(id)}`]);
    for (const { id, bot } of connections) options.push([String(id), `#${id} ${name(bot)}`]);
    const chosen = this.#target.value;
    setOptions(this.#target, [{ label: '', options }], options.some(([value]) => value === chosen) ? chosen : '');
    for (const [fault, { button }] of this.#controls) {
      if (fault.isOn) button.setAttribute('aria-pressed', String(fault.isOn(this.#model, this.#to())));
    }
  }

  #to() {
    const { value } = this.#target;
    return /^\d+$/.test(value) ? Number(value) : value;
  }

  /** @param {Fault} fault */
  #make(fault) {
    const button = h(
      'button',
      {
        type: 'button',
        'data-fault': fault.fault,
        title: `${fault.title} (Shift ${fault.key})`,
        onclick: () => void this.run(fault),
      },
      fault.label,
    );
    const choice =
      fault.choice &&
      h(
        'select',
        { 'aria-label': `${fault.label}: ${fault.choice.label}` },
        ...fault.choice.values.map(([value, label]) =>
          h('option', { value, selected: value === fault.choice?.usual }, label),
        ),
      );
    this.#controls.set(fault, { button, choice });
    return h('div', { class: choice ? 'fault with-choice' : 'fault' }, button, choice);
  }
}
