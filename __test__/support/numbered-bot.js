// The bot of the fault tests. It numbers its messages and records their outcomes. It runs in a process of its own (child.js), with a
// numbered server (numbered-server.js).
'use strict';

const { writeFileSync } = require('node:fs');
const { recordMoments } = require('./lifecycle-order.js');
const { Random } = require('./random.js');

/**
 * @typedef {object} Sent
 * @property {'message' | 'note' | 'direct'} kind sent with sendMessage, addOutgoingEvent(false) or send
 * @property {string} text unique
 * @property {string} outcome 'pending', 'resolved', or the code of the error
 * @property {number} [seen] the number of events that the bot had received when the promise settled
 */

/**
 * @param {object} context of `inProcess`
 * @param {any} context.client
 * @param {(value: any) => void} context.report receives `{ name }` at each lifecycle event, `{ ready: true }` when the server has
 *   asked the bot to finish and the bot is ready, and `{ isDone: true }` at the end
 * @param {(rtm: any, name: string) => Promise<any[]>} context.next
 * @param {{ seed: number, options: object, file: string, settlesWithin: number, deadline: number }} context.input
 *   `file`: the file for the records. `settlesWithin`: the time for promises to settle after the last fault, in ms. `deadline`: when
 *   to write the records in any state, in ms
 */
function runBot({ client, report, next, input }) {
  const random = new Random(input.seed);
  const rtm = client(input.options);
  /** @type {Sent[]} */
  const sent = [];
  /** @type {Promise<void>[]} */
  const settled = [];
  /** The received events: [connection, number]. */
  const events = [];
  const failures = [];
  const disconnects = [];
  let connection = 0;
  let traffic;
  let last = '';
  let isEnding = false;
  process.on('uncaughtException', (error) => failures.push(`uncaught exception: ${error?.message}`));
  process.on('unhandledRejection', (error) => failures.push(`unhandled rejection: ${error?.message}`));
  const moments = recordMoments(rtm, ({ name }) => report({ name: (last = name) }));

  function track(kind, text, promise) {
    const one = { kind, text, outcome: 'pending', seen: 0 };
    sent.push(one);
    const settle = (outcome) => Object.assign(one, { outcome, seen: events.length });
    const isOwn = (reply) => kind !== 'message' || (reply.ok === true && reply.text === text);
    settled.push(
      promise.then(
        (value) => settle(isOwn(value) ? 'resolved' : `resolved by ${JSON.stringify(value)}`),
        (error) => settle(error.code ?? `an error without a code: ${error.message}`),
      ),
    );
    return one;
  }

  function message(text) {
    return track('message', text, rtm.sendMessage(text, 'C1'));
  }

  function talk() {
    const text = `text ${sent.length}`;
    const fate = random.next();
    if (fate < 0.7) message(text + '.'.repeat(random.chance(0.05) ? random.between(500, 8000) : 0));
    else if (fate < 0.85) track('note', text, rtm.addOutgoingEvent(false, 'note', { text }));
    else track('direct', text, rtm.send('direct', { text }));
    traffic = setTimeout(talk, random.between(50, 200));
  }

  function start() {
    rtm.start().catch((error) => failures.push(`start() rejected: ${error.message}`));
  }

  async function disconnect() {
    const began = performance.now();
    await rtm.disconnect();
    disconnects.push(performance.now() - began);
  }

  function account(outcome) {
    clearTimeout(traffic);
    writeFileSync(input.file, JSON.stringify({ outcome, sent, events, moments, failures, disconnects }));
    report({ isDone: true });
  }

  async function finish() {
    if (last !== 'ready') await next(rtm, 'ready');
    report({ ready: true });
    clearTimeout(traffic);
    let timer;
    await Promise.race([
      Promise.all(settled),
      new Promise((resolve) => (timer = setTimeout(resolve, input.settlesWithin))),
    ]);
    clearTimeout(timer);
    const end = message('the end');
    await settled[settled.length - 1];
    // Messages that are queued from here on would wait for another start().
    isEnding = true;
    const isReady = last === 'ready' && end.outcome === 'resolved';
    await disconnect();
    clearTimeout(deadline);
    account(isReady ? 'ready' : `${last}, the last message ${end.outcome}`);
  }

  rtm.on('hello', (event) => (connection = event.connection));
  rtm.on('numbered', ({ n }) => {
    events.push([connection, n]);
    if (!isEnding) message(`quotes ${n}`);
  });
  rtm.on('restart', async () => {
    await disconnect();
    start();
  });
  rtm.once('finish', finish);
  const deadline = setTimeout(() => account(`${last}, and no end within ${input.deadline / 1000} s`), input.deadline);
  start();
  talk();
}

module.exports = { runBot };
