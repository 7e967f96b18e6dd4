// A consumer: reads the fleet's events from a Redis stream and replies to messages. The function `replyTo` is the bot.
//
//   REDIS_URL=redis://… node consumer.js
//
// CONSUMER_NAME   a name that no other consumer has; default: host name and process id
// CONSUMER_IDLE   after this time, in ms, other consumers take over an unacknowledged entry; default 30000
//
// Every event arrives at least once. It can arrive twice: if a consumer dies after its work and before the acknowledgement, or
// if the connection to Redis breaks just after an event was added. This consumer therefore writes its reply, the
// acknowledgement and a record of the message (channel and `ts`) in one transaction, so that it replies once. It moves an event
// that makes the bot throw to fleet:failed.
'use strict';

const { hostname } = require('node:os');
const { connectRedis } = require('./redis');

const STREAM = 'fleet:events';
/** The stream of events that made the bot throw, with the error. A retry would throw again and block later events. */
const FAILED = 'fleet:failed';
const GROUP = 'bots';
/** How long a second copy of an event is recognized, in seconds. */
const REMEMBER_SECONDS = 3600;

/**
 * Acknowledges an entry and queues the reply, in one transaction. Does nothing if another consumer has acknowledged the entry,
 * and queues no reply if a copy of the event already has one.
 */
const COMMIT = `
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 or not ARGV[3] then return 0 end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', ARGV[5]) then return 0 end
redis.call('XADD', KEYS[3], '*', 'channel', ARGV[3], 'text', ARGV[4])
redis.call('PUBLISH', 'fleet:news', ARGV[6])
return 1`;

/**
 * The bot: returns the reply to an event.
 * @param {{ self: string, type: string, event: Record<string, any> }} entry
 * @returns {{ channel: string, text: string } | undefined}
 */
function replyTo({ self, type, event }) {
  if (type !== 'message' || event.subtype !== undefined || event.user === self || !event.text) return undefined;
  return { channel: event.channel, text: `You said: ${event.text}` };
}

class Consumer {
  #isEnding = false;

  /**
   * @param {object} parts
   * @param {any} parts.redis
   * @param {string} [parts.name]
   * @param {number} [parts.idle]
   */
  constructor({ redis, name = `${hostname()}/${process.pid}`, idle = 30_000 }) {
    this.redis = redis;
    this.name = name;
    this.idle = idle;
  }

  async run() {
    this.reading = this.redis.duplicate(); // a blocking read blocks its connection, so it needs its own
    this.reading.on('error', () => {});
    await this.reading.connect().catch((/** @type {Error} */ error) => {
      if (!this.#isEnding) throw error;
    });
    let claimed = 0;
    while (!this.#isEnding) {
      try {
        await this.#makeGroup();
        if (Date.now() - claimed >= this.idle / 2) {
          await this.#claim();
          claimed = Date.now();
        }
        const streams = await this.reading.xReadGroup(
          GROUP,
          this.name,
          { key: STREAM, id: '>' },
          { COUNT: 50, BLOCK: Math.min(5000, this.idle / 2) },
        );
        for (const entry of streams?.[0].messages ?? []) await this.#handle(entry);
      } catch (error) {
        if (this.#isEnding) break;
        if (this.redis.isReady && this.reading.isReady) console.error(`${this.name}  retrying: ${error.message}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    this.redis.destroy();
  }

  /** Stops. Other consumers take over unacknowledged entries after CONSUMER_IDLE. */
  end() {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.reading.destroy();
  }

  async #makeGroup() {
    await this.redis.xGroupCreate(STREAM, GROUP, '0', { MKSTREAM: true }).catch((/** @type {Error} */ error) => {
      if (!error.message.includes('BUSYGROUP')) throw error;
    });
  }

  /** Takes over entries that other consumers have not acknowledged in time. */
  async #claim() {
    for (let start = '0-0'; ; ) {
      const { nextId, messages } = await this.redis.xAutoClaim(STREAM, GROUP, this.name, this.idle, start, {
        COUNT: 50,
      });
      for (const entry of messages) if (entry) await this.#handle(entry, true);
      if (nextId === '0-0') return;
      start = nextId;
    }
  }

  /**
   * @param {{ id: string, message: Record<string, string> }} entry
   * @param {boolean} [isClaimed] whether another consumer read it before
   */
  async #handle({ id, message }, isClaimed = false) {
    const { workspace, self, type } = message;
    let event;
    let reply;
    try {
      event = JSON.parse(message.event);
      reply = replyTo({ self, type, event });
    } catch (error) {
      console.error(`${this.name}  ${workspace}: moved event ${id} to ${FAILED}: ${error.message}`);
      const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 10_000 } };
      await this.redis
        .multi()
        .xAdd(FAILED, '*', { ...message, error: error.message }, trim)
        .xAck(STREAM, GROUP, id)
        .exec();
      return;
    }
    const isQueued = await this.redis.eval(COMMIT, {
      keys: [STREAM, `fleet:seen:${workspace}:${event.channel}:${event.ts}`, `fleet:commands:${workspace}`],
      arguments: [GROUP, id, ...(reply ? [reply.channel, reply.text, String(REMEMBER_SECONDS), workspace] : [])],
    });
    if (!isQueued) return;
    console.log(
      `${this.name}  ${workspace}: answers "${event.text}"${isClaimed ? ' (taken over from another consumer)' : ''}`,
    );
  }
}

async function main() {
  const { CONSUMER_NAME, CONSUMER_IDLE } = process.env;
  const consumer = new Consumer({
    redis: await connectRedis(),
    name: CONSUMER_NAME,
    idle: CONSUMER_IDLE === undefined ? undefined : Number(CONSUMER_IDLE),
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => consumer.end());
  await consumer.run();
}

main().catch((error) => {
  console.error(`the consumer failed: ${error.message}`);
  process.exit(1);
});
