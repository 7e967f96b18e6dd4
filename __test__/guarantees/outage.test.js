// An outage: nothing listens on the server's port for a while. The client reconnects soon after its end, and sends the messages that
// were queued meanwhile. tests/session/backoff.rs has outages of two hours, of every kind.
'use strict';

const assert = require('node:assert/strict');
const { setTimeout: elapse } = require('node:timers/promises');
const { isSlackRtmApi } = require('../support/client.js');
const { inProcess } = require('../support/child.js');
const { tcpRelay } = require('../support/tcp-relay.js');
const { TOLERANCE, guarantee, isFull } = require('../support/guarantee.js');
const { scriptedServer } = require('../support/scripted-server.js');

const OUTAGE = isFull ? 300_000 : 15_000;
const LONGEST_PAUSE = 60_000;
const QUEUED = 20;

/** A client that reports its pauses and `ready`, and queues messages as soon as its connection is lost. */
function bot({ client, input, report }) {
  const { pauseLogger } = require('./__test__/support/outage-helpers.js');
  const rtm = client({ logger: pauseLogger((pause) => report({ pause, at: Date.now() })) });
  rtm.on('ready', () => report({ ready: Date.now() }));
  rtm.once('reconnecting', () => {
    for (let n = 0; n < input; n += 1) rtm.addOutgoingEvent(n % 2 === 0, 'message', { channel: 'C1', text: `${n}` });
  });
  rtm.start();
}

/** The messages that the server received on all sockets. */
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

guarantee('after an outage, the client is `ready` within one pause, and sends queued messages once', {
  timeout: OUTAGE + 2 * LONGEST_PAUSE,
  measure: async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => {
      socket.hello();
      socket.ws.on('message', () => socket.send({ ok: true, reply_to: socket.frames.at(-1).id }));
    };
    const relay = await tcpRelay(t, server);
    const child = inProcess(t, server, bot, { input: QUEUED });
    const pauses = [];
    await nextReady(child, pauses);
    await relay.close();
    await elapse(OUTAGE);
    const end = Date.now();
    await relay.open();
    const ready = await nextReady(child, pauses);
    const socket = server.sockets.at(-1);
    while ((await socket.nextFrame('message')).text !== `${QUEUED - 1}`);
    const expected = Array.from({ length: QUEUED }, (_, n) => `${n}`);
    const received = messagesOf(server);
    const { pause, at } = isSlackRtmApi ? {} : pauses.at(-1);
    return {
      'ready after the end of the outage': seconds(ready - end),
      ...(!isSlackRtmApi && {
        'the current pause ended after': `${seconds(at + pause - end)}, of ${seconds(pause)}`,
      }),
      'queued messages that arrived once and in order': `${received.join() === expected.join() ? QUEUED : received} of ${QUEUED}`,
    };
  },
  check: (figures) => {
    const numbers = (name) => figures[name].match(/-?[\d.]+/g).map((number) => Number(number) * 1000);
    const [ready] = numbers('ready after the end of the outage');
    const [ended, pause] = numbers('the current pause ended after');
    assert.ok(pause <= LONGEST_PAUSE);
    assert.ok(ended <= pause + TOLERANCE, 'the outage ended during this pause');
    assert.ok(ready <= ended + TOLERANCE);
    assert.equal(figures['queued messages that arrived once and in order'], `${QUEUED} of ${QUEUED}`);
  },
});
