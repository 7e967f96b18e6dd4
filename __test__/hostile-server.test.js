// A hostile or broken server cannot block a client, make it misbehave, or put secrets into its log.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inProcess } = require('./support/child.js');
const { better, clientOf, isSlackRtmApi, recordingLogger, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNCHECKED = 'it does not check what the server sends';

describe('a hostile server', { concurrency: true }, () => {
  same('frames that are larger than the outbox arrive one after the other', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, isSlackRtmApi ? {} : { clientPingTimeout: 0 });
    const sizes = [];
    rtm.on('large', ({ text }) => sizes.push(text.length));
    const hello = next(rtm, 'hello');
    await rtm.start();
    await hello;
    const socket = await server.nextSocket();
    const end = next(rtm, 'end');
    for (let round = 0; round < 12; round += 1) socket.send({ type: 'large', text: 'x'.repeat(5_000_000) });
    socket.send({ type: 'end' });
    await end;
    assert.deepEqual(sizes, Array(12).fill(5_000_000));
  });

  better(UNCHECKED, "a truncated response does not reveal the socket URL's ticket in logs and errors", async (t) => {
    const server = await scriptedServer(t);
    const body = '{"ok":true,"url":"wss:\\/\\/127.0.0.1:1\\/T1CK3T","self":{';
    server.responses.push(body);
    const logger = recordingLogger();
    const rtm = clientOf(t, server, { logger, logLevel: 'debug', autoReconnect: false });
    const error = await rtm.start().catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_platform_error');
    const seen = [error.message, JSON.stringify(error), ...logger.lines.map(({ text }) => text)].join('\n');
    assert.equal(seen.indexOf('T1CK3T'), -1);
    assert.match(seen, /127\.0\.0\.1:1/);
  });

  better(
    UNCHECKED,
    'a reply whose error message cannot be converted to a string still rejects its promise',
    async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server);
      const hello = next(rtm, 'hello');
      await rtm.start();
      await hello;
      const socket = await server.nextSocket();
      const sent = rtm.sendMessage('x', 'C1');
      const { id } = await socket.nextFrame('message');
      const error = { code: 2, msg: { toString: 1 } };
      socket.send({ ok: false, reply_to: id, error });
      await assert.rejects(sent, {
        code: 'slack_rtmapi_send_message_platform_error',
        data: { ok: false, reply_to: id, error },
      });
    },
  );

  better(UNCHECKED, 'a type or subtype that is an object is not an event name', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server);
    const types = [];
    rtm.on('slack_event', (type) => types.push(type));
    const hello = next(rtm, 'hello');
    await rtm.start();
    await hello;
    const end = next(rtm, 'end');
    const socket = await server.nextSocket();
    for (const type of [{ toString: 5 }, [], {}]) socket.send({ type });
    socket.send({ type: 'x', subtype: { toString: 5 } });
    socket.send({ type: 'end' });
    await end;
    assert.deepEqual(types, ['hello', { toString: 5 }, [], {}, 'x', 'end']);
  });

  better(UNCHECKED, '`authenticated` follows even if the logger throws at a warning of Slack', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push(server.connectResponse({ response_metadata: { warnings: ['superfluous_charset'] } }));
    const child = inProcess(t, server, async ({ client, report }) => {
      process.on('uncaughtException', (error) => report(error.message));
      const silent = () => {};
      const warn = (text) => {
        throw new Error(`cannot log ${text}`);
      };
      const rtm = client({ logger: { debug: silent, info: silent, warn, error: silent } });
      rtm.on('authenticated', () => report('authenticated'));
      await rtm.start();
      report('started');
    });
    assert.deepEqual(
      [await child.report(), await child.report(), await child.report()],
      ['authenticated', 'cannot log superfluous_charset', 'started'],
    );
  });
});
