// Which events of a client somebody listens to, as the network side is told: what nobody hears is skipped there. Owns that
// set; the listeners themselves are the emitter's.
'use strict';

const { EventEmitter } = require('eventemitter3');
const { listen, unlisten } = require('./outbox.js');

/** Events that tell of all frames, in and out. */
const EVERYTHING = ['slack_event', 'outgoing_message'];

class Interest {
  #id;
  #emitter;
  /** @type {Set<string>} */
  #heard = new Set();

  /**
   * @param {number} id the client's
   * @param {EventEmitter} emitter the client
   */
  constructor(id, emitter) {
    this.#id = id;
    this.#emitter = emitter;
  }

  /**
   * A listener was added.
   * @param {string | symbol} event
   */
  hear(event) {
    const name = typeof event === 'symbol' ? undefined : String(event);
    if (name === undefined || this.#heard.has(name)) return;
    this.#heard.add(name);
    listen(this.#id, name);
  }

  /**
   * A listener was removed.
   * @param {string | symbol} event
   */
  unhear(event) {
    const name = typeof event === 'symbol' ? undefined : String(event);
    if (name === undefined || this.#emitter.listenerCount(name) > 0) return;
    if (this.#isOverheard && EVERYTHING.includes(name)) return;
    if (this.#heard.delete(name)) unlisten(this.#id, name);
  }

  /** All listeners were removed. */
  unhearAll() {
    for (const name of [...this.#heard]) this.unhear(name);
  }

  /** Whether `emit` is one of the user's own, who then wants to see everything. */
  get #isOverheard() {
    return this.#emitter.emit !== EventEmitter.prototype.emit;
  }

  /** Has an `emit` of the user's own hear everything. */
  overhear() {
    if (this.#isOverheard) EVERYTHING.forEach((name) => this.hear(name));
  }
}

module.exports = { Interest };
