// The way by which the state reports what happens.
'use strict';

/**
 * @typedef {import('../../index').Audience} Audience
 * @typedef {import('../../index').Origin} Origin
 */

/** Emits on `slack.events`. The RTM server, the page and tests listen there. */
class EventBus {
  #emitter;

  /** @param {import('node:events').EventEmitter} emitter */
  constructor(emitter) {
    this.#emitter = emitter;
  }

  /**
   * Publishes a Slack event.
   *
   * @param {Record<string, unknown>} event as RTM sends it
   * @param {Audience} audience
   * @param {Origin} origin
   */
  publish(event, audience, origin) {
    this.#emitter.emit('event', event, audience, origin);
  }

  /**
   * Emits another event of `slack.events`.
   *
   * @param {'message' | 'typing' | 'presence'} name
   * @param {unknown[]} details
   */
  emit(name, ...details) {
    this.#emitter.emit(name, ...details);
  }
}

module.exports = { EventBus };
