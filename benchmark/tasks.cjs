// The tasks of the benchmark. Each gets a function that creates clients, and its options. It resolves with its figures: one object,
// or one for each point of a curve (`at`). measurements.mjs has the units.
'use strict';

const { readFileSync } = require('node:fs');
const { setTimeout: pause } = require('node:timers/promises');

/** A clock that all processes of the machine share, in ns. */
const now = () => Number(process.hrtime.bigint());

const once = (rtm, event) => new Promise((resolve) => rtm.once(event, resolve));

/** The time for which the main thread ran, and for which it was ready to run but had no core, in µs, as counted by Linux. */
function mainThread() {
  const [ran, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1000, waited: Number(waited) / 1000 };
}

/** Starts to measure. The returned function divides by a count: it returns the cost of one item in µs, and the rate per second. */
function meter() {
  const before = { time: now(), main: mainThread(), all: process.cpuUsage() };
  return (count) => {
    const { user, system } = process.cpuUsage(before.all);
    const { ran, waited } = mainThread();
    return {
      main: (ran - before.main.ran) / count,
      waited: (waited - before.main.waited) / count,
      all: (user + system) / count,
      rate: (count / (now() - before.time)) * 1e9,
    };
  };
}

/** `median` and `p99` of times in ns, in µs. */
function distribution(times) {
  const sorted = [...times].sort((one, other) => one - other);
  const quantile = (share) => sorted[Math.floor(share * (sorted.length - 1))] / 1000;
  return { median: quantile(0.5), p99: quantile(0.99) };
}

/** Starts a client and waits until it is ready. */
async function readyClient(rtm) {
  const ready = once(rtm, 'ready');
  await rtm.start();
  await ready;
  return rtm;
}

/** Starts a client and sends some messages: the first messages of @slack/rtm-api are slow, and it loses replies that are faster. */
async function readySender(rtm) {
  await readyClient(rtm);
  for (let sent = 0; sent < 20; sent += 1) await rtm.sendMessage('to warm up', 'C10');
  return rtm;
}

/** Receives frames of a stream. Resolves with the cost of each. */
async function receive(rtm, stream, count) {
  const costOf = meter();
  const done = once(rtm, 'done');
  await rtm.send('stream', { stream, count });
  await done;
  return costOf(count);
}

/** A point of a curve: the same after a warm-up with a fifth of the frames. */
async function point(at, rtm, stream, count) {
  await receive(rtm, stream, Math.ceil(count / 5));
  return { at, ...(await receive(rtm, stream, count)) };
}

/** Adds a listener that reads the text of each message. Returns its counts. */
function listen(rtm) {
  const counts = { messages: 0, characters: 0 };
  rtm.on('message', (event) => {
    counts.messages += 1;
    counts.characters += event.text?.length ?? 0;
  });
  return counts;
}

const tasks = {
  async require(_, { requireTime }) {
    return { time: requireTime };
  },

  async start(makeClient) {
    const before = now();
    await readyClient(makeClient());
    return { time: (now() - before) / 1e6 };
  },

  /** The cost of each frame of a stream, after a warm-up. */
  async stream(makeClient, { scheme, stream, warmUp, count }) {
    const rtm = makeClient(scheme);
    const counts = listen(rtm);
    await readyClient(rtm);
    await receive(rtm, stream, warmUp);
    const cost = await receive(rtm, stream, count);
    return { ...cost, peak: process.resourceUsage().maxRSS / 1024, same: `${counts.messages} ${counts.characters}` };
  },

  /** Messages of one size after another. */
  async sizes(makeClient, { points, bytes }) {
    const rtm = makeClient();
    listen(rtm);
    await readyClient(rtm);
    const figures = [];
    for (const size of points) {
      figures.push(await point(size, rtm, size, Math.ceil(bytes / Math.max(size, 500))));
    }
    return figures;
  },

  /** An increasing number of listeners for one event. */
  async listeners(makeClient, { points, count }) {
    const rtm = await readyClient(makeClient());
    const figures = [];
    for (const number of points) {
      while (rtm.listenerCount('message') < number) listen(rtm);
      figures.push(await point(number, rtm, 'messages', count));
    }
    return figures;
  },

  /** One listener for the event, and an increasing number of listeners for events that never arrive. */
  async names(makeClient, { points, count }) {
    const rtm = makeClient();
    listen(rtm);
    await readyClient(rtm);
    const figures = [];
    let names = 0;
    for (const number of points) {
      for (; names < number; names += 1) rtm.on(`name_${names}`, () => {});
      figures.push(await point(number, rtm, 'messages', count));
    }
    return figures;
  },

  /** One message after another, each after the reply to the previous one. */
  async roundTrips(makeClient, { count }) {
    const rtm = await readySender(makeClient());
    const times = [];
    for (let sent = 0; sent < count; sent += 1) {
      const before = now();
      await rtm.sendMessage('Grüße aus Köln', 'C0');
      times.push(now() - before);
    }
    return distribution(times.slice(count / 5));
  },

  /** Many messages at once, to a server that delays each reply. */
  async replies(makeClient, { count, after }) {
    const rtm = await readySender(makeClient());
    const costOf = meter();
    await Promise.all(Array.from({ length: count }, (_, index) => rtm.sendMessage(`number ${index}`, `C${after}`)));
    return costOf(count);
  },

  /** The time from the server's write to the listener, on a connection with little traffic. */
  async latency(makeClient, { count, every }) {
    const rtm = await readyClient(makeClient());
    const times = [];
    rtm.on('message', ({ at }) => times.push(now() - at));
    const done = once(rtm, 'done');
    await rtm.send('singles', { count, every });
    await done;
    return distribution(times.slice(count / 10));
  },

  /** Many clients in one process: the time until all are ready, their memory, and, with `idle` (in ms), their CPU time while idle. */
  async clients(makeClient, { count, idle }) {
    const memory = () => {
      global.gc();
      return process.memoryUsage.rss() / 1024;
    };
    const [memoryBefore, before] = [memory(), now()];
    await Promise.all(Array.from({ length: count }, () => readyClient(makeClient())));
    const ready = (now() - before) / 1e6;
    await pause(idle === undefined ? 200 : 1000);
    const figures = { at: count, ready, memory: (memory() - memoryBefore) / count };
    if (idle === undefined) return figures;
    const cpu = process.cpuUsage();
    await pause(idle);
    const { user, system } = process.cpuUsage(cpu);
    return { ...figures, idle: ((user + system) / count / idle) * 1000 };
  },
};

module.exports = { tasks };
