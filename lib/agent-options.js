// Reads the options of the agents that lib/proxy-agents.js recognizes. An option must never be ignored, so a reader throws if an
// agent has one that it does not understand. TLS options are passed on unchanged.
'use strict';

const http = require('node:http');
const https = require('node:https');
const { isProxy } = require('node:util').types;

/** @typedef {import('./proxy.js').ProxyServer} ProxyServer */

/**
 * The options of an agent, before they are checked.
 * @typedef {object} AgentSettings
 * @property {ProxyServer['kind']} kind
 * @property {any} host
 * @property {any} port
 * @property {any} [username]
 * @property {any} [password]
 * @property {any} [headers]
 * @property {any} [proxyOptions] with the TLS settings of the connection to the proxy
 * @property {any} [targetOptions] with the TLS settings of the connection through the proxy
 * @property {boolean} [absoluteForm]
 */

const TLS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized'];

/** Options about reusing connections or about TCP. They have no effect on a single long connection. */
const POOL = [
  'keepAlive',
  'keepAliveMsecs',
  'keepAliveInitialDelay',
  'maxSockets',
  'maxFreeSockets',
  'maxTotalSockets',
  'maxCachedSessions',
  'agentKeepAliveTimeoutBuffer',
  'scheduling',
  'noDelay',
];

/** Options that https-proxy-agent and http-proxy-agent pass to `connect`, besides host and port. Their `timeout` has no effect. */
const CONNECT = [...POOL, ...TLS, 'timeout', 'ALPNProtocols'];

/** The properties of a URL of `url.parse`. */
const PARSED_URL = [
  'protocol',
  'slashes',
  'auth',
  'host',
  'port',
  'hostname',
  'hash',
  'search',
  'query',
  'pathname',
  'href',
];

/** Headers that native code writes itself. */
const OWN_HEADERS = ['host', 'connection', 'proxy-connection', 'content-length', 'transfer-encoding'];

// ── Assertions ────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {boolean} isSupported */
function assertSupported(isSupported) {
  if (!isSupported) throw new Error('not supported');
}

/**
 * Throws if an object has other options than these. `null` and undefined count as omitted.
 * @param {any} options
 * @param {string[]} known
 */
function assertOnly(options, known) {
  assertSupported(!isProxy(options) && [Object.prototype, null].includes(Object.getPrototypeOf(options)));
  for (const key of Reflect.ownKeys(options)) {
    assertSupported((options[key] ?? null) === null || known.includes(String(key)));
  }
}

// ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readHttpsProxyAgent(agent) {
  assertOnly(agent.options, [...POOL, ...TLS]);
  return { ...readConnect(agent), targetOptions: agent.options };
}

/**
 * Its `options` are the constructor's. Only `connectOpts` affects a connection.
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readHttpProxyAgent(agent) {
  assertOnly(agent.options, [...CONNECT, 'headers']);
  return { ...readConnect(agent), absoluteForm: true };
}

/**
 * https-proxy-agent and http-proxy-agent, 6 to 9.
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readConnect({ proxy, proxyHeaders, connectOpts }) {
  assertOnly(connectOpts, [...CONNECT, 'host', 'port']);
  assertDefaultAlpn(connectOpts);
  const { host, port } = connectOpts;
  return { ...readUrl(proxy), host, port, headers: proxyHeaders, proxyOptions: connectOpts };
}

/**
 * https-proxy-agent and http-proxy-agent 5, whose `proxy` can come from `url.parse`.
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readParsed({ proxy, secureProxy, timeout, options }) {
  assertOnly(options, []);
  assertOnly(proxy, [...CONNECT, ...PARSED_URL, 'secureProxy', 'headers']);
  assertDefaultAlpn(proxy);
  assertSupported(timeout === null && /^https?:?$/i.test(proxy.protocol ?? 'http'));
  const { host, port, auth, headers } = proxy;
  return { kind: secureProxy ? 'https' : 'http', host, port, ...readAuth(auth), headers, proxyOptions: proxy };
}

/**
 * The packages' default is what native code does, too.
 * @param {{ ALPNProtocols?: any }} options
 */
function assertDefaultAlpn({ ALPNProtocols = ['http/1.1'] }) {
  assertSupported(ALPNProtocols.length === 1 && ['http/1.1', 'http 1.1'].includes(ALPNProtocols[0]));
}

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readSocks8(agent) {
  assertOnly(agent.options, [...POOL, ...TLS]);
  assertSupported((agent.socketOptions ?? null) === null);
  return { ...readSocks(agent, agent.shouldLookup), targetOptions: agent.options };
}

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readSocks6(agent) {
  assertOnly(agent.options, []);
  assertOnly(agent.tlsConnectionOptions, TLS);
  return { ...readSocks(agent, agent.shouldLookup), targetOptions: agent.tlsConnectionOptions };
}

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readSocks5(agent) {
  assertOnly(agent.options, []);
  return readSocks(agent, agent.lookup);
}

/**
 * @param {any} agent
 * @param {unknown} resolvesLocally whether the client resolves host names
 * @returns {AgentSettings}
 */
function readSocks({ proxy, timeout }, resolvesLocally) {
  assertOnly(proxy, ['host', 'port', 'type', 'userId', 'password']);
  assertSupported((timeout ?? null) === null && typeof resolvesLocally === 'boolean' && [4, 5].includes(proxy.type));
  const { host, port, userId: username, password } = proxy;
  const [local, remote] = proxy.type === 4 ? ['socks4', 'socks4a'] : ['socks5', 'socks5h'];
  return {
    kind: /** @type {ProxyServer['kind']} */ (resolvesLocally ? local : remote),
    host,
    port,
    username,
    password,
  };
}

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readHpagent({ proxy, proxyRequestOptions, options }) {
  assertOnly(options, [...POOL, ...TLS, 'defaultPort', 'protocol']);
  assertOnly(proxyRequestOptions, [...TLS, 'headers']);
  const { hostname: host, port } = proxy;
  const { headers } = proxyRequestOptions;
  return { ...readUrl(proxy), host, port, headers, proxyOptions: proxyRequestOptions, targetOptions: options };
}

/**
 * @param {any} agent
 * @returns {AgentSettings}
 */
function readTunnel(agent) {
  const { options, proxyOptions, request, createSocket } = agent;
  assertOnly(options, [...POOL, ...TLS, 'proxy']);
  assertOnly(proxyOptions, [...POOL, ...TLS, 'host', 'port', 'proxyAuth', 'headers']);
  assertSupported([http.request, https.request].includes(request));
  assertSupported(
    createSocket === Object.getPrototypeOf(agent).createSocket || createSocket.name === 'createSecureSocket',
  );
  const { host, port, proxyAuth, headers } = proxyOptions;
  const kind = request === https.request ? 'https' : 'http';
  return { kind, host, port, ...readAuth(proxyAuth), headers, proxyOptions, targetOptions: options };
}

/**
 * @param {any} url
 * @returns {{ kind: ProxyServer['kind'], username: string, password: string }}
 */
function readUrl(url) {
  assertSupported(url instanceof URL && ['http:', 'https:'].includes(url.protocol));
  const [username, password] = [url.username, url.password].map(decodeURIComponent);
  return { kind: url.protocol === 'https:' ? 'https' : 'http', username, password };
}

/**
 * @param {any} auth `name:password`
 */
function readAuth(auth) {
  if ((auth ?? '') === '') return {};
  const [username, ...rest] = auth.split(':');
  return { username, password: rest.join(':') };
}

// ── Checking ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Checks the settings, in the same way for all packages.
 * @param {AgentSettings} settings
 */
function checkSettings({ kind, username: name, password: word, absoluteForm = false, ...settings }) {
  const [username, password] = name || word ? [name ?? '', word ?? ''] : [null, null];
  const defaultPort = kind === 'https' ? 443 : 80;
  const port = Number((settings.port ?? '') === '' ? defaultPort : settings.port);
  const host = settings.host.replace(/^\[|\]$/g, '');
  assertSupported(host !== '' && Number.isInteger(port) && port > 0 && port < 0x1_0000);
  assertSupported([username, password].every((part) => part === null || typeof part === 'string'));
  // Native code supports SOCKS 5 with a user name and password, or with neither.
  assertSupported(!kind.startsWith('socks5') || Boolean(username) === Boolean(password));
  const headers = readHeaders(settings.headers ?? {}, username !== null);
  const proxyTls = kind === 'https' ? tlsIn(settings.proxyOptions) : null;
  return {
    proxy: { kind, host, port, username, password, headers },
    proxyTls,
    tls: tlsIn(settings.targetOptions ?? {}),
    absoluteForm,
  };
}

/**
 * @param {any} headers
 * @param {boolean} hasCredentials if true, Proxy-Authorization is set
 */
function readHeaders(headers, hasCredentials) {
  const reserved = hasCredentials ? [...OWN_HEADERS, 'proxy-authorization'] : OWN_HEADERS;
  assertOnly(headers, Object.keys(headers)); // a plain object of names
  return Object.entries(headers).flatMap(([name, value]) => {
    assertSupported(['string', 'number'].includes(typeof value) && !reserved.includes(name.toLowerCase()));
    http.validateHeaderName(name);
    http.validateHeaderValue(name, String(value));
    return [name, String(value)];
  });
}

/**
 * Picks the TLS settings from a connection's options.
 * @param {any} options
 */
function tlsIn(options) {
  const entries = TLS.filter((key) => isSet(key, options[key])).map((key) => [key, options[key]]);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/**
 * Whether a TLS option is set. Node treats an empty value as omitted.
 * @param {string} key
 * @param {any} value
 */
function isSet(key, value) {
  return key === 'rejectUnauthorized' ? typeof value === 'boolean' : Boolean(value) && value.length !== 0;
}

module.exports = {
  checkSettings,
  readHpagent,
  readHttpProxyAgent,
  readHttpsProxyAgent,
  readParsed,
  readSocks5,
  readSocks6,
  readSocks8,
  readTunnel,
};
