// Reads the options of a client: checks them, fills in the defaults, and converts them to the form that native code takes.
// types/options.d.ts documents the options.
'use strict';

const os = require('node:os');
const { ErrorCode, codedError } = require('./errors.js');
const { formatValue } = require('./format-value.js');
const {
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
} = require('./option-checks.js');
const { proxyOfAgent, readProxy } = require('./proxy.js');
const { readTls, rejectsUnauthorized } = require('./tls.js');
const { name, version } = require('../package.json');

/** The options of `tls` that are passed to Node if an agent makes the connections. */
const TLS_OPTIONS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized'];

/** The limit of `maxFrameBytes`: a frame becomes a string, and V8's strings are not much longer. */
const MAX_FRAME_BYTES = 500_000_000;

/** @typedef {import('../binding').ClientOptions} ClientOptions */

/**
 * The objects of the user that make requests or connections.
 * @typedef {object} Helpers
 * @property {import('./agent.js').Route | undefined} agent makes the connections
 * @property {any} webClient makes the connect calls
 */

/**
 * Reads the arguments of the constructor. Unknown options are ignored; `undefined` means omitted.
 * @param {unknown} token
 * @param {Record<string, any> | null | undefined} optionsArgument
 * @returns {{ native: ClientOptions, logger: any, logLevel: any, helpers: Helpers }}
 */
function readOptions(token, optionsArgument) {
  const options = optionsArgument ?? {};
  const webClient = readWebClient(options.webClient);
  const slackApiUrl = readApiUrl(options.slackApiUrl);
  const { agent, tls, proxy } = readRoute(options, slackApiUrl);
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
    maxFrameBytes: readNumber('maxFrameBytes', options.maxFrameBytes, 128 * 1024 * 1024, 1, MAX_FRAME_BYTES),
    maxPendingReplies: readNumber('maxPendingReplies', options.maxPendingReplies, Infinity, 1),
    ...readRetryConfig(options.retryConfig),
    logLevel,
  };
  checkKeepAlive(native);
  return { native, logger: readLogger(options.logger), logLevel, helpers: { agent, webClient } };
}

/**
 * Decides how connections are made. If native code can use the proxy of an agent, the agent is treated like the option
 * `proxy`; any other agent makes the connections itself.
 * @param {Record<string, any>} options
 * @param {string} apiUrl
 */
function readRoute(options, apiUrl) {
  const { tls } = options;
  if (!isOmitted(tls) && typeof tls !== 'object')
    throw new TypeError(`tls must be an object, but is ${formatValue(tls)}`);
  const agent = readAgent(options.agent);
  const proxy = readProxy(options.proxy);
  if (agent !== undefined && proxy !== null)
    throw new TypeError('agent and proxy cannot be used together: pass one of them');
  const agentProxy = agent === undefined ? null : proxyOfAgent(agent);
  // Some agents send unencrypted requests to the proxy without a tunnel. Native code supports only tunnels.
  const native = agentProxy?.absoluteForm && apiUrl.startsWith('http:') ? null : agentProxy;
  const settings = { ...tls, ...native?.tls };
  const server = proxy ?? native?.proxy ?? null;
  return {
    tls: withVerify(readTls(settings), settings),
    proxy: server && { ...server, tls: withVerify(server.tls, {}) },
    agent: agent !== undefined && native === null ? { agent, tls: pick(tls, TLS_OPTIONS) } : undefined,
  };
}

/**
 * Applies NODE_TLS_REJECT_UNAUTHORIZED, unless `rejectUnauthorized` is set.
 * @param {import('./tls.js').TlsMaterial} tls
 * @param {Record<string, any>} settings
 */
function withVerify(tls, settings) {
  return { ...tls, verify: tls.verify && (settings.rejectUnauthorized === true || rejectsUnauthorized()) };
}

/**
 * The URL that the connect calls use. A WebClient can have its own, or none that is known.
 * @param {any} webClient
 * @param {unknown} option
 * @param {string} url
 */
function apiUrlOf(webClient, option, url) {
  if (webClient === undefined) return url;
  if (typeof webClient.slackApiUrl === 'string') return webClient.slackApiUrl.trim().toLowerCase();
  return option === undefined ? '' : url;
}

/**
 * @param {Record<string, any> | null | undefined} object
 * @param {string[]} keys
 */
function pick(object, keys) {
  return Object.fromEntries(keys.filter((key) => !isOmitted(object?.[key])).map((key) => [key, object?.[key]]));
}

/** @param {ClientOptions} options */
function checkKeepAlive({ clientPingTimeout, serverPongTimeout }) {
  if (clientPingTimeout === 0 || serverPongTimeout < clientPingTimeout) return;
  throw codedError(
    ErrorCode.KeepAliveConfigError,
    `serverPongTimeout (${serverPongTimeout} ms) must be below clientPingTimeout (${clientPingTimeout} ms)`,
  );
}

module.exports = { readOptions };
