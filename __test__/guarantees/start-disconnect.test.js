// start() and disconnect() settle in every state and in every listener. support/start-disconnect-cases.js has the cases; this file
// runs them in child processes.
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
/** The number of processes at once. */
const PARALLEL = 6;

/** Longer than all limits of a process together, in ms. */
const LONGEST = 45_000;

/**
 * @typedef {{ name: string, problems: string[], slowest: { disconnect: number, refused: number } }} Result
 */

const NO_RESULT = { problems: ['no result'], slowest: { disconnect: 0, refused: 0 } };

/** The results of cases in a process that reports each of them and then ends. */
async function resultsOf(child, cases, onActing) {
  const results = new Map(cases.map(({ name }) => [name, { name, ...NO_RESULT }]));
  const uncaught = [];
  for (;;) {
    // report() rejects when the process has ended.
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

/** Runs all cases of a group in one process, together with their servers. */
function runGroup(t, name) {
  const cases = casesOf(name);
  const child = inProcess(
    t,
    undefined,
    async ({ report, input }) => {
      process.on('uncaughtException', ({ message }) => report({ uncaught: message }));
      const { runCase } = require(input.module);
      await Promise.all(input.cases.map((one) => runCase(one).then(report)));
      process.exit();
    },
    { input: { cases, module: MODULE } },
  );
  return resultsOf(child, cases);
}

/** Runs one case whose server is in this process, because JavaScript is blocked in the other one. */
async function runFlooded(t, one) {
  const server = await scriptedServer(t);
  const { apiUrl, token } = server;
  const relay = await tcpRelay(t, server);
  flood(server);
  const child = inProcess(
    t,
    undefined,
    async ({ report, input }) => {
      process.on('uncaughtException', ({ message }) => report({ uncaught: message }));
      const { runFloodedCase } = require(input.module);
      report(await runFloodedCase(input.one, { ...input.server, acting: () => report('acting') }));
      process.exit();
    },
    { input: { one, module: MODULE, server: { apiUrl, token } } },
  );
  let waiting = 0;
  const {
    results: [result],
    uncaught,
  } = await resultsOf(child, [one], () => {
    waiting = server.sockets[0].ws.bufferedAmount;
  });
  if (waiting === 0) result.problems.push('the outbox was not full');
  if (relay.connections > 0) result.problems.push(`${relay.connections} open sockets after the end`);
  return { results: [result], uncaught };
}

/** Runs jobs, a few at once. Resolves with their results, in order. */
async function runJobs(jobs) {
  const results = [];
  const queue = jobs.entries();
  const work = async () => {
    for (const [index, job] of queue) results[index] = await job();
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results;
}

const slowest = (results, call) => Math.max(...results.map((result) => result.slowest[call]));

/** @type {{ results: Result[], uncaught: string[] }[]} */
let all = [];

const limits = 'disconnect() within 5 s, start() within 1 s of a permanent error';
guarantee(`start() and disconnect() settle in every state and in every listener: ${limits}`, {
  timeout: 150_000,
  measure: async (t) => {
    const groups = GROUPS.map((name) => () => runGroup(t, name));
    all = await runJobs([...FLOODED_CASES.map((one) => () => runFlooded(t, one)), ...groups]);
    const results = all.flatMap((group) => group.results);
    const settled = results.filter(({ problems }) => problems.length === 0);
    const disconnect = slowest(results, 'disconnect');
    return {
      'cases in which all calls settle': `${settled.length} of ${results.length}`,
      'disconnect() takes at most': disconnect > 5000 ? 'more than 5 s' : `${(disconnect / 1000).toFixed(1)} s`,
      'start() with a permanent error takes at most': `${Math.ceil(slowest(settled, 'refused'))} ms`,
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
