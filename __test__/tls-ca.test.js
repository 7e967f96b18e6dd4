// Encrypted all the way, with an authority of one's own: `tls.ca`.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, before, describe } = require('node:test');
const { ErrorCode, better, clientOf, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNREACHED = '`tls` does not reach the connect call';
const ONCE = { retryConfig: { retries: 0 } };
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

/** An authority, and a server's key and certificate signed by it. */
function authority(folder, name) {
  const file = (ending) => join(folder, `${name}${ending}`);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    file('-ca.key'),
    '-out',
    file('-ca.pem'),
    '-days',
    '2',
    '-subj',
    `/CN=${name} authority`,
  );
  openssl('req', ...key, '-keyout', file('.key'), '-out', file('.csr'), '-subj', `/CN=${name}`);
  writeFileSync(file('.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n');
  openssl(
    'x509',
    '-req',
    '-in',
    file('.csr'),
    '-CA',
    file('-ca.pem'),
    '-CAkey',
    file('-ca.key'),
    '-CAcreateserial',
    '-out',
    file('.pem'),
    '-days',
    '2',
    '-extfile',
    file('.ext'),
  );
  const read = (ending) => readFileSync(file(ending), 'utf8');
  return { ca: read('-ca.pem'), key: read('.key'), cert: read('.pem') };
}

describe('tls.ca', { concurrency: true, skip }, () => {
  /** @type {ReturnType<typeof authority>} */
  let ours;
  let others;

  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-ca-'));
    after(() => rmSync(folder, { recursive: true }));
    [ours, others] = [authority(folder, 'ours'), authority(folder, 'others')];
  });

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
    better(UNREACHED, `as ${form}: call and socket are encrypted`, (t) => roundTrip(t, make()));
  }

  same('without it: start() fails', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, ONCE);
    const error = await rtm.start().catch((reason) => reason);
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.ok(error.original instanceof Error);
    assert.equal(server.calls.length, 0);
  });

  same('with another one: start() fails', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, { ...ONCE, tls: { ca: others.ca } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
    assert.equal(server.calls.length, 0);
  });

  same('a certificate for another host: start() fails', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const slackApiUrl = server.apiUrl.replace('127.0.0.1', '127.0.0.2');
    const rtm = clientOf(t, server, { ...ONCE, slackApiUrl, tls: { ca: ours.ca } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_request_error' });
  });

  same('it reaches the socket: wss: behind an http: API', async (t) => {
    const [api, secure] = [await scriptedServer(t), await scriptedServer(t, { tls: ours })];
    api.answers.push(api.answer({ url: secure.socketUrl }));
    const rtm = clientOf(t, api, { tls: { ca: ours.ca } });
    const connected = next(rtm, 'connected');
    await rtm.start();
    await connected;
    assert.equal(secure.sockets.length, 1);
  });

  same('without it, a socket fails by `error`', async (t) => {
    const [api, secure] = [await scriptedServer(t), await scriptedServer(t, { tls: ours })];
    api.answers.push(api.answer({ url: secure.socketUrl }));
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
    better('it takes the ws: URL', `behind "${scheme}", a ws: URL in the answer is refused`, async (t) => {
      const [api, plain] = [await scriptedServer(t, { tls: ours }), await scriptedServer(t)];
      api.answers.push(api.answer({ url: plain.socketUrl }));
      const slackApiUrl = api.apiUrl.replace('https://', scheme);
      const rtm = clientOf(t, api, { slackApiUrl, autoReconnect: false, tls: { ca: ours.ca } });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.match(error.message, /ws:/);
      assert.equal(plain.upgrades.length, 0);
    });
  }

  better(UNREACHED, 'a lost connection is replaced by an encrypted one', async (t) => {
    const server = await scriptedServer(t, { tls: ours });
    const rtm = clientOf(t, server, { tls: { ca: ours.ca } });
    rtm.start();
    await next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await next(rtm, 'connected');
    assert.equal(server.sockets.length, 2);
  });
});
