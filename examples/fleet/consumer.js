// A consumer of the fleet's events: answers those who greet. Owns reading with acknowledgement, also of what a dead consumer
// has left; what is done about an event is `answer`'s.
//
//   REDIS_URL=redis://… node consumer.js
//
// CONSUMER_NAME   unlike that of any other; default: the machine's name and the process' id
// CONSUMER_IDLE   an entry that nobody has acknowledged for so many ms is another's; default 30000
//
// Every event comes at least once. It may come twice: when a consumer dies between doing its work and saying so, or when the
// connection to Redis breaks just after an event was added. Here, what follows from an event is written together with the
// acknowledgement, and remembered by what the event is about (its channel and `ts`), so it happens once. An event that the bot
// fails at is put aside in fleet:failed.
'use strict';

const { hostname } = require('node:os');
const { connectRedis } = require('./redis');

const STREAM = 'fleet:events';
/** What the bot has failed at, with the reason: for people to look at. It would fail again, and hold up what comes after. */
const FAILED = 'fleet:failed';
const GROUP = 'bots';
/** For so long a second copy of an event is known as such, in s. */
const REMEMBERED = 3600;

/**
 * Acknowledges an entry, and says what follows from it: all or nothing, so that neither gets lost, nor is done twice. Not if
 * another consumer has acknowledged it by now, nor if a copy of the event was answered before.
 */
const COMMIT = `
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 or not ARGV[3] then return 0 end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', ARGV[5]) then return 0 end
redis.call('XADD', KEYS[3], '*', 'channel', ARGV[3], 'text', ARGV[4])
redis.call('PUBLISH', 'fleet:news', ARGV[6])
return 1`;

/**
 * What is to be said about an event. This is the bot.
 * @param {{ self: string, type: string, event: Record<string, any> }} entry
 * @returns {{ channel: string, text: string } | undefined}
 */
function answer({ self, type, event }) {
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
    this.reading = this.redis.duplicate(); // it waits for entries, and holds up all else on its connection
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
        const answers = await this.reading.xReadGroup(
          GROUP,
          this.name,
          { key: STREAM, id: '>' },
          { COUNT: 50, BLOCK: Math.min(5000, this.idle / 2) },
        );
        for (const entry of answers?.[0].messages ?? []) await this.#handle(entry);
      } catch (error) {
        if (this.#isEnding) break;
        if (this.redis.isReady && this.reading.isReady) console.error(`${this.name}  trying again: ${error.message}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    this.redis.destroy();
  }

  /** What it has not acknowledged is another's in a while. */
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

  /** Takes what others have read and not acknowledged for long. */
  async #claim() {
    for (let start = '0-0'; ; ) {
      const { nextId, messages } = await this.redis.xAutoClaim(STREAM, GROUP, this.name, this.idle, start, {
        COUNT: 50,
      });
      for (const entry of messages) if (entry) await this.#handle(entry, 'again');
      if (nextId === '0-0') return;
      start = nextId;
    }
  }

  /**
   * @param {{ id: string, message: Record<string, string> }} entry
   * @param {string} [how]
   */
  async #handle({ id, message }, how = 'first') {
    const { workspace, self, type } = message;
    let event;
    let reply;
    try {
      event = JSON.parse(message.event);
      reply = answer({ self, type, event });
    } catch (error) {
      console.error(`${this.name}  ${workspace}: failed at ${id}, which is put aside: ${error.message}`);
      const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 10_000 } };
      await this.redis
        .multi()
        .xAdd(FAILED, '*', { ...message, error: error.message }, trim)
        .xAck(STREAM, GROUP, id)
        .exec();
      return;
    }
    const isAnswered = await this.redis.eval(COMMIT, {
      keys: [STREAM, `fleet:seen:${workspace}:${event.channel}:${event.ts}`, `fleet:commands:${workspace}`],
      arguments: [GROUP, id, ...(reply ? [reply.channel, reply.text, String(REMEMBERED), workspace] : [])],
    });
    if (!isAnswered) return;
    console.log(
      `${this.name}  ${workspace}: answers "${event.text}"${how === 'again' ? ', which another consumer had left' : ''}`,
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
  console.error(`the consumer ended: ${error.message}`);
  process.exit(1);
});
