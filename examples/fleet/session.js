// One workspace that this process has the lease of: its client, its events on their way to the stream, and the messages
// that consumers want sent. Owns the way through, in both directions; whether it may go on is the lease's.
'use strict';

const { ErrorCode, RTMClient } = require('slack-rtm-native');

/** What concerns the connection alone. */
const OWN = new Set(['hello', 'pong', 'reconnect_url', 'goodbye', 'error']);
/** So many events go to Redis at a time. */
const BATCH = 100;
/** The group that reads a workspace's commands. All owners read as one consumer: the next one finds what the last one left. */
const GROUP = 'owners';
const CONSUMER = 'owner';
/** So often a command is sent. Slack hangs up on a message above 16 kB: without an end, it would be said to it for ever. */
const TRIES = 3;

class Session {
  /** @type {{ self: string, type: string, event: string }[]} */
  #events = [];
  /** @type {Promise<void> | undefined} */
  #publishing;
  /** @type {Promise<void> | undefined} */
  #sending;
  #askedAgain = false;
  /** The command at hand, by its id: how often it was sent, and whether only Redis does not know yet that it is done. */
  #command = { id: '', tries: 0, isDone: false };
  /** @type {Promise<void> | undefined} */
  #stopping;

  /**
   * @param {object} parts
   * @param {any} parts.redis
   * @param {import('./leases').Leases} parts.leases
   * @param {import('./leases').Lease} parts.lease
   * @param {{ token: string, slackApiUrl?: string }} parts.workspace
   * @param {(text: string) => void} parts.log
   * @param {number} parts.keep about how many entries the stream of events keeps
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
      // With an error Slack has refused the token for good. The workspace stays here, so that not all processes try.
      if (error) log(`given up: ${error.message}`);
    });
    this.rtm.on('slack_event', (type, event) => this.#onEvent(type, event));
  }

  get isStopping() {
    return this.#stopping !== undefined;
  }

  start() {
    this.rtm.start().catch(() => {}); // `disconnected` tells why
    this.sendCommands();
  }

  /** Hangs up and gives the lease back. What has arrived is published; a message that is on its way gets its reply. */
  stop() {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The same, without a wait for anything: the lease is over. */
  hangUp() {
    this.rtm.disconnect();
    return this.stop();
  }

  async #stop() {
    const { rtm } = this;
    // Without a connection it would wait for the next one.
    const isCut = new Promise((resolve) =>
      ['reconnecting', 'disconnected'].forEach((event) => rtm.once(event, resolve)),
    );
    if (rtm.connected) await Promise.race([this.#sending, isCut]);
    await rtm.disconnect();
    await this.#publishing;
    // If Redis is away, the lease ends by itself.
    const left = await this.leases.release(this.lease).then(
      () => 'given back',
      () => 'left to end by itself: Redis is away',
    );
    this.log(`disconnected, lease ${left}`);
  }

  // ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param {string | undefined} type
   * @param {object} event
   */
  #onEvent(type, event) {
    if (type === undefined || OWN.has(type)) return;
    this.#events.push({ self: this.rtm.activeUserId ?? '', type, event: JSON.stringify(event) });
    this.#publishing ??= this.#publish().finally(() => (this.#publishing = undefined));
  }

  /** Publishes what waits, in order. While Redis is away it waits on, until it is hung up for it. */
  async #publish() {
    while (this.#events.length > 0) {
      if (this.isStopping && !this.leases.isHeld(this.lease)) {
        this.log(`${this.#events.length} events dropped: the lease is over`);
        this.#events = [];
        return;
      }
      const batch = this.#events.slice(0, BATCH);
      const isIn = await this.leases.append(this.lease, batch, this.keep).catch(() => false);
      if (isIn) this.#events.splice(0, batch.length);
      // The next sign of life tells whether the lease is still ours.
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  // ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sends what consumers have asked for since. */
  sendCommands() {
    this.#askedAgain = true;
    this.#sending ??= this.#send()
      .catch((error) => this.log(`commands wait: ${error.message}`))
      .finally(() => (this.#sending = undefined));
  }

  async #send() {
    const stream = this.leases.key('commands', this.lease.name);
    await this.redis.xGroupCreate(stream, GROUP, '0', { MKSTREAM: true }).catch((/** @type {Error} */ error) => {
      if (!error.message.includes('BUSYGROUP')) throw error;
    });
    while (this.#askedAgain) {
      this.#askedAgain = false;
      // First what was read and not acknowledged, by whomever.
      for (const from of ['0', '>']) {
        for (;;) {
          const answer = await this.redis.xReadGroup(GROUP, CONSUMER, { key: stream, id: from }, { COUNT: 10 });
          const entries = answer?.[0].messages ?? [];
          if (entries.length === 0) break;
          for (const entry of entries) if (!(await this.#sendOne(stream, entry))) return;
        }
      }
    }
  }

  /**
   * Sends a message and acknowledges the command. False: it stays, for later or for the next owner.
   * @param {string} stream
   * @param {{ id: string, message: Record<string, string> }} entry
   */
  async #sendOne(stream, { id, message: { channel, text } }) {
    if (this.isStopping || !this.leases.isHeld(this.lease)) return false;
    if (this.#command.id !== id) this.#command = { id, tries: 0, isDone: false };
    const command = this.#command;
    try {
      command.tries += 1;
      if (!command.isDone) await this.rtm.sendMessage(text, channel);
    } catch (error) {
      // Slack's no is final. Without a reply nobody knows: the message is sent again, perhaps twice.
      const isFinal = error.code === ErrorCode.SendMessagePlatformError || command.tries >= TRIES;
      this.log(`command ${id} ${isFinal ? 'given up' : 'waits'}: ${error.message}`);
      if (!isFinal) return false;
    }
    command.isDone = true;
    await this.redis.multi().xAck(stream, GROUP, id).xDel(stream, id).exec();
    return true;
  }
}

module.exports = { Session };
