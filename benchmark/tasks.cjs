// What a client does in the benchmark, and what is measured of it. Each task gets a maker of clients and its options,
// and gives one object of figures, or one for each point of a curve (`at`). Units are those of measurements.mjs.
'use strict';

const { readFileSync } = require('node:fs');
const { setTimeout: pause } = require('node:timers/promises');

/** The clock that all processes of a computer share, in ns. */
const now = () => Number(process.hrtime.bigint());

const once = (rtm, event) => new Promise((resolve) => rtm.once(event, resolve));

/** µs for which the main thread ran, and for which it could have run but had no core, as Linux counts it. */
function mainThread() {
  const [ran, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1000, waited: Number(waited) / 1000 };
}

/** Starts to measure; the function it gives tells what one of so many things cost in µs, and how many there are a second. */
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

/** A client that may send. */
async function readyClient(rtm) {
  const ready = once(rtm, 'ready');
  await rtm.start();
  await ready;
  return rtm;
}

/** One that has sent before: the peer's first messages are slow, and it loses replies that are faster. */
async function readySender(rtm) {
  await readyClient(rtm);
  for (let sent = 0; sent < 20; sent += 1) await rtm.sendMessage('to warm up', 'C10');
  return rtm;
}

/** So many frames of a stream have arrived; what each cost. */
async function pour(rtm, stream, count) {
  const costOf = meter();
  const done = once(rtm, 'done');
  await rtm.send('pour', { stream, count });
  await done;
  return costOf(count);
}

/** The same, after a fifth as many to warm up: a point of a curve. */
async function point(at, rtm, stream, count) {
  await pour(rtm, stream, Math.ceil(count / 5));
  return { at, ...(await pour(rtm, stream, count)) };
}

/** A listener as bots have them. */
function hear(rtm) {
  const ear = { heard: 0, letters: 0 };
  rtm.on('message', (event) => {
    ear.heard += 1;
    ear.letters += event.text?.length ?? 0;
  });
  return ear;
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

  /** A stream pours in: after some frames to warm up, what each of the next costs. */
  async stream(makeClient, { scheme, stream, warmUp, count }) {
    const rtm = makeClient(scheme);
    const ear = hear(rtm);
    await readyClient(rtm);
    await pour(rtm, stream, warmUp);
    const cost = await pour(rtm, stream, count);
    return { ...cost, peak: process.resourceUsage().maxRSS / 1024, same: `${ear.heard} ${ear.letters}` };
  },

  /** Messages of one size after another. */
  async sizes(makeClient, { points, bytes }) {
    const rtm = makeClient();
    hear(rtm);
    await readyClient(rtm);
    const figures = [];
    for (const size of points) {
      figures.push(await point(size, rtm, size, Math.ceil(bytes / Math.max(size, 500))));
    }
    return figures;
  },

  /** More and more listeners of one event. */
  async listeners(makeClient, { points, count }) {
    const rtm = await readyClient(makeClient());
    const figures = [];
    for (const number of points) {
      while (rtm.listenerCount('message') < number) hear(rtm);
      figures.push(await point(number, rtm, 'messages', count));
    }
    return figures;
  },

  /** One listener of an event, and more and more names listened to that never come. */
  async names(makeClient, { points, count }) {
    const rtm = makeClient();
    hear(rtm);
    await readyClient(rtm);
    const figures = [];
    let names = 0;
    for (const number of points) {
      for (; names < number; names += 1) rtm.on(`name_${names}`, () => {});
      figures.push(await point(number, rtm, 'messages', count));
    }
    return figures;
  },

  /** One message after another, each when the reply to the one before is there. */
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

  /** Messages handed over at once, to a server that takes its time for each reply. */
  async replies(makeClient, { count, after }) {
    const rtm = await readySender(makeClient());
    const costOf = meter();
    await Promise.all(Array.from({ length: count }, (_, index) => rtm.sendMessage(`number ${index}`, `C${after}`)));
    return costOf(count);
  },

  /** From the server's write to the listener, on a connection where little happens. */
  async latency(makeClient, { count, every }) {
    const rtm = await readyClient(makeClient());
    const times = [];
    rtm.on('message', ({ at }) => times.push(now() - at));
    const done = once(rtm, 'done');
    await rtm.send('trickle', { count, every });
    await done;
    return distribution(times.slice(count / 10));
  },

  /** Many clients in one process: until all are ready, and, with `idle`, what they cost in that time when nothing happens. */
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
