'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { Workspace } = require('..');
const { call, Client } = require('./support');

test('close sends a close frame, and can be called several times', async () => {
  const slack = await Workspace.start();
  const client = await Client.connect(slack);
  await Promise.all([slack.close(), slack.close()]);
  assert.strictEqual((await client.closed).code, 1001);
  assert.deepStrictEqual(slack.connections, []);
  await assert.rejects(fetch(slack.apiUrl), TypeError);
  await slack.close();
});

test('close rejects every pending wait', async () => {
  const slack = await Workspace.start();
  const waits = [slack.nextMessage(), slack.nextConnection(), slack.nextRequest({ method: 'x', timeout: Infinity })];
  const all = Promise.allSettled(waits);
  await slack.close();
  for (const { status, reason } of await all) {
    assert.strictEqual(status, 'rejected');
    assert.match(reason.message, /the workspace was closed/);
  }
  await assert.rejects(slack.nextMessage(), /no message: the workspace is closed/);
});

test('close ends a replay', async () => {
  const slack = await Workspace.start();
  await Client.connect(slack);
  const replaying = slack.replay([{}, {}], { speed: 1, times: [0, 1e6], maxPause: 1e9 });
  await slack.close();
  assert.strictEqual(await replaying, 1);
});

test('close does not wait for half-open, slow or busy clients', async () => {
  const slack = await Workspace.start();
  const port = Number(new URL(slack.apiUrl).port);
  await Client.connect(slack);
  slack.faults.silence();
  const slow = await Client.connect(slack);
  slow.ws.pause();
  const replaying = slack.replay(Array(500).fill('x'.repeat(100_000)));
  slack.faults.refuseConnect({ hang: true });
  const hanging = assert.rejects(fetch(`${slack.apiUrl}rtm.connect`), TypeError);
  await slack.nextRequest({ method: 'rtm.connect' });
  await slack.nextRequest({ method: 'rtm.connect' });
  await slack.nextRequest({ method: 'rtm.connect' });
  const idle = net.connect(port, '127.0.0.1').on('error', () => {});
  await once(idle, 'connect');
  await slack.close();
  assert.ok((await replaying) < 500);
  await hanging;
  slow.ws.terminate();
});

test('ten workspaces in one process do not affect each other', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => Workspace.start()));
  assert.strictEqual(new Set(all.map((slack) => slack.apiUrl)).size, 10);
  assert.strictEqual(new Set(all.map((slack) => slack.token)).size, 10);
  await Promise.all(
    all.map(async (slack, index) => {
      const client = await Client.connect(slack);
      slack.user('ann').say('#general', `for ${index}`);
      assert.strictEqual((await client.next()).text, `for ${index}`);
      assert.strictEqual((await call(all[(index + 1) % 10], 'auth.test', {}, slack.token)).body.error, 'invalid_auth');
    }),
  );
  await Promise.all(all.map((slack) => slack.close()));
});

test('a process exits by itself after close', async () => {
  const script = `
    const { Workspace } = require(${JSON.stringify(path.join(__dirname, '..'))});
    const { Client } = require(${JSON.stringify(path.join(__dirname, 'support.js'))});
    (async () => {
      const slack = await Workspace.start();
      await Client.connect(slack);
      slack.faults.delayReplies(1e6);
      slack.connections[0].closed.then(() => console.log('closed'));
      await slack.close();
    })();
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  const [code] = await once(child, 'close');
  assert.strictEqual(code, 0);
  assert.strictEqual(Buffer.concat(output).toString(), 'closed\n');
});

/** A client that sends an upgrade request and never closes its socket. */
function openHalfOpen(t, slack, host) {
  const socket = net.connect({ port: new URL(slack.apiUrl).port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const head = ['GET /page/socket HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket'];
  const handshake = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  const send = () => socket.write([...head, ...handshake, '', ''].join('\r\n'));
  return { socket, send };
}

test('close does not wait for a refused client that keeps its socket open', { timeout: 5000 }, async (t) => {
  const slack = await Workspace.start();
  const { socket, send } = openHalfOpen(t, slack, 'elsewhere.example');
  send();
  const [response] = await once(socket, 'data');
  assert.match(response.toString(), /^HTTP\/1\.1 403 /);
  await slack.close();
});

test('close does not wait for an upgrade request that arrives meanwhile', { timeout: 5000 }, async (t) => {
  const slack = await Workspace.start();
  await Client.connect(slack);
  const { socket, send } = openHalfOpen(t, slack, new URL(slack.apiUrl).host);
  await once(socket, 'connect');
  await fetch(slack.pageUrl); // by now the server has accepted the other socket
  await new Promise((resolve) => setTimeout(resolve, 0)); // after a timer, the request is read before close() continues
  send();
  await slack.close();
});
