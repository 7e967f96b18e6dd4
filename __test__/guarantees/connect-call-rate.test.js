// A failing server gets few connect calls: the server counts those of the first ten seconds, for each kind of failure, during the first
// start() and after a connection. The time of a Retry-After header is obeyed.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { setTimeout: elapse } = require('node:timers/promises');
const { clientOf, isSlackRtmApi, next } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { pauseLogger } = require('../support/outage-helpers.js');
const { TOLERANCE, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

/** How long the calls are counted, in ms. Shorter for `@slack/rtm-api`, which makes hundreds of calls a second. */
const COUNTED = isSlackRtmApi ? 2000 : 10_000;
const MOST_CALLS = 5;

/** A call may seem to be this much too early, in ms, because the clock counts whole milliseconds. */
const EARLY = 5;

/** More responses than any client can request. */
const always = (item) => Array(isSlackRtmApi ? 100_000 : 1000).fill(item);

const responds = (response) => (server) => server.responses.push(...always(response));
const refuses = (refusal) => (server) => server.refusals.push(...always(refusal));
const greets = (afterHello) => (server) => {
  server.greet = (socket) => {
    socket.hello();
    afterHello(socket);
  };
};
const status = (code, headers) => responds((request, response) => response.writeHead(code, headers).end());
const limit = (retryAfter) => status(429, { 'retry-after': retryAfter });

const CLOSED_PORT = () => {};

/** The kinds of failures, and how they are caused. Three of them are enough to measure `@slack/rtm-api`. */
const FAILURES = {
  'closes after hello': greets((socket) => socket.close(1011)),
  'refuses the upgrade': refuses(503),
  'responds with 503': status(503),
  ...(!isSlackRtmApi && {
    'the port is closed': CLOSED_PORT,
    'closes after hello with 1000': greets((socket) => socket.close(1000)),
    'closes after hello without a frame': greets((socket) => socket.drop()),
    'resets after hello': greets((socket) => socket.reset()),
    'violates the protocol after hello': greets((socket) => socket.ws._socket.write('garbage garbage')),
    'migrates after hello': greets((socket) => socket.send({ type: 'team_migration_started' })),
    'refuses the upgrade with 401': refuses(401),
    'refuses the upgrade with 404': refuses(404),
    'refuses the upgrade with 429': refuses(429),
    'breaks off the upgrade': refuses((request, tcp) => tcp.end('HTTP/1.1 101 Swi')),
    'resets the upgrade': refuses((request, tcp) => tcp.resetAndDestroy()),
    'responds with 500': status(500),
    'resets the connect call': responds((request) => request.socket.resetAndDestroy()),
    'responds with fatal_error': responds({ ok: false, error: 'fatal_error' }),
    'responds with ratelimited': responds({ ok: false, error: 'ratelimited' }),
    'responds without a URL': responds({ ok: true, self: { id: 'U1' }, team: { id: 'T1' } }),
    'responds with an HTML page': responds('<html>maintenance</html>'),
    '429 without Retry-After': status(429),
    '429 with Retry-After: 0': limit('0'),
    '429 with a date in the past': limit('Sun, 06 Nov 1994 08:49:37 GMT'),
    '429 with an invalid Retry-After': limit('soon'),
    '429 with a negative time': limit('-3'),
    '503 with Retry-After: 0': status(503, { 'retry-after': '0' }),
  }),
};

/**
 * Runs clients of several servers in one process. If there is no server that could count the calls, the client's log does: one line for
 * each failed call.
 */
function runClients({ client, input, report }) {
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  report({ pid: process.pid });
  for (const slackApiUrl of input) {
    const rtm = client({ slackApiUrl, logger: pauseLogger(() => report({ failed: slackApiUrl })) });
    rtm.once('ready', () => report({ ready: slackApiUrl }));
    rtm.start().catch(() => {});
  }
}

/** Starts clients of these servers. */
async function startClients(t, servers) {
  const child = inProcess(t, servers[0], runClients, { input: servers.map(({ apiUrl }) => apiUrl) });
  const { pid } = await child.report();
  return {
    /** Waits until all are ready. */
    async ready() {
      for (let left = servers.length; left > 0; ) if ((await child.report()).ready !== undefined) left -= 1;
    },
    /** Ends the process, and resolves with all reports. */
    async end() {
      process.kill(pid, 'SIGKILL');
      return (await child.ended).reports;
    },
  };
}

/** Runs a client into each of these failures, all at once. Resolves with the number of calls of each. */
async function countCalls(t, failures, isEstablished) {
  const cases = [];
  for (const [name, fail] of failures) {
    const server = await scriptedServer(t);
    cases.push({ name, fail, server, relay: fail === CLOSED_PORT && (await tcpRelay(t, server)) });
  }
  const begin = ({ fail, server, relay }) => (relay ? relay.close() : fail(server));
  if (!isEstablished) await Promise.all(cases.map(begin));
  const child = await startClients(
    t,
    cases.map(({ server }) => server),
  );
  if (isEstablished) {
    await child.ready();
    await Promise.all(cases.map(begin));
    for (const { server } of cases) server.sockets[0].drop();
  } else {
    await Promise.all(cases.filter(({ relay }) => !relay).map(({ server }) => server.nextCall()));
  }
  // The calls of this time are counted.
  await elapse(COUNTED);
  const counts = cases.map(({ name, server, relay }) => ({ name, server, relay, calls: server.calls.length }));
  const reports = await child.end();
  return counts.map(({ name, server, relay, calls }) => {
    if (!relay) return { name, calls: isEstablished ? calls - 1 : calls };
    const lines = reports.filter(({ failed }) => failed === server.apiUrl).length;
    // One line reports the lost connection.
    return { name, calls: isEstablished ? lines - 1 : lines };
  });
}

async function countAllCalls(t, isEstablished) {
  const failures = Object.entries(FAILURES);
  if (!isSlackRtmApi) return countCalls(t, failures, isEstablished);
  const counts = [];
  for (const failure of failures) counts.push(...(await countCalls(t, [failure], isEstablished)));
  return counts;
}

function describeCounts(counts) {
  const [least, most] = [Math.min, Math.max].map((choose) => choose(...counts.map(({ calls }) => calls)));
  const nameOf = (number) => counts.find(({ calls }) => calls === number).name;
  return `${least} (${nameOf(least)}) to ${most} (${nameOf(most)}) in ${COUNTED / 1000} s`;
}

// ── Retry-After ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The time in the Retry-After header, in seconds from now. */
const AHEAD = 4;

/** The two forms of the header: the value, and the moment that it means. A date has no fractions of seconds. */
const FORMS = {
  seconds: () => ({ value: `${AHEAD}`, moment: Date.now() + AHEAD * 1000 }),
  'a date': () => {
    const value = new Date(Date.now() + AHEAD * 1000).toUTCString();
    return { value, moment: Date.parse(value) };
  },
};

/** The responses that have the header. Each passes the moment to `onMoment`. */
const RESPONSES = {};
for (const code of [429, 503]) {
  RESPONSES[`${code} to the connect call`] = (server, form, onMoment) => {
    server.responses.push((request, response) => {
      const { value, moment } = form();
      onMoment(moment);
      response.writeHead(code, { 'retry-after': value }).end();
    });
  };
  RESPONSES[`${code} to the upgrade`] = (server, form, onMoment) => {
    server.responses.push(server.connectResponse());
    server.refusals.push((request, tcp) => {
      const { value, moment } = form();
      onMoment(moment);
      tcp.end(`HTTP/1.1 ${code} Wait\r\nRetry-After: ${value}\r\nContent-Length: 0\r\n\r\n`);
    });
  };
}

/** How long after the moment the next connect call arrives, in ms. */
async function lateness(server, respond, form) {
  const moment = new Promise((resolve) => respond(server, form, resolve));
  const again = new Promise((resolve) => {
    server.responses.push((request, response) => {
      resolve(Date.now());
      response.end(JSON.stringify(server.connectResponse()));
    });
  });
  return Promise.all([moment, again]).then(([due, called]) => called - due);
}

async function latenessOfAll(t) {
  const cases = [];
  for (const [response, respond] of Object.entries(RESPONSES)) {
    for (const [name, form] of Object.entries(FORMS)) {
      const server = await scriptedServer(t);
      cases.push({ name: `${response}, ${name}`, server, late: lateness(server, respond, form) });
    }
  }
  await startClients(
    t,
    cases.map(({ server }) => server),
  );
  const never = elapse(COUNTED * 2, Infinity, { ref: false });
  return Promise.all(cases.map(async ({ name, late }) => ({ name, late: await Promise.race([late, never]) })));
}

/** Retry-After values of centuries. */
const CENTURIES = ['4000000000', '18446744073709551615', 'Fri, 31 Dec 9999 23:59:59 GMT'];

/** Whether a client that waits for such a time can be stopped and started again. */
async function canBeStopped(t, retryAfter) {
  const server = await scriptedServer(t);
  server.responses.push((request, response) => response.writeHead(429, { 'retry-after': retryAfter }).end());
  let rtm;
  const stopped = new Promise((resolve) => {
    // The client waits as soon as it logs its pause.
    rtm = clientOf(t, server, { logger: pauseLogger(() => rtm.disconnect().then(resolve)) });
  });
  const end = await rtm.start().catch(({ code }) => code);
  await stopped;
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  return end === 'ABORT_ERR' && server.calls.length === 2;
}

describe('a failing server', { concurrency: true }, () => {
  for (const [when, isEstablished] of [
    ['from a first start()', false],
    ['after a connection', true],
  ]) {
    guarantee(`a failing server gets at most five connect calls in ten seconds, ${when}`, {
      measure: async (t) => ({ 'connect calls': describeCounts(await countAllCalls(t, isEstablished)) }),
      check: (figures) => {
        const [, least, most] = /^(\d+) .* to (\d+) /.exec(figures['connect calls']);
        assert.ok(least > 1 && most <= MOST_CALLS, figures['connect calls']);
      },
    });
  }

  guarantee('Retry-After is obeyed: in seconds and as a date, with 429 and 503, for the connect call and the upgrade', {
    measure: async (t) => {
      const all = await latenessOfAll(t);
      const early = all.filter(({ late }) => late < -EARLY).map(({ name }) => name);
      const last = Math.max(...all.map(({ late }) => late));
      return {
        'called too early': early.join('; ') || 'never',
        'latest call': last === Infinity ? 'none was made' : `${(last / 1000).toFixed(1)} s after the named time`,
      };
    },
    check: (figures) => {
      assert.equal(figures['called too early'], 'never');
      assert.ok(Number.parseFloat(figures['latest call']) * 1000 <= TOLERANCE, figures['latest call']);
    },
  });

  guarantee('a Retry-After of centuries does not block the client: it can be stopped and started again', {
    unsupported: 'it cannot be stopped while it waits',
    measure: async (t) => {
      const outcomes = await Promise.all(CENTURIES.map((retryAfter) => canBeStopped(t, retryAfter)));
      return { 'stopped and started again': `${outcomes.filter(Boolean).length} of ${CENTURIES.length}` };
    },
    check: (figures) =>
      assert.equal(figures['stopped and started again'], `${CENTURIES.length} of ${CENTURIES.length}`),
  });
});
