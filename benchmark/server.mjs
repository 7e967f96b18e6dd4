// The server of the benchmark, one process for the whole run. Owns what it does when a client asks: answers the connect
// call (its path names the socket's scheme), says hello, replies, pours streams, sends single events. Ends with its parent.

import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { slackJson } from './frames.mjs';
import { blockOf, piecesOf } from './streams.mjs';

const require = createRequire(import.meta.url);
const { WebSocketServer } = require('ws');
const { authority } = require('../__test__/support/certificates.js');

/** Bytes that wait for the client at most. */
const AHEAD = 1024 * 1024;

/** What a client may ask for, by the type of its frame. */
const REQUESTS = {
  /** As over a network: the peer loses what comes back before it has seen its own write end. */
  async ping(socket, { id }) {
    await pause(2);
    socket.send(JSON.stringify({ type: 'pong', reply_to: id }));
  },

  /** The reply comes after as many ms as the channel's name says. */
  async message(socket, { id, text, channel }) {
    const after = Number(channel.slice(1));
    if (after > 0) await pause(after);
    socket.send(slackJson({ ok: true, reply_to: id, ts: '1795220000.000100', text }));
  },

  /** So many frames of a stream, as fast as the client reads. */
  async pour(socket, { stream, count }) {
    const raw = socket._socket;
    for (const piece of piecesOf(stream, count)) {
      raw.write(piece);
      if (raw.writableLength > AHEAD) await new Promise((resolve) => raw.once('drain', resolve));
    }
    socket.send('{"type":"done"}');
  },

  /** Single messages, each with the time at which it was written, with pauses between them. */
  async trickle(socket, { count, every }) {
    for (let sent = 0; sent < count; sent += 1) {
      await pause(every);
      const event = { type: 'message', channel: 'C024BE91L', user: 'U024BE7LH', text: 'Grüße aus Köln', sent };
      socket.send(slackJson({ ...event, at: Number(process.hrtime.bigint()) }));
    }
    socket.send('{"type":"done"}');
  },
};

const { key, cert, ca } = authority('Benchmark authority').issue();

const plain = http.createServer((request, response) => {
  const scheme = request.url.split('/')[1];
  const { port } = (scheme === 'wss' ? secure : plain).address();
  response.setHeader('content-type', 'application/json');
  response.end(
    slackJson({
      ok: true,
      url: `${scheme}://127.0.0.1:${port}/`,
      self: { id: 'U024BE7LH', name: 'bot' },
      team: { id: 'T024BE7LD', name: 'team', domain: 'team' },
    }),
  );
});
const secure = https.createServer({ key, cert });

function serve(socket) {
  socket.send('{"type":"hello"}');
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const request = JSON.parse(data);
    REQUESTS[request.type](socket, request);
  });
}

for (const server of [plain, secure]) {
  new WebSocketServer({ server }).on('connection', serve);
  // A thousand clients may knock at once.
  await new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
}
const sizes = Object.fromEntries(['messages', 'noisy'].map((stream) => [stream, blockOf(stream).sizes]));
process.send({ port: plain.address().port, ca, sizes });
process.on('disconnect', () => process.exit());
