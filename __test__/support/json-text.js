// Arbitrary JSON texts for fast-check, with white space, all escapes, all number formats and duplicate keys.
'use strict';

const fc = require('fast-check');

const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t', '\r\n', '  ');

/** One UTF-16 unit or character, in one of its possible spellings. */
const unit = fc.oneof(
  { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 1 }).map(plain) },
  { weight: 2, arbitrary: fc.constantFrom('é', 'ü', '漢', '😀', '👩‍👧', '\u2028', '\ufeff', '\x7f', '\uffff') },
  { weight: 2, arbitrary: fc.constantFrom('\\"', '\\\\', '\\/', '/', '\\b', '\\f', '\\n', '\\r', '\\t') },
  {
    weight: 2,
    arbitrary: fc.nat(0xffff).chain((code) => fc.constantFrom(hex(code), hex(code).replace(/[a-f]/g, upper))),
  },
  { weight: 1, arbitrary: fc.nat(0xff).map(hex) },
  { weight: 1, arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }).map(hex) },
  { weight: 1, arbitrary: fc.constantFrom('\\ud83d\\ude00', '\\uD83D\\uDC69\\u200d\\uD83D\\uDC67') },
);

function upper(letter) {
  return letter.toUpperCase();
}

function hex(code) {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A character without an escape, if JSON allows that. */
function plain(character) {
  return JSON.stringify(character).slice(1, -1);
}

const string = fc
  .oneof(
    { weight: 50, arbitrary: fc.array(unit, { maxLength: 8 }) },
    { weight: 1, arbitrary: fc.array(unit, { minLength: 50, maxLength: 300, size: 'max' }) },
  )
  .map((units) => `"${units.join('')}"`);

const digits = (min) =>
  fc.array(fc.nat(9), { minLength: min, maxLength: 25, size: 'max' }).map((list) => list.join(''));

const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true }).map((value) => (Number.isFinite(value) ? String(value) : '1e999')),
  fc.constantFrom('-0', '0', '0.0', '-0.0', '9007199254740993', '1e400', '-1E+400', '5e-324', '1e-400', '0e0'),
  fc
    .tuple(
      fc.constantFrom('', '-'),
      digits(1),
      fc.option(digits(1)),
      fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), fc.nat(330))),
    )
    .map(([sign, whole, fraction, exponent]) => {
      const leading = whole.replace(/^0+(?=\d)/, '');
      return sign + leading + (fraction === null ? '' : `.${fraction}`) + (exponent === null ? '' : exponent.join(''));
    }),
);

/** Keys from a short list, so that duplicates occur, and arbitrary keys. */
const key = fc.oneof(
  fc.constantFrom(
    '"a"',
    '"b"',
    '"\\u0061"',
    '""',
    '"__proto__"',
    '"constructor"',
    '"1"',
    '"0"',
    '"10"',
    '"type"',
    '"text"',
  ),
  string,
);

const around = (text) => fc.tuple(space, text, space).map((parts) => parts.join(''));

const { value } = fc.letrec((tie) => {
  const list = fc.array(around(tie('value')), { maxLength: 4 }).map((items) => `[${items.join(',')}]`);
  const object = fc.array(pair(tie('value')), { maxLength: 4 }).map((pairs) => `{${pairs.join(',')}}`);
  const scalar = fc.oneof(string, number, fc.constantFrom('null', 'true', 'false'));
  return { value: fc.oneof({ depthSize: 'xsmall' }, scalar, scalar, list, object) };
});

function pair(text, keys = key) {
  return fc.tuple(around(keys), around(text)).map((parts) => parts.join(':'));
}

/** A frame: an object, mostly with a type, often with a subtype, at any position, sometimes twice. */
const frame = fc
  .tuple(
    fc.array(pair(value), { maxLength: 5 }),
    fc.array(
      pair(
        fc.constantFrom('"it"', '"\\u0069t"', '"other"', '"i\\/t"', 'null', '7'),
        fc.constantFrom('"type"', '"t\\u0079pe"'),
      ),
      { maxLength: 2 },
    ),
    fc.array(pair(fc.constantFrom('"sub"', '"su\\u0062"', '"é"', '"\\ud800"', 'null'), fc.constant('"subtype"')), {
      maxLength: 2,
    }),
    fc.infiniteStream(fc.nat()),
    space,
  )
  .map(([pairs, types, subtypes, places, white]) => {
    for (const one of [...types, ...subtypes]) pairs.splice(places.next().value % (pairs.length + 1), 0, one);
    return `${white}{${pairs.join(',')}}${white}`;
  });

/** Any JSON value except null, which makes `@slack/rtm-api` throw. */
const anything = around(value).filter((text) => text.trim() !== 'null');

module.exports = { anything, frame };
