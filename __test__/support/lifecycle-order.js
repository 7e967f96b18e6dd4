// Whether lifecycle events came in a legal order, and whether the properties fitted them. Owns the order as section
// "Lifecycle" of the documentation has it, for a client that reconnects by itself.
'use strict';

/** What may follow what. A client is `disconnected` when it is made. */
const FOLLOWS = {
  disconnected: ['connecting'],
  connecting: ['authenticated', 'unable_to_rtm_start', 'disconnecting'],
  authenticated: ['connected', 'error', 'reconnecting', 'disconnecting'],
  connected: ['ready', 'error', 'reconnecting', 'disconnecting'],
  ready: ['error', 'reconnecting', 'disconnecting'],
  error: ['reconnecting'],
  // Passing trouble; permanent trouble ends a session.
  unable_to_rtm_start: ['reconnecting', 'disconnected'],
  reconnecting: ['connecting', 'disconnecting'],
  disconnecting: ['disconnected'],
};

/** What `authenticated` and `connected` are at an event; the others change neither. */
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
 *   properties while it was told
 * @param {Moment[]} moments all lifecycle events of a client's life
 * @returns {string[]} what was wrong
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
 * @param {(moment: Moment) => void} [tell] is told each at once
 */
function recordMoments(rtm, tell) {
  /** @type {Moment[]} */
  const moments = [];
  for (const name of Object.keys(FOLLOWS)) {
    rtm.on(name, () => {
      const { authenticated, connected } = rtm;
      moments.push({ name, authenticated, connected });
      tell?.(moments[moments.length - 1]);
    });
  }
  return moments;
}

module.exports = { lifecycleFaults, recordMoments };
