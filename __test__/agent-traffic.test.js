// Heavy traffic over connections that an agent makes in JavaScript: all of it arrives unchanged and in order, and with
// backpressure, so that events wait at the server and not in memory.
'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const https = require('node:https');
const { describe } = require('node:test');
const { HttpsProxyAgent } = require('https-proxy-agent');
const { authority, missing: noCertificates } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { better, clientOf, next } = require('./support/client.js');
const { countingRelay } = require('./support/counted-server.js');
const { scriptedProxy } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const SLOW = 'it takes long or uses much memory';
const MB = 2 ** 20;

class OwnAgent extends https.Agent {
  made = 0;

  createConnection(...args) {
    this.made += 1;
    return super.createConnection(...args);
  }
}

/** Agents that make the connections in JavaScript, and for comparison one whose connections native code makes. */
const AGENTS = {
  'a custom agent': async (_t, ca) => ({ agent: new OwnAgent({ ca }) }),
  'a subclass of https-proxy-agent': async (t, ca) => {
    const proxy = await scriptedProxy(t);
    return { agent: new (class extends HttpsProxyAgent {})(proxy.url), tls: { ca } };
  },
  'an https-proxy-agent': async (t, ca) => {
    const proxy = await scriptedProxy(t);
    return { agent: new HttpsProxyAgent(proxy.url), tls: { ca } };
  },
};

async function connected(t, make) {
  const { key, cert, ca } = authority('Slack').issue();
  const server = await scriptedServer(t, { tls: { key, cert } });
  const relay = await countingRelay(t, server);
  const rtm = clientOf(t, server, { ...(await make(t, ca)), clientPingTimeout: 0 });
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  return { server, relay, rtm, socket: await server.nextSocket() };
}

/** A text of this length that contains its number. */
function textOf(n, length) {
  return `${n}:`.padEnd(length, `${n}äé€ `).slice(0, length);
}

/** The length of the nth event: mostly small, a few of each larger size, and one of 5 MB. */
function lengthOf(n) {
  if (n === 10_000) return 5_000_000;
  if (n % 1000 === 7) return 300_000;
  if (n % 100 === 3) return 70_000;
  if (n % 100 === 50) return 125 + (n % 7);
  return 10 + (n % 50);
}

describe('heavy traffic with an agent', { concurrency: 1, skip: noCertificates }, () => {
  for (const [name, make] of Object.entries(AGENTS)) {
    better(SLOW, `20,000 events of all sizes arrive unchanged and in order: ${name}`, async (t) => {
      const { server, rtm, socket, relay } = await connected(t, make);
      const [sent, got] = [createHash('sha1'), createHash('sha1')];
      let count = 0;
      const wrong = [];
      rtm.on('news', ({ n, text }) => {
        if (n !== count) wrong.push([count, n]);
        count += 1;
        got.update(text);
      });
      const end = next(rtm, 'end');
      for (let n = 0; n < 20_000; n += 1) {
        const text = textOf(n, lengthOf(n));
        sent.update(text);
        socket.send({ type: 'news', n, text });
        if (n % 500 === 0) await new Promise((resolve) => socket.ws.ping('', false, resolve));
      }
      socket.send({ type: 'end' });
      await end;
      assert.deepEqual(wrong.slice(0, 5), []);
      assert.equal(count, 20_000);
      assert.equal(got.digest('hex'), sent.digest('hex'));
      assert.deepEqual([server.sockets.length, relay.connections], [1, 2]);
    });

    better(SLOW, `2,000 messages, some of them large, are acknowledged: ${name}`, async (t) => {
      const { server, rtm, socket } = await connected(t, make);
      socket.ws.on('message', (data) => {
        const { id, text } = JSON.parse(data);
        socket.send({ ok: true, reply_to: id, ts: String(id), text });
      });
      const texts = Array.from({ length: 2000 }, (_, n) => textOf(n, n % 200 === 9 ? 400_000 : 20 + (n % 300)));
      const replies = await Promise.all(texts.map((text) => rtm.sendMessage(text, 'C1')));
      assert.deepEqual(
        socket.frames.map(({ text }) => text),
        texts,
      );
      assert.deepEqual(
        replies.map(({ text }) => text),
        texts,
      );
      assert.equal(server.sockets.length, 1);
    });

    better(SLOW, `events and messages pass at the same time: ${name}`, async (t) => {
      const { server, rtm, socket } = await connected(t, make);
      let count = 0;
      rtm.on('news', ({ n }) => assert.equal(n, count++));
      socket.ws.on('message', (data) => {
        const { id, text } = JSON.parse(data);
        socket.send({ ok: true, reply_to: id, ts: '1.1', text });
      });
      const end = next(rtm, 'end');
      const sends = [];
      for (let n = 0; n < 1000; n += 1) {
        socket.send({ type: 'news', n, text: textOf(n, 5000) });
        sends.push(rtm.sendMessage(textOf(n, 5000), 'C1'));
        if (n % 50 === 0) await new Promise(setImmediate);
      }
      const replies = await Promise.all(sends);
      socket.send({ type: 'end' });
      await end;
      assert.equal(count, 1000);
      assert.deepEqual(
        replies.map(({ text }) => text),
        replies.map((_, n) => textOf(n, 5000)),
      );
      assert.equal(server.sockets.length, 1);
    });
  }

  better(SLOW, 'messages wait while the server does not read, and arrive when it does', async (t) => {
    const { server, rtm, socket } = await connected(t, AGENTS['a custom agent']);
    socket.ws.pause();
    const texts = Array.from({ length: 300 }, (_, n) => textOf(n, 100_000));
    const sends = texts.map((text) => rtm.addOutgoingEvent(false, 'message', { text }));
    const first = await sends[0];
    assert.equal(first, undefined);
    let settled = 0;
    for (const send of sends) send.then(() => (settled += 1));
    // 30 MB are more than all buffers between client and server hold.
    for (let round = 0; round < 20; round += 1) {
      server.responses.push({ ok: true });
      await rtm.apiCall('api.test');
    }
    assert.ok(settled < 300, 'all of them were said to be sent');
    socket.ws.resume();
    await Promise.all(sends);
    while (socket.frames.length < 300) await socket.nextFrame('message');
    assert.deepEqual(
      socket.frames.map(({ text }) => text),
      texts,
    );
  });

  better(SLOW, 'events wait at the server while JavaScript is slow', async (t) => {
    const { key, cert, ca } = authority('Slack').issue();
    const server = await scriptedServer(t, { tls: { key, cert } });
    const child = inProcess(
      t,
      server,
      async ({ client, next, report, input: { ca } }) => {
        class Own extends require('node:https').Agent {
          createConnection(...args) {
            return super.createConnection(...args);
          }
        }
        const agent = new Own({ ca });
        const rtm = client({ agent, clientPingTimeout: 0 });
        const sleeper = new Int32Array(new SharedArrayBuffer(4));
        let [count, peak] = [0, 0];
        rtm.on('news', ({ n, text }) => {
          if (n !== count || text.length !== 50_000) report({ n, count });
          count += 1;
          Atomics.wait(sleeper, 0, 0, 1);
          if (n % 20 === 0) peak = Math.max(peak, process.memoryUsage().rss);
        });
        rtm.on('end', () => {
          report({ count, growth: peak - before });
          rtm.disconnect();
        });
        const ready = next(rtm, 'ready');
        await rtm.start();
        await ready;
        const before = process.memoryUsage().rss;
        report('ready');
      },
      { input: { ca } },
    );
    assert.equal(await child.report(), 'ready');
    const socket = await server.nextSocket();
    const text = 'x'.repeat(50_000);
    let most = 0;
    for (let n = 0; n < 4000; n += 1) {
      const written = new Promise((resolve) => socket.ws.send(JSON.stringify({ type: 'news', n, text }), resolve));
      most = Math.max(most, socket.ws.bufferedAmount);
      if (socket.ws.bufferedAmount > MB) await written;
    }
    socket.send({ type: 'end' });
    const { count, growth } = await child.report();
    assert.equal(count, 4000);
    // 200 MB were sent.
    assert.ok(growth < 100 * MB, `the process grew by ${growth} bytes`);
    assert.ok(most > MB, 'the server was never made to wait');
    assert.equal((await child.ended).code, 0);
  });
});
