// Encrypted connections with a private authority: `tls.ca`.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { authority, missing } = require('./support/certificates.js');
const { ErrorCode, better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNREACHED = '`tls` does not reach the connect call';
const ONCE = { retryConfig: { retries: 0 } };

describe('tls.ca', { concurrency: true, skip: missing }, () => {
  const [ours, others] = [authority('Ours'), authority('Others')].map((one) => one.issue());

  async function roundTrip(t, ca) {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, { tls: { ca } });
    const ready = next(rtm, 'ready');
    const { url } = await rtm.start();
    assert.match(url, /^wss:/);
    await ready;
    await rtm.sendTyping('C1');
    await (await server.nextSocket()).nextFrame('typing');
  }

  for (const [form, make] of Object.entries({
    'a string': () => ours.ca,
    'a Buffer': () => Buffer.from(ours.ca),
    'a Uint8Array': () => new Uint8Array(Buffer.from(ours.ca)),
    'a list': () => [Buffer.from(others.ca), ours.ca],
    'several PEMs in one': () => `# a comment\n${others.ca}\n${ours.ca}`,
  })) {
    better(UNREACHED, `can be ${form}, and call and socket are encrypted`, (t) => roundTrip(t, make()));
  }

  same('start() fails without it', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, ONCE);
    const error = await rtm.start().catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.ok(error.original instanceof Error);
    assert.equal(server.calls.length, 0);
  });

  same('start() fails with another authority', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, { ...ONCE, tls: { ca: others.ca } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
    assert.equal(server.calls.length, 0);
  });

  same('start() fails with the certificate of another host', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const slackApiUrl = server.apiUrl.replace('127.0.0.1', '127.0.0.2');
    const rtm = clientOf(t, server, { ...ONCE, slackApiUrl, tls: { ca: ours.ca } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  same('applies to a wss: socket of an http: API', async (t) => {
    const [api, secure] = [await scriptedServer(t), await scriptedServer(t, { tls: ours })];
    api.responses.push(api.connectResponse({ url: secure.socketUrl }));
    const rtm = clientOf(t, api, { tls: { ca: ours.ca } });
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    assert.equal(secure.sockets.length, 1);
  });

  same('a socket fails with `error` without it', async (t) => {
    const [api, secure] = [await scriptedServer(t), await scriptedServer(t, { tls: ours })];
    api.responses.push(api.connectResponse({ url: secure.socketUrl }));
    const rtm = clientOf(t, api, { autoReconnect: false });
    const recorded = record(rtm);
    await rtm.start();
    await next(rtm, 'disconnected');
    const [error] = recorded.events.find(({ name }) => name === 'error').args;
    assert.equal(error.code, ErrorCode.WebsocketError);
    assert.ok(error.original instanceof Error);
    assert.equal(secure.upgrades.length, 0);
  });

  for (const scheme of ['https://', 'HTTPS://', 'hTTps://', '  https://']) {
    better('it accepts the ws: URL', `a ws: URL from an API at "${scheme}" is refused`, async (t) => {
      const [api, plain] = [await scriptedServer(t, { tls: ours }), await scriptedServer(t)];
      api.responses.push(api.connectResponse({ url: plain.socketUrl }));
      const slackApiUrl = api.apiUrl.replace('https://', scheme);
      const rtm = clientOf(t, api, { slackApiUrl, autoReconnect: false, tls: { ca: ours.ca } });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.match(error.message, /ws:/);
      assert.equal(plain.upgrades.length, 0);
    });
  }

  better(UNREACHED, 'applies to reconnects', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, { tls: { ca: ours.ca } });
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'connected');
    assert.equal(server.sockets.length, 2);
  });
});
