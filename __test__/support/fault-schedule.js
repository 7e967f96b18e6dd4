// What goes wrong, and when: a random schedule that its seed repeats. Owns the kinds of faults, and how each is made by
// the proxy (fault-proxy.js) and the server (numbered-server.js).
'use strict';

/** Errors of the connect call after which a client tries again. */
const PASSING = ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited', 'odd_error'];

/**
 * @typedef {object} World what a fault is made of
 * @property {import('./fault-proxy.js').FaultProxy} proxy
 * @property {import('./numbered-server.js').NumberedServer} server
 * @property {any} scripted the server below it
 * @property {Random} random of this fault's own
 * @property {number} unit the time, in ms, in which the client notices a half-open connection
 * @property {(least: number, most: number, fn: () => unknown) => void} later after so many units
 */

/** Faults of a connection: it may survive those that only slow it down. @type {Record<string, (w: World) => void>} */
const OF_CONNECTIONS = {
  'latency with jitter': ({ proxy, random, unit, later }) => {
    proxy.weather.latency = random.between(unit / 50, unit / 8);
    later(1, 4, () => (proxy.weather.latency = 0));
  },
  'slow bytes': ({ proxy, random, later }) => {
    proxy.weather.bytesPerSecond = random.between(500, 5000);
    later(1, 4, () => (proxy.weather.bytesPerSecond = Infinity));
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
  'a cut within a frame of the server’s': ({ proxy }) => proxy.tear('down'),
  'a cut within a frame of the client’s': ({ proxy }) => proxy.tear('up'),
  'a close frame': ({ server, random }) => server.current?.socket.close(random.pick([1000, 1001, 1011, 1012, 4000])),
  'a migration of the team': ({ server }) => server.current?.socket.send({ type: 'team_migration_started' }),
};

/** Faults on the way to a connection: the one in use is ended for them. @type {Record<string, (w: World) => void>} */
const OF_CALLS = {
  '429 with Retry-After': ({ server }) => {
    server.callFaults.push((response) => response.writeHead(429, { 'retry-after': '1' }).end());
  },
  500: ({ server }) => server.callFaults.push((response) => response.writeHead(500).end('<h1>oops</h1>')),
  503: ({ server }) => server.callFaults.push((response) => response.writeHead(503).end()),
  'a passing error of the platform': ({ server, random }) => {
    const error = random.pick(PASSING);
    server.callFaults.push((response) => response.end(JSON.stringify({ ok: false, error })));
  },
  'an answer cut in the middle': ({ server }) => {
    server.callFaults.push((response) => {
      const answer = server.goodAnswer();
      response.writeHead(200, { 'content-length': answer.length });
      response.write(answer.slice(0, answer.length / 2), () => response.destroy());
    });
  },
  'an answer byte by byte': ({ server, later }) => {
    server.callFaults.push((response) => {
      const answer = server.goodAnswer();
      response.writeHead(200, { 'content-length': answer.length });
      const half = answer.length / 2;
      response.write(answer.slice(0, half));
      later(0.2, 0.8, () => response.end(answer.slice(half)));
    });
  },
  'no answer': ({ server, later }) => {
    server.callFaults.push((response) => later(1, 2, () => response.destroy()));
  },
  'refused connections': ({ proxy, later }) => {
    proxy.refuse();
    later(0.5, 2, () => proxy.accept());
  },
  'a refused upgrade': ({ scripted, random }) => scripted.refusals.push(random.pick([400, 403, 404, 429, 500, 503])),
  'an upgrade without an answer': ({ scripted, later }) => {
    scripted.refusals.push((request, tcp) => later(1, 4, () => tcp.destroy()));
  },
  'a late hello': ({ server, later }) => server.helloFaults.push((greet) => later(0.2, 0.8, greet)),
  'no hello': ({ server }) => server.helloFaults.push(() => {}),
};

const KINDS = [...Object.keys(OF_CONNECTIONS), ...Object.keys(OF_CALLS)];

/** What is no fault: the bot ends its session and begins another; or all is well for a while. */
const RESTART = 'restart';
const CALM = 'calm';

/**
 * The steps of a schedule, without end: chapters of a few faults, so that the client's pauses stay short, and between
 * them what lets the pauses begin anew. Each kind comes once before any comes again.
 * @param {Random} random
 * @param {{ restarts: boolean, setbacks: number }} plan whether a restart stands between chapters, or a calm; and how
 *   many pauses a chapter costs the client
 * @returns {Generator<{ kind: string, waits: boolean, gap: number, seed: number }>} `waits`: strikes when the client is
 *   ready, after `gap` units; else after `gap` units wherever the client is
 */
function* scheduleOf(random, { restarts, setbacks }) {
  let deck = [];
  for (;;) {
    for (let left = setbacks; left > 0; ) {
      if (deck.length === 0) deck = random.shuffled(KINDS);
      const kind = deck.pop();
      left -= kind in OF_CALLS ? 2 : 1;
      const gap = 0.1 + 0.7 * random.next();
      yield { kind, waits: random.chance(0.75), gap, seed: random.between(0, 2 ** 31) };
    }
    yield { kind: restarts ? RESTART : CALM, waits: true, gap: 0.2, seed: 0 };
  }
}

/** Makes one fault. @param {string} kind @param {World} world */
function strike(kind, world) {
  const ofCall = OF_CALLS[kind];
  (ofCall ?? OF_CONNECTIONS[kind])(world);
  if (ofCall === undefined) return;
  if (world.random.chance(0.5)) world.proxy.cut();
  else world.proxy.reset();
}

module.exports = { CALM, RESTART, scheduleOf, strike };
