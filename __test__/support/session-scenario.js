// A session in steps: frames both ways, a lost connection, a reconnect, disconnect(). For tests of what is between the
// client and the server: a proxy, an agent, TLS.
'use strict';

const assert = require('node:assert/strict');
const { next } = require('./client.js');

/** Sends a frame in each direction, and asserts that both arrive. */
async function exchangeFrames(rtm, socket, text) {
  const arrived = next(rtm, 'news');
  socket.send({ type: 'news', text });
  assert.deepEqual(await arrived, [{ type: 'news', text }]);
  rtm.sendTyping(text);
  assert.equal((await socket.nextFrame('typing')).channel, text);
}

/** A session whose connection is lost once: two connect calls, two sockets. */
async function runSession(server, rtm) {
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  const first = await server.nextSocket();
  await exchangeFrames(rtm, first, 'one');
  const again = next(rtm, 'ready');
  first.drop();
  await again;
  await exchangeFrames(rtm, await server.nextSocket(), 'two');
  await rtm.disconnect();
  assert.deepEqual([server.calls.length, server.upgrades.length], [2, 2]);
}

/** Asserts that each connection of `runSession` went through the proxy. */
function assertAllProxied(server, relay, proxy) {
  assert.deepEqual([server.calls.length, server.upgrades.length], [2, 2]);
  assert.equal(relay.connections, 4);
  assert.equal(proxy.connections, 4);
}

module.exports = { assertAllProxied, exchangeFrames, runSession };
