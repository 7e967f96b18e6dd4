// start() and disconnect() in every state and from within every listener: a table of cases. Each case has its own client
// and server. Run them in a child process: a broken client may throw, or connect again and again.
//
//   GROUPS                                            // the names of the states, and of the listeners' events
//   casesOf(group)                                    // the cases of a group: { name, group, calls, isRefused }
//   await runCase(one)                                // { name, problems, slowest }
//
// The cases of one more group block JavaScript, so their server is in another process:
//   FLOODED_CASES
//   flood(server);                                    // makes the server send more than the outbox can hold
//   await runFloodedCase(one, { apiUrl, token, acting })  // calls `acting` right before the calls under test
'use strict';

const { LIFECYCLE, RTMClient, recordingLogger, next } = require('./client.js');
const { outcomeWithin } = require('./unresponsive-servers.js');
const { tcpRelay } = require('./tcp-relay.js');
const { scriptedServer } = require('./scripted-server.js');

const DISCONNECT_LIMIT = 5000;
const REFUSED_LIMIT = 1000;

/** Enough for a start() that waits for a response, a retry and a pause. In ms, like all limits here. */
const START_LIMIT = 12_000;

/** Longer than the first pause before a reconnect: time for events that must not come. */
const QUIET = 1500;

const OPTIONS = {
  requestTimeout: 1000,
  connectTimeout: 1000,
  retryConfig: { retries: 5, minTimeout: 1000, factor: 1 },
};

/** The calls under test, in steps. Each step is awaited before the next; its calls are made in one turn. */
const CALLS = {
  'start()': [['start']],
  'disconnect()': [['disconnect']],
  'disconnect(), then start()': [['disconnect'], ['start']],
  'start(), then disconnect()': [['start'], ['disconnect']],
  'disconnect() twice': [['disconnect'], ['disconnect']],
  'disconnect() twice in one turn': [['disconnect', 'disconnect']],
  'start() twice': [['start'], ['start']],
  'start() twice in one turn': [['start', 'start']],
  'start() and disconnect() in one turn': [['start', 'disconnect']],
  'disconnect() and start() in one turn': [['disconnect', 'start']],
};

const silent = () => {};

/** Leaves a connect call without a response, and counts it. */
const unanswered = (run) => (request, response) => {
  run.unanswered += 1;
  response.on('close', () => (run.unanswered -= 1));
};

/** Leaves an upgrade without a response until the client ends it. */
const ignored = (request, tcp) => tcp.resume().on('end', () => tcp.end());

/** Greets the first socket with `greet`, and later ones with hello. */
function greetFirst(server, greet) {
  server.greet = (socket) => {
    server.greet = (later) => later.hello();
    greet(socket);
  };
}

/**
 * How a client gets into each state. `begin` calls a method of the client; its promise must settle by the end, too.
 * @type {Record<string, (run: any) => Promise<unknown>>}
 */
const STATES = {
  'never started': async () => {},
  authenticating: async (run) => {
    run.server.responses.push(unanswered(run));
    run.begin('start');
    await run.server.nextCall();
  },
  'between retries': async ({ server, begin }) => {
    const refused = new Promise((resolve) => {
      server.responses.push((request, response) => response.on('close', resolve).writeHead(500).end());
    });
    begin('start');
    await refused;
  },
  authenticated: async ({ server, begin }) => {
    const upgrading = new Promise((resolve) => {
      server.refusals.push((request, tcp) => resolve(ignored(request, tcp)));
    });
    begin('start');
    await upgrading;
  },
  handshaking: async ({ server, begin }) => {
    greetFirst(server, silent);
    begin('start');
    await server.nextSocket();
  },
  resuming: async (run) => {
    const socket = await STATES.ready(run);
    run.rtm.sendMessage('no reply', 'C1').catch(silent);
    await socket.nextFrame('message');
    socket.drop();
    await next(run.rtm, 'connected');
  },
  ready: async ({ server, rtm, begin }) => {
    const ready = next(rtm, 'ready');
    begin('start');
    await ready;
    return server.nextSocket();
  },
  disconnecting: async (run) => {
    await STATES.ready(run);
    run.relay.silence();
    const disconnecting = next(run.rtm, 'disconnecting');
    run.begin('disconnect');
    await disconnecting;
  },
  reconnecting: async (run) => {
    const socket = await STATES.ready(run);
    run.server.responses.push({ ok: false, error: 'fatal_error' });
    socket.drop();
    await next(run.rtm, 'reconnecting');
    await next(run.rtm, 'reconnecting'); // the second pause is long enough for the calls under test
  },
  'disconnected after disconnect()': async (run) => {
    await STATES.ready(run);
    await run.begin('disconnect');
  },
  'disconnected after a failure': async ({ server, begin }) => {
    server.responses.push({ ok: false, error: 'invalid_auth' });
    await begin('start').catch(silent);
  },
};

const start = ({ begin }) => begin('start');

async function readyAnd(run, then) {
  const socket = await STATES.ready(run);
  then(socket);
}

/**
 * How to cause each event.
 * @type {Record<string, (run: any) => unknown>}
 */
const LISTENERS = {
  connecting: start,
  authenticated: start,
  connected: start,
  hello: start,
  slack_event: start,
  ready: start,
  message: (run) => {
    greetFirst(run.server, (socket) => {
      socket.hello();
      socket.send({ type: 'message', text: 'hi' });
    });
    start(run);
  },
  outgoing_message: (run) => readyAnd(run, () => run.rtm.sendTyping('C1').catch(silent)),
  disconnecting: (run) => readyAnd(run, () => run.begin('disconnect')),
  disconnected: (run) => readyAnd(run, () => run.begin('disconnect')),
  reconnecting: (run) => readyAnd(run, (socket) => socket.drop()),
  error: (run) => {
    run.server.refusals.push(503);
    start(run);
  },
  unable_to_rtm_start: (run) => {
    run.server.responses.push({ ok: false, error: 'fatal_error' });
    start(run);
  },
  'disconnected (after a failure)': (run) => {
    run.server.responses.push({ ok: false, error: 'invalid_auth' });
    start(run);
  },
};

const PLACES = {
  ...Object.fromEntries(Object.entries(STATES).map(([state, enter]) => [`while ${state}`, { enter }])),
  ...Object.fromEntries(
    Object.entries(LISTENERS).map(([name, cause]) => {
      return [`from within a listener of ${name}`, { event: name.split(' ')[0], cause }];
    }),
  ),
};

const GROUPS = Object.keys(PLACES);

/** States before the server's response: start() makes a connect call, or waits for one. */
const STATES_BEFORE_RESPONSE = [
  'never started',
  'authenticating',
  'between retries',
  'reconnecting',
  'disconnected after disconnect()',
  'disconnected after a failure',
].map((state) => `while ${state}`);

/** The calls under test for a server that starts to respond with a permanent error. */
const REFUSED_CALLS = ['start()', 'start() twice in one turn', 'disconnect() and start() in one turn'];

const caseOf = (group, calls, isRefused = false) => ({
  name: `${group}: ${calls}${isRefused ? ', with a permanent error' : ''}`,
  group,
  calls,
  isRefused,
});

/** @param {string} group */
function casesOf(group) {
  const refused = STATES_BEFORE_RESPONSE.includes(group)
    ? REFUSED_CALLS
    : 'enter' in PLACES[group]
      ? ['disconnect(), then start()']
      : [];
  return [
    ...Object.keys(CALLS).map((calls) => caseOf(group, calls)),
    ...refused.map((calls) => caseOf(group, calls, true)),
  ];
}

const FLOODED_CASES = Object.keys(CALLS).map((calls) => caseOf('while JavaScript is busy and its outbox full', calls));

/** One run of a case: the client, its server, and the problems found. */
class CaseRun {
  problems = [];
  /** The slowest disconnect(), and the slowest start() with a permanent error, in ms. */
  slowest = { disconnect: 0, refused: 0 };
  events = 0;
  respondedAt = 0;
  /** The number of connect calls that wait for a response. */
  unanswered = 0;
  #begun = [];

  /** `relay` carries the sockets; it is left out if the server is in another process. */
  constructor({ apiUrl, server, relay }) {
    Object.assign(this, { server, relay });
    this.rtm = new RTMClient(server.token, { logger: recordingLogger(), slackApiUrl: apiUrl, ...OPTIONS });
    for (const name of [...LIFECYCLE, 'slack_event', 'outgoing_message']) this.rtm.on(name, () => (this.events += 1));
    this.begin = this.begin.bind(this);
  }

  /** Calls a method. A synchronous throw counts as a rejection. */
  call(method) {
    return new Promise((resolve) => resolve(this.rtm[method]()));
  }

  /** Calls a method on the way to a state. */
  begin(method) {
    const promise = this.call(method);
    promise.catch(silent);
    this.#begun.push({ method, promise });
    return promise;
  }

  /** From now on, the server refuses the token. */
  refuse() {
    this.server.connectResponse = () => {
      this.respondedAt = performance.now();
      return { ok: false, error: 'invalid_auth' };
    };
  }

  /** Makes calls in one turn, and checks their outcomes. */
  async settle(methods, isRefused) {
    const promises = methods.map((method) => this.call(method));
    await Promise.all(
      promises.map(async (promise, index) => {
        const outcome = await outcomeWithin(promise, methods[index] === 'start' ? START_LIMIT : DISCONNECT_LIMIT);
        const isAborted = outcome.error?.code === 'ABORT_ERR' && methods.at(-1) === 'disconnect';
        if (methods[index] === 'disconnect') this.#judgeDisconnect(outcome);
        else if (!isAborted) this.#judgeStart(outcome, isRefused);
      }),
    );
  }

  #judgeDisconnect({ waited, hangs, error }) {
    this.slowest.disconnect = Math.max(this.slowest.disconnect, waited);
    if (hangs) this.problems.push('disconnect() does not settle');
    else if (error) this.problems.push(`disconnect() rejects: ${error.message}`);
  }

  #judgeStart({ hangs, error, value }, isRefused) {
    if (hangs) return void this.problems.push('start() does not settle');
    if (!isRefused) {
      if (value?.ok !== true) this.problems.push(`start() does not resolve: ${error?.message}`);
      return undefined;
    }
    const late = performance.now() - this.respondedAt;
    this.slowest.refused = Math.max(this.slowest.refused, late);
    if (error?.data?.error !== 'invalid_auth') this.problems.push(`start() is not refused: ${error?.message}`);
    if (late > REFUSED_LIMIT) this.problems.push(`start() rejects ${late} ms after the response`);
    return undefined;
  }

  /** Checks that the calls on the way to the state have settled. */
  async settleBegun() {
    for (const { method, promise } of this.#begun) {
      const { hangs } = await outcomeWithin(promise.catch(silent), 100);
      if (hangs) this.problems.push(`the earlier ${method}() does not settle`);
    }
  }

  /** Checks that the client has ended: no event, no connection. */
  async assertEnded() {
    const { events } = this;
    const calls = this.server.calls.length;
    if (this.rtm.connected || this.state !== 'disconnected') this.problems.push(`ends as ${this.state}`);
    await new Promise((resolve) => setTimeout(resolve, QUIET));
    if (this.events > events) this.problems.push(`${this.events - events} events after the end`);
    if (this.server.calls.length > calls) this.problems.push('connects again after the end');
    if (this.relay?.connections > 0) this.problems.push(`${this.relay.connections} open sockets after the end`);
    if (this.unanswered > 0) this.problems.push('a connect call goes on after the end');
  }

  /** Checks that the client is connected again with one socket, and ends it. */
  async assertConnected() {
    const { rtm } = this;
    const { hangs } = rtm.connected ? {} : await outcomeWithin(next(rtm, 'connected'), START_LIMIT);
    if (hangs) return void this.problems.push(`does not connect, but stays ${this.state}`);
    if (this.relay && this.relay.connections !== 1) this.problems.push(`${this.relay.connections} open sockets`);
    return this.settle(['disconnect'], false);
  }

  get state() {
    return this.rtm.stateMachine.getCurrentState();
  }
}

/** A stand-in for the test context: what `atEnd` needs. */
function newLifespan() {
  const ends = [];
  return { after: (end) => ends.push(end), end: () => Promise.all(ends.map((end) => end())) };
}

/**
 * Runs a case.
 * @param {CaseRun} run
 * @param {ReturnType<typeof caseOf>} one
 * @param {(act: () => void) => unknown} reach calls `act` in the state, or the listener, of the case
 */
async function runWith(run, { name, calls, isRefused }, reach) {
  const [first, ...others] = CALLS[calls];
  const acted = new Promise((resolve) => {
    const act = () => {
      if (isRefused) run.refuse();
      resolve({ settled: run.settle(first, isRefused) });
    };
    reach(act);
  });
  const { value, hangs } = await outcomeWithin(acted, START_LIMIT);
  if (hangs) run.problems.push(`does not get there, but stays ${run.state}`);
  else await value.settled;
  const steps = others.map((methods) => () => run.settle(methods, isRefused));
  if (CALLS[calls].at(-1).at(-1) === 'start' && !isRefused) steps.push(() => run.assertConnected());
  for (const step of [...steps, () => run.assertEnded(), () => run.settleBegun()]) {
    if (run.problems.length === 0) await step();
  }
  return { name, problems: run.problems, slowest: run.slowest };
}

/** @param {ReturnType<typeof caseOf>} one */
async function runCase(one) {
  const lifespan = newLifespan();
  const server = await scriptedServer(lifespan);
  const { apiUrl } = server;
  const run = new CaseRun({ apiUrl, server, relay: await tcpRelay(lifespan, server) });
  const { enter, event, cause } = PLACES[one.group];
  const result = await runWith(run, one, (act) => {
    if (enter) return enter(run).then(act);
    run.rtm.once(event, act);
    return cause(run);
  });
  await lifespan.end();
  return result;
}

const FLOOD_FRAME = JSON.stringify({ type: 'message', text: 'x'.repeat(8000) });
const FLOOD_FRAMES = 4000;

function flood(server) {
  greetFirst(server, (socket) => {
    socket.hello();
    for (let n = 0; n < FLOOD_FRAMES; n += 1) socket.send(FLOOD_FRAME);
  });
}

/**
 * @param {ReturnType<typeof caseOf>} one
 * @param {{ apiUrl: string, token: string, acting: () => void }} server
 */
function runFloodedCase(one, { apiUrl, token, acting }) {
  const run = new CaseRun({ apiUrl, server: { token, calls: [] } });
  return runWith(run, one, (act) => {
    run.rtm.once('message', () => {
      // Blocks the event loop until the outbox is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      acting();
      act();
    });
    run.begin('start');
  });
}

module.exports = { FLOODED_CASES, GROUPS, casesOf, flood, runCase, runFloodedCase };
