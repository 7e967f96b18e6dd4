// The server is gone for a while: nothing listens on its port. How soon the client is back when the server is, and what
// becomes of messages that were queued meanwhile. Outages of two hours, of every kind, are in tests/session/backoff.rs.
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: elapse } = require('node:timers/promises');
const { isSlackRtmApi } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { SLACK, isFull, guarantee } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const OUTAGE = isFull ? 300_000 : 15_000;
const LONGEST_PAUSE = 60_000;
const QUEUED = 20;

/** A client that tells of its pauses and of `ready`, and queues messages as soon as it has lost its connection. */
function bot({ client, input, report }) {
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  const rtm = client({ logger: pauseLogger((pause) => report({ pause, at: Date.now() })) });
  rtm.on('ready', () => report({ ready: Date.now() }));
  rtm.once('reconnecting', () => {
    for (let n = 0; n < input; n += 1) rtm.addOutgoingEvent(n % 2 === 0, 'message', { channel: 'C1', text: `${n}` });
  });
  rtm.start();
}

/** All messages that the server got, on whatever socket. */
function messagesOf(server) {
  const frames = server.sockets.flatMap((socket) => socket.frames);
  return frames.filter(({ type }) => type === 'message').map(({ text }) => text);
}

async function nextReady(child, pauses) {
  for (;;) {
    const report = await child.report();
    if (report.ready !== undefined) return report.ready;
    pauses.push(report);
  }
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

guarantee('an outage: the client is `ready` within one pause of its end, and sends each queued message once', {
  timeout: OUTAGE + 2 * LONGEST_PAUSE,
  measure: async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => {
      socket.hello();
      socket.ws.on('message', () => socket.send({ ok: true, reply_to: socket.frames.at(-1).id }));
    };
    const door = await tcpRelay(t, server);
    const child = inProcess(t, server, bot, { input: QUEUED });
    const pauses = [];
    await nextReady(child, pauses);
    await door.close();
    // The outage itself.
    await elapse(OUTAGE);
    const back = Date.now();
    await door.open();
    const ready = await nextReady(child, pauses);
    const socket = server.sockets.at(-1);
    while ((await socket.nextFrame('message')).text !== `${QUEUED - 1}`);
    const expected = Array.from({ length: QUEUED }, (_, n) => `${n}`);
    const got = messagesOf(server);
    const { pause, at } = isSlackRtmApi ? {} : pauses.at(-1);
    return {
      'ready after the end of the outage': seconds(ready - back),
      ...(!isSlackRtmApi && {
        'the current pause ended after': `${seconds(at + pause - back)}, of ${seconds(pause)}`,
      }),
      'queued messages that arrived in order and once': `${got.join() === expected.join() ? QUEUED : got} of ${QUEUED}`,
    };
  },
  check: (figures) => {
    const numbers = (name) => figures[name].match(/-?[\d.]+/g).map((number) => Number(number) * 1000);
    const [ready] = numbers('ready after the end of the outage');
    const [ended, pause] = numbers('the current pause ended after');
    assert.ok(pause <= LONGEST_PAUSE);
    assert.ok(ended <= pause + SLACK, 'the pause was under way when the outage ended');
    assert.ok(ready <= ended + SLACK);
    assert.equal(figures['queued messages that arrived in order and once'], `${QUEUED} of ${QUEUED}`);
  },
});
