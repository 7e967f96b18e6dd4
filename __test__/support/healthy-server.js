// A healthy server's keepalive: it sends a WebSocket ping every second, drops a client that answers none for five seconds,
// and answers the client's own pings.
'use strict';

/** In ms. */
const PING_INTERVAL = 1000;
const PONG_TIMEOUT = 5000;

/**
 * Adds the keepalive to every socket of a scripted server. Returns what it counts.
 * @param {Awaited<ReturnType<typeof import('./scripted-server.js').scriptedServer>>} server
 */
function makeHealthy(server) {
  const counts = { dropped: 0, longestWait: 0 };
  server.greet = (socket) => {
    keepAlive(socket, counts);
    socket.hello();
  };
  return counts;
}

function keepAlive(socket, counts) {
  /** @type {number | undefined} when the first unanswered ping was sent */
  let unanswered;
  const check = () => {
    const now = performance.now();
    if (unanswered !== undefined && now - unanswered > PONG_TIMEOUT) {
      counts.dropped += 1;
      socket.drop();
      return;
    }
    unanswered ??= now;
    socket.ws.ping();
  };
  // setImmediate, so that a pong that has already arrived is read before the check, even when the timer is late.
  const timer = setInterval(() => setImmediate(check), PING_INTERVAL);
  socket.ws.on('pong', () => {
    if (unanswered === undefined) return;
    counts.longestWait = Math.max(counts.longestWait, performance.now() - unanswered);
    unanswered = undefined;
  });
  socket.ws.on('message', (data) => {
    const { type, id } = JSON.parse(data.toString());
    if (type === 'ping') socket.send({ type: 'pong', reply_to: id });
  });
  socket.closed.then(() => clearInterval(timer));
}

module.exports = { makeHealthy };
