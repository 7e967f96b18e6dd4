// JavaScript is blocked for 30 s: the connection stays open, the events that arrive meanwhile are emitted afterwards in
// order, and the memory of the process stays bounded.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync, writeFileSync } = require('node:fs');
const { describe } = require('node:test');
const { inProcess } = require('../support/child.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');
const { makeHealthy } = require('../support/healthy-server.js');

const BLOCKED_MS = 30_000;
const MB = 2 ** 20;
const FLOOD_BYTES = 300 * MB;
const WARM_UP_BYTES = 30 * MB;
const MOST_GROWTH_MB = 32;
const PAD = 'x'.repeat(2000);

/** Only Linux reports the peak memory of another process (in /proc). */
const isLinux = process.platform === 'linux';

/**
 * Starts a client in a process of its own. The event `block` blocks its event loop; at `end` it reports what it received. If
 * no `end` arrives, it reports some time after the block.
 */
function startClient(t, server) {
  return inProcess(
    t,
    server,
    ({ client, report, input }) => {
      const received = { events: 0, late: 0, reconnects: 0 };
      let last = -1;
      const rtm = client();
      rtm.on('reconnecting', () => (received.reconnects += 1));
      rtm.on('news', ({ n }) => {
        received.events += 1;
        if (n <= last) received.late += 1;
        last = Math.max(last, n);
      });
      rtm.on('pause', () => report({ pid: process.pid }));
      rtm.on('block', () => {
        report('blocked');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, input.ms);
        report('unblocked');
        setTimeout(() => report(received), 40_000);
      });
      rtm.on('end', () => report(received));
      rtm.start();
    },
    { input: { ms: BLOCKED_MS } },
  );
}

/** Sends numbered events over the open socket. */
class EventSource {
  sent = 0;
  bytes = 0;
  #server;
  #socket;

  constructor(server) {
    this.#server = server;
    this.#socket = server.nextSocket();
  }

  /** The open socket, or the next one if none is open. */
  async socket() {
    for (;;) {
      const pending = this.#socket;
      const socket = await pending;
      if (socket.ws.readyState === socket.ws.OPEN) return socket;
      if (pending === this.#socket) this.#socket = this.#server.nextSocket();
    }
  }

  /**
   * Sends at least this many bytes, as fast as the operating system accepts them. `setImmediate` lets the server handle its
   * own I/O in between.
   */
  async flood(bytes) {
    for (const end = this.bytes + bytes; this.bytes < end; ) {
      const { ws } = await this.socket();
      for (let n = 1; n < 32; n += 1) ws.send(this.#next(PAD));
      await new Promise((resolve) => ws.send(this.#next(PAD), resolve));
      await new Promise(setImmediate);
    }
  }

  /** Counts an event, and sends it if a client is connected. */
  emit() {
    const text = this.#next();
    const { ws } = this.#server.sockets.at(-1);
    if (ws.readyState === ws.OPEN) ws.send(text);
  }

  #next(pad) {
    const text = JSON.stringify({ type: 'news', n: this.sent++, pad });
    this.bytes += text.length;
    return text;
  }

  /** Sends an event without a number. */
  async signal(type) {
    (await this.socket()).send({ type });
  }
}

/** Repeats `step` until `end` resolves. */
async function repeatUntil(end, step) {
  let hasEnded = false;
  end = end.then(() => (hasEnded = true));
  while (!hasEnded) await Promise.race([end, step()]);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function describeReceived({ sent }, received) {
  const order = received.late === 0 ? 'in order' : `${received.late} out of order`;
  return `${received.events} of ${sent}, ${order}`;
}

/** A value of /proc/PID/status, in bytes. */
function memoryOf(pid, name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return 1024 * Number(kilobytes);
}

/** Returns a function that measures the growth of a process: from its memory now to its peak since now. */
function growthOf(pid) {
  const base = memoryOf(pid, 'VmRSS');
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // Resets the peak.
  return () => memoryOf(pid, 'VmHWM') - base;
}

/** Asserts that no event was lost or out of order, and that enough events were sent. */
function assertAllReceived(received, least) {
  const [, sent] = received.match(/\d+/g).map(Number);
  assert.ok(sent >= least, `only ${sent} events were sent`);
  assert.equal(received, `${sent} of ${sent}, in order`);
}

describe('a blocked event loop', { concurrency: true }, () => {
  const pings = 'the server drops a client that does not answer its pings within 5 s';
  guarantee(`JavaScript is blocked for 30 s, and ${pings}: no reconnect, no event lost, all events in order`, {
    timeout: 90_000,
    measure: async (t) => {
      const server = await scriptedServer(t);
      const pongs = makeHealthy(server);
      const child = startClient(t, server);
      const source = new EventSource(server);
      const emitSteadily = async () => {
        source.emit();
        await pause(10);
      };
      await source.socket();
      for (let n = 0; n < 10; n += 1) await emitSteadily();
      await source.signal('block');
      assert.equal(await child.report(), 'blocked');
      await repeatUntil(child.report(), emitSteadily);
      for (let n = 0; n < 10; n += 1) await emitSteadily();
      await source.signal('end');
      const received = await child.report();
      return {
        reconnects: received.reconnects,
        'events received': describeReceived(source, received),
        'longest wait for a pong': pongs.dropped > 0 ? 'over 5 s, so dropped' : `${Math.round(pongs.longestWait)} ms`,
      };
    },
    check: (figures) => {
      assert.equal(figures.reconnects, 0);
      assertAllReceived(figures['events received'], 500);
      assert.match(figures['longest wait for a pong'], /^\d+ ms$/);
    },
  });

  // The baseline is the memory after a warm-up with the same events. They fill V8's young generation and the pools of the
  // allocator, at a pace that leaves the outbox nearly empty. The peak is that of the whole process since then, measured from
  // outside.
  guarantee(
    'JavaScript is blocked for 30 s while 300 MB arrive: the process grows by at most 32 MB, no event is lost',
    {
      timeout: 120_000,
      measure: async (t) => {
        const server = await scriptedServer(t);
        makeHealthy(server);
        const child = startClient(t, server);
        const source = new EventSource(server);
        for (let n = 0; n < 100; n += 1) {
          await source.flood(WARM_UP_BYTES / 100);
          await pause(10);
        }
        await source.signal('pause');
        const { pid } = await child.report();
        const growth = isLinux ? growthOf(pid) : () => NaN;
        await source.signal('block');
        assert.equal(await child.report(), 'blocked');
        const flooded = source.flood(FLOOD_BYTES);
        await child.report();
        await flooded;
        await source.signal('end');
        const received = await child.report();
        return {
          reconnects: received.reconnects,
          'events received': describeReceived(source, received),
          'process grows by': `${Math.ceil(growth() / MB)} MB`,
        };
      },
      check: (figures) => {
        assert.equal(figures.reconnects, 0);
        assertAllReceived(figures['events received'], (WARM_UP_BYTES + FLOOD_BYTES) / (PAD.length + 100));
        const growth = parseInt(figures['process grows by'], 10);
        if (isLinux) assert.ok(growth <= MOST_GROWTH_MB, `${growth} MB`);
      },
    },
  );
});
