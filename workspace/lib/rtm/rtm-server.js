// The RTM API's server: socket URLs, upgrades, the open connections, and the routing of events to them.
'use strict';

const { STATUS_CODES } = require('node:http');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { WebSocketServer } = require('ws');
const { decodeObject, encode } = require('../json');
const { Tickets } = require('../sockets/tickets');
const { Connection } = require('./connection');
const { handleFrame, sendPresence } = require('./frames');

/**
 * @typedef {import('../../index').Bot} Bot
 * @typedef {import('../../index').Audience} Audience
 * @typedef {import('../../index').Origin} Origin
 * @typedef {import('./connection').Session} Session
 * @typedef {import('./connection').Reply} Reply
 * @typedef {import('node:stream').Duplex} Duplex
 */

const PATH = '/websocket/';
/** The most replies that are kept for a bot's next connection. */
const MAX_UNSENT_REPLIES = 100;
const URL_EXPIRED = encode({ type: 'error', error: { code: 1, msg: 'Socket URL has expired' } });

class RtmServer {
  /** @type {Set<Connection>} the open ones, oldest first */
  connections = new Set();
  /** @type {Tickets<Session>} */
  #tickets;
  /** @type {Map<string, Reply[]>} by bot id: replies that a broken connection has left unsent */
  #unsentReplies = new Map();
  #lastId = 0;
  #state;
  #faults;
  #events;
  #reconnectUrlEvery;
  #socketOrigin;
  #server;

  /**
   * @param {object} parts
   * @param {import('../state/state').State} parts.state
   * @param {import('../faults/faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   * @param {number} parts.ticketLifetime ms
   * @param {number} parts.reconnectUrlEvery ms between the `reconnect_url` events of a connection; 0 turns them off
   * @param {number} parts.maxFrameBytes
   * @param {(host?: string) => string} parts.socketOrigin the part of a socket URL before the path, for example
   *   `ws://127.0.0.1:1234`, for a client that used this `Host` header
   */
  constructor({ state, faults, events, ticketLifetime, reconnectUrlEvery, maxFrameBytes, socketOrigin }) {
    this.#state = state;
    this.#faults = faults;
    this.#events = events;
    this.#tickets = new Tickets(ticketLifetime);
    this.#reconnectUrlEvery = reconnectUrlEvery;
    this.#socketOrigin = socketOrigin;
    this.#server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
    events.on('event', (event, audience, origin) => this.#routeEvent(event, audience, origin));
  }

  /**
   * @param {Bot} bot
   * @returns {Connection[]} the bot's open connections
   */
  connectionsOf(bot) {
    return [...this.connections].filter((connection) => connection.bot === bot);
  }

  /**
   * A new socket URL. It can be used once, within the lifetime of a ticket.
   *
   * @param {Bot} bot
   * @param {boolean} batchPresence
   * @param {string} [host] the `Host` header of the connect call
   * @param {Connection} [predecessor] the connection that the URL is sent to as `reconnect_url`
   */
  createUrl(bot, batchPresence, host, predecessor) {
    const ticket = this.#tickets.issue({ bot, batchPresence, host, predecessor, backlog: [] });
    return this.#socketOrigin(host) + PATH + ticket;
  }

  /**
   * Accepts an upgrade request, or refuses it with an HTTP status.
   *
   * @param {import('node:http').IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   */
  upgrade(request, socket, head) {
    const status = this.#faults.takeSocketRefusal();
    if (status !== undefined) {
      refuseUpgrade(socket, status, '');
      return;
    }
    const session = this.#redeem(request.url ?? '');
    if (!session) {
      refuseUpgrade(socket, 404, URL_EXPIRED);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, socket, session));
  }

  /** Ends all connections: sends a close frame, then destroys the sockets. */
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
    this.#lastId += 1;
    const connection = new Connection({ id: this.#lastId, session, ws, socket, faults: this.#faults, events });
    const { bot } = connection;
    this.connections.add(connection);
    ws.on('message', (data, isBinary) => this.#receive(connection, /** @type {Buffer} */ (data), isBinary));
    ws.once('close', (code, reason) => {
      this.connections.delete(connection);
      this.#keepUnsentReplies(connection);
      this.#updatePresence(bot);
      events.emit('disconnection', connection, { code, reason: reason.toString() });
    });
    connection.inheritReplies(this.#unsentReplies.get(bot.id) ?? []);
    this.#unsentReplies.delete(bot.id);
    if (this.#reconnectUrlEvery > 0) {
      connection.every(this.#reconnectUrlEvery, () => {
        const url = this.createUrl(bot, connection.batchPresence, connection.host, connection);
        connection.sendEvent(encode({ type: 'reconnect_url', url }));
      });
    }
    if (!this.#faults.isHelloHeld) connection.sendHello();
    this.#updatePresence(bot);
    events.emit('connection', connection);
  }

  /**
   * @param {Connection} connection
   * @param {Buffer} data
   * @param {boolean} isBinary
   */
  #receive(connection, data, isBinary) {
    const text = data.toString();
    const received = { at: Date.now(), connection, data: isBinary ? data : text };
    this.#events.emit('received', { ...received, bot: connection.bot, frame: decodeObject(text) });
    this.#events.emit('frame', { ...received, direction: 'in' });
    handleFrame(text, connection, this.#state);
  }

  /** @param {Bot} bot */
  #updatePresence(bot) {
    this.#state.presence.setConnected(bot, this.connectionsOf(bot).length > 0);
  }

  /** @param {Connection} connection a closed one */
  #keepUnsentReplies({ bot, unsentReplies }) {
    if (unsentReplies.length === 0) return;
    const all = [...(this.#unsentReplies.get(bot.id) ?? []), ...unsentReplies];
    this.#unsentReplies.set(bot.id, all.slice(-MAX_UNSENT_REPLIES));
  }

  /**
   * Sends an event to its audience's connections, and keeps it for those that are about to open.
   *
   * @param {Record<string, unknown>} event
   * @param {Audience} audience
   * @param {Origin} origin the connection in it caused the event and does not get it
   */
  #routeEvent(event, audience, origin) {
    if (event.type === 'presence_change') {
      this.#sendPresenceChange(/** @type {string[]} */ (event.users ?? [event.user]));
      return;
    }
    const isInAudience = this.#audienceTest(audience);
    /** @type {string | undefined} */
    let json;
    for (const connection of this.connections) {
      if (connection === origin.connection || !isInAudience(connection.bot)) continue;
      connection.sendEvent((json ??= encode(event)));
    }
    for (const { bot, backlog, predecessor } of this.#tickets.values) {
      if (isInAudience(bot) && !predecessor?.isReachable) backlog.push((json ??= encode(event)));
    }
  }

  /**
   * @param {Audience} audience
   * @returns {(bot: Bot) => boolean}
   */
  #audienceTest(audience) {
    if (audience.user !== undefined) return (bot) => bot.id === audience.user;
    if (audience.channel === undefined) return () => true;
    const { members } = this.#state.channels.get({ id: audience.channel });
    return (bot) => members.has(bot.id);
  }

  /** @param {string[]} ids of the users whose presence has changed */
  #sendPresenceChange(ids) {
    for (const connection of this.connections) {
      const users = ids
        .filter((id) => connection.subscriptions.has(id))
        .flatMap((id) => this.#state.users.find({ id }) ?? []);
      sendPresence(users, connection);
    }
  }

  /** @param {string} url */
  #redeem(url) {
    return this.#tickets.redeem(url.startsWith(PATH) ? url.slice(PATH.length).split('?', 1)[0] : '');
  }
}

/**
 * @param {Duplex} socket
 * @param {number} status
 * @param {string} body
 */
function refuseUpgrade(socket, status, body) {
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

module.exports = { RtmServer };
