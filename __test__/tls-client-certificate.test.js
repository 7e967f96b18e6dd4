// Servers that require a client certificate: the forms of `tls.cert`, `tls.key` and `tls.pfx`, and certificates that the
// server refuses. The tests compare the certificate that the server receives, or the verdict of Node's https.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ErrorCode, RTMClient, better, clientOf, same } = require('./support/client.js');
const { authority, encodings, missing, nodesVerdict, pkcs12, selfSigned } = require('./support/certificates.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNREACHED = '`tls` does not reach the connect call';
const ONCE = { retryConfig: { retries: 0 }, autoReconnect: false };
const SECRET = 'secret 1';
const UTF8 = 'pässwört, 東京';
const EMOJI = '🔑🔑🔑🔑';

/** The authority that the client trusts. */
const servers = () => authority('Authority of servers');
/** The authority that the server trusts. */
const clients = () => authority('Authority of clients');

const pairOf = ({ key, cert }) => ({ key, cert });
const issue = (kind = 'ec', options) =>
  pairOf(clients().issue({ cn: `bot with ${kind}`, client: true, key: kind, ...options }));

/** A server that only accepts clients with a certificate of the authority, and records the names in it. */
async function mutualTlsServer(t, tls) {
  const shown = { calls: [], upgrades: [] };
  const nameOf = ({ socket }) => `${socket.getPeerCertificate().subject?.CN}, ${socket.getProtocol()}`;
  const verifyClient = ({ req }) => {
    shown.upgrades.push(nameOf(req));
    return true;
  };
  const demands = { requestCert: true, rejectUnauthorized: true, ca: clients().cert };
  const own = pairOf(servers().issue({ key: 'rsa' }));
  const server = await scriptedServer(t, { tls: { ...own, ...demands, ...tls }, ws: { verifyClient } });
  const respond = (request, response) => {
    shown.calls.push(nameOf(request));
    response.end(JSON.stringify(server.connectResponse()));
  };
  return { server, shown, respond, port: Number(server.host.split(':')[1]) };
}

/** The names that the server receives with the connect call and with the socket. */
async function namesFromBoth(t, demands, tls) {
  const { server, shown, respond } = await mutualTlsServer(t, demands);
  server.responses.push(respond);
  const rtm = clientOf(t, server, { ...ONCE, tls: { ca: servers().cert, ...tls } });
  const connected = new Promise((resolve, reject) => rtm.once('connected', resolve).once('error', reject));
  await rtm.start();
  await connected;
  return shown;
}

/** The names that the server receives if only the socket uses TLS. */
async function namesFromSocket(t, demands, tls) {
  const { server, shown } = await mutualTlsServer(t, demands);
  const api = await scriptedServer(t);
  api.responses.push(api.connectResponse({ url: server.socketUrl }));
  const rtm = clientOf(t, api, { ...ONCE, tls: { ca: servers().cert, ...tls } });
  const connected = new Promise((resolve, reject) => rtm.once('connected', resolve).once('error', reject));
  await rtm.start();
  await connected;
  return shown;
}

/**
 * Tests that the server receives the certificate, with the connect call and with the socket.
 * @param {string} name
 * @param {string} cn the common name in the certificate
 * @param {() => any} make the options `tls`
 * @param {{ demands?: any, version?: string, why?: string }} [options] `why`: what `@slack/rtm-api` does instead
 */
function testCertificate(name, cn, make, { demands = {}, version = 'TLSv1.3', why } = {}) {
  const expected = [`${cn}, ${version}`];
  better(UNREACHED, `is sent with the connect call and the socket: ${name}`, async (t) => {
    assert.deepEqual(await namesFromBoth(t, demands, make()), { calls: expected, upgrades: expected });
  });

  const either = why ? (...args) => better(why, ...args) : same;
  either(`is sent with the socket: ${name}`, async (t) => {
    assert.deepEqual(await namesFromSocket(t, demands, make()), { calls: [], upgrades: expected });
  });
}

// ── Certificate and key ─────────────────────────────────────────────────────────────────────────────────────────────

const MODERN = [
  'pkcs8',
  'pkcs8Encrypted',
  'pkcs8EncryptedAes128',
  'pkcs8EncryptedDes3',
  'pkcs8EncryptedScrypt',
  'pkcs8EncryptedPbes1',
];
const LEGACY = ['legacyEncrypted', 'legacyEncryptedAes128', 'legacyEncryptedDes3'];
const FORMS = {
  rsa: [...MODERN, 'pkcs1', ...LEGACY],
  'rsa-4096': ['pkcs8'],
  ec: [...MODERN, 'sec1', ...LEGACY],
  'ec-384': [...MODERN, 'sec1', ...LEGACY],
  ed25519: MODERN,
};

describe('a client certificate with each kind of key', { skip: missing }, () => {
  for (const [kind, forms] of Object.entries(FORMS)) {
    for (const form of forms) {
      testCertificate(`${kind}, ${form}`, `bot with ${kind}`, () => {
        const { key, cert } = issue(kind);
        const pem = encodings(key, SECRET)[form];
        assert.equal(/ENCRYPTED/.test(pem), /Encrypted/.test(form));
        return { key: pem, cert, ...(/Encrypted/.test(form) && { passphrase: SECRET }) };
      });
    }

    testCertificate(`${kind}, TLS 1.2`, `bot with ${kind}`, () => issue(kind), {
      demands: { maxVersion: 'TLSv1.2' },
      version: 'TLSv1.2',
    });
  }

  same('is tested with all encodings of each kind of key', () => {
    for (const kind of ['rsa', 'ec', 'ec-384', 'ed25519']) {
      assert.deepEqual(Object.keys(encodings(issue(kind).key, SECRET)).sort(), [...FORMS[kind]].sort());
    }
  });
});

const encrypted = (form = 'pkcs8Encrypted', passphrase = SECRET) => encodings(issue().key, passphrase)[form];

/** The forms of the options. All of them contain the certificate of `issue()`. */
const GIVEN = {
  strings: () => ({ key: issue().key, cert: issue().cert }),
  Buffers: () => ({ key: Buffer.from(issue().key), cert: Buffer.from(issue().cert) }),
  Uint8Arrays: () => ({
    key: new Uint8Array(Buffer.from(issue().key)),
    cert: new Uint8Array(Buffer.from(issue().cert)),
  }),
  'lists of strings': () => ({ key: [issue().key], cert: [issue().cert] }),
  'lists of Buffers': () => ({ key: [Buffer.from(issue().key)], cert: [Buffer.from(issue().cert)] }),
  pem: () => ({ key: [{ pem: issue().key }], cert: issue().cert }),
  'pem in a Buffer, with its passphrase': () => ({
    key: [{ pem: Buffer.from(encrypted()), passphrase: SECRET }],
    cert: issue().cert,
  }),
  'pem, with its passphrase': () => ({ key: [{ pem: encrypted(), passphrase: SECRET }], cert: issue().cert }),
  'pem, with its passphrase, in the legacy encryption': () => ({
    key: [{ pem: encrypted('legacyEncrypted'), passphrase: SECRET }],
    cert: issue().cert,
  }),
  'pem, with the common passphrase': () => ({ key: [{ pem: encrypted() }], cert: issue().cert, passphrase: SECRET }),
  'pem, with its passphrase and another common one': () => ({
    key: [{ pem: encrypted(), passphrase: SECRET }],
    cert: issue().cert,
    passphrase: 'another',
  }),
  'a Buffer, encrypted': () => ({ key: Buffer.from(encrypted()), cert: issue().cert, passphrase: SECRET }),
  'an unneeded passphrase': () => ({ key: issue().key, cert: issue().cert, passphrase: SECRET }),
  'a passphrase in Unicode': () => ({ key: encrypted(undefined, UTF8), cert: issue().cert, passphrase: UTF8 }),
  'a passphrase in Unicode, in the legacy encryption': () => ({
    key: encrypted('legacyEncrypted', UTF8),
    cert: issue().cert,
    passphrase: UTF8,
  }),
  'an emoji as passphrase': () => ({ key: encrypted(undefined, EMOJI), cert: issue().cert, passphrase: EMOJI }),
  'key and certificate in one PEM': () => {
    const pem = issue().key + issue().cert;
    return { key: pem, cert: pem };
  },
  'certificate and encrypted key in one PEM': () => {
    const pem = `# the bot's\n${issue().cert}\n${encrypted()}`;
    return { key: pem, cert: pem, passphrase: SECRET };
  },
  'Windows line endings': () => ({
    key: issue().key.replaceAll('\n', '\r\n'),
    cert: issue().cert.replaceAll('\n', '\r\n'),
  }),
  'without a final line ending': () => ({ key: issue().key.trimEnd(), cert: issue().cert.trimEnd() }),
  'followed by the root': () => ({ key: issue().key, cert: issue().cert + clients().cert }),
};

describe('a client certificate in each form of the options', { skip: missing }, () => {
  for (const [name, make] of Object.entries(GIVEN)) testCertificate(name, 'bot with ec', make);

  testCertificate(
    'pem without a list',
    'bot with ec',
    () => ({
      key: { pem: encrypted(), passphrase: SECRET },
      cert: issue().cert,
    }),
    { why: 'Node only accepts it in a list' },
  );
});

describe('a client certificate with a chain', { skip: missing }, () => {
  const viaMiddle = () => clients().intermediate('Middle of clients').issue({ cn: 'bot with a chain', client: true });
  const viaTwo = () =>
    clients().intermediate('Middle of clients').intermediate('Low').issue({ cn: 'bot with a chain', client: true });

  testCertificate('an intermediate', 'bot with a chain', () => ({ key: viaMiddle().key, cert: viaMiddle().fullChain }));
  testCertificate('two intermediates', 'bot with a chain', () => ({ key: viaTwo().key, cert: viaTwo().fullChain }));
  testCertificate('an intermediate that is in ca only', 'bot with a chain', () => ({
    key: viaMiddle().key,
    cert: viaMiddle().cert,
    ca: [servers().cert, viaMiddle().chain, clients().cert],
  }));
  testCertificate(
    'an intermediate, TLS 1.2',
    'bot with a chain',
    () => ({ key: viaMiddle().key, cert: viaMiddle().fullChain }),
    { demands: { maxVersion: 'TLSv1.2' }, version: 'TLSv1.2' },
  );
  testCertificate('PKCS#12 with an intermediate', 'bot with a chain', () => ({
    pfx: pkcs12({ ...viaMiddle(), passphrase: SECRET }),
    passphrase: SECRET,
  }));
  testCertificate('PKCS#12 with two intermediates and the root', 'bot with a chain', () => ({
    pfx: pkcs12({ ...viaTwo(), chain: viaTwo().chain + viaTwo().ca, passphrase: SECRET }),
    passphrase: SECRET,
  }));
});

// ── PKCS#12 ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const RC2 = 'Node only reads RC2 with the legacy provider';

describe('a client certificate in PKCS#12', { skip: missing }, () => {
  for (const [form, legacy] of Object.entries({ AES: false, 'RC2-40': true, '3DES': 'des3' })) {
    const why = legacy === true ? RC2 : undefined;
    const file = (passphrase) => pkcs12({ ...issue(), passphrase, legacy });
    const testForm = (name, make) => testCertificate(`${form}, ${name}`, 'bot with ec', make, { why });

    testForm('with a passphrase', () => ({ pfx: file(SECRET), passphrase: SECRET }));
    testForm('with a passphrase in Unicode', () => ({ pfx: file(UTF8), passphrase: UTF8 }));
    better('it accepts it', `is refused with an emoji as passphrase: ${form}`, () => {
      const options = { tls: { pfx: file(EMOJI), passphrase: EMOJI } };
      assert.throws(() => new RTMClient('xoxb-x', options), { name: 'TypeError', message: /^tls\.pfx: .*U\+FFFF/ });
    });
    testForm("with the passphrase ''", () => ({ pfx: file(''), passphrase: '' }));
    testForm('without a passphrase', () => ({ pfx: file('') }));
    testForm('as a Uint8Array', () => ({ pfx: new Uint8Array(file(SECRET)), passphrase: SECRET }));
    testForm('in a list', () => ({ pfx: [file(SECRET)], passphrase: SECRET }));
    testForm('with its own passphrase', () => ({ pfx: [{ buf: file(SECRET), passphrase: SECRET }] }));
    testForm('with its own passphrase and another common one', () => ({
      pfx: [{ buf: file(SECRET), passphrase: SECRET }],
      passphrase: 'another',
    }));
    testForm('as buf with the common passphrase', () => ({ pfx: [{ buf: file(SECRET) }], passphrase: SECRET }));
  }

  for (const kind of ['rsa', 'ec-384', 'ed25519']) {
    testCertificate(kind, `bot with ${kind}`, () => ({
      pfx: pkcs12({ ...issue(kind), passphrase: SECRET }),
      passphrase: SECRET,
    }));
  }

  for (const [name, ca] of Object.entries({
    'can contain a trusted root, like in Node': () => undefined,
    'can contain a trusted root in addition to ca, like in Node': () => authority('A stranger').cert,
  })) {
    const pfx = (chain) => pkcs12({ ...issue(), chain, passphrase: SECRET });
    const given = (chain) => ({ pfx: pfx(chain), passphrase: SECRET, ca: ca() });

    better(UNREACHED, name, async (t) => {
      const { port } = await mutualTlsServer(t);
      assert.equal(await nodesVerdict({ port, ...given(servers().cert) }), 'accepted');
      assert.notEqual(await nodesVerdict({ port, ...given('') }), 'accepted');
      const expected = ['bot with ec, TLSv1.3'];
      const shown = await namesFromBoth(t, {}, given(servers().cert));
      assert.deepEqual(shown, { calls: expected, upgrades: expected });
      await assert.rejects(namesFromBoth(t, {}, given('')), { code: 'slack_webapi_request_error' });
    });
  }
});

// ── Several certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('several client certificates', { skip: missing }, () => {
  const [ec, rsa] = [() => issue('ec'), () => issue('rsa')];
  const PAIRS = {
    'EC and RSA': () => ({ key: [ec().key, rsa().key], cert: [ec().cert, rsa().cert] }),
    'RSA and EC': () => ({ key: [rsa().key, ec().key], cert: [rsa().cert, ec().cert] }),
    'keys in another order': () => ({ key: [rsa().key, ec().key], cert: [ec().cert, rsa().cert] }),
    'two PKCS#12 files': () => ({
      pfx: [
        pkcs12({ ...ec(), passphrase: SECRET }),
        { buf: pkcs12({ ...rsa(), passphrase: 'its own' }), passphrase: 'its own' },
      ],
      passphrase: SECRET,
    }),
  };
  const ONLY_RSA = 'rsa_pss_rsae_sha256:RSA+SHA256';
  const ONLY_EC = 'ecdsa_secp256r1_sha256';
  for (const [name, make] of Object.entries(PAIRS)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      for (const [kind, sigalgs] of [
        ['rsa', ONLY_RSA],
        ['ec', ONLY_EC],
      ]) {
        better(UNREACHED, `the one that the server supports is sent (${kind}, ${maxVersion}): ${name}`, async (t) => {
          const demands = { ...pairOf(servers().issue({ key: kind })), maxVersion, sigalgs };
          const expected = [`bot with ${kind}, ${maxVersion}`];
          const shown = await namesFromBoth(t, demands, make());
          assert.deepEqual(shown, { calls: expected, upgrades: expected });
        });
      }
    }

    better(UNREACHED, `the same one as in Node is sent if the server supports both: ${name}`, async (t) => {
      const { server, shown, respond, port } = await mutualTlsServer(t);
      const tls = { ca: servers().cert, ...make() };
      server.responses.push(respond);
      assert.equal(await nodesVerdict({ port, ...tls }), 'accepted');
      assert.deepEqual(await namesFromBoth(t, {}, make()), { calls: shown.calls, upgrades: shown.calls });
    });
  }
});

// ── No certificate, or a refused one ───────────────────────────────────────────────────────────────────────────────────

const REFUSED = {
  missing: () => ({}),
  'of an unknown authority': () => pairOf(authority('A stranger').issue({ client: true })),
  'self-signed': () => pairOf(selfSigned({ cn: 'bot by itself' })),
  expired: () => issue('ec', { days: -1 }),
  'not valid yet': () => issue('ec', { notBefore: new Date('2040-01-01'), days: 30 }),
  'of a server': () => issue('ec', { client: false }),
  'without its intermediate': () => pairOf(clients().intermediate('Middle of clients').issue({ client: true })),
};

describe('a client certificate that the server refuses', { skip: missing }, () => {
  for (const [name, make] of Object.entries(REFUSED)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const tls = () => ({ ca: servers().cert, ...make() });

      better(UNREACHED, `makes the connect call fail with Node's code: ${name}, ${maxVersion}`, async (t) => {
        const { server, port } = await mutualTlsServer(t, { maxVersion });
        const expected = await nodesVerdict({ port, ...tls() });
        const rtm = clientOf(t, server, { ...ONCE, tls: tls() });
        const error = await rtm.start().catch((reason) => reason);
        assert.equal(error.code, 'slack_webapi_request_error');
        assert.ok(error.original instanceof Error);
        assert.equal(error.original.code, expected);
        assert.equal(server.calls.length, 0);
      });

      same(`makes the socket fail with Node's code: ${name}, ${maxVersion}`, async (t) => {
        const { server, port } = await mutualTlsServer(t, { maxVersion });
        const expected = await nodesVerdict({ port, ...tls() });
        const api = await scriptedServer(t);
        api.responses.push(api.connectResponse({ url: server.socketUrl }));
        const rtm = clientOf(t, api, { ...ONCE, tls: tls() });
        const failed = new Promise((resolve) => rtm.once('error', resolve).once('connected', () => resolve({})));
        await rtm.start();
        const error = await failed;
        assert.equal(error.code, ErrorCode.WebsocketError);
        assert.ok(error.original instanceof Error);
        assert.equal(error.original.code, expected);
        assert.equal(server.upgrades.length, 0);
      });
    }
  }

  better(UNREACHED, 'makes the connect call fail with the same code each time: missing, TLSv1.2', async (t) => {
    const { server, port } = await mutualTlsServer(t, { maxVersion: 'TLSv1.2' });
    const tls = { ca: servers().cert };
    const expected = await nodesVerdict({ port, ...tls });
    for (let n = 0; n < 150; n += 1) {
      const error = await clientOf(t, server, { ...ONCE, tls })
        .start()
        .catch((reason) => reason);
      assert.equal(error.original.code, expected, `attempt ${n}: ${error.message}`);
    }
  });

  same('is not sent if the server does not request it', async (t) => {
    const expected = { calls: [], upgrades: ['undefined, TLSv1.3'] };
    const demands = { requestCert: false, rejectUnauthorized: false };
    assert.deepEqual(await namesFromSocket(t, demands, issue()), expected);
  });
});
