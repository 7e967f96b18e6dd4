// start() and disconnect() in every state and from within every listener: a table of cells, each a client with a server
// of its own. Owns the table, and what must hold of a cell. It is for processes that do nothing else: a client that is
// not up to it may throw, or storm.
//
//   GROUPS                                            // names: of a state, or of a listener's event
//   cellsOf(group)                                    // all cells of a group: { name, group, calls, isRefused }
//   await runCell(cell)                               // { name, problems, slowest }
//
// One more group has its server elsewhere, since JavaScript is blocked in it:
//   FLOODED                                           // its cells
//   flood(server);                                    // has the server send more than anybody can hold
//   await runFlooded(cell, { apiUrl, token, acting }) // `acting` is called right before the cell's own calls
'use strict';

const { LIFECYCLE, RTMClient, keepingLogger, next } = require('./client.js');
const { waits } = require('./dead-ends.js');
const { line } = require('./line.js');
const { scriptedServer } = require('./scripted-server.js');

const DISCONNECT_LIMIT = 5000;
const REFUSED_LIMIT = 1000;

/** A start() that waits for an answer, a repetition and a pause is done by then. */
const START_LIMIT = 12_000;

/** Longer than the first pause before a reconnect. */
const QUIET = 1500;

const OPTIONS = {
  requestTimeout: 1000,
  connectTimeout: 1000,
  retryConfig: { retries: 5, minTimeout: 1000, factor: 1 },
};

/** Steps, each awaited before the next; what a step has is called in one turn. */
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

/** Leaves a connect call without an answer, and has its connection counted. */
const unanswered = (cell) => (request, response) => {
  cell.unanswered += 1;
  response.on('close', () => (cell.unanswered -= 1));
};

/** Takes no notice of an upgrade; ends with the client. */
const ignored = (request, tcp) => tcp.resume().on('end', () => tcp.end());

/** What the server does with the first socket only. */
function greetFirst(server, greet) {
  server.greet = (socket) => {
    server.greet = (later) => later.hello();
    greet(socket);
  };
}

/**
 * How a client gets into each state. `begin` calls a method of the client whose promise has to settle, too.
 * @type {Record<string, (cell: any) => Promise<unknown>>}
 */
const STATES = {
  'never started': async () => {},
  authenticating: async (cell) => {
    cell.server.answers.push(unanswered(cell));
    cell.begin('start');
    await cell.server.nextCall();
  },
  'between retries': async ({ server, begin }) => {
    const refused = new Promise((resolve) => {
      server.answers.push((request, response) => response.on('close', resolve).writeHead(500).end());
    });
    begin('start');
    await refused;
  },
  authenticated: async ({ server, begin }) => {
    const dialled = new Promise((resolve) => {
      server.refusals.push((request, tcp) => resolve(ignored(request, tcp)));
    });
    begin('start');
    await dialled;
  },
  handshaking: async ({ server, begin }) => {
    greetFirst(server, silent);
    begin('start');
    await server.nextSocket();
  },
  resuming: async (cell) => {
    const socket = await STATES.ready(cell);
    cell.rtm.sendMessage('no reply', 'C1').catch(silent);
    await socket.nextFrame('message');
    socket.drop();
    await next(cell.rtm, 'connected');
  },
  ready: async ({ server, rtm, begin }) => {
    const ready = next(rtm, 'ready');
    begin('start');
    await ready;
    return server.nextSocket();
  },
  disconnecting: async (cell) => {
    await STATES.ready(cell);
    cell.wire.silence();
    const disconnecting = next(cell.rtm, 'disconnecting');
    cell.begin('disconnect');
    await disconnecting;
  },
  reconnecting: async (cell) => {
    const socket = await STATES.ready(cell);
    cell.server.answers.push({ ok: false, error: 'fatal_error' });
    socket.drop();
    await next(cell.rtm, 'reconnecting');
    await next(cell.rtm, 'reconnecting'); // whose pause is not a short one
  },
  'disconnected after disconnect()': async (cell) => {
    await STATES.ready(cell);
    await cell.begin('disconnect');
  },
  'disconnected after a failure': async ({ server, begin }) => {
    server.answers.push({ ok: false, error: 'invalid_auth' });
    await begin('start').catch(silent);
  },
};

const start = ({ begin }) => begin('start');

async function readyAnd(cell, then) {
  const socket = await STATES.ready(cell);
  then(socket);
}

/**
 * How each event comes about, as often as it takes for once.
 * @type {Record<string, (cell: any) => unknown>}
 */
const LISTENERS = {
  connecting: start,
  authenticated: start,
  connected: start,
  hello: start,
  slack_event: start,
  ready: start,
  message: (cell) => {
    greetFirst(cell.server, (socket) => {
      socket.hello();
      socket.send({ type: 'message', text: 'hi' });
    });
    start(cell);
  },
  outgoing_message: (cell) => readyAnd(cell, () => cell.rtm.sendTyping('C1').catch(silent)),
  disconnecting: (cell) => readyAnd(cell, () => cell.begin('disconnect')),
  disconnected: (cell) => readyAnd(cell, () => cell.begin('disconnect')),
  reconnecting: (cell) => readyAnd(cell, (socket) => socket.drop()),
  error: (cell) => {
    cell.server.refusals.push(503);
    start(cell);
  },
  unable_to_rtm_start: (cell) => {
    cell.server.answers.push({ ok: false, error: 'fatal_error' });
    start(cell);
  },
  'disconnected (after a failure)': (cell) => {
    cell.server.answers.push({ ok: false, error: 'invalid_auth' });
    start(cell);
  },
};

const PLACES = {
  ...Object.fromEntries(Object.entries(STATES).map(([state, enter]) => [`while ${state}`, { enter }])),
  ...Object.fromEntries(
    Object.entries(LISTENERS).map(([name, provoke]) => {
      return [`from within a listener of ${name}`, { event: name.split(' ')[0], provoke }];
    }),
  ),
};

const GROUPS = Object.keys(PLACES);

/** States without an answer of the server's: start() makes a connect call, or awaits one. */
const ASKING = [
  'never started',
  'authenticating',
  'between retries',
  'reconnecting',
  'disconnected after disconnect()',
  'disconnected after a failure',
].map((state) => `while ${state}`);

/** What is called when the server begins to answer with a permanent error. */
const REFUSED = ['start()', 'start() twice in one turn', 'disconnect() and start() in one turn'];

const cellOf = (group, calls, isRefused = false) => ({
  name: `${group}: ${calls}${isRefused ? ', with a permanent error' : ''}`,
  group,
  calls,
  isRefused,
});

/** @param {string} group */
function cellsOf(group) {
  const refused = ASKING.includes(group) ? REFUSED : 'enter' in PLACES[group] ? ['disconnect(), then start()'] : [];
  return [
    ...Object.keys(CALLS).map((calls) => cellOf(group, calls)),
    ...refused.map((calls) => cellOf(group, calls, true)),
  ];
}

const FLOODED = Object.keys(CALLS).map((calls) => cellOf('while JavaScript is busy and its outbox full', calls));

/** A client between a test's calls and its server, with all that is observed of both. */
class Cell {
  problems = [];
  /** The slowest disconnect(), and the slowest start() that met with a permanent error, in ms. */
  slowest = { disconnect: 0, refused: 0 };
  events = 0;
  answeredAt = 0;
  /** Connect calls that wait for an answer. */
  unanswered = 0;
  #begun = [];

  /** `wire` carries the sockets; it is left out where the server is elsewhere. */
  constructor({ apiUrl, server, wire }) {
    Object.assign(this, { server, wire });
    this.rtm = new RTMClient(server.token, { logger: keepingLogger(), slackApiUrl: apiUrl, ...OPTIONS });
    for (const name of [...LIFECYCLE, 'slack_event', 'outgoing_message']) this.rtm.on(name, () => (this.events += 1));
    this.begin = this.begin.bind(this);
  }

  /** Calls a method; one that throws is one that rejects. */
  call(method) {
    return new Promise((resolve) => resolve(this.rtm[method]()));
  }

  /** The same, for a call that is made on the way to a state. */
  begin(method) {
    const promise = this.call(method);
    promise.catch(silent);
    this.#begun.push({ method, promise });
    return promise;
  }

  /** From now on the token is not good. */
  refuse() {
    this.server.answer = () => {
      this.answeredAt = performance.now();
      return { ok: false, error: 'invalid_auth' };
    };
  }

  /** What calls that were made in one turn come to. */
  async settle(methods, isRefused) {
    const promises = methods.map((method) => this.call(method));
    await Promise.all(
      promises.map(async (promise, index) => {
        const outcome = await waits(promise, methods[index] === 'start' ? START_LIMIT : DISCONNECT_LIMIT);
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
    const late = performance.now() - this.answeredAt;
    this.slowest.refused = Math.max(this.slowest.refused, late);
    if (error?.data?.error !== 'invalid_auth') this.problems.push(`start() is not refused: ${error?.message}`);
    if (late > REFUSED_LIMIT) this.problems.push(`start() rejects ${late} ms after the answer`);
    return undefined;
  }

  /** The calls on the way must have settled by the end. */
  async settleBegun() {
    for (const { method, promise } of this.#begun) {
      const { hangs } = await waits(promise.catch(silent), 100);
      if (hangs) this.problems.push(`the earlier ${method}() does not settle`);
    }
  }

  /** Ended, and nothing comes any more. */
  async assertEnded() {
    const { events } = this;
    const calls = this.server.calls.length;
    if (this.rtm.connected || this.state !== 'disconnected') this.problems.push(`ends as ${this.state}`);
    await new Promise((resolve) => setTimeout(resolve, QUIET));
    if (this.events > events) this.problems.push(`${this.events - events} events after the end`);
    if (this.server.calls.length > calls) this.problems.push('connects again after the end');
    if (this.wire?.connections > 0) this.problems.push(`${this.wire.connections} open sockets after the end`);
    if (this.unanswered > 0) this.problems.push('a connect call goes on after the end');
  }

  /** Up again, with one socket; and can be ended. */
  async assertConnected() {
    const { rtm } = this;
    const { hangs } = rtm.connected ? {} : await waits(next(rtm, 'connected'), START_LIMIT);
    if (hangs) return void this.problems.push(`does not connect, but stays ${this.state}`);
    if (this.wire && this.wire.connections !== 1) this.problems.push(`${this.wire.connections} open sockets`);
    return this.settle(['disconnect'], false);
  }

  get state() {
    return this.rtm.stateMachine.getCurrentState();
  }
}

/** What `atEnd` knows of a test. */
function lifespan() {
  const ends = [];
  return { after: (end) => ends.push(end), end: () => Promise.all(ends.map((end) => end())) };
}

/**
 * The life of a cell.
 * @param {Cell} cell
 * @param {ReturnType<typeof cellOf>} of
 * @param {(act: () => void) => unknown} reach calls `act` where the cell's own calls are to be made
 */
async function live(cell, { name, calls, isRefused }, reach) {
  const [first, ...others] = CALLS[calls];
  const acted = new Promise((resolve) => {
    const act = () => {
      if (isRefused) cell.refuse();
      resolve({ settled: cell.settle(first, isRefused) });
    };
    reach(act);
  });
  const { value, hangs } = await waits(acted, START_LIMIT);
  if (hangs) cell.problems.push(`does not get there, but stays ${cell.state}`);
  else await value.settled;
  const steps = others.map((methods) => () => cell.settle(methods, isRefused));
  if (CALLS[calls].at(-1).at(-1) === 'start' && !isRefused) steps.push(() => cell.assertConnected());
  for (const step of [...steps, () => cell.assertEnded(), () => cell.settleBegun()]) {
    if (cell.problems.length === 0) await step();
  }
  return { name, problems: cell.problems, slowest: cell.slowest };
}

/** @param {ReturnType<typeof cellOf>} of */
async function runCell(of) {
  const life = lifespan();
  const server = await scriptedServer(life);
  const { apiUrl } = server;
  const cell = new Cell({ apiUrl, server, wire: await line(life, server) });
  const { enter, event, provoke } = PLACES[of.group];
  const result = await live(cell, of, (act) => {
    if (enter) return enter(cell).then(act);
    cell.rtm.once(event, act);
    return provoke(cell);
  });
  await life.end();
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
 * @param {ReturnType<typeof cellOf>} of
 * @param {{ apiUrl: string, token: string, acting: () => void }} server
 */
function runFlooded(of, { apiUrl, token, acting }) {
  const cell = new Cell({ apiUrl, server: { token, calls: [] } });
  return live(cell, of, (act) => {
    cell.rtm.once('message', () => {
      // Busy for so long that nothing more finds room.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
      acting();
      act();
    });
    cell.begin('start');
  });
}

module.exports = { FLOODED, GROUPS, cellsOf, flood, runCell, runFlooded };
