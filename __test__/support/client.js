// The client under test: this package, or, with RTM_CLIENT=peer, @slack/rtm-api 7.0.1, so that the same tests run
// against both. Owns that choice, and the marks of the differences that are meant.
'use strict';

const test = require('node:test');
const { atEnd } = require('./cleanup.js');

const isPeer = process.env.RTM_CLIENT === 'peer';
const { RTMClient, ErrorCode, LogLevel } = require(isPeer ? 'rtm-api-peer' : '../..');

/** A test that hangs says so by failing. */
const TIMEOUT = 20_000;

/**
 * A test of what both clients do.
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => void | Promise<void>} fn
 */
function same(name, fn) {
  test(name, { timeout: TIMEOUT }, fn);
}

/**
 * A test of what the peer does not do, or not well.
 * @param {string} why where the peer falls short, in the words of the contract
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => void | Promise<void>} fn
 */
function better(why, name, fn) {
  test(name, { timeout: TIMEOUT, skip: isPeer && `the peer: ${why}` }, fn);
}

/** Lifecycle events and what tells of trouble, in the order of a life. */
const LIFECYCLE = [
  'connecting',
  'authenticated',
  'connected',
  'ready',
  'disconnecting',
  'disconnected',
  'reconnecting',
  'unable_to_rtm_start',
  'error',
];

/**
 * Records the lifecycle events of a client, with their arguments.
 * @param {InstanceType<typeof RTMClient>} rtm
 */
function record(rtm) {
  const events = [];
  for (const name of LIFECYCLE) rtm.on(name, (...args) => events.push({ name, args }));
  return {
    events,
    get names() {
      return events.map(({ name }) => name);
    },
  };
}

/** A logger that keeps its lines. */
function keepingLogger() {
  const lines = [];
  const write =
    (level) =>
    (...parts) =>
      lines.push({ level, text: parts.join(' ') });
  return {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setLevel(level) {
      this.level = level;
    },
    getLevel() {
      return this.level;
    },
    setName(name) {
      this.name = name;
    },
  };
}

/**
 * A client of a workspace that is quiet, and disconnected when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {{ token: string, apiUrl: string }} slack
 * @param {Record<string, any>} [options]
 */
function clientOf(t, slack, options) {
  const rtm = new RTMClient(slack.token, {
    slackApiUrl: slack.apiUrl,
    logger: keepingLogger(),
    // The peer cannot be stopped while it repeats a connect call.
    ...(isPeer && { retryConfig: { retries: 0 } }),
    ...options,
  });
  atEnd(t, async () => {
    if (rtm.connected || !isPeer) await rtm.disconnect();
  });
  return rtm;
}

/**
 * The next event of this name: its arguments. For emitters of eventemitter3, which `events.once` does not take.
 * @param {InstanceType<typeof RTMClient>} rtm
 * @param {string} name
 * @returns {Promise<any[]>}
 */
function next(rtm, name) {
  return new Promise((resolve) => rtm.once(name, (...args) => resolve(args)));
}

module.exports = {
  ErrorCode,
  LIFECYCLE,
  LogLevel,
  RTMClient,
  better,
  clientOf,
  isPeer,
  keepingLogger,
  next,
  record,
  same,
};
