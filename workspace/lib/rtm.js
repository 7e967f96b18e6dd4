// Owns the sockets as a whole: tickets, upgrades, the list of connections, and who gets which event. What one socket
// does is in connection.js, what a client's frame means in frames.js.
'use strict';

const { randomBytes } = require('node:crypto');
const { STATUS_CODES } = require('node:http');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { WebSocketServer } = require('ws');
const { Connection } = require('./connection');
const { handleFrame, tellPresence } = require('./frames');
const { encode, decodeObject } = require('./wire');

/**
 * @typedef {import('../index').Bot} Bot
 * @typedef {import('../index').Audience} Audience
 * @typedef {import('../index').Origin} Origin
 * @typedef {import('./connection').Session} Session
 * @typedef {import('./connection').Reply} Reply
 * @typedef {import('node:stream').Duplex} Duplex
 */

const PATH = '/websocket/';
/** How many replies are kept for a bot's next connection. */
const MAX_UNSENT = 100;
/** How many unused socket URLs there can be; the oldest goes first. */
const MAX_TICKETS = 10_000;
const URL_EXPIRED = encode({ type: 'error', error: { code: 1, msg: 'Socket URL has expired' } });

class Rtm {
  /** @type {Set<Connection>} the open ones, oldest first */
  connections = new Set();
  /** @type {Map<string, Session & { expiresAt: number }>} the unused ones */
  #tickets = new Map();
  /** @type {Map<string, Reply[]>} by bot id: replies that a connection did not get before it broke */
  #unsent = new Map();
  #count = 0;
  #state;
  #faults;
  #events;
  #ticketLifetime;
  #reconnectUrlEvery;
  #socketBase;
  #server;

  /**
   * @param {object} parts
   * @param {import('./state').State} parts.state
   * @param {import('./faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   * @param {number} parts.ticketLifetime ms
   * @param {number} parts.reconnectUrlEvery ms between the `reconnect_url` events of a connection
   * @param {number} parts.maxFrameBytes
   * @param {(asked?: string) => string} parts.socketBase what comes before a socket's path, as in `ws://127.0.0.1:1234`
   */
  constructor({ state, faults, events, ticketLifetime, reconnectUrlEvery, maxFrameBytes, socketBase }) {
    this.#state = state;
    this.#faults = faults;
    this.#events = events;
    this.#ticketLifetime = ticketLifetime;
    this.#reconnectUrlEvery = reconnectUrlEvery;
    this.#socketBase = socketBase;
    this.#server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    events.on('event', (event, audience, origin) => this.#deliver(event, audience, origin));
  }

  /**
   * A socket's URL with a new ticket, good for one use within the tickets' lifetime.
   *
   * @param {Bot} bot
   * @param {boolean} batchPresence
   * @param {string} [host] the `Host` of who asks
   * @param {Connection} [predecessor] the connection that the socket is to follow
   */
  reserve(bot, batchPresence, host, predecessor) {
    this.#forgetExpired();
    const ticket = randomBytes(32).toString('base64url');
    const expiresAt = performance.now() + this.#ticketLifetime;
    this.#tickets.set(ticket, { bot, batchPresence, host, predecessor, backlog: [], expiresAt });
    const [oldest] = this.#tickets.keys();
    if (this.#tickets.size > MAX_TICKETS) this.#tickets.delete(oldest);
    return this.#socketBase(host) + PATH + ticket;
  }

  /**
   * Takes an upgrade request, or refuses it with a status.
   *
   * @param {import('node:http').IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   */
  upgrade(request, socket, head) {
    const refusal = this.#faults.takeSocketRefusal();
    if (refusal !== undefined) {
      refuse(socket, refusal, '');
      return;
    }
    const session = this.#redeem(request.url ?? '');
    if (!session) {
      refuse(socket, 404, URL_EXPIRED);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, socket, session));
  }

  /** Ends all connections: with a close frame where the client reads, and for good. */
  async close() {
    this.#tickets.clear();
    const open = [...this.connections];
    for (const connection of open) connection.close(1001, '');
    await nextTurn();
    for (const connection of open) connection.drop();
    await Promise.all(open.map((connection) => connection.closed));
  }

  /**
   * @param {import('ws').WebSocket} ws
   * @param {Duplex} socket
   * @param {Session} session
   */
  #open(ws, socket, session) {
    const events = this.#events;
    this.#count += 1;
    const connection = new Connection({ id: this.#count, session, ws, socket, faults: this.#faults, events });
    this.connections.add(connection);
    ws.on('message', (data, isBinary) => this.#received(connection, /** @type {Buffer} */ (data), isBinary));
    ws.once('close', (code, reason) => {
      this.connections.delete(connection);
      this.#keepUnsent(connection);
      this.#showPresence(connection.bot);
      events.emit('disconnection', connection, { code, reason: reason.toString() });
    });
    const { id } = connection.bot;
    connection.inherit(this.#unsent.get(id) ?? []);
    this.#unsent.delete(id);
    if (this.#reconnectUrlEvery > 0) {
      connection.every(this.#reconnectUrlEvery, () => {
        const url = this.reserve(connection.bot, connection.batchPresence, connection.host, connection);
        connection.deliver(encode({ type: 'reconnect_url', url }));
      });
    }
    if (!this.#faults.helloHeld) connection.greet();
    this.#showPresence(connection.bot);
    events.emit('connection', connection);
  }

  /**
   * @param {Connection} connection
   * @param {Buffer} data
   * @param {boolean} isBinary
   */
  #received(connection, data, isBinary) {
    const text = data.toString();
    const told = { at: Date.now(), connection, data: isBinary ? data : text };
    this.#events.emit('received', { ...told, bot: connection.bot, frame: decodeObject(text) });
    this.#events.emit('frame', { ...told, direction: 'in' });
    handleFrame(text, connection, this.#state);
  }

  /** @param {Bot} bot */
  #showPresence(bot) {
    this.#state.setConnected(
      bot,
      [...this.connections].some((connection) => connection.bot === bot),
    );
  }

  /** @param {Connection} connection that has ended */
  #keepUnsent({ bot, unsent }) {
    if (unsent.length === 0) return;
    const all = [...(this.#unsent.get(bot.id) ?? []), ...unsent];
    this.#unsent.set(bot.id, all.slice(-MAX_UNSENT));
  }

  /**
   * Sends an event to the connections that it matters to, and to those that are about to be made.
   *
   * @param {Record<string, unknown>} event
   * @param {Audience} audience
   * @param {Origin} origin whose connection caused it and needs no telling
   */
  #deliver(event, audience, origin) {
    if (event.type === 'presence_change') {
      this.#toSubscribers(/** @type {string[]} */ (event.users ?? [event.user]));
      return;
    }
    const concerns = this.#concerned(audience);
    /** @type {string | undefined} */
    let json;
    for (const connection of this.connections) {
      if (connection !== origin.connection && concerns(connection.bot)) connection.deliver((json ??= encode(event)));
    }
    this.#forgetExpired();
    for (const { bot, backlog, predecessor } of this.#tickets.values()) {
      if (concerns(bot) && !predecessor?.isReached) backlog.push((json ??= encode(event)));
    }
  }

  /**
   * @param {Audience} audience
   * @returns {(bot: Bot) => boolean}
   */
  #concerned(audience) {
    if (audience.user !== undefined) return (bot) => bot.id === audience.user;
    if (audience.channel === undefined) return () => true;
    const { members } = this.#state.channel({ id: audience.channel });
    return (bot) => members.has(bot.id);
  }

  /** @param {string[]} ids of users whose presence changed */
  #toSubscribers(ids) {
    for (const connection of this.connections) {
      const wanted = ids.filter((id) => connection.subscriptions.has(id));
      tellPresence(
        wanted.flatMap((id) => this.#state.findUser({ id }) ?? []),
        connection,
      );
    }
  }

  /** @param {string} url */
  #redeem(url) {
    this.#forgetExpired();
    const ticket = url.startsWith(PATH) ? url.slice(PATH.length).split('?', 1)[0] : '';
    const session = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return session;
  }

  #forgetExpired() {
    const now = performance.now();
    for (const [ticket, { expiresAt }] of this.#tickets) {
      if (expiresAt <= now) this.#tickets.delete(ticket);
    }
  }
}

/**
 * @param {Duplex} socket
 * @param {number} status
 * @param {string} body
 */
function refuse(socket, status, body) {
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}

module.exports = { Rtm };
