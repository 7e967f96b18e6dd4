// The promises of examples/fleet/README.md: two processes, ten workspaces each of which counts its connections, and a Redis
// that all of it is lost with when it is killed.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { pathToFileURL } = require('node:url');
const { missing, startFleet } = require('./support/fleet.js');

const PREPARE = path.join(__dirname, '../../scripts/examples/prepare.mjs');
const CONNECTED = /: connected, token/;
/** An owner relies on 2.1 s of it. */
const SHORT = 3000;

before(async () => {
  if (!missing) (await import(pathToFileURL(PREPARE).href)).install('fleet');
});

/** So many workspaces, each with as many messages as were said, in order and once. */
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
  test('a lease is one process’s, until it gives it back', async (t) => {
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
    assert.ok(again.token > taken[1].token, 'tokens rise');
    await one.release(taken[0]);
    assert.deepEqual(
      (await fleet.leases.holders(['a']))[0].owner,
      'other',
      'what was given back is not given back twice',
    );
  });

  test('what was held is not published any more: the fence', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await Promise.all([one.beat(), other.beat()]);
    const [old] = (await one.take(['a'], 1)).taken;
    const event = { self: 'U1', type: 'message', event: '{"text":"from one"}' };
    assert.equal(await one.append(old, [event], 100), true);
    await fleet.redis.del('fleet:lease:a'); // as when its time is over
    await other.take(['a'], 1);
    assert.equal(await one.append(old, [event], 100), false);
    assert.deepEqual((await one.beat()).lost, [old], 'it is told so');
    assert.equal(await fleet.redis.xLen('fleet:events'), 1);
  });

  test('a Redis that has lost everything gives no leases to others while their owners may rely on them', async (t) => {
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

  test('a lease that is over is not made again, however late its owner asks: somebody else may have had it since', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: 60_000 });
    const [one, other] = [fleet.newLeases('one'), fleet.newLeases('other')];
    await one.beat();
    const [old] = (await one.take(['a'], 1)).taken;
    await fleet.redis.del('fleet:lease:a'); // as when its time is over
    const [lease] = (await other.take(['a'], 1)).taken;
    await other.release(lease);
    assert.deepEqual((await one.beat()).lost, [old]);
    assert.ok(!one.isHeld(old));
    assert.equal(await one.append(old, [{ self: 'U1', type: 'message', event: '{}' }], 100), false);
  });

  test('tokens rise, also on a Redis that has come back with old data', async (t) => {
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

  test('an owner that hears nothing of Redis knows before the lease ends', async (t) => {
    const fleet = await startFleet(t, { size: 0, ttl: SHORT });
    let lapsed;
    const lapse = new Promise((resolve) => (lapsed = resolve));
    const one = fleet.newLeases('one', { onLapse: lapsed });
    await one.beat();
    const [lease] = (await one.take(['a'], 1)).taken;
    await lapse;
    assert.ok(!one.isHeld(lease));
    assert.ok((await fleet.redis.pTTL('fleet:lease:a')) > 0, 'and Redis still counts');
  });
});

// What waits longest begins first.
describe('the fleet', { skip: missing, concurrency: 4, timeout: 180_000 }, () => {
  test('a slow Redis costs no connection', async (t) => {
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

  test('a command that costs the connection each time is given up, and those behind it are sent', async (t) => {
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

  test('with the defaults, a killed process’s workspaces are connected by the other within 15 s', async (t) => {
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

  test('a process that is asked to end hands over at once, long before its leases end', async (t) => {
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

  test('Redis is killed, comes back empty, and no workspace is disconnected; what is said meanwhile arrives', async (t) => {
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

  test('a process is asked to end while it is taking leases: nothing stays behind', async (t) => {
    const fleet = await startFleet(t, { ttl: 600_000 });
    const slow = await fleet.slowly(100);
    for (const ms of [0, 50, 150, 250]) {
      const one = fleet.worker('one', slow);
      await one.says(/started/);
      await pause(ms); // into its first steps
      one.kill('SIGTERM');
      assert.deepEqual(await one.exited, { code: 0, signal: null }, one.lines.join('\n'));
      assert.deepEqual(await fleet.heldBy('one'), [], `asked after ${ms} ms`);
    }
    assert.ok(fleet.mostConnections() <= 1);
  });

  test('a process that is asked to end ends, also without an answer from Redis, and when it is asked twice', async (t) => {
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
    test(`Redis ${how} for longer than leases last: all hang up in time, and are back when it is`, async (t) => {
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

  test('a process that was frozen finds its leases gone: it publishes nothing and sends nothing', async (t) => {
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
      assert.deepEqual(late, [], 'nothing was sent by the socket that nobody knows of any more');
    }
  });
});

describe('consumers', { skip: missing, concurrency: 2, timeout: 60_000 }, () => {
  test('an answer goes by the owner to Slack; what a dead consumer has left, another one answers, once', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: 60_000 });
    const [slack] = fleet.slacks.values();
    await fleet.redis.xGroupCreate('fleet:events', 'bots', '0', { MKSTREAM: true });
    const worker = fleet.worker('one');
    await worker.says(CONNECTED);
    await fleet.published(fleet.say('hello'));
    const left = await fleet.redis.xReadGroup('bots', 'dead', { key: 'fleet:events', id: '>' });
    assert.ok(left[0].messages.length > 0);
    // A copy, as when Redis went away just after it had taken an event.
    const copied = left[0].messages.find(({ message }) => message.type === 'message');
    await fleet.redis.xAdd('fleet:events', '*', copied.message);
    const consumer = fleet.consumer('heir', 100);
    const answer = await slack.nextMessage({ from: slack.bot, timeout: 30_000 });
    assert.equal(answer.text, 'You said: hello in acme-01');
    slack.user('bob').say('#general', 'and now?');
    await slack.nextMessage({ from: slack.bot, text: 'You said: and now?', timeout: 30_000 });
    const answers = slack.messages('#general').filter(({ user }) => user === slack.bot.id);
    assert.equal(answers.length, 2, 'no answer is given twice');
    consumer.kill('SIGTERM');
    assert.deepEqual(await consumer.exited, { code: 0, signal: null }, consumer.lines.join('\n'));
    const { pending } = await fleet.redis.xPending('fleet:events', 'bots');
    assert.equal(pending, 0, 'all is acknowledged');
  });

  test('an event that the bot fails at is put aside, and holds up nothing; two signals are one', async (t) => {
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
    assert.equal(await fleet.redis.xLen('fleet:commands:acme'), 1, 'a message without a text is none to answer');
    consumer.kill('SIGINT');
    consumer.kill('SIGTERM');
    // The second one may come when its handlers are gone already.
    const { code, signal } = await consumer.exited;
    assert.ok(code === 0 || signal === 'SIGTERM', `${code}\n${consumer.lines.join('\n')}`);
    assert.equal((await fleet.redis.xPending('fleet:events', 'bots')).pending, 0);
  });

  test('a command that Redis could not be told of is not sent again by the same owner', async (t) => {
    const fleet = await startFleet(t, { size: 1, ttl: 20_000, keep: true });
    const [[name, slack]] = fleet.slacks;
    const command = async (text) => {
      await fleet.redis.xAdd(`fleet:commands:${name}`, '*', { channel: slack.channel('#general').id, text });
      await fleet.redis.publish('fleet:news', name);
    };
    const worker = fleet.worker('one');
    await worker.says(CONNECTED);
    // The reply is there while Redis is not.
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

  test('a command that a killed owner has read and not acknowledged is the next owner’s; Slack’s no is final', async (t) => {
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
