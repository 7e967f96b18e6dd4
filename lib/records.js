// Reads what crosses from the network side: chunks of items, whose payloads are JSON text or records. Owns the form
// (src/binding/drain.rs and src/binding/records.rs write it), and the functions that make objects of records.
'use strict';

const { Tag, WORDS } = require('./binding.js');

/** The network side writes here. */
const words = new Uint32Array(WORDS);

/** The strings of the chunk: JSON text, pages of Latin-1, pages of UTF-16, long ones. @type {string[]} */
let strings = [];

/** Where the second and third of them begin. */
let widePages = 0;
let longs = 0;

/** Where the record that is being read begins, and its texts. */
let base = 0;
let latinBase = 0;
let wideBase = 0;
let longBase = 0;

/** What the JSON text holds, and the next of it. @type {any[]} */
let parsed = [];
let next = 0;

/** Where the next item stands, and the end of all. */
let at = 0;
let end = 0;

/** The item that was read last. */
const item = { client: 0, kind: 0, call: 0, payload: /** @type {any} */ (undefined) };

/**
 * Begins to read the chunk that was written to `words`.
 * @param {string[]} chunk its strings; none: there is none
 */
function open(chunk) {
  strings = chunk;
  parsed = chunk.length > 0 && chunk[0] !== '' ? JSON.parse(chunk[0]) : [];
  next = 0;
  item.payload = undefined;
  at = 4;
  end = chunk.length > 0 ? words[0] : 0;
  widePages = words[2];
  longs = words[3];
}

/** Whether the chunk has another item. */
function hasNext() {
  return at < end;
}

/** Reads the next item. */
function read() {
  item.client = words[at];
  item.kind = words[at + 1];
  item.call = words[at + 2];
  const length = words[at + 3];
  if (length === 0) {
    item.payload = parsed[next];
    next += 1;
    at += 4;
  } else {
    latinBase = words[at + 5];
    wideBase = words[at + 6];
    longBase = words[at + 7] + longs;
    base = at + 8;
    item.payload = object(words[at + 4]);
    at += 8 + length;
  }
  return item;
}

/**
 * A function that makes an object of its row of words.
 * @typedef {(words: Uint32Array, row: number) => object} Maker
 */

/** So many makers are kept: one for each shape of the table (src/binding/shapes.rs). */
const PLACES = 1024;

/** The makers of the shapes that came of late, each in its place. @type {{ shape: number, make: Maker }[]} */
const makers = [];

/** @param {number} offset */
function object(offset) {
  const row = base + offset;
  const shape = words[row];
  const known = makers[shape % PLACES];
  return (known !== undefined && known.shape === shape ? known.make : learn(shape))(words, row);
}

/**
 * @param {number} offset
 * @returns {any[]}
 */
function array(offset) {
  const row = base + offset;
  const length = words[row];
  const elements = [];
  for (let index = 0, place = row + 1; index < length; index += 1, place += 2) {
    elements.push(value(words[place], words[place + 1]));
  }
  return elements;
}

/** @param {number} word */
function text(word) {
  const length = word & 1023;
  if (word < 0x4000_0000) {
    const start = (word >>> 10) + latinBase;
    const from = start & 4095;
    return strings[1 + (start >>> 12)].substring(from, from + length);
  }
  if (word < 0x8000_0000) {
    const start = ((word >>> 10) & 0xf_ffff) + wideBase;
    const from = start & 2047;
    return strings[widePages + (start >>> 11)].substring(from, from + length);
  }
  return word < 0xc000_0000 ? strings[longBase + (word & 0x3fff_ffff)] : '';
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Which of the halves is the lower one. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** @param {number} offset */
function number(offset) {
  halves[LOW] = words[base + offset];
  halves[1 - LOW] = words[base + offset + 1];
  return double[0];
}

/**
 * @param {number} tag
 * @param {number} word
 * @returns {any}
 */
function value(tag, word) {
  switch (tag) {
    case Tag.Text:
      return text(word);
    case Tag.Integer:
      return word;
    case Tag.Number:
      return number(word);
    case Tag.Boolean:
      return word === 1;
    case Tag.Null:
      return null;
    case Tag.Object:
      return object(word);
    default:
      return array(word);
  }
}

/** How the generated code reads a word of each kind. @type {{ [tag: number]: (word: string) => string }} */
const READERS = {
  [Tag.Text]: (word) => `text(${word})`,
  [Tag.Integer]: (word) => word,
  [Tag.Number]: (word) => `number(${word})`,
  [Tag.Boolean]: (word) => `${word} === 1`,
  [Tag.Object]: (word) => `object(${word})`,
  [Tag.Array]: (word) => `array(${word})`,
};

/**
 * A key, what stands there, and the string that does if it is always the same.
 * @typedef {[string, number, string | null]} Part
 */

/**
 * So often a shape is read by a loop before code is made for it: maps keyed by ids have shapes without end, each of which
 * comes a few times, and V8 keeps what it made of a string (from Node 26 on, until memory is short).
 */
const OFTEN = 4;

/**
 * Makes the maker of a shape that has not come before, or not for long.
 * @param {number} shape
 */
function learn(shape) {
  const parts = /** @type {Part[]} */ (JSON.parse(/** @type {string} */ (takeShape(shape))));
  const loop = interpreted(parts);
  let reads = 0;
  const known = {
    shape,
    /** @type {Maker} */
    make(words, row) {
      reads += 1;
      if (reads === OFTEN) known.make = generated(parts) ?? loop;
      return loop(words, row);
    },
  };
  makers[shape % PLACES] = known;
  return known.make;
}

/**
 * A maker whose code is an object literal, which V8 makes faster than anything else. There is none where making code of strings
 * is forbidden.
 * @param {Part[]} parts
 */
function generated(parts) {
  let word = 0;
  const members = parts.map(([key, tag, constant]) => {
    const name = JSON.stringify(key);
    if (tag === Tag.Constant) return `${name}: ${JSON.stringify(constant)}`;
    if (tag === Tag.Null) return `${name}: null`;
    word += 1;
    return `${name}: ${READERS[tag](`words[row + ${word}]`)}`;
  });
  const code = `return (words, row) => ({ ${members.join(', ')} });`;
  try {
    return /** @type {Maker} */ (new Function('text', 'number', 'object', 'array', code)(text, number, object, array));
  } catch {
    // By the process' flags, or by whoever put a `Function` of their own in place.
    return undefined;
  }
}

const ORDINARY = { configurable: true, enumerable: true, writable: true };

/**
 * @param {Part[]} parts
 * @returns {Maker}
 */
function interpreted(parts) {
  return (_, row) => {
    const made = /** @type {{ [key: string]: any }} */ ({});
    let place = row;
    for (const [key, tag, constant] of parts) {
      let member = /** @type {any} */ (constant);
      if (tag !== Tag.Constant && tag !== Tag.Null) member = value(tag, words[(place += 1)]);
      // What is inherited may be read-only, or have a setter.
      if (key in made) Object.defineProperty(made, key, { value: member, ...ORDINARY });
      else made[key] = member;
    }
    return made;
  };
}

/** Asks the network side what a shape is. @type {(shape: number) => string | null} */
let takeShape;

/** @param {(shape: number) => string | null} ask */
function init(ask) {
  takeShape = ask;
}

module.exports = { hasNext, init, open, read, words };
