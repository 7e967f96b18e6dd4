// The end of threads and processes: at any moment of a client's life it is an ordinary end. Owns chance and bulk;
// single moments of a worker's end are ../workers.test.js's.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { isSlackRtmApi } = require('../support/client.js');
const { EXIT_SCENARIOS, talk } = require('../support/exit-scenarios.js');
const { SLACK, isFull, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { parallel } = require('../support/parallel.js');
const { SLACK_FRAMES } = require('../support/slack-frames.js');

const FRAMES = SLACK_FRAMES.filter(({ reply_to }) => reply_to === undefined);

/** How a process ended, in words. */
const ending = ({ code, signal, stderr }) =>
  `${signal ?? `code ${code}`}${stderr === '' ? '' : `, stderr: ${stderr.trim().split('\n')[0]}`}`;

/** Frames without end for everybody, numbered, and replies; who sends `typing` is dropped. */
function neverSilent(server) {
  server.greet = (socket) => {
    let number = 0;
    socket.ws.removeAllListeners('message');
    socket.ws.on('message', (data) => {
      const { id, type } = JSON.parse(data.toString());
      if (type === 'typing') socket.drop();
      else socket.send({ ok: true, reply_to: id });
    });
    socket.hello();
    const timer = setInterval(() => {
      for (let n = 0; n < 10; n += 1) socket.send({ ...FRAMES[number % FRAMES.length], number: ++number });
    }, 20);
    socket.ws.on('close', () => clearInterval(timer));
  };
}

// The peer has no native part to go wrong, and is slow to start.
const WORKERS = isSlackRtmApi ? 40 : 500;

guarantee(
  '500 worker threads start and end at random points of the lifecycle: the process exits with code 0, without a signal',
  {
    timeout: 120_000,
    async measure(t) {
      const seed = Number(process.env.SEED ?? Date.now() % 1e9);
      t.diagnostic(`SEED=${seed}`);
      const server = await scriptedServer(t);
      neverSilent(server);
      const fixture = require.resolve('../fixtures/worker-ends.js');
      const input = { fixture, apiUrl: server.apiUrl, seed, count: WORKERS };
      const ended = await inProcess(t, server, ({ input }) => require(input.fixture).main(input), { input }).ended;
      const { ways, lost, heard } = ended.reports.pop() ?? { ways: {} };
      t.diagnostic(JSON.stringify(ways));
      const sum = Object.values(ways).reduce((one, other) => one + other, 0);
      return {
        'worker threads ended': `${sum} of ${WORKERS}`,
        'frames lost in the main thread meanwhile': lost === undefined ? 'unknown' : `${lost} of ${heard}`,
        'the process': ending(ended),
      };
    },
    keep(figures) {
      assert.equal(figures['worker threads ended'], '500 of 500');
      assert.match(figures['frames lost in the main thread meanwhile'], /^0 of [1-9]\d{2,}$/);
      assert.equal(figures['the process'], 'code 0');
    },
  },
);

/** Longer than any way into a state. */
const LATEST = 20_000;

/**
 * Runs a process into a state, where `exit` is called. (A signal stands for the call where the process cannot know.)
 * @returns {Promise<{ code: number, signal: string, stderr: string }>}
 */
async function endIn(t, { run, prepare }, exit) {
  const server = await scriptedServer(t);
  const { input = null, there } = (await prepare?.(server, t)) ?? {};
  const child = inProcess(
    t,
    server,
    `(context) => {
    const { client, report } = context;
    const exit = ${exit};
    process.once('SIGUSR2', exit);
    const rtm = client({ retryConfig: { retries: 0 } });
    report(process.pid);
    (${run})({ ...context, rtm, exit, talk: ${talk} });
  }`,
    { input },
  );
  const pid = await child.report();
  const late = setTimeout(() => process.kill(pid, 'SIGKILL'), LATEST);
  there?.then(() => process.kill(pid, 'SIGUSR2'));
  const ended = await child.ended;
  clearTimeout(late);
  return ended;
}

/**
 * Runs processes into states, some at a time, and tells how many ended as expected, and what became of the others.
 * @param {any} t
 * @param {[string, any][]} states
 * @param {string} exit
 * @param {(ended: { code: number, signal: string, stderr: string }) => boolean} isExpected
 */
async function endings(t, states, exit, isExpected) {
  const others = [];
  await parallel(states, 4, async ([name, state]) => {
    const ended = await endIn(t, state, exit);
    if (!isExpected(ended)) others.push(`${name}: ${ending(ended)}`);
  });
  return { 'as expected': `${states.length - others.length} of ${states.length}`, others: others.join('; ') || 'none' };
}

const noOthers = ({ others }) => assert.equal(others, 'none');

const STATES = Object.entries(EXIT_SCENARIOS).filter(([, { better }]) => !(isSlackRtmApi && better));
const statesOf = (/** @type {RegExp} */ names) => STATES.filter(([name]) => names.test(name));

guarantee('process.exit() in every state of a client: the exit code is the argument, and there is no signal', {
  timeout: isFull ? 600_000 : 120_000,
  measure(t) {
    const runs = STATES.flatMap((state) => Array(isFull ? 20 : 2).fill(state));
    return endings(t, runs, '() => process.exit(7)', ({ code, stderr }) => code === 7 && stderr === '');
  },
  check: noOthers,
});

guarantee('SIGTERM and SIGINT end the process immediately', {
  timeout: 90_000,
  async measure(t) {
    const states = statesOf(/^(authenticating|in traffic both|busy|with an agent|after reconnecting|disconnecting)/);
    let slowest = 0;
    const figures = {};
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const exit = `() => {
        report(Date.now());
        process.kill(process.pid, '${signal}');
      }`;
      const { 'as expected': count, others } = await endings(t, states, exit, (ended) => {
        slowest = Math.max(slowest, Date.now() - ended.reports.pop());
        return ended.signal === signal && ended.stderr === '';
      });
      figures[signal] = others === 'none' ? count : `${count}, ${others}`;
    }
    return { ...figures, 'ended within': `${slowest} ms` };
  },
  keep(figures) {
    for (const signal of ['SIGTERM', 'SIGINT']) assert.equal(figures[signal], '6 of 6');
    assert.ok(parseFloat(figures['ended within']) < 200 + SLACK);
  },
});

guarantee('an uncaught exception in any listener: exit code 1 and its stack, without a signal', {
  timeout: 90_000,
  measure(t) {
    const states = statesOf(/^(in a listener of|once)/);
    return endings(t, states, "() => { throw new RangeError('of the user') }", ({ code, signal, stderr }) => {
      return code === 1 && signal === null && /RangeError: of the user\n {4}at .*\n/.test(stderr);
    });
  },
  check: noOthers,
});
