// The Web API over HTTP.
'use strict';

const { encode } = require('../json');
const { SlackError } = require('../slack-error');
const { methods } = require('./methods');
const { readParams } = require('./params');
const { TOO_LONG, headersWithoutSecrets, readBody, takeToken } = require('./request');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./methods/arguments').Params} Params
 * @typedef {import('../../index').ConnectRefusal} ConnectRefusal
 */

const PATH = '/api/';
/** ms for which the rest of a body that is too long is read. A client that is still sending does not read the response. */
const LINGER = 1000;
const JSON_TYPE = 'application/json; charset=utf-8';
const CONNECT_METHODS = ['rtm.connect', 'rtm.start'];
/** The scopes of every bot token, as Slack names them for bots that may use RTM. */
const SCOPES = 'identify,bot';

/** Reads a request, calls the method, and writes the response in Slack's envelope: `ok`, `error`, warnings. */
class WebApi {
  #state;
  #rtm;
  #faults;
  #events;

  /**
   * @param {object} parts
   * @param {import('../state/state').State} parts.state
   * @param {import('../rtm/rtm-server').RtmServer} parts.rtm
   * @param {import('../faults/faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   */
  constructor({ state, rtm, faults, events }) {
    this.#state = state;
    this.#rtm = rtm;
    this.#faults = faults;
    this.#events = events;
  }

  /**
   * Handles a request. Never rejects.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async handle(request, response) {
    const [path, query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const isGet = request.method === 'GET';
    if (!path.startsWith(PATH)) {
      write(response, 404, 'not found', { 'content-type': 'text/plain' });
    } else if (!isGet && request.method !== 'POST') {
      write(response, 405, 'method not allowed', { 'content-type': 'text/plain', allow: 'GET, POST' });
    } else {
      const body = isGet ? Buffer.alloc(0) : await readBody(request).catch(() => undefined);
      if (body === TOO_LONG) refuseBody(request, response);
      else if (body !== undefined) await this.#handleCall(path.slice(PATH.length), query, body, request, response);
    }
  }

  /**
   * @param {string} name of the method
   * @param {string} query
   * @param {Buffer} body
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #handleCall(name, query, body, request, response) {
    /** @type {Record<string, string>} */
    const headers = { 'content-type': JSON_TYPE, 'cache-control': 'private, no-cache, no-store, must-revalidate' };
    let json;
    try {
      const { params, warnings } = await readParams(query, body, request.headers['content-type']);
      const token = takeToken(request, params);
      const bot = this.#botOf(token);
      const call = { method: name, at: Date.now(), bot, params, headers: headersWithoutSecrets(request) };
      this.#events.emit('request', call, query.length + body.length);
      const refusal = this.#takeRefusal(name);
      if (refusal) {
        writeRefusal(refusal, response, headers);
        return;
      }
      if (bot) headers['x-oauth-scopes'] = SCOPES;
      json = encode(withWarnings(this.#call(name, params, token, headers, request.headers.host), warnings));
    } catch (error) {
      json = encode(failure(error));
    }
    write(response, 200, json, headers);
  }

  /**
   * The response that a fault replaces the method's response with.
   *
   * @param {string} name of the method
   * @returns {ConnectRefusal | undefined}
   */
  #takeRefusal(name) {
    const refusal = CONNECT_METHODS.includes(name) ? this.#faults.takeConnectRefusal() : undefined;
    if (refusal) return refusal;
    const seconds = this.#faults.takeCallLimit(name);
    if (seconds === undefined) return undefined;
    return { status: 429, headers: { 'retry-after': String(seconds) }, body: { ok: false, error: 'ratelimited' } };
  }

  /**
   * @param {string} name
   * @param {Params} params
   * @param {string | undefined} token
   * @param {Record<string, string>} headers of the response
   * @param {string | undefined} host the `Host` header of the request
   * @returns {Record<string, unknown>}
   */
  #call(name, params, token, headers, host) {
    const method = methods.get(name);
    if (!method) return failure(new SlackError('unknown_method'));
    try {
      if (!('scopes' in method)) return method.run(params);
      const bot = this.#botOf(token);
      if (!bot) throw new SlackError(token === undefined ? 'not_authed' : 'invalid_auth');
      headers['x-accepted-oauth-scopes'] = method.scopes;
      const createSocketUrl = (/** @type {boolean} */ batchPresence) => this.#rtm.createUrl(bot, batchPresence, host);
      const countConnections = () => this.#rtm.connectionsOf(bot).length;
      return { ok: true, ...method.run(params, { bot, state: this.#state, createSocketUrl, countConnections }) };
    } catch (error) {
      return failure(error);
    }
  }

  /** @param {string | undefined} token */
  #botOf(token) {
    return token === undefined ? undefined : this.#state.users.botByToken(token);
  }
}

/**
 * The response for an error. The details of an error that is not Slack's are not shown.
 *
 * @param {unknown} error
 * @returns {Record<string, unknown>}
 */
function failure(error) {
  if (!(error instanceof SlackError)) return { ok: false, error: 'internal_error' };
  return { ok: false, error: error.code, ...error.fields };
}

/**
 * Adds warnings to the method's own.
 *
 * @param {Record<string, unknown>} response
 * @param {string[]} warnings
 */
function withWarnings(response, warnings) {
  const { warning, response_metadata: metadata, ...rest } = response;
  const all = [...(typeof warning === 'string' ? [warning] : []), ...warnings];
  if (all.length === 0) return response;
  const more = typeof metadata === 'object' ? metadata : {};
  return { ...rest, warning: all.join(','), response_metadata: { ...more, warnings: all } };
}

/**
 * Responds with 413 at once, and closes the connection when the rest of the body has been read or LINGER has passed.
 *
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function refuseBody(request, response) {
  const body = encode({ ok: false, error: 'request_too_large' });
  response.writeHead(413, {
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER);
  request.once('end', end).once('close', end).resume();
}

/**
 * @param {ConnectRefusal} refusal
 * @param {ServerResponse} response
 * @param {Record<string, string>} headers
 */
function writeRefusal(refusal, response, headers) {
  if ('error' in refusal) {
    write(response, 200, encode({ ok: false, ...refusal }), headers);
  } else if ('status' in refusal) {
    const { status, headers: extra, body = '' } = refusal;
    write(response, status, typeof body === 'string' ? body : encode(body), { ...headers, ...extra });
  } else if ('html' in refusal) {
    write(response, 200, String(refusal.html), { 'content-type': 'text/html; charset=utf-8' });
  } else if ('drop' in refusal) {
    response.destroy();
  }
  // `hang`: no response.
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} body
 * @param {Record<string, string>} headers
 */
function write(response, status, body, headers) {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
}

module.exports = { WebApi };
