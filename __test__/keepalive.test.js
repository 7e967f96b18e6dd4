// Keepalive: pings after silence, the frames that count as a sign of life, and the end of a half-open connection.
'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { describe } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { authority, missing } = require('./support/certificates.js');
const { atEnd } = require('./support/cleanup.js');
const { better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

const SHORT = { clientPingTimeout: 200, serverPongTimeout: 100 };

/** A connected client of a scripted server, with the server's end of its socket. */
async function connected(t, options) {
  const server = await scriptedServer(t);
  const rtm = clientOf(t, server, options);
  const ready = next(rtm, 'ready');
  rtm.start();
  await ready;
  return { server, rtm, socket: await server.nextSocket() };
}

/** A relay that passes on the server's bytes slowly, 6 kB a second. Resolves with its port. */
async function slowRelay(t, port) {
  const relay = net.createServer((near) => {
    const far = net.connect({ port, host: '127.0.0.1' });
    near.pipe(far).on('error', () => {});
    near.on('error', () => {}).on('close', () => far.destroy());
    (async () => {
      for await (const data of far) {
        for (let at = 0; at < data.length && !near.destroyed; at += 300) {
          near.write(data.subarray(at, at + 300));
          await sleep(50);
        }
      }
      near.end();
    })().catch(() => near.destroy());
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => relay.close());
  return relay.address().port;
}

describe('keepalive', { concurrency: true }, () => {
  same('a silent client pings the server again and again, with increasing ids', async (t) => {
    const { rtm, server, socket } = await connected(t, SHORT);
    const { events } = record(rtm);
    const ids = [];
    while (ids.length < 3) {
      const ping = await socket.nextFrame('ping');
      assert.deepEqual(ping, { type: 'ping', id: ping.id });
      ids.push(ping.id);
      socket.send({ type: 'pong', reply_to: ping.id });
    }
    assert.deepEqual(
      ids,
      [...ids].sort((one, other) => one - other),
    );
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual(events, []);
    assert.equal(server.calls.length, 1);
  });

  same('a connection stays open if the server answers its pings', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack, SHORT);
    rtm.start();
    await next(rtm, 'ready');
    for (let n = 0; n < 3; n += 1) await slack.nextFrame({ type: 'ping' });
    assert.equal(slack.connections.length, 1);
    assert.equal(slack.requests.length, 1);
  });

  better(
    'it notices a half-open connection after 40 s',
    'a half-open connection is replaced without a close handshake',
    async (t) => {
      const slack = await startWorkspace(t);
      const rtm = clientOf(t, slack, SHORT);
      const { events } = record(rtm);
      rtm.start();
      await next(rtm, 'ready');
      const begin = performance.now();
      slack.faults.silence();
      await next(rtm, 'reconnecting');
      // The two timeouts, with much tolerance: the client did not wait for a close handshake.
      assert.ok(performance.now() - begin < 3000);
      await next(rtm, 'ready');
      const start = ['connecting', 'authenticated', 'connected', 'ready'];
      assert.deepEqual(
        events.map(({ name }) => name),
        [...start, 'reconnecting', ...start],
      );
      slack.faults.silence(false);
    },
  );

  better(
    'it notices a half-open connection after 40 s',
    'without autoReconnect, a half-open connection ends the session',
    async (t) => {
      const { rtm, socket } = await connected(t, { ...SHORT, autoReconnect: false });
      socket.ws.pause();
      const [error] = await next(rtm, 'disconnected');
      assert.match(error.message, /serverPongTimeout/);
      assert.equal(error.original.code, 1006);
    },
  );

  better('it only counts replies', 'any frame is a sign of life', async (t) => {
    const { rtm, server, socket } = await connected(t, SHORT);
    const { events } = record(rtm);
    for (let n = 0; n < 3; n += 1) {
      await socket.nextFrame('ping');
      socket.send({ type: 'user_typing', n });
    }
    await socket.nextFrame('ping');
    assert.deepEqual(events, []);
    assert.equal(server.calls.length, 1);
  });

  better('it only counts replies', 'a WebSocket ping is a sign of life', async (t) => {
    const { rtm, server, socket } = await connected(t, SHORT);
    const { events } = record(rtm);
    for (let n = 0; n < 3; n += 1) {
      await socket.nextFrame('ping');
      socket.ws.ping();
    }
    await socket.nextFrame('ping');
    assert.deepEqual(events, []);
    assert.equal(server.calls.length, 1);
  });

  for (const [what, secure] of [
    ['without TLS', false],
    ['with TLS', true],
  ]) {
    better('it drops the connection', `a frame may take longer than the pong timeout to arrive: ${what}`, async (t) => {
      if (secure && missing) {
        t.skip(missing);
        return;
      }
      const ca = secure ? authority('Slow authority') : undefined;
      const leaf = ca?.issue();
      const server = await scriptedServer(t, secure ? { tls: { key: leaf.key, cert: leaf.fullChain } } : {});
      const port = await slowRelay(t, Number(new URL(server.apiUrl).port));
      server.responses.push(server.connectResponse({ url: server.socketUrl.replace(/:\d+/, `:${port}`) }));
      const options = { clientPingTimeout: 600, serverPongTimeout: 400, ...(secure && { tls: { ca: ca.cert } }) };
      const rtm = clientOf(t, server, options);
      const seen = record(rtm);
      const ready = next(rtm, 'ready');
      await rtm.start();
      await ready;
      const slow = next(rtm, 'slow');
      (await server.nextSocket()).send({ type: 'slow', text: 'x'.repeat(12_000) });
      assert.equal((await slow)[0].text.length, 12_000);
      assert.ok(!seen.names.includes('reconnecting'));
    });
  }

  same('outgoing traffic delays the ping', async (t) => {
    const { rtm, socket } = await connected(t, { clientPingTimeout: 2000, serverPongTimeout: 1000 });
    const end = performance.now() + 2500;
    while (performance.now() < end) {
      await rtm.send('typing', { channel: 'C1' });
      await socket.nextFrame('typing');
      socket.send({ type: 'user_typing' });
    }
    assert.deepEqual(
      socket.frames.filter(({ type }) => type === 'ping'),
      [],
    );
  });

  same('incoming traffic does not delay the ping', async (t) => {
    const { socket } = await connected(t, SHORT);
    let pinged = false;
    const ping = socket.nextFrame('ping').then(() => {
      pinged = true;
    });
    const talk = () => {
      if (pinged) return;
      socket.send({ type: 'user_typing' });
      setImmediate(talk);
    };
    talk();
    await ping;
  });

  same('a WebSocket ping is answered with a pong of the same payload', async (t) => {
    const { socket } = await connected(t);
    const pong = new Promise((resolve) => socket.ws.once('pong', resolve));
    socket.ws.ping('are you there');
    assert.equal((await pong).toString(), 'are you there');
  });

  better('it treats 0 as an invalid value', 'clientPingTimeout 0 turns pings off', async (t) => {
    const { rtm, socket } = await connected(t, { clientPingTimeout: 0, serverPongTimeout: 1 });
    for (let n = 0; n < 50; n += 1) {
      rtm.sendTyping('C1');
      await socket.nextFrame('typing');
    }
    assert.ok(socket.frames.every(({ type }) => type === 'typing'));
  });

  better('it has no ping()', 'ping() resolves with the round trip time, which is also in `latency`', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    rtm.start();
    await next(rtm, 'ready');
    assert.equal(rtm.latency, undefined);
    const roundTrip = await rtm.ping();
    assert.ok(roundTrip > 0 && roundTrip < 20_000);
    assert.ok(Math.abs(rtm.latency - roundTrip) < 0.01);
    assert.ok(Math.abs(rtm.lastActivity - Date.now()) < 20_000);
  });

  better('it has no ping()', 'ping() of a client that is not ready rejects', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    await assert.rejects(rtm.ping(), { code: 'slack_rtmapi_send_while_disconnected_error' });
    assert.deepEqual([rtm.latency, rtm.lastActivity], [undefined, undefined]);
  });
});
