// A client with a misbehaving listener between two well-behaved ones. Its scenario: a session whose connection is lost, a
// refused connect call, a refused socket, a second session, the end.
//
//   await hostileServers(t)         in the test: the servers of the scenario; resolves with one that has `apiUrl`
//   runAllSessions(context)         in the process under test: one scenario for each event, with `input.misbehaviour` in a
//                                   listener of that event
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { isFull } = require('./guarantee.js');
const { scriptedServer } = require('./scripted-server.js');

const FRAMES = [
  { type: 'message', text: 'a', n: 1 },
  { type: 'message', subtype: 'bot_message', text: 'b', n: 2 },
  { type: 'message', text: 'c', n: 3 },
];

/** The events of the misbehaving and of the well-behaved listeners. */
const EVENTS = [
  'connecting',
  'authenticated',
  'connected',
  'ready',
  'reconnecting',
  'unable_to_rtm_start',
  'error',
  'disconnecting',
  'disconnected',
  'slack_event',
  'hello',
  'message',
  'message::bot_message',
  'outgoing_message',
];

/** @param {import('node:test').TestContext} t */
async function hostileServers(t) {
  const [first, socketless, second] = await Promise.all(Array.from({ length: 3 }, () => scriptedServer(t)));
  const greetBy = (finish) => (socket) => {
    socket.ws.removeAllListeners('message');
    socket.ws.on('message', (data) => {
      const { id, text } = JSON.parse(data.toString());
      socket.send({ ok: true, reply_to: id });
      if (text !== 'go on') return;
      FRAMES.forEach((frame) => socket.send(frame));
      finish(socket);
    });
    socket.hello();
  };
  first.greet = greetBy((socket) => socket.close(1001, 'going away'));
  second.greet = greetBy((socket) => socket.send({ type: 'end' }));
  socketless.refusals = /** @type {any} */ ({ shift: () => 503 });
  const places = [first, undefined, socketless];
  const calls = new Map();
  const respond = (request, response, { url, headers, form }) => {
    if (!url.endsWith('/rtm.connect')) return response.end('{"ok":true}');
    const token = headers.authorization ?? form.token;
    const count = calls.get(token) ?? 0;
    calls.set(token, count + 1);
    const place = count < places.length ? places[count] : second;
    const refused = { ok: false, error: 'fatal_error' };
    return response.end(
      JSON.stringify(place === undefined ? refused : first.connectResponse({ url: place.socketUrl })),
    );
  };
  first.responses = /** @type {any} */ ({ length: 1, shift: () => respond });
  return first;
}

/** In ms. Each thread is blocked fourteen times: once for each event. */
const BLOCKED_FOR = isFull ? 2000 : 150;

const ignore = () => {};
const PROPERTIES = ['connected', 'authenticated', 'activeUserId', 'activeTeamId', 'state'];

const throws = (make) => ({
  does: () => {
    throw make();
  },
  effect: 'throws',
});

/**
 * What a listener does with the client and the event's last argument: on each call, or with `once` on the first. It does
 * not affect other listeners unless there is an `effect`.
 * @type {Record<string, { does: (rtm: any, event: any) => any, once?: boolean, effect?: string }>}
 */
const MISBEHAVIOURS = {
  'throws an error': throws(() => new Error('of the listener')),
  'throws undefined': throws(() => undefined),
  'throws a string': throws(() => 'of the listener'),
  'throws a value that cannot be converted to a string': throws(() => ({ toString: () => assert.fail('no text') })),
  'overflows the stack': {
    does: function again() {
      again();
      again();
    },
    effect: 'throws',
  },
  rejects: {
    does: async () => {
      throw new Error('of the listener');
    },
  },
  'rejects with undefined': {
    does: () => {
      Promise.reject();
    },
  },
  'calls disconnect()': { does: (rtm) => void rtm.disconnect().catch(ignore), once: true, effect: 'disconnects' },
  'calls start()': { does: (rtm) => void rtm.start().catch(ignore), once: true, effect: 'restarts' },
  'calls disconnect() and start()': {
    does: (rtm) => void [rtm.disconnect().catch(ignore), rtm.start().catch(ignore)],
    once: true,
    effect: 'starts a new session',
  },
  'calls removeAllListeners()': { does: (rtm) => rtm.removeAllListeners(), effect: 'removes' },
  'adds 10,000 listeners': {
    does: (rtm) => {
      for (let n = 0; n < 10_000; n += 1) rtm.on(EVENTS[n % EVENTS.length], () => {});
    },
    once: true,
  },
  'adds and removes a listener': { does: (rtm) => rtm.on('other', ignore).off('other', ignore) },
  'blocks the thread': {
    does: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_FOR),
    once: true,
  },
  'emits events itself': {
    does: (rtm) => {
      for (let n = 0; n < 100; n += 1) rtm.emit('other', n);
    },
  },
  'replaces emit': {
    does: (rtm) => {
      const { emit } = rtm;
      rtm.emit = (...args) => emit.apply(rtm, args);
    },
    once: true,
  },
  'freezes the event': { does: (_, event) => Object.freeze(event) },
  'changes the event': {
    does: (_, event) => typeof event === 'object' && event !== null && Object.assign(event, { user: 'z', odd: 1 }),
  },
  'sends 1,000 messages': {
    does: (rtm) => {
      for (let n = 0; n < 1000; n += 1) rtm.sendMessage(`${n}`, 'C1').catch(ignore);
    },
    once: true,
  },
  'calls ping(), send() and apiCall()': {
    does: (rtm) => [rtm.ping?.(), rtm.send('x'), rtm.apiCall?.('api.test')].forEach((one) => one?.catch(ignore)),
  },
  "deletes the client's properties": { does: (rtm) => PROPERTIES.forEach((name) => delete rtm[name]) },
  'holds 50 MB': { does: (rtm) => (rtm.held ??= Buffer.alloc(50 * 2 ** 20, 1)) && ignore() },
};

/** The events of one session, up to its last frame. */
const SESSION = [
  ...['connecting', 'authenticated', 'connected', 'slack_event hello', 'hello', 'ready', 'outgoing_message'],
  ...['slack_event message', 'message'],
  ...['slack_event message', 'message', 'message::bot_message'],
  ...['slack_event message', 'message'],
];

/** The events of the whole scenario without a misbehaving listener. */
const WHOLE = [
  ...SESSION,
  ...['reconnecting', 'connecting', 'unable_to_rtm_start'],
  ...['reconnecting', 'connecting', 'authenticated', 'error'],
  ...['reconnecting', ...SESSION],
  ...['slack_event end', 'disconnecting', 'disconnected'],
];

/** The note of an event; undefined for events that the misbehaviour itself causes. */
function noteOf(name, args) {
  if (name === 'outgoing_message') return args[0].text === 'go on' ? name : undefined;
  if (name !== 'slack_event') return name;
  return args[1]?.type === undefined || args[1].type === 'pong' ? undefined : `slack_event ${args[0]}`;
}

/**
 * @param {any} rtm
 * @param {() => void} done called when the scenario ends
 */
function listenTo(rtm, done) {
  const notes = [];
  for (const name of EVENTS) {
    rtm.on(name, (...args) => {
      const note = noteOf(name, args);
      if (note !== undefined) notes.push(note);
    });
  }
  rtm.on('end', done);
  return notes;
}

/**
 * Runs the scenario. With an event, a listener of it misbehaves; `acted` resolves when that listener is called.
 * @param {any} rtm
 * @param {string} misbehaviour
 * @param {string | undefined} event
 */
function runScenario(rtm, misbehaviour, event) {
  let [end, act] = [ignore, ignore];
  const ended = new Promise((resolve) => (end = () => resolve(undefined)));
  const acted = new Promise((resolve) => (act = () => resolve(undefined)));
  rtm.on('ready', () => rtm.sendMessage('go on', 'C1').catch(ignore));
  const before = listenTo(rtm, ignore);
  if (event !== undefined) {
    const { does, once } = MISBEHAVIOURS[misbehaviour];
    rtm[once ? 'once' : 'on'](event, (...args) => {
      act();
      return does(rtm, args.at(-1));
    });
  }
  const after = listenTo(rtm, () => rtm.disconnect().then(end, end));
  // A synchronous throw of `@slack/rtm-api` counts as a rejection.
  new Promise((resolve) => resolve(rtm.start())).catch(ignore);
  return { rtm, event, before, after, ended, acted };
}

/**
 * Compares the notes of the two well-behaved listeners with the expected ones, and counts those that came in order.
 * @param {{ before: string[], after: string[], event: string | undefined }} scenario
 * @param {string | undefined} effect
 * @param {string[]} whole the notes of a scenario without a misbehaving listener
 */
function judge({ before, after, event }, effect, whole) {
  const isOf = (note) => event !== undefined && (note === event || note.startsWith(`${event} `));
  const isWhole = event === undefined || [undefined, 'throws', 'restarts'].includes(effect);
  const expected = isWhole ? whole : whole.slice(0, whole.findIndex(isOf) + 1);
  const expectedAfter = effect === 'throws' ? whole.filter((note) => !isOf(note)) : expected;
  const faults = [];
  let received = 0;
  for (const [side, notes, list] of /** @type {const} */ ([
    ['before', before, expected],
    ['after', after, expectedAfter],
  ])) {
    const wrong = list.findIndex((note, n) => notes[n] !== note);
    received += wrong === -1 ? list.length : wrong;
    const [more] = notes.slice(list.length);
    if (wrong !== -1) faults.push(`${side} it: ${notes[wrong] ?? 'nothing'} instead of ${list[wrong]}`);
    else if (more !== undefined && MORE[effect]?.(more) !== true) faults.push(`${side} it: ${more} too many`);
  }
  return {
    received,
    expected: expected.length + expectedAfter.length,
    faults: faults.map((fault) => `${event}: ${fault}`),
  };
}

/** The notes that may follow the expected ones. @type {Record<string, (note: string) => boolean>} */
const MORE = {
  // The same frame is also emitted under its other names, and sent messages as `outgoing_message`.
  disconnects: (note) => note !== 'connecting',
  restarts: (note) => note === 'connecting',
  'starts a new session': () => true,
};

/** Longer than a scenario takes, in ms. */
const LATEST = isFull ? 60_000 : 20_000;

/**
 * In the process under test: the scenario with a misbehaving listener of each event, and without one, all at once.
 * @param {any} context
 */
async function runAllSessions({ RTMClient, report, input: { misbehaviour, apiUrl } }) {
  const { SILENT_LOGGER: logger } = require('./memory-probe.js');
  for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, ignore);
  const retryConfig = { retries: 3, minTimeout: 20, factor: 1, randomize: false };
  const options = { logger, slackApiUrl: apiUrl, retryConfig };
  const begin = (event) => runScenario(new RTMClient(`xoxb-${event}`, options), misbehaviour, event);
  const { effect } = MISBEHAVIOURS[misbehaviour];
  const hasNoEnd = effect === 'disconnects' || effect === 'removes';
  const scenarios = [begin(undefined), ...EVENTS.map(begin)];
  const late = sleep(LATEST);
  const lengths = [];
  await Promise.all(
    scenarios.map(async ({ rtm, event, before, ended, acted }, n) => {
      await Promise.race([event !== undefined && hasNoEnd ? acted : ended, late]);
      await Promise.race([rtm.disconnect().catch(ignore), late]);
      lengths[n] = before.length;
    }),
  );
  const verdicts = scenarios.map((scenario) => judge(scenario, effect, WHOLE));
  const sum = (what) => verdicts.reduce((total, verdict) => total + verdict[what], 0);
  const isLoud = ({ before }, n) => before.length > lengths[n];
  const loud = scenarios.filter(isLoud).map(({ event }) => `${event}: an event after disconnect() resolved`);
  const faults = [...verdicts.flatMap(({ faults: some }) => some), ...loud].map((fault) => `${misbehaviour}, ${fault}`);
  report({ received: sum('received'), expected: sum('expected'), faults });
  process.exit();
}

module.exports = { MISBEHAVIOURS, hostileServers, runAllSessions };
