// The fleet of examples/fleet for a test: workspaces, a Redis, and processes. It records the connections of the workspaces and
// the published events. All of it ends with the test.
//
//   const fleet = await startFleet(t, { size: 10, ttl: 3000 });
//   const worker = fleet.worker('one');
//   await worker.says(/connected/, 10);       // waits for 10 matching lines that no earlier call has waited for
//   await fleet.published(['text', …]);       // waits until these messages are in the stream
//   fleet.mostConnections();                  // the largest number of connections that a workspace had at once
'use strict';

const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { connect, createServer } = require('node:net');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { Workspace } = require('slack-rtm-workspace');
const { RedisServer, missing } = require('../../../scripts/examples/redis-server.js');
const { atEnd } = require('../../support/cleanup.js');

const FOLDER = path.join(__dirname, '../../../examples/fleet');
/** In ms. */
const TIMEOUT = 30_000;

/** A process of the fleet. */
class Process {
  /** @type {string[]} */
  lines = [];
  #waiting = new Set();
  #unread = [];

  constructor(t, file, env) {
    const { NODE_TEST_CONTEXT, ...inherited } = process.env;
    this.child = spawn(process.execPath, [path.join(FOLDER, file)], { env: { ...inherited, ...env } });
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        this.lines.push(...lines);
        this.#unread.push(...lines);
        for (const check of this.#waiting) check();
      });
    }
    this.exited.then(() => this.#waiting.forEach((check) => check()));
    atEnd(t, async () => {
      this.child.kill('SIGCONT');
      this.child.kill('SIGKILL');
      await this.exited;
    });
  }

  get isGone() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits for matching lines that no earlier call has waited for. */
  async says(pattern, count = 1, timeout = TIMEOUT) {
    const found = [];
    await new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle(value);
      };
      const fail = (why) => {
        const all = this.lines.join('\n');
        end(reject, new Error(`${why}: ${found.length} of ${count} lines that match ${pattern} in\n${all}`));
      };
      const check = () => {
        while (found.length < count) {
          const index = this.#unread.findIndex((line) => pattern.test(line));
          if (index < 0) break;
          found.push(...this.#unread.splice(index, 1));
        }
        if (found.length === count) end(resolve);
        else if (this.isGone) fail('the process has ended');
      };
      const timer = setTimeout(() => fail(`nothing more in ${timeout} ms`), timeout);
      this.#waiting.add(check);
      check();
    });
    return found;
  }

  kill(signal) {
    this.child.kill(signal);
  }
}

/** A fleet, and what the test records of it. */
class Fleet {
  /** @type {Map<string, Workspace>} */
  slacks = new Map();
  /** The entries of the stream, in order. */
  entries = [];
  #most = new Map();
  #changes = new EventEmitter();
  #last = '0';

  constructor(t, { ttl }) {
    this.t = t;
    this.ttl = ttl;
    this.server = new RedisServer();
    this.folder = mkdtempSync(path.join(tmpdir(), 'rtm-fleet-'));
    this.file = path.join(this.folder, 'workspaces.json');
  }

  async start({ size, keep, settled }) {
    atEnd(this.t, () => rmSync(this.folder, { recursive: true }));
    atEnd(this.t, () => this.server.close());
    await this.server.start({ keep });
    for (let n = 1; n <= size; n += 1) await this.#addWorkspace(`acme-${String(n).padStart(2, '0')}`);
    const workspaces = [...this.slacks].map(([name, { token, apiUrl }]) => ({ name, token, slackApiUrl: apiUrl }));
    writeFileSync(this.file, JSON.stringify(workspaces));
    this.redis = await this.connect();
    this.reading = await this.connect();
    this.leases = this.newLeases('test');
    if (settled) await this.leases.begin();
    return this;
  }

  async #addWorkspace(name) {
    const slack = await Workspace.start({ team: { name, domain: name } });
    atEnd(this.t, () => slack.close());
    this.slacks.set(name, slack);
    this.#most.set(name, 0);
    slack.events.on('connection', () => {
      this.#changes.emit('connection');
      this.#most.set(name, Math.max(this.#most.get(name), slack.connections.length));
    });
  }

  get names() {
    return [...this.slacks.keys()];
  }

  async connect() {
    const { connectRedis } = require(path.join(FOLDER, 'redis.js'));
    const redis = await connectRedis(this.server.url);
    redis.removeAllListeners('error').on('error', () => {}); // tests end Redis on purpose
    atEnd(this.t, () => redis.destroy());
    return redis;
  }

  newLeases(owner, options) {
    const { Leases } = require(path.join(FOLDER, 'leases.js'));
    const leases = new Leases(this.redis, { owner, ttl: this.ttl, ...options });
    atEnd(this.t, () => leases.close());
    return leases;
  }

  worker(name, url = this.server.url) {
    const ttl = this.ttl === undefined ? {} : { FLEET_TTL: String(this.ttl) };
    return new Process(this.t, 'fleet.js', { REDIS_URL: url, FLEET_WORKSPACES: this.file, FLEET_NAME: name, ...ttl });
  }

  /** A relay to the same Redis that delays each response by this time. Resolves with its URL. */
  async slowly(ms) {
    const url = path.join(this.folder, `slow-${ms}`);
    const proxy = createServer((socket) => {
      const redis = connect(this.server.url);
      socket.pipe(redis);
      redis.on('data', (data) => setTimeout(() => socket.write(data), ms));
      for (const [end, other] of [
        [socket, redis],
        [redis, socket],
      ])
        end.on('error', () => {}).on('close', () => other.destroy());
    });
    await once(proxy.listen(url), 'listening');
    atEnd(this.t, () => proxy.close());
    return url;
  }

  consumer(name, idle) {
    return new Process(this.t, 'consumer.js', {
      REDIS_URL: this.server.url,
      CONSUMER_NAME: name,
      CONSUMER_IDLE: String(idle),
    });
  }

  /** Starts two processes, which get half of the workspaces each. */
  async pair() {
    const one = this.worker('one');
    await one.says(/: connected, token/, this.slacks.size);
    const other = this.worker('other');
    await other.says(/: connected, token/, this.slacks.size / 2);
    await this.balanced();
    return [one, other];
  }

  /** Waits until both processes have half of the workspaces, and all workspaces are connected. */
  async balanced() {
    const half = this.slacks.size / 2;
    for (;;) {
      const change = once(this.#changes, 'connection');
      const held = await Promise.all(['one', 'other'].map((name) => this.heldBy(name)));
      const areConnected = [...this.slacks.values()].every(({ connections }) => connections.length === 1);
      if (areConnected && held.every(({ length }) => length === half)) return;
      await change;
    }
  }

  /** The names of the workspaces whose lease a process has. */
  async heldBy(name) {
    const holders = await this.leases.holders(this.names);
    return holders.filter(({ owner }) => owner?.startsWith(`${name}/`)).map(({ name: workspace }) => workspace);
  }

  /** Waits until every workspace is connected. */
  async connected() {
    while ([...this.slacks.values()].some(({ connections }) => connections.length === 0))
      await once(this.#changes, 'connection');
  }

  mostConnections() {
    return Math.max(...this.#most.values());
  }

  /** Posts a message in every workspace (or in those named). Returns the texts. */
  say(what, names = this.names) {
    return names.map((name) => {
      const text = `${what} in ${name}`;
      this.slacks.get(name).user('ann').say('#general', text);
      return text;
    });
  }

  /** Waits until messages with these texts are in the stream. */
  async published(texts) {
    const missing = new Set(texts);
    const note = (entry) => missing.delete(JSON.parse(entry.message.event).text);
    this.entries.forEach(note);
    const end = Date.now() + TIMEOUT;
    while (missing.size > 0) {
      if (Date.now() > end) throw new Error(`not published in ${TIMEOUT} ms: ${[...missing].join(', ')}`);
      if (!this.reading.isReady) await once(this.reading, 'ready');
      const response = await this.reading.xRead({ key: 'fleet:events', id: this.#last }, { BLOCK: 1000, COUNT: 1000 });
      for (const entry of response?.[0].messages ?? []) {
        this.#last = entry.id;
        this.entries.push(entry);
        note(entry);
      }
    }
  }

  /** The messages of the stream, as [text, token]. */
  messages() {
    return this.entries
      .filter(({ message }) => message.type === 'message')
      .map(({ message }) => [JSON.parse(message.event).text, Number(message.token)]);
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {object} [options]
 * @param {number} [options.size] the number of workspaces
 * @param {number} [options.ttl] of leases, in ms; default: that of the fleet
 * @param {boolean} [options.keep] whether Redis keeps its data when it is killed
 * @param {boolean} [options.settled] whether Redis counts as running for a long time already
 */
function startFleet(t, { size = 10, ttl, keep = false, settled = true } = {}) {
  return new Fleet(t, { ttl }).start({ size, keep, settled });
}

module.exports = { missing, startFleet };
