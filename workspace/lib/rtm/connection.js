// One RTM connection of a client.
'use strict';

const { encode } = require('../json');
const { ClientSocket } = require('../sockets/client-socket');

/**
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').Connection} PublicConnection
 *
 * @typedef {object} Session the result of a connect call; its ticket is redeemed for it when the socket opens
 * @property {Bot} bot
 * @property {boolean} batchPresence whether one `presence_change` may name several users
 * @property {string | undefined} host the `Host` header of the connect call
 * @property {Connection} [predecessor] the connection that got this URL as `reconnect_url`; events that it still receives
 *   do not enter the backlog
 * @property {string[]} backlog events since the connect call, as JSON; they go out after `hello`
 *
 * @typedef {{ ok: boolean, reply_to: unknown, [field: string]: unknown }} Reply to a message
 */

/**
 * Knows in which order frames leave: `hello` before events, a reply before the events that its message causes. Keeps the
 * replies that a client has not received, for the bot's next connection.
 *
 * @implements {PublicConnection}
 */
class Connection {
  connectedAt = Date.now();
  /** @type {Set<string>} ids of the users whose presence the client has subscribed to */
  subscriptions = new Set();
  #socket;
  #faults;
  /** @type {string[] | undefined} events that wait for `hello`; undefined once it is sent */
  #backlog;
  /** @type {string[] | undefined} events that wait for the reply to the current message */
  #heldEvents;
  /** @type {Set<Reply>} replies to messages that have not left for the client */
  #unsentReplies = new Set();
  /** @type {Reply[]} the unsent replies of the bot's earlier connections; they go out after `hello` */
  #inheritedReplies = [];

  /**
   * @param {object} parts
   * @param {number} parts.id
   * @param {Session} parts.session
   * @param {import('ws').WebSocket} parts.ws
   * @param {import('node:stream').Duplex} parts.socket the socket below `ws`
   * @param {import('../faults/faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   */
  constructor({ id, session, ws, socket, faults, events }) {
    this.id = id;
    this.bot = session.bot;
    this.batchPresence = session.batchPresence;
    this.host = session.host;
    this.#backlog = session.backlog;
    this.#faults = faults;
    this.#socket = new ClientSocket({ ws, socket, onSent: (data) => reportSent(this, data, events) });
    this.closed = this.#socket.closed;
    ws.once('close', (code) => {
      // A client that closes the connection itself does not want the replies.
      if (code !== 1006 && !this.#socket.isClosing) this.#unsentReplies.clear();
    });
  }

  /** Sends `hello`, then the inherited replies, then the events that waited. A second call does nothing. */
  sendHello() {
    const backlog = this.#backlog;
    if (!backlog) return;
    this.#backlog = undefined;
    this.send(encode({ type: 'hello', region: 'local', start: true, host_id: 'slack-rtm-workspace' }));
    for (const reply of this.#inheritedReplies) this.#sendReply(reply);
    for (const event of backlog) this.send(event);
  }

  /** Replies to messages that have not left for the client. Final once the connection is closed. */
  get unsentReplies() {
    return [...this.#unsentReplies];
  }

  /** @param {Reply[]} replies the unsent replies of the bot's earlier connections */
  inheritReplies(replies) {
    this.#inheritedReplies = replies;
    for (const reply of replies) this.#unsentReplies.add(reply);
  }

  /**
   * Sends an event, but not before `hello`.
   *
   * @param {string} event as JSON
   */
  sendEvent(event) {
    if (this.#backlog) this.#backlog.push(event);
    else if (this.#heldEvents) this.#heldEvents.push(event);
    else this.send(event);
  }

  /**
   * Handles a message: sends the reply first, then the events that the message causes.
   *
   * @param {() => Reply} act handles the message and returns the reply
   */
  replyToMessage(act) {
    /** @type {string[]} */
    const held = [];
    this.#heldEvents = held;
    try {
      const reply = act();
      this.#unsentReplies.add(reply);
      this.#afterReplyDelay(() => this.#sendReply(reply));
    } finally {
      this.#heldEvents = undefined;
      for (const event of held) this.sendEvent(event);
    }
  }

  /**
   * Replies to any other frame. Throws if the reply cannot be written as JSON.
   *
   * @param {object} reply
   */
  reply(reply) {
    // Encoded before the delay: the caller can handle an error, a timer cannot.
    const json = encode(reply);
    this.#afterReplyDelay(() => void this.send(json));
  }

  /** Whether the rate-limit fault refuses the current message. */
  takeMessageLimit() {
    return this.#faults.takeMessageLimit();
  }

  /**
   * Sends a frame at once, also before `hello`.
   *
   * @param {string | Buffer} data
   * @returns {boolean} false if nothing can be sent
   */
  send(data) {
    return this.#socket.send(data);
  }

  /** Resolves when the client has read enough for more to be sent, or is gone. Undefined if there is no need to wait. */
  drained() {
    return this.#socket.drained();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#socket.close(code, reason);
  }

  /** @param {number} ms */
  closeAfter(ms) {
    this.#socket.after(ms, () => this.close(1000, ''));
  }

  /** Destroys the socket without a close frame. */
  drop() {
    this.#socket.drop();
  }

  /** Whether it is half-open: nothing is read, answered or sent. */
  get isSilent() {
    return this.#socket.isSilent;
  }

  /** Whether a frame that is sent now leaves for the client. */
  get isReachable() {
    return this.#socket.isReachable;
  }

  /** @param {boolean} on whether to make it half-open, or to end that */
  silence(on) {
    this.#socket.silence(on);
  }

  /**
   * Calls `act` repeatedly until the connection ends.
   *
   * @param {number} ms
   * @param {() => void} act
   */
  every(ms, act) {
    this.#socket.every(ms, act);
  }

  /** @param {Reply} reply */
  #sendReply(reply) {
    this.#socket.send(encode(reply), (error) => {
      if (!error) this.#unsentReplies.delete(reply);
    });
  }

  /** @param {() => void} act called after the delay of the fault `delayReplies` */
  #afterReplyDelay(act) {
    if (this.#faults.replyDelay === 0) act();
    else this.#socket.after(this.#faults.replyDelay, act);
  }
}

/**
 * @param {Connection} connection
 * @param {string | Buffer} data
 * @param {import('node:events').EventEmitter} events
 */
function reportSent(connection, data, events) {
  if (events.listenerCount('sent') > 0) events.emit('sent', connection, data);
  if (events.listenerCount('frame') > 0) {
    events.emit('frame', { at: Date.now(), connection, direction: 'out', data });
  }
}

module.exports = { Connection };
