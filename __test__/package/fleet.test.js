// The guarantees of examples/fleet/README.md: two processes, ten workspaces that count their connections, and a Redis that loses
// all data when it is killed.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { pathToFileURL } = require('node:url');
const { missing, startFleet } = require('./support/fleet.js');

const PREPARE = path.join(__dirname, '../../scripts/examples/prepare.mjs');
const CONNECTED = /: connected, token/;
/** In ms. An owner relies on 2.1 s of it. */
const SHORT = 3000;

before(async () => {
  if (!missing) (await import(pathToFileURL(PREPARE).href)).install('fleet');
});

/** Asserts that each of these messages was published once. */
function assertEachOnce(fleet, texts) {
  assert.deepEqual(
    fleet
      .messages()
      .map(([text]) => text)
      .sort(),
    texts.flat().sort(),
  );
}

describe('leases', { skip: missing }, () => {
  test('a lease belongs to one process until it gives the lease back', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await one.beat();
    const { owners } = await other.beat();
    assert.equal(owners, 2);
    const { taken } = await one.take(['a', 'b', 'c'], 2);
    assert.deepEqual(
      taken.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual((await other.take(['a', 'b'], 2)).taken, []);
    assert.ok(taken.every((lease) => one.isHeld(lease)));
    await one.release(taken[0]);
    assert.ok(!one.isHeld(taken[0]));
    const [again] = (await other.take(['a', 'b'], 2)).taken;
    assert.equal(again.name, 'a');
    assert.ok(again.token > taken[1].token, 'tokens increase');
    await one.release(taken[0]);
    assert.deepEqual((await fleet.leases.holders(['a']))[0].owner, 'other', 'a lease is not given back twice');
  });

  test('an owner that lost its lease cannot publish (fencing)', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await Promise.all([one.beat(), other.beat()]);
    const [old] = (await one.take(['a'], 1)).taken;
    const event = { self: 'U1', type: 'message', event: '{"text":"from one"}' };
    assert.equal(await one.append(old, [event], 100), true);
    await fleet.redis.del('fleet:lease:a'); // like when it expires
    await other.take(['a'], 1);
    assert.equal(await one.append(old, [event], 100), false);
    assert.deepEqual((await one.beat()).lost, [old], 'the owner learns of the lost lease');
    assert.equal(await fleet.redis.xLen('fleet:events'), 1);
  });

  test('a Redis that has lost its data gives no lease to others while the owner may rely on it', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await one.beat();
    const [lease] = (await one.take(['a'], 1)).taken;
    await fleet.server.kill();
    await fleet.server.start();
    if (!fleet.redis.isReady) await once(fleet.redis, 'ready');
    await other.beat();
    const { wait, taken } = await other.take(['a'], 1);
    assert.deepEqual(taken, []);
    assert.ok(wait > 0 && wait <= 60_000, `${wait} ms`);
    assert.ok(one.isHeld(lease));
    assert.deepEqual((await one.beat()).lost, []);
    assert.deepEqual(await fleet.leases.holders(['a']), [{ name: 'a', owner: 'one', token: lease.token }]);
  });

  test('an expired lease is not renewed, because another process may have had it meanwhile', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await one.beat();
    const [old] = (await one.take(['a'], 1)).taken;
    await fleet.redis.del('fleet:lease:a'); // like when it expires
    const [lease] = (await other.take(['a'], 1)).taken;
    await other.release(lease);
    assert.deepEqual((await one.beat()).lost, [old]);
    assert.ok(!one.isHeld(old));
    assert.equal(await one.append(old, [{ self: 'U1', type: 'message', event: '{}' }], 100), false);
  });

  test('tokens increase even on a Redis that has come back with old data', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const one = fleet.newLeases('one');
    await one.beat();
    const [a] = (await one.take(['a'], 1)).taken;
    await fleet.redis.hSet('fleet:since', 'run', 'another');
    await fleet.redis.set('fleet:token', a.token - 1000);
    await one.beat();
    await one.begin();
    const [b] = (await one.take(['b'], 1)).taken;
    assert.ok(b.token > a.token, `${b.token} after ${a.token}`);
  });

  test('an owner without contact to Redis gives up its lease before it expires', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: SHORT });
    let lapsed;
    const lapse = new Promise((resolve) => (lapsed = resolve));
    const one = fleet.newLeases('one', { onLapse: lapsed });
    await one.beat();
    const [lease] = (await one.take(['a'], 1)).taken;
    await lapse;
    assert.ok(!one.isHeld(lease));
    assert.ok((await fleet.redis.pTTL('fleet:lease:a')) > 0, 'the lease in Redis has not expired');
  });
});

// The slowest tests start first.
describe('the fleet', { skip: missing, concurrency: 4, timeout: 180_000 }, () => {
  test('a slow Redis does not cost connections', async (t) => {
    const fleet = await startFleet(t, { size: 2 });
    const one = fleet.worker('one', await fleet.slowly(2000));
    await one.says(CONNECTED, 2);
    const connections = fleet.names.map((name) => fleet.slacks.get(name).connections[0]);
    const other = fleet.worker('other');
    await one.says(/given away/);
    await other.says(CONNECTED);
    const kept = fleet.names.filter((name, index) => fleet.slacks.get(name).connections[0] === connections[index]);
    assert.equal(kept.length, 1, one.lines.join('\n'));
    assert.equal(fleet.mostConnections(), 1);
  });

  test('a command that always ends the connection is given up, and later ones are sent', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: SHORT });
    const [[name, slack]] = fleet.slacks;
    const channel = slack.channel('#general').id;
    for (const text of ['x'.repeat(20_000), 'after it'])
      await fleet.redis.xAdd(`fleet:commands:${name}`, '*', { channel, text });
    const worker = fleet.worker('one');
    await worker.says(/given up/);
    await slack.nextMessage({ text: 'after it', timeout: 30_000 });
    assert.equal(slack.received.filter(({ frame: { text } }) => text === 'after it').length, 1);
  });

  test('with the defaults, the other process connects the workspaces of a killed one within 15 s', async (t) => {
    const fleet = await startFleet(t);
    const [one, other] = await fleet.pair();
    const before = fleet.say('before');
    await fleet.published(before);
    const killed = performance.now();
    one.kill('SIGKILL');
    await other.says(CONNECTED, 5, 15_000);
    t.diagnostic(`taken over after ${((performance.now() - killed) / 1000).toFixed(1)} s`);
    assert.equal((await fleet.heldBy('other')).length, 10);
    const after = fleet.say('after');
    await fleet.published(after);
    assertEachOnce(fleet, [before, after]);
    assert.equal(fleet.mostConnections(), 1, 'no workspace was connected twice');
  });

  test('a process hands over its workspaces immediately on SIGTERM, long before its leases expire', async (t) => {
    const fleet = await startFleet(t, { ttl: 600_000 });
    const [one, other] = await fleet.pair();
    assert.equal((await fleet.heldBy('one')).length, 5);
    const asked = performance.now();
    one.kill('SIGTERM');
    await other.says(CONNECTED, 5);
    t.diagnostic(`handed over after ${(performance.now() - asked).toFixed(0)} ms`);
    assert.deepEqual(await one.exited, { code: 0, signal: null }, one.lines.join('\n'));
    const texts = fleet.say('after');
    await fleet.published(texts);
    assertEachOnce(fleet, [texts]);
    assert.equal(fleet.mostConnections(), 1);
  });

  test('no workspace is disconnected when Redis is killed and comes back empty, and all messages arrive', async (t) => {
    const fleet = await startFleet(t, { ttl: 20_000 });
    await fleet.pair();
    const connections = fleet.names.map((name) => fleet.slacks.get(name).connections[0]);
    await fleet.server.kill();
    const texts = fleet.say('while Redis is away');
    await fleet.server.start();
    await fleet.published(texts);
    assert.equal((await fleet.heldBy('one')).length, 5);
    assert.equal((await fleet.heldBy('other')).length, 5);
    assert.deepEqual(
      fleet.names.map((name) => fleet.slacks.get(name).connections[0]),
      connections,
    );
    assertEachOnce(fleet, [texts]);
  });

  test('a process that gets SIGTERM while it takes leases gives all of them back', async (t) => {
    const fleet = await startFleet(t, { ttl: 600_000 });
    const slow = await fleet.slowly(100);
    for (const ms of [0, 50, 150, 250]) {
      const one = fleet.worker('one', slow);
      await one.says(/started/);
      await sleep(ms); // until it takes its first leases
      one.kill('SIGTERM');
      assert.deepEqual(await one.exited, { code: 0, signal: null }, one.lines.join('\n'));
      assert.deepEqual(await fleet.heldBy('one'), [], `SIGTERM after ${ms} ms`);
    }
    assert.ok(fleet.mostConnections() <= 1);
  });

  test('a process exits on SIGTERM without a response from Redis, also after two signals', async (t) => {
    const fleet = await startFleet(t, { size: 2, ttl: SHORT });
    const one = fleet.worker('one');
    await one.says(CONNECTED, 2);
    const closed = fleet.names.map((name) => fleet.slacks.get(name).connections[0].closed);
    fleet.server.signal('SIGSTOP');
    one.kill('SIGTERM');
    one.kill('SIGINT');
    assert.deepEqual(await one.exited, { code: 0, signal: null }, one.lines.join('\n'));
    for (const { code } of await Promise.all(closed)) assert.equal(code, 1000, 'with a close frame');
    fleet.server.signal('SIGCONT');
  });

  for (const [how, away, back] of [
    ['is killed', (server) => server.kill(), (server) => server.start()],
    ['hangs', (server) => server.signal('SIGSTOP'), (server) => server.signal('SIGCONT')],
  ]) {
    test(`when Redis ${how} for longer than leases last, all workspaces disconnect in time and reconnect afterwards`, async (t) => {
      const fleet = await startFleet(t, { ttl: SHORT });
      const [one, other] = await fleet.pair();
      const closed = fleet.names.map((name) => fleet.slacks.get(name).connections[0].closed);
      await away(fleet.server);
      await Promise.all(closed);
      await back(fleet.server);
      if (!fleet.redis.isReady) await once(fleet.redis, 'ready');
      await fleet.balanced();
      const texts = fleet.say('after');
      await fleet.published(texts);
      assertEachOnce(fleet, [texts]);
      assert.equal(fleet.mostConnections(), 1);
      assert.ok(!one.isGone && !other.isGone);
    });
  }

  test('a frozen process that has lost its leases publishes and sends nothing', async (t) => {
    const fleet = await startFleet(t, { ttl: SHORT });
    const [one, other] = await fleet.pair();
    const frozen = await fleet.heldBy('one');
    const old = frozen.map((name) => fleet.slacks.get(name).connections[0]);
    one.kill('SIGSTOP');
    for (const name of frozen) {
      const channel = fleet.slacks.get(name).channel('#general').id;
      await fleet.redis.xAdd(`fleet:commands:${name}`, '*', { channel, text: 'sent once' });
      await fleet.redis.publish('fleet:news', name);
    }
    await other.says(CONNECTED, 5);
    const texts = fleet.say('to both sockets', frozen);
    await fleet.published(texts);
    one.kill('SIGCONT');
    await Promise.all(old.map(({ closed }) => closed));
    await one.says(/lease given back/, 5 + frozen.length);
    await fleet.balanced();
    const more = fleet.say('after');
    await fleet.published(more);
    assertEachOnce(fleet, [texts, more]);
    for (const name of frozen) {
      const sent = await fleet.slacks.get(name).nextMessage({ text: 'sent once' });
      const all = fleet.slacks
        .get(name)
        .messages(sent.channel)
        .filter(({ text }) => text === 'sent once');
      assert.equal(all.length, 1, name);
      const { received } = fleet.slacks.get(name);
      const late = received.filter(({ connection, frame }) => old.includes(connection) && frame.type === 'message');
      assert.deepEqual(late, [], 'the old socket sent nothing');
    }
  });
});

describe('consumers', { skip: missing, concurrency: 2, timeout: 60_000 }, () => {
  test('replies go to Slack through the owner, and another consumer handles the events of a dead one once', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: 60_000 });
    const [slack] = fleet.slacks.values();
    await fleet.redis.xGroupCreate('fleet:events', 'bots', '0', { MKSTREAM: true });
    const worker = fleet.worker('one');
    await worker.says(CONNECTED);
    await fleet.published(fleet.say('hello'));
    const left = await fleet.redis.xReadGroup('bots', 'dead', { key: 'fleet:events', id: '>' });
    assert.ok(left[0].messages.length > 0);
    // A duplicate, like when Redis failed right after it had stored an event.
    const copied = left[0].messages.find(({ message }) => message.type === 'message');
    await fleet.redis.xAdd('fleet:events', '*', copied.message);
    const consumer = fleet.consumer('heir', 100);
    const reply = await slack.nextMessage({ from: slack.bot, timeout: 30_000 });
    assert.equal(reply.text, 'You said: hello in acme-01');
    slack.user('bob').say('#general', 'and now?');
    await slack.nextMessage({ from: slack.bot, text: 'You said: and now?', timeout: 30_000 });
    const replies = slack.messages('#general').filter(({ user }) => user === slack.bot.id);
    assert.equal(replies.length, 2, 'no reply is sent twice');
    consumer.kill('SIGTERM');
    assert.deepEqual(await consumer.exited, { code: 0, signal: null }, consumer.lines.join('\n'));
    const { pending } = await fleet.redis.xPending('fleet:events', 'bots');
    assert.equal(pending, 0, 'all events are acknowledged');
  });

  test('an event that the bot fails on is set aside and does not block others; two signals act like one', async (t) => {
    const fleet = await startFleet(t, { size: 0 });
    const entry = { workspace: 'acme', token: '1', self: 'U1', type: 'message' };
    await fleet.redis.xAdd('fleet:events', '*', { ...entry, event: 'no JSON' });
    await fleet.redis.xAdd('fleet:events', '*', {
      ...entry,
      event: '{"channel":"C1","user":"U2","ts":"1.1","files":[]}',
    });
    await fleet.redis.xAdd('fleet:events', '*', {
      ...entry,
      event: '{"channel":"C1","user":"U2","ts":"1.2","text":"hi"}',
    });
    const consumer = fleet.consumer('one', 100);
    await consumer.says(/answers "hi"/);
    const [{ message }] = await fleet.redis.xRange('fleet:failed', '-', '+');
    assert.equal(message.event, 'no JSON');
    assert.match(message.error, /JSON/);
    assert.equal(await fleet.redis.xLen('fleet:commands:acme'), 1, 'a message without a text gets no reply');
    consumer.kill('SIGINT');
    consumer.kill('SIGTERM');
    // The second signal may arrive when the handlers are already removed.
    const { code, signal } = await consumer.exited;
    assert.ok(code === 0 || signal === 'SIGTERM', `${code}\n${consumer.lines.join('\n')}`);
    assert.equal((await fleet.redis.xPending('fleet:events', 'bots')).pending, 0);
  });

  test('the same owner does not send a command again that it could not acknowledge to Redis', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: 20_000, keep: true });
    const [[name, slack]] = fleet.slacks;
    const command = async (text) => {
      await fleet.redis.xAdd(`fleet:commands:${name}`, '*', { channel: slack.channel('#general').id, text });
      await fleet.redis.publish('fleet:news', name);
    };
    const worker = fleet.worker('one');
    await worker.says(CONNECTED);
    // The reply arrives while Redis is down.
    slack.faults.delayReplies(60_000);
    command('once').catch(() => {});
    const { ts, channel, user } = await slack.nextMessage({ text: 'once' });
    const { frame } = slack.received.find(({ frame: { text } }) => text === 'once');
    await fleet.server.kill();
    slack.emit({ ok: true, reply_to: frame.id, ts, channel, user, text: 'once' });
    await worker.says(/commands wait/);
    slack.faults.clear();
    await fleet.server.start({ keep: true });
    if (!fleet.redis.isReady) await once(fleet.redis, 'ready');
    await command('next');
    await slack.nextMessage({ text: 'next', timeout: 30_000 });
    assert.equal(slack.messages('#general').filter(({ text }) => text === 'once').length, 1);
  });

  test('the next owner sends a command that a killed owner read and did not acknowledge, and gives up one that Slack refuses', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: 60_000 });
    const [[name, slack]] = fleet.slacks;
    const stream = `fleet:commands:${name}`;
    await fleet.redis.xGroupCreate(stream, 'owners', '0', { MKSTREAM: true });
    await fleet.redis.xAdd(stream, '*', { channel: 'C404', text: 'to nobody' });
    await fleet.redis.xAdd(stream, '*', { channel: slack.channel('#general').id, text: 'left over' });
    await fleet.redis.xReadGroup('owners', 'owner', { key: stream, id: '>' });
    const worker = fleet.worker('one');
    await worker.says(/given up/);
    assert.equal((await slack.nextMessage({ from: slack.bot, timeout: 30_000 })).text, 'left over');
    worker.kill('SIGTERM');
    assert.equal((await worker.exited).code, 0);
    assert.equal(await fleet.redis.xLen(stream), 0);
  });
});
