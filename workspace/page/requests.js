// The page's requests to the workspace.

import { RequestError } from './workspace-socket.js';

/**
 * @typedef {import('./model.js').Model} Model
 * @typedef {import('./model.js').Message} Message
 */

export class Requests {
  #model;
  #socket;
  #notices;

  /**
   * @param {Model} model
   * @param {import('./workspace-socket.js').WorkspaceSocket} socket
   * @param {import('./notices.js').Notices} notices
   */
  constructor(model, socket, notices) {
    this.#model = model;
    this.#socket = socket;
    this.#notices = notices;
    // `act` has shown these errors.
    addEventListener('unhandledrejection', (event) => {
      if (event.reason instanceof RequestError) event.preventDefault();
    });
  }

  /**
   * @param {string} action
   * @param {object} args
   * @returns {Promise<any>} rejects with a `RequestError`
   */
  send(action, args) {
    return this.#socket.request(action, args);
  }

  /**
   * Sends a request as the selected user. If it fails, shows the error and rejects.
   *
   * @param {string} action
   * @param {object} args
   */
  async act(action, args) {
    try {
      return await this.send(action, { as: this.#model.actor, ...args });
    } catch (error) {
      if (error instanceof RequestError) {
        this.#notices.toast(`Failed: ${error.code}${error.message === error.code ? '' : `, ${error.message}`}`);
      }
      throw error;
    }
  }

  /**
   * @param {Message} message
   * @param {string} text
   */
  updateMessage({ channel, ts }, text) {
    return this.act('update', { channel, ts, text });
  }
}
