// What the agents of lib/proxy-agents.js carry. Owns which of their options are understood: all others must not be
// ignored, so the readers throw at them. TLS material is handed on as it is.
'use strict';

const http = require('node:http');
const https = require('node:https');
const { isProxy } = require('node:util').types;

/** @typedef {import('./proxy.js').ProxyServer} ProxyServer */

/**
 * What an agent carries, before it is checked.
 * @typedef {object} Carried
 * @property {ProxyServer['kind']} kind
 * @property {any} host
 * @property {any} port
 * @property {any} [username]
 * @property {any} [password]
 * @property {any} [headers]
 * @property {any} [proxyOptions] hold TLS settings of the connection to the proxy
 * @property {any} [targetOptions] hold TLS settings of the connection through it
 * @property {boolean} [absoluteForm]
 */

const TLS = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized'];

/** Options that are about reusing connections, or about TCP's own upkeep. */
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

/** What https-proxy-agent and http-proxy-agent hand to `connect`, besides where to. Nobody heeds that `timeout`. */
const CONNECT = [...POOL, ...TLS, 'timeout', 'ALPNProtocols'];

/** What `url.parse` gives. */
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

/** Headers that the network side writes by itself. */
const OWN_HEADERS = ['host', 'connection', 'proxy-connection', 'content-length', 'transfer-encoding'];

// ── Understanding ─────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {boolean} isUnderstood */
function demand(isUnderstood) {
  if (!isUnderstood) throw new Error('not understood');
}

/**
 * Demands that an object holds these options only. `null` and undefined are none.
 * @param {any} options
 * @param {string[]} known
 */
function demandOnly(options, known) {
  demand(!isProxy(options) && [Object.prototype, null].includes(Object.getPrototypeOf(options)));
  for (const key of Reflect.ownKeys(options)) {
    demand((options[key] ?? null) === null || known.includes(String(key)));
  }
}

// ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readHttpsProxyAgent(agent) {
  demandOnly(agent.options, [...POOL, ...TLS]);
  return { ...readConnect(agent), targetOptions: agent.options };
}

/**
 * Its `options` are those that it was made with: they reach no connection but by way of `connectOpts`.
 * @param {any} agent
 * @returns {Carried}
 */
function readHttpProxyAgent(agent) {
  demandOnly(agent.options, [...CONNECT, 'headers']);
  return { ...readConnect(agent), absoluteForm: true };
}

/**
 * https-proxy-agent and http-proxy-agent, 6 to 9.
 * @param {any} agent
 * @returns {Carried}
 */
function readConnect({ proxy, proxyHeaders, connectOpts }) {
  demandOnly(connectOpts, [...CONNECT, 'host', 'port']);
  demandUsualAlpn(connectOpts);
  const { host, port } = connectOpts;
  return { ...readUrl(proxy), host, port, headers: proxyHeaders, proxyOptions: connectOpts };
}

/**
 * https-proxy-agent and http-proxy-agent 5, whose `proxy` may come from `url.parse`.
 * @param {any} agent
 * @returns {Carried}
 */
function readParsed({ proxy, secureProxy, timeout, options }) {
  demandOnly(options, []);
  demandOnly(proxy, [...CONNECT, ...PARSED_URL, 'secureProxy', 'headers']);
  demandUsualAlpn(proxy);
  demand(timeout === null && /^https?:?$/i.test(proxy.protocol ?? 'http'));
  const { host, port, auth, headers } = proxy;
  return { kind: secureProxy ? 'https' : 'http', host, port, ...readAuth(auth), headers, proxyOptions: proxy };
}

/**
 * What the packages ask for by themselves is what the network side does anyway.
 * @param {{ ALPNProtocols?: any }} options
 */
function demandUsualAlpn({ ALPNProtocols = ['http/1.1'] }) {
  demand(ALPNProtocols.length === 1 && ['http/1.1', 'http 1.1'].includes(ALPNProtocols[0]));
}

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readSocks8(agent) {
  demandOnly(agent.options, [...POOL, ...TLS]);
  demand((agent.socketOptions ?? null) === null);
  return { ...readSocks(agent, agent.shouldLookup), targetOptions: agent.options };
}

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readSocks6(agent) {
  demandOnly(agent.options, []);
  demandOnly(agent.tlsConnectionOptions, TLS);
  return { ...readSocks(agent, agent.shouldLookup), targetOptions: agent.tlsConnectionOptions };
}

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readSocks5(agent) {
  demandOnly(agent.options, []);
  return readSocks(agent, agent.lookup);
}

/**
 * @param {any} agent
 * @param {unknown} looksUp whether names are looked up on this side
 * @returns {Carried}
 */
function readSocks({ proxy, timeout }, looksUp) {
  demandOnly(proxy, ['host', 'port', 'type', 'userId', 'password']);
  demand((timeout ?? null) === null && typeof looksUp === 'boolean' && [4, 5].includes(proxy.type));
  const { host, port, userId: username, password } = proxy;
  const [near, far] = proxy.type === 4 ? ['socks4', 'socks4a'] : ['socks5', 'socks5h'];
  return { kind: /** @type {ProxyServer['kind']} */ (looksUp ? near : far), host, port, username, password };
}

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readHpagent({ proxy, proxyRequestOptions, options }) {
  demandOnly(options, [...POOL, ...TLS, 'defaultPort', 'protocol']);
  demandOnly(proxyRequestOptions, [...TLS, 'headers']);
  const { hostname: host, port } = proxy;
  const { headers } = proxyRequestOptions;
  return { ...readUrl(proxy), host, port, headers, proxyOptions: proxyRequestOptions, targetOptions: options };
}

/**
 * @param {any} agent
 * @returns {Carried}
 */
function readTunnel(agent) {
  const { options, proxyOptions, request, createSocket } = agent;
  demandOnly(options, [...POOL, ...TLS, 'proxy']);
  demandOnly(proxyOptions, [...POOL, ...TLS, 'host', 'port', 'proxyAuth', 'headers']);
  demand([http.request, https.request].includes(request));
  demand(createSocket === Object.getPrototypeOf(agent).createSocket || createSocket.name === 'createSecureSocket');
  const { host, port, proxyAuth, headers } = proxyOptions;
  const kind = request === https.request ? 'https' : 'http';
  return { kind, host, port, ...readAuth(proxyAuth), headers, proxyOptions, targetOptions: options };
}

/**
 * @param {any} url
 * @returns {{ kind: ProxyServer['kind'], username: string, password: string }}
 */
function readUrl(url) {
  demand(url instanceof URL && ['http:', 'https:'].includes(url.protocol));
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
 * What is the same with all packages.
 * @param {Carried} carried
 */
function checked({ kind, username: name, password: word, absoluteForm = false, ...carried }) {
  const [username, password] = name || word ? [name ?? '', word ?? ''] : [null, null];
  const usualPort = kind === 'https' ? 443 : 80;
  const port = Number((carried.port ?? '') === '' ? usualPort : carried.port);
  const host = carried.host.replace(/^\[|\]$/g, '');
  demand(host !== '' && Number.isInteger(port) && port > 0 && port < 0x1_0000);
  demand([username, password].every((part) => part === null || typeof part === 'string'));
  // The network side has SOCKS 5 with both or none.
  demand(!kind.startsWith('socks5') || Boolean(username) === Boolean(password));
  const headers = readHeaders(carried.headers ?? {}, username !== null);
  const proxyTls = kind === 'https' ? tlsIn(carried.proxyOptions) : null;
  return {
    proxy: { kind, host, port, username, password, headers },
    proxyTls,
    tls: tlsIn(carried.targetOptions ?? {}),
    absoluteForm,
  };
}

/**
 * @param {any} headers
 * @param {boolean} hasCredentials which make a header of their own
 */
function readHeaders(headers, hasCredentials) {
  const taken = hasCredentials ? [...OWN_HEADERS, 'proxy-authorization'] : OWN_HEADERS;
  demandOnly(headers, Object.keys(headers)); // a plain object of names
  return Object.entries(headers).flatMap(([name, value]) => {
    demand(['string', 'number'].includes(typeof value) && !taken.includes(name.toLowerCase()));
    http.validateHeaderName(name);
    http.validateHeaderValue(name, String(value));
    return [name, String(value)];
  });
}

/**
 * The TLS settings among a connection's options.
 * @param {any} options
 */
function tlsIn(options) {
  const given = TLS.filter((key) => isGiven(key, options[key])).map((key) => [key, options[key]]);
  return given.length === 0 ? null : Object.fromEntries(given);
}

/**
 * Node takes empty material as none.
 * @param {string} key
 * @param {any} value
 */
function isGiven(key, value) {
  return key === 'rejectUnauthorized' ? typeof value === 'boolean' : Boolean(value) && value.length !== 0;
}

module.exports = {
  checked,
  readHpagent,
  readHttpProxyAgent,
  readHttpsProxyAgent,
  readParsed,
  readSocks5,
  readSocks6,
  readSocks8,
  readTunnel,
};
