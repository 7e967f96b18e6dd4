// Listeners that throw, reject, or call the client's methods: each throw is an uncaught exception and has no other effect.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, next, same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { openSession, outcomes } = require('./support/session.js');

const STOPS = 'a throwing listener stops all further events';

/** Runs code with a client in a child process, and waits until the client is ready for the test's frames. */
async function throwing(t, session, code, input) {
  const child = inProcess(t, session.slack, code, { input });
  await session.slack.nextConnection();
  assert.equal(await child.report(), 'go');
  return child;
}

describe('throwing listeners', { concurrency: true }, () => {
  better(STOPS, 'each throw is an uncaught exception, and all events follow', async (t) => {
    const session = await openSession(t);
    const child = await throwing(t, session, async ({ client, next, report }) => {
      process.on('uncaughtException', (error) => report(`uncaught ${error.message}`));
      const rtm = client();
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      const throws =
        (name) =>
        (...args) => {
          report(name);
          throw new Error(`${name} ${args.length}`);
        };
      for (const name of ['slack_event', 'it', 'it::sub', 'disconnecting', 'disconnected']) rtm.on(name, throws(name));
      rtm.on('it', () => report('after a throwing listener of the same event'));
      rtm.on('end', () => setImmediate(() => rtm.disconnect().then(() => report('disconnect() resolved'))));
      report('go');
    });
    for (const n of [1, 2]) session.slack.emit({ type: 'it', subtype: 'sub', n });
    session.slack.emit({ type: 'end' });
    const { code, signal, reports, stderr } = await child.ended;
    const it = ['slack_event', 'uncaught slack_event 2', 'it', 'uncaught it 1', 'it::sub', 'uncaught it::sub 1'];
    assert.deepEqual(reports.slice(1), [
      ...it,
      ...it,
      ...['slack_event', 'uncaught slack_event 2'],
      ...['disconnecting', 'uncaught disconnecting 0', 'disconnected', 'uncaught disconnected 1'],
      'disconnect() resolved',
    ]);
    assert.deepEqual([code, signal, stderr], [0, null, '']);
  });

  better(STOPS, 'promises settle although listeners throw', async (t) => {
    const session = await openSession(t);
    const child = inProcess(
      t,
      session.slack,
      async ({ client, report, input }) => {
        let uncaught = 0;
        process.on('uncaughtException', () => (uncaught += 1));
        const rtm = client();
        const names = ['connecting', 'authenticated', 'connected', 'ready', 'disconnecting', 'disconnected'];
        for (const name of [...names, 'slack_event', 'hello', 'outgoing_message']) {
          rtm.on(name, () => {
            throw new Error(name);
          });
        }
        const data = await rtm.start();
        const reply = await rtm.sendMessage('x', input);
        const refused = await rtm.sendMessage('x', 'nowhere').catch(({ code }) => code);
        const id = await rtm.send('typing');
        const roundTrip = await rtm.ping();
        await rtm.disconnect();
        const results = [data.ok, reply.ok, refused, typeof id, typeof roundTrip];
        // 6 lifecycle events, hello twice, 4 more frames, 4 outgoing frames.
        report({ results, uncaught });
      },
      { input: session.channel },
    );
    const { code, reports, stderr } = await child.ended;
    const results = [true, true, 'slack_rtmapi_send_message_platform_error', 'number', 'number'];
    assert.deepEqual({ code, stderr, reports }, { code: 0, stderr: '', reports: [{ results, uncaught: 16 }] });
  });

  same('without a handler, a throw ends the process', async (t) => {
    const session = await openSession(t);
    const child = await throwing(t, session, async ({ client, next, report }) => {
      const rtm = client();
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      rtm.on('it', () => {
        throw new RangeError('of the listener');
      });
      report('go');
    });
    session.slack.emit({ type: 'it' });
    const { code, signal, stderr } = await child.ended;
    assert.deepEqual([code, signal], [1, null]);
    assert.match(stderr, /RangeError: of the listener\n {4}at .*\n/);
  });

  same('the rejection of an async listener is an unhandled rejection, and all events follow', async (t) => {
    const session = await openSession(t);
    const child = await throwing(t, session, async ({ client, next, report }) => {
      process.on('unhandledRejection', (error) => report(error.message));
      const rtm = client();
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      rtm.on('it', async ({ n }) => {
        throw new Error(`no ${n}`);
      });
      rtm.on('end', () => rtm.disconnect().then(() => report('end')));
      report('go');
    });
    for (const n of [1, 2]) session.slack.emit({ type: 'it', n });
    session.slack.emit({ type: 'end' });
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports.slice(1)], [0, ['no 1', 'no 2', 'end']]);
  });

  better(STOPS, 'a listener that a throwing listener added receives the next frame', async (t) => {
    const session = await openSession(t);
    const child = await throwing(t, session, async ({ client, next, report }) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const rtm = client();
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      rtm.on('a', () => {
        rtm.on('b', () => report('received b'));
        throw new Error('a threw');
      });
      rtm.on('end', () => rtm.disconnect());
      report('go');
    });
    for (const type of ['a', 'b', 'c', 'end']) session.slack.emit({ type });
    const { reports } = await child.ended;
    assert.deepEqual(reports.slice(1), ['a threw', 'received b']);
  });

  better(STOPS, 'an uncaughtException handler can add listeners and disconnect', async (t) => {
    const session = await openSession(t);
    const child = await throwing(t, session, async ({ client, next, report }) => {
      const rtm = client();
      process.on('uncaughtException', async ({ message }) => {
        report(message);
        rtm.on('b', () => report('received b'));
        await rtm.disconnect();
        report('disconnected');
      });
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      rtm.once('a', () => {
        throw new Error('a threw');
      });
      report('go');
    });
    for (const type of ['a', 'b']) session.slack.emit({ type });
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports.slice(1)], [0, ['a threw', 'received b', 'disconnected']]);
  });

  better(STOPS, 'a throwing listener of one client does not affect another client', async (t) => {
    const session = await openSession(t);
    const child = inProcess(t, session.slack, async ({ client, next, report }) => {
      process.on('uncaughtException', ({ message }) => report(message));
      const clients = [client(), client()];
      for (const [index, rtm] of clients.entries()) {
        const hello = next(rtm, 'hello');
        await rtm.start();
        await hello;
        rtm.on('it', () => {
          if (index === 0) throw new Error('the first threw');
          report('the second received it');
        });
        rtm.on('end', () => rtm.disconnect());
      }
      report('go');
    });
    await child.report();
    session.slack.emit({ type: 'it' });
    session.slack.emit({ type: 'end' });
    const { code, reports } = await child.ended;
    assert.deepEqual([code, reports.slice(1).sort()], [0, ['the first threw', 'the second received it']]);
  });

  same('after disconnect() in a listener resolved, no event of Slack follows', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    let resolved = false;
    let late = 0;
    rtm.on('slack_event', () => (late += resolved ? 1 : 0));
    const disconnected = new Promise((resolve) => {
      rtm.once('it', async () => {
        await rtm.disconnect();
        resolved = true;
        resolve();
      });
    });
    await slack.replay(Array.from({ length: 1000 }, () => ({ type: 'it' })));
    await disconnected;
    assert.equal(late, 0);
    assert.equal(rtm.connected, false);
  });

  same('a listener of disconnected can start again', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const again = new Promise((resolve, reject) => {
      rtm.once('disconnected', () => rtm.start().then(resolve, reject));
    });
    const hello = next(rtm, 'hello');
    await rtm.disconnect();
    assert.equal((await again).ok, true);
    await hello;
    assert.equal(slack.connections.length, 1);
  });

  same('a listener can send messages', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const replies = [];
    rtm.on('message', ({ text, channel: where }) => replies.push(rtm.sendMessage(`re: ${text}`, where)));
    const last = next(rtm, 'end');
    for (const text of ['one', 'two', 'three']) slack.user('ann').say(channel, text);
    slack.emit({ type: 'end' });
    await last;
    assert.deepEqual(
      (await outcomes(replies)).map(({ text }) => text),
      ['re: one', 're: two', 're: three'],
    );
  });

  same('a listener can remove all listeners, including itself', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    let received = 0;
    const end = new Promise((resolve) => {
      rtm.on('it', () => {
        received += 1;
        rtm.removeAllListeners();
        rtm.on('end', resolve);
      });
    });
    rtm.on('end', () => assert.fail('was removed'));
    for (const type of ['it', 'it', 'end']) slack.emit({ type });
    await end;
    assert.equal(received, 1);
  });
});
