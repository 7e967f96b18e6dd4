// Shared by the tests: a minimal RTM client that exposes every frame, and Web API calls.
'use strict';

const { once } = require('node:events');
const WebSocket = require('ws');
const { Workspace } = require('..');

/**
 * Starts a workspace. It is closed after the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('..').StartOptions} [options]
 */
async function startWorkspace(t, options) {
  const slack = await Workspace.start(options);
  t.after(() => slack.close());
  return slack;
}

/** Calls a Web API method with a form. Returns the status, the headers, the body's text and the parsed body. */
async function call(slack, method, params = {}, token = slack.token) {
  const response = await fetch(slack.apiUrl + method, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: new URLSearchParams(params).toString(),
  });
  return read(response);
}

async function read(response) {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** A client's socket. It keeps every frame in the order of arrival. */
class Client {
  /** All text frames, and the Buffers of binary frames. */
  texts = [];
  #unread = [];
  #wake = () => {};

  constructor(url) {
    this.ws = new WebSocket(url);
    this.ws.on('message', (data, isBinary) => {
      this.texts.push(isBinary ? data : data.toString());
      this.#unread.push(isBinary ? data : data.toString());
      this.#wake();
    });
    this.ws.on('error', () => {});
    this.closed = once(this.ws, 'close').then(([code, reason]) => ({ code, reason: reason.toString() }));
    this.closed.then(() => this.#wake());
  }

  /** Connects and reads the `hello`. */
  static async connect(slack, { token, ...params } = {}) {
    const client = await Client.open(slack, { token, ...params });
    const hello = await client.next();
    if (hello.type !== 'hello') throw new Error(`expected hello, got ${JSON.stringify(hello)}`);
    return client;
  }

  /** Connects without reading anything. */
  static async open(slack, { token, ...params } = {}) {
    const { body } = await call(slack, 'rtm.connect', params, token);
    const client = new Client(body.url);
    await once(client.ws, 'open');
    return client;
  }

  send(frame) {
    this.ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The next frame as received. */
  async nextText() {
    while (this.#unread.length === 0) {
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error('closed while a frame was awaited');
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#unread.shift();
  }

  /** The next frame, parsed as JSON. */
  async next() {
    return JSON.parse(await this.nextText());
  }

  /** Sends a frame, and returns the next one that arrives. */
  async ask(frame) {
    this.send(frame);
    return this.next();
  }
}

/** The HTTP status that refuses an upgrade. Rejects if the upgrade is accepted. */
function refusedStatus(url) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url);
    ws.on('unexpected-response', (request, response) => {
      response.resume();
      resolve(response.statusCode);
    });
    ws.on('open', () => reject(new Error('the upgrade was accepted')));
    ws.on('error', reject);
  });
}

module.exports = { startWorkspace, call, read, Client, refusedStatus };
