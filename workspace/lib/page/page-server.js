// The server of the page: its files over HTTP, and its WebSocket. The page itself is in ../../page.
'use strict';

const { readFile } = require('node:fs/promises');
const { STATUS_CODES } = require('node:http');
const { isIP } = require('node:net');
const path = require('node:path');
const { WebSocketServer } = require('ws');
const { decodeObject } = require('../json');
const { lastingFaults } = require('./fault-actions');
const { Feed, MAX_FRAMES } = require('./feed');
const { perform, withoutMissingThread } = require('./page-actions');
const { callEntry, frameEntry } = require('./wire-entries');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./wire-entries').WireEntry} WireEntry
 */

const FOLDER = path.join(__dirname, '..', '..', 'page');
const SOCKET_PATH = '/page/socket';
/** The file names that the server looks for in the folder. */
const FILE = /^\/page\/([a-z]+(?:-[a-z]+)*\.(js|css|svg|png))$/;
const INDEX = ['index.html', 'html'];
/** @type {Record<string, string>} */
const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
};
/** No inline script or style, nothing from other origins, and no HTML from strings. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};
/** The longest frame of a page. A message has up to 40,000 characters. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** A `Host` header: a name, an IPv4 address or an IPv6 address in brackets, and a port. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Serves the page to its own origin only, sends it events and frames, and performs its actions. */
class PageServer {
  #parts;
  #host;
  #server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  /** @type {Set<Feed>} one for each open page */
  #feeds = new Set();
  /** @type {WireEntry[]} the latest ones, for pages that open later */
  #wire = [];
  #isListening = false;

  /**
   * @param {object} parts
   * @param {import('../state/state').State} parts.state
   * @param {import('../rtm/rtm-server').RtmServer} parts.rtm
   * @param {import('../faults/faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   * @param {string} [parts.host] the name or address that the server listens on
   */
  constructor({ host = '127.0.0.1', ...parts }) {
    this.#parts = parts;
    this.#host = host;
  }

  /**
   * Handles a request for the page.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @returns {boolean} false if the request is not for the page
   */
  handle(request, response) {
    const [url] = (request.url ?? '').split('?', 1);
    if (url !== '/' && url !== '/page' && !url.startsWith('/page/')) return false;
    request.resume();
    const [, name, type] = url === '/' ? ['', ...INDEX] : (FILE.exec(url) ?? []);
    if (!isOwnOrigin(request, this.#host)) respond(response, 403, `${request.headers.host} is not this workspace\n`);
    else if (request.method !== 'GET' && request.method !== 'HEAD') respond(response, 405, '', { allow: 'GET, HEAD' });
    else if (!name) respond(response, 404, 'not found\n');
    else void sendFile(response, name, type);
    return true;
  }

  /**
   * Handles the upgrade request for a page's socket.
   *
   * @param {IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @returns {boolean} false if the request is not for the page
   */
  upgrade(request, socket, head) {
    if ((request.url ?? '').split('?', 1)[0] !== SOCKET_PATH) return false;
    if (isOwnOrigin(request, this.#host)) {
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, request.headers.host ?? ''));
    } else {
      socket.on('error', () => {});
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 403 ${STATUS_CODES[403]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    return true;
  }

  /** Closes the pages' sockets. The pages try to reconnect. */
  close() {
    for (const feed of this.#feeds) feed.end();
  }

  /**
   * @param {import('ws').WebSocket} ws
   * @param {string} host the `Host` header of the page's request
   */
  #open(ws, host) {
    this.#listen();
    const apiUrl = `http://${host}/api/`;
    const feed = new Feed(ws, () => this.#snapshot(apiUrl));
    this.#feeds.add(feed);
    ws.on('close', () => {
      this.#feeds.delete(feed);
      feed.stop();
    });
    // A protocol error of the page. ws has closed the connection with the matching code.
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => this.#receive(feed, isBinary ? '' : data.toString()));
    feed.start(this.#wire);
  }

  /**
   * @param {Feed} feed
   * @param {string} text
   */
  #receive(feed, text) {
    const { id, action, ...args } = decodeObject(text) ?? {};
    const result = perform(action, args, this.#parts);
    if (action === 'fault') {
      if (result.ok) this.#addWireEntry({ at: Date.now(), kind: 'fault', data: String(args.fault) });
      this.#invalidateSnapshots();
    }
    // An id of another type could be nested too deeply for JSON.stringify.
    feed.respond(typeof id === 'number' || typeof id === 'string' ? id : undefined, result);
  }

  /** Starts with the first page: a workspace without a page does not pay for this. */
  #listen() {
    if (this.#isListening) return;
    this.#isListening = true;
    const { events, state } = this.#parts;
    events.on('event', (event, audience) => {
      if (this.#feeds.size === 0) return;
      const shown = withoutMissingThread(event, state);
      for (const feed of this.#feeds) feed.addEvent(shown, audience ?? {});
    });
    events.on('presence', () => this.#invalidateSnapshots());
    events.on('frame', (frame) => this.#addWireEntry(frameEntry(frame)));
    events.on('request', (request) => this.#addWireEntry(callEntry(request)));
    events.on('connection', ({ id, bot }) => {
      this.#addWireEntry({ at: Date.now(), kind: 'open', connection: id, bot: bot.id, data: '' });
      this.#invalidateSnapshots();
    });
    events.on('disconnection', ({ id, bot }, { code, reason }) => {
      this.#addWireEntry({
        at: Date.now(),
        kind: 'close',
        connection: id,
        bot: bot.id,
        data: `${code} ${reason}`.trim(),
      });
      this.#invalidateSnapshots();
    });
  }

  #invalidateSnapshots() {
    for (const feed of this.#feeds) feed.invalidateSnapshot();
  }

  /** @param {WireEntry} entry */
  #addWireEntry(entry) {
    this.#wire.push(entry);
    if (this.#wire.length > 2 * MAX_FRAMES) this.#wire = this.#wire.slice(-MAX_FRAMES);
    for (const feed of this.#feeds) feed.addFrame(entry);
  }

  /**
   * Everything that the page shows, without the messages.
   *
   * @param {string} apiUrl
   */
  #snapshot(apiUrl) {
    const { state, rtm, faults } = this.#parts;
    const tokens = new Map(state.users.bots.map((bot) => [bot.id, bot.token]));
    return {
      apiUrl,
      team: state.team.name,
      users: state.users.all.map(({ id, name, realName, isBot, presence }) => ({
        id,
        name,
        realName,
        isBot,
        presence,
        token: tokens.get(id),
      })),
      channels: state.channels.all.map(({ id, name, isPrivate, isIm, members, topic, purpose }) => ({
        id,
        name,
        isPrivate,
        isIm,
        members: [...members],
        topic,
        purpose,
      })),
      connections: [...rtm.connections].map(({ id, bot }) => ({ id, bot: bot.id })),
      faults: lastingFaults({ faults, rtm }),
    };
  }
}

/**
 * Whether a request comes from the page itself. A page of another site sends another `Origin`. A name that an attacker has
 * made to resolve to this server (DNS rebinding) appears as another `Host`. The address at which the request arrived is
 * accepted as `Host`, because an address cannot be rebound.
 *
 * @param {IncomingMessage} request
 * @param {string} listening the name or address that the server listens on
 */
function isOwnOrigin({ headers: { host = '', origin }, socket }, listening) {
  const [, name] = HOST.exec(host.toLowerCase()) ?? [];
  if (name === undefined) return false;
  const arrivedAt = ANY_ADDRESS.has(listening) ? (socket.localAddress ?? '').replace(/^::ffff:/, '') : listening;
  const bracketed = isIP(arrivedAt) === 6 ? `[${arrivedAt}]` : arrivedAt;
  if (!LOOPBACK.has(name) && name !== bracketed.toLowerCase()) return false;
  return origin === undefined || origin.toLowerCase() === `http://${host}`.toLowerCase();
}

/**
 * @param {ServerResponse} response
 * @param {string} name in the folder
 * @param {string} type
 */
async function sendFile(response, name, type) {
  try {
    const content = await readFile(path.join(FOLDER, name));
    response.writeHead(200, { ...HEADERS, 'content-type': TYPES[type], 'content-length': content.length }).end(content);
  } catch {
    respond(response, 404, 'not found\n');
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [headers]
 */
function respond(response, status, text, headers) {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
}

module.exports = { PageServer };
