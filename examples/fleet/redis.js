// Connections to Redis. Owns how they are made and made again.
'use strict';

const { createClient } = require('@redis/client');

/** So long, in ms, a connection may say nothing. Longer than consumers wait for entries. */
const SILENCE = 7500;

/**
 * A client of Redis that is connected, and reconnects. While it is not, commands fail at once: what is late is of no use.
 * Those that are under way fail when nothing has come for SILENCE: the machine may be gone without a word.
 * @param {string} [url] `redis://…`, or the path of a socket; default: REDIS_URL, then localhost
 */
async function connectRedis(url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379') {
  const redis = createClient({
    ...(url.startsWith('/') ? {} : { url }),
    disableOfflineQueue: true,
    pingInterval: SILENCE / 3,
    socket: {
      ...(url.startsWith('/') ? { path: url } : {}),
      connectTimeout: 2000,
      socketTimeout: SILENCE,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000),
    },
  });
  let isAway = false;
  redis.on('ready', () => {
    if (isAway) console.error('Redis is back');
    isAway = false;
  });
  redis.on('error', (error) => {
    if (!isAway) console.error(`Redis is away, trying again: ${error.message || error.code}`);
    isAway = true;
  });
  await redis.connect();
  return redis;
}

module.exports = { connectRedis };
