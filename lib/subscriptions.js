// The names of the events of a client that have listeners. Native code gets these names, and skips events without a
// listener.
'use strict';

const { EventEmitter } = require('eventemitter3');
const { listen, unlisten } = require('./outbox.js');

/** Events that are emitted for every frame, received or sent. */
const FRAME_EVENTS = ['slack_event', 'outgoing_message'];

class Subscriptions {
  #id;
  #emitter;
  /** @type {Set<string>} */
  #names = new Set();

  /**
   * @param {number} id the client's number in the outbox
   * @param {EventEmitter} emitter the client
   */
  constructor(id, emitter) {
    this.#id = id;
    this.#emitter = emitter;
  }

  /**
   * Call this after a listener was added.
   * @param {string | symbol} event
   */
  add(event) {
    const name = typeof event === 'symbol' ? undefined : String(event);
    if (name === undefined || this.#names.has(name)) return;
    this.#names.add(name);
    listen(this.#id, name);
  }

  /**
   * Call this after a listener was removed.
   * @param {string | symbol} event
   */
  remove(event) {
    const name = typeof event === 'symbol' ? undefined : String(event);
    if (name === undefined || this.#emitter.listenerCount(name) > 0) return;
    if (this.#hasOwnEmit && FRAME_EVENTS.includes(name)) return;
    if (this.#names.delete(name)) unlisten(this.#id, name);
  }

  /** Call this after all listeners were removed. */
  removeAll() {
    for (const name of [...this.#names]) this.remove(name);
  }

  /** Whether the user has replaced `emit`. The replacement must see every event. */
  get #hasOwnEmit() {
    return this.#emitter.emit !== EventEmitter.prototype.emit;
  }

  /** Subscribes to every frame if the user has replaced `emit`. */
  detectOverriddenEmit() {
    if (this.#hasOwnEmit) FRAME_EVENTS.forEach((name) => this.add(name));
  }
}

module.exports = { Subscriptions };
