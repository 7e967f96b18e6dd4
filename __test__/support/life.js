// A session through something in between: frames both ways, a loss, a reconnect, an orderly end. Owns these steps; what
// stands in between, and who counts its connections, is the test's.
'use strict';

const assert = require('node:assert/strict');
const { next } = require('./client.js');

/** Frames go both ways. */
async function exchange(rtm, socket, text) {
  const arrived = next(rtm, 'news');
  socket.send({ type: 'news', text });
  assert.deepEqual(await arrived, [{ type: 'news', text }]);
  rtm.sendTyping(text);
  assert.equal((await socket.nextFrame('typing')).channel, text);
}

/** A session that is lost once: two connect calls, two sockets. */
async function live(server, rtm) {
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  const first = await server.nextSocket();
  await exchange(rtm, first, 'one');
  const again = next(rtm, 'ready');
  first.drop();
  await again;
  await exchange(rtm, await server.nextSocket(), 'two');
  await rtm.disconnect();
  assert.deepEqual([server.calls.length, server.upgrades.length], [2, 2]);
}

/** After a life, each of its connections has come by way of the proxy. */
function assertAllThrough(server, door, proxy) {
  assert.deepEqual([server.calls.length, server.upgrades.length], [2, 2]);
  assert.equal(door.connections, 4);
  assert.equal(proxy.connections, 4);
}

module.exports = { assertAllThrough, exchange, live };
