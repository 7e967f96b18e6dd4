// Runs the requests that native code makes to JavaScript: a connect call with the user's WebClient, and HTTP requests and
// upgrades with the user's agent (src/binding/js_requests.rs). Native code decides when to make a request or to cancel it.
'use strict';

const { bridgeSocket, requestThrough } = require('./agent.js');
const { codedError } = require('./errors.js');

/** The codes of a WebClient's errors after its own retries. */
const RETRIES_EXHAUSTED = ['slack_webapi_request_error', 'slack_webapi_http_error'];

/** @typedef {import('./agent.js').Route} Route */

/**
 * A request in progress.
 * @typedef {object} Task
 * @property {() => void} onNotice called when native code cancels the request, or has bytes for its socket
 */

class JsRequests {
  /** The last response or error of the user's WebClient. @type {any} */
  lastResult = undefined;

  /** @type {import('../binding').NativeClient} */
  #native;
  #agent;
  #webClient;
  #startOptions;
  #onChange;
  /** @type {Map<number, Task>} */
  #tasks = new Map();

  /**
   * @param {import('../binding').NativeClient} native
   * @param {object} options
   * @param {Route | undefined} options.agent makes the connections
   * @param {import('..').RTMWebClient | undefined} options.webClient makes the connect calls
   * @param {() => Record<string, any>} options.startOptions returns the options of the connect call
   * @param {() => void} options.onChange called when a request starts or ends
   */
  constructor(native, { agent, webClient, startOptions, onChange }) {
    this.#native = native;
    this.#agent = agent;
    this.#webClient = webClient;
    this.#startOptions = startOptions;
    this.#onChange = onChange;
  }

  /** The number of requests in progress. */
  get size() {
    return this.#tasks.size;
  }

  /**
   * Native code has a new request, cancels one, or has bytes for a socket.
   * @param {number} id
   */
  onNotice(id) {
    const task = this.#tasks.get(id);
    if (task !== undefined) return task.onNotice();
    const request = this.#native.takeJsRequest(id);
    if (request === null) return;
    if (request.kind === 'connect') this.#connect(id, request.method);
    else this.#request(id, request);
    this.#onChange();
  }

  /** @param {number} id */
  #end(id) {
    this.#tasks.delete(id);
    this.#onChange();
  }

  /**
   * Makes the connect call with the user's WebClient. Its response or error is kept unchanged, for the user.
   * @param {number} id
   * @param {string} method
   */
  async #connect(id, method) {
    // A WebClient's call cannot be cancelled. After a cancellation, its result is ignored.
    this.#tasks.set(id, { onNotice: () => this.#end(id) });
    let report;
    try {
      const response = await this.#webClient?.apiCall(method, { ...this.#startOptions() });
      report = () => this.#onResponse(id, method, response);
    } catch (error) {
      report = () => this.#onError(id, error);
    }
    if (!this.#tasks.has(id)) return;
    report();
    this.#end(id);
  }

  /**
   * @param {number} id
   * @param {string} method
   * @param {any} response
   */
  #onResponse(id, method, response) {
    if (read(() => response.ok) === false) {
      const message = `${method} failed: ${messageOf(read(() => response.error) ?? 'no error code')}`;
      return this.#onError(id, codedError('slack_webapi_platform_error', message, { data: response }));
    }
    const [url, user, team] = [read(() => response.url), read(() => response.self.id), read(() => response.team.id)];
    for (const [name, value] of Object.entries({ url, 'self.id': user, 'team.id': team })) {
      if (typeof value === 'string') continue;
      const message = `the response of the webClient to ${method} has no \`${name}\`, which the client needs`;
      return this.#onError(id, codedError('slack_webapi_platform_error', message, { data: response }));
    }
    this.lastResult = response;
    return this.#native.finishConnect(id, url, user, team);
  }

  /**
   * @param {number} id
   * @param {any} error the WebClient's error, which can be any value
   */
  #onError(id, error) {
    this.lastResult = error;
    const code = read(() => error.code);
    const reason = code === 'slack_webapi_platform_error' ? read(() => error.data.error) : undefined;
    const retryAfter = read(() => error.retryAfter);
    const pause = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : 0;
    this.#native.failConnect(
      id,
      messageOf(error),
      typeof reason === 'string' ? reason : null,
      RETRIES_EXHAUSTED.includes(code),
      pause,
    );
  }

  /**
   * Makes a request or an upgrade with the user's agent.
   * @param {number} id
   * @param {import('../binding').JsRequest} description
   */
  async #request(id, description) {
    const request = requestThrough(/** @type {Route} */ (this.#agent), description);
    this.#tasks.set(id, {
      onNotice: () => {
        this.#end(id);
        request.destroy();
      },
    });
    try {
      const response = await request.response;
      if (!this.#tasks.has(id)) response.socket?.destroy();
      else if (response.socket !== undefined) return this.#bridge(id, response);
      else this.#native.finishRequest(id, response.status, response.reason, response.headers, response.body);
    } catch (error) {
      const code = read(() => /** @type {any} */ (error).code);
      this.#native.failRequest(id, messageOf(error), typeof code === 'string' ? code : null);
    }
    if (this.#tasks.has(id)) this.#end(id);
  }

  /**
   * The server accepted an upgrade: connects the socket with native code.
   * @param {number} id
   * @param {import('./agent.js').AgentResponse} response
   */
  #bridge(id, { status, headers, socket, head }) {
    const stream = this.#native.finishUpgrade(id, status, headers);
    if (stream === null) {
      socket.destroy();
      return this.#end(id);
    }
    this.#tasks.set(id, { onNotice: bridgeSocket(socket, head, stream, () => this.#end(id)) });
  }
}

/**
 * Reads a property of a value that can be anything. Returns undefined if that throws.
 * @param {() => any} getter
 */
function read(getter) {
  try {
    return getter();
  } catch {
    return undefined;
  }
}

/**
 * @param {any} error any thrown value
 * @returns {string}
 */
function messageOf(error) {
  const text = read(() => error.message) || read(() => error.code) || error;
  return read(() => String(text)) ?? 'a value without a message';
}

module.exports = { JsRequests };
