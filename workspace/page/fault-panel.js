// The panel with a button for each fault.

import { byId, h, setOptions } from './dom.js';
import { FAULTS } from './fault-list.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./fault-list.js').Fault} Fault
 * @typedef {(action: string, args: object) => Promise<any>} Request
 */

export class FaultPanel {
  #model;
  #request;
  #target = byId('fault-target', HTMLSelectElement);
  #result = byId('fault-result');
  /** @type {Map<Fault, { button: HTMLButtonElement, choice: HTMLSelectElement | undefined }>} */
  #controls = new Map();

  /**
   * @param {Model} model
   * @param {Request} request
   */
  constructor(model, request) {
    this.#model = model;
    this.#request = request;
    byId('fault-buttons').append(...FAULTS.map((fault) => this.#control(fault)));
    this.#target.addEventListener('change', () => this.draw());
    this.draw();
  }

  /** @param {Fault} fault */
  async run(fault) {
    const { choice } = this.#controls.get(fault) ?? {};
    const value = choice?.value ?? '';
    const isEnding = fault.isOn?.(this.#model, this.#to()) ?? false;
    const args = isEnding ? fault.offArgs?.() : fault.args?.(value, this.#model);
    try {
      const { affected } = await this.#request('fault', { fault: fault.fault, to: this.#to(), ...args });
      this.#result.textContent =
        affected === 0 && !isEnding && fault.fault !== 'migrate'
          ? 'No effect: no bot is connected.'
          : fault.result(affected, isEnding ? 'off' : value);
    } catch (error) {
      this.#result.textContent = `Failed: ${/** @type {Error} */ (error).message}.`;
    }
  }

  /** Draws the connections that can be chosen, and the faults that are on. */
  draw() {
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
  #control(fault) {
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
          h('option', { value, selected: value === fault.choice?.initial }, label),
        ),
      );
    this.#controls.set(fault, { button, choice });
    return h('div', { class: choice ? 'fault with-choice' : 'fault' }, button, choice);
  }
}
