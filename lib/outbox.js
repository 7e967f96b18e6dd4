// Drains the outbox: everything that JavaScript receives from native code passes through here, in one order.
//
// An item has a client, a kind, a call and a payload (src/binding/outbox/item.rs). Items come in chunks (lib/records.js), and a
// batch has one or more chunks. What an item means is decided in lib/rtm-client.js.
//
// An error that a listener throws becomes an uncaught exception, as in any emitter, and the next item is dispatched all the same.
'use strict';

const { clearInterval, setImmediate, setInterval } = require('node:timers');
const { ItemKind, Outbox } = require('./binding.js');
const records = require('./records.js');

/**
 * The client's end of the outbox.
 * @typedef {object} Receiver
 * @property {(event: string | symbol, ...args: any[]) => boolean} emit
 * @property {() => void} detectOverriddenEmit subscribes to all events if the user has replaced `emit`
 * @property {(kind: number, call: number, payload: any) => void} receive handles every item that is not a frame
 * @property {(call: number, reply: any) => void} receiveReply settles the promise of a frame that is a reply
 */

const outbox = new Outbox();
records.setShapeSource((shape) => outbox.shape(shape));

/** The receivers of active clients. @type {Map<number, Receiver>} */
const receivers = new Map();

/** Keeps the process alive while a client is active. @type {NodeJS.Timeout | undefined} */
let keepAlive;

/** Whether a batch is being dispatched. */
let isDraining = false;

let lastId = 0;

/** Frees the native data of a client that was garbage-collected. */
const collected = new FinalizationRegistry((/** @type {number} */ id) => outbox.forget(id));

/**
 * The number of a new client.
 * @param {object} client
 */
function newId(client) {
  lastId += 1;
  collected.register(client, lastId);
  return lastId;
}

/**
 * Sets whether a client is active, that is, whether items may still arrive for it. An active client is not garbage-collected and
 * keeps the process alive.
 * @param {number} id
 * @param {Receiver} receiver
 * @param {boolean} isActive
 */
function setActive(id, receiver, isActive) {
  if (isActive) receivers.set(id, receiver);
  else receivers.delete(id);
  if (receivers.size > 0 && keepAlive === undefined) {
    keepAlive = setInterval(() => {}, 2 ** 30);
    outbox.attach(wake);
    setImmediate(wake); // for items that came while `wake` was not attached
  } else if (receivers.size === 0 && keepAlive !== undefined) {
    clearInterval(keepAlive);
    keepAlive = undefined;
    outbox.detach();
  }
}

/** The item that is being dispatched. @type {ReturnType<typeof records.readItem> | undefined} */
let item;

/** How many steps of this item are done. User code may end a step by throwing; the drain then continues with the next one. */
let stepsDone = 0;

/** How many items of the chunk are dispatched. */
let dispatched = 0;

/** The receiver of the last item. Its listeners may have replaced `emit`. @type {Receiver | undefined} */
let lastReceiver;

/** Whether the chunk may have left out events that have got a listener since. */
let isChunkStale = false;

/**
 * Tells native code that a client has its first listener for an event.
 * @param {number} id
 * @param {string} name
 */
function listen(id, name) {
  if (outbox.listen(id, name)) isChunkStale = true;
}

/**
 * Tells native code that a client has no listener for an event any more.
 * @param {number} id
 * @param {string} name
 */
function unlisten(id, name) {
  outbox.unlisten(id, name);
}

/** Native code calls this when items wait and the outbox was empty before. */
function wake() {
  if (!isDraining && nextBatch()) drain();
}

/** Takes all items that wait; returns false if there is none. */
function nextBatch() {
  const ids = outbox.nextBatch();
  for (const id of ids) receivers.get(id)?.detectOverriddenEmit();
  lastReceiver = undefined;
  return ids.length > 0;
}

/** The kinds of items that no user code can await, so that the next item may follow in the same turn. */
const WITHOUT_TURN = new Set([ItemKind.OutgoingMessage, ItemKind.Log, ItemKind.Diagnostic]);

/** Whether a frame was dispatched in this turn of the event loop. */
let hasDispatchedFrame = false;

/**
 * Dispatches items until the outbox is empty, or until the event loop should turn. The event loop turns
 * - after an item that user code may await, and between a frame and a lifecycle event that follows it, so that the code
 *   behind an `await` runs before the next event;
 * - after a listener has thrown;
 * - after each batch, so that timers and sockets are served during a flood of events.
 */
function drain() {
  let turn = true;
  isDraining = true;
  hasDispatchedFrame = false;
  try {
    while (hasItem()) {
      if (dispatch()) return;
    }
    turn = nextBatch();
  } finally {
    isDraining = turn;
    if (turn) setImmediate(drain);
  }
}

/** Whether there is an item to dispatch, or to continue with. */
function hasItem() {
  lastReceiver?.detectOverriddenEmit();
  if (item !== undefined && (stepsDone > 0 || !isChunkStale)) return true;
  if (isChunkStale || !records.hasItem()) nextChunk();
  item = records.hasItem() ? records.readItem() : undefined;
  return item !== undefined;
}

function nextChunk() {
  records.openChunk(outbox.nextChunk(dispatched, records.words) ?? []);
  dispatched = 0;
  isChunkStale = false;
}

/** Dispatches the item; returns true if the event loop should turn before the next one. */
function dispatch() {
  const { client, kind, call, payload } = /** @type {NonNullable<typeof item>} */ (item);
  const receiver = receivers.get(client);
  if (hasDispatchedFrame && kind >= ItemKind.Connecting && kind <= ItemKind.Error) return true;
  lastReceiver = receiver;
  let turn = false;
  if (receiver !== undefined) {
    if (kind === ItemKind.Frame) {
      hasDispatchedFrame = true;
      dispatchFrame(receiver, call, payload);
      turn = call !== 0;
    } else if (stepsDone++ === 0) {
      receiver.receive(kind, call, payload);
      turn = !WITHOUT_TURN.has(kind);
    }
  }
  stepsDone = 0;
  item = undefined;
  dispatched += 1;
  return turn;
}

/**
 * Emits the events of a frame. All of them get the same object. A listener that throws ends only its own step.
 * @param {Receiver} receiver
 * @param {number} call
 * @param {any} event
 */
function dispatchFrame(receiver, call, event) {
  const type = event?.type;
  if (stepsDone === 0) {
    stepsDone = 1;
    if (call !== 0) receiver.receiveReply(call, event);
    receiver.emit('slack_event', type, event);
  }
  if (stepsDone === 1) {
    stepsDone = 2;
    if (isName(type)) receiver.emit(type, event);
  }
  if (stepsDone === 2) {
    stepsDone = 3;
    if (isName(type) && isName(event.subtype)) receiver.emit(`${type}::${event.subtype}`, event);
  }
}

/**
 * Whether a `type` or `subtype` can be the name of an event. Objects and arrays cannot: converting them to a string runs their own
 * code.
 * @param {unknown} value
 */
function isName(value) {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

module.exports = { listen, newId, outbox, setActive, unlisten };
