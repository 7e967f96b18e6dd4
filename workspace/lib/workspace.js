// Owns the testing API: puts the parts together, starts and ends them, and offers them to a test. Holds no rule of
// Slack's itself.
'use strict';

const { EventEmitter } = require('node:events');
const { createServer } = require('node:http');
const { isIPv6 } = require('node:net');
const { Connection } = require('./connection');
const { Faults, checkNumber } = require('./faults');
const { Log } = require('./log');
const { Page } = require('./page');
const { Person } = require('./person');
const { replay } = require('./replay');
const { Rtm } = require('./rtm');
const { State } = require('./state');
const { openStore } = require('./store');
const { WebApi } = require('./web-api');
const { encode } = require('./wire');

/**
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').Target} Target
 * @typedef {import('../index').Message} Message
 * @typedef {import('../index').ApiRequest} ApiRequest
 * @typedef {import('../index').ReceivedFrame} ReceivedFrame
 * @typedef {import('../index').Workspace} PublicWorkspace
 */

const HOST = '127.0.0.1';
/** Stand for every address of the machine; what a client reaches it by only the client knows. */
const WILDCARDS = new Map([
  ['0.0.0.0', HOST],
  ['::', '::1'],
]);

/** @implements {PublicWorkspace} */
class Workspace {
  events = new EventEmitter();
  faults = new Faults(
    (to) => this.#targets(to),
    () => this.#state,
  );
  #state;
  #rtm;
  #page;
  #server;
  #store;
  #host;
  #port = 0;
  #ended = new AbortController();
  /** @type {Promise<void> | undefined} */
  #closing;
  /** @type {Log<Message>} what clients posted */
  #messages = new Log((message) => this.#describeMessage(message));
  /** @type {Log<Record<string, any>>} what clients caused */
  #happened = new Log(({ type, subtype }) => (subtype === undefined ? type : `${type}::${subtype}`));
  /** @type {Log<Connection>} */
  #connections = new Log((connection) => `#${connection.id} of @${connection.bot.name}`);
  /** @type {Log<ApiRequest>} */
  #requests = new Log((request) => request.method);
  /** @type {Log<ReceivedFrame>} */
  #received = new Log(({ bot, data }) => `@${bot.name}: ${clip(data.toString())}`);

  /**
   * Not for callers: `Workspace.start()`.
   *
   * @param {import('../index').StartOptions} options
   */
  constructor(options) {
    const { faults, events } = this;
    const ticketLifetime = checkNumber('ticketLifetime', options.ticketLifetime ?? 30_000);
    const maxFrameBytes = checkNumber('maxFrameBytes', options.maxFrameBytes ?? 16_384);
    const reconnectUrlEvery = checkNumber('reconnectUrlEvery', options.reconnectUrlEvery ?? 180_000);
    this.#host = options.host ?? HOST;
    this.#store = options.data === undefined ? undefined : openStore(options.data);
    const socketBase = (/** @type {string | undefined} */ asked) => `ws://${this.#address(asked)}`;
    const state = this.#restore(() => new State({ ...options, store: this.#store }, events));
    const rtm = new Rtm({ state, faults, events, ticketLifetime, reconnectUrlEvery, maxFrameBytes, socketBase });
    const api = new WebApi({ state, rtm, faults, events });
    this.#state = state;
    this.#rtm = rtm;
    const page = new Page({ state, rtm, faults, events, host: this.#host });
    this.#page = page;
    // Node.js 24.9 and later ask; earlier ones take it for an upgrade, whatever is offered.
    const asks = /** @type {import('node:http').ServerOptions} */ ({ shouldUpgradeCallback: isForWebSocket });
    this.#server = createServer(asks, (request, response) => {
      if (!page.handle(request, response)) void api.handle(request, response);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.#ended.signal.aborted) socket.destroy();
      else if (!isForWebSocket(request)) this.#handleAnyway(request, socket, head);
      else if (!page.upgrade(request, socket, head)) rtm.upgrade(request, socket, head);
    });
    events.on('message', (message, { via }) => {
      if (isClient(via)) this.#messages.add(message);
    });
    events.on('event', (event, _audience, { via }) => {
      if (isClient(via)) this.#happened.add(event);
    });
    events.on('connection', (connection) => this.#connections.add(connection));
    events.on('request', (request, size) => this.#requests.add(request, size));
    events.on('received', (frame) => this.#received.add(frame, frame.data.length));
  }

  /** @param {import('../index').StartOptions} [options] */
  static async start(options = {}) {
    const workspace = new Workspace(options);
    const server = workspace.#server;
    const listening = new Promise((resolve, reject) => {
      server
        .once('error', reject)
        .listen(options.port ?? 0, workspace.#host, () => resolve(server.off('error', reject)));
    });
    await listening.catch((error) => {
      workspace.#store?.close();
      throw error;
    });
    workspace.#port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    return workspace;
  }

  get pageUrl() {
    return new URL('/', this.apiUrl).href;
  }

  get apiUrl() {
    return `http://${this.#address()}/api/`;
  }

  get token() {
    return this.bot.token;
  }

  get bot() {
    return this.#state.bots[0];
  }

  get bots() {
    return this.#state.bots;
  }

  get team() {
    return this.#state.team;
  }

  get users() {
    return this.#state.users;
  }

  get channels() {
    return this.#state.channels;
  }

  get connections() {
    return [...this.#rtm.connections];
  }

  get requests() {
    return this.#requests.entries;
  }

  get received() {
    return this.#received.entries;
  }

  /** @param {string | import('../index').BotSeed} bot */
  addBot(bot) {
    return this.#state.addBot(bot);
  }

  /** @param {UserRef} user */
  user(user) {
    return new Person(this.#state.user(user), this.#state);
  }

  /** @param {ChannelRef} channel */
  channel(channel) {
    return this.#state.channel(channel);
  }

  /**
   * @param {UserRef} user
   * @param {UserRef} [bot]
   */
  im(user, bot = this.bot) {
    return this.#state.im(this.#state.user(user), this.#state.user(bot));
  }

  /** @param {ChannelRef} channel */
  messages(channel) {
    return this.#state.history(this.#state.channel(channel));
  }

  /**
   * @param {UserRef[]} users
   * @param {import('../index').Presence} presence
   */
  setPresence(users, presence) {
    this.#state.setPresence(
      users.map((user) => this.#state.user(user)),
      presence,
    );
  }

  /** @param {import('../index').MessageFilter} [filter] */
  nextMessage({ from, in: where, text, timeout } = {}) {
    const user = from === undefined ? undefined : this.#state.user(from);
    const inside = where === undefined ? undefined : this.#conversation(where);
    /** @param {Message} message */
    const matches = (message) =>
      (!user || message.user === user.id) &&
      (!inside || inside.has(message.channel)) &&
      (text === undefined || (typeof text === 'string' ? message.text === text : message.text.search(text) >= 0));
    const says = text === undefined ? '' : ` saying ${String(text)}`;
    const place = inside ? ` in ${this.#nameOf([...inside.keys()][0], where)}` : '';
    return this.#messages.next(matches, `message${user ? ` from @${user.name}` : ''}${place}${says}`, timeout);
  }

  /** @param {import('../index').EventFilter} [filter] */
  nextEvent({ type, subtype, from, in: where, timeout } = {}) {
    const user = from === undefined ? undefined : this.#state.user(from);
    const inside = where === undefined ? undefined : this.#conversation(where);
    /** @param {Record<string, any>} event */
    const matches = (event) =>
      (type === undefined || event.type === type) &&
      (subtype === undefined || event.subtype === subtype) &&
      (!user || (event.user ?? event.message?.user ?? event.previous_message?.user) === user.id) &&
      (!inside || inside.has(event.item?.channel ?? event.channel?.id ?? event.channel));
    const kind = [type, subtype].filter((part) => part !== undefined).join('::');
    const place = typeof where === 'string' ? ` in ${where}` : '';
    const wanted = `${kind ? `${kind} ` : ''}event${user ? ` of @${user.name}` : ''}${place}`;
    return this.#happened.next(matches, wanted, timeout);
  }

  /** @param {import('../index').ConnectionFilter} [filter] */
  nextConnection({ bot, timeout } = {}) {
    const user = bot === undefined ? undefined : this.#state.user(bot);
    const wanted = user ? `connection of @${user.name}` : 'connection';
    return this.#connections.next((connection) => !user || connection.bot === user, wanted, timeout);
  }

  /** @param {import('../index').RequestFilter} [filter] */
  nextRequest({ method, timeout } = {}) {
    const wanted = `${method ?? 'API'} request`;
    return this.#requests.next((request) => method === undefined || request.method === method, wanted, timeout);
  }

  /** @param {import('../index').FrameFilter} [filter] */
  nextFrame({ from, type, timeout } = {}) {
    const user = from === undefined ? undefined : this.#state.user(from);
    /** @param {ReceivedFrame} entry */
    const matches = ({ bot, frame }) => (!user || bot === user) && (type === undefined || frame?.type === type);
    const wanted = `${type === undefined ? '' : `${type} `}frame${user ? ` from @${user.name}` : ''}`;
    return this.#received.next(matches, wanted, timeout);
  }

  /**
   * @param {import('../index').Frame} frame
   * @param {Target} [target]
   */
  emit(frame, { to } = {}) {
    return this.#send(frame, to).length;
  }

  /**
   * @param {string | import('../index').Frame[]} frames
   * @param {import('../index').ReplayOptions} [options]
   */
  async replay(frames, { to, ...options } = {}) {
    if (this.#targets(to).length === 0) throw new Error('no client is connected to replay to');
    return replay(frames, { ...options, send: (frame) => this.#send(frame, to), signal: this.#ended.signal });
  }

  close() {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end() {
    this.#ended.abort();
    this.faults.endFloods();
    for (const log of [this.#messages, this.#happened, this.#connections, this.#requests, this.#received]) log.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#page.close();
    await this.#rtm.close();
    this.#server.closeAllConnections();
    await closed;
    this.#store?.close();
  }

  /**
   * What comes before a path in this server's URLs.
   *
   * @param {string} [asked] the `Host` of a request
   */
  #address(asked) {
    const local = WILDCARDS.get(this.#host);
    if (local !== undefined && asked) return asked;
    const host = local ?? this.#host;
    return `${isIPv6(host) ? `[${host}]` : host}:${this.#port}`;
  }

  /**
   * A new data file gets the whole first state or nothing, and is closed again where the state cannot be made.
   *
   * @param {() => State} make
   */
  #restore(make) {
    try {
      return this.#store ? this.#store.transaction(make) : make();
    } catch (error) {
      this.#store?.close();
      throw error;
    }
  }

  /**
   * Takes a request that offers another protocol, such as HTTP/2, as if it did not: Node.js before 24.9 stops reading HTTP at it.
   *
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head what was read after the headers
   */
  #handleAnyway({ method, url, httpVersion, rawHeaders }, socket, head) {
    let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (rawHeaders[i].toLowerCase() !== 'upgrade') text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
    }
    socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
    this.#server.emit('connection', socket);
  }

  /**
   * @param {import('../index').Frame} frame
   * @param {Target['to']} to
   */
  #send(frame, to) {
    const data = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : encode(frame);
    return this.#targets(to).filter((connection) => connection.send(data));
  }

  /**
   * @param {Target['to']} to
   * @returns {Connection[]}
   */
  #targets(to) {
    const open = [...this.#rtm.connections];
    if (to === undefined) return open;
    if (to instanceof Connection) return open.filter((connection) => connection === to);
    const user = this.#state.user(/** @type {UserRef} */ (to));
    return open.filter((connection) => connection.bot === user);
  }

  /**
   * The channels that a filter's `in` stands for, by id.
   *
   * @param {ChannelRef} ref
   */
  #conversation(ref) {
    if (typeof ref !== 'string' || !ref.startsWith('@')) return new Set([this.#state.channel(ref).id]);
    const user = this.#state.user(ref);
    const ims = this.#state.channels.filter((channel) => channel.isIm && channel.members.has(user.id));
    return new Set(ims.map((channel) => channel.id));
  }

  /**
   * @param {string} channelId
   * @param {ChannelRef} [ref] as the test named it
   */
  #nameOf(channelId, ref) {
    if (typeof ref === 'string') return ref;
    const channel = this.#state.channel({ id: channelId });
    return channel.isIm ? channel.id : `#${channel.name}`;
  }

  /** @param {Message} message */
  #describeMessage({ user, channel, text }) {
    return `@${this.#state.user({ id: user }).name} in ${this.#nameOf(channel)}: ${clip(text)}`;
  }
}

/** @param {string} via how something was done: by a client, or by the test or on the page */
function isClient(via) {
  return via === 'rtm' || via === 'web';
}

/** @param {string} text */
function clip(text) {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text);
}

/** @param {import('node:http').IncomingMessage} request one that offers another protocol */
function isForWebSocket({ headers }) {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

module.exports = { Workspace };
