// The bodies of messages are sent in the form that JSON.stringify returns. If it throws, the call rejects.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, same } = require('./support/client.js');
const { openSession } = require('./support/session.js');

class Point {
  x = 1;
  #y = 2;

  get y() {
    return this.#y;
  }
}

const inherited = Object.assign(Object.create({ above: 1 }), { own: 2 });
const hidden = Object.defineProperty({ seen: 1 }, 'unseen', { value: 2, enumerable: false });

const BODIES = {
  'strings of all kinds': {
    a: '',
    b: 'é ü 漢字',
    c: 'emoji 👩‍👩‍👧 🏳️‍🌈',
    d: '"\\/\b\f\n\r\t\0\x7f',
    e: '\u2028\u2029\ufeff',
  },
  'lone surrogates': { high: '\ud83d', low: '\ude00', turned: '\ude00\ud83d', '\ud800': 'key' },
  'numbers, and those that become null in JSON': {
    list: [0, -0, 1e21, 2 ** 53, 0.1, NaN, Infinity, -Infinity],
  },
  'undefined, functions and symbols': {
    a: undefined,
    b() {},
    c: Symbol('c'),
    list: [undefined, () => {}],
    [Symbol('s')]: 1,
  },
  'null, booleans, nesting': { a: null, b: true, c: [[], {}, [[{ d: [false] }]]] },
  'objects with toJSON': {
    date: new Date(0),
    url: new URL('https://example.com/a?b'),
    own: { toJSON: (key) => `was ${key}` },
  },
  'boxed values': { n: Object(1), s: Object('s'), b: Object(false) },
  'maps, sets, bytes, regular expressions': {
    map: new Map([[1, 2]]),
    set: new Set([1]),
    bytes: Buffer.from('ab'),
    re: /x/,
  },
  'a text that is an object': { text: { type: 'mrkdwn', text: '*x*' }, channel: 'C0' },
  'a text that is a number, a channel that is undefined': { text: 5, channel: undefined },
  'keys in insertion order': { z: 1, 10: 'ten', a: 2, 9: 'nine', '': 3, 'a b': 4 },
  'a class instance': new Point(),
  'a body with inherited properties': inherited,
  'properties that are not enumerable': hidden,
  'a list': ['a', 'b'],
  'a string': 'text',
  'a number': 5,
  'a body without a prototype': Object.assign(Object.create(null), { a: 1 }),
  'fifteen thousand characters': { text: 'x'.repeat(15_000) },
  'great depth': JSON.parse(`${'{"a":['.repeat(500)}1${']}'.repeat(500)}`),
};

const circular = {};
circular.self = circular;

const REFUSED = {
  'a BigInt': { n: 1n },
  'a circular structure': circular,
  'a toJSON that throws': {
    at: {
      toJSON() {
        throw new TypeError('no');
      },
    },
  },
};

async function assertSentAsJson(t, body) {
  const { slack, ready } = await openSession(t);
  const { rtm } = await ready();
  const id = await rtm.send('it', body);
  const sent = await slack.nextFrame({ type: 'it' });
  assert.equal(sent.data, JSON.stringify({ ...body, type: 'it', id }));
  await rtm.addOutgoingEvent(false, 'queued', body);
  const queued = await slack.nextFrame({ type: 'queued' });
  assert.equal(queued.data, JSON.stringify({ ...body, type: 'queued', id: queued.frame.id }));
}

async function assertRejected(t, body) {
  const { channel, ready } = await openSession(t);
  const { rtm } = await ready();
  await assert.rejects(rtm.send('typing', body), TypeError);
  await assert.rejects(rtm.addOutgoingEvent(true, 'message', body), TypeError);
  await assert.rejects(rtm.addOutgoingEvent(false, 'typing', body), TypeError);
  assert.equal((await rtm.sendMessage('next', channel)).text, 'next');
}

describe('message bodies', { concurrency: true }, () => {
  for (const [name, body] of Object.entries(BODIES)) {
    same(`are sent as JSON.stringify writes them: ${name}`, (t) => assertSentAsJson(t, body));
  }

  better('it is lost', 'are sent as JSON.stringify writes them: __proto__ as an own key', (t) =>
    assertSentAsJson(t, JSON.parse('{"__proto__":{"x":1},"constructor":2}')),
  );

  for (const [name, body] of Object.entries(REFUSED)) {
    same(`with ${name} reject, and the next message is sent`, (t) => assertRejected(t, body));
  }

  better('send() throws', 'with a getter that throws reject, and the next message is sent', (t) =>
    assertRejected(t, {
      get text() {
        throw new TypeError('no');
      },
    }),
  );

  same('the server decides on a text that is not a string', async (t) => {
    const { slack, channel, ready } = await openSession(t);
    const { rtm } = await ready();
    const code = ErrorCode.SendMessagePlatformError;
    await assert.rejects(rtm.sendMessage({ text: 'x' }, channel), { code });
    await assert.rejects(rtm.sendMessage(undefined, channel), { code });
    assert.deepEqual(
      slack.received.map(({ frame: { id, ...frame } }) => frame),
      [
        { text: { text: 'x' }, channel, type: 'message' },
        { channel, type: 'message' },
      ],
    );
  });

  same('the type does not have to be a string', async (t) => {
    const { slack, ready } = await openSession(t);
    const { rtm } = await ready();
    const ids = [await rtm.send(undefined, { a: 1 }), await rtm.send(7, { a: 1 }), await rtm.send(null, { a: 1 })];
    await rtm.send('end');
    await slack.nextFrame({ type: 'end' });
    assert.deepEqual(
      slack.received.slice(0, 3).map(({ data }) => data),
      [`{"a":1,"id":${ids[0]}}`, `{"a":1,"type":7,"id":${ids[1]}}`, `{"a":1,"type":null,"id":${ids[2]}}`],
    );
  });

  better('it reads a body when it sends it', 'a body is read at the call', async (t) => {
    const { slack, client, ready } = await openSession(t);
    const rtm = client();
    const body = { text: 'before' };
    const sent = rtm.addOutgoingEvent(false, 'it', body);
    body.text = 'after';
    await ready(rtm);
    await sent;
    assert.equal((await slack.nextFrame({ type: 'it' })).frame.text, 'before');
  });
});
