// Agents that make the connections in JavaScript, and a server with TLS behind a counting relay for their tests.
'use strict';

const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');
const { authority } = require('./certificates.js');
const { clientOf } = require('./client.js');
const { countingRelay } = require('./counted-server.js');
const { scriptedServer } = require('./scripted-server.js');

/** A server, with TLS unless `plain`, behind a relay, and a function that makes its clients. */
async function openSlack(t, { plain = false, tls: options } = {}) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, plain ? {} : { tls: { key, cert, ...options } });
  const relay = await countingRelay(t, server);
  return { server, relay, ca, client: (options) => clientOf(t, server, options) };
}

/** Node's agent, which records its connections. */
class CountingAgent extends https.Agent {
  made = [];

  createConnection(...args) {
    const socket = super.createConnection(...args);
    this.made.push(socket);
    return socket;
  }
}

/**
 * An agent whose connections are made by a function. Its parameters are the number of earlier connections, Node's options,
 * the callback, and a function that makes the usual connection.
 */
class FunctionAgent extends https.Agent {
  made = [];
  #connect;

  constructor(options, connect) {
    super(options);
    this.#connect = connect;
  }

  createConnection(options, callback) {
    const count = this.made.length;
    const socket = this.#connect(count, options, callback, () => super.createConnection(options));
    this.made.push(socket);
    return socket;
  }
}

/** Connects with the options that agent-base passes. */
function connectTo({ secureEndpoint, host, port, ca }) {
  return secureEndpoint ? tls.connect({ host, port: Number(port), ca }) : net.connect({ host, port: Number(port) });
}

/** A socket whose DNS lookup never ends. */
function neverConnected() {
  return net.connect({ host: 'slack.test', port: 443, lookup() {} });
}

/** A stream in front of a socket, without a socket's own methods. */
class PlainStream extends Duplex {
  constructor(socket) {
    super();
    this.socket = socket;
    socket.on('data', (bytes) => this.push(bytes) || socket.pause());
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
  }

  _read() {
    this.socket.resume();
  }

  _write(bytes, _encoding, done) {
    this.socket.write(bytes, done);
  }

  _final(done) {
    this.socket.end(done);
  }

  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }
}

module.exports = { CountingAgent, FunctionAgent, PlainStream, connectTo, neverConnected, openSlack };
