// The options of a client: defaults, checks, and the form the network side takes. Owns what is a valid option; what
// it does is told in types/options.d.ts.
'use strict';

const http = require('node:http');
const os = require('node:os');
const { ErrorCode, codedError } = require('./errors.js');
const { proxyOfAgent, readProxy } = require('./proxy.js');
const { tenRetriesInAboutThirtyMinutes } = require('./retry-policies.js');
const { show } = require('./show.js');
const { readTls, rejectsUnauthorized } = require('./tls.js');
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

/** What holds where no `retryConfig` is given. */
const DEFAULT_RETRIES = { ...RETRY_DEFAULTS, ...tenRetriesInAboutThirtyMinutes };

/** Headers that the HTTP client and the WebSocket handshake make themselves. */
const RESERVED_HEADERS = /^(connection|content-length|transfer-encoding|upgrade|sec-websocket-.*)$/i;

/** Of `tls`, what is handed to Node where an agent makes the connections. */
const TLS_OPTIONS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized'];

/** JavaScript's strings hold little more, and a frame becomes one. */
const LONGEST_FRAME = 500_000_000;

/** @typedef {import('../binding').ClientOptions} ClientOptions */

/**
 * How JavaScript takes part in reaching Slack, where it has to.
 * @typedef {object} Helpers
 * @property {import('./agent.js').Way | undefined} agent makes the connections
 * @property {any} webClient makes the connect calls
 */

/**
 * Checks the arguments of the constructor. Unknown options are ignored; `undefined` counts as left out.
 * @param {unknown} token
 * @param {Record<string, any> | null | undefined} given
 * @returns {{ native: ClientOptions, logger: any, logLevel: any, helpers: Helpers }}
 */
function readOptions(token, given) {
  const options = given ?? {};
  const webClient = readWebClient(options.webClient);
  const slackApiUrl = readApiUrl(options.slackApiUrl);
  const { agent, tls, proxy } = readWay(options, slackApiUrl);
  const logLevel = readLogLevel(options.logLevel);
  /** @type {ClientOptions} */
  const native = {
    token: readToken(token, webClient !== undefined),
    slackApiUrl,
    secureOnly: apiUrlOf(webClient, options.slackApiUrl, slackApiUrl).startsWith('https:'),
    hasWebClient: webClient !== undefined,
    hasAgent: agent !== undefined,
    tls,
    proxy,
    userAgent: `${name}/${version} node/${process.versions.node} ${os.platform()}/${os.release()}`,
    headers: [...readHeaders('headers', options.headers), ...readHeaders('tls.headers', options.tls?.headers)],
    autoReconnect: options.autoReconnect === undefined || Boolean(options.autoReconnect),
    useRtmConnect: options.useRtmConnect === undefined || Boolean(options.useRtmConnect),
    clientPingTimeout: readTime('clientPingTimeout', options.clientPingTimeout, 6000),
    serverPongTimeout: readTime('serverPongTimeout', options.serverPongTimeout, 4000),
    replyAckOnReconnectTimeout: readTime('replyAckOnReconnectTimeout', options.replyAckOnReconnectTimeout, 2000),
    requestTimeout: readTime('requestTimeout', options.requestTimeout, 30_000),
    connectTimeout: readTime('connectTimeout', options.connectTimeout, 30_000),
    replyTimeout: readTime('replyTimeout', options.replyTimeout, 0),
    maxFrameBytes: readNumber('maxFrameBytes', options.maxFrameBytes, 128 * 1024 * 1024, 1, LONGEST_FRAME),
    maxPendingReplies: readNumber('maxPendingReplies', options.maxPendingReplies, Infinity, 1),
    ...readRetryConfig(options.retryConfig),
    logLevel,
  };
  checkKeepAlive(native);
  return { native, logger: readLogger(options.logger), logLevel, helpers: { agent, webClient } };
}

/**
 * Of options that are objects: bots pass `null` for none.
 * @param {unknown} value
 */
function isLeftOut(value) {
  return value === undefined || value === null;
}

/**
 * By which way connections are made: an agent whose proxy can be read off is as good as the option `proxy`; any other
 * makes the connections itself.
 * @param {Record<string, any>} options
 * @param {string} apiUrl
 */
function readWay(options, apiUrl) {
  const { tls } = options;
  if (!isLeftOut(tls) && typeof tls !== 'object') throw new TypeError(`tls must be an object, but is ${show(tls)}`);
  const agent = readAgent(options.agent);
  const proxy = readProxy(options.proxy);
  if (agent !== undefined && proxy !== null) throw new TypeError('agent and proxy exclude each other');
  const read = agent === undefined ? null : proxyOfAgent(agent);
  // Some send what is not encrypted to the proxy as it is, without a tunnel. The driver knows tunnels only.
  const known = read?.absoluteForm && apiUrl.startsWith('http:') ? null : read;
  const settings = { ...tls, ...known?.tls };
  const server = proxy ?? known?.proxy ?? null;
  return {
    tls: verifying(readTls(settings), settings),
    proxy: server && { ...server, tls: verifying(server.tls, {}) },
    agent: agent !== undefined && known === null ? { agent, tls: pick(tls, TLS_OPTIONS) } : undefined,
  };
}

/**
 * The environment may switch verification off, as everywhere in Node, where it is not asked for.
 * @param {import('./tls.js').TlsMaterial} tls
 * @param {Record<string, any>} given
 */
function verifying(tls, given) {
  return { ...tls, verify: tls.verify && (given.rejectUnauthorized === true || rejectsUnauthorized()) };
}

/** @param {any} agent */
function readAgent(agent) {
  if (isLeftOut(agent) || agent === false) return undefined;
  if (typeof agent !== 'object' || typeof agent.addRequest !== 'function') {
    throw new TypeError(`agent must be an http.Agent, but is ${show(agent)}`);
  }
  return agent;
}

/** @param {any} webClient */
function readWebClient(webClient) {
  if (isLeftOut(webClient)) return undefined;
  if (typeof webClient !== 'object' || typeof webClient.apiCall !== 'function') {
    throw new TypeError(`webClient must have a method apiCall, but is ${show(webClient)}`);
  }
  return webClient;
}

/**
 * The URL of the API that the connect calls go to: a WebClient may have its own, or tell none.
 * @param {any} webClient
 * @param {unknown} given
 * @param {string} url
 */
function apiUrlOf(webClient, given, url) {
  if (webClient === undefined) return url;
  if (typeof webClient.slackApiUrl === 'string') return webClient.slackApiUrl.trim().toLowerCase();
  return given === undefined ? '' : url;
}

/**
 * @param {Record<string, any> | null | undefined} object
 * @param {string[]} keys
 */
function pick(object, keys) {
  return Object.fromEntries(keys.filter((key) => !isLeftOut(object?.[key])).map((key) => [key, object?.[key]]));
}

/**
 * @param {unknown} token
 * @param {boolean} mayBeEmpty
 */
function readToken(token, mayBeEmpty) {
  if (mayBeEmpty && (isLeftOut(token) || token === '')) return '';
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
 * @param {number} [most]
 */
function readNumber(option, value, fallback, least, most = Infinity) {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${option} must be a number, but is ${show(value)}`);
  }
  if (value < least) throw new RangeError(`${option} must be at least ${least}, but is ${value}`);
  if (value > most) throw new RangeError(`${option} must be at most ${most}, but is ${value}`);
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
  if (isLeftOut(given)) return DEFAULT_RETRIES;
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
        if (RESERVED_HEADERS.test(header)) throw new TypeError('made by the client itself');
        http.validateHeaderName(header);
        http.validateHeaderValue(header, String(one));
      } catch {
        throw new TypeError(`${option} has a name or value that cannot be sent: ${show(header)}`);
      }
      return [header, String(one)];
    }),
  );
}

/** @param {ClientOptions} options */
function checkKeepAlive({ clientPingTimeout, serverPongTimeout }) {
  if (clientPingTimeout === 0 || serverPongTimeout < clientPingTimeout) return;
  throw codedError(
    ErrorCode.KeepAliveConfigError,
    `serverPongTimeout (${serverPongTimeout} ms) must be below clientPingTimeout (${clientPingTimeout} ms)`,
  );
}

module.exports = { checkToken, readOptions };
