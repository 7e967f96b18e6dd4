// Listeners receive the value that JSON.parse returns for the frame: the difficult cases. Each is sent eight times, because
// a frame is passed to JavaScript in another form when frames of its shape have come before, or often.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { next, same } = require('./support/client.js');
const { framesUntil, openSession } = require('./support/session.js');
const { assertIdentical } = require('./support/strict-equal.js');

const long = 'x'.repeat(1 << 20);
const ROUNDS = [1, 2, 3, 4, 5, 6, 7, 8];
const depth = (count, open, middle, close) => open.repeat(count) + middle + close.repeat(count);

/** Values of the key `v`; texts that begin with a brace are whole frames. */
const TEXTS = {
  'integers up to 2^53 and beyond': [
    '[0,1,-1,9007199254740991,9007199254740992,9007199254740993,-9007199254740993,18446744073709551615]',
    '[18446744073709551616,123456789012345678901234567890,1000000000000000000000000000000000000000000]',
  ],
  'numbers beyond any range': ['[1e400,-1e400,1e-400,-1e-400,5e-324,4.9e-324,2e-324,1.7976931348623157e308,1.8e308]'],
  'different notations of numbers': ['[-0,0.0,-0.0,-0e5,1E5,1e+5,1E-5,1.0,1.50,0.1,0.30000000000000004,1e0,12.5e-1]'],
  'numbers that are hard to round': [
    '[2.2250738585072011e-308,9007199254740992.5,0.500000000000000166533453693773481063544750213623046875]',
    '[1.00000000000000011102230246251565,9214843084008499,7.0420557077594588669468784357561207962098443483187940792729600000e+59]',
  ],
  'numbers with many digits': [`[${'9'.repeat(5000)},0.${'3'.repeat(5000)},${'1'.repeat(400)}e-390]`],
  'all escapes': [
    '"\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000 \\u001f \\u007F \\u00E9 \\u00e9 \\ud83d\\ude00 \\uD83D\\uDE00"',
  ],
  'every character of the basic plane, escaped': [escaped(0, 0x8000), escaped(0x8000, 0x10000)],
  'every character of the basic plane, unescaped': [
    JSON.stringify(plain(0x20, 0xd800)),
    JSON.stringify(plain(0xe000, 0x10000)),
  ],
  'lone surrogates': [
    '"\\ud800"',
    '"\\udc00"',
    '"\\udc00\\ud800"',
    '"a\\ud800b"',
    '"\\ud800\\ud800\\udc00"',
    '{"v":1,"\\udfff":2}',
  ],
  'escaped and unescaped characters together': ['"é\\u00e9\\/ü漢\\u6f22👩‍👧\\ud83d\\udc69"', '"\\u0065\\u0301e\u0301"'],
  'U+2028, U+2029, U+FEFF, U+FFFD, U+FFFF': ['"\u2028\u2029\ufeff\ufffd\uffff\u{10ffff}"', '{"v":1,"\u2028":"\ufeff"}'],
  'the order of keys': ['{"z":1,"a":2,"v":3,"10":4,"9":5,"-1":6,"01":7,"4294967294":8,"4294967295":9,"1e3":10,"ä":11}'],
  'duplicate keys': ['{"a":1,"v":2,"a":3}', '{"v":{"a":1},"v":{"b":2}}', '{"2":1,"1":2,"2":3}', '{"\\u0061":1,"a":2}'],
  'duplicate types, of which the last one is used': [
    '{"type":"a","type":"it"}',
    '{"v":1,"type":5,"type":null,"ty\\u0070e":"it"}',
  ],
  __proto__: [
    '{"__proto__":{"x":1},"v":{"__proto__":null,"a":{"__proto__":5}}}',
    '{"\\u005f_proto__":[1]}',
    '{"__proto__":"s","__proto__":{}}',
  ],
  'keys that are members of Object.prototype': [
    '{"constructor":1,"toString":null,"hasOwnProperty":{},"length":5,"then":"x","toJSON":1,"valueOf":[]}',
  ],
  'empty keys, strings, objects and lists': ['{"":{"":[{}]},"v":[[],{},"",[[]]]}'],
  'keys that are long or odd': [`{"${'k'.repeat(10_000)}":1,"a b":2,"\\n":3,"\\"":4,"💥":5,"type ":6}`],
  'white space': [' \t\r\n{ \n"v"\t:\r[ 1 , { "a" : null } ]\n } \t\r\n'],
  'great depth of lists': [depth(10_000, '[', '1', ']'), depth(100_000, '[', '', ']')],
  'great depth of objects': [
    depth(10_000, '{"a":', 'null', '}'),
    `{"a":${depth(10_000, '[{"b":1,"c":', '"x"', '}]')}}`,
  ],
  'strings of 1 MB': [JSON.stringify(long), `"${long}é"`, `"${long}\\u6f22\\/"`, `{"${long}":1}`],
  'many keys': [`{${Array.from({ length: 20_000 }, (_, n) => `"key ${n}":${n}`).join()}}`],
  'a long list': [`[${'null,true,false,'.repeat(30_000)}0]`],
  'a type that is written with escapes': ['{"type":"\\u0069t","v":1}', '{"\\u0074ype":"it","v":2}'],
  'a type that is not a string': [
    '{"type":{"a":1}}',
    '{"type":[1,2]}',
    '{"type":true}',
    '{"type":1e400}',
    '{"type":-0}',
  ],
  'a subtype that is not a string': [
    '{"type":"it","subtype":{"a":1}}',
    '{"type":"it","subtype":[1,2]}',
    '{"type":"it","subtype":-0}',
  ],
  'JSON within a string': [JSON.stringify(JSON.stringify({ type: 'inner', text: '"\\' }))],
};

function plain(from, to) {
  return Array.from({ length: to - from }, (_, index) => String.fromCharCode(from + index)).join('');
}

function escaped(from, to) {
  const toEscape = (_, index) => `\\u${(from + index).toString(16).padStart(4, '0')}`;
  return `"${Array.from({ length: to - from }, toEscape).join('')}"`;
}

describe('the payload', { concurrency: true }, () => {
  for (const [name, texts] of Object.entries(TEXTS)) {
    same(`equals the result of JSON.parse: ${name}`, async (t) => {
      const { slack, connect } = await openSession(t);
      const { rtm } = await connect();
      const frames = framesUntil(rtm);
      const frame = (text) => (text.trimStart().startsWith('{') ? text : `{"type":"it","v":${text}}`);
      const sent = ROUNDS.flatMap(() => texts.map(frame));
      for (const text of sent) slack.emit(text);
      slack.emit({ type: 'end' });
      const received = await frames;
      assert.equal(received.length, sent.length);
      for (const [index, text] of sent.entries()) assertIdentical(received[index], JSON.parse(text));
    });
  }

  same('equals the result of JSON.parse for a listener of the type', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const texts = ROUNDS.flatMap(() => Object.values(TEXTS))
      .flat()
      .filter((text) => text.length < 100_000)
      .map((text) => (text.trimStart().startsWith('{') ? text : `{"type":"it","v":${text}}`));
    const received = [];
    rtm.on('it', (event) => received.push(event));
    const end = next(rtm, 'end');
    for (const text of texts) slack.emit(text);
    slack.emit({ type: 'end' });
    await end;
    const expected = texts.map((text) => JSON.parse(text)).filter(({ type }) => type === 'it');
    assert.equal(received.length, expected.length);
    for (const [index, event] of expected.entries()) assertIdentical(received[index], event);
  });

  same('is a plain object that a listener can change and keep', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const frames = framesUntil(rtm);
    for (const n of [1, 2]) slack.emit({ type: 'it', list: [n], nested: {} });
    slack.emit({ type: 'end' });
    const [first, second] = await frames;
    first.list.push(5);
    first.nested.more = true;
    delete first.type;
    assert.deepEqual(
      [first, second],
      [
        { list: [1, 5], nested: { more: true } },
        { type: 'it', list: [2], nested: {} },
      ],
    );
    assert.ok(!Object.isFrozen(second) && Object.getPrototypeOf(second) === Object.prototype);
  });

  same('does not pollute prototypes with __proto__', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const frames = framesUntil(rtm);
    slack.emit('{"__proto__":{"polluted":1},"type":"it"}');
    slack.emit({ type: 'end' });
    const [event] = await frames;
    assert.equal({}.polluted, undefined);
    assert.equal(event.polluted, undefined);
    assert.deepEqual(Object.keys(event), ['__proto__', 'type']);
  });

  same('equals the result of JSON.parse for the connect response and for replies', async (t) => {
    const { slack, channel, ready } = await openSession(t, { team: { name: 'T \u2028 😀 "\\/' } });
    const { rtm } = await ready();
    const data = await new Promise((resolve) => {
      rtm.once('authenticated', resolve);
      slack.faults.drop();
    });
    assert.equal(data.team.name, 'T \u2028 😀 "\\/');
    await next(rtm, 'ready');
    const sent = rtm.addOutgoingEvent(true, 'typing', { channel });
    const { frame } = await slack.nextFrame({ type: 'typing' });
    const text = `{"reply_to":${frame.id},"__proto__":{"x":1},"n":[-0,1e400],"s":"\\ud800","2":1,"1":2,"2":3}`;
    slack.emit(text);
    assertIdentical(await sent, JSON.parse(text));
  });
});
