// The fleet of examples/fleet under random faults: three processes and a Redis are killed, frozen and replaced, some of them
// while the fleet still recovers from the last fault. A workspace never has two connections, and in the end each has one. The
// schedule is reproducible from its seed.
//
//   FAULTS=100 SEED=1 node --test __test__/package/fleet-faults.test.js      a long run, about four minutes
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { before, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { pathToFileURL } = require('node:url');
const { Random } = require('../support/random.js');
const { missing, startFleet } = require('./support/fleet.js');

const PREPARE = path.join(__dirname, '../../scripts/examples/prepare.mjs');
const TTL = 2000;
const count = Number(process.env.FAULTS ?? 5);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

before(async () => {
  if (!missing) (await import(pathToFileURL(PREPARE).href)).install('fleet');
});

test(`no workspace is connected twice during ${count} faults, seed ${seed}`, {
  skip: missing,
  timeout: 60_000 + count * 10_000,
}, async (t) => {
  const random = new Random(seed);
  const fleet = await startFleet(t, { size: 12, ttl: TTL });
  let last = 0;
  const worker = () => fleet.worker(`w${(last += 1)}`);
  const workers = [worker(), worker(), worker()];
  await fleet.connected();
  /** Each function resolves when its fault has ended. */
  const faults = {
    'a process is killed': () => {
      workers.shift().kill('SIGKILL');
      workers.push(worker());
    },
    'a process gets SIGTERM': async () => {
      const leaving = workers.shift();
      await leaving.says(/started/); // it handles signals from then on
      leaving.kill('SIGTERM');
      assert.deepEqual(await leaving.exited, { code: 0, signal: null }, leaving.lines.join('\n'));
      workers.push(worker());
    },
    'Redis loses everything': async () => {
      await fleet.server.kill();
      await sleep(random.between(0, 300));
      await fleet.server.start();
    },
    'Redis is down for longer than leases last': async () => {
      await fleet.server.kill();
      await sleep(TTL + random.between(0, 500));
      await fleet.server.start();
    },
    'Redis hangs': async () => {
      fleet.server.signal('SIGSTOP');
      await sleep(random.between(0, 1.5 * TTL));
      fleet.server.signal('SIGCONT');
    },
  };
  const names = Object.keys(faults);
  // Each kind occurs once, even in the short run.
  const schedule = Array.from({ length: Math.ceil(count / names.length) }, () => random.shuffled(names))
    .flat()
    .slice(0, count);
  const done = [];
  for (const name of schedule) {
    done.push(name);
    await faults[name]();
    await sleep(random.between(0, TTL));
    assert.equal(fleet.mostConnections(), 1, `connected twice, after: ${done.join('; ')}`);
  }
  await fleet.connected();
  assert.equal(fleet.mostConnections(), 1, done.join('; '));
  for (const { isGone, lines } of workers) assert.ok(!isGone, lines.join('\n'));
});
