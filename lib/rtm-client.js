// RTMClient, the class that users work with. It passes calls to native code, and applies what the outbox delivers in order:
// properties, events, settled promises. The session in Rust makes all decisions about the connection.
'use strict';

const { EventEmitter } = require('eventemitter3');
const { ItemKind, NativeClient } = require('./binding.js');
const {
  encodeApiRequest,
  encodeForm,
  logResponseMetadata,
  responseFrom,
  serializeMessage,
} = require('./conversions.js');
const { publish } = require('./diagnostics.js');
const { codedError, errorFrom, platformError } = require('./errors.js');
const { JsRequests } = require('./js-requests.js');
const { namedLogger } = require('./logger.js');
const { readOptions } = require('./options.js');
const { newId, outbox, setActive } = require('./outbox.js');
const { PendingCalls } = require('./pending-calls.js');
const { Subscriptions } = require('./subscriptions.js');
const { provideDefaultRoots } = require('./trust.js');
const { makeWebClient } = require('./web-client.js');

class RTMClient extends EventEmitter {
  connected = false;
  authenticated = false;
  /** @type {string | undefined} */
  activeUserId = undefined;
  /** @type {string | undefined} */
  activeTeamId = undefined;

  #id = newId(this);
  #subscriptions = new Subscriptions(this.#id, this);
  /** @type {import('../binding').NativeClient} */
  #native;
  #logger;
  #state = 'disconnected';
  #calls = new PendingCalls();
  /** The response of the last connect call. @type {any} */
  #connectResponse = undefined;
  /** The last error that events and promises can share. @type {Error | undefined} */
  #sharedError = undefined;
  /** The `webClient` property: the option, the client that was created, or what is needed to create one. */
  #webClient;
  /** The `webClient` option. */
  #webClientOption;
  #jsRequests;
  /** The options of the last `start()`. @type {Record<string, any>} */
  #startOptions = {};

  #receiver = {
    emit: (/** @type {string | symbol} */ event, /** @type {any[]} */ ...args) => this.emit(event, ...args),
    detectOverriddenEmit: () => this.#subscriptions.detectOverriddenEmit(),
    receive: (/** @type {number} */ kind, /** @type {number} */ call, /** @type {any} */ payload) =>
      this.#receive(kind, call, payload),
    receiveReply: (/** @type {number} */ call, /** @type {any} */ reply) => this.#receiveReply(call, reply),
  };

  /**
   * @param {string} token
   * @param {Record<string, any>} [options]
   */
  constructor(token, options) {
    super();
    const { native, logger, logLevel, helpers } = readOptions(token, options);
    provideDefaultRoots(native);
    try {
      this.#native = new NativeClient(outbox, this.#id, native);
    } catch (error) {
      throw new TypeError(/** @type {Error} */ (error).message);
    }
    this.#logger = namedLogger(logger, logLevel);
    if (!native.tls.verify) {
      this.#log('warn', 'certificates are not verified (rejectUnauthorized, or NODE_TLS_REJECT_UNAUTHORIZED=0)');
    }
    this.#jsRequests = new JsRequests(this.#native, {
      ...helpers,
      startOptions: () => this.#startOptions,
      onChange: () => this.#updateKeepAlive(),
    });
    this.#webClientOption = helpers.webClient;
    this.#webClient = { client: helpers.webClient, token, options: { ...options, logger, logLevel } };
  }

  // ── Methods ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {Record<string, any>} [options] */
  start(options) {
    return this.#call(true, (call) => {
      // The user's WebClient gets the options unencoded.
      this.#native.start(call, this.#webClientOption === undefined ? encodeForm(options) : '');
      this.#startOptions = { ...options };
    });
  }

  disconnect() {
    return this.#call(true, (call) => this.#native.disconnect(call));
  }

  /**
   * @param {string} type
   * @param {object} [body]
   */
  send(type, body) {
    return this.#call(true, (call) => this.#native.send(call, serializeMessage(type, body)));
  }

  /**
   * @param {boolean} awaitReply
   * @param {string} type
   * @param {object} [body]
   */
  addOutgoingEvent(awaitReply, type, body) {
    return this.#call(false, (call) => this.#native.enqueue(call, Boolean(awaitReply), serializeMessage(type, body)));
  }

  /**
   * @param {string} text
   * @param {string} conversationId
   */
  sendMessage(text, conversationId) {
    return this.addOutgoingEvent(true, 'message', { text, channel: conversationId });
  }

  /** @param {string} conversationId */
  sendTyping(conversationId) {
    return this.addOutgoingEvent(false, 'typing', { channel: conversationId });
  }

  /** @param {string[]} userIds */
  subscribePresence(userIds) {
    return this.addOutgoingEvent(false, 'presence_sub', { ids: userIds });
  }

  /**
   * @param {string} method
   * @param {Record<string, any>} [options]
   */
  async apiCall(method, options) {
    if (this.#webClientOption !== undefined) return this.#webClientOption.apiCall(method, options);
    const { token, contentType, body } = await encodeApiRequest(method, options);
    return this.#call(true, (call) => this.#native.callApi(call, method, token, contentType, body));
  }

  ping() {
    return this.#call(true, (call) => this.#native.ping(call));
  }

  // ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────

  // Bots assign members of their own to a client or a subclass. If they use one of these names, their value wins.

  get state() {
    return this.#state;
  }

  set state(value) {
    shadow(this, 'state', value);
  }

  get latency() {
    return this.#native.latency ?? undefined;
  }

  set latency(value) {
    shadow(this, 'latency', value);
  }

  get lastActivity() {
    return this.#native.lastActivity ?? undefined;
  }

  set lastActivity(value) {
    shadow(this, 'lastActivity', value);
  }

  get stateMachine() {
    return { getCurrentState: () => this.#state };
  }

  set stateMachine(value) {
    shadow(this, 'stateMachine', value);
  }

  get webClient() {
    this.#webClient.client ??= makeWebClient(this.#webClient.token, this.#webClient.options);
    return this.#webClient.client;
  }

  set webClient(value) {
    shadow(this, 'webClient', value);
  }

  // ── Listeners ───────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} listener
   * @param {any} [context]
   */
  on(event, listener, context) {
    super.on(event, listener, context);
    this.#subscriptions.add(event);
    return this;
  }

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} listener
   * @param {any} [context]
   */
  addListener(event, listener, context) {
    return this.on(event, listener, context);
  }

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} listener
   * @param {any} [context]
   */
  once(event, listener, context) {
    super.once(event, listener, context);
    this.#subscriptions.add(event);
    return this;
  }

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} [listener]
   * @param {any} [context]
   * @param {boolean} [once]
   */
  removeListener(event, listener, context, once) {
    super.removeListener(event, listener, context, once);
    this.#subscriptions.remove(event);
    return this;
  }

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} [listener]
   * @param {any} [context]
   * @param {boolean} [once]
   */
  off(event, listener, context, once) {
    return this.removeListener(event, listener, context, once);
  }

  /** @param {string | symbol} [event] */
  removeAllListeners(event) {
    super.removeAllListeners(event);
    if (event) this.#subscriptions.remove(event);
    else this.#subscriptions.removeAll();
    return this;
  }

  // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {boolean} keepsAlive
   * @param {(call: number) => void} begin
   */
  #call(keepsAlive, begin) {
    const promise = this.#calls.begin(keepsAlive, begin);
    this.#updateKeepAlive();
    return promise;
  }

  /** Tells the outbox whether it must keep the process alive for this client. Queued messages alone do not. */
  #updateKeepAlive() {
    const isExpected = this.#state !== 'disconnected' || this.#calls.keepAliveCount > 0 || this.#jsRequests.size > 0;
    setActive(this.#id, this.#receiver, isExpected);
  }

  // ── Items of the outbox ─────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {number} kind
   * @param {number} call
   * @param {any} payload
   */
  #receive(kind, call, payload) {
    switch (kind) {
      case ItemKind.Resolved:
        this.#calls.take(call)?.resolve(payload ?? undefined);
        return this.#updateKeepAlive();
      case ItemKind.StartResolved:
        this.#calls.take(call)?.resolve(this.#connectResponse);
        return this.#updateKeepAlive();
      case ItemKind.ApiCallResolved: {
        const response = responseFrom(payload);
        this.#logResponse(response);
        this.#calls.take(call)?.resolve(response);
        return this.#updateKeepAlive();
      }
      case ItemKind.JsRequest:
        return this.#jsRequests.onNotice(call);
      case ItemKind.Rejected:
        this.#calls.take(call)?.reject(this.#errorFrom(payload));
        return this.#updateKeepAlive();
      case ItemKind.OutgoingMessage:
        this.emit('outgoing_message', payload);
        return;
      case ItemKind.Diagnostic:
        return publish(payload[0], { client: this, ...payload[1] });
      case ItemKind.Log:
        return this.#log(payload[0], payload[1]);
      case ItemKind.Crashed:
        return this.#crash(payload);
      default:
        return this.#receiveEvent(kind, payload);
    }
  }

  /**
   * Emits a lifecycle event. The properties change right before it.
   * @param {number} kind
   * @param {any} payload
   */
  #receiveEvent(kind, payload) {
    switch (kind) {
      case ItemKind.Connecting:
        this.#state = 'connecting';
        this.#emitLifecycle('connecting');
        break;
      case ItemKind.Authenticated:
        this.#connectResponse =
          payload.response === null ? this.#jsRequests.lastResult : responseFrom(payload.response);
        this.authenticated = true;
        this.activeUserId = payload.userId;
        this.activeTeamId = payload.teamId;
        this.#emitLifecycle('authenticated', this.#connectResponse);
        // The user's WebClient logs the metadata itself.
        if (payload.response !== null) this.#logResponse(this.#connectResponse);
        break;
      case ItemKind.Connected:
        this.#state = 'connected';
        this.connected = true;
        this.#emitLifecycle('connected');
        break;
      case ItemKind.Ready:
        this.#emitLifecycle('ready');
        break;
      case ItemKind.Disconnecting:
        this.#clearConnection('disconnecting');
        this.#emitLifecycle('disconnecting');
        break;
      case ItemKind.Disconnected: {
        const error = payload === null ? undefined : this.#errorFrom(payload);
        this.#clearConnection('disconnected');
        this.#updateKeepAlive();
        this.#emitLifecycle('disconnected', error);
        break;
      }
      case ItemKind.Reconnecting:
        this.#clearConnection('reconnecting');
        this.#emitLifecycle('reconnecting');
        break;
      case ItemKind.UnableToRtmStart:
        this.#emitLifecycle('unable_to_rtm_start', this.#errorFrom(payload));
        break;
      case ItemKind.Error:
        this.#emitLifecycle('error', this.#errorFrom(payload));
        break;
    }
  }

  /**
   * @param {string} event
   * @param {any[]} args
   */
  #emitLifecycle(event, ...args) {
    publish('lifecycle', { client: this, event, error: event === 'authenticated' ? undefined : args[0] });
    this.emit(event, ...args);
  }

  /**
   * @param {number} call
   * @param {any} reply
   */
  #receiveReply(call, reply) {
    const promise = this.#calls.take(call);
    if (reply.error !== undefined) promise?.reject(platformError(reply));
    else promise?.resolve(reply);
    this.#updateKeepAlive();
  }

  /** @param {string} state */
  #clearConnection(state) {
    this.#state = state;
    this.connected = false;
    this.authenticated = false;
    this.activeUserId = undefined;
    this.activeTeamId = undefined;
  }

  /**
   * `true` means: the same error as before.
   * @param {true | import('./errors.js').ErrorDescription} description
   */
  #errorFrom(description) {
    if (description === true) return this.#sharedError;
    const error = description.fromWebClient ? this.#jsRequests.lastResult : errorFrom(description);
    if (description.shared) this.#sharedError = error;
    return error;
  }

  /**
   * A panic in native code ended the session. All promises are rejected; `start()` works again.
   * @param {string} message
   */
  #crash(message) {
    const error = codedError('ERR_INTERNAL', `internal error in slack-rtm-native (please report it): ${message}`);
    this.#clearConnection('disconnected');
    this.#calls.rejectAll(error);
    this.#updateKeepAlive();
    this.#log('error', error.message);
    this.#emitLifecycle('disconnected', error);
  }

  /** @param {any} response */
  #logResponse(response) {
    logResponseMetadata(response, (level, text) => this.#log(level, text));
  }

  /**
   * @param {string} level
   * @param {string} text
   */
  #log(level, text) {
    this.#logger[/** @type {'info'} */ (level)]?.(text);
  }
}

/**
 * Defines a property on the object that hides the property of the prototype.
 * @param {object} target
 * @param {string} name
 * @param {unknown} value
 */
function shadow(target, name, value) {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

module.exports = { RTMClient };
