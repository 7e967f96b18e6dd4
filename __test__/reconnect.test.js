// A lost connection is replaced: after every kind of loss, with a new connect call and a new socket URL.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

/** Ways in which a server ends a connection. */
const LOSSES = {
  'without a close frame': (socket) => socket.drop(),
  'with a reset': (socket) => socket.reset(),
  'with code 1000': (socket) => socket.close(1000),
  'with code 1001 and a reason': (socket) => socket.close(1001, 'going away'),
  'with code 1011': (socket) => socket.close(1011),
  'with code 1012': (socket) => socket.close(1012, 'restart'),
  'with code 4000': (socket) => socket.close(4000),
  'with a close frame without a code': (socket) => socket.close(),
  'with bytes that are not a WebSocket frame': (socket) => socket.ws._socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'with a text frame that is not UTF-8': (socket) => socket.ws._socket.write(Buffer.from([0x81, 0x02, 0xc3, 0x28])),
};

/** The code and reason in `original`, for each close frame of the server. */
const CLOSE_FRAMES = [
  { sent: [1000], code: 1000, reason: '' },
  { sent: [1001, 'going away'], code: 1001, reason: 'going away' },
  { sent: [1011, 'Störung ☎'], code: 1011, reason: 'Störung ☎' },
  { sent: [4999, 'x'.repeat(123)], code: 4999, reason: 'x'.repeat(123) },
  { sent: [], code: 1005, reason: '' },
];

describe('reconnecting', { concurrency: true }, () => {
  for (const [how, lose] of Object.entries(LOSSES)) {
    same(`a connection that ends ${how} is replaced`, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      rtm.start();
      await next(rtm, 'connected');
      const reconnecting = next(rtm, 'reconnecting');
      lose(await server.nextSocket());
      await reconnecting;
      await next(rtm, 'connected');
      assert.deepEqual([server.calls.length, server.sockets.length], [2, 2]);
    });
  }

  same('each socket has its own connect call and URL', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(
      ...['a?x=1', 'b?x=2'].map((end) => server.connectResponse({ url: `${server.socketUrl}/${end}` })),
    );
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'connected');
    assert.deepEqual(
      server.upgrades.map(({ url }) => url),
      ['/socket/a?x=1', '/socket/b?x=2'],
    );
    assert.equal(server.calls.length, 2);
  });

  same('after a reconnect, the ids are those of the new connect call', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse(), server.connectResponse({ self: { id: 'U2' }, team: { id: 'T2' } }));
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'authenticated');
    assert.deepEqual([rtm.activeUserId, rtm.activeTeamId], ['U2', 'T2']);
    await next(rtm, 'connected');
  });

  same('listeners stay after a reconnect', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack);
    const texts = [];
    rtm.on('message', ({ text }) => texts.push(text));
    rtm.start();
    for (const text of ['one', 'two']) {
      await next(rtm, 'connected');
      const message = next(rtm, 'message');
      slack.user('ann').say('general', text);
      await message;
      if (text === 'one') slack.faults.drop();
    }
    assert.deepEqual(texts, ['one', 'two']);
  });

  same('after team_migration_started, the client closes the connection and reconnects', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    const received = next(rtm, 'team_migration_started');
    const socket = await server.nextSocket();
    const reconnecting = next(rtm, 'reconnecting');
    socket.send({ type: 'team_migration_started' });
    await received;
    await socket.closed;
    await reconnecting;
    await next(rtm, 'connected');
  });

  same('a socket that closes right after `hello` is replaced', async (t) => {
    const server = await scriptedServer(t);
    server.greet = (socket) => {
      socket.hello();
      if (server.sockets.length === 1) socket.close(1011);
    };
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'reconnecting');
    await next(rtm, 'connected');
    assert.equal(server.calls.length, 2);
  });

  same('a refused upgrade is retried with a new connect call', async (t) => {
    const slack = await startWorkspace(t);
    slack.faults.refuseSocket(404);
    const rtm = clientOf(t, slack);
    const error = next(rtm, 'error');
    rtm.start();
    assert.equal((await error)[0].code, ErrorCode.WebsocketError);
    await next(rtm, 'connected');
    assert.equal(slack.requests.length, 2);
  });

  for (const { sent, code, reason } of CLOSE_FRAMES) {
    better('it passes a close event', `\`original\` has the close code and reason: ${code}`, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server, { autoReconnect: false });
      const recorded = record(rtm);
      rtm.start();
      await next(rtm, 'connected');
      (await server.nextSocket()).close(...sent);
      const [{ code: kind, original }] = await next(rtm, 'disconnected');
      assert.equal(kind, ErrorCode.WebsocketError);
      assert.deepEqual([original.code, original.reason], [code, reason]);
      assert.ok(!recorded.names.includes('error'));
    });
  }

  better(
    'it passes a close event',
    '`original` has close code 1006 for a connection that ends without a close frame',
    async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server, { autoReconnect: false });
      rtm.start();
      await next(rtm, 'connected');
      (await server.nextSocket()).drop();
      const [{ code, original }] = await next(rtm, 'disconnected');
      assert.deepEqual([code, original.code, original.reason], [ErrorCode.WebsocketError, 1006, '']);
    },
  );

  better('it gives up', 'a session that was connected once continues after the last retry', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { retryConfig: { retries: 0 } });
    rtm.start();
    await next(rtm, 'connected');
    server.responses.push((request, response) => response.writeHead(502).end());
    const failure = next(rtm, 'unable_to_rtm_start');
    (await server.nextSocket()).drop();
    assert.equal((await failure)[0].statusCode, 502);
    await next(rtm, 'connected');
  });

  better('it hangs', 'a session that was connected once ends on a permanent error', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    rtm.start();
    await next(rtm, 'connected');
    server.responses.push({ ok: false, error: 'token_revoked' });
    const failure = next(rtm, 'unable_to_rtm_start');
    (await server.nextSocket()).drop();
    const [error] = await next(rtm, 'disconnected');
    assert.equal(error.data.error, 'token_revoked');
    assert.ok((await failure)[0] === error);
  });
});
