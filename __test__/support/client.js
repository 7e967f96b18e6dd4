// The client under test: this package, or, with RTM_CLIENT=slack, `@slack/rtm-api` 7.0.1. The same tests run against both:
// `same` marks equal behaviour, `better` a deliberate difference.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { atEnd } = require('./cleanup.js');

const isSlackRtmApi = process.env.RTM_CLIENT === 'slack';
const { RTMClient, ErrorCode, LogLevel } = require(isSlackRtmApi ? 'slack-rtm-api-7.0.1' : '../..');

/** In ms, so that a test that hangs fails. */
const TIMEOUT = 20_000;

/**
 * A test of behaviour that is equal to `@slack/rtm-api`. It runs against both packages.
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => void | Promise<void>} fn
 */
function same(name, fn) {
  test(name, { timeout: TIMEOUT }, fn);
}

/**
 * A test of behaviour that is deliberately better than that of `@slack/rtm-api`. It runs against this package only.
 * @param {string} why what `@slack/rtm-api` does instead, shown as the reason for the skip
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => void | Promise<void>} fn
 */
function better(why, name, fn) {
  test(name, { timeout: TIMEOUT, skip: isSlackRtmApi && `@slack/rtm-api: ${why}` }, fn);
}

/** The lifecycle events and those of failures, roughly in the order of a session. */
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

/** A logger that records its lines. */
function recordingLogger() {
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
 * A client of a workspace. It prints no log, and disconnects when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {{ token: string, apiUrl: string }} slack
 * @param {Record<string, any>} [options]
 */
function clientOf(t, slack, options) {
  const rtm = new RTMClient(slack.token, {
    slackApiUrl: slack.apiUrl,
    logger: recordingLogger(),
    // `@slack/rtm-api` cannot be stopped while it retries a connect call.
    ...(isSlackRtmApi && { retryConfig: { retries: 0 } }),
    ...options,
  });
  atEnd(t, async () => {
    if (rtm.connected || !isSlackRtmApi) await rtm.disconnect();
  });
  return rtm;
}

/**
 * Resolves with the arguments of the next event of this name. `events.once` does not accept emitters of eventemitter3.
 * @param {InstanceType<typeof RTMClient>} rtm
 * @param {string} name
 * @returns {Promise<any[]>}
 */
function next(rtm, name) {
  return new Promise((resolve) => rtm.once(name, (...args) => resolve(args)));
}

/**
 * The error of a promise that must reject, also if the error is undefined.
 * @param {Promise<any>} promise
 * @returns {Promise<any>}
 */
function failureOf(promise) {
  return promise.then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );
}

module.exports = {
  ErrorCode,
  LIFECYCLE,
  LogLevel,
  RTMClient,
  better,
  clientOf,
  failureOf,
  isSlackRtmApi,
  recordingLogger,
  next,
  record,
  same,
};
