// Checks the order of lifecycle events, and the properties at each of them, for a client that reconnects by itself. The
// order is that of docs/lifecycle.md.
'use strict';

/** For each event, the events that may follow it. A new client is `disconnected`. */
const FOLLOWS = {
  disconnected: ['connecting'],
  connecting: ['authenticated', 'unable_to_rtm_start', 'disconnecting'],
  authenticated: ['connected', 'error', 'reconnecting', 'disconnecting'],
  connected: ['ready', 'error', 'reconnecting', 'disconnecting'],
  ready: ['error', 'reconnecting', 'disconnecting'],
  error: ['reconnecting'],
  // A temporary failure; a permanent failure ends the session.
  unable_to_rtm_start: ['reconnecting', 'disconnected'],
  reconnecting: ['connecting', 'disconnecting'],
  disconnecting: ['disconnected'],
};

/** `authenticated` and `connected` at an event. Other events change neither. */
const PROPERTIES = {
  connecting: [false, false],
  authenticated: [true, false],
  connected: [true, true],
  ready: [true, true],
  reconnecting: [false, false],
  disconnecting: [false, false],
  disconnected: [false, false],
};

/**
 * @typedef {{ name: string, authenticated: boolean, connected: boolean }} Moment an event, with the client's
 *   properties while it was emitted
 * @param {Moment[]} moments all lifecycle events of a client
 * @returns {string[]} the violations
 */
function lifecycleFaults(moments) {
  const faults = [];
  let last = 'disconnected';
  let expected = PROPERTIES.disconnected;
  for (const [index, { name, authenticated, connected }] of moments.entries()) {
    if (!FOLLOWS[last].includes(name)) faults.push(`lifecycle event ${index}: ${name} after ${last}`);
    expected = PROPERTIES[name] ?? expected;
    if (authenticated !== expected[0] || connected !== expected[1]) {
      faults.push(`lifecycle event ${index}: at ${name} authenticated is ${authenticated}, connected ${connected}`);
    }
    last = name;
  }
  return faults;
}

/**
 * Records a client's moments.
 * @param {import('eventemitter3').EventEmitter & { authenticated: boolean, connected: boolean }} rtm
 * @param {(moment: Moment) => void} [onMoment] called at once for each
 */
function recordMoments(rtm, onMoment) {
  /** @type {Moment[]} */
  const moments = [];
  for (const name of Object.keys(FOLLOWS)) {
    rtm.on(name, () => {
      const { authenticated, connected } = rtm;
      moments.push({ name, authenticated, connected });
      onMoment?.(moments[moments.length - 1]);
    });
  }
  return moments;
}

module.exports = { lifecycleFaults, recordMoments };
