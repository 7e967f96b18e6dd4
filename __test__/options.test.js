// The constructor's arguments: accepted, ignored and refused values, and the error of a refused one.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { describe } = require('node:test');
const {
  ErrorCode,
  LogLevel,
  RTMClient,
  better,
  clientOf,
  recordingLogger,
  next,
  same,
} = require('./support/client.js');
const { startWorkspace } = require('./support/workspace.js');

const TOKEN = 'xoxb-secret-1';
const UNCHECKED = 'it only checks the two keepalive options';

const quiet = (options) => new RTMClient(TOKEN, { logger: recordingLogger(), ...options });

const TIMES = [
  'clientPingTimeout',
  'serverPongTimeout',
  'replyAckOnReconnectTimeout',
  'requestTimeout',
  'connectTimeout',
  'replyTimeout',
];
const RETRY_NUMBERS = ['retries', 'factor', 'minTimeout', 'maxTimeout', 'maxRetryTime'];

/** Accepted values of each option. */
const GOOD = {
  slackApiUrl: ['http://127.0.0.1:1/api/', 'https://slack.example/api', 'https://slack.example:8443/a/', 'HTTP://x.y/'],
  logger: [recordingLogger(), { ...recordingLogger(), getLevel: undefined }],
  logLevel: [...Object.values(LogLevel), 'debug', 'error'],
  retryConfig: [
    null,
    {},
    { retries: 0 },
    { retries: 3, factor: 1.5, minTimeout: 1, maxTimeout: 2, randomize: true },
    { forever: true, maxRetryTime: 1000 },
    { retries: undefined, other: 1 },
  ],
  autoReconnect: [true, false],
  useRtmConnect: [true, false],
  clientPingTimeout: [4001, 60_000, 4000.5],
  serverPongTimeout: [1, 0, 5999],
  replyAckOnReconnectTimeout: [0, 1, 60_000],
  agent: [null, false, new http.Agent()],
  webClient: [null, { apiCall: async () => ({}) }],
  tls: [null, {}, { other: 1 }, { ca: undefined, key: undefined, cert: undefined, pfx: undefined }],
  unknown: [1, null, { of: 'any shape' }],
  rejectRateLimitedCalls: [true],
  dataStore: [false],
  dispatch: ['x'],
  // `@slack/rtm-api` ignores the following as unknown options.
  proxy: [null, 'http://127.0.0.1:1', 'socks5://user:pass@x.y', new URL('https://x.y:1')],
  headers: [null, {}, { Cookie: 'd=1' }, { 'X-Number': 5, 'X-List': ['a', 'b'], 'X-None': undefined }],
  requestTimeout: [0, 1, 30_000],
  connectTimeout: [0, 1, 30_000],
  replyTimeout: [0, 1],
  maxPendingReplies: [1, 1000, Infinity],
  maxFrameBytes: [1, 1e6, 500_000_000],
};

/** The value as an error message shows it. */
function shown(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Invalid values of an option. */
const bad = (option, kind, ...values) => values.map((value) => [option, value, kind, shown(value)]);

/** Refused values: `[option, value, error class, part of the message, name in the message]`. */
const BAD = [
  ...bad('slackApiUrl', TypeError, '', 'x', '/api/', 'slack.com/api', 'http://', 'ftp://x.y/', 'wss://x.y/'),
  ...bad('slackApiUrl', TypeError, 5, null, {}, true),
  ...bad('logLevel', RangeError, 'loud', '', 'INFORMATION', 1, null),
  ...TIMES.flatMap((option) => bad(option, RangeError, -1)),
  ...TIMES.flatMap((option) => bad(option, TypeError, NaN, '5', null, true)),
  ...bad('maxPendingReplies', RangeError, 0),
  ...bad('maxPendingReplies', TypeError, 'many'),
  ...bad('maxFrameBytes', RangeError, 0, -1, 500_000_001, Infinity),
  ...bad('maxFrameBytes', TypeError, 'many', NaN, null),
  ...bad('retryConfig', TypeError, 5, 'x'),
  ...RETRY_NUMBERS.flatMap((key) => [
    ['retryConfig', { [key]: -1 }, RangeError, '-1', `retryConfig.${key}`],
    ['retryConfig', { [key]: 'x' }, TypeError, '"x"', `retryConfig.${key}`],
  ]),
  ['retryConfig', { minTimeout: 20, maxTimeout: 10 }, RangeError, '20', 'retryConfig.minTimeout'],
  ...bad('headers', TypeError, 5, 'x'),
  ['headers', { 'no name': 'x' }, TypeError, 'no name'],
  ['headers', { 'X-One': 'a\r\nX-Two: b' }, TypeError, 'X-One'],
  ...bad('tls', TypeError, 5, 'x'),
  ['proxy', 'socks5://robot@127.0.0.1:1', TypeError, 'needs both a user name and a password'],
  ['proxy', 'socks5h://:word@127.0.0.1:1', TypeError, 'needs both a user name and a password'],
  ['tls', { headers: 'x' }, TypeError, '"x"', 'tls.headers'],
  ['tls', { ca: 5 }, TypeError, '5', 'tls.ca'],
  ['tls', { ca: ['x', null] }, TypeError, 'PEM', 'tls.ca'],
  ['tls', { ca: [null] }, TypeError, 'null', 'tls.ca'],
  ['tls', { ca: 'no certificate' }, TypeError, '', 'tls.ca'],
  ['tls', { ca: [] }, TypeError, '', 'tls.ca'],
  ...bad('agent', TypeError, 5, 'http://proxy.example:8080', true, {}),
  ...bad('webClient', TypeError, 5, 'x', true, {}, []),
  ['webClient', { apiCall: 'rtm.connect' }, TypeError, 'apiCall'],
  ...bad('proxy', TypeError, 5, true, {}, '', 'x', 'ftp://x.y/', 'http://', 'socks4://x.y'),
  ...['Connection', 'upgrade', 'Content-Length', 'transfer-encoding', 'Sec-WebSocket-Key'].flatMap((name) => [
    ['headers', { [name]: 'x' }, TypeError, name],
    ['tls', { headers: { [name]: 'x' } }, TypeError, name, 'tls.headers'],
  ]),
  ['logger', {}, TypeError, 'missing'],
  ['logger', { ...recordingLogger(), warn: undefined }, TypeError, 'warn'],
];

describe('options', () => {
  same('can be left out', () => {
    assert.equal(new RTMClient(TOKEN).connected, false);
    assert.equal(new RTMClient(TOKEN, undefined).connected, false);
    assert.equal(new RTMClient(TOKEN, {}).connected, false);
  });

  for (const [option, values] of Object.entries(GOOD)) {
    same(`accept valid values of ${option}, and undefined`, () => {
      for (const value of [undefined, ...values]) quiet({ [option]: value });
    });
  }

  better(UNCHECKED, 'accept null for logger', () => {
    assert.ok(new RTMClient('xoxb-x', { logger: null }));
  });

  better(UNCHECKED, 'refuse an invalid value with an error that names the option and the value', () => {
    for (const [option, value, kind, part, name = option] of BAD) {
      assert.throws(
        () => quiet({ [option]: value }),
        (error) => {
          const said = `${option} ${String(JSON.stringify(value))}: ${error}`;
          assert.ok(error instanceof kind, said);
          assert.ok(error.message.includes(name) && error.message.includes(part), said);
          assert.ok(!error.message.includes(TOKEN), said);
          return true;
        },
        `${option} ${String(JSON.stringify(value))}`,
      );
    }
  });

  better(UNCHECKED, 'refuse agent together with proxy', () => {
    const agent = new http.Agent();
    assert.throws(() => quiet({ agent, proxy: 'http://127.0.0.1:1' }), { name: 'TypeError', message: /agent.*proxy/ });
    for (const proxy of [undefined, null]) quiet({ agent, proxy });
    for (const none of [undefined, null, false]) quiet({ agent: none, proxy: 'http://127.0.0.1:1' });
  });

  better(UNCHECKED, 'refuse an invalid token with an error that does not show it', () => {
    for (const token of [undefined, null, '', ' ', 5, {}, Symbol('x'), 'xoxb-secret\n1']) {
      assert.throws(
        () => new RTMClient(token, { logger: recordingLogger() }),
        (error) => {
          assert.ok(error instanceof TypeError, `${String(token)}: ${error}`);
          assert.match(error.message, /token/);
          assert.doesNotMatch(`${error.message} ${error.stack}`, /secret/);
          return true;
        },
        String(token),
      );
    }
  });

  same('refuse a serverPongTimeout that is not below clientPingTimeout', () => {
    const error = { code: ErrorCode.KeepAliveConfigError };
    for (const options of [
      { clientPingTimeout: 100, serverPongTimeout: 100 },
      { clientPingTimeout: 100, serverPongTimeout: 101 },
      { clientPingTimeout: 4000 },
      { serverPongTimeout: 6000 },
    ]) {
      assert.throws(() => quiet(options), error);
    }
    quiet({ clientPingTimeout: 101, serverPongTimeout: 100 });
    quiet({ clientPingTimeout: 4001 });
    quiet({ serverPongTimeout: 5999 });
  });

  same('set the name and the level of a logger', () => {
    const numbers = [undefined, LogLevel.DEBUG].map((logLevel) => {
      const logger = recordingLogger();
      new RTMClient(TOKEN, { logger, logLevel });
      assert.equal(logger.getLevel(), logLevel ?? LogLevel.INFO);
      const [, number] = /^rtm-api:RTMClient:(\d+)$/.exec(logger.name) ?? assert.fail(logger.name);
      return Number(number);
    });
    assert.ok(numbers[0] < numbers[1]);
  });

  same('are read without changing the object', async (t) => {
    const slack = await startWorkspace(t);
    const options = Object.freeze({ autoReconnect: true, retryConfig: Object.freeze({ retries: 0 }) });
    const rtm = clientOf(t, slack, options);
    const connected = next(rtm, 'connected');
    await rtm.start(Object.freeze({ presence_sub: true }));
    await connected;
  });

  same('have useRtmConnect and autoReconnect on by default', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack, { useRtmConnect: undefined, autoReconnect: undefined });
    rtm.start();
    await next(rtm, 'connected');
    slack.faults.drop();
    await next(rtm, 'connected');
    assert.deepEqual(
      slack.requests.map(({ method }) => method),
      ['rtm.connect', 'rtm.connect'],
    );
  });
});
