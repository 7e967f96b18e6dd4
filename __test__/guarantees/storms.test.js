// A server in trouble is not stormed: how many connect calls it gets within ten seconds, counted at the server, for
// each kind of trouble, at a first start() and after a session that was connected; and a time that it names is kept to.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { setTimeout: elapse } = require('node:timers/promises');
const { clientOf, isSlackRtmApi, next } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { pauseLogger } = require('../support/outage-helpers.js');
const { SLACK, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

/** So long the calls are counted. The peer's storms are ended earlier. */
const COUNTED = isSlackRtmApi ? 2000 : 10_000;
const MOST_CALLS = 5;

/** A clock of whole milliseconds may tell of a call that much too early. */
const EARLY = 5;

/** More answers than any client will ask for. */
const always = (what) => Array(isSlackRtmApi ? 100_000 : 1000).fill(what);

const answers = (answer) => (server) => server.responses.push(...always(answer));
const refuses = (refusal) => (server) => server.refusals.push(...always(refusal));
const greets = (farewell) => (server) => {
  server.greet = (socket) => {
    socket.hello();
    farewell(socket);
  };
};
const status = (code, headers) => answers((request, response) => response.writeHead(code, headers).end());
const limit = (retryAfter) => status(429, { 'retry-after': retryAfter });

/** The port is closed. */
const SHUT = () => {};

/** The kinds of trouble, and how a server gets into each. The peer is told by three of them. */
const TROUBLES = {
  'closes after hello': greets((socket) => socket.close(1011)),
  'refuses the upgrade': refuses(503),
  'answers 503': status(503),
  ...(!isSlackRtmApi && {
    'the port is closed': SHUT,
    'closes after hello with 1000': greets((socket) => socket.close(1000)),
    'closes after hello without a frame': greets((socket) => socket.drop()),
    'resets after hello': greets((socket) => socket.reset()),
    'breaks the protocol after hello': greets((socket) => socket.ws._socket.write('garbage garbage')),
    'migrates after hello': greets((socket) => socket.send({ type: 'team_migration_started' })),
    'refuses the upgrade with 401': refuses(401),
    'refuses the upgrade with 404': refuses(404),
    'refuses the upgrade with 429': refuses(429),
    'breaks off the upgrade': refuses((request, tcp) => tcp.end('HTTP/1.1 101 Swi')),
    'resets the upgrade': refuses((request, tcp) => tcp.resetAndDestroy()),
    'answers 500': status(500),
    'resets the connect call': answers((request) => request.socket.resetAndDestroy()),
    'answers fatal_error': answers({ ok: false, error: 'fatal_error' }),
    'answers ratelimited': answers({ ok: false, error: 'ratelimited' }),
    'answers without a URL': answers({ ok: true, self: { id: 'U1' }, team: { id: 'T1' } }),
    'answers with a page': answers('<html>maintenance</html>'),
    '429 without a time': status(429),
    '429 with no time to wait': limit('0'),
    '429 with a date in the past': limit('Sun, 06 Nov 1994 08:49:37 GMT'),
    '429 with rubbish': limit('soon'),
    '429 with a negative time': limit('-3'),
    '503 with no time to wait': status(503, { 'retry-after': '0' }),
  }),
};

/**
 * Clients of the servers given, in one process. Where no server is there to count, a client's own log does: a line for
 * each call that failed.
 */
function clients({ client, input, report }) {
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  report({ pid: process.pid });
  for (const slackApiUrl of input) {
    const rtm = client({ slackApiUrl, logger: pauseLogger(() => report({ failed: slackApiUrl })) });
    rtm.once('ready', () => report({ ready: slackApiUrl }));
    rtm.start().catch(() => {});
  }
}

/** Runs clients of these servers; gives how to wait for what they report, and how to end them. */
async function running(t, servers) {
  const child = inProcess(t, servers[0], clients, { input: servers.map(({ apiUrl }) => apiUrl) });
  const { pid } = await child.report();
  return {
    async ready() {
      for (let left = servers.length; left > 0; ) if ((await child.report()).ready !== undefined) left -= 1;
    },
    /** Gives all reports. */
    async end() {
      process.kill(pid, 'SIGKILL');
      return (await child.ended).reports;
    },
  };
}

/** Brings clients into these kinds of trouble, all at once; gives how many calls each makes. */
async function storm(t, troubles, isEstablished) {
  const cases = [];
  for (const [name, begin] of troubles) {
    const server = await scriptedServer(t);
    cases.push({ name, begin, server, door: begin === SHUT && (await tcpRelay(t, server)) });
  }
  const worsen = ({ begin, server, door }) => (door ? door.close() : begin(server));
  if (!isEstablished) await Promise.all(cases.map(worsen));
  const child = await running(
    t,
    cases.map(({ server }) => server),
  );
  if (isEstablished) {
    await child.ready();
    await Promise.all(cases.map(worsen));
    for (const { server } of cases) server.sockets[0].drop();
  } else {
    await Promise.all(cases.filter(({ door }) => !door).map(({ server }) => server.nextCall()));
  }
  // What may happen in this time is what is counted.
  await elapse(COUNTED);
  const counts = cases.map(({ name, server, door }) => ({ name, server, door, calls: server.calls.length }));
  const reports = await child.end();
  return counts.map(({ name, server, door, calls }) => {
    if (!door) return { name, calls: isEstablished ? calls - 1 : calls };
    const failures = reports.filter(({ failed }) => failed === server.apiUrl).length;
    // A line tells of a lost connection too.
    return { name, calls: isEstablished ? failures - 1 : failures };
  });
}

async function stormOfAll(t, isEstablished) {
  const troubles = Object.entries(TROUBLES);
  if (!isSlackRtmApi) return storm(t, troubles, isEstablished);
  const counts = [];
  for (const trouble of troubles) counts.push(...(await storm(t, [trouble], isEstablished)));
  return counts;
}

function told(counts) {
  const [least, most] = [Math.min, Math.max].map((choose) => choose(...counts.map(({ calls }) => calls)));
  const which = (wanted) => counts.find(({ calls }) => calls === wanted).name;
  return `${least} (${which(least)}) to ${most} (${which(most)}) in ${COUNTED / 1000} s`;
}

// ── Retry-After ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** So far ahead is the time that servers name, in seconds. */
const AHEAD = 4;

/** The two forms of the header: a value, and the moment that it names. A date has no parts of seconds. */
const FORMS = {
  seconds: () => ({ value: `${AHEAD}`, moment: Date.now() + AHEAD * 1000 }),
  'a date': () => {
    const value = new Date(Date.now() + AHEAD * 1000).toUTCString();
    return { value, moment: Date.parse(value) };
  },
};

/** What the header comes with; each tells `named` of the moment. */
const BEARERS = {};
for (const code of [429, 503]) {
  BEARERS[`${code} to the connect call`] = (server, form, named) => {
    server.responses.push((request, response) => {
      const { value, moment } = form();
      named(moment);
      response.writeHead(code, { 'retry-after': value }).end();
    });
  };
  BEARERS[`${code} to the upgrade`] = (server, form, named) => {
    server.responses.push(server.connectResponse());
    server.refusals.push((request, tcp) => {
      const { value, moment } = form();
      named(moment);
      tcp.end(`HTTP/1.1 ${code} Wait\r\nRetry-After: ${value}\r\nContent-Length: 0\r\n\r\n`);
    });
  };
}

/** How long after the moment named the next connect call comes, in ms. */
async function lateness(server, bear, form) {
  const moment = new Promise((resolve) => bear(server, form, resolve));
  const again = new Promise((resolve) => {
    server.responses.push((request, response) => {
      resolve(Date.now());
      response.end(JSON.stringify(server.connectResponse()));
    });
  });
  return Promise.all([moment, again]).then(([named, called]) => called - named);
}

async function latenessOfAll(t) {
  const cases = [];
  for (const [bearer, bear] of Object.entries(BEARERS)) {
    for (const [name, form] of Object.entries(FORMS)) {
      const server = await scriptedServer(t);
      cases.push({ name: `${bearer}, ${name}`, server, late: lateness(server, bear, form) });
    }
  }
  await running(
    t,
    cases.map(({ server }) => server),
  );
  const never = elapse(COUNTED * 2, Infinity, { ref: false });
  return Promise.all(cases.map(async ({ name, late }) => ({ name, late: await Promise.race([late, never]) })));
}

/** Times that no client lives to see. */
const CENTURIES = ['4000000000', '18446744073709551615', 'Fri, 31 Dec 9999 23:59:59 GMT'];

/** Whether a client that was told to wait for so long can be stopped, and started again. */
async function isInHand(t, retryAfter) {
  const server = await scriptedServer(t);
  server.responses.push((request, response) => response.writeHead(429, { 'retry-after': retryAfter }).end());
  let rtm;
  const stopped = new Promise((resolve) => {
    // It waits from when it tells of its pause.
    rtm = clientOf(t, server, { logger: pauseLogger(() => rtm.disconnect().then(resolve)) });
  });
  const end = await rtm.start().catch(({ code }) => code);
  await stopped;
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  return end === 'ABORT_ERR' && server.calls.length === 2;
}

describe('a server in trouble', { concurrency: true }, () => {
  for (const [when, isEstablished] of [
    ['a first start()', false],
    ['a session that was connected', true],
  ]) {
    guarantee(`a failing server gets at most five connect calls in ten seconds, of ${when}`, {
      measure: async (t) => ({ 'connect calls': told(await stormOfAll(t, isEstablished)) }),
      check: (figures) => {
        const [, least, most] = /^(\d+) .* to (\d+) /.exec(figures['connect calls']);
        assert.ok(least > 1 && most <= MOST_CALLS, figures['connect calls']);
      },
    });
  }

  guarantee('Retry-After is respected, in seconds or as a date, in every response that can have it', {
    measure: async (t) => {
      const all = await latenessOfAll(t);
      const early = all.filter(({ late }) => late < -EARLY).map(({ name }) => name);
      const last = Math.max(...all.map(({ late }) => late));
      return {
        'connect calls too early': early.join('; ') || 'never',
        'latest call': last === Infinity ? 'never' : `${(last / 1000).toFixed(1)} s after the time named`,
      };
    },
    check: (figures) => {
      assert.equal(figures['connect calls too early'], 'never');
      assert.ok(Number.parseFloat(figures['latest call']) * 1000 <= SLACK, figures['latest call']);
    },
  });

  guarantee('with a Retry-After of centuries, the client can still be stopped and started again', {
    slackRtmApi: 'it cannot be stopped while it waits',
    measure: async (t) => {
      const outcomes = await Promise.all(CENTURIES.map((retryAfter) => isInHand(t, retryAfter)));
      return { 'stopped and started again': `${outcomes.filter(Boolean).length} of ${CENTURIES.length}` };
    },
    check: (figures) =>
      assert.equal(figures['stopped and started again'], `${CENTURIES.length} of ${CENTURIES.length}`),
  });
});
