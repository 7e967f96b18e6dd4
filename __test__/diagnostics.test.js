// The channels of node:diagnostics_channel and the texts of errors tell an operator why a bot is not connected, and when it
// tries again.
'use strict';

const assert = require('node:assert/strict');
const diagnostics = require('node:diagnostics_channel');
const { describe } = require('node:test');
const { RTMClient, better, clientOf, recordingLogger, next } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { inProcess } = require('./support/child.js');
const { scriptedServer } = require('./support/scripted-server.js');

const NONE = 'it has no diagnostics';

/** All messages about one client, in order: the last part of the channel's name, and the message. */
function watch(t, rtm) {
  const seen = [];
  for (const name of ['connect', 'dial', 'pause', 'lifecycle']) {
    const listener = ({ client, ...message }) => {
      if (client === rtm) seen.push([name, message]);
    };
    diagnostics.subscribe(`slack-rtm-native:${name}`, listener);
    atEnd(t, () => diagnostics.unsubscribe(`slack-rtm-native:${name}`, listener));
  }
  return seen;
}

const lifecycle = (event) => ['lifecycle', { event, error: undefined }];

describe('diagnostics', { concurrency: true }, () => {
  better(NONE, 'report each step of a session with failures', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push((request, response) => response.writeHead(503).end());
    const rtm = clientOf(t, server, { retryConfig: { minTimeout: 20 } });
    const seen = watch(t, rtm);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const reason = `rtm.connect at ${server.host} failed with HTTP status 503 Service Unavailable`;
    assert.deepEqual(seen, [
      lifecycle('connecting'),
      ['connect', { attempt: 1 }],
      ['pause', { milliseconds: 20, reason }],
      ['connect', { attempt: 2 }],
      lifecycle('authenticated'),
      ['dial', { server: server.host }],
      lifecycle('connected'),
      lifecycle('ready'),
    ]);
    seen.length = 0;
    const again = next(rtm, 'ready');
    const lost = next(rtm, 'reconnecting');
    (await server.nextSocket()).close(4000, 'go away');
    await lost;
    await again;
    const [[, event], [channel, pause], ...rest] = seen;
    assert.deepEqual([event.event, channel], ['reconnecting', 'pause']);
    assert.ok(pause.reason.startsWith(`${server.host} closed the connection with code 4000: go away (`), pause.reason);
    assert.ok(pause.milliseconds >= 0 && pause.milliseconds <= 2000);
    assert.deepEqual(rest[1], ['connect', { attempt: 1 }]);
  });

  better(NONE, 'report a lifecycle event with its error before its listeners run', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push({ ok: false, error: 'invalid_auth' });
    const rtm = clientOf(t, server);
    const seen = watch(t, rtm);
    let before;
    rtm.on('disconnected', () => (before = seen.at(-1)));
    const error = await rtm.start().catch((failure) => failure);
    assert.deepEqual(before, ['lifecycle', { event: 'disconnected', error }]);
    assert.equal(before[1].error, error);
    assert.equal(
      error.message,
      `rtm.connect at ${server.host} failed: invalid_auth; giving up, since trying again cannot help`,
    );
  });

  better(NONE, "contain neither the token nor the socket URL's ticket", async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse({ url: `${server.socketUrl}/t1cket?secret=t1cket` }));
    const rtm = clientOf(t, server, { logger: recordingLogger(), logLevel: 'debug' });
    const seen = watch(t, rtm);
    const lost = next(rtm, 'reconnecting');
    server.refusals.push(503);
    await rtm.start();
    await lost;
    await next(rtm, 'ready');
    await rtm.disconnect();
    assert.ok(seen.length > 10);
    assert.doesNotMatch(JSON.stringify(seen), /t1cket|xoxb/);
  });

  better(NONE, 'turn the error of a subscriber into an uncaught exception, and the client continues', async (t) => {
    const server = await scriptedServer(t);
    const child = inProcess(t, server, async ({ client, next: nextOf, report }) => {
      const { subscribe } = require('node:diagnostics_channel');
      const uncaught = [];
      process.on('uncaughtException', (error) => uncaught.push(error.message));
      subscribe('slack-rtm-native:lifecycle', ({ event }) => {
        throw new Error(event);
      });
      const rtm = client();
      const ready = nextOf(rtm, 'ready');
      await rtm.start();
      await ready;
      await rtm.disconnect();
      setImmediate(() => report(uncaught));
    });
    const expected = ['connecting', 'authenticated', 'connected', 'ready', 'disconnecting', 'disconnected'];
    assert.deepEqual(await child.report(), expected);
    assert.equal((await child.ended).code, 0);
  });

  better(NONE, 'report the client of a subclass itself', async (t) => {
    const server = await scriptedServer(t);
    class Bot extends RTMClient {}
    const rtm = new Bot(server.token, { slackApiUrl: server.apiUrl, logger: recordingLogger() });
    atEnd(t, () => rtm.disconnect());
    const seen = watch(t, rtm);
    await rtm.start();
    assert.deepEqual(seen[0], lifecycle('connecting'));
  });
});
