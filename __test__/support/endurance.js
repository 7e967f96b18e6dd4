// Steps that tests of outages, storms and sleeps share, in the test's process and in those of its clients. Owns no
// expectation.
'use strict';

/**
 * A logger that tells each pause that a client announces, in ms.
 * @param {(pause: number) => void} [tell]
 */
function pauseLogger(tell) {
  const quiet = () => {};
  const info = (text) => {
    const [, pause] = / in (\d+) ms$/.exec(text) ?? [];
    if (pause !== undefined) tell?.(Number(pause));
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
