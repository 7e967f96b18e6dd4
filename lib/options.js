// The options of a client: defaults, checks, and the form the network side takes. Owns what is a valid option; what
// it does is told in index.d.ts.
'use strict';

const http = require('node:http');
const os = require('node:os');
const { ErrorCode, codedError } = require('./errors.js');
const { name, version } = require('../package.json');

const LEVELS = ['error', 'warn', 'info', 'debug'];

/** The defaults of npm `retry`, which fill in what a given `retryConfig` leaves out. */
const RETRY_DEFAULTS = {
  retries: 10,
  factor: 2,
  minTimeout: 1000,
  maxTimeout: Infinity,
  randomize: false,
  forever: false,
  maxRetryTime: Infinity,
};

/** What holds where no `retryConfig` is given: ten retries in about thirty minutes. */
const TEN_RETRIES_IN_ABOUT_THIRTY_MINUTES = { ...RETRY_DEFAULTS, factor: 1.96821, randomize: true };

/** Options that a later version brings: an error now beats being ignored. */
const NOT_YET = ['agent', 'webClient', 'proxy'];

/** @typedef {import('../binding').ClientOptions} ClientOptions */

/**
 * Checks the arguments of the constructor. Unknown options are ignored; `undefined` counts as left out.
 * @param {unknown} token
 * @param {Record<string, any> | null | undefined} given
 * @returns {{ native: ClientOptions, logger: any, logLevel: any }}
 */
function readOptions(token, given) {
  const options = given ?? {};
  for (const option of NOT_YET) {
    if (!isLeftOut(options[option])) throw notYet(option);
  }
  const logLevel = readLogLevel(options.logLevel);
  /** @type {ClientOptions} */
  const native = {
    token: readToken(token),
    slackApiUrl: readApiUrl(options.slackApiUrl),
    userAgent: `${name}/${version} node/${process.versions.node} ${os.platform()}/${os.release()}`,
    headers: [...readHeaders('headers', options.headers), ...readHeaders('tls.headers', options.tls?.headers)],
    ca: readTls(options.tls),
    autoReconnect: options.autoReconnect === undefined || Boolean(options.autoReconnect),
    useRtmConnect: options.useRtmConnect === undefined || Boolean(options.useRtmConnect),
    clientPingTimeout: readTime('clientPingTimeout', options.clientPingTimeout, 6000),
    serverPongTimeout: readTime('serverPongTimeout', options.serverPongTimeout, 4000),
    replyAckOnReconnectTimeout: readTime('replyAckOnReconnectTimeout', options.replyAckOnReconnectTimeout, 2000),
    requestTimeout: readTime('requestTimeout', options.requestTimeout, 30_000),
    connectTimeout: readTime('connectTimeout', options.connectTimeout, 30_000),
    replyTimeout: readTime('replyTimeout', options.replyTimeout, 0),
    maxPendingReplies: readNumber('maxPendingReplies', options.maxPendingReplies, Infinity, 1),
    ...readRetryConfig(options.retryConfig),
    logLevel,
  };
  checkKeepAlive(native);
  return { native, logger: readLogger(options.logger), logLevel };
}

/**
 * Of options that are objects: bots pass `null` for none.
 * @param {unknown} value
 */
function isLeftOut(value) {
  return value === undefined || value === null;
}

/** @param {string} option */
function notYet(option) {
  return new Error(`the option ${option} is not supported yet`);
}

/** @param {unknown} token */
function readToken(token) {
  if (typeof token !== 'string') {
    throw new TypeError(`token must be a string, but is ${token === null ? 'null' : `of type ${typeof token}`}`);
  }
  if (token.trim() === '') throw new TypeError('token must not be empty');
  checkToken(token);
  return token;
}

/**
 * Refuses a token that cannot be sent, without a word of it.
 * @param {unknown} token
 */
function checkToken(token) {
  try {
    http.validateHeaderValue('authorization', `Bearer ${token}`);
  } catch {
    throw new TypeError('token holds characters that no HTTP header can carry');
  }
}

/** @param {unknown} url */
function readApiUrl(url = 'https://slack.com/api/') {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string' || !URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new TypeError(`slackApiUrl must be an http: or https: URL, but is ${show(url)}`);
  }
  const { href } = new URL(text);
  return href.endsWith('/') ? href : `${href}/`;
}

/**
 * @param {string} option
 * @param {unknown} value
 * @param {number} fallback
 * @param {number} least
 */
function readNumber(option, value, fallback, least) {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${option} must be a number, but is ${show(value)}`);
  }
  if (value < least) throw new RangeError(`${option} must be at least ${least}, but is ${value}`);
  return value;
}

/**
 * A time in ms.
 * @param {string} option
 * @param {unknown} value
 * @param {number} fallback
 */
function readTime(option, value, fallback) {
  return readNumber(option, value, fallback, 0);
}

/** @param {unknown} level */
function readLogLevel(level = 'info') {
  const known = typeof level === 'string' ? level.toLowerCase() : '';
  if (!LEVELS.includes(known)) {
    throw new RangeError(`logLevel must be one of ${LEVELS.join(', ')}, but is ${show(level)}`);
  }
  return known;
}

/** @param {any} logger */
function readLogger(logger) {
  if (isLeftOut(logger)) return undefined;
  for (const level of LEVELS) {
    if (typeof logger?.[level] !== 'function') {
      throw new TypeError(`logger must have the methods ${LEVELS.join(', ')}, but ${level} is missing`);
    }
  }
  return logger;
}

/** @param {any} given */
function readRetryConfig(given) {
  if (isLeftOut(given)) return TEN_RETRIES_IN_ABOUT_THIRTY_MINUTES;
  if (typeof given !== 'object') {
    throw new TypeError(`retryConfig must be an object, but is ${show(given)}`);
  }
  const read = (/** @type {'retries' | 'factor' | 'minTimeout' | 'maxTimeout' | 'maxRetryTime'} */ key) =>
    readNumber(`retryConfig.${key}`, given[key], RETRY_DEFAULTS[key], 0);
  const config = {
    retries: read('retries'),
    factor: read('factor'),
    minTimeout: read('minTimeout'),
    maxTimeout: read('maxTimeout'),
    randomize: Boolean(given.randomize ?? RETRY_DEFAULTS.randomize),
    forever: Boolean(given.forever ?? RETRY_DEFAULTS.forever),
    maxRetryTime: read('maxRetryTime'),
  };
  if (given.minTimeout > config.maxTimeout) {
    throw new RangeError(
      `retryConfig.minTimeout (${config.minTimeout}) must not exceed retryConfig.maxTimeout (${config.maxTimeout})`,
    );
  }
  return config;
}

/**
 * Headers as names and values in turn.
 * @param {string} option
 * @param {unknown} headers
 * @returns {string[]}
 */
function readHeaders(option, headers) {
  if (isLeftOut(headers)) return [];
  if (typeof headers !== 'object') {
    throw new TypeError(`${option} must be an object of names and values, but is ${show(headers)}`);
  }
  return Object.entries(/** @type {object} */ (headers)).flatMap(([header, value]) =>
    [value].flat().flatMap((one) => {
      if (one === undefined) return [];
      try {
        http.validateHeaderName(header);
        http.validateHeaderValue(header, String(one));
      } catch {
        throw new TypeError(`${option} has a name or value that cannot be sent: ${show(header)}`);
      }
      return [header, String(one)];
    }),
  );
}

/**
 * The authorities to trust, where `tls` names them.
 * @param {any} tls
 * @returns {Buffer[] | undefined}
 */
function readTls(tls) {
  if (isLeftOut(tls)) return undefined;
  if (typeof tls !== 'object') throw new TypeError(`tls must be an object, but is ${show(tls)}`);
  for (const option of ['key', 'cert', 'pfx', 'passphrase']) {
    if (!isLeftOut(tls[option])) throw notYet(`tls.${option}`);
  }
  if (isLeftOut(tls.ca)) return undefined;
  return [tls.ca].flat().map((ca) => {
    if (typeof ca === 'string') return Buffer.from(ca);
    if (ArrayBuffer.isView(ca)) return Buffer.from(ca.buffer, ca.byteOffset, ca.byteLength);
    throw new TypeError(`tls.ca must be a string, a Buffer, or a list of them, but holds ${show(ca)}`);
  });
}

/** @param {ClientOptions} options */
function checkKeepAlive({ clientPingTimeout, serverPongTimeout }) {
  if (clientPingTimeout === 0 || serverPongTimeout < clientPingTimeout) return;
  throw codedError(
    ErrorCode.KeepAliveConfigError,
    `serverPongTimeout (${serverPongTimeout} ms) must be below clientPingTimeout (${clientPingTimeout} ms)`,
  );
}

/**
 * A value as it is named in an error.
 * @param {unknown} value
 */
function show(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

module.exports = { checkToken, readOptions };
