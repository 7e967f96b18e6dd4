// Who hears what: listeners are honoured from the very next event on, also within one burst of frames.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { clientOf, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { framesUntil, openSession } = require('./support/session.js');

/** A burst of frames that go out in one write: their types, then `end`. */
function burst(slack, types) {
  for (const type of [...types, 'end']) slack.emit(typeof type === 'string' ? { type } : type);
}

const numbered = (count) => Array.from({ length: count }, (_, number) => `n${number}`);

describe('listeners', { concurrency: true }, () => {
  same('a frame that nobody listens to passes by', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const end = next(rtm, 'end');
    burst(slack, numbered(500));
    assert.deepEqual(await end, [{ type: 'end' }]);
  });

  same('a listener that another adds hears the very next frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    rtm.on('n10', () => rtm.on('n11', () => heard.push('n11')));
    const end = next(rtm, 'end');
    burst(slack, numbered(50));
    await end;
    assert.deepEqual(heard, ['n11']);
  });

  same('a chain of listeners, each added by the one before', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    const hear = (number) =>
      rtm.once(`n${number}`, () => {
        heard.push(`n${number}`);
        hear(number + 1);
      });
    hear(0);
    const end = next(rtm, 'end');
    burst(slack, numbered(200));
    await end;
    assert.deepEqual(heard, numbered(200));
  });

  same('slack_event added by a listener of a type hears all that follows', async (t) => {
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

  same('a listener added by slack_event hears the same frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    const hear = (event) => heard.push(event.type);
    rtm.on('slack_event', (type) => {
      rtm.off(type, hear);
      rtm.on(type, hear);
    });
    const end = next(rtm, 'end');
    burst(slack, numbered(20));
    await end;
    assert.deepEqual(heard, [...numbered(20), 'end']);
  });

  same('a listener of a subtype that a listener of the type adds hears the same frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    rtm.once('it', () => rtm.once('it::sub', ({ n }) => heard.push(n)));
    const end = next(rtm, 'end');
    burst(slack, [
      { type: 'it', subtype: 'sub', n: 1 },
      { type: 'it', subtype: 'sub', n: 2 },
    ]);
    await end;
    assert.deepEqual(heard, [1]);
  });

  same('a listener that another removes does not hear the very next frame', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    const hear = ({ type }) => heard.push(type);
    for (const type of numbered(50)) rtm.on(type, hear);
    rtm.on('n10', () => rtm.off('n11', hear));
    rtm.on('n20', () => numbered(50).forEach((type) => rtm.removeAllListeners(type)));
    const end = next(rtm, 'end');
    burst(slack, numbered(50));
    await end;
    assert.deepEqual(
      heard,
      numbered(21).filter((type) => type !== 'n11'),
    );
  });

  same('removeAllListeners() in a burst, then a listener again', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    rtm.on('slack_event', (type) => heard.push(type));
    const end = new Promise((resolve) => {
      rtm.on('n5', () => {
        rtm.removeAllListeners();
        rtm.on('n8', () => rtm.on('end', resolve));
      });
    });
    burst(slack, numbered(10));
    await end;
    assert.deepEqual(heard, numbered(6));
  });

  same('once hears one', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    rtm.once('it', ({ n }) => heard.push(n));
    const end = next(rtm, 'end');
    burst(slack, [
      { type: 'it', n: 1 },
      { type: 'it', n: 2 },
    ]);
    await end;
    assert.deepEqual(heard, [1]);
    assert.equal(rtm.listenerCount('it'), 0);
  });

  same('the context of a listener, and off() with one', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    function hear() {
      heard.push(this.name ?? 'the client');
    }
    const [a, b] = [{ name: 'a' }, { name: 'b' }];
    rtm.on('it', hear, a).addListener('it', hear, b).on('it', hear).once('it', hear, a);
    const hearOnce = next(rtm, 'end');
    burst(slack, ['it']);
    await hearOnce;
    assert.deepEqual(heard.splice(0), ['a', 'b', 'the client', 'a']);
    rtm.off('it', hear, a);
    const end = next(rtm, 'end');
    burst(slack, ['it']);
    await end;
    assert.deepEqual(heard, ['b', 'the client']);
    rtm.removeListener('it', hear);
    assert.equal(rtm.listenerCount('it'), 0);
  });

  same('a listener of a subtype alone, and of several', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const heard = [];
    rtm.on('message::a', () => heard.push('a'));
    rtm.on('message::b', () => heard.push('b')).on('other::a', () => heard.push('other'));
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
    assert.deepEqual(heard, ['a', 'b', 'b']);
  });

  same('names of all kinds: odd strings, numbers, what any object has', async (t) => {
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
    const heard = [];
    for (const name of names) rtm.on(name, ({ type }) => heard.push(type));
    rtm.on(7, () => heard.push(7));
    const end = next(rtm, 'end');
    burst(slack, [...names, '7']);
    await end;
    assert.deepEqual(heard, [...names, 7]);
  });

  same('symbols are events of the user', async (t) => {
    const { connect } = await openSession(t);
    const { rtm } = await connect();
    const mine = Symbol('mine');
    const heard = [];
    rtm.on(mine, (value) => heard.push(value));
    assert.equal(rtm.emit(mine, 1), true);
    rtm.removeAllListeners(mine);
    assert.equal(rtm.emit(mine, 2), false);
    assert.deepEqual(heard, [1]);
  });

  same('what the user emits reaches the listeners', async (t) => {
    const { client } = await openSession(t);
    const rtm = client();
    const heard = [];
    rtm.on('message', (...args) => heard.push(args));
    assert.equal(rtm.emit('message', 1, 2), true);
    assert.equal(rtm.emit('nobody'), false);
    assert.deepEqual(heard, [[1, 2]]);
    assert.deepEqual(rtm.eventNames(), ['message']);
    assert.equal(rtm.emit('error', new Error('unheard')), false);
  });
});

// In a client that has the process to itself, so that nothing follows the last frame of a burst.
same('a listener that another adds hears the last frame of a burst', async (t) => {
  const { slack, ready } = await openSession(t);
  const { rtm } = await ready();
  for (let round = 0; round < 20; round += 1) {
    const last = new Promise((resolve) => {
      rtm.once(`first ${round}`, () => rtm.once(`last ${round}`, () => resolve('heard')));
      // Comes in a write of its own, to tell of a round that failed.
      rtm.once(`behind ${round}`, () => resolve('missed'));
    });
    slack.emit({ type: `first ${round}` });
    slack.emit({ type: `last ${round}` });
    await rtm.addOutgoingEvent(false, 'typing');
    slack.emit({ type: `behind ${round}` });
    assert.equal(await last, 'heard');
  }
});

same('what arrives while JavaScript is busy is heard by a listener that is added then', async (t) => {
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
    // The original, which cannot tell, reads when JavaScript is busy no longer.
    while (before !== undefined && rtm.lastActivity === before);
    const [heard, behind] = [next(rtm, type), next(rtm, 'behind')];
    socket.send({ type: 'behind' });
    assert.deepEqual(await heard, [{ type }]);
    await behind;
  }
});

same('a listener hears what comes after much that nobody listened to', async (t) => {
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

same('a listener added behind a large frame: the end of the connection is not lost', async (t) => {
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
