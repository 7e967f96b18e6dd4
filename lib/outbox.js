// Drains the outbox: the one road from the network side to JavaScript. Owns the order in which things reach their
// clients, and the pauses between them; what they mean is the clients' affair (lib/rtm-client.js).
//
// An item has a client, a kind, a call and a payload (src/binding/queue.rs). Items come in chunks (lib/records.js).
// Whatever a listener throws surfaces as an uncaught exception, like in any emitter, and the rest goes on.
'use strict';

const { clearInterval, setImmediate, setInterval } = require('node:timers');
const { Kind, Outbox } = require('./binding.js');
const records = require('./records.js');

/**
 * What the outbox knows of a client.
 * @typedef {object} Receiver
 * @property {(event: string | symbol, ...args: any[]) => boolean} emit
 * @property {() => void} detectOverriddenEmit has an `emit` of the user's own hear everything
 * @property {(kind: number, call: number, payload: any) => void} receive anything but a frame
 * @property {(call: number, reply: any) => void} receiveReply the promise that a frame settles
 */

const outbox = new Outbox();
records.init((shape) => outbox.shape(shape));

/** Clients that something may still arrive for. @type {Map<number, Receiver>} */
const receivers = new Map();

/** Keeps the process alive while something may arrive. @type {NodeJS.Timeout | undefined} */
let keepAlive;

/** Whether what has arrived is being dispatched. */
let draining = false;

let lastId = 0;

/** Frees what the network side knows of a client that was collected. */
const collected = new FinalizationRegistry((/** @type {number} */ id) => outbox.forget(id));

/**
 * The number by which a new client is known.
 * @param {object} client
 */
function newId(client) {
  lastId += 1;
  collected.register(client, lastId);
  return lastId;
}

/**
 * Tells whether something may arrive for a client. If so, it is held, and holds the process.
 * @param {number} id
 * @param {Receiver} receiver
 * @param {boolean} isExpected
 */
function setActive(id, receiver, isExpected) {
  if (isExpected) receivers.set(id, receiver);
  else receivers.delete(id);
  if (receivers.size > 0 && keepAlive === undefined) {
    keepAlive = setInterval(() => {}, 2 ** 30);
    outbox.attach(wake);
    setImmediate(wake); // for what has arrived while nobody was woken
  } else if (receivers.size === 0 && keepAlive !== undefined) {
    clearInterval(keepAlive);
    keepAlive = undefined;
    outbox.detach();
  }
}

/** The item being dispatched, and its next part. @type {ReturnType<typeof records.read> | undefined} */
let item;
let part = 0;

/** So many items of the chunk are dispatched. */
let dispatched = 0;

/** Whose item was dispatched last: its listeners may have put an `emit` of their own in place. @type {Receiver | undefined} */
let latest;

/** Whether somebody has begun to listen to something that the chunk may have left out. */
let stale = false;

/**
 * @param {number} id
 * @param {string} name
 */
function listen(id, name) {
  if (outbox.listen(id, name)) stale = true;
}

/**
 * @param {number} id
 * @param {string} name
 */
function unlisten(id, name) {
  outbox.unlisten(id, name);
}

/** Called by the network side when the outbox was empty and no longer is. */
function wake() {
  if (!draining && refill()) drain();
}

/** Takes in all that waits; false if that is nothing. */
function refill() {
  const ids = outbox.refill();
  for (const id of ids) receivers.get(id)?.detectOverriddenEmit();
  latest = undefined;
  return ids.length > 0;
}

/** Kinds of items that no code of the user's awaits: the next item may follow in the same turn. */
const WITHOUT_TURN = new Set([Kind.Outgoing, Kind.Log, Kind.Diagnostic]);

/** Whether a frame was dispatched since the event loop last turned. */
let crowded = false;

/**
 * Dispatches until the outbox is empty, or until the event loop should turn: after what user code may await and before
 * lifecycle events (so that code behind an `await` runs before the next event), after a throw, and when a buffer is
 * done (so that timers and sockets get their turn in a flood).
 */
function drain() {
  let turn = true;
  draining = true;
  crowded = false;
  try {
    while (hasItem()) {
      if (dispatch()) return;
    }
    turn = refill();
  } finally {
    draining = turn;
    if (turn) setImmediate(drain);
  }
}

/** Whether there is an item to dispatch, or to go on with. */
function hasItem() {
  latest?.detectOverriddenEmit();
  if (item !== undefined && (part > 0 || !stale)) return true;
  if (stale || !records.hasNext()) nextChunk();
  item = records.hasNext() ? records.read() : undefined;
  return item !== undefined;
}

function nextChunk() {
  records.open(outbox.chunk(dispatched, records.words) ?? []);
  dispatched = 0;
  stale = false;
}

/** Dispatches the item; true when the event loop should turn before the next one. */
function dispatch() {
  const { client, kind, call, payload } = /** @type {NonNullable<typeof item>} */ (item);
  const receiver = receivers.get(client);
  if (crowded && kind >= Kind.Connecting && kind <= Kind.Error) return true;
  latest = receiver;
  let turn = false;
  if (receiver !== undefined) {
    if (kind === Kind.Frame) {
      crowded = true;
      dispatchFrame(receiver, call, payload);
      turn = call !== 0;
    } else if (part++ === 0) {
      receiver.receive(kind, call, payload);
      turn = !WITHOUT_TURN.has(kind);
    }
  }
  part = 0;
  item = undefined;
  dispatched += 1;
  return turn;
}

/**
 * One object for all. A listener that throws ends its own part only.
 * @param {Receiver} receiver
 * @param {number} call
 * @param {any} event
 */
function dispatchFrame(receiver, call, event) {
  const type = event?.type;
  if (part === 0) {
    part = 1;
    if (call !== 0) receiver.receiveReply(call, event);
    receiver.emit('slack_event', type, event);
  }
  if (part === 1) {
    part = 2;
    if (isName(type)) receiver.emit(type, event);
  }
  if (part === 2) {
    part = 3;
    if (isName(type) && isName(event.subtype)) receiver.emit(`${type}::${event.subtype}`, event);
  }
}

/**
 * Whether a `type` or `subtype` can name an event. (Objects and arrays cannot: what they are as text is theirs to say.)
 * @param {unknown} value
 */
function isName(value) {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

module.exports = { setActive, listen, newId, outbox, unlisten };
