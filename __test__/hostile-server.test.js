// What a hostile or broken server may send: nothing of it blocks a client, is obeyed, or ends up in a log.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inProcess } = require('./support/child.js');
const { better, clientOf, isPeer, keepingLogger, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const unlisted = 'what a broken server sends is not looked at';

describe('a hostile server', { concurrency: true }, () => {
  same('frames larger than all that may wait, one after the other', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, isPeer ? {} : { clientPingTimeout: 0 });
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

  better(unlisted, 'a truncated answer does not put its ticket into logs and errors', async (t) => {
    const server = await scriptedServer(t);
    const body = '{"ok":true,"url":"wss:\\/\\/127.0.0.1:1\\/T1CK3T","self":{';
    server.answers.push(body);
    const logger = keepingLogger();
    const rtm = clientOf(t, server, { logger, logLevel: 'debug', autoReconnect: false });
    const error = await rtm.start().catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_platform_error');
    const seen = [error.message, JSON.stringify(error), ...logger.lines.map(({ text }) => text)].join('\n');
    assert.equal(seen.indexOf('T1CK3T'), -1);
    assert.match(seen, /127\.0\.0\.1:1/);
  });

  better(unlisted, 'a reply whose error cannot be put into words still rejects its promise', async (t) => {
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
  });

  better(unlisted, 'a type or subtype that is an object names no event', async (t) => {
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

  better(unlisted, 'a logger that throws at a remark of Slack’s does not swallow `authenticated`', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push(server.answer({ response_metadata: { warnings: ['superfluous_charset'] } }));
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
