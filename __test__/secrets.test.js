// What is never written or shown: the token, and the ticket in a socket's URL.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { better, clientOf, keepingLogger, next, record } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { openSession } = require('./support/session.js');

const shown = "the socket's ticket is in the debug log";

/** Everything about a client that somebody could see or print: its log, its events, itself. */
function watch(rtm, logger) {
  const events = [];
  for (const name of ['error', 'disconnected', 'unable_to_rtm_start']) rtm.on(name, (error) => events.push(error));
  const looks = [];
  const look = () => looks.push(inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(Object.keys(rtm)));
  for (const name of ['connecting', 'connected', 'ready', 'reconnecting', 'disconnected']) rtm.on(name, look);
  return {
    add: (error) => events.push(error),
    get text() {
      look();
      const errors = events.flatMap((error) => {
        // The answer of the connect call is the user's, who got its URL by `start()` otherwise.
        if (error?.data?.url !== undefined) delete error.data.url;
        return [inspect(error, { depth: 10, showHidden: true }), String(error?.stack)];
      });
      return [...logger.lines.map(({ text }) => text), ...errors, ...looks].join('\n');
    },
  };
}

function assertAbsent(text, secrets) {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `shown: …${text.slice(Math.max(0, at - 150), at + 150)}…`);
  }
}

describe('secrets', { concurrency: true }, () => {
  better(shown, 'a life with lost connections shows neither token nor ticket', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const logger = keepingLogger();
    const rtm = client({ logger, logLevel: 'debug' });
    const seen = watch(rtm, logger);
    const tickets = [];
    rtm.on('authenticated', ({ url }) => tickets.push(new URL(url).pathname.split('/').at(-1)));
    await ready(rtm);
    await rtm.sendMessage('x', channel);
    await rtm.sendMessage('x', 'nowhere').catch(seen.add);
    slack.faults.refuseSocket(404);
    slack.faults.drop();
    await next(rtm, 'ready');
    slack.faults.close(4000, 'go away');
    await next(rtm, 'ready');
    await rtm.disconnect();
    await rtm.send('x').catch(seen.add);
    assert.ok(tickets.length >= 4 && tickets.every((ticket) => ticket.length > 5), String(tickets));
    assertAbsent(seen.text, [slack.token, slack.token.slice(5), ...tickets]);
    assert.match(seen.text, /invalid channel id/);
  });

  for (const [what, answer] of Object.entries({
    'an error': { error: 'invalid_auth', warning: 'x' },
    'another status': { status: 500, headers: { 'x-a': 'b' }, body: 'oops' },
    'a page': { html: '<html></html>' },
    nothing: { drop: true },
  })) {
    better('errors hold the request, and with it the token', `a connect call answered with ${what} does not show the token`, async (t) => {
      const { slack, client } = await openSession(t);
      const logger = keepingLogger();
      const rtm = client({ logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } });
      const seen = watch(rtm, logger);
      slack.faults.refuseConnect(answer);
      await assert.rejects(rtm.start(), (error) => {
        seen.add(error);
        return true;
      });
      assertAbsent(seen.text, [slack.token, slack.token.slice(5)]);
    });
  }

  for (const [how, url] of Object.entries({
    'as it is': '"wss://example.com/websocket/T1CK3T?a=T1CK3T#T1CK3T"',
    'with escaped slashes': '"wss:\\/\\/example.com\\/websocket\\/T1CK3T"',
    'with escapes of all kinds': '"wss:\\u002f\\u002Fexample.com\\u002fwebsocket\\u002fT1CK3T"',
    'in capitals': '"WSS://example.com/websocket/T1CK3T"',
    'in a user name': '"wss://T1CK3T:T1CK3T@example.com/T1CK3T"',
    'within a text': '"see <wss://example.com/T1CK3T|here> and wss://example.com/T1CK3T"',
    'cut off': '"wss://example.com/websocket/T1CK3T',
  })) {
    better(shown, `a reconnect_url frame in the debug log: ${how}`, async (t) => {
      const { slack, client, ready } = await openSession(t);
      const logger = keepingLogger();
      const { rtm } = await ready(client({ logger, logLevel: 'debug' }));
      const seen = watch(rtm, logger);
      const end = next(rtm, 'end');
      slack.emit(`{"type":"reconnect_url","url":${url}}`);
      slack.emit({ type: 'end' });
      await end;
      assertAbsent(seen.text, ['T1CK3T']);
      assert.match(seen.text, /reconnect_url/);
    });
  }

  for (const [what, url] of Object.entries({
    'a server that refuses': 'ws://127.0.0.1:1/websocket/T1CK3T?x=T1CK3T',
    'a port that is none': 'ws://127.0.0.1:99999/websocket/T1CK3T',
    'a user and a password': 'ws://T1CK3T:T1CK3T@127.0.0.1:1/T1CK3T',
    'another scheme': 'http://127.0.0.1:1/T1CK3T',
    'something that is no URL': '/websocket/T1CK3T',
    'a space in it': 'ws://127.0.0.1:1/T1CK3T T1CK3T',
  })) {
    better(shown, `a socket URL that leads nowhere: ${what}`, async (t) => {
      const server = await scriptedServer(t);
      server.answers.push(server.answer({ url }));
      const logger = keepingLogger();
      const options = { logger, logLevel: 'debug', autoReconnect: false, retryConfig: { retries: 0 } };
      const rtm = clientOf(t, server, options);
      const seen = watch(rtm, logger);
      const recorded = record(rtm);
      const disconnected = next(rtm, 'disconnected');
      await rtm.start().catch(seen.add);
      await disconnected;
      assert.ok(recorded.names.includes('disconnected'));
      assertAbsent(seen.text, ['T1CK3T', server.token]);
    });
  }

  better('the web client holds it', 'a client that was only constructed does not show its token', async (t) => {
    const { slack, client } = await openSession(t);
    const rtm = client();
    for (const text of [inspect(rtm, { depth: 10, showHidden: true }), JSON.stringify(rtm)]) {
      assertAbsent(text, [slack.token]);
    }
  });
});
