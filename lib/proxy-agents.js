// Agents that only stand for a proxy: those of https-proxy-agent, http-proxy-agent, socks-proxy-agent, hpagent and
// tunnel. Owns how these are recognised; what they carry is read by lib/agent-options.js. An agent is taken over only
// when all of it is understood, so that nothing is ignored; every other agent makes the connections itself.
'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { isProxy } = require('node:util').types;
const {
  checked,
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
 * A package's agent: how it is recognised, and how it is read.
 * @typedef {object} Make
 * @property {string} name the constructor's
 * @property {string[]} methods what its prototype may define
 * @property {(base: any) => boolean} isBase tells the prototype's prototype
 * @property {string[]} fields what the agent itself has
 * @property {string[]} [functions] which of these are functions
 * @property {(agent: any) => import('./agent-options.js').Carried} read throws at what is not understood
 */

/** @type {Make[]} */
const MAKES = [
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
 * The proxy that an agent stands for, and the TLS settings of connections through it, as Node's options.
 * `absoluteForm`: for `http:` URLs it sends the proxy the request itself, and asks for no tunnel.
 * @param {unknown} agent
 * @returns {{ proxy: ProxyServer, tls: Record<string, any> | null, absoluteForm: boolean } | null} `null`: the agent
 *   itself must make the connections
 * @throws {TypeError} when it carries unusable TLS material for the connection to the proxy
 */
function proxyOfAgent(agent) {
  const carried = carriedBy(agent);
  if (carried === null) return null;
  const { proxy, proxyTls, tls, absoluteForm } = carried;
  return { proxy: { ...proxy, tls: readTls(proxyTls, 'agent') }, tls, absoluteForm };
}

/**
 * An agent may be anything. Whatever throws here cannot be taken over.
 * @param {unknown} agent
 */
function carriedBy(agent) {
  try {
    const make = makeOf(agent);
    return make === undefined ? null : checked(make.read(agent));
  } catch {
    return null;
  }
}

// ── Recognising ───────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {any} agent */
function makeOf(agent) {
  if (typeof agent !== 'object' || agent === null || isProxy(agent)) return undefined;
  const prototype = Object.getPrototypeOf(agent);
  const base = Object.getPrototypeOf(prototype);
  return MAKES.find(
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
 * Whether the user gave this agent no methods of its own, and does not listen to how it connects.
 * @param {any} agent
 * @param {string[]} functions those that the package gives it
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
