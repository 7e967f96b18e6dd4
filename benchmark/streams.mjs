// The streams that the server pours: frames as bytes of the wire, in blocks that repeat. Owns what each is made of.

import { events, slackJson } from './frames.mjs';

const BLOCK = 4 * 1024 * 1024;
const MIXED = 20_000;

const isMessage = ({ type, subtype }) => type === 'message' && subtype === undefined;

/** Events by the stream's name. */
const MIXES = {
  messages: (mixed) => mixed.filter(isMessage),
  // One in twenty is a message, the rest is what nobody listens to.
  noisy: (mixed) => {
    const messages = mixed.filter(isMessage);
    const noise = mixed.filter(({ type }) => type !== 'message');
    return noise.map((event, index) => (index % 20 === 0 ? messages[(index / 20) % messages.length] : event));
  },
};

/** A message whose frame has so many bytes, 51 at the least. */
function sized(size) {
  const of = (text) => ({ type: 'message', channel: 'C024BE91L', text });
  const phrase = 'The queue was full from 02:10 to 02:40, see https://example.com/incidents. Grüße! ';
  const missing = size - slackJson(of('')).length;
  const phraseSize = slackJson(phrase).length - 2;
  return of(phrase.repeat(Math.floor(missing / phraseSize)) + 'x'.repeat(missing % phraseSize));
}

/** A WebSocket text frame, unmasked, as servers send it. */
export function textFrame(payload) {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x81;
  if (length < 126) header[1] = length;
  else if (length < 65_536) [header[1]] = [126, header.writeUInt16BE(length, 2)];
  else [header[1]] = [127, header.writeBigUInt64BE(BigInt(length), 2)];
  return Buffer.concat([header, payload]);
}

const made = new Map();

/** The block of a stream, by name or by the frames' size: its bytes, where each frame ends, how large they are. */
export function blockOf(stream) {
  if (!made.has(stream)) made.set(stream, make(stream));
  return made.get(stream);
}

function make(stream) {
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

/** The bytes of so many frames of a stream, in pieces of up to 64 kB. */
export function* piecesOf(stream, count, piece = 64 * 1024) {
  const { bytes, ends } = blockOf(stream);
  for (let left = count; left > 0; left -= ends.length) {
    const end = ends[Math.min(left, ends.length) - 1];
    for (let at = 0; at < end; at += piece) yield bytes.subarray(at, Math.min(at + piece, end));
  }
}
