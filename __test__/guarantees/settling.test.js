// start() and disconnect() settle, whenever and wherever they are called. Owns the processes in which the table of
// support/start-disconnect-cases.js is gone through, and what its cells come to.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { inProcess } = require('../support/child.js');
const { outcomeWithin } = require('../support/unresponsive-servers.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { FLOODED_CASES, GROUPS, casesOf, flood } = require('../support/start-disconnect-cases.js');

const MODULE = path.join(__dirname, '../support/start-disconnect-cases.js');
const AT_ONCE = 6;

/** A process that takes longer than all limits together is given up. */
const LONGEST = 45_000;

/**
 * @typedef {{ name: string, problems: string[], slowest: { disconnect: number, refused: number } }} Result
 */

const DEAD = { problems: ['not heard of again'], slowest: { disconnect: 0, refused: 0 } };

/** Goes through cells in a process that reports each result, and then ends. */
async function reportsOf(child, cells, onActing) {
  const results = new Map(cells.map(({ name }) => [name, { name, ...DEAD }]));
  const uncaught = [];
  for (;;) {
    // There is none when the process has ended.
    const { hangs, value } = await outcomeWithin(
      child.report().catch(() => 'end'),
      LONGEST,
    );
    if (hangs || value === 'end') return { results: [...results.values()], uncaught };
    if (value === 'acting') onActing();
    else if ('uncaught' in value) uncaught.push(value.uncaught);
    else results.set(value.name, value);
  }
}

/** All cells of a group, in one process with their servers. */
function inGroup(t, name) {
  const cells = casesOf(name);
  const child = inProcess(
    t,
    undefined,
    async ({ report, input }) => {
      process.on('uncaughtException', ({ message }) => report({ uncaught: message }));
      const { runCase } = require(input.module);
      await Promise.all(input.cells.map((cell) => runCase(cell).then(report)));
      process.exit();
    },
    { input: { cells, module: MODULE } },
  );
  return reportsOf(child, cells);
}

/** One cell whose server is here, where it goes on while JavaScript is blocked there. */
async function flooded(t, cell) {
  const server = await scriptedServer(t);
  const { apiUrl, token } = server;
  const wire = await tcpRelay(t, server);
  flood(server);
  const child = inProcess(
    t,
    undefined,
    async ({ report, input }) => {
      process.on('uncaughtException', ({ message }) => report({ uncaught: message }));
      const { runFloodedCase } = require(input.module);
      report(await runFloodedCase(input.cell, { ...input.server, acting: () => report('acting') }));
      process.exit();
    },
    { input: { cell, module: MODULE, server: { apiUrl, token } } },
  );
  let waiting = 0;
  const {
    results: [result],
    uncaught,
  } = await reportsOf(child, [cell], () => {
    waiting = server.sockets[0].ws.bufferedAmount;
  });
  if (waiting === 0) result.problems.push('there was room for everything');
  if (wire.connections > 0) result.problems.push(`${wire.connections} open sockets after the end`);
  return { results: [result], uncaught };
}

/** Runs these, a few at once; gives what they give, in their order. */
async function inTurn(jobs) {
  const given = [];
  const queue = jobs.entries();
  const work = async () => {
    for (const [index, job] of queue) given[index] = await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return given;
}

const slowest = (results, what) => Math.max(...results.map((result) => result.slowest[what]));

/** @type {{ results: Result[], uncaught: string[] }[]} */
let all = [];

const within = 'disconnect() within 5 s, start() with a permanent error within 1 s';
guarantee(`start() and disconnect() settle in every state and from within every listener; ${within}`, {
  timeout: 150_000,
  measure: async (t) => {
    const groups = GROUPS.map((name) => () => inGroup(t, name));
    all = await inTurn([...FLOODED_CASES.map((cell) => () => flooded(t, cell)), ...groups]);
    const results = all.flatMap((group) => group.results);
    const kept = results.filter(({ problems }) => problems.length === 0);
    const disconnect = slowest(results, 'disconnect');
    return {
      'cases in which all promises settle': `${kept.length} of ${results.length}`,
      'disconnect() takes at most': disconnect > 5000 ? 'more than 5 s' : `${(disconnect / 1000).toFixed(1)} s`,
      'start() with a permanent error takes at most': `${Math.ceil(slowest(kept, 'refused'))} ms`,
    };
  },
  check: () => {
    const results = all.flatMap((group) => group.results);
    assert.deepEqual(
      results.filter(({ problems }) => problems.length > 0),
      [],
    );
    assert.deepEqual(
      all.flatMap(({ uncaught }) => uncaught),
      [],
    );
    assert.ok(slowest(results, 'refused') > 0);
  },
});
