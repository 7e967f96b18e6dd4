// Owns the page's server side: its files over HTTP, its socket, and who may have them. What a page may ask for is in
// page-actions.js, what it is told and how that is thinned out in page-feed.js, the page itself in ../page.
'use strict';

const { readFile } = require('node:fs/promises');
const { STATUS_CODES } = require('node:http');
const { isIP } = require('node:net');
const path = require('node:path');
const { WebSocketServer } = require('ws');
const { perform, statusOfFaults, withoutLostThread } = require('./page-actions');
const { Feed, callEntry, frameEntry, MOST_FRAMES } = require('./page-feed');
const { decodeObject } = require('./wire');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./page-feed').WireEntry} WireEntry
 */

const FOLDER = path.join(__dirname, '..', 'page');
const SOCKET_PATH = '/page/socket';
/** The only names that are looked for in the folder. */
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
/** No inline script or style, nothing from elsewhere, and no way to make markup of a string. */
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
/** Bytes of one frame of a page: far above the 40,000 characters that a message may have. */
const MOST_BYTES = 1024 * 1024;
/** A name or an address, in brackets where it is one of version 6, and a port. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

class Page {
  #parts;
  #host;
  #server = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, perMessageDeflate: false });
  /** @type {Set<Feed>} one for each open page */
  #feeds = new Set();
  /** @type {WireEntry[]} the last ones, for pages opened later */
  #wire = [];
  #isListening = false;

  /**
   * @param {object} parts
   * @param {import('./state').State} parts.state
   * @param {import('./rtm').Rtm} parts.rtm
   * @param {import('./faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   * @param {string} [parts.host] the name or address at which the server listens, when it is not the loopback's
   */
  constructor({ host = '127.0.0.1', ...parts }) {
    this.#parts = parts;
    this.#host = host;
  }

  /**
   * Answers requests for the page.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @returns {boolean} false where it was not for the page
   */
  handle(request, response) {
    const [url] = (request.url ?? '').split('?', 1);
    if (url !== '/' && url !== '/page' && !url.startsWith('/page/')) return false;
    request.resume();
    const [, name, type] = url === '/' ? ['', ...INDEX] : (FILE.exec(url) ?? []);
    if (!isOurs(request, this.#host)) answer(response, 403, `${request.headers.host} is not this workspace\n`);
    else if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, '', { allow: 'GET, HEAD' });
    else if (!name) answer(response, 404, 'not found\n');
    else void sendFile(response, name, type);
    return true;
  }

  /**
   * Takes the upgrade of a page's socket, or refuses it.
   *
   * @param {IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @returns {boolean} false where it was not for the page
   */
  upgrade(request, socket, head) {
    if ((request.url ?? '').split('?', 1)[0] !== SOCKET_PATH) return false;
    if (isOurs(request, this.#host)) {
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, request.headers.host ?? ''));
    } else {
      socket.on('error', () => {});
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 403 ${STATUS_CODES[403]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    return true;
  }

  /** Ends the pages' sockets; the pages will try to come back. */
  close() {
    for (const feed of this.#feeds) feed.end();
  }

  /**
   * @param {import('ws').WebSocket} ws
   * @param {string} host by which the page knows this server
   */
  #open(ws, host) {
    this.#listen();
    const apiUrl = `http://${host}/api/`;
    const feed = new Feed(ws, () => this.#directory(apiUrl));
    this.#feeds.add(feed);
    ws.on('close', () => {
      this.#feeds.delete(feed);
      feed.stop();
    });
    // A frame against the protocol: ws has closed the connection with the right code.
    ws.on('error', () => {});
    ws.on('message', (data, isBinary) => this.#received(feed, isBinary ? '' : data.toString()));
    feed.begin(this.#wire);
  }

  /**
   * @param {Feed} feed
   * @param {string} text
   */
  #received(feed, text) {
    const { id, do: action, ...args } = decodeObject(text) ?? {};
    const result = perform(action, args, this.#parts);
    if (action === 'fault') {
      if (result.ok) this.#tell({ at: Date.now(), kind: 'fault', data: String(args.fault) });
      this.#changed();
    }
    // Another id than a page's may be too deep to be written.
    feed.answer(typeof id === 'number' || typeof id === 'string' ? id : undefined, result);
  }

  /** From the first page on; before, nobody pays for it. */
  #listen() {
    if (this.#isListening) return;
    this.#isListening = true;
    const { events, state } = this.#parts;
    events.on('event', (event, audience) => {
      const told = this.#feeds.size > 0 ? withoutLostThread(event, state) : event;
      for (const feed of this.#feeds) feed.event(told, audience ?? {});
    });
    events.on('presence', () => this.#changed());
    events.on('frame', (frame) => this.#tell(frameEntry(frame)));
    events.on('request', ({ at, method, bot, params }) => {
      this.#tell(callEntry({ at, method, bot, params }));
    });
    events.on('connection', ({ id, bot }) => {
      this.#tell({ at: Date.now(), kind: 'open', connection: id, bot: bot.id, data: '' });
      this.#changed();
    });
    events.on('disconnection', ({ id, bot }, { code, reason }) => {
      this.#tell({ at: Date.now(), kind: 'close', connection: id, bot: bot.id, data: `${code} ${reason}`.trim() });
      this.#changed();
    });
  }

  #changed() {
    for (const feed of this.#feeds) feed.changed();
  }

  /** @param {WireEntry} entry */
  #tell(entry) {
    this.#wire.push(entry);
    if (this.#wire.length > 2 * MOST_FRAMES) this.#wire = this.#wire.slice(-MOST_FRAMES);
    for (const feed of this.#feeds) feed.frame(entry);
  }

  /**
   * Who and what there is, all but the messages.
   *
   * @param {string} apiUrl
   */
  #directory(apiUrl) {
    const { state, rtm, faults } = this.#parts;
    const tokens = new Map(state.bots.map((bot) => [bot.id, bot.token]));
    return {
      apiUrl,
      team: state.team.name,
      users: state.users.map(({ id, name, realName, isBot, presence }) => ({
        id,
        name,
        realName,
        isBot,
        presence,
        token: tokens.get(id),
      })),
      channels: state.channels.map(({ id, name, isPrivate, isIm, members, topic, purpose }) => ({
        id,
        name,
        isPrivate,
        isIm,
        members: [...members],
        topic,
        purpose,
      })),
      connections: [...rtm.connections].map(({ id, bot }) => ({ id, bot: bot.id })),
      faults: statusOfFaults(faults, rtm),
    };
  }
}

/**
 * Whether a request comes from the page itself. A page of another site bears its own `Origin`; one whose name was made
 * to point here bears that name as `Host`. An address cannot be made to point elsewhere, so the one at which the request
 * arrived will do too.
 *
 * @param {IncomingMessage} request
 * @param {string} listening where the server listens
 */
function isOurs({ headers: { host = '', origin }, socket }, listening) {
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
    answer(response, 404, 'not found\n');
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [headers]
 */
function answer(response, status, text, headers) {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', ...headers }).end(text);
}

module.exports = { Page };
