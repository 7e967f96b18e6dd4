// Connections to Redis.
'use strict';

const { createClient } = require('@redis/client');

/** A connection without data for this time, in ms, is closed. Longer than the blocking reads of consumers. */
const SILENCE_TIMEOUT = 7500;

/**
 * Connects to Redis, and reconnects when the connection is lost. Without a connection, commands fail immediately, because late
 * commands would be useless. Commands in flight fail after SILENCE_TIMEOUT without data: the machine may have disappeared.
 * @param {string} [url] `redis://…`, or the path of a Unix socket; default: REDIS_URL, then localhost
 */
async function connectRedis(url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379') {
  const redis = createClient({
    ...(url.startsWith('/') ? {} : { url }),
    disableOfflineQueue: true,
    pingInterval: SILENCE_TIMEOUT / 3,
    socket: {
      ...(url.startsWith('/') ? { path: url } : {}),
      connectTimeout: 2000,
      socketTimeout: SILENCE_TIMEOUT,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000),
    },
  });
  let isAway = false;
  redis.on('ready', () => {
    if (isAway) console.error('Redis is reachable again');
    isAway = false;
  });
  redis.on('error', (error) => {
    if (!isAway) console.error(`Redis is unreachable, retrying: ${error.message || error.code}`);
    isAway = true;
  });
  await redis.connect();
  return redis;
}

module.exports = { connectRedis };
