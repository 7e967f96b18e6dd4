// Listeners that misbehave, in every way and at every event: what others hear is computed, and comes to pass. Owns the
// table; how a throw surfaces is ../throwing-listeners.test.js's.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { MISBEHAVIOURS, hostileServers } = require('../support/misbehaving-listeners.js');
const { guarantee } = require('../support/guarantee.js');
const { parallel } = require('../support/parallel.js');

const life = require.resolve('../support/misbehaving-listeners.js');

// Of each misdeed a process, with a client for each event and one that nobody disturbs.
guarantee(
  'a listener that throws, rejects, disconnects, starts, removes, floods or blocks does not affect other events',
  {
    timeout: 150_000,
    async measure(t) {
      let [heard, wanted, died] = [0, 0, 0];
      const faults = [];
      await parallel(Object.keys(MISBEHAVIOURS), 11, async (misdeed) => {
        const server = await hostileServers(t);
        const input = { life, misdeed, apiUrl: server.apiUrl };
        const child = inProcess(t, server, (context) => require(context.input.life).runAllSessions(context), { input });
        const { code, signal, stderr, reports } = await child.ended;
        const [verdict] = reports;
        if (verdict === undefined || code !== 0 || stderr !== '') {
          died += 1;
          faults.push(`${misdeed}: the process ended, ${signal ?? `code ${code}`}, ${stderr}`);
        }
        heard += verdict?.heard ?? 0;
        wanted += verdict?.wanted ?? 0;
        faults.push(...(verdict?.faults ?? []));
      });
      for (const fault of faults) t.diagnostic(fault);
      return {
        'events that the others received': `${heard} of ${wanted}`,
        'different from the expected ones': faults.length,
        'processes that died': `${died} of ${Object.keys(MISBEHAVIOURS).length}`,
      };
    },
    keep(figures) {
      assert.equal(figures['different from the expected ones'], 0);
      assert.match(figures['events that the others received'], /^(\d{5,}) of \1$/);
    },
  },
);
