// Replies that a client has not received before its socket broke are sent on the bot's next connection after hello.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, Client } = require('./support');

/** Sends messages whose replies are delayed, and waits until they are posted. */
async function sendUnanswered(slack, client, texts) {
  slack.faults.delayReplies(Infinity);
  const channel = slack.channel('general').id;
  texts.forEach((text, index) => client.send({ id: index + 1, type: 'message', channel, text }));
  const stamps = [];
  for (const text of texts) stamps.push((await slack.nextMessage({ text })).ts);
  slack.faults.delayReplies(0);
  return stamps;
}

test('unsent replies are sent once after hello, in order, before later events', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const [one, two] = await sendUnanswered(slack, client, ['one', 'two']);
  client.send({ id: 3, type: 'ping' });
  assert.strictEqual((await client.next()).reply_to, 3);
  slack.faults.drop();
  await client.closed;
  const next = await Client.open(slack);
  const { ts } = slack.user('ann').say('#general', 'later');
  assert.strictEqual((await next.next()).type, 'hello');
  assert.deepStrictEqual(await next.next(), { ok: true, reply_to: 1, ts: one, text: 'one' });
  assert.deepStrictEqual(await next.next(), { ok: true, reply_to: 2, ts: two, text: 'two' });
  assert.strictEqual((await next.next()).ts, ts);
  slack.faults.drop();
  await next.closed;
  const last = await Client.connect(slack);
  assert.strictEqual((await last.ask({ id: 1, type: 'ping' })).type, 'pong', 'no reply comes twice');
});

test('the unsent replies of a half-open connection are sent on the next connection', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const [connection] = slack.connections;
  slack.faults.delayReplies(20);
  client.send({ id: 1, type: 'message', channel: slack.channel('general').id, text: 'lost' });
  await slack.nextMessage();
  slack.faults.silence();
  client.ws.terminate();
  await connection.closed;
  assert.strictEqual((await (await Client.connect(slack)).next()).reply_to, 1);
});

test('unsent replies wait for a later connection if hello is held back', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  await sendUnanswered(slack, client, ['one']);
  slack.faults.drop();
  await client.closed;
  slack.faults.holdHello();
  const held = await Client.open(slack);
  await slack.nextConnection();
  slack.faults.drop();
  await held.closed;
  slack.faults.holdHello(false);
  assert.strictEqual((await (await Client.connect(slack)).next()).reply_to, 1);
});

test("error replies are sent again; pongs, other bots' replies and replies to a client that closed are not", async (t) => {
  const slack = await startWorkspace(t);
  const second = slack.addBot('second');
  const client = await Client.connect(slack);
  slack.faults.delayReplies(Infinity);
  client.send({ id: 1, type: 'ping' });
  client.send({ id: 2, type: 'message', channel: 'C404', text: 'x' });
  await slack.nextFrame({ type: 'message' });
  slack.faults.clear();
  slack.faults.drop();
  await client.closed;
  const other = await Client.connect(slack, { token: second.token });
  assert.strictEqual((await other.ask({ id: 9, type: 'ping' })).reply_to, 9);
  const next = await Client.connect(slack);
  const error = { code: 0, msg: 'invalid channel id' };
  assert.deepStrictEqual(await next.next(), { ok: false, reply_to: 2, error });
  await sendUnanswered(slack, next, ['three']);
  const connection = slack.connections.at(-1);
  next.ws.close(1000);
  await connection.closed;
  const last = await Client.connect(slack);
  assert.strictEqual((await last.ask({ id: 9, type: 'ping' })).reply_to, 9);
});

test('at most a hundred unsent replies are kept', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  await sendUnanswered(
    slack,
    client,
    Array.from({ length: 120 }, (_, n) => `message ${n}`),
  );
  slack.faults.drop();
  await client.closed;
  const next = await Client.connect(slack);
  for (let id = 21; id <= 120; id += 1) assert.strictEqual((await next.next()).reply_to, id);
  assert.strictEqual((await next.ask({ id: 0, type: 'ping' })).reply_to, 0);
});
