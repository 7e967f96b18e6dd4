// A listener misbehaves, in every way and for every event, and the other listeners get exactly the events that are expected.
// ../throwing-listeners.test.js tests how an exception of a listener surfaces.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { MISBEHAVIOURS, hostileServers } = require('../support/misbehaving-listeners.js');
const { guarantee } = require('../support/guarantee.js');
const { parallel } = require('../support/parallel.js');

const scenario = require.resolve('../support/misbehaving-listeners.js');

// One process for each kind of misbehaviour, with a client for each event, and one client without a misbehaving listener.
guarantee(
  'a listener that throws, rejects, disconnects, starts, removes listeners or blocks does not affect the others',
  {
    timeout: 150_000,
    async measure(t) {
      let [received, expected, died] = [0, 0, 0];
      const faults = [];
      await parallel(Object.keys(MISBEHAVIOURS), 11, async (misbehaviour) => {
        const server = await hostileServers(t);
        const input = { scenario, misbehaviour, apiUrl: server.apiUrl };
        const child = inProcess(t, server, (context) => require(context.input.scenario).runAllSessions(context), {
          input,
        });
        const { code, signal, stderr, reports } = await child.ended;
        const [verdict] = reports;
        if (verdict === undefined || code !== 0 || stderr !== '') {
          died += 1;
          faults.push(`${misbehaviour}: the process ended, ${signal ?? `code ${code}`}, ${stderr}`);
        }
        received += verdict?.received ?? 0;
        expected += verdict?.expected ?? 0;
        faults.push(...(verdict?.faults ?? []));
      });
      for (const fault of faults) t.diagnostic(fault);
      return {
        'events received by the other listeners': `${received} of ${expected}`,
        deviations: faults.length,
        'processes that died': `${died} of ${Object.keys(MISBEHAVIOURS).length}`,
      };
    },
    check(figures) {
      assert.equal(figures.deviations, 0);
      assert.match(figures['events received by the other listeners'], /^(\d{5,}) of \1$/);
    },
  },
);
