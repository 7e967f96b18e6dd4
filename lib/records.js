// Reads the chunks of items that native code passes to JavaScript. Their payloads are JSON or records.
// src/records/format.rs describes the layout; its numbers come from the addon.
'use strict';

const { recordFormat } = require('./binding.js');

const format = recordFormat();

// Each number is a separate constant, since optimised code has the value of a constant built in.
const HEADER_END = format.header.end;
const HEADER_UTF16 = format.header.utf16;
const HEADER_LONG = format.header.long;
const HEADER_WORDS = format.header.words;

const ITEM_CLIENT = format.item.client;
const ITEM_KIND = format.item.kind;
const ITEM_CALL = format.item.call;
const ITEM_RECORD_WORDS = format.item.recordWords;
const ITEM_WORDS = format.item.words;
const ITEM_ROOT = format.item.root;
const ITEM_LATIN1 = format.item.latin1;
const ITEM_UTF16 = format.item.utf16;
const ITEM_LONG = format.item.long;
const ITEM_WORDS_WITH_RECORD = format.item.wordsWithRecord;

const TEXT_KIND_SHIFT = format.text.kindShift;
const TEXT_START_SHIFT = format.text.startShift;
const TEXT_LATIN1 = format.text.latin1;
const TEXT_UTF16 = format.text.utf16;
const TEXT_LONG = format.text.long;
const TEXT_LENGTH_MASK = 2 ** TEXT_START_SHIFT - 1;
const TEXT_START_MASK = 2 ** (TEXT_KIND_SHIFT - TEXT_START_SHIFT) - 1;
const TEXT_INDEX_MASK = 2 ** TEXT_KIND_SHIFT - 1;
const LATIN1_PAGE_SHIFT = format.text.latin1PageShift;
const LATIN1_PAGE_MASK = 2 ** LATIN1_PAGE_SHIFT - 1;
const UTF16_PAGE_SHIFT = format.text.utf16PageShift;
const UTF16_PAGE_MASK = 2 ** UTF16_PAGE_SHIFT - 1;

const TAG_TEXT = format.tag.text;
const TAG_INTEGER = format.tag.integer;
const TAG_NUMBER = format.tag.number;
const TAG_BOOLEAN = format.tag.boolean;
const TAG_NULL = format.tag.null;
const TAG_OBJECT = format.tag.object;
const TAG_ARRAY = format.tag.array;
const TAG_CONSTANT = format.tag.constant;

const FIRST_LATIN1_PAGE = format.firstLatin1Page;
const MAX_SHAPES = format.maxShapes;

/** Native code writes the words of a chunk here. */
const words = new Uint32Array(format.chunkWords);

/** The strings of the chunk: a JSON array, Latin-1 pages, UTF-16 pages, long texts. @type {string[]} */
let strings = [];

/** The indexes of the first UTF-16 page and of the first long text in `strings`. */
let utf16Pages = 0;
let longTexts = 0;

/** The start of the record that is being read, in `words`. */
let recordStart = 0;

/** The start of its texts: in the Latin-1 pages, in the UTF-16 pages, and in `strings`. */
let latin1Start = 0;
let utf16Start = 0;
let longStart = 0;

/** The payloads of the items without a record, and the index of the next one. @type {any[]} */
let payloads = [];
let nextPayload = 0;

/** The position of the next item, and the end of the last one. */
let at = 0;
let end = 0;

/** The item that was read last. There is only one object, so that an item costs no garbage. */
const item = { client: 0, kind: 0, call: 0, payload: /** @type {any} */ (undefined) };

/**
 * Starts to read the chunk whose words are in `words`.
 * @param {string[]} chunkStrings without any, there is no chunk
 */
function openChunk(chunkStrings) {
  strings = chunkStrings;
  payloads = chunkStrings.length > 0 && chunkStrings[0] !== '' ? JSON.parse(chunkStrings[0]) : [];
  nextPayload = 0;
  item.payload = undefined;
  at = HEADER_WORDS;
  end = chunkStrings.length > 0 ? words[HEADER_END] : 0;
  utf16Pages = words[HEADER_UTF16];
  longTexts = words[HEADER_LONG];
}

/** Whether the chunk has another item. */
function hasItem() {
  return at < end;
}

/** Reads the next item. */
function readItem() {
  item.client = words[at + ITEM_CLIENT];
  item.kind = words[at + ITEM_KIND];
  item.call = words[at + ITEM_CALL];
  const recordWords = words[at + ITEM_RECORD_WORDS];
  if (recordWords === 0) {
    item.payload = payloads[nextPayload];
    nextPayload += 1;
    at += ITEM_WORDS;
  } else {
    latin1Start = words[at + ITEM_LATIN1];
    utf16Start = words[at + ITEM_UTF16];
    longStart = words[at + ITEM_LONG] + longTexts;
    recordStart = at + ITEM_WORDS_WITH_RECORD;
    item.payload = object(words[at + ITEM_ROOT]);
    at += ITEM_WORDS_WITH_RECORD + recordWords;
  }
  return item;
}

/**
 * A function that builds the object whose row of words starts at `row`.
 * @typedef {(words: Uint32Array, row: number) => object} Builder
 */

/** The builders of the shapes that were used last. A shape has its place by its number. @type {{ shape: number, build: Builder }[]} */
const builders = [];

/** @param {number} position */
function object(position) {
  const row = recordStart + position;
  const shape = words[row];
  const known = builders[shape % MAX_SHAPES];
  return (known !== undefined && known.shape === shape ? known.build : addBuilder(shape))(words, row);
}

/**
 * @param {number} position
 * @returns {any[]}
 */
function array(position) {
  const row = recordStart + position;
  const length = words[row];
  const elements = [];
  for (let index = 0, place = row + 1; index < length; index += 1, place += 2) {
    elements.push(value(words[place], words[place + 1]));
  }
  return elements;
}

/** @param {number} word */
function text(word) {
  const kind = word >>> TEXT_KIND_SHIFT;
  const length = word & TEXT_LENGTH_MASK;
  if (kind === TEXT_LATIN1) {
    const start = ((word >>> TEXT_START_SHIFT) & TEXT_START_MASK) + latin1Start;
    const from = start & LATIN1_PAGE_MASK;
    return strings[FIRST_LATIN1_PAGE + (start >>> LATIN1_PAGE_SHIFT)].substring(from, from + length);
  }
  if (kind === TEXT_UTF16) {
    const start = ((word >>> TEXT_START_SHIFT) & TEXT_START_MASK) + utf16Start;
    const from = start & UTF16_PAGE_MASK;
    return strings[utf16Pages + (start >>> UTF16_PAGE_SHIFT)].substring(from, from + length);
  }
  return kind === TEXT_LONG ? strings[longStart + (word & TEXT_INDEX_MASK)] : '';
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** The index of the lower half, which depends on the processor. */
const LOWER_HALF = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** @param {number} position */
function number(position) {
  halves[LOWER_HALF] = words[recordStart + position];
  halves[1 - LOWER_HALF] = words[recordStart + position + 1];
  return double[0];
}

/**
 * @param {number} tag
 * @param {number} word
 * @returns {any}
 */
function value(tag, word) {
  switch (tag) {
    case TAG_TEXT:
      return text(word);
    case TAG_INTEGER:
      return word;
    case TAG_NUMBER:
      return number(word);
    case TAG_BOOLEAN:
      return word === 1;
    case TAG_NULL:
      return null;
    case TAG_OBJECT:
      return object(word);
    default:
      return array(word);
  }
}

/** The generated code for a value of each tag. @type {{ [tag: number]: (word: string) => string }} */
const EXPRESSIONS = {
  [TAG_TEXT]: (word) => `text(${word})`,
  [TAG_INTEGER]: (word) => word,
  [TAG_NUMBER]: (word) => `number(${word})`,
  [TAG_BOOLEAN]: (word) => `${word} === 1`,
  [TAG_OBJECT]: (word) => `object(${word})`,
  [TAG_ARRAY]: (word) => `array(${word})`,
};

/**
 * A key of a shape, the tag of its value, and the value if it is a constant.
 * @typedef {[key: string, tag: number, constant: string | null]} Member
 */

/**
 * A shape is read by a loop until it has come this often; then code is generated for it. Maps whose keys are ids have an
 * endless number of shapes, each of which comes a few times, and V8 keeps generated code (from Node 26 on, until memory is low).
 */
const GENERATE_AFTER = 4;

/**
 * Adds the builder of a shape that is new, or whose place another shape has taken.
 * @param {number} shape
 */
function addBuilder(shape) {
  const members = /** @type {Member[]} */ (JSON.parse(/** @type {string} */ (getDefinition(shape))));
  const loop = loopBuilder(members);
  let count = 0;
  const known = {
    shape,
    /** @type {Builder} */
    build(words, row) {
      count += 1;
      if (count === GENERATE_AFTER) known.build = generatedBuilder(members) ?? loop;
      return loop(words, row);
    },
  };
  builders[shape % MAX_SHAPES] = known;
  return known.build;
}

/**
 * A builder that consists of an object literal, which is the fastest way to build an object in V8. Returns undefined if the
 * process does not allow code generation from strings.
 * @param {Member[]} members
 */
function generatedBuilder(members) {
  let word = 0;
  const properties = members.map(([key, tag, constant]) => {
    const name = JSON.stringify(key);
    if (tag === TAG_CONSTANT) return `${name}: ${JSON.stringify(constant)}`;
    if (tag === TAG_NULL) return `${name}: null`;
    word += 1;
    return `${name}: ${EXPRESSIONS[tag](`words[row + ${word}]`)}`;
  });
  const code = `return (words, row) => ({ ${properties.join(', ')} });`;
  try {
    return /** @type {Builder} */ (
      new Function('text', 'number', 'object', 'array', code)(text, number, object, array)
    );
  } catch {
    // A flag of the process forbids it, or the user has replaced the global `Function`.
    return undefined;
  }
}

const ORDINARY = { configurable: true, enumerable: true, writable: true };

/**
 * @param {Member[]} members
 * @returns {Builder}
 */
function loopBuilder(members) {
  return (_, row) => {
    const built = /** @type {{ [key: string]: any }} */ ({});
    let place = row;
    for (const [key, tag, constant] of members) {
      let property = /** @type {any} */ (constant);
      if (tag !== TAG_CONSTANT && tag !== TAG_NULL) property = value(tag, words[(place += 1)]);
      // An inherited property may be read-only or have a setter, so assigning to it does not define it.
      if (key in built) Object.defineProperty(built, key, { value: property, ...ORDINARY });
      else built[key] = property;
    }
    return built;
  };
}

/** Returns the definition of a shape. @type {(shape: number) => string | null} */
let getDefinition;

/** @param {(shape: number) => string | null} source returns the definition of a shape */
function setShapeSource(source) {
  getDefinition = source;
}

module.exports = { hasItem, openChunk, readItem, setShapeSource, words };
