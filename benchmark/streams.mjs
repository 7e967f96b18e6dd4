// The streams that the server sends: blocks of WebSocket frames that repeat.

import { events, slackJson } from './frames.mjs';

const BLOCK = 4 * 1024 * 1024;
const MIXED = 20_000;

const isMessage = ({ type, subtype }) => type === 'message' && subtype === undefined;

/** The events of a stream, by its name. */
const MIXES = {
  messages: (mixed) => mixed.filter(isMessage),
  // One in twenty is a message. The others have no listener.
  noisy: (mixed) => {
    const messages = mixed.filter(isMessage);
    const noise = mixed.filter(({ type }) => type !== 'message');
    return noise.map((event, index) => (index % 20 === 0 ? messages[(index / 20) % messages.length] : event));
  },
};

/** A message with this many bytes of JSON, at least 51. */
function sized(size) {
  const of = (text) => ({ type: 'message', channel: 'C024BE91L', text });
  const phrase = 'The queue was full from 02:10 to 02:40, see https://example.com/incidents. Grüße! ';
  const missing = size - slackJson(of('')).length;
  const phraseSize = slackJson(phrase).length - 2;
  return of(phrase.repeat(Math.floor(missing / phraseSize)) + 'x'.repeat(missing % phraseSize));
}

/** A WebSocket text frame. Servers send frames unmasked. */
export function textFrame(payload) {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x81;
  if (length < 126) header[1] = length;
  else if (length < 65_536) [header[1]] = [126, header.writeUInt16BE(length, 2)];
  else [header[1]] = [127, header.writeBigUInt64BE(BigInt(length), 2)];
  return Buffer.concat([header, payload]);
}

const blocks = new Map();

/** The block of a stream, by its name or by the size of its frames: the bytes, the ends of the frames, and their sizes. */
export function blockOf(stream) {
  if (!blocks.has(stream)) blocks.set(stream, makeBlock(stream));
  return blocks.get(stream);
}

function makeBlock(stream) {
  const list = typeof stream === 'number' ? [sized(stream)] : MIXES[stream](events(MIXED));
  const payloads = list.map((event) => Buffer.from(slackJson(event)));
  const once = payloads.map(textFrame);
  const times = Math.ceil(BLOCK / once.reduce((sum, { length }) => sum + length, 0));
  const frames = Array.from({ length: times }, () => once).flat();
  let end = 0;
  return { bytes: Buffer.concat(frames), ends: frames.map(({ length }) => (end += length)), sizes: summary(payloads) };
}

function summary(payloads) {
  const sizes = payloads.map(({ length }) => length).sort((one, other) => one - other);
  const mean = Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);
  return { least: sizes[0], median: sizes[sizes.length >> 1], mean, most: sizes.at(-1) };
}

/** The bytes of `count` frames of a stream, in pieces of up to 64 kB. */
export function* piecesOf(stream, count, piece = 64 * 1024) {
  const { bytes, ends } = blockOf(stream);
  for (let left = count; left > 0; left -= ends.length) {
    const end = ends[Math.min(left, ends.length) - 1];
    for (let at = 0; at < end; at += piece) yield bytes.subarray(at, Math.min(at + piece, end));
  }
}
