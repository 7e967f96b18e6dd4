// The transport of one client's connection: a WebSocket and the TCP socket below it.
'use strict';

/** The longest delay of a timer in ms. */
const MAX_DELAY = 2 ** 31 - 1;
/** Bytes that a client may leave unread. A client that has stopped reading must not fill the memory. */
const MAX_UNREAD = 128 * 1024 * 1024;

/**
 * Sends frames in batches, closes or drops the connection, makes it half-open, and keeps timers that end with it. Does not
 * know what the frames mean.
 */
class ClientSocket {
  #ws;
  #socket;
  #onSent;
  #isClosing = false;
  /** Whether frames are held back until the end of this turn of the event loop, to leave in one write. */
  #isCorked = false;
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  /**
   * Set while half-open.
   *
   * @type {{ readers: Function[], chunks: Buffer[], hold: (chunk: Buffer) => void } | undefined}
   */
  #silence;

  /**
   * @param {object} parts
   * @param {import('ws').WebSocket} parts.ws
   * @param {import('node:stream').Duplex} parts.socket the socket below `ws`
   * @param {(data: string | Buffer) => void} parts.onSent called with every frame that is sent
   */
  constructor({ ws, socket, onSent }) {
    this.#ws = ws;
    this.#socket = socket;
    this.#onSent = onSent;
    /** @type {Promise<{ code: number, reason: string }>} */
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        for (const timer of this.#timers) clearTimeout(timer);
        resolve({ code, reason: reason.toString() });
      });
    });
    // A protocol error of the client. ws has closed the connection with the matching code.
    ws.on('error', () => {});
  }

  /** Whether it is half-open: nothing is read, answered or sent. */
  get isSilent() {
    return this.#silence !== undefined;
  }

  /** Whether a frame that is sent now leaves for the client. */
  get isReachable() {
    return !this.#silence && this.#ws.readyState === this.#ws.OPEN;
  }

  /** Whether the server has started to close the connection. */
  get isClosing() {
    return this.#isClosing;
  }

  /**
   * @param {string | Buffer} data
   * @param {(error?: Error | null) => void} [done] called when the operating system has taken the frame, or cannot
   * @returns {boolean} false if nothing can be sent
   */
  send(data, done) {
    if (!this.isReachable) return false;
    if (this.#ws.bufferedAmount > MAX_UNREAD) {
      this.drop();
      return false;
    }
    this.#cork();
    this.#ws.send(data, done);
    this.#onSent(data);
    return true;
  }

  /** Resolves when the client has read enough for more to be sent, or is gone. Undefined if there is no need to wait. */
  drained() {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return undefined;
    this.#uncork();
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      const settle = () => {
        socket.off('drain', settle).off('close', settle);
        resolve();
      };
      socket.on('drain', settle).on('close', settle);
    });
  }

  /**
   * Sends a close frame.
   *
   * @param {number} code
   * @param {string} reason
   */
  close(code, reason) {
    this.#ws.close(code, reason);
    this.#isClosing = true;
  }

  /** Destroys the socket without a close frame. */
  drop() {
    this.#uncork();
    this.#ws.terminate();
  }

  /**
   * Makes the connection half-open, or ends that. The socket's readers are removed, not paused: a paused socket would not
   * notice that the client is gone.
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

  /**
   * Calls `act` once, unless the connection has ended by then.
   *
   * @param {number} ms
   * @param {() => void} act
   */
  after(ms, act) {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        act();
      },
      Math.min(ms, MAX_DELAY),
    );
    this.#timers.add(timer);
  }

  /**
   * Calls `act` repeatedly until the connection ends.
   *
   * @param {number} ms
   * @param {() => void} act
   */
  every(ms, act) {
    this.after(ms, () => {
      act();
      this.every(ms, act);
    });
  }

  /** One system call for all frames of a turn of the event loop, not one for each frame. */
  #cork() {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => this.#uncork());
  }

  #uncork() {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }
}

module.exports = { ClientSocket };
