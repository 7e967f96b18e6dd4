// The server of the benchmark: one process for the whole run. It responds to the connect call (whose path has the scheme of the
// socket), sends hello, replies to messages, and sends streams and single events. It exits with its parent.

import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { slackJson } from './frames.mjs';
import { blockOf, piecesOf } from './streams.mjs';

const require = createRequire(import.meta.url);
const { WebSocketServer } = require('ws');
const { authority } = require('../__test__/support/certificates.js');

/** The server writes no more than this many bytes ahead of the client. */
const AHEAD = 1024 * 1024;

/** The requests of clients, by the type of the frame. */
const REQUESTS = {
  /** Waits as a network would: @slack/rtm-api loses a pong that arrives before the callback of its own write. */
  async ping(socket, { id }) {
    await pause(2);
    socket.send(JSON.stringify({ type: 'pong', reply_to: id }));
  },

  /** Replies after the number of ms in the channel's name. */
  async message(socket, { id, text, channel }) {
    const after = Number(channel.slice(1));
    if (after > 0) await pause(after);
    socket.send(slackJson({ ok: true, reply_to: id, ts: '1795220000.000100', text }));
  },

  /** Sends frames of a stream, as fast as the client reads. */
  async stream(socket, { stream, count }) {
    const raw = socket._socket;
    for (const piece of piecesOf(stream, count)) {
      raw.write(piece);
      if (raw.writableLength > AHEAD) await new Promise((resolve) => raw.once('drain', resolve));
    }
    socket.send('{"type":"done"}');
  },

  /** Sends single messages with pauses between them. Each has the time at which it was written. */
  async singles(socket, { count, every }) {
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
  // A thousand clients may connect at once.
  await new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
}
const sizes = Object.fromEntries(['messages', 'noisy'].map((stream) => [stream, blockOf(stream).sizes]));
process.send({ port: plain.address().port, ca, sizes });
process.on('disconnect', () => process.exit());
