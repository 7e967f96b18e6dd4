// Recognizes agents that only represent a proxy: those of https-proxy-agent, http-proxy-agent, socks-proxy-agent, hpagent and
// tunnel. Native code replaces such an agent if it understands all of it. Any other agent makes the connections itself.
'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { isProxy } = require('node:util').types;
const {
  checkSettings,
  readHpagent,
  readHttpProxyAgent,
  readHttpsProxyAgent,
  readParsed,
  readSocks5,
  readSocks6,
  readSocks8,
  readTunnel,
} = require('./agent-options.js');
const { readTls } = require('./tls.js');

/** @typedef {import('./proxy.js').ProxyServer} ProxyServer */

/**
 * How the agent of a package is recognized and read.
 * @typedef {object} AgentKind
 * @property {string} name of the constructor
 * @property {string[]} methods that its prototype can define
 * @property {(base: any) => boolean} isBase checks the prototype's prototype
 * @property {string[]} fields that every agent of this kind has
 * @property {string[]} [functions] the fields that are functions
 * @property {(agent: any) => import('./agent-options.js').AgentSettings} read throws if the agent has an option that is not supported
 */

/** @type {AgentKind[]} */
const AGENT_KINDS = [
  {
    name: 'HttpsProxyAgent', // of https-proxy-agent 6 to 9
    methods: ['connect', 'secureProxy', '_connectWithAuth'],
    isBase: isAgentBase7,
    fields: ['proxy', 'proxyHeaders', 'connectOpts', 'options'],
    read: readHttpsProxyAgent,
  },
  {
    name: 'HttpProxyAgent', // of http-proxy-agent 6 to 9
    methods: ['addRequest', 'setRequestProps', 'connect', 'secureProxy'],
    isBase: isAgentBase7,
    fields: ['proxy', 'proxyHeaders', 'connectOpts', 'options'],
    read: readHttpProxyAgent,
  },
  {
    name: 'HttpsProxyAgent', // of https-proxy-agent 5
    methods: ['callback'],
    isBase: isAgentBase6,
    fields: ['proxy', 'secureProxy', 'timeout'],
    read: readParsed,
  },
  {
    name: 'HttpProxyAgent', // of http-proxy-agent 5
    methods: ['callback'],
    isBase: isAgentBase6,
    fields: ['proxy', 'secureProxy', 'timeout'],
    read: (agent) => ({ ...readParsed(agent), absoluteForm: true }),
  },
  {
    name: 'SocksProxyAgent', // of socks-proxy-agent 8 to 10
    methods: ['connect'],
    isBase: isAgentBase7,
    fields: ['proxy', 'shouldLookup', 'timeout', 'socketOptions', 'options'],
    read: readSocks8,
  },
  {
    name: 'SocksProxyAgent', // of socks-proxy-agent 6 and 7
    methods: ['callback'],
    isBase: isAgentBase6,
    fields: ['proxy', 'shouldLookup', 'timeout', 'tlsConnectionOptions'],
    read: readSocks6,
  },
  {
    name: 'SocksProxyAgent', // of socks-proxy-agent 5
    methods: ['callback'],
    isBase: isAgentBase6,
    fields: ['proxy', 'lookup', 'timeout'],
    read: readSocks5,
  },
  {
    name: 'HttpsProxyAgent', // of hpagent
    methods: ['createConnection'],
    isBase: (base) => base === https.Agent.prototype,
    fields: ['proxy', 'proxyRequestOptions', 'options'],
    read: readHpagent,
  },
  {
    name: 'HttpProxyAgent', // of hpagent
    methods: ['createConnection'],
    isBase: (base) => base === http.Agent.prototype,
    fields: ['proxy', 'proxyRequestOptions', 'options'],
    read: readHpagent,
  },
  {
    name: 'TunnelingAgent', // of tunnel
    methods: ['addRequest', 'createSocket', 'removeSocket'],
    isBase: (base) => base === EventEmitter.prototype,
    fields: ['options', 'proxyOptions', 'request', 'requests', 'sockets'],
    functions: ['request', 'createSocket'],
    read: readTunnel,
  },
];

/**
 * The proxy that an agent represents, and the TLS options of connections through it. `absoluteForm` means that the agent sends
 * requests for `http:` URLs to the proxy directly, without a tunnel.
 * @param {unknown} agent
 * @returns {{ proxy: ProxyServer, tls: Record<string, any> | null, absoluteForm: boolean } | null} `null`: the agent
 *   itself must make the connections
 * @throws {TypeError} if the TLS options for the connection to the proxy are unusable
 */
function proxyOfAgent(agent) {
  const settings = settingsOf(agent);
  if (settings === null) return null;
  const { proxy, proxyTls, tls, absoluteForm } = settings;
  return { proxy: { ...proxy, tls: readTls(proxyTls, 'agent') }, tls, absoluteForm };
}

/**
 * An agent can be any object. If reading it throws, it is not replaced.
 * @param {unknown} agent
 */
function settingsOf(agent) {
  try {
    const kind = kindOf(agent);
    return kind === undefined ? null : checkSettings(kind.read(agent));
  } catch {
    return null;
  }
}

// ── Recognizing ───────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {any} agent */
function kindOf(agent) {
  if (typeof agent !== 'object' || agent === null || isProxy(agent)) return undefined;
  const prototype = Object.getPrototypeOf(agent);
  const base = Object.getPrototypeOf(prototype);
  return AGENT_KINDS.find(
    ({ name, methods, isBase, fields, functions = [] }) =>
      prototype.constructor.name === name &&
      Reflect.ownKeys(prototype).every((key) => key === 'constructor' || methods.includes(String(key))) &&
      isBase(base) &&
      fields.every((field) => Object.hasOwn(agent, field)) &&
      isUntouched(agent, functions),
  );
}

/**
 * agent-base 7 to 9
 * @param {any} prototype
 */
function isAgentBase7(prototype) {
  return prototype.constructor.name === 'Agent' && Object.getPrototypeOf(prototype) === http.Agent.prototype;
}

/**
 * agent-base 6
 * @param {any} prototype
 */
function isAgentBase6(prototype) {
  return prototype.constructor.name === 'Agent' && Object.getPrototypeOf(prototype) === EventEmitter.prototype;
}

/**
 * Whether the user has added no methods to the agent and no listeners that observe its connections.
 * @param {any} agent
 * @param {string[]} functions that the package adds
 */
function isUntouched(agent, functions) {
  const { callback } = Object.getPrototypeOf(agent);
  const isOwn = (/** @type {string | symbol} */ key) => {
    const { value, get } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(agent, key));
    // agent-base 6 also keeps the prototype's `callback` under another name.
    return get !== undefined || (typeof value === 'function' && value !== callback && !functions.includes(String(key)));
  };
  const events = EventEmitter.prototype.eventNames.call(agent);
  return events.every((event) => event === 'free' || event === 'newListener') && !Reflect.ownKeys(agent).some(isOwn);
}

module.exports = { proxyOfAgent };
