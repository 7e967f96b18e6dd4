// The state of the workspace: everything that Slack would keep in its database.
'use strict';

const { Channels } = require('./channels');
const { Conversations } = require('./conversations');
const { EventBus } = require('./event-bus');
const { History } = require('./history');
const { Ids } = require('./ids');
const { Messages } = require('./messages');
const { Presence } = require('./presence');
const { Reactions } = require('./reactions');
const { botShape, userShape } = require('./shapes');
const { Timestamps, nowInSeconds } = require('./timestamps');
const { Users } = require('./users');

/**
 * @typedef {import('../../index').StartOptions} StartOptions
 * @typedef {import('../../index').Team} Team
 * @typedef {import('../store').Entry} Entry
 * @typedef {import('../store').EntryStore} EntryStore
 */

/** @type {EntryStore} for a workspace without a data file */
const NO_STORE = { load: () => [], put() {}, delete() {} };
/** The id of the `meta` entry that is stored after the last entry of the seed. Without it the seed is incomplete. */
const SEED_COMPLETE = 'begun';

/**
 * Holds the parts of the state by name. Every change goes through one of them: it is stored first, then made in memory, then
 * published as Slack's event.
 *
 * The state does not know of sockets and HTTP. The RTM server, the Web API and the page use it.
 */
class State {
  /** @type {Team} */
  team;
  /** @type {Users} */
  users;
  /** @type {Channels} */
  channels;
  history;
  messages;
  reactions;
  conversations;
  presence;
  timestamps = new Timestamps();
  #store;
  #bus;

  /**
   * @param {Pick<StartOptions, 'team' | 'bots' | 'users' | 'channels'>} seed used if the store is empty
   * @param {object} parts
   * @param {import('node:events').EventEmitter} parts.events
   * @param {EntryStore} [parts.store]
   */
  constructor(seed, { events, store = NO_STORE }) {
    if (seed.bots?.length === 0) throw new RangeError('bots must name at least one bot');
    const stored = loadComplete(store);
    const [team = seededTeam(seed.team)] = stored.filter(({ kind }) => kind === 'team').map(({ value }) => value);
    const { timestamps } = this;
    const ids = new Ids(store, (id) => this.users.has(id) || this.channels.has(id));
    const bus = new EventBus(events);
    const users = new Users({ team, store, bus, ids, timestamps });
    const channels = new Channels({ users, store, ids });
    const history = new History(store);
    const messages = new Messages({ team, users, channels, history, timestamps, bus });
    this.team = team;
    this.users = users;
    this.channels = channels;
    this.history = history;
    this.messages = messages;
    this.reactions = new Reactions({ channels, history, timestamps, bus });
    this.conversations = new Conversations({ team, users, channels, messages, timestamps, bus });
    this.presence = new Presence({ users, timestamps, bus });
    this.#store = store;
    this.#bus = bus;
    if (stored.length > 0) this.#restore(stored, ids);
    else this.#seed(seed);
  }

  /** @param {string | import('../../index').BotSeed} seed */
  addBot(seed) {
    const bot = this.users.addBot(seed);
    const cacheTs = nowInSeconds();
    const joined = { type: 'team_join', user: userShape(bot, this.team), cache_ts: cacheTs };
    this.#bus.publish({ ...joined, event_ts: this.timestamps.next() }, {}, { via: 'test' });
    const added = { type: 'bot_added', bot: botShape(bot), cache_ts: cacheTs };
    this.#bus.publish({ ...added, event_ts: this.timestamps.next() }, {}, { via: 'test' });
    this.conversations.welcome(bot);
    return bot;
  }

  /** @param {Pick<StartOptions, 'bots' | 'users' | 'channels'>} seed */
  #seed({ bots = ['robot'], users = ['ann', 'bob', 'carol'], channels = ['general', 'random'] }) {
    this.#store.put('team', this.team.id, this.team);
    for (const user of users) this.users.add(user);
    for (const bot of bots) this.addBot(bot);
    for (const channel of channels) this.channels.addSeeded(channel);
    this.#store.put('meta', SEED_COMPLETE, { at: nowInSeconds() });
  }

  /**
   * @param {Entry[]} entries
   * @param {Ids} ids
   */
  #restore(entries, ids) {
    const ofKind = (/** @type {string} */ kind) => entries.filter((entry) => entry.kind === kind);
    for (const { value } of [...ofKind('user'), ...ofKind('bot')]) this.users.restore(value);
    for (const { value } of ofKind('channel')) this.channels.restore(value);
    const messages = ofKind('message').map(({ value }) => value);
    this.history.restore(messages);
    for (const { ts } of messages) this.timestamps.advancePast(ts);
    for (const { value } of ofKind('meta').filter(({ id }) => id === 'counters')) ids.restore(value);
  }
}

/**
 * The stored entries; none if there are none, or if the process that stored the seed was killed before the last entry.
 *
 * @param {EntryStore} store
 * @returns {Entry[]}
 */
function loadComplete(store) {
  const entries = [...store.load()];
  if (entries.some(({ kind, id }) => kind === 'meta' && id === SEED_COMPLETE)) return entries;
  for (const { kind, id } of entries) store.delete(kind, id);
  return [];
}

/**
 * @param {StartOptions['team']} team
 * @returns {Team}
 */
function seededTeam(team) {
  return {
    id: team?.id ?? 'T0000000001',
    name: team?.name ?? 'Local Workspace',
    domain: team?.domain ?? 'local-workspace',
  };
}

module.exports = { State };
