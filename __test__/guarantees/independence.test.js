// Several copies of the package in one process, with several clients each, in several threads: they do not affect each other.
// ../workers.test.js has workers that use one copy.
'use strict';

const assert = require('node:assert/strict');
const { authority, missing } = require('../support/certificates.js');
const { inProcess } = require('../support/child.js');
const { isSlackRtmApi } = require('../support/client.js');
const { copies } = require('../support/copies.js');
const { guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const COUNT = 1000;
const memoryProbe = require.resolve('../support/memory-probe.js');

/** Sends numbered frames to all sockets, then `end`. */
function flood(sockets) {
  for (let n = 0; n < COUNT; n += 1) for (const socket of sockets) socket.send({ type: 'it', n });
  for (const socket of sockets) socket.send({ type: 'end' });
}

// Two copies, one of them loaded twice, and the import of an ES module. A listener of the first client throws, the second client
// disconnects, a listener of the third blocks the thread, and the fourth removes and adds listeners.
guarantee('two copies of the package in one process, one of them loaded twice, are independent', {
  async measure(t) {
    const [one, two] = copies(t, 2);
    const servers = await Promise.all(Array.from({ length: 4 }, () => scriptedServer(t)));
    const input = { one, two, memoryProbe, urls: servers.map(({ apiUrl }) => apiUrl) };
    const child = inProcess(
      t,
      servers[0],
      async ({ next, report, input }) => {
        const { SILENT_LOGGER: logger } = require(input.memoryProbe);
        let uncaught = 0;
        process.on('uncaughtException', ({ message }) => (uncaught += message === 'of the listener' ? 1 : 100));
        const loaded = [require(input.one)];
        for (const file of Object.keys(require.cache)) if (!file.endsWith('.node')) delete require.cache[file];
        loaded.push(require(input.one), require(input.two), await import(input.two));
        const kinds = new Set(loaded.map(({ RTMClient }) => RTMClient)).size;
        const make = ({ RTMClient }, n) => new RTMClient('xoxb-1', { logger, slackApiUrl: input.urls[n] });
        const clients = loaded.map(make);
        const received = clients.map((rtm, n) => {
          const numbers = [];
          rtm.on('it', (event) => numbers.push(event.n));
          rtm.once('it', () => n !== 1 || rtm.disconnect().catch(() => {}));
          return numbers;
        });
        clients[0].on('it', () => {
          throw new Error('of the listener');
        });
        clients[2].on('it', ({ n }) => {
          for (const end = Date.now() + 50; n % 250 === 0 && Date.now() < end; );
        });
        clients[3].on('it', () => clients[3].removeAllListeners('other').on('other', () => {}));
        const [first, ...ends] = [0, 2, 3].map((n) => next(clients[n], 'end'));
        await Promise.all(
          clients.map((rtm) => {
            const ready = next(rtm, 'ready');
            return rtm.start().then(() => ready);
          }),
        );
        clients.forEach((rtm) => rtm.sendMessage('x', 'C1').catch(() => {}));
        await Promise.all(ends);
        // In `@slack/rtm-api`, the first client never gets `end`.
        await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 5000))]);
        const inOrder = [0, 2, 3].every((n) => received[n].every((number, index) => number === index));
        report({ kinds, uncaught, inOrder, received: received.map(({ length }) => length) });
        process.exit();
      },
      { input },
    );
    const sockets = await Promise.all(servers.map((server) => server.nextSocket()));
    const ids = (await Promise.all(sockets.map((socket) => socket.nextFrame('message')))).map(({ id }) => id);
    flood(sockets);
    const { code, stderr, reports } = await child.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const [{ kinds, uncaught, inOrder, received }] = reports;
    assert.equal(kinds, 3);
    assert.ok(inOrder, 'in order');
    return {
      'events received by the others': `${received[2] + received[3]} of ${2 * COUNT}`,
      'events received by the client whose listener throws': `${received[0]} of ${COUNT}, ${uncaught} uncaught`,
      'ids of the first messages': ids.join(', '),
    };
  },
  check: (figures) =>
    assert.deepEqual(figures, {
      'events received by the others': '2000 of 2000',
      'events received by the client whose listener throws': '1000 of 1000, 1000 uncaught',
      'ids of the first messages': '1, 1, 1, 1',
    }),
});

/** What a client in a worker does to its thread when it receives its tenth frame. */
const ACTIONS = {
  'blocks for 400 ms': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)',
  throws: "throw new Error('of the worker')",
  'calls process.exit()': 'process.exit()',
  'is terminated': "parentPort.postMessage('now')",
};

guarantee('a client in the main thread and one in a worker are independent, if one of them blocks or ends', {
  timeout: 90_000,
  async measure(t) {
    const [copy] = copies(t, 1);
    const [main, worker] = await Promise.all([scriptedServer(t), scriptedServer(t)]);
    const input = { copy, memoryProbe, actions: ACTIONS, urls: [main.apiUrl, worker.apiUrl] };
    const child = inProcess(
      t,
      main,
      async ({ next, report, input }) => {
        const { Worker } = require('node:worker_threads');
        const { once } = require('node:events');
        const { SILENT_LOGGER: logger } = require(input.memoryProbe);
        const { RTMClient } = require(input.copy);
        const rtm = new RTMClient('xoxb-1', { logger, slackApiUrl: input.urls[0] });
        let received = 0;
        rtm.on('it', () => (received += 1));
        await rtm.start();
        const counter = new Int32Array(new SharedArrayBuffer(8));
        const run = (action) => {
          const code = `
          const { parentPort, workerData: counter } = require('node:worker_threads');
          const { SILENT_LOGGER: logger } = require(${JSON.stringify(input.memoryProbe)});
          const { RTMClient } = require(${JSON.stringify(input.copy)});
          const rtm = new RTMClient('xoxb-2', { logger, slackApiUrl: ${JSON.stringify(input.urls[1])} });
          rtm.on('it', () => { if (Atomics.add(counter, 0, 1) === 9) { ${action} } });
          rtm.on('end', () => { Atomics.add(counter, 1, 1); Atomics.notify(counter, 1); process.exit(); });
          rtm.start();
        `;
          counter.fill(0);
          const worker = new Worker(code, { eval: true, workerData: counter });
          worker.on('error', () => {}).on('message', () => worker.terminate());
          return once(worker, 'exit').catch(() => {});
        };
        const byMain = [];
        for (const action of Object.values(input.actions)) {
          received = 0;
          const [end, exit] = [next(rtm, 'end'), run(action)];
          report('go');
          await end;
          byMain.push(received);
          await exit;
        }
        // The reverse: the main thread blocks until the worker has received all of its frames.
        const exit = run('');
        await next(rtm, 'sleep');
        Atomics.wait(counter, 1, 0, 5000);
        report({ byMain, byWorker: counter[0] });
        await exit;
        process.exit();
      },
      { input },
    );
    const mainSocket = await main.nextSocket();
    for (let n = 0; n < Object.keys(ACTIONS).length; n += 1) {
      await child.report();
      flood([mainSocket, await worker.nextSocket()]);
    }
    const workerSocket = await worker.nextSocket();
    mainSocket.send({ type: 'sleep' });
    flood([workerSocket]);
    const { byMain, byWorker } = await child.report();
    const { code, signal, stderr } = await child.ended;
    assert.deepEqual([code, signal, stderr], [0, null, '']);
    const total = byMain.reduce((one, other) => one + other, 0);
    return {
      'events received in the main thread': `${total} of ${byMain.length * COUNT}`,
      'events received in the worker while the main thread is blocked': `${byWorker} of ${COUNT}`,
    };
  },
  check: (figures) =>
    assert.deepEqual(figures, {
      'events received in the main thread': '4000 of 4000',
      'events received in the worker while the main thread is blocked': '1000 of 1000',
    }),
});

// Options are set for one client; the other client is of the same copy or of the other one.
guarantee('the certificates, log level, proxy and environment of one client do not affect another', {
  unsupported: missing || (isSlackRtmApi && 'its connect call does not use the option tls'),
  async measure(t) {
    const [one, two] = copies(t, 2);
    const ca = authority('Our authority');
    const server = await scriptedServer(t, { tls: ca.issue() });
    const input = {
      one,
      two,
      memoryProbe,
      ca: ca.cert,
      other: authority('Another authority').cert,
      apiUrl: server.apiUrl,
    };
    const child = inProcess(
      t,
      server,
      async ({ report, input }) => {
        const { SILENT_LOGGER } = require(input.memoryProbe);
        const packages = [require(input.one), require(input.one), require(input.two)];
        const UNSAFE = 'NODE_TLS_REJECT_UNAUTHORIZED';
        const { ca, other } = input;
        const attempts = [
          [0, { tls: { ca } }, undefined, 'accepted'],
          [1, {}, undefined, 'refused'],
          [2, {}, undefined, 'refused'],
          [2, { tls: { ca } }, undefined, 'accepted'],
          [0, { tls: { ca: other } }, undefined, 'refused'],
          [0, { tls: { rejectUnauthorized: false } }, undefined, 'accepted'],
          [1, {}, undefined, 'refused'],
          [2, {}, '0', 'accepted'],
          [2, {}, undefined, 'refused'],
          [0, {}, undefined, 'refused'],
          [0, { tls: { ca }, proxy: 'http://127.0.0.1:1' }, undefined, 'refused'],
          [1, { tls: { ca } }, undefined, 'accepted'],
          [2, { tls: { ca }, logLevel: 'debug' }, undefined, 'accepted'],
          [0, { tls: { ca }, logLevel: 'error' }, undefined, 'accepted'],
        ];
        const begin = async ([index, options, unsafe, expected], n) => {
          let debugs = 0;
          const logger = { ...SILENT_LOGGER, debug: () => (debugs += 1) };
          if (unsafe !== undefined) process.env[UNSAFE] = unsafe;
          const retryConfig = { retries: 0 };
          const rtm = new packages[index].RTMClient('x', {
            logger,
            slackApiUrl: input.apiUrl,
            retryConfig,
            ...options,
          });
          delete process.env[UNSAFE];
          const verdict = await rtm.start().then(
            () => 'accepted',
            () => 'refused',
          );
          await rtm.disconnect();
          if (verdict !== expected) return `attempt ${n}: ${verdict}`;
          const isDebug = options.logLevel === 'debug';
          return debugs > 0 === isDebug ? 'as expected' : `attempt ${n}: ${debugs} lines of debug`;
        };
        report(await Promise.all(attempts.map(begin)));
      },
      { input },
    );
    const verdicts = await child.report();
    const { code, signal } = await child.ended;
    assert.deepEqual([code, signal], [0, null]);
    const others = verdicts.filter((verdict) => verdict !== 'as expected');
    const count = `${verdicts.length - others.length} of ${verdicts.length}`;
    return { 'as expected': count, others: others.join('; ') || 'none' };
  },
  check: ({ others }) => assert.equal(others, 'none'),
});
