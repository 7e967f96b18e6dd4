// Checks of single options. Each function returns the option's value, or throws a TypeError or RangeError that names the
// option and the value. The token's value is never part of an error.
'use strict';

const http = require('node:http');
const { formatValue } = require('./format-value.js');
const { tenRetriesInAboutThirtyMinutes } = require('./retry-policies.js');

const LEVELS = ['error', 'warn', 'info', 'debug'];

/** The defaults of npm `retry`, for the values that a `retryConfig` omits. */
const RETRY_DEFAULTS = {
  retries: 10,
  factor: 2,
  minTimeout: 1000,
  maxTimeout: Infinity,
  randomize: false,
  forever: false,
  maxRetryTime: Infinity,
};

/** The default of `retryConfig`. */
const DEFAULT_RETRIES = { ...RETRY_DEFAULTS, ...tenRetriesInAboutThirtyMinutes };

/** Headers that the HTTP client and the WebSocket handshake set themselves. */
const RESERVED_HEADERS = /^(connection|content-length|transfer-encoding|upgrade|sec-websocket-.*)$/i;

/**
 * Whether an option is omitted. Bots also pass `null` for options that are objects.
 * @param {unknown} value
 */
function isOmitted(value) {
  return value === undefined || value === null;
}

/** @param {any} agent */
function readAgent(agent) {
  if (isOmitted(agent) || agent === false) return undefined;
  if (typeof agent !== 'object' || typeof agent.addRequest !== 'function') {
    throw new TypeError(`agent must be an http.Agent, but is ${formatValue(agent)}`);
  }
  return agent;
}

/** @param {any} webClient */
function readWebClient(webClient) {
  if (isOmitted(webClient)) return undefined;
  if (typeof webClient !== 'object' || typeof webClient.apiCall !== 'function') {
    throw new TypeError(`webClient must have a method apiCall, but is ${formatValue(webClient)}`);
  }
  return webClient;
}

/**
 * @param {unknown} token
 * @param {boolean} mayBeEmpty
 */
function readToken(token, mayBeEmpty) {
  if (mayBeEmpty && (isOmitted(token) || token === '')) return '';
  if (typeof token !== 'string') {
    throw new TypeError(`token must be a string, but is ${token === null ? 'null' : `of type ${typeof token}`}`);
  }
  if (token.trim() === '') throw new TypeError('token must not be empty');
  checkToken(token);
  return token;
}

/**
 * Throws if the token cannot be sent. The error does not contain it.
 * @param {unknown} token
 */
function checkToken(token) {
  try {
    http.validateHeaderValue('authorization', `Bearer ${token}`);
  } catch {
    throw new TypeError('token contains characters that cannot be sent in an HTTP header');
  }
}

/** @param {unknown} url */
function readApiUrl(url = 'https://slack.com/api/') {
  const text = url instanceof URL ? url.href : url;
  if (typeof text !== 'string' || !URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new TypeError(`slackApiUrl must be an http: or https: URL, but is ${formatValue(url)}`);
  }
  const { href } = new URL(text);
  return href.endsWith('/') ? href : `${href}/`;
}

/**
 * @param {string} option
 * @param {unknown} value
 * @param {number} defaultValue
 * @param {number} min
 * @param {number} [max]
 */
function readNumber(option, value, defaultValue, min, max = Infinity) {
  if (value === undefined) return defaultValue;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${option} must be a number, but is ${formatValue(value)}`);
  }
  if (value < min) throw new RangeError(`${option} must be at least ${min}, but is ${value}`);
  if (value > max) throw new RangeError(`${option} must be at most ${max}, but is ${value}`);
  return value;
}

/**
 * Reads a time in ms.
 * @param {string} option
 * @param {unknown} value
 * @param {number} defaultValue
 */
function readTime(option, value, defaultValue) {
  return readNumber(option, value, defaultValue, 0);
}

/** @param {unknown} level */
function readLogLevel(level = 'info') {
  const known = typeof level === 'string' ? level.toLowerCase() : '';
  if (!LEVELS.includes(known)) {
    throw new RangeError(`logLevel must be one of ${LEVELS.join(', ')}, but is ${formatValue(level)}`);
  }
  return known;
}

/** @param {any} logger */
function readLogger(logger) {
  if (isOmitted(logger)) return undefined;
  for (const level of LEVELS) {
    if (typeof logger?.[level] !== 'function') {
      throw new TypeError(`logger must have the methods ${LEVELS.join(', ')}, but ${level} is missing`);
    }
  }
  return logger;
}

/** @param {any} option */
function readRetryConfig(option) {
  if (isOmitted(option)) return DEFAULT_RETRIES;
  if (typeof option !== 'object') {
    throw new TypeError(`retryConfig must be an object, but is ${formatValue(option)}`);
  }
  const read = (/** @type {'retries' | 'factor' | 'minTimeout' | 'maxTimeout' | 'maxRetryTime'} */ key) =>
    readNumber(`retryConfig.${key}`, option[key], RETRY_DEFAULTS[key], 0);
  const config = {
    retries: read('retries'),
    factor: read('factor'),
    minTimeout: read('minTimeout'),
    maxTimeout: read('maxTimeout'),
    randomize: Boolean(option.randomize ?? RETRY_DEFAULTS.randomize),
    forever: Boolean(option.forever ?? RETRY_DEFAULTS.forever),
    maxRetryTime: read('maxRetryTime'),
  };
  if (option.minTimeout > config.maxTimeout) {
    throw new RangeError(
      `retryConfig.minTimeout (${config.minTimeout}) must not exceed retryConfig.maxTimeout (${config.maxTimeout})`,
    );
  }
  return config;
}

/**
 * Reads headers into names and values, alternating.
 * @param {string} option
 * @param {unknown} headers
 * @returns {string[]}
 */
function readHeaders(option, headers) {
  if (isOmitted(headers)) return [];
  if (typeof headers !== 'object') {
    throw new TypeError(`${option} must be an object of names and values, but is ${formatValue(headers)}`);
  }
  return Object.entries(/** @type {object} */ (headers)).flatMap(([header, value]) =>
    [value].flat().flatMap((one) => {
      if (one === undefined) return [];
      try {
        if (RESERVED_HEADERS.test(header)) throw new TypeError('set by the client itself');
        http.validateHeaderName(header);
        http.validateHeaderValue(header, String(one));
      } catch {
        throw new TypeError(
          `${option} contains a header that cannot be sent: ${formatValue(header)} (it has invalid characters, or the client sets it itself)`,
        );
      }
      return [header, String(one)];
    }),
  );
}

module.exports = {
  checkToken,
  isOmitted,
  readAgent,
  readApiUrl,
  readHeaders,
  readLogger,
  readLogLevel,
  readNumber,
  readRetryConfig,
  readTime,
  readToken,
  readWebClient,
};
