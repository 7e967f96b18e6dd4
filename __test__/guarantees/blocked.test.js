// JavaScript that is blocked for 30 s: the connection stands, and what the server sends meanwhile comes afterwards, in
// order, while the process does not grow. Owns the memory figure of a client that cannot keep up.
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

/** /proc tells the peak of another process' memory. */
const isLinux = process.platform === 'linux';

/**
 * A client in a process of its own, which is blocked by the event `block`, and tells at `end` what it has heard; or
 * some time after the block, if no `end` comes.
 */
function start(t, server) {
  return inProcess(
    t,
    server,
    ({ client, report, input }) => {
      const heard = { events: 0, late: 0, reconnects: 0 };
      let last = -1;
      const rtm = client();
      rtm.on('reconnecting', () => (heard.reconnects += 1));
      rtm.on('news', ({ n }) => {
        heard.events += 1;
        if (n <= last) heard.late += 1;
        last = Math.max(last, n);
      });
      rtm.on('pause', () => report({ pid: process.pid }));
      rtm.on('block', () => {
        report('blocked');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, input.ms);
        report('free again');
        setTimeout(() => report(heard), 40_000);
      });
      rtm.on('end', () => report(heard));
      rtm.start();
    },
    { input: { ms: BLOCKED_MS } },
  );
}

/** Numbered events, over whichever socket is open. */
class News {
  sent = 0;
  bytes = 0;
  #server;
  #socket;

  constructor(server) {
    this.#server = server;
    this.#socket = server.nextSocket();
  }

  /** The open socket; if there is none, the next. */
  async socket() {
    for (;;) {
      const asked = this.#socket;
      const socket = await asked;
      if (socket.ws.readyState === socket.ws.OPEN) return socket;
      if (asked === this.#socket) this.#socket = this.#server.nextSocket();
    }
  }

  /**
   * As much as this many bytes, as fast as the system takes them; whether they arrive is another matter. The server has
   * its turns in between, however fast that is.
   */
  async flood(bytes) {
    for (const end = this.bytes + bytes; this.bytes < end; ) {
      const { ws } = await this.socket();
      for (let n = 1; n < 32; n += 1) ws.send(this.#next(PAD));
      await new Promise((resolve) => ws.send(this.#next(PAD), resolve));
      await new Promise(setImmediate);
    }
  }

  /** The world goes on, whether anybody is connected or not. */
  happen() {
    const text = this.#next();
    const { ws } = this.#server.sockets.at(-1);
    if (ws.readyState === ws.OPEN) ws.send(text);
  }

  #next(pad) {
    const text = JSON.stringify({ type: 'news', n: this.sent++, pad });
    this.bytes += text.length;
    return text;
  }

  async mark(type) {
    (await this.socket()).send({ type });
  }
}

/** Runs `step` again and again until `end` resolves. */
async function until(end, step) {
  let goesOn = true;
  end = end.then(() => (goesOn = false));
  while (goesOn) await Promise.race([end, step()]);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function tell({ sent }, heard) {
  const order = heard.late === 0 ? 'in order' : `${heard.late} out of order`;
  return `${heard.events} of ${sent}, ${order}`;
}

/** A line of /proc/PID/status, in bytes. */
function memory(pid, name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return 1024 * Number(kilobytes);
}

/** Gives the growth of a process from now on: from what it has now to its peak. */
function growthOf(pid) {
  const base = memory(pid, 'VmRSS');
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // The peak counts from now on.
  return () => memory(pid, 'VmHWM') - base;
}

/** Nothing lost, nothing out of order. */
function assertAll(heard, least) {
  const [, sent] = heard.match(/\d+/g).map(Number);
  assert.ok(sent >= least, `only ${sent} events were sent`);
  assert.equal(heard, `${sent} of ${sent}, in order`);
}

describe('JavaScript is blocked', { concurrency: true }, () => {
  const server = 'a server that pings and drops whoever does not answer within 5 s';
  guarantee(`JavaScript blocked for 30 s against ${server}: no reconnect, no event lost, every event in order`, {
    timeout: 90_000,
    measure: async (t) => {
      const server = await scriptedServer(t);
      const care = makeHealthy(server);
      const child = start(t, server);
      const news = new News(server);
      const steadily = async () => {
        news.happen();
        await pause(10);
      };
      await news.socket();
      for (let n = 0; n < 10; n += 1) await steadily();
      await news.mark('block');
      assert.equal(await child.report(), 'blocked');
      await until(child.report(), steadily);
      for (let n = 0; n < 10; n += 1) await steadily();
      await news.mark('end');
      const heard = await child.report();
      return {
        reconnects: heard.reconnects,
        'events received': tell(news, heard),
        'longest wait for a pong': care.dropped > 0 ? 'over 5 s, so dropped' : `${Math.round(care.longestWait)} ms`,
      };
    },
    check: (figures) => {
      assert.equal(figures.reconnects, 0);
      assertAll(figures['events received'], 500);
      assert.match(figures['longest wait for a pong'], /^\d+ ms$/);
    },
  });

  // Baseline: the memory in use after a warm-up with the same events, which fill V8's young generation and the pools of
  // the allocator, at a pace that leaves the outbox nearly empty. Peak: since then, from outside, of the whole process.
  guarantee(
    'JavaScript is blocked for 30 s while 300 MB arrive: the growth of the process at most 32 MB, and no event is lost',
    {
      timeout: 120_000,
      measure: async (t) => {
        const server = await scriptedServer(t);
        makeHealthy(server);
        const child = start(t, server);
        const news = new News(server);
        for (let n = 0; n < 100; n += 1) {
          await news.flood(WARM_UP_BYTES / 100);
          await pause(10);
        }
        await news.mark('pause');
        const { pid } = await child.report();
        const growth = isLinux ? growthOf(pid) : () => NaN;
        await news.mark('block');
        assert.equal(await child.report(), 'blocked');
        const flooded = news.flood(FLOOD_BYTES);
        await child.report();
        await flooded;
        await news.mark('end');
        const heard = await child.report();
        return {
          reconnects: heard.reconnects,
          'events received': tell(news, heard),
          'the growth of the process': `${Math.ceil(growth() / MB)} MB`,
        };
      },
      check: (figures) => {
        assert.equal(figures.reconnects, 0);
        assertAll(figures['events received'], (WARM_UP_BYTES + FLOOD_BYTES) / (PAD.length + 100));
        const growth = parseInt(figures['the growth of the process'], 10);
        if (isLinux) assert.ok(growth <= MOST_GROWTH_MB, `${growth} MB`);
      },
    },
  );
});
