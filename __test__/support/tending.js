// What a healthy server does for its sockets besides sending events: it pings every second at the level of WebSocket,
// drops whoever leaves a ping without an answer for five seconds, and answers the client's own pings. Owns these rules.
'use strict';

const PING_EVERY = 1000;
const PATIENCE = 5000;

/**
 * Has a scripted server tend every socket from its opening on.
 * @param {Awaited<ReturnType<typeof import('./scripted-server.js').scriptedServer>>} server
 */
function tended(server) {
  const told = { dropped: 0, longestWait: 0 };
  server.greet = (socket) => {
    tend(socket, told);
    socket.hello();
  };
  return told;
}

function tend(socket, told) {
  /** @type {number | undefined} when the first ping went out that no pong has followed */
  let unanswered;
  const look = () => {
    const now = performance.now();
    if (unanswered !== undefined && now - unanswered > PATIENCE) {
      told.dropped += 1;
      socket.drop();
      return;
    }
    unanswered ??= now;
    socket.ws.ping();
  };
  // What has arrived is read before it is looked at, however late the timer is.
  const timer = setInterval(() => setImmediate(look), PING_EVERY);
  socket.ws.on('pong', () => {
    if (unanswered === undefined) return;
    told.longestWait = Math.max(told.longestWait, performance.now() - unanswered);
    unanswered = undefined;
  });
  socket.ws.on('message', (data) => {
    const { type, id } = JSON.parse(data.toString());
    if (type === 'ping') socket.send({ type: 'pong', reply_to: id });
  });
  socket.closed.then(() => clearInterval(timer));
}

module.exports = { tended };
