// Owns the pace of a stream of recorded frames. Knows no socket: it is told how to send.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** ms; the longest that timers know */
const MAX_PAUSE = 2 ** 31 - 1;

/**
 * @typedef {import('../index').Frame} Frame
 * @typedef {import('./connection').Connection} Connection
 */

/**
 * @param {string | Frame[]} frames
 * @param {object} how
 * @param {(frame: Frame) => Connection[]} how.send gives the connections that it was sent to
 * @param {AbortSignal} how.signal ends it
 * @param {number} [how.speed]
 * @param {number[]} [how.times] seconds
 * @param {number} [how.maxPause] ms
 * @returns {Promise<number>} of frames sent
 */
async function replay(frames, { send, signal, speed = Infinity, times, maxPause = 2000 }) {
  if (!(speed > 0)) throw new RangeError(`speed must be a number above 0, not ${String(speed)}`);
  const list = typeof frames === 'string' ? frames.split('\n').filter((line) => line.trim() !== '') : frames;
  let last = NaN;
  let count = 0;
  for (const [index, frame] of list.entries()) {
    if (speed !== Infinity) {
      const time = times ? times[index] : recordedAt(frame);
      const gap = Math.min(((time - last) * 1000) / speed, maxPause, MAX_PAUSE);
      if (gap > 0) await pause(gap, undefined, { signal }).catch(() => {});
      if (!Number.isNaN(time)) last = time;
    }
    if (signal.aborted) break;
    const reached = send(frame);
    if (reached.length === 0) break;
    count += 1;
    for (const connection of reached) {
      const drained = connection.drained();
      if (drained) await drained;
    }
  }
  return count;
}

/**
 * @param {Frame} frame
 * @returns {number} seconds; NaN where the frame does not tell
 */
function recordedAt(frame) {
  try {
    const { event_ts, ts } = typeof frame === 'string' ? JSON.parse(frame) : frame;
    return Number(event_ts ?? ts ?? NaN);
  } catch {
    return NaN;
  }
}

module.exports = { replay };
