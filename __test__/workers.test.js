// Several clients in one process and its worker threads: each has its own events, and the end of a thread does not affect
// other clients.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');
const { RTMClient, isSlackRtmApi, next, same } = require('./support/client.js');
const { inWorker } = require('./support/child.js');
const { atEnd } = require('./support/cleanup.js');
const { openSession } = require('./support/session.js');

/** Fewer for `@slack/rtm-api`, which is slow to start and has no native code. */
const ROUNDS = isSlackRtmApi ? 2 : 20;

/** Each function reports when its client is in the state of its name. The worker is then terminated. */
const STATES = {
  constructed: ({ client, report }) => {
    client();
    report('in state');
    setInterval(() => {}, 1e6);
  },
  connecting: ({ client, report }) => {
    client()
      .on('connecting', () => report('in state'))
      .start();
  },
  authenticated: ({ client, report }) => {
    client()
      .on('authenticated', () => report('in state'))
      .start();
  },
  'receiving frames': ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => report('in state'));
    rtm.on('slack_event', () => {});
    rtm.start();
  },
  'sending messages': ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => report('in state'));
    rtm.start();
    for (let n = 0; n < 200; n += 1) rtm.addOutgoingEvent(true, 'message', { text: 'x' }).catch(() => {});
  },
  'busy in a listener': ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => {
      report('in state');
      for (;;);
    });
    rtm.start();
  },
  disconnecting: ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => {
      rtm.disconnect();
      report('in state');
    });
    rtm.start();
  },
  disconnected: ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => rtm.disconnect());
    rtm.on('disconnected', () => report('in state'));
    rtm.start();
    setInterval(() => {}, 1e6);
  },
  'starting again': ({ client, report }) => {
    const rtm = client();
    rtm.once('hello', () => rtm.disconnect());
    rtm.on('disconnected', () => rtm.start());
    rtm.on('connecting', () => report('in state'));
    rtm.start();
  },
};

describe('several clients', { concurrency: 2 }, () => {
  same('a client in the main thread and one in a worker each get events and replies', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const { report, ended } = inWorker(
      slack,
      async ({ client, next, report, input }) => {
        const rtm = client();
        rtm.on('it', ({ n }) => report(n));
        rtm.on('end', () => rtm.disconnect());
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        report((await rtm.sendMessage('from the worker', input)).text);
      },
      channel,
    );
    assert.equal(await report(), 'from the worker');
    assert.equal((await rtm.sendMessage('from the main thread', channel)).text, 'from the main thread');
    const numbers = [];
    rtm.on('it', ({ n }) => numbers.push(n));
    const end = next(rtm, 'end');
    for (const n of [1, 2, 3]) slack.emit({ type: 'it', n });
    slack.emit({ type: 'end' });
    await end;
    assert.deepEqual(numbers, [1, 2, 3]);
    assert.deepEqual([await report(), await report(), await report()], [1, 2, 3]);
    assert.equal(await ended, 0);
    assert.equal((await rtm.sendMessage('still here', channel)).text, 'still here');
  });

  for (const [state, code] of Object.entries(STATES)) {
    same(`a worker can be terminated while its client is ${state}`, async (t) => {
      const { slack, connect } = await openSession(t);
      const { rtm } = await connect();
      const flood = Array.from({ length: 300 }, (_, n) => ({ type: 'flood', n, text: 'x'.repeat(500) }));
      for (let round = 0; round < ROUNDS; round += 1) {
        const { worker, report, ended } = inWorker(slack, code);
        assert.equal(await report(), 'in state');
        if (state === 'receiving frames') for (const frame of flood) slack.emit(frame);
        await Promise.all([worker.terminate(), ended]);
      }
      const end = next(rtm, 'end');
      slack.emit({ type: 'end' });
      await end;
      assert.equal(rtm.connected, true);
      // The sockets of the workers' clients end with the workers.
      while (slack.connections.length > 1) await once(slack.events, 'disconnection');
    });
  }

  same('process.exit() in a worker only ends that thread', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const { ended } = inWorker(slack, ({ client }) => {
      client()
        .on('hello', () => process.exit(5))
        .start();
    });
    assert.equal(await ended, 5);
    const end = next(rtm, 'end');
    slack.emit({ type: 'end' });
    await end;
  });

  same('the termination of one worker does not affect another worker', async (t) => {
    const { slack } = await openSession(t);
    const code = ({ client, report }) => {
      const rtm = client();
      rtm.on('hello', () => report('in state'));
      rtm.on('it', () => report('it'));
      rtm.on('end', () => rtm.disconnect());
      rtm.start();
    };
    const [first, second] = [inWorker(slack, code), inWorker(slack, code)];
    await Promise.all([first.report(), second.report()]);
    await first.worker.terminate();
    slack.emit({ type: 'it' });
    assert.equal(await second.report(), 'it');
    slack.emit({ type: 'end' });
    assert.equal(await second.ended, 0);
  });

  same('ten clients in one thread, each with its own token, get their own frames', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const bots = Array.from({ length: 10 }, (_, n) => slack.addBot(`bot-${n}`));
    const clients = bots.map(({ token }) => new RTMClient(token, { slackApiUrl: slack.apiUrl, logLevel: 'error' }));
    atEnd(t, () => Promise.all(clients.map((rtm) => rtm.disconnect())));
    await Promise.all([connect(client()), ...clients.map((rtm) => connect(rtm))]);
    const received = clients.map((rtm) => new Promise((resolve) => rtm.on('mine', ({ name }) => resolve(name))));
    for (const { id, name } of bots) slack.emit({ type: 'mine', name }, { to: { id } });
    assert.deepEqual(
      await Promise.all(received),
      bots.map(({ name }) => name),
    );
    assert.deepEqual(
      clients.map(({ activeUserId }) => activeUserId),
      bots.map(({ id }) => id),
    );
  });
});
