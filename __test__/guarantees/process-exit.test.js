// The end of threads and processes, in every state of a client, on purpose and at random moments. ../workers.test.js has single
// cases of a worker's end.
'use strict';

const assert = require('node:assert/strict');
const { inProcess } = require('../support/child.js');
const { isSlackRtmApi } = require('../support/client.js');
const { EXIT_SCENARIOS, talk } = require('../support/exit-scenarios.js');
const { TOLERANCE, guarantee, isFull } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { parallel } = require('../support/parallel.js');
const { SLACK_FRAMES } = require('../support/slack-frames.js');

const FRAMES = SLACK_FRAMES.filter(({ reply_to }) => reply_to === undefined);

/** How a process ended, as text. */
const ending = ({ code, signal, stderr }) =>
  `${signal ?? `code ${code}`}${stderr === '' ? '' : `, stderr: ${stderr.trim().split('\n')[0]}`}`;

/** Sends numbered frames to every client without end, replies to its messages, and drops it when it sends `typing`. */
function sendEndlessly(server) {
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

// Fewer for `@slack/rtm-api`: it starts slowly, and it has no native code that could crash.
const WORKERS = isSlackRtmApi ? 40 : 500;

guarantee('500 worker threads end at random points of the lifecycle: the process exits with code 0 and no signal', {
  timeout: 120_000,
  async measure(t) {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    t.diagnostic(`SEED=${seed}`);
    const server = await scriptedServer(t);
    sendEndlessly(server);
    const fixture = require.resolve('../fixtures/worker-ends.js');
    const input = { fixture, apiUrl: server.apiUrl, seed, count: WORKERS };
    const ended = await inProcess(t, server, ({ input }) => require(input.fixture).main(input), { input }).ended;
    const { ways, lost, received } = ended.reports.pop() ?? { ways: {} };
    t.diagnostic(JSON.stringify(ways));
    const sum = Object.values(ways).reduce((one, other) => one + other, 0);
    return {
      'threads that ended': `${sum} of ${WORKERS}`,
      'frames lost in the main thread': lost === undefined ? 'unknown' : `${lost} of ${received}`,
      'exit of the process': ending(ended),
    };
  },
  check(figures) {
    assert.equal(figures['threads that ended'], '500 of 500');
    assert.match(figures['frames lost in the main thread'], /^0 of [1-9]\d{2,}$/);
    assert.equal(figures['exit of the process'], 'code 0');
  },
});

/** Longer than the way into any state takes, in ms. */
const LATEST = 20_000;

/**
 * Brings a process into a state and calls `exit` there. If the process cannot know that it is in this state, a signal calls it.
 * @returns {Promise<{ code: number, signal: string, stderr: string }>}
 */
async function exitIn(t, { run, prepare }, exit) {
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
 * Brings processes into states. Resolves with the number of processes that ended as expected, and the endings of the others.
 * @param {any} t
 * @param {[string, any][]} states
 * @param {string} exit
 * @param {(ended: { code: number, signal: string, stderr: string }) => boolean} isExpected
 */
async function exitInAll(t, states, exit, isExpected) {
  const others = [];
  await parallel(states, 4, async ([name, state]) => {
    const ended = await exitIn(t, state, exit);
    if (!isExpected(ended)) others.push(`${name}: ${ending(ended)}`);
  });
  return { 'as expected': `${states.length - others.length} of ${states.length}`, others: others.join('; ') || 'none' };
}

const assertNoOthers = ({ others }) => assert.equal(others, 'none');

const STATES = Object.entries(EXIT_SCENARIOS).filter(([, { better }]) => !(isSlackRtmApi && better));
const statesOf = (/** @type {RegExp} */ names) => STATES.filter(([name]) => names.test(name));

guarantee('process.exit() in every state of a client: the process exits with the given code and no signal', {
  timeout: isFull ? 600_000 : 120_000,
  measure(t) {
    const runs = STATES.flatMap((state) => Array(isFull ? 20 : 2).fill(state));
    return exitInAll(t, runs, '() => process.exit(7)', ({ code, stderr }) => code === 7 && stderr === '');
  },
  check: assertNoOthers,
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
      const { 'as expected': count, others } = await exitInAll(t, states, exit, (ended) => {
        slowest = Math.max(slowest, Date.now() - ended.reports.pop());
        return ended.signal === signal && ended.stderr === '';
      });
      figures[signal] = others === 'none' ? count : `${count}, ${others}`;
    }
    return { ...figures, 'ended within': `${slowest} ms` };
  },
  check(figures) {
    for (const signal of ['SIGTERM', 'SIGINT']) assert.equal(figures[signal], '6 of 6');
    assert.ok(parseFloat(figures['ended within']) < 200 + TOLERANCE);
  },
});

guarantee('an uncaught exception in any listener: the process prints the stack, and exits with code 1 and no signal', {
  timeout: 90_000,
  measure(t) {
    const states = statesOf(/^(in a listener of|once)/);
    return exitInAll(t, states, "() => { throw new RangeError('of the user') }", ({ code, signal, stderr }) => {
      return code === 1 && signal === null && /RangeError: of the user\n {4}at .*\n/.test(stderr);
    });
  },
  check: assertNoOthers,
});
