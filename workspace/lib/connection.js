// Owns one open socket: what goes out and when, what its client subscribed to, and being half-open. Does not decide
// what a frame means (frames.js) nor who gets an event (rtm.js).
'use strict';

const { encode } = require('./wire');

/** ms; the longest that timers know */
const MAX_DELAY = 2 ** 31 - 1;
/** Bytes that a client may leave unread; one that has stopped reading must not fill the memory. */
const MAX_UNREAD = 128 * 1024 * 1024;

/**
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Connection} PublicConnection
 *
 * @typedef {object} Session what a connect call asked for and what happened since; handed on to its connection
 * @property {Bot} bot
 * @property {boolean} batchPresence whether `presence_change` may tell of several users
 * @property {string | undefined} host the `Host` of the connect call
 * @property {Connection} [predecessor] the connection that was told the URL; what that gets is not in the backlog
 * @property {string[]} backlog events that go out after `hello`
 *
 * @typedef {{ ok: boolean, reply_to: unknown, [field: string]: unknown }} Reply to a message
 */

/** @implements {PublicConnection} */
class Connection {
  connectedAt = Date.now();
  /** @type {Set<string>} ids of users whose presence the client wants to know */
  subscriptions = new Set();
  #ws;
  #socket;
  #faults;
  #events;
  /** @type {string[] | undefined} events held until `hello`; undefined from then on */
  #backlog;
  /** @type {string[] | undefined} events held until the frame at hand is answered */
  #held;
  /** @type {Set<Reply>} replies to messages that the client cannot have got yet */
  #unsent = new Set();
  /** @type {Reply[]} those of them that an earlier connection of the bot did not get */
  #inherited = [];
  #isClosing = false;
  /** whether frames are being gathered, to go out together at the end of this turn */
  #gathering = false;
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  /** @type {{ readers: Function[], chunks: Buffer[], hold: (chunk: Buffer) => void } | undefined} while half-open */
  #silence;

  /**
   * @param {object} parts
   * @param {number} parts.id
   * @param {Session} parts.session
   * @param {import('ws').WebSocket} parts.ws
   * @param {import('node:stream').Duplex} parts.socket the one below `ws`
   * @param {import('./faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   */
  constructor({ id, session, ws, socket, faults, events }) {
    this.id = id;
    this.bot = session.bot;
    this.batchPresence = session.batchPresence;
    this.host = session.host;
    this.#backlog = session.backlog;
    this.#ws = ws;
    this.#socket = socket;
    this.#faults = faults;
    this.#events = events;
    /** @type {Promise<{ code: number, reason: string }>} */
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        for (const timer of this.#timers) clearTimeout(timer);
        // A client that closes has no use for them.
        if (code !== 1006 && !this.#isClosing) this.#unsent.clear();
        resolve({ code, reason: reason.toString() });
      });
    });
    // A frame against the protocol: ws has closed the connection with the right code.
    ws.on('error', () => {});
  }

  /**
   * Sends `hello`, the replies that an earlier connection did not get, and the events that waited. A second call does
   * nothing.
   */
  greet() {
    const backlog = this.#backlog;
    if (!backlog) return;
    this.#backlog = undefined;
    this.send(encode({ type: 'hello', region: 'local', start: true, host_id: 'slack-rtm-workspace' }));
    for (const reply of this.#inherited) this.#confirm(reply);
    for (const event of backlog) this.send(event);
  }

  /** Replies to messages that were not handed to the network. Final once the connection is closed. */
  get unsent() {
    return [...this.#unsent];
  }

  /**
   * Takes over the replies that an earlier connection of the bot did not get; they go out after `hello`.
   *
   * @param {Reply[]} replies
   */
  inherit(replies) {
    this.#inherited = replies;
    for (const reply of replies) this.#unsent.add(reply);
  }

  /**
   * Sends an event, after `hello`.
   *
   * @param {string} event as JSON
   */
  deliver(event) {
    if (this.#backlog) this.#backlog.push(event);
    else if (this.#held) this.#held.push(event);
    else this.send(event);
  }

  /**
   * Does what a message asks for and replies; what it causes comes after its reply.
   *
   * @param {() => Reply} act gives the reply
   */
  answer(act) {
    /** @type {string[]} */
    const held = [];
    this.#held = held;
    try {
      const reply = act();
      this.#unsent.add(reply);
      this.#later(() => this.#confirm(reply));
    } finally {
      this.#held = undefined;
      for (const event of held) this.deliver(event);
    }
  }

  /**
   * Answers any other frame, later where that fault is on. Throws where the reply cannot be written as JSON.
   *
   * @param {object} reply
   */
  reply(reply) {
    // Written now: what cannot be written is to be known here, not when a timer ends.
    const json = encode(reply);
    this.#later(() => void this.send(json));
  }

  /** Whether the message at hand is one too many. */
  takeMessageLimit() {
    return this.#faults.takeMessageLimit();
  }

  /**
   * Sends a frame at once, as it is.
   *
   * @param {string | Buffer} data
   * @returns {boolean} false where nothing can be sent
   */
  send(data) {
    return this.#write(data, undefined);
  }

  /** Resolves when the client has read enough for more to be sent, or is gone. Undefined where there is no need. */
  drained() {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return undefined;
    this.#flush();
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      const settle = () => {
        socket.off('drain', settle).off('close', settle);
        resolve();
      };
      socket.on('drain', settle).on('close', settle);
    });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#ws.close(code, reason);
    this.#isClosing = true;
  }

  /**
   * Closes a while from now, unless the connection has ended by then.
   *
   * @param {number} ms
   */
  closeAfter(ms) {
    this.#after(ms, () => this.close(1000, ''));
  }

  /**
   * Calls back again and again until the connection ends.
   *
   * @param {number} ms
   * @param {() => void} act
   */
  every(ms, act) {
    this.#after(ms, () => {
      act();
      this.every(ms, act);
    });
  }

  /** Ends the socket without a close frame. */
  drop() {
    this.#flush();
    this.#ws.terminate();
  }

  /** Whether it is half-open: nothing is read, answered or sent. */
  get isSilent() {
    return this.#silence !== undefined;
  }

  /** Whether what is sent goes out. */
  get isReached() {
    return !this.#silence && this.#ws.readyState === this.#ws.OPEN;
  }

  /**
   * Half-open or not. The socket's readers are put aside rather than paused, so that its end is still noticed.
   *
   * @param {boolean} on
   */
  silence(on) {
    const socket = this.#socket;
    if (on && !this.#silence) {
      /** @type {Buffer[]} */
      const chunks = [];
      const hold = (/** @type {Buffer} */ chunk) => void chunks.push(chunk);
      this.#silence = { readers: socket.listeners('data'), chunks, hold };
      socket.removeAllListeners('data').on('data', hold);
    } else if (!on && this.#silence) {
      const { readers, chunks, hold } = this.#silence;
      this.#silence = undefined;
      if (socket.destroyed) return;
      for (const reader of readers) socket.on('data', /** @type {(chunk: Buffer) => void} */ (reader));
      socket.off('data', hold);
      for (const chunk of chunks) socket.emit('data', chunk);
    }
  }

  /** @param {Reply} reply that counts as sent once the network has it */
  #confirm(reply) {
    this.#write(encode(reply), (error) => {
      if (!error) this.#unsent.delete(reply);
    });
  }

  /**
   * @param {string | Buffer} data
   * @param {((error?: Error | null) => void) | undefined} done
   */
  #write(data, done) {
    if (!this.isReached) return false;
    if (this.#ws.bufferedAmount > MAX_UNREAD) {
      this.drop();
      return false;
    }
    this.#gather();
    this.#ws.send(data, done);
    const events = this.#events;
    if (events.listenerCount('sent') > 0) events.emit('sent', this, data);
    if (events.listenerCount('frame') > 0) {
      events.emit('frame', { at: Date.now(), connection: this, direction: 'out', data });
    }
    return true;
  }

  /** @param {() => void} act what is late where that fault is on */
  #later(act) {
    if (this.#faults.replyDelay === 0) act();
    else this.#after(this.#faults.replyDelay, act);
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  #after(ms, act) {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        act();
      },
      Math.min(ms, MAX_DELAY),
    );
    this.#timers.add(timer);
  }

  /** One system call for the frames of one turn, not one for each. */
  #gather() {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#socket.cork();
    process.nextTick(() => this.#flush());
  }

  #flush() {
    if (!this.#gathering) return;
    this.#gathering = false;
    this.#socket.uncork();
  }
}

module.exports = { Connection };
