// The HTTP server that the Web API, the RTM server and the page share.
'use strict';

const { createServer } = require('node:http');
const { isIPv6 } = require('node:net');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 *
 * @typedef {object} Handlers
 * @property {import('./page/page-server').PageServer} page
 * @property {import('./web-api/web-api').WebApi} api
 * @property {import('./rtm/rtm-server').RtmServer} rtm
 */

const LOOPBACK = '127.0.0.1';
/** The addresses that mean every address of the machine, each with an address to reach the machine itself by. */
const WILDCARDS = new Map([
  ['0.0.0.0', LOOPBACK],
  ['::', '::1'],
]);

/** Listens, and passes each request to the part that handles it. */
class HttpServer {
  host;
  #server;
  #port = 0;
  #isClosing = false;
  /** @type {Handlers | undefined} */
  #handlers;

  /** @param {string} [host] the name or address to listen on */
  constructor(host = LOOPBACK) {
    this.host = host;
    // Node.js 24.9 and later call `shouldUpgradeCallback`. Earlier ones treat every upgrade request as an upgrade.
    const options = /** @type {import('node:http').ServerOptions} */ ({ shouldUpgradeCallback: isForWebSocket });
    this.#server = createServer(options, (request, response) => {
      const { page, api } = /** @type {Handlers} */ (this.#handlers);
      if (!page.handle(request, response)) void api.handle(request, response);
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * @param {number} port 0 for any free one
   * @param {Handlers} handlers
   */
  async listen(port, handlers) {
    this.#handlers = handlers;
    const server = this.#server;
    await new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, this.host, () => resolve(server.off('error', reject)));
    });
    this.#port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  }

  /**
   * Host and port for a URL of this server. If the server listens on every address, only the client knows which one it can
   * reach: the client's own `Host` header is used.
   *
   * @param {string} [hostHeader]
   */
  authority(hostHeader) {
    const reachable = WILDCARDS.get(this.host);
    if (reachable !== undefined && hostHeader) return hostHeader;
    const host = reachable ?? this.host;
    return `${isIPv6(host) ? `[${host}]` : host}:${this.#port}`;
  }

  /** Stops listening. Resolves when no connection is left. */
  close() {
    this.#isClosing = true;
    return new Promise((resolve) => this.#server.close(resolve));
  }

  destroyConnections() {
    this.#server.closeAllConnections();
  }

  /**
   * @param {IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head the data that was read after the headers
   */
  #upgrade(request, socket, head) {
    const { page, rtm } = /** @type {Handlers} */ (this.#handlers);
    if (this.#isClosing) socket.destroy();
    else if (!isForWebSocket(request)) this.#ignoreUpgrade(request, socket, head);
    else if (!page.upgrade(request, socket, head)) rtm.upgrade(request, socket, head);
  }

  /**
   * Handles a request that offers another protocol, such as HTTP/2, without the offer. Node.js before 24.9 stops reading HTTP
   * at such a request.
   *
   * @param {IncomingMessage} request
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   */
  #ignoreUpgrade({ method, url, httpVersion, rawHeaders }, socket, head) {
    let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (rawHeaders[i].toLowerCase() !== 'upgrade') text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
    }
    socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
    this.#server.emit('connection', socket);
  }
}

/** @param {IncomingMessage} request one that offers another protocol */
function isForWebSocket({ headers }) {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

module.exports = { HttpServer };
