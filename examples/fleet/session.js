// One workspace whose lease this process holds: publishes its events to the stream, and sends the messages that consumers
// request.
'use strict';

const { ErrorCode, RTMClient } = require('slack-rtm-native');

/** Event types that concern only the connection. They are not published. */
const CONNECTION_EVENTS = new Set(['hello', 'pong', 'reconnect_url', 'goodbye', 'error']);
/** Number of events that are published at once. */
const BATCH = 100;
/** The consumer group of a workspace's commands. All owners use the same consumer name, so that the next owner continues. */
const GROUP = 'owners';
const CONSUMER = 'owner';
/** Attempts to send a command. Slack closes the connection on a message above 16 kB, so it needs a limit. */
const MAX_ATTEMPTS = 3;

class Session {
  /** @type {{ self: string, type: string, event: string }[]} */
  #events = [];
  /** @type {Promise<void> | undefined} */
  #publishing;
  /** @type {Promise<void> | undefined} */
  #sending;
  #hasNewCommands = false;
  /** The current command. `isDone`: it was sent, but the acknowledgement in Redis is missing. */
  #command = { id: '', attempts: 0, isDone: false };
  /** @type {Promise<void> | undefined} */
  #stopping;

  /**
   * @param {object} parts
   * @param {any} parts.redis
   * @param {import('./leases').Leases} parts.leases
   * @param {import('./leases').Lease} parts.lease
   * @param {{ token: string, slackApiUrl?: string }} parts.workspace
   * @param {(text: string) => void} parts.log
   * @param {number} parts.keep approximate number of entries that the stream of events keeps
   */
  constructor({ redis, leases, lease, workspace, log, keep }) {
    this.lease = lease;
    this.redis = redis;
    this.leases = leases;
    this.log = log;
    this.keep = keep;
    this.rtm = new RTMClient(workspace.token, {
      slackApiUrl: workspace.slackApiUrl,
      logLevel: 'error',
      replyTimeout: 5000,
      retryConfig: { forever: true, maxTimeout: 60_000, randomize: true },
    });
    this.rtm.on('ready', () => log(`connected, token ${lease.token}`));
    this.rtm.on('reconnecting', () => log('connection lost, reconnecting'));
    this.rtm.on('disconnected', (error) => {
      // With an error, Slack has refused the token. This process keeps the lease, so that the others do not try, too.
      if (error) log(`given up: ${error.message}`);
    });
    this.rtm.on('slack_event', (type, event) => this.#onEvent(type, event));
  }

  get isStopping() {
    return this.#stopping !== undefined;
  }

  start() {
    this.rtm.start().catch(() => {}); // the `disconnected` listener logs the error
    this.sendCommands();
  }

  /** Disconnects and gives the lease back, after it has published all received events and received the reply in flight. */
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Disconnects without waiting, because the lease has expired. */
  stopNow() {
    this.rtm.disconnect();
    return this.stop();
  }

  async #stop() {
    const { rtm } = this;
    // If the connection is lost, no reply arrives until the next connection.
    const connectionLost = new Promise((resolve) =>
      ['reconnecting', 'disconnected'].forEach((event) => rtm.once(event, resolve)),
    );
    if (rtm.connected) await Promise.race([this.#sending, connectionLost]);
    await rtm.disconnect();
    await this.#publishing;
    // If Redis is unreachable, the lease expires.
    const result = await this.leases.release(this.lease).then(
      () => 'given back',
      () => 'not given back, it will expire: Redis is unreachable',
    );
    this.log(`disconnected, lease ${result}`);
  }

  // ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {string | undefined} type
   * @param {object} event
   */
  #onEvent(type, event) {
    if (type === undefined || CONNECTION_EVENTS.has(type)) return;
    this.#events.push({ self: this.rtm.activeUserId ?? '', type, event: JSON.stringify(event) });
    this.#publishing ??= this.#publish().finally(() => (this.#publishing = undefined));
  }

  /** Publishes the waiting events in order. Retries while Redis is unreachable, until the lease expires. */
  async #publish() {
    while (this.#events.length > 0) {
      if (this.isStopping && !this.leases.isHeld(this.lease)) {
        this.log(`${this.#events.length} events dropped: the lease has expired`);
        this.#events = [];
        return;
      }
      const batch = this.#events.slice(0, BATCH);
      const isPublished = await this.leases.append(this.lease, batch, this.keep).catch(() => false);
      if (isPublished) this.#events.splice(0, batch.length);
      // The next heartbeat finds out whether this process still holds the lease.
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  // ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends the commands that have arrived. */
  sendCommands() {
    this.#hasNewCommands = true;
    this.#sending ??= this.#send()
      .catch((error) => this.log(`commands wait: ${error.message}`))
      .finally(() => (this.#sending = undefined));
  }

  async #send() {
    const stream = this.leases.key('commands', this.lease.name);
    await this.redis.xGroupCreate(stream, GROUP, '0', { MKSTREAM: true }).catch((/** @type {Error} */ error) => {
      if (!error.message.includes('BUSYGROUP')) throw error;
    });
    while (this.#hasNewCommands) {
      this.#hasNewCommands = false;
      // '0': commands that an owner has read but not acknowledged. '>': new commands.
      for (const from of ['0', '>']) {
        for (;;) {
          const streams = await this.redis.xReadGroup(GROUP, CONSUMER, { key: stream, id: from }, { COUNT: 10 });
          const entries = streams?.[0].messages ?? [];
          if (entries.length === 0) break;
          for (const entry of entries) if (!(await this.#sendOne(stream, entry))) return;
        }
      }
    }
  }

  /**
   * Sends a message and acknowledges the command. Returns false if the command stays, for later or for the next owner.
   * @param {string} stream
   * @param {{ id: string, message: Record<string, string> }} entry
   */
  async #sendOne(stream, { id, message: { channel, text } }) {
    if (this.isStopping || !this.leases.isHeld(this.lease)) return false;
    if (this.#command.id !== id) this.#command = { id, attempts: 0, isDone: false };
    const command = this.#command;
    try {
      command.attempts += 1;
      if (!command.isDone) await this.rtm.sendMessage(text, channel);
    } catch (error) {
      // A refusal by Slack is final. Without a reply, it is unknown whether Slack has the message: it is sent again.
      const isFinal = error.code === ErrorCode.SendMessagePlatformError || command.attempts >= MAX_ATTEMPTS;
      this.log(`command ${id} ${isFinal ? 'given up' : 'waits'}: ${error.message}`);
      if (!isFinal) return false;
    }
    command.isDone = true;
    await this.redis.multi().xAck(stream, GROUP, id).xDel(stream, id).exec();
    return true;
  }
}

module.exports = { Session };
