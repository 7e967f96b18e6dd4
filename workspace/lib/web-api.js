// Owns HTTP: reads a request's body and token, finds the method, writes the answer in Slack's envelope. How arguments
// are read is in params.js, what a method does in methods/.
'use strict';

const { SlackError } = require('./errors');
const { methods } = require('./methods');
const { readParams } = require('./params');
const { encode } = require('./wire');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./methods/arguments').Params} Params
 * @typedef {import('../index').ConnectRefusal} ConnectRefusal
 */

const PATH = '/api/';
const MAX_BODY_BYTES = 10_000_000;
/** ms for which the rest of a body that is too long is read, so that its sender gets to see the answer */
const LINGER = 1000;
/** What `readBody` gives for a body above the limit. */
const TOO_LONG = Symbol('too long');
const JSON_TYPE = 'application/json; charset=utf-8';
const CONNECT_METHODS = ['rtm.connect', 'rtm.start'];
/** What the bots' tokens allow, as Slack words it for bots that may use RTM. */
const SCOPES = 'identify,bot';

class WebApi {
  #state;
  #rtm;
  #faults;
  #events;

  /**
   * @param {object} parts
   * @param {import('./state').State} parts.state
   * @param {import('./rtm').Rtm} parts.rtm
   * @param {import('./faults').Faults} parts.faults
   * @param {import('node:events').EventEmitter} parts.events
   */
  constructor({ state, rtm, faults, events }) {
    this.#state = state;
    this.#rtm = rtm;
    this.#faults = faults;
    this.#events = events;
  }

  /**
   * Answers a request. Never throws.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async handle(request, response) {
    const [path, query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const isRead = request.method === 'GET';
    if (!path.startsWith(PATH)) {
      write(response, 404, 'not found', { 'content-type': 'text/plain' });
    } else if (!isRead && request.method !== 'POST') {
      write(response, 405, 'method not allowed', { 'content-type': 'text/plain', allow: 'GET, POST' });
    } else {
      const body = isRead ? Buffer.alloc(0) : await readBody(request).catch(() => undefined);
      if (body === TOO_LONG) refuseBody(request, response);
      else if (body !== undefined) await this.#answer(path.slice(PATH.length), query, body, request, response);
    }
  }

  /**
   * @param {string} name of the method
   * @param {string} query
   * @param {Buffer} body
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #answer(name, query, body, request, response) {
    /** @type {Record<string, string>} */
    const headers = { 'content-type': JSON_TYPE, 'cache-control': 'private, no-cache, no-store, must-revalidate' };
    let answer;
    try {
      const { params, warnings } = await readParams(query, body, request.headers['content-type']);
      const token = takeToken(request, params);
      const bot = this.#botOf(token);
      const told = { method: name, at: Date.now(), bot, params, headers: withoutSecrets(request) };
      this.#events.emit('request', told, query.length + body.length);
      const refusal = this.#takeRefusal(name);
      if (refusal) {
        refuse(refusal, response, headers);
        return;
      }
      if (bot) headers['x-oauth-scopes'] = SCOPES;
      answer = encode(withWarnings(this.#call(name, params, token, headers, request.headers.host), warnings));
    } catch (error) {
      answer = encode(failure(error));
    }
    write(response, 200, answer, headers);
  }

  /**
   * What a test asked for in place of the answer.
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
   * @param {Record<string, string>} headers of the answer
   * @param {string | undefined} host that the server was asked by
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
      const reserve = (/** @type {boolean} */ batch) => this.#rtm.reserve(bot, batch, host);
      const connections = () => [...this.#rtm.connections].filter((connection) => connection.bot === bot).length;
      return { ok: true, ...method.run(params, { bot, state: this.#state, reserve, connections }) };
    } catch (error) {
      return failure(error);
    }
  }

  /** @param {string | undefined} token */
  #botOf(token) {
    return token === undefined ? undefined : this.#state.botByToken(token);
  }
}

/**
 * The envelope of an error; what is not Slack's is not shown.
 *
 * @param {unknown} error
 * @returns {Record<string, unknown>}
 */
function failure(error) {
  if (!(error instanceof SlackError)) return { ok: false, error: 'internal_error' };
  const { code, messages } = error;
  return { ok: false, error: code, ...(messages.length > 0 ? { response_metadata: { messages } } : {}) };
}

/**
 * Adds what is to be warned of to the method's own warnings.
 *
 * @param {Record<string, unknown>} answer
 * @param {string[]} warnings
 */
function withWarnings(answer, warnings) {
  const { warning, response_metadata: metadata, ...rest } = answer;
  const all = [...(typeof warning === 'string' ? [warning] : []), ...warnings];
  if (all.length === 0) return answer;
  const more = typeof metadata === 'object' ? metadata : {};
  return { ...rest, warning: all.join(','), response_metadata: { ...more, warnings: all } };
}

/**
 * @param {IncomingMessage} request
 * @returns {Promise<Buffer | typeof TOO_LONG>} rejects where the client went away
 */
function readBody(request) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    let chunks = [];
    let size = 0;
    const onData = (/** @type {Buffer} */ chunk) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) tooLong();
      else chunks.push(chunk);
    };
    const tooLong = () => {
      request.off('data', onData);
      chunks = [];
      resolve(TOO_LONG);
    };
    request.on('error', reject).on('close', reject);
    if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
      tooLong();
      return;
    }
    request.on('data', onData).on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/**
 * Answers 413 at once and closes the connection when the rest of the body was read, or soon.
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
 * The token of the header, the body or the query, which is taken out of the arguments.
 *
 * @param {IncomingMessage} request
 * @param {Params} params
 * @returns {string | undefined} undefined where there is none
 */
function takeToken(request, params) {
  const { token } = params;
  delete params.token;
  const [, bearer] = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '') ?? [];
  if (bearer) return bearer;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** @param {IncomingMessage} request */
function withoutSecrets({ headers }) {
  const { authorization, cookie, ...rest } = headers;
  return rest;
}

/**
 * @param {ConnectRefusal} refusal
 * @param {ServerResponse} response
 * @param {Record<string, string>} headers
 */
function refuse(refusal, response, headers) {
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
