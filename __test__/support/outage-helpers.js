// Helpers for tests of outages, reconnect storms and sleep. They run in the test's process and in its clients' processes.
'use strict';

/**
 * A logger that reports each pause before a reconnect that a client logs, in ms.
 * @param {(pause: number) => void} [onPause]
 */
function pauseLogger(onPause) {
  const quiet = () => {};
  const info = (text) => {
    const [, pause] = / in (\d+) ms$/.exec(text) ?? [];
    if (pause !== undefined) onPause?.(Number(pause));
  };
  return { debug: quiet, info, warn: quiet, error: quiet, setLevel: quiet, setName: quiet, getLevel: quiet };
}

/** Answers the pings on a socket of a scripted server. */
function answerPings(socket) {
  socket.ws.on('message', () => {
    const { type, id } = socket.frames.at(-1);
    if (type === 'ping') socket.send({ type: 'pong', reply_to: id });
  });
}

module.exports = { answerPings, pauseLogger };
