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
 * @typedef {import('../index').User} User
 * @typedef {import('../index').Message} Message
 * @typedef {import('./connection').Session} Session
 * @typedef {import('node:stream').Duplex} Duplex
 */

const PATH = '/websocket/';
const URL_EXPIRED = encode({ type: 'error', error: { code: 1, msg: 'Socket URL has expired' } });

class Rtm {
  /** @type {Set<Connection>} the open ones, oldest first */
  connections = new Set();
  /** @type {Map<string, Session & { expiresAt: number }>} the unused ones */
  #tickets = new Map();
  #count = 0;
  #state;
  #faults;
  #events;
  #ticketLifetime;
  #server;

  /**
   * @param {object} parts
   * @param {import('./state').State} parts.state
   * @param {import('./faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   * @param {number} parts.ticketLifetime ms
   * @param {number} parts.maxFrameBytes
   */
  constructor({ state, faults, events, ticketLifetime, maxFrameBytes }) {
    this.#state = state;
    this.#faults = faults;
    this.#events = events;
    this.#ticketLifetime = ticketLifetime;
    this.#server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    events.on('message', (message, { connection }) => this.#toMembers(message.channel, message, connection));
    events.on('typing', ({ channel, user }, { connection }) => {
      this.#toMembers(channel, { type: 'user_typing', channel, user }, connection);
    });
    events.on('presence', (users) => this.#toSubscribers(users));
  }

  /**
   * A socket's path with a new ticket, good for one use within the tickets' lifetime.
   *
   * @param {Bot} bot
   * @param {boolean} batchPresence
   */
  reserve(bot, batchPresence) {
    this.#forgetExpired();
    const ticket = randomBytes(32).toString('base64url');
    const expiresAt = performance.now() + this.#ticketLifetime;
    this.#tickets.set(ticket, { bot, batchPresence, backlog: [], expiresAt });
    return PATH + ticket;
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
      this.#showPresence(connection.bot);
      events.emit('disconnection', connection, { code, reason: reason.toString() });
    });
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
    this.#events.emit('received', {
      at: Date.now(),
      connection,
      bot: connection.bot,
      data: isBinary ? data : text,
      frame: decodeObject(text),
    });
    handleFrame(text, connection, this.#state);
  }

  /**
   * A bot is active while it has a connection.
   *
   * @param {Bot} bot
   */
  #showPresence(bot) {
    const connected = [...this.connections].some((connection) => connection.bot === bot);
    this.#state.setPresence([bot], connected ? 'active' : 'away');
  }

  /**
   * To the connections of a channel's members, and to those that are about to connect.
   *
   * @param {string} channelId
   * @param {object} event
   * @param {unknown} [sender] the connection that caused it and needs no telling
   */
  #toMembers(channelId, event, sender) {
    const { members } = this.#state.channel({ id: channelId });
    const json = encode(event);
    for (const connection of this.connections) {
      if (connection !== sender && members.has(connection.bot.id)) connection.deliver(json);
    }
    this.#forgetExpired();
    for (const { bot, backlog } of this.#tickets.values()) {
      if (members.has(bot.id)) backlog.push(json);
    }
  }

  /** @param {User[]} users whose presence changed */
  #toSubscribers(users) {
    for (const connection of this.connections) {
      tellPresence(users.filter((user) => connection.subscriptions.has(user.id)), connection);
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
  socket.end([
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n'));
}

module.exports = { Rtm };
