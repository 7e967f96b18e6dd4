// The testing API.
'use strict';

const { EventEmitter } = require('node:events');
const { checkNumber } = require('./check-number');
const { EntryLog } = require('./entry-log');
const { Faults } = require('./faults/faults');
const { HttpServer } = require('./http-server');
const { encode } = require('./json');
const { PageServer } = require('./page/page-server');
const { Person } = require('./person');
const { replay } = require('./replay');
const { Connection } = require('./rtm/connection');
const { RtmServer } = require('./rtm/rtm-server');
const { State } = require('./state/state');
const { openStore } = require('./store');
const { WebApi } = require('./web-api/web-api');

/**
 * @typedef {import('../index').UserRef} UserRef
 * @typedef {import('../index').ChannelRef} ChannelRef
 * @typedef {import('../index').Target} Target
 * @typedef {import('../index').Message} Message
 * @typedef {import('../index').ApiRequest} ApiRequest
 * @typedef {import('../index').ReceivedFrame} ReceivedFrame
 * @typedef {import('../index').Workspace} PublicWorkspace
 */

/**
 * Creates the parts of a workspace, starts and ends them, and records what clients do for the `next…` methods.
 *
 * @implements {PublicWorkspace}
 */
class Workspace {
  events = new EventEmitter();
  faults = new Faults(
    (to) => this.#targets(to),
    () => this.#state,
  );
  #state;
  #rtm;
  #page;
  #api;
  #server;
  #store;
  #ended = new AbortController();
  /** @type {Promise<void> | undefined} */
  #closing;
  /** @type {EntryLog<Message>} messages that clients posted */
  #messages = new EntryLog((message) => this.#describeMessage(message));
  /** @type {EntryLog<Record<string, any>>} events that clients caused */
  #clientEvents = new EntryLog(({ type, subtype }) => (subtype === undefined ? type : `${type}::${subtype}`));
  /** @type {EntryLog<Connection>} */
  #connections = new EntryLog((connection) => `#${connection.id} of @${connection.bot.name}`);
  /** @type {EntryLog<ApiRequest>} */
  #requests = new EntryLog((request) => request.method);
  /** @type {EntryLog<ReceivedFrame>} */
  #received = new EntryLog(({ bot, data }) => `@${bot.name}: ${quote(data.toString())}`);

  /**
   * Callers use `Workspace.start()`.
   *
   * @param {import('../index').StartOptions} options
   */
  constructor(options) {
    const { faults, events } = this;
    const ticketLifetime = checkNumber('ticketLifetime', options.ticketLifetime ?? 30_000);
    const maxFrameBytes = checkNumber('maxFrameBytes', options.maxFrameBytes ?? 16_384);
    const reconnectUrlEvery = checkNumber('reconnectUrlEvery', options.reconnectUrlEvery ?? 180_000);
    const server = new HttpServer(options.host);
    const socketOrigin = (/** @type {string | undefined} */ host) => `ws://${server.authority(host)}`;
    this.#store = options.data === undefined ? undefined : openStore(options.data);
    const state = this.#openState(() => new State(options, { events, store: this.#store }));
    const rtm = new RtmServer({
      state,
      faults,
      events,
      ticketLifetime,
      reconnectUrlEvery,
      maxFrameBytes,
      socketOrigin,
    });
    this.#server = server;
    this.#state = state;
    this.#rtm = rtm;
    this.#api = new WebApi({ state, rtm, faults, events });
    this.#page = new PageServer({ state, rtm, faults, events, host: server.host });
    this.#record();
  }

  /** @param {import('../index').StartOptions} [options] */
  static async start(options = {}) {
    const workspace = new Workspace(options);
    const handlers = { page: workspace.#page, api: workspace.#api, rtm: workspace.#rtm };
    try {
      await workspace.#server.listen(options.port ?? 0, handlers);
    } catch (error) {
      workspace.#store?.close();
      throw error;
    }
    return workspace;
  }

  get pageUrl() {
    return new URL('/', this.apiUrl).href;
  }

  get apiUrl() {
    return `http://${this.#server.authority()}/api/`;
  }

  get token() {
    return this.bot.token;
  }

  get bot() {
    return this.bots[0];
  }

  get bots() {
    return this.#state.users.bots;
  }

  get team() {
    return this.#state.team;
  }

  get users() {
    return this.#state.users.all;
  }

  get channels() {
    return this.#state.channels.all;
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
    return new Person(this.#state.users.get(user), this.#state);
  }

  /** @param {ChannelRef} channel */
  channel(channel) {
    return this.#state.channels.get(channel);
  }

  /**
   * @param {UserRef} user
   * @param {UserRef} [bot]
   */
  im(user, bot = this.bot) {
    const { users, conversations } = this.#state;
    return conversations.directMessages(users.get(user), users.get(bot));
  }

  /** @param {ChannelRef} channel */
  messages(channel) {
    return this.#state.history.of(this.#state.channels.get(channel));
  }

  /**
   * @param {UserRef[]} users
   * @param {import('../index').Presence} presence
   */
  setPresence(users, presence) {
    this.#state.presence.set(users, presence);
  }

  /** @param {import('../index').MessageFilter} [filter] */
  nextMessage({ from, in: where, text, timeout } = {}) {
    const user = this.#optionalUser(from);
    const channelIds = where === undefined ? undefined : this.#channelIds(where);
    /** @param {Message} message */
    const matches = (message) =>
      (!user || message.user === user.id) &&
      (!channelIds || channelIds.has(message.channel)) &&
      (text === undefined || (typeof text === 'string' ? message.text === text : message.text.search(text) >= 0));
    const author = user ? ` from @${user.name}` : '';
    const place = channelIds ? ` in ${this.#channelName([...channelIds][0], where)}` : '';
    const content = text === undefined ? '' : ` with the text ${String(text)}`;
    return this.#messages.next(matches, `message${author}${place}${content}`, timeout);
  }

  /** @param {import('../index').EventFilter} [filter] */
  nextEvent({ type, subtype, from, in: where, timeout } = {}) {
    const user = this.#optionalUser(from);
    const channelIds = where === undefined ? undefined : this.#channelIds(where);
    /** @param {Record<string, any>} event */
    const matches = (event) =>
      (type === undefined || event.type === type) &&
      (subtype === undefined || event.subtype === subtype) &&
      (!user || (event.user ?? event.message?.user ?? event.previous_message?.user) === user.id) &&
      (!channelIds || channelIds.has(event.item?.channel ?? event.channel?.id ?? event.channel));
    const kind = [type, subtype].filter((part) => part !== undefined).join('::');
    const place = typeof where === 'string' ? ` in ${where}` : '';
    const wanted = `${kind ? `${kind} ` : ''}event${user ? ` of @${user.name}` : ''}${place}`;
    return this.#clientEvents.next(matches, wanted, timeout);
  }

  /** @param {import('../index').ConnectionFilter} [filter] */
  nextConnection({ bot, timeout } = {}) {
    const user = this.#optionalUser(bot);
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
    const user = this.#optionalUser(from);
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
    if (this.#targets(to).length === 0) throw new Error('cannot replay: no client is connected');
    return replay(frames, { ...options, send: (frame) => this.#send(frame, to), signal: this.#ended.signal });
  }

  close() {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end() {
    this.#ended.abort();
    this.faults.endFloods();
    for (const log of [this.#messages, this.#clientEvents, this.#connections, this.#requests, this.#received]) {
      log.close();
    }
    const closed = this.#server.close();
    this.#page.close();
    await this.#rtm.close();
    this.#server.destroyConnections();
    await closed;
    this.#store?.close();
  }

  /** Records what clients do. What the test and the page do is not recorded. */
  #record() {
    const { events } = this;
    const isClient = (/** @type {string} */ via) => via === 'rtm' || via === 'web';
    events.on('message', (message, { via }) => {
      if (isClient(via)) this.#messages.add(message);
    });
    events.on('event', (event, _audience, { via }) => {
      if (isClient(via)) this.#clientEvents.add(event);
    });
    events.on('connection', (connection) => this.#connections.add(connection));
    events.on('request', (request, size) => this.#requests.add(request, size));
    events.on('received', (frame) => this.#received.add(frame, frame.data.length));
  }

  /**
   * Creates the state in one transaction: a new data file gets the whole seed or nothing. If that fails, the file is closed.
   *
   * @param {() => State} create
   */
  #openState(create) {
    try {
      return this.#store ? this.#store.transaction(create) : create();
    } catch (error) {
      this.#store?.close();
      throw error;
    }
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
    const user = this.#state.users.get(/** @type {UserRef} */ (to));
    return open.filter((connection) => connection.bot === user);
  }

  /** @param {UserRef} [ref] */
  #optionalUser(ref) {
    return ref === undefined ? undefined : this.#state.users.get(ref);
  }

  /**
   * The ids of the channels that a filter's `in` matches: a channel, or with `@name` all direct messages of that user.
   *
   * @param {ChannelRef} ref
   */
  #channelIds(ref) {
    const { users, channels } = this.#state;
    if (typeof ref !== 'string' || !ref.startsWith('@')) return new Set([channels.get(ref).id]);
    const user = users.get(ref);
    const ims = channels.all.filter((channel) => channel.isIm && channel.members.has(user.id));
    return new Set(ims.map((channel) => channel.id));
  }

  /**
   * A channel's name for an error message.
   *
   * @param {string} channelId
   * @param {ChannelRef} [ref] the reference in the test's filter
   */
  #channelName(channelId, ref) {
    if (typeof ref === 'string') return ref;
    const channel = this.#state.channels.get({ id: channelId });
    return channel.isIm ? channel.id : `#${channel.name}`;
  }

  /** @param {Message} message */
  #describeMessage({ user, channel, text }) {
    return `@${this.#state.users.get({ id: user }).name} in ${this.#channelName(channel)}: ${quote(text)}`;
  }
}

/** @param {string} text */
function quote(text) {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text);
}

module.exports = { Workspace };
