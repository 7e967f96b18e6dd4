// Listeners take effect from the next event on, even within one burst of frames.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { clientOf, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { framesUntil, openSession } = require('./support/session.js');

/** Sends frames of these types, and then one of type `end`, in one write. */
function burst(slack, types) {
  for (const type of [...types, 'end']) slack.emit(typeof type === 'string' ? { type } : type);
}

const numbered = (count) => Array.from({ length: count }, (_, number) => `n${number}`);

describe('listeners', { concurrency: true }, () => {
  same('frames without a listener are skipped', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const end = next(rtm, 'end');
    burst(slack, numbered(500));
    assert.deepEqual(await end, [{ type: 'end' }]);
  });

  same('a listener that another one adds receives the next frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    rtm.on('n10', () => rtm.on('n11', () => received.push('n11')));
    const end = next(rtm, 'end');
    burst(slack, numbered(50));
    await end;
    assert.deepEqual(received, ['n11']);
  });

  same('each listener of a chain can add the next one', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    const listenFrom = (number) =>
      rtm.once(`n${number}`, () => {
        received.push(`n${number}`);
        listenFrom(number + 1);
      });
    listenFrom(0);
    const end = next(rtm, 'end');
    burst(slack, numbered(200));
    await end;
    assert.deepEqual(received, numbered(200));
  });

  same('a slack_event listener that another listener adds receives all later frames', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    let frames;
    rtm.on('n10', () => (frames = framesUntil(rtm)));
    const end = next(rtm, 'end');
    burst(slack, numbered(20));
    await end;
    assert.deepEqual(
      (await frames).map(({ type }) => type),
      numbered(20).slice(11),
    );
  });

  same('a listener that a slack_event listener adds receives the same frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    const listener = (event) => received.push(event.type);
    rtm.on('slack_event', (type) => {
      rtm.off(type, listener);
      rtm.on(type, listener);
    });
    const end = next(rtm, 'end');
    burst(slack, numbered(20));
    await end;
    assert.deepEqual(received, [...numbered(20), 'end']);
  });

  same('a subtype listener that a type listener adds receives the same frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    rtm.once('it', () => rtm.once('it::sub', ({ n }) => received.push(n)));
    const end = next(rtm, 'end');
    burst(slack, [
      { type: 'it', subtype: 'sub', n: 1 },
      { type: 'it', subtype: 'sub', n: 2 },
    ]);
    await end;
    assert.deepEqual(received, [1]);
  });

  same('a listener that another one removes does not receive the next frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    const listener = ({ type }) => received.push(type);
    for (const type of numbered(50)) rtm.on(type, listener);
    rtm.on('n10', () => rtm.off('n11', listener));
    rtm.on('n20', () => numbered(50).forEach((type) => rtm.removeAllListeners(type)));
    const end = next(rtm, 'end');
    burst(slack, numbered(50));
    await end;
    assert.deepEqual(
      received,
      numbered(21).filter((type) => type !== 'n11'),
    );
  });

  same('after removeAllListeners() within a burst, new listeners receive frames', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    rtm.on('slack_event', (type) => received.push(type));
    const end = new Promise((resolve) => {
      rtm.on('n5', () => {
        rtm.removeAllListeners();
        rtm.on('n8', () => rtm.on('end', resolve));
      });
    });
    burst(slack, numbered(10));
    await end;
    assert.deepEqual(received, numbered(6));
  });

  same('a once() listener receives one frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    rtm.once('it', ({ n }) => received.push(n));
    const end = next(rtm, 'end');
    burst(slack, [
      { type: 'it', n: 1 },
      { type: 'it', n: 2 },
    ]);
    await end;
    assert.deepEqual(received, [1]);
    assert.equal(rtm.listenerCount('it'), 0);
  });

  same('on() and off() take a context', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    function listener() {
      received.push(this.name ?? 'the client');
    }
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    rtm.on('it', listener, a).addListener('it', listener, b).on('it', listener).once('it', listener, a);
    const firstEnd = next(rtm, 'end');
    burst(slack, ['it']);
    await firstEnd;
    assert.deepEqual(received.splice(0), ['a', 'b', 'the client', 'a']);
    rtm.off('it', listener, a);
    const end = next(rtm, 'end');
    burst(slack, ['it']);
    await end;
    assert.deepEqual(received, ['b', 'the client']);
    rtm.removeListener('it', listener);
    assert.equal(rtm.listenerCount('it'), 0);
  });

  same('a subtype can have listeners without its type having any', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const received = [];
    rtm.on('message::a', () => received.push('a'));
    rtm.on('message::b', () => received.push('b')).on('other::a', () => received.push('other'));
    const end = next(rtm, 'end');
    const message = { type: 'message' };
    burst(slack, [message, { ...message, subtype: 'a' }, { ...message, subtype: 'c' }, { subtype: 'b', ...message }]);
    await end;
    rtm.removeAllListeners('message::a');
    const again = next(rtm, 'end');
    burst(slack, [
      { ...message, subtype: 'a' },
      { ...message, subtype: 'b' },
    ]);
    await again;
    assert.deepEqual(received, ['a', 'b', 'b']);
  });

  same('any string can be an event name, also those of Object.prototype, and so can numbers', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const names = [
      '',
      ' ',
      'ü',
      '👩‍👧',
      '\ud800',
      '__proto__',
      'constructor',
      'a::b',
      'toString',
      '\0',
      'x'.repeat(5000),
    ];
    const received = [];
    for (const name of names) rtm.on(name, ({ type }) => received.push(type));
    rtm.on(7, () => received.push(7));
    const end = next(rtm, 'end');
    burst(slack, [...names, '7']);
    await end;
    assert.deepEqual(received, [...names, 7]);
  });

  same('a bot can emit symbols', async (t) => {
    const { connect } = await openSession(t);
    const { rtm } = await connect();
    const mine = Symbol('mine');
    const received = [];
    rtm.on(mine, (value) => received.push(value));
    assert.equal(rtm.emit(mine, 1), true);
    rtm.removeAllListeners(mine);
    assert.equal(rtm.emit(mine, 2), false);
    assert.deepEqual(received, [1]);
  });

  same('a bot can emit events to its listeners', async (t) => {
    const { client } = await openSession(t);
    const rtm = client();
    const received = [];
    rtm.on('message', (...args) => received.push(args));
    assert.equal(rtm.emit('message', 1, 2), true);
    assert.equal(rtm.emit('nobody'), false);
    assert.deepEqual(received, [[1, 2]]);
    assert.deepEqual(rtm.eventNames(), ['message']);
    assert.equal(rtm.emit('error', new Error('unheard')), false);
  });
});

// Outside the concurrent tests, so that no other frame follows the last one of a burst.
same('a listener that another one adds receives the last frame of a burst', async (t) => {
  const { slack, ready } = await openSession(t);
  const { rtm } = await ready();
  for (let round = 0; round < 20; round += 1) {
    const last = new Promise((resolve) => {
      rtm.once(`first ${round}`, () => rtm.once(`last ${round}`, () => resolve('received')));
      // Arrives in a separate write, so that a failed round ends.
      rtm.once(`after ${round}`, () => resolve('missed'));
    });
    slack.emit({ type: `first ${round}` });
    slack.emit({ type: `last ${round}` });
    await rtm.addOutgoingEvent(false, 'typing');
    slack.emit({ type: `after ${round}` });
    assert.equal(await last, 'received');
  }
});

same('a listener receives a frame that arrived before it was added, while JavaScript was busy', async (t) => {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server);
  const isReady = next(rtm, 'ready');
  rtm.start();
  await isReady;
  const socket = await server.nextSocket();
  for (const type of numbered(20)) {
    const before = rtm.lastActivity;
    while (Date.now() <= before);
    socket.send({ type });
    // `@slack/rtm-api` has no lastActivity: it only reads when JavaScript is idle.
    while (before !== undefined && rtm.lastActivity === before);
    const [received, after] = [next(rtm, type), next(rtm, 'after')];
    socket.send({ type: 'after' });
    assert.deepEqual(await received, [{ type }]);
    await after;
  }
});

same('a listener receives its frame after many frames without a listener', async (t) => {
  const { slack, ready } = await openSession(t);
  const { rtm } = await ready();
  for (let round = 0; round < 20; round += 1) {
    for (const type of numbered(20)) slack.emit({ type });
    const sent = rtm.addOutgoingEvent(false, 'typing');
    const end = next(rtm, `end ${round}`);
    await sent;
    slack.emit({ type: `end ${round}` });
    assert.deepEqual(await end, [{ type: `end ${round}` }]);
  }
});

same('the end of the connection is not lost if a listener is added after a large frame', async (t) => {
  const { slack, client, connect } = await openSession(t);
  for (let round = 0; round < 10; round += 1) {
    const { rtm } = await connect(client({ autoReconnect: false, logLevel: 'error' }));
    const added = next(rtm, 'large').then(() => rtm.on('more', () => {}));
    const disconnected = next(rtm, 'disconnected');
    slack.emit({ type: 'large', text: 'x'.repeat(40_000) });
    slack.faults.close(4000);
    await Promise.all([added, disconnected]);
    assert.equal(rtm.connected, false);
  }
});
