// What an operator is told on the channels of node:diagnostics_channel, and by the texts of errors: why a bot is away, and
// until when.
'use strict';

const assert = require('node:assert/strict');
const diagnostics = require('node:diagnostics_channel');
const { describe } = require('node:test');
const { RTMClient, better, clientOf, keepingLogger, next } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { inProcess } = require('./support/child.js');
const { scriptedServer } = require('./support/scripted-server.js');

const none = 'it has no diagnostics';

/** All that is published of one client, in order: the channel's last word, and the message. */
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
  better(none, 'a life with trouble, step by step', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push((request, response) => response.writeHead(503).end());
    const rtm = clientOf(t, server, { retryConfig: { minTimeout: 20 } });
    const seen = watch(t, rtm);
    const ready = next(rtm, 'ready');
    await rtm.start();
    await ready;
    const reason = `rtm.connect at ${server.host} was answered with HTTP status 503 Service Unavailable`;
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
    const [[, told], [channel, pause], ...rest] = seen;
    assert.deepEqual([told.event, channel], ['reconnecting', 'pause']);
    assert.ok(pause.reason.startsWith(`${server.host} closed the connection with code 4000: go away (`), pause.reason);
    assert.ok(pause.milliseconds >= 0 && pause.milliseconds <= 2000);
    assert.deepEqual(rest[1], ['connect', { attempt: 1 }]);
  });

  better(none, 'a lifecycle event comes with its error, before its listeners hear it', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push({ ok: false, error: 'invalid_auth' });
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

  better(none, 'neither token nor ticket is told', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push(server.answer({ url: `${server.socketUrl}/t1cket?secret=t1cket` }));
    const rtm = clientOf(t, server, { logger: keepingLogger(), logLevel: 'debug' });
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

  better(none, 'a subscriber that throws is an uncaught exception, and harms nothing', async (t) => {
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

  better(none, 'a client of a subclass is told as it is', async (t) => {
    const server = await scriptedServer(t);
    class Bot extends RTMClient {}
    const rtm = new Bot(server.token, { slackApiUrl: server.apiUrl, logger: keepingLogger() });
    atEnd(t, () => rtm.disconnect());
    const seen = watch(t, rtm);
    await rtm.start();
    assert.deepEqual(seen[0], lifecycle('connecting'));
  });
});
