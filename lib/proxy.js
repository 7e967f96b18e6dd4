// The option `proxy`. A URL's credentials are never part of an error.
'use strict';

const { formatValue } = require('./format-value.js');
const { proxyOfAgent } = require('./proxy-agents.js');
const { readTls } = require('./tls.js');

/**
 * @typedef {object} ProxyServer
 * @property {'http' | 'https' | 'socks5' | 'socks5h' | 'socks4' | 'socks4a'} kind with `socks5` and `socks4`, the client
 *   resolves host names; with `socks5h` and `socks4a`, the proxy does
 * @property {string} host an IPv6 address has no brackets
 * @property {number} port
 * @property {string | null} username `null` (with `password`): no credentials
 * @property {string | null} password
 * @property {string[]} headers extra headers of the CONNECT request: names and values, alternating
 * @property {import('./tls.js').TlsMaterial} tls for the connection to the proxy, if its kind is `https`
 */

/** The kind and the default port of each protocol. @type {Record<string, [ProxyServer['kind'], number]>} */
const PROTOCOLS = {
  'http:': ['http', 80],
  'https:': ['https', 443],
  'socks5:': ['socks5', 1080],
  'socks5h:': ['socks5h', 1080],
  'socks:': ['socks5h', 1080],
};

/**
 * Reads the option `proxy`.
 * @param {unknown} option
 * @returns {ProxyServer | null} `null` if the option is omitted
 */
function readProxy(option) {
  if (option === undefined || option === null) return null;
  const text = option instanceof URL ? option.href : option;
  if (typeof text !== 'string' || !URL.canParse(text)) throw invalidProxy(option);
  const { protocol, hostname, port, username, password } = new URL(text);
  if (!Object.hasOwn(PROTOCOLS, protocol) || hostname === '' || port === '0') throw invalidProxy(text);
  const [kind, defaultPort] = PROTOCOLS[protocol];
  const isAnonymous = username === '' && password === '';
  return {
    kind,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? defaultPort : Number(port),
    username: isAnonymous ? null : decoded(username),
    password: isAnonymous ? null : decoded(password),
    headers: [],
    tls: readTls(null),
  };
}

/** @param {unknown} option */
function invalidProxy(option) {
  const shown = formatValue(typeof option === 'string' ? withoutSecrets(option) : option);
  return new TypeError(`proxy must be an http:, https:, socks5: or socks5h: URL, but is ${shown}`);
}

/**
 * Removes everything that could be credentials: only a host, a port and a path remain.
 * @param {string} text
 */
function withoutSecrets(text) {
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0] ?? '';
  return /^[^@%:]*(:\d*)?(\/[^@%:]*)?$/.test(text.slice(scheme.length)) ? text : `${scheme}…`;
}

/**
 * Percent-decodes a text, or returns it unchanged if that fails.
 * @param {string} text
 */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

module.exports = { proxyOfAgent, readProxy };
