// A thousand clients lose the same server at the same moment, and reconnect at different moments. The server runs in this process, the
// clients run in another one. tests/session/backoff.rs checks their pauses on a fake clock.
'use strict';

const assert = require('node:assert/strict');
const { isSlackRtmApi } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const CLIENTS = 1000;
/** In ms. */
const WINDOW = 100;

/** Starts clients, 50 at a time. Reports when all are connected, and then all their first pauses. */
async function runClients({ client, input, next, report }) {
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  const pauses = [];
  const logger = pauseLogger((pause) => {
    if (pauses.push(pause) === input) report(pauses);
  });
  for (let n = 0; n < input; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const rtm = client({ logger });
        const connected = next(rtm, 'connected');
        await rtm.start();
        await connected;
      }),
    );
  }
  report('all connected');
}

/** The share of the times that lie in the busiest window, in percent. */
function busiest(times) {
  const sorted = [...times].sort((one, other) => one - other);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to += 1) {
    while (sorted[to] - sorted[from] >= WINDOW) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return Math.round((100 * most) / times.length);
}

function percentile(times, share) {
  return [...times].sort((one, other) => one - other)[Math.floor(share * (times.length - 1))];
}

guarantee('1,000 clients that lose the same server at the same moment reconnect at different moments', {
  measure: async (t) => {
    const server = await scriptedServer(t);
    const child = inProcess(t, server, runClients, { input: CLIENTS });
    assert.equal(await child.report(), 'all connected');
    for (let n = 0; n < CLIENTS; n += 1) await server.nextCall();
    const times = [];
    const all = new Promise((resolve) => {
      const onCall = (request, response) => {
        if (times.push(performance.now() - lost) === CLIENTS) resolve(undefined);
        response.end(JSON.stringify(server.connectResponse()));
      };
      server.responses.push(...Array(CLIENTS).fill(onCall));
    });
    const lost = performance.now();
    for (const socket of server.sockets) socket.drop();
    await all;
    const pauses = isSlackRtmApi ? [] : await child.report();
    const [half, most] = [0.5, 0.9].map((share) => `${Math.round(percentile(times, share))} ms`);
    return {
      'connect calls in the busiest 100 ms': `${busiest(times)} %`,
      ...(!isSlackRtmApi && { 'pauses that end in the busiest 100 ms': `${busiest(pauses)} %` }),
      '50 % and 90 % of the calls are made within': `${half}, ${most}`,
    };
  },
  check: (figures) => {
    const share = (name) => Number.parseInt(figures[name], 10);
    assert.ok(share('pauses that end in the busiest 100 ms') <= 25);
    // A busy machine delays calls, so that they come closer together than their pauses.
    assert.ok(share('connect calls in the busiest 100 ms') <= 50);
  },
});
