// A random schedule of faults, reproducible from its seed, and the kinds of faults. The proxy (fault-proxy.js) and the server
// (numbered-server.js) cause them.
'use strict';

/** Temporary errors of the connect call. */
const TEMPORARY = [
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
  'odd_error',
];

/**
 * @typedef {object} World everything that a fault can use
 * @property {import('./fault-proxy.js').FaultProxy} proxy
 * @property {import('./numbered-server.js').NumberedServer} server
 * @property {any} scripted the scripted server that `server` uses
 * @property {Random} random the fault's own generator
 * @property {number} unit the time in which the client detects a half-open connection, in ms
 * @property {(least: number, most: number, fn: () => unknown) => void} later calls a function after this many units
 */

/** Faults of a connection. It may survive those that only slow it down. @type {Record<string, (w: World) => void>} */
const OF_CONNECTIONS = {
  'latency with jitter': ({ proxy, random, unit, later }) => {
    proxy.conditions.latency = random.between(unit / 50, unit / 8);
    later(1, 4, () => (proxy.conditions.latency = 0));
  },
  'slow bytes': ({ proxy, random, later }) => {
    proxy.conditions.bytesPerSecond = random.between(500, 5000);
    later(1, 4, () => (proxy.conditions.bytesPerSecond = Infinity));
  },
  'a pause, then a burst': ({ proxy, later }) => {
    proxy.hold();
    later(0.1, 1.2, () => proxy.release());
  },
  'a cut': ({ proxy }) => proxy.cut(),
  'a reset': ({ proxy }) => proxy.reset(),
  'silence both ways': ({ proxy }) => proxy.silence('both'),
  'silence of the server': ({ proxy }) => proxy.silence('down'),
  'silence of the client': ({ proxy, later }) => {
    proxy.silence('up');
    later(1, 2, () => proxy.open.filter(({ isSilent }) => isSilent).forEach((connection) => connection.reset()));
  },
  'garbage from the server': ({ proxy }) => proxy.garble('down'),
  'garbage from the client': ({ proxy, later }) => {
    proxy.garble('up');
    later(1, 2, () => proxy.open.filter(({ isDamaged }) => isDamaged).forEach((connection) => connection.reset()));
  },
  'a cut within a frame of the server': ({ proxy }) => proxy.tear('down'),
  'a cut within a frame of the client': ({ proxy }) => proxy.tear('up'),
  'a close frame': ({ server, random }) => server.current?.socket.close(random.pick([1000, 1001, 1011, 1012, 4000])),
  'a migration of the team': ({ server }) => server.current?.socket.send({ type: 'team_migration_started' }),
};

/** Faults while connecting. The current connection is ended, so that they take effect. @type {Record<string, (w: World) => void>} */
const OF_CALLS = {
  '429 with Retry-After': ({ server }) => {
    server.callFaults.push((response) => response.writeHead(429, { 'retry-after': '1' }).end());
  },
  500: ({ server }) => server.callFaults.push((response) => response.writeHead(500).end('<h1>oops</h1>')),
  503: ({ server }) => server.callFaults.push((response) => response.writeHead(503).end()),
  'a temporary platform error': ({ server, random }) => {
    const error = random.pick(TEMPORARY);
    server.callFaults.push((response) => response.end(JSON.stringify({ ok: false, error })));
  },
  'a response cut in the middle': ({ server }) => {
    server.callFaults.push((response) => {
      const body = server.goodResponse();
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.slice(0, body.length / 2), () => response.destroy());
    });
  },
  'a slow response': ({ server, later }) => {
    server.callFaults.push((response) => {
      const body = server.goodResponse();
      response.writeHead(200, { 'content-length': body.length });
      const half = body.length / 2;
      response.write(body.slice(0, half));
      later(0.2, 0.8, () => response.end(body.slice(half)));
    });
  },
  'no response': ({ server, later }) => {
    server.callFaults.push((response) => later(1, 2, () => response.destroy()));
  },
  'refused connections': ({ proxy, later }) => {
    proxy.refuse();
    later(0.5, 2, () => proxy.accept());
  },
  'a refused upgrade': ({ scripted, random }) => scripted.refusals.push(random.pick([400, 403, 404, 429, 500, 503])),
  'an upgrade without a response': ({ scripted, later }) => {
    scripted.refusals.push((request, tcp) => later(1, 4, () => tcp.destroy()));
  },
  'a late hello': ({ server, later }) => server.helloFaults.push((greet) => later(0.2, 0.8, greet)),
  'no hello': ({ server }) => server.helloFaults.push(() => {}),
};

const KINDS = [...Object.keys(OF_CONNECTIONS), ...Object.keys(OF_CALLS)];

/** Steps that are not faults: the bot disconnects and starts again, or there is no fault for a while. */
const RESTART = 'restart';
const CALM = 'calm';

/**
 * Yields the steps of a schedule, without end. Faults come in small groups, so that the client's pauses stay short; after each group
 * there is a restart or a calm, which resets the pauses. Every kind of fault comes once before any comes again.
 * @param {Random} random
 * @param {{ restarts: boolean, failures: number }} plan whether a restart or a calm follows a group, and the number of failures
 *   that a group causes
 * @returns {Generator<{ kind: string, waits: boolean, gap: number, seed: number }>} `waits`: the fault comes `gap` units after the
 *   client is ready; otherwise after `gap` units, in any state
 */
function* scheduleOf(random, { restarts, failures }) {
  let deck = [];
  for (;;) {
    for (let left = failures; left > 0; ) {
      if (deck.length === 0) deck = random.shuffled(KINDS);
      const kind = deck.pop();
      left -= kind in OF_CALLS ? 2 : 1;
      const gap = 0.1 + 0.7 * random.next();
      yield { kind, waits: random.chance(0.75), gap, seed: random.between(0, 2 ** 31) };
    }
    yield { kind: restarts ? RESTART : CALM, waits: true, gap: 0.2, seed: 0 };
  }
}

/** Causes one fault. @param {string} kind @param {World} world */
function strike(kind, world) {
  const ofCall = OF_CALLS[kind];
  (ofCall ?? OF_CONNECTIONS[kind])(world);
  if (ofCall === undefined) return;
  if (world.random.chance(0.5)) world.proxy.cut();
  else world.proxy.reset();
}

module.exports = { CALM, RESTART, scheduleOf, strike };
