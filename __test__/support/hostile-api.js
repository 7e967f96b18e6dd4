// A server whose responses to the connect call are malformed, endless or unusual, and the checks of its client.
'use strict';

const assert = require('node:assert/strict');
const { authority } = require('./certificates.js');
const { clientOf, failureOf, next, recordingLogger } = require('./client.js');
const { scriptedServer } = require('./scripted-server.js');

const REQUEST = 'slack_webapi_request_error';
const HTTP = 'slack_webapi_http_error';
const PLATFORM = 'slack_webapi_platform_error';

/** Sends these bytes, and ends the connection unless `open`. */
const raw =
  (bytes, { open = false } = {}) =>
  ({ socket }) => {
    socket.on('error', () => {});
    if (open) socket.write(bytes);
    else socket.end(bytes);
  };

/** A response with this body and a Content-Length. */
const withBody = (body, ...lines) => {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from([`HTTP/1.1 200 OK`, `Content-Length: ${bytes.length}`, ...lines, '', ''].join('\r\n'), 'latin1'),
    bytes,
  ]);
};

/** Sends `head`, then `part` again and again until the client closes the connection. Counts the bytes in `sent`. */
function endless(head, part) {
  const flood = { sent: 0 };
  flood.respond = ({ socket }) => {
    flood.ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    const more = () => {
      while (!socket.destroyed) {
        flood.sent += part.length;
        if (!socket.write(part)) return socket.once('drain', more);
      }
      return undefined;
    };
    socket.write(head);
    more();
  };
  return flood;
}

/** A server, with TLS if `secure`, and a client that makes one attempt. */
async function clientWith(t, { secure = false, ...options } = {}) {
  const leaf = secure ? authority('Hostile API').issue() : undefined;
  const server = await scriptedServer(t, leaf && { tls: { key: leaf.key, cert: leaf.fullChain } });
  const logger = recordingLogger();
  const tls = leaf && { ca: leaf.ca };
  const base = { logger, logLevel: 'debug', tls, autoReconnect: false, retryConfig: { retries: 0 } };
  return { server, logger, rtm: clientOf(t, server, { ...base, ...options }) };
}

/** Asserts that start() fails with this code if the connect call gets this response, and that the client then works. */
async function assertFails({ server, rtm, logger }, response, code) {
  server.responses.push(response);
  const disconnected = next(rtm, 'disconnected');
  const error = await failureOf(rtm.start());
  assert.ok(error instanceof Error);
  assert.equal(error.code, code, String(error));
  assert.ok((await disconnected)[0] === error);
  assert.ok(error.message.length < 2000, `a message of ${error.message.length} characters`);
  assert.ok(!`${error.message} ${error.stack}`.includes(server.token));
  await assertWorks({ server, rtm, logger });
  return error;
}

/** Asserts that the client works, and logged no internal error. */
async function assertWorks({ rtm, logger }) {
  const connected = next(rtm, 'connected');
  assert.equal((await rtm.start()).ok, true);
  await connected;
  await rtm.disconnect();
  assert.ok(logger.lines.every(({ text }) => !text.includes('internal error in slack-rtm-native')));
}

/** Asserts that start() resolves if the connect call gets this response. */
async function assertReads({ server, rtm, logger }, response) {
  server.responses.push(response);
  const connected = next(rtm, 'connected');
  const data = await rtm.start();
  await connected;
  await rtm.disconnect();
  await assertWorks({ rtm, logger });
  return data;
}

module.exports = { HTTP, PLATFORM, REQUEST, assertFails, assertReads, assertWorks, clientWith, endless, raw, withBody };
