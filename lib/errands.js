// What the network side asks JavaScript to do, because only JavaScript can: the connect call by the user's WebClient, and
// requests and connections by the user's agent. Owns those of one client that are under way; what they are for, and
// whether another follows, is the network side's to decide (src/binding/errands.rs).
'use strict';

const { carry, requestBy } = require('./agent.js');
const { codedError } = require('./errors.js');

/** Errors of a WebClient that has tried often enough. */
const GAVE_UP = ['slack_webapi_request_error', 'slack_webapi_http_error'];

/** @typedef {import('./agent.js').Way} Way */

/**
 * Something under way.
 * @typedef {object} Task
 * @property {() => void} attend called when the network side has news of it: it is called off, or there are bytes
 */

class Errands {
  /** What the user's WebClient came back with last: an answer, or what it failed with. @type {any} */
  given = undefined;

  /** @type {import('../binding').NativeClient} */
  #native;
  #agent;
  #webClient;
  #startOptions;
  #changed;
  /** @type {Map<number, Task>} */
  #open = new Map();

  /**
   * @param {import('../binding').NativeClient} native
   * @param {object} does
   * @param {Way | undefined} does.agent makes the connections
   * @param {import('..').RTMWebClient | undefined} does.webClient makes the connect calls
   * @param {() => Record<string, any>} does.startOptions the connect call's options
   * @param {() => void} does.changed called when an errand begins or ends
   */
  constructor(native, { agent, webClient, startOptions, changed }) {
    this.#native = native;
    this.#agent = agent;
    this.#webClient = webClient;
    this.#startOptions = startOptions;
    this.#changed = changed;
  }

  /** How many are under way. */
  get size() {
    return this.#open.size;
  }

  /**
   * The network side has news of an errand: it is new, or called off, or there are bytes for its socket.
   * @param {number} id
   */
  attend(id) {
    const known = this.#open.get(id);
    if (known !== undefined) return known.attend();
    const errand = this.#native.takeJsRequest(id);
    if (errand === null) return;
    if (errand.kind === 'connect') this.#connect(id, errand.method);
    else this.#request(id, errand);
    this.#changed();
  }

  /** @param {number} id */
  #end(id) {
    this.#open.delete(id);
    this.#changed();
  }

  /**
   * The connect call by the user's WebClient. What it comes back with is kept as it is, for the user to get.
   * @param {number} id
   * @param {string} method
   */
  async #connect(id, method) {
    // It cannot be called off. So its end is not waited for, and what it comes back with is nobody's business.
    this.#open.set(id, { attend: () => this.#end(id) });
    let report;
    try {
      const answer = await this.#webClient?.apiCall(method, { ...this.#startOptions() });
      report = () => this.#connected(id, method, answer);
    } catch (error) {
      report = () => this.#notConnected(id, error);
    }
    if (!this.#open.has(id)) return;
    report();
    this.#end(id);
  }

  /**
   * @param {number} id
   * @param {string} method
   * @param {any} answer
   */
  #connected(id, method, answer) {
    if (peek(() => answer.ok) === false) {
      const message = `${method} failed: ${textOf(peek(() => answer.error) ?? 'no error code')}`;
      return this.#notConnected(id, codedError('slack_webapi_platform_error', message, { data: answer }));
    }
    const [url, user, team] = [peek(() => answer.url), peek(() => answer.self.id), peek(() => answer.team.id)];
    for (const [name, value] of Object.entries({ url, 'self.id': user, 'team.id': team })) {
      if (typeof value === 'string') continue;
      const message = `the webClient answered ${method} without \`${name}\`, which a session needs`;
      return this.#notConnected(id, codedError('slack_webapi_platform_error', message, { data: answer }));
    }
    this.given = answer;
    return this.#native.finishConnect(id, url, user, team);
  }

  /**
   * @param {number} id
   * @param {any} error whatever the WebClient failed with
   */
  #notConnected(id, error) {
    this.given = error;
    const code = peek(() => error.code);
    const reason = code === 'slack_webapi_platform_error' ? peek(() => error.data.error) : undefined;
    const retryAfter = peek(() => error.retryAfter);
    const pause = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : 0;
    this.#native.failConnect(
      id,
      textOf(error),
      typeof reason === 'string' ? reason : null,
      GAVE_UP.includes(code),
      pause,
    );
  }

  /**
   * A request, or an upgrade, by the user's agent.
   * @param {number} id
   * @param {import('../binding').JsRequest} errand
   */
  async #request(id, errand) {
    const request = requestBy(/** @type {Way} */ (this.#agent), errand);
    this.#open.set(id, {
      attend: () => {
        this.#end(id);
        request.destroy();
      },
    });
    try {
      const answer = await request.answer;
      if (!this.#open.has(id)) answer.socket?.destroy();
      else if (answer.socket !== undefined) return this.#carry(id, answer);
      else this.#native.finishRequest(id, answer.status, answer.reason, answer.headers, answer.body);
    } catch (error) {
      const code = peek(() => /** @type {any} */ (error).code);
      this.#native.failRequest(id, textOf(error), typeof code === 'string' ? code : null);
    }
    if (this.#open.has(id)) this.#end(id);
  }

  /**
   * An upgrade was taken: the socket's bytes go to the network side, and what that has to write to the socket.
   * @param {number} id
   * @param {import('./agent.js').AgentAnswer} answer
   */
  #carry(id, { status, headers, socket, head }) {
    const stream = this.#native.finishUpgrade(id, status, headers);
    if (stream === null) {
      socket.destroy();
      return this.#end(id);
    }
    this.#open.set(id, { attend: carry(socket, head, stream, () => this.#end(id)) });
  }
}

/**
 * A look at something of the user's, which may be anything. Undefined where looking throws.
 * @param {() => any} look
 */
function peek(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * @param {any} error whatever was thrown
 * @returns {string}
 */
function textOf(error) {
  const text = peek(() => error.message) || peek(() => error.code) || error;
  return peek(() => String(text)) ?? 'something that has no text';
}

module.exports = { Errands };
