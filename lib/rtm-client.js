// RTMClient: what users hold. Owns its members and the mirror of the session's state (`connected`, `activeUserId`, …). It
// decides nothing about the session's life: it hands calls to the network side, and shows what comes back in the order in
// which it comes (lib/outbox.js).
'use strict';

const { EventEmitter } = require('eventemitter3');
const { Kind, NativeClient } = require('./binding.js');
const { Calls } = require('./calls.js');
const { answerOf, apiRequestOf, formOf, logNotes, messageOf } = require('./conversions.js');
const { publish } = require('./diagnostics.js');
const { Errands } = require('./errands.js');
const { codedError, errorFrom, platformError } = require('./errors.js');
const { Interest } = require('./interest.js');
const { namedLogger } = require('./logger.js');
const { readOptions } = require('./options.js');
const { attend, newId, outbox } = require('./outbox.js');
const { prepareTrust } = require('./trust.js');
const { makeWebClient } = require('./web-client.js');

class RTMClient extends EventEmitter {
  connected = false;
  authenticated = false;
  /** @type {string | undefined} */
  activeUserId = undefined;
  /** @type {string | undefined} */
  activeTeamId = undefined;

  #id = newId(this);
  #interest = new Interest(this.#id, this);
  /** @type {import('../binding').NativeClient} */
  #native;
  #logger;
  #state = 'disconnected';
  #calls = new Calls();
  /** The connect call's last answer. @type {any} */
  #startData = undefined;
  /** The last error that events and promises may share. @type {Error | undefined} */
  #sharedError = undefined;
  /** What `webClient` is made from, or the one made or given. */
  #webClient;
  #givenWebClient;
  #errands;
  /** The options of the last `start()`. @type {Record<string, any>} */
  #startOptions = {};

  #receiver = {
    emit: (/** @type {string | symbol} */ event, /** @type {any[]} */ ...args) => this.emit(event, ...args),
    overhear: () => this.#interest.overhear(),
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
    prepareTrust(native);
    try {
      this.#native = new NativeClient(outbox, this.#id, native);
    } catch (error) {
      throw new TypeError(/** @type {Error} */ (error).message);
    }
    this.#logger = namedLogger(logger, logLevel);
    if (!native.tls.verify) {
      this.#log('warn', 'certificates are not verified (rejectUnauthorized, or NODE_TLS_REJECT_UNAUTHORIZED=0)');
    }
    this.#errands = new Errands(this.#native, {
      ...helpers,
      startOptions: () => this.#startOptions,
      changed: () => this.#attend(),
    });
    this.#givenWebClient = helpers.webClient;
    this.#webClient = { made: helpers.webClient, token, options: { ...options, logger, logLevel } };
  }

  // ── Methods ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {Record<string, any>} [options] */
  start(options) {
    return this.#call(true, (call) => {
      // A WebClient of the user's gets the options as they are.
      this.#native.start(call, this.#givenWebClient === undefined ? formOf(options) : '');
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
    return this.#call(true, (call) => this.#native.send(call, messageOf(type, body)));
  }

  /**
   * @param {boolean} awaitReply
   * @param {string} type
   * @param {object} [body]
   */
  addOutgoingEvent(awaitReply, type, body) {
    return this.#call(false, (call) => this.#native.enqueue(call, Boolean(awaitReply), messageOf(type, body)));
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
    if (this.#givenWebClient !== undefined) return this.#givenWebClient.apiCall(method, options);
    const { token, contentType, body } = await apiRequestOf(method, options);
    return this.#call(true, (call) => this.#native.callApi(call, method, token, contentType, body));
  }

  ping() {
    return this.#call(true, (call) => this.#native.ping(call));
  }

  // ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────

  // Bots assign members of their own to a client or subclass, and may happen on one of these names: theirs wins.

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
    this.#webClient.made ??= makeWebClient(this.#webClient.token, this.#webClient.options);
    return this.#webClient.made;
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
    this.#interest.hear(event);
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
    this.#interest.hear(event);
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
    this.#interest.unhear(event);
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
    if (event) this.#interest.unhear(event);
    else this.#interest.unhearAll();
    return this;
  }

  // ── Calls ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {boolean} keepsAlive
   * @param {(call: number) => void} begin
   */
  #call(keepsAlive, begin) {
    const promise = this.#calls.begin(keepsAlive, begin);
    this.#attend();
    return promise;
  }

  /** Lets the outbox know whether something may arrive. Queued messages alone wait for a `start()`. */
  #attend() {
    const isExpected = this.#state !== 'disconnected' || this.#calls.waiting > 0 || this.#errands.size > 0;
    attend(this.#id, this.#receiver, isExpected);
  }

  // ── What comes back ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {number} kind
   * @param {number} call
   * @param {any} payload
   */
  #receive(kind, call, payload) {
    switch (kind) {
      case Kind.Resolved:
        this.#calls.take(call)?.resolve(payload ?? undefined);
        return this.#attend();
      case Kind.Started:
        this.#calls.take(call)?.resolve(this.#startData);
        return this.#attend();
      case Kind.Answered: {
        const answer = answerOf(payload);
        this.#logNotes(answer);
        this.#calls.take(call)?.resolve(answer);
        return this.#attend();
      }
      case Kind.JsRequest:
        return this.#errands.attend(call);
      case Kind.Rejected:
        this.#calls.take(call)?.reject(this.#errorFrom(payload));
        return this.#attend();
      case Kind.Outgoing:
        this.emit('outgoing_message', payload);
        return;
      case Kind.Diagnostic:
        return publish(payload[0], { client: this, ...payload[1] });
      case Kind.Log:
        return this.#log(payload[0], payload[1]);
      case Kind.Crashed:
        return this.#crash(payload);
      default:
        return this.#receiveEvent(kind, payload);
    }
  }

  /**
   * A lifecycle event: the properties change right before it.
   * @param {number} kind
   * @param {any} payload
   */
  #receiveEvent(kind, payload) {
    switch (kind) {
      case Kind.Connecting:
        this.#state = 'connecting';
        this.#tell('connecting');
        break;
      case Kind.Authenticated:
        this.#startData = payload.answer === null ? this.#errands.given : answerOf(payload.answer);
        this.authenticated = true;
        this.activeUserId = payload.userId;
        this.activeTeamId = payload.teamId;
        this.#tell('authenticated', this.#startData);
        // A WebClient of the user's logs them itself.
        if (payload.answer !== null) this.#logNotes(this.#startData);
        break;
      case Kind.Connected:
        this.#state = 'connected';
        this.connected = true;
        this.#tell('connected');
        break;
      case Kind.Ready:
        this.#tell('ready');
        break;
      case Kind.Disconnecting:
        this.#leave('disconnecting');
        this.#tell('disconnecting');
        break;
      case Kind.Disconnected: {
        const error = payload === null ? undefined : this.#errorFrom(payload);
        this.#leave('disconnected');
        this.#attend();
        this.#tell('disconnected', error);
        break;
      }
      case Kind.Reconnecting:
        this.#leave('reconnecting');
        this.#tell('reconnecting');
        break;
      case Kind.UnableToRtmStart:
        this.#tell('unable_to_rtm_start', this.#errorFrom(payload));
        break;
      case Kind.Error:
        this.#tell('error', this.#errorFrom(payload));
        break;
    }
  }

  /**
   * @param {string} event
   * @param {any[]} args
   */
  #tell(event, ...args) {
    publish('lifecycle', { client: this, event, error: event === 'authenticated' ? undefined : args[0] });
    this.emit(event, ...args);
  }

  /**
   * @param {number} call
   * @param {any} reply
   */
  #receiveReply(call, reply) {
    const waiting = this.#calls.take(call);
    if (reply.error !== undefined) waiting?.reject(platformError(reply));
    else waiting?.resolve(reply);
    this.#attend();
  }

  /** @param {string} state */
  #leave(state) {
    this.#state = state;
    this.connected = false;
    this.authenticated = false;
    this.activeUserId = undefined;
    this.activeTeamId = undefined;
  }

  /**
   * `true` stands for the error that was given before.
   * @param {true | import('./errors.js').ErrorDescription} description
   */
  #errorFrom(description) {
    if (description === true) return this.#sharedError;
    const error = description.given ? this.#errands.given : errorFrom(description);
    if (description.shared) this.#sharedError = error;
    return error;
  }

  /**
   * A bug on the network side ended the session. Everything that waits is told; `start()` begins anew.
   * @param {string} message
   */
  #crash(message) {
    const error = codedError('ERR_INTERNAL', `the network side failed, which is a bug in this package: ${message}`);
    this.#leave('disconnected');
    this.#calls.rejectAll(error);
    this.#attend();
    this.#log('error', error.message);
    this.#tell('disconnected', error);
  }

  /** @param {any} answer */
  #logNotes(answer) {
    logNotes(answer, (level, text) => this.#log(level, text));
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
 * Puts a property of the user's in front of one of the prototype's.
 * @param {object} target
 * @param {string} name
 * @param {unknown} value
 */
function shadow(target, name, value) {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

module.exports = { RTMClient };
