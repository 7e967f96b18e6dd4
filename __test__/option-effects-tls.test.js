// The options tls and headers have their documented effects. options.test.js covers accepted and refused values.
'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describe } = require('node:test');
const { authority, encodings, missing, pkcs12, selfSigned } = require('./support/certificates.js');
const { inProcess } = require('./support/child.js');
const { RTMClient, better, clientOf, failureOf, next, recordingLogger, same } = require('./support/client.js');
const { clientWith, start } = require('./support/option-client.js');
const { tlsFront } = require('./support/proxy-programs.js');
const { scriptedProxy } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const NONE = 'it has no such option';

describe('the option tls:', { skip: missing, concurrency: true }, () => {
  const NOT_FOR_CALL = '`tls` does not reach the connect call';
  const ca = authority('Option table');

  /** A TLS server, which requires a client certificate if `mutual`. */
  async function secureServer(t, mutual) {
    const leaf = ca.issue();
    const client = mutual && { requestCert: true, rejectUnauthorized: true, ca: ca.cert };
    return scriptedServer(t, { tls: { key: leaf.key, cert: leaf.fullChain, ...client } });
  }

  /** Asserts that the client connects with these options, and fails without them. */
  async function assertNeeds(t, mutual, tls, base) {
    const server = await secureServer(t, mutual);
    const once = { autoReconnect: false, retryConfig: { retries: 0 } };
    const error = await failureOf(clientOf(t, server, { ...once, tls: base }).start());
    assert.equal(error.code, 'slack_webapi_request_error');
    assert.equal(server.calls.length, 0);
    await start(clientOf(t, server, { ...once, tls: { ...base, ...tls } }));
    assert.deepEqual([server.calls.length, server.upgrades.length], [1, 1]);
  }

  const client = () => ca.issue({ cn: 'robot', client: true });

  better(NOT_FOR_CALL, 'ca is the trusted authority', (t) => assertNeeds(t, false, { ca: ca.cert }));
  better(NOT_FOR_CALL, 'ca can be a list of strings and Buffers', (t) =>
    assertNeeds(t, false, { ca: [selfSigned().cert, Buffer.from(ca.cert)] }),
  );
  better(NOT_FOR_CALL, 'key and cert are the client certificate', (t) => {
    const { key, cert } = client();
    return assertNeeds(t, true, { key, cert }, { ca: ca.cert });
  });
  better(NOT_FOR_CALL, 'passphrase decrypts the key', (t) => {
    const { key, cert } = client();
    return assertNeeds(
      t,
      true,
      { key: encodings(key, 'open sesame').pkcs8Encrypted, cert, passphrase: 'open sesame' },
      { ca: ca.cert },
    );
  });
  better(NOT_FOR_CALL, 'pfx contains key and cert, with or without a passphrase', async (t) => {
    const { key, cert } = client();
    for (const passphrase of [undefined, 'open sesame']) {
      await assertNeeds(t, true, { pfx: pkcs12({ key, cert, passphrase }), passphrase }, { ca: ca.cert });
    }
  });
  better(NOT_FOR_CALL, 'rejectUnauthorized false accepts any certificate and logs a warning', async (t) => {
    await assertNeeds(t, false, { rejectUnauthorized: false });
    const logger = recordingLogger();
    new RTMClient('xoxb-1', { logger, tls: { rejectUnauthorized: false } });
    assert.ok(logger.lines.some(({ level, text }) => level === 'warn' && /rejectUnauthorized/.test(text)));
  });
  better(NOT_FOR_CALL, 'headers are sent like those of the option `headers`', async (t) => {
    const { server, rtm } = await clientWith(t, { tls: { headers: { Cookie: 'd=1' } } });
    await start(rtm);
    assert.deepEqual([server.calls[0].headers.cookie, server.upgrades[0].headers.cookie], ['d=1', 'd=1']);
  });
  better(NONE, 'an https: proxy needs an authority that Node trusts', async (t) => {
    const server = await scriptedServer(t);
    const leaf = ca.issue();
    const proxy = await scriptedProxy(t);
    const front = await tlsFront(t, proxy, { key: leaf.key, cert: leaf.fullChain });
    const folder = mkdtempSync(join(tmpdir(), 'option-table-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, ca.cert);
    // `tls.ca` is the authority for Slack's certificate. For the proxy's certificate, Node's authorities apply, which are
    // read when the process starts.
    process.env.NODE_EXTRA_CA_CERTS = file;
    const child = inProcess(
      t,
      server,
      async ({ client, next, report, input }) => {
        const rtm = client({ proxy: input });
        const connected = next(rtm, 'connected');
        await rtm.start();
        await connected;
        report('connected');
        await rtm.disconnect();
      },
      { input: front.url },
    );
    delete process.env.NODE_EXTRA_CA_CERTS;
    assert.equal(await child.report(), 'connected');
    await child.ended;
    assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      [server.host, server.host],
    );
    assert.equal(front.clients.length, 2);
  });
});

describe('the option headers:', { concurrency: true }, () => {
  const RESERVED = [
    'content-length',
    'connection',
    'upgrade',
    'transfer-encoding',
    'sec-websocket-key',
    'sec-websocket-version',
    'sec-websocket-extensions',
    'sec-websocket-protocol',
    'sec-websocket-accept',
    'Sec-WebSocket-Anything',
  ];
  const spellings = (name) => [name, name.toUpperCase(), name.replace(/\b[a-z]/g, (c) => c.toUpperCase())];

  for (const option of ['headers', 'tls.headers']) {
    const given = (headers) => (option === 'headers' ? { headers } : { tls: { headers } });

    better(NONE, `${option} that the client sets itself are refused, in upper or lower case`, async (t) => {
      const server = await scriptedServer(t);
      for (const name of RESERVED.flatMap(spellings)) {
        assert.throws(
          () => clientOf(t, server, given({ 'X-Good': '1', [name]: 'x' })),
          (error) => {
            assert.ok(error instanceof TypeError, String(error));
            assert.ok(error.message.includes(option) && error.message.includes(name), error.message);
            return true;
          },
          name,
        );
      }
      // Similar names are accepted.
      const similar = { 'x-content-length': '1', 'connection-x': '2', 'sec-fetch-mode': '3', 'x-upgrade': '4' };
      await start(clientOf(t, server, given(similar)));
      for (const { headers } of [server.calls[0], server.upgrades[0]]) {
        for (const [name, value] of Object.entries(similar)) assert.equal(headers[name], value);
      }
    });

    better(NONE, `a \`host\` in ${option} is sent with the call`, async (t) => {
      const { server, rtm } = await clientWith(t, given({ Host: 'slack.example' }));
      await start(rtm);
      assert.equal(server.calls[0].headers.host, 'slack.example');
    });

    const test = option === 'headers' ? better.bind(undefined, NONE) : same;
    test(`a \`host\` in ${option} is sent with the upgrade request`, async (t) => {
      const { server, rtm } = await clientWith(t, given({ Host: 'slack.example' }));
      await start(rtm);
      assert.equal(server.upgrades[0].headers.host, 'slack.example');
    });

    better(
      NONE,
      `an \`authorization\` in ${option} is sent with the call, never with the upgrade request`,
      async (t) => {
        for (const name of ['authorization', 'Authorization', 'AUTHORIZATION']) {
          const { server, rtm } = await clientWith(t, given({ [name]: 'Bearer xoxc-mine' }));
          await start(rtm);
          const again = next(rtm, 'connected');
          (await server.nextSocket()).drop();
          await again;
          assert.deepEqual(
            server.calls.map(({ headers }) => headers.authorization),
            Array(2).fill('Bearer xoxc-mine'),
          );
          assert.equal(server.upgrades.length, 2);
          for (const { headers } of server.upgrades) {
            assert.equal(headers.authorization, undefined);
            assert.ok(!JSON.stringify(headers).includes('xoxc'));
          }
        }
      },
    );
  }

  better(NONE, '`headers` and `tls.headers` can be combined', async (t) => {
    const { server, rtm } = await clientWith(t, { headers: { 'X-A': '1' }, tls: { headers: { 'X-B': '2' } } });
    await start(rtm);
    for (const { headers } of [server.calls[0], server.upgrades[0]]) {
      assert.deepEqual([headers['x-a'], headers['x-b']], ['1', '2']);
    }
  });

  better(NONE, 'a `content-type` or `user-agent` replaces the default', async (t) => {
    const { server, rtm } = await clientWith(t, {
      headers: { 'User-Agent': 'mine', 'content-TYPE': 'application/x-www-form-urlencoded; charset=utf-8' },
    });
    await start(rtm);
    const { headers } = server.calls[0];
    assert.deepEqual(
      [headers['user-agent'], headers['content-type']],
      ['mine', 'application/x-www-form-urlencoded; charset=utf-8'],
    );
    await rtm.apiCall('api.test', { a: 1 });
    assert.equal(server.calls[1].form.a, '1');
  });
});
