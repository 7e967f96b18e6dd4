// The response of rtm.start is a snapshot of the whole workspace, which may be large. It arrives completely, and is
// downloaded while JavaScript is busy.
'use strict';

const assert = require('node:assert/strict');
const { isDeepStrictEqual } = require('node:util');
const { Worker } = require('node:worker_threads');
const { better, clientOf, recordingLogger, next, same } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { scriptedServer } = require('./support/scripted-server.js');

const MB = 2 ** 20;

/** The snapshot of a workspace with this many users and channels, and with difficult characters. */
function snapshotOf(server, { users, channels }) {
  const odd = ['ä', '€', '🙂', '𝒳', '\u2028', '\u0000', '"\\/', 'e\u0301', '\ufeff', '한국어', '\ud800'];
  const text = (n) => `${odd[n % odd.length]}${n}${odd[(n * 7) % odd.length]}`;
  return server.connectResponse({
    users: Array.from({ length: users }, (_, n) => ({
      id: `U${n}`,
      name: text(n),
      deleted: n % 5 === 0,
      updated: 1_500_000_000 + n / 8,
      presence: null,
      profile: {
        real_name: text(n + 1).repeat(3),
        status_text: text(n + 2),
        fields: { [`Xf${n}`]: { value: text(n) } },
      },
    })),
    channels: Array.from({ length: channels }, (_, n) => ({
      id: `C${n}`,
      name: text(n + 3),
      members: Array.from({ length: 20 }, (_, m) => `U${(n * 31 + m) % users}`),
      topic: { value: text(n).repeat(10), last_set: 0 },
      latest: n % 3 === 0 ? null : { ts: `1500000000.${String(n).padStart(6, '0')}`, text: text(n) },
    })),
    ims: [],
    bots: {},
    subteams: { self: [] },
  });
}

/** Starts a client, and asserts that `authenticated` and start() pass on the complete snapshot as the same object. */
async function assertArrives(t, server, snapshot) {
  const rtm = clientOf(t, server, { useRtmConnect: false });
  const [authenticated, connected] = [next(rtm, 'authenticated'), next(rtm, 'connected')];
  const data = await rtm.start();
  assert.ok((await authenticated)[0] === data);
  // A lone surrogate becomes an escape in the JSON text.
  const expected = { ...JSON.parse(JSON.stringify(snapshot)), response_metadata: {} };
  for (const key of Object.keys(expected)) assert.ok(isDeepStrictEqual(data[key], expected[key]), key);
  assert.deepEqual(Object.keys(data), Object.keys(expected));
  await connected;
  assert.equal(server.calls[0].url, '/api/rtm.start');
}

/** Writes bytes in pieces of this size, with backpressure. */
async function writeInPieces(response, bytes, size) {
  for (let at = 0; at < bytes.length; at += size) {
    if (!response.write(bytes.subarray(at, at + size))) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

same('a snapshot of more than 30 MB arrives completely', async (t) => {
  const server = await scriptedServer(t);
  const snapshot = snapshotOf(server, { users: 70_000, channels: 40_000 });
  const text = JSON.stringify(snapshot);
  assert.ok(Buffer.byteLength(text) > 30 * MB, `${Buffer.byteLength(text) / MB} MB`);
  server.responses.push(text);
  await assertArrives(t, server, snapshot);
});

same('a snapshot in chunks that cut characters arrives completely', async (t) => {
  const server = await scriptedServer(t);
  const snapshot = snapshotOf(server, { users: 70_000, channels: 40_000 });
  const bytes = Buffer.from(JSON.stringify(snapshot));
  server.responses.push((request, response) => writeInPieces(response, bytes, 65_537));
  await assertArrives(t, server, snapshot);
});

same('a snapshot that is sent slowly, a few bytes at a time, arrives completely', async (t) => {
  const server = await scriptedServer(t);
  const snapshot = snapshotOf(server, { users: 100, channels: 50 });
  const bytes = Buffer.from(JSON.stringify(snapshot));
  server.responses.push(async (request, response) => {
    for (let at = 0; at < bytes.length; at += 101) {
      response.write(bytes.subarray(at, at + 101));
      await new Promise(setImmediate);
    }
    response.end();
  });
  await assertArrives(t, server, snapshot);
});

same('each start() resolves with a new snapshot', async (t) => {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server, { useRtmConnect: false });
  for (const users of [3, 1, 2]) {
    server.responses.push(snapshotOf(server, { users, channels: 1 }));
    const connected = next(rtm, 'connected');
    assert.equal((await rtm.start()).users.length, users);
    await connected;
    await rtm.disconnect();
  }
});

same('`authenticated` passes on the new snapshot of a reconnect', async (t) => {
  const server = await scriptedServer(t);
  for (const users of [3, 5]) server.responses.push(snapshotOf(server, { users, channels: 1 }));
  const rtm = clientOf(t, server, { useRtmConnect: false });
  const connected = next(rtm, 'connected');
  assert.equal((await rtm.start()).users.length, 3);
  await connected;
  const again = next(rtm, 'authenticated');
  const back = next(rtm, 'connected');
  (await server.nextSocket()).drop();
  assert.equal((await again)[0].users.length, 5);
  await back;
});

better(
  'its network code is JavaScript',
  'the snapshot is downloaded and the socket opened while JavaScript is blocked',
  async (t) => {
    const signal = new Int32Array(new SharedArrayBuffer(8));
    // The server runs in a worker thread, and reports the client's progress in shared memory.
    const worker = new Worker(
      `
    const { parentPort, workerData: { signal, support, size } } = require('node:worker_threads');
    const { scriptedServer } = require(support);
    (async () => {
      const ends = [];
      const server = await scriptedServer({ after: (end) => ends.push(end) });
      const text = JSON.stringify((${snapshotOf})(server, size));
      server.responses.push((request, response) => {
        response.on('finish', () => Atomics.store(signal, 0, 1));
        response.end(text);
      });
      server.greet = (socket) => {
        socket.hello();
        Atomics.store(signal, 1, 1);
        Atomics.notify(signal, 1);
      };
      parentPort.on('message', async () => {
        for (const end of ends) await end();
        process.exit();
      });
      parentPort.postMessage({ apiUrl: server.apiUrl, token: server.token, bytes: Buffer.byteLength(text) });
    })();
  `,
      {
        eval: true,
        workerData: {
          signal,
          support: require.resolve('./support/scripted-server.js'),
          size: { users: 70_000, channels: 40_000 },
        },
      },
    );
    atEnd(t, () => worker.terminate());
    const slack = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    assert.ok(slack.bytes > 30 * MB);
    const rtm = clientOf(t, slack, { useRtmConnect: false, logger: recordingLogger() });
    const names = [];
    for (const name of ['connecting', 'authenticated', 'connected']) rtm.on(name, () => names.push(name));
    const connected = next(rtm, 'connected');
    const start = rtm.start();
    // From here on, no JavaScript runs in this thread until the socket is open, which needs the complete response.
    const outcome = Atomics.wait(signal, 1, 0, 15_000);
    assert.notEqual(outcome, 'timed-out');
    assert.deepEqual([...signal], [1, 1]);
    assert.deepEqual(names, []);
    const data = await start;
    assert.deepEqual([data.users.length, data.channels.length], [70_000, 40_000]);
    assert.equal(data.users[69_998].id, 'U69998');
    await connected;
    assert.deepEqual(names, ['connecting', 'authenticated', 'connected']);
  },
);
