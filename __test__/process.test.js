// The process: what keeps it alive, and how it exits in each state of a client.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { openSession } = require('./support/session.js');

const { NoReplyReceivedError, SendWhileDisconnectedError } = ErrorCode;

/** Asserts that the process exits by itself, with these reports and nothing on stderr. */
async function assertExits(child, reports) {
  const ended = await child.ended;
  assert.deepEqual(ended, { code: 0, signal: null, reports, stderr: '' });
}

describe('the process', { concurrency: 4 }, () => {
  same('exits if a client was only constructed', async (t) => {
    const { slack } = await openSession(t);
    await assertExits(
      inProcess(t, slack, ({ client, report }) => {
        const rtm = client();
        rtm.on('message', () => {});
        report(typeof rtm);
      }),
      ['object'],
    );
  });

  same('exits if only a client that was not started has messages in its queue', async (t) => {
    const { slack } = await openSession(t);
    await assertExits(
      inProcess(t, slack, ({ client, report }) => {
        const settled = () => report('settled');
        client().sendMessage('x', 'C0').then(settled, settled);
        report('end');
      }),
      ['end'],
    );
  });

  same('stays alive for a connected client, and exits after disconnect()', async (t) => {
    const { slack } = await openSession(t);
    const child = inProcess(t, slack, async ({ client, report }) => {
      const rtm = client();
      rtm.on('it', () => report('it'));
      rtm.on('end', () => rtm.disconnect().then(() => report('disconnected')));
      await rtm.start();
    });
    await slack.nextConnection();
    for (let round = 0; round < 5; round += 1) {
      slack.emit({ type: 'it' });
      assert.equal(await child.report(), 'it');
    }
    slack.emit({ type: 'end' });
    await assertExits(child, [...Array(5).fill('it'), 'disconnected']);
    assert.equal(slack.connections.length, 0);
  });

  same('stays alive for a client that waits for hello', async (t) => {
    const { slack } = await openSession(t);
    slack.faults.holdHello();
    const child = inProcess(t, slack, ({ client, report }) => {
      const rtm = client();
      rtm.on('authenticated', () => report('authenticated'));
      rtm.on('hello', () => rtm.disconnect().then(() => report('disconnected')));
      rtm.start();
    });
    await child.report();
    await slack.nextConnection();
    slack.faults.holdHello(false);
    await assertExits(child, ['authenticated', 'disconnected']);
  });

  same('stays alive for a client that reconnects', async (t) => {
    const { slack } = await openSession(t);
    const child = inProcess(t, slack, ({ client, report }) => {
      const rtm = client();
      rtm.once('hello', () => {
        report('hello');
        rtm.once('hello', () => rtm.disconnect().then(() => report('disconnected')));
      });
      rtm.start();
    });
    await child.report();
    slack.faults.refuseSocket(503, 2);
    slack.faults.drop();
    await assertExits(child, ['hello', 'disconnected']);
  });

  same('exits after start() failed permanently', async (t) => {
    const { slack } = await openSession(t);
    slack.faults.refuseConnect({ error: 'invalid_auth' });
    await assertExits(
      inProcess(t, slack, ({ client, report }) => {
        client()
          .start()
          .catch((error) => report(error.data.error));
      }),
      ['invalid_auth'],
    );
  });

  same('exits after a connection was lost without autoReconnect', async (t) => {
    const { slack } = await openSession(t);
    const child = inProcess(t, slack, ({ client, report }) => {
      const rtm = client({ autoReconnect: false });
      rtm.on('hello', () => report('hello'));
      rtm.on('disconnected', () => report('disconnected'));
      rtm.start();
    });
    await child.report();
    slack.faults.drop();
    await assertExits(child, ['hello', 'disconnected']);
  });

  better('the error has another code', 'stays alive until send() settles', async (t) => {
    const { slack } = await openSession(t);
    await assertExits(
      inProcess(t, slack, ({ client, report }) => {
        client()
          .send('x')
          .catch(({ code }) => report(code));
      }),
      [SendWhileDisconnectedError],
    );
  });

  same('exits after the promise of a message without a reply rejected', async (t) => {
    const { slack, channel } = await openSession(t);
    const child = inProcess(
      t,
      slack,
      async ({ client, report, input }) => {
        const rtm = client();
        rtm.on('end', () => rtm.disconnect());
        rtm.start();
        rtm.addOutgoingEvent(true, 'typing', { channel: input }).catch(({ code }) => report(code));
      },
      { input: channel },
    );
    await slack.nextFrame({ type: 'typing' });
    slack.emit({ type: 'end' });
    await assertExits(child, [NoReplyReceivedError]);
  });

  same('exits after disconnect() of a client that was never started resolved', async (t) => {
    const { slack } = await openSession(t);
    await assertExits(
      inProcess(t, slack, ({ client, report }) => {
        client()
          .disconnect()
          .then(() => report('resolved'));
      }),
      ['resolved'],
    );
  });

  /** Each function calls `exit` in the state of its name. */
  const EXITS = {
    constructed: ({ client, exit }) => {
      client();
      exit();
    },
    'right after start()': ({ client, exit }) => {
      client().start();
      exit();
    },
    connecting: ({ client, exit }) => {
      client()
        .on('connecting', () => setImmediate(exit))
        .start();
    },
    authenticated: ({ client, exit }) => {
      client().on('authenticated', exit).start();
    },
    connected: ({ client, exit }) => {
      client().on('connected', exit).start();
    },
    'connected, in a listener of a frame': ({ client, exit }) => {
      client().on('hello', exit).start();
    },
    'connected, with messages in flight': ({ client, exit }) => {
      const rtm = client();
      rtm.on('hello', () => setImmediate(exit));
      rtm.start();
      for (let n = 0; n < 100; n += 1) rtm.addOutgoingEvent(true, 'message', { text: 'x'.repeat(5000) });
    },
    disconnecting: ({ client, exit }) => {
      const rtm = client();
      rtm.on('hello', () => {
        rtm.disconnect();
        exit();
      });
      rtm.start();
    },
    disconnected: ({ client, exit }) => {
      const rtm = client();
      rtm.on('disconnected', exit);
      rtm.on('hello', () => rtm.disconnect());
      rtm.start();
    },
    reconnecting: ({ client, exit }) => {
      const rtm = client();
      rtm.on('reconnecting', exit);
      rtm.start();
    },
  };

  for (const [state, code] of Object.entries(EXITS)) {
    same(`exits with the code of process.exit() and no signal when ${state}`, async (t) => {
      const { slack } = await openSession(t);
      // This state needs a lost connection.
      if (state === 'reconnecting') slack.events.on('connection', () => setImmediate(() => slack.faults.drop()));
      const fn = `(context) => (${code})({ ...context, exit: () => process.exit(7) })`;
      const { code: exitCode, signal, stderr } = await inProcess(t, slack, fn).ended;
      assert.deepEqual([exitCode, signal, stderr], [7, null, '']);
    });
  }
});
