// Sending recorded frames at their recorded pace.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');

/** The longest delay of a timer in ms. */
const MAX_PAUSE = 2 ** 31 - 1;

/**
 * @typedef {import('../index').Frame} Frame
 * @typedef {import('./rtm/connection').Connection} Connection
 */

/**
 * @param {string | Frame[]} frames
 * @param {object} options
 * @param {(frame: Frame) => Connection[]} options.send sends a frame and returns the connections that got it
 * @param {AbortSignal} options.signal ends the replay
 * @param {number} [options.speed]
 * @param {number[]} [options.times] seconds
 * @param {number} [options.maxPause] ms
 * @returns {Promise<number>} the number of frames sent
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
 * @returns {number} seconds; NaN if the frame has no time
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
