// The server of the benchmark, a process of its own: answers the connect call, says hello, and on `{"type":"go"}`
// sends its stream as fast as the client reads. Ends with its parent.

import http from 'node:http';
import { createRequire } from 'node:module';
import { events, slackJson } from './frames.mjs';

const { WebSocketServer } = createRequire(import.meta.url)('ws');

const [count, mix] = [Number(process.argv[2]), process.argv[3]];
const stream = chunksOf(framesOf(mix).map(textFrame));

function framesOf(mix) {
  const mixed = events(count);
  if (mix === 'mixed') return mixed;
  if (mix === 'messages') return events(count * 5).filter(({ type, subtype }) => type === 'message' && !subtype).slice(0, count);
  // One in twenty is a message, the rest is what nobody listens to.
  const noise = mixed.filter(({ type }) => type !== 'message');
  const messages = mixed.filter(({ type, subtype }) => type === 'message' && !subtype);
  return Array.from({ length: count }, (_, index) =>
    index % 20 === 0 ? messages[index % messages.length] : noise[index % noise.length],
  );
}

/** A WebSocket text frame, unmasked, as servers send it. */
function textFrame(event) {
  const payload = Buffer.from(slackJson(event));
  const header = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  header[0] = 0x81;
  if (payload.length < 126) header[1] = payload.length;
  else if (payload.length < 65_536) [header[1]] = [126, header.writeUInt16BE(payload.length, 2)];
  else [header[1]] = [127, header.writeBigUInt64BE(BigInt(payload.length), 2)];
  return Buffer.concat([header, payload]);
}

function chunksOf(frames, size = 64 * 1024) {
  const all = Buffer.concat(frames);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size));
}

const server = http.createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  const url = `ws://127.0.0.1:${server.address().port}/`;
  response.end(JSON.stringify({ ok: true, url, self: { id: 'U1', name: 'bot' }, team: { id: 'T1', name: 'team', domain: 'team' } }));
});

new WebSocketServer({ server }).on('connection', (socket, { socket: raw }) => {
  socket.send('{"type":"hello"}');
  socket.on('message', async (data) => {
    const { type, id } = JSON.parse(data);
    if (type === 'ping') socket.send(JSON.stringify({ type: 'pong', reply_to: id }));
    if (type !== 'go') return;
    for (const chunk of stream) {
      if (!raw.write(chunk)) await new Promise((resolve) => raw.once('drain', resolve));
    }
    socket.send('{"type":"done"}');
  });
});

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
