// Servers that cause every kind of error, any number of times.
'use strict';

const { scriptedServer } = require('./scripted-server.js');

const BROKEN = Array.from({ length: 100 }, (_, n) => `{"type":"broken","n":${n}`);

/** A queue that always returns the same item. */
const endless = (item) => ({ length: 1, shift: () => item });

/**
 * Web API methods that fail. All others succeed.
 * @type {Record<string, (request: any, response: any) => void>}
 */
const METHODS = {
  '/api/fails': (_, response) => response.end('{"ok":false,"error":"channel_not_found"}'),
  '/api/breaks': (_, response) => response.writeHead(500).end('{"broken":true}'),
  '/api/hangs.up': (_, response) => response.destroy(),
};

/**
 * The server's reaction to a message, by its channel.
 * @type {Record<string, (socket: any, id: number) => void>}
 */
const CHANNELS = {
  refused: (socket, id) => socket.send({ ok: false, reply_to: id, error: { code: 2, msg: 'no such channel' } }),
  broken: (socket) => [...BROKEN, '{"type":"end"}'].forEach((text) => socket.send(text)),
  mute: (socket) => socket.send({ type: 'got' }),
};

/**
 * @param {import('node:test').TestContext} t
 * @param {(server: any, handle: (socket: any, frame: any) => void) => void} onFrames
 */
async function errorServers(t, onFrames) {
  const [slack, refused, socketless, resetting] = await Promise.all(Array.from({ length: 4 }, () => scriptedServer(t)));
  slack.responses = endless((request, response, { url }) => {
    const method = METHODS[url] ?? ((_, other) => other.end(JSON.stringify(slack.connectResponse())));
    method(request, response);
  });
  onFrames(slack, (socket, { id, channel }) => CHANNELS[channel]?.(socket, id));
  refused.responses = endless({ ok: false, error: 'invalid_auth' });
  socketless.refusals = endless(503);
  resetting.greet = (socket) => {
    socket.hello();
    socket.reset();
  };
  const urls = Object.fromEntries(
    Object.entries({ slack, refused, socketless, resetting }).map(([name, { apiUrl }]) => [name, apiUrl]),
  );
  return { slack, urls };
}

module.exports = { errorServers };
