// The option `proxy`. Owns what is a valid proxy URL; which proxy an agent stands for is known by lib/proxy-agents.js. A
// URL's credentials are never part of an error.
'use strict';

const { proxyOfAgent } = require('./proxy-agents.js');
const { show } = require('./show.js');
const { readTls } = require('./tls.js');

/**
 * @typedef {object} ProxyServer
 * @property {'http' | 'https' | 'socks5' | 'socks5h' | 'socks4' | 'socks4a'} kind with `socks5` and `socks4`, names are
 *   looked up on this side
 * @property {string} host IPv6 without brackets
 * @property {number} port
 * @property {string | null} username `null`, both: no credentials
 * @property {string | null} password
 * @property {string[]} headers extra ones of the CONNECT request, as names and values in turn
 * @property {import('./tls.js').TlsMaterial} tls of the connection to the proxy, where its kind is `https`
 */

/** Protocols, and the kind and port that each stands for. @type {Record<string, [ProxyServer['kind'], number]>} */
const PROTOCOLS = {
  'http:': ['http', 80],
  'https:': ['https', 443],
  'socks5:': ['socks5', 1080],
  'socks5h:': ['socks5h', 1080],
  'socks:': ['socks5h', 1080],
};

/**
 * The option `proxy`.
 * @param {unknown} given
 * @returns {ProxyServer | null} `null`: left out
 */
function readProxy(given) {
  if (given === undefined || given === null) return null;
  const text = given instanceof URL ? given.href : given;
  if (typeof text !== 'string' || !URL.canParse(text)) throw noProxy(given);
  const { protocol, hostname, port, username, password } = new URL(text);
  if (!Object.hasOwn(PROTOCOLS, protocol) || hostname === '' || port === '0') throw noProxy(text);
  const [kind, usualPort] = PROTOCOLS[protocol];
  const isAnonymous = username === '' && password === '';
  return {
    kind,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? usualPort : Number(port),
    username: isAnonymous ? null : decoded(username),
    password: isAnonymous ? null : decoded(password),
    headers: [],
    tls: readTls(null),
  };
}

/** @param {unknown} given */
function noProxy(given) {
  const shown = show(typeof given === 'string' ? withoutSecrets(given) : given);
  return new TypeError(`proxy must be an http:, https:, socks5: or socks5h: URL, but is ${shown}`);
}

/**
 * A text that may hold credentials, however it was meant: anything but a host, a port and a path is left out.
 * @param {string} text
 */
function withoutSecrets(text) {
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0] ?? '';
  return /^[^@%:]*(:\d*)?(\/[^@%:]*)?$/.test(text.slice(scheme.length)) ? text : `${scheme}…`;
}

/**
 * Percent-decoded, or as it is where that fails.
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
