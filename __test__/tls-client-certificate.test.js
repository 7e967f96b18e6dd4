// Servers that demand a certificate of the client: what `tls.cert`, `tls.key` and `tls.pfx` may be, and what comes of a
// certificate that the server does not take. Each is told by what the server was shown, or by what Node's https says.
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

/** Whom the client trusts. */
const servers = () => authority('Authority of servers');
/** Whom the server trusts. */
const clients = () => authority('Authority of clients');

const pairOf = ({ key, cert }) => ({ key, cert });
const issue = (kind = 'ec', options) =>
  pairOf(clients().issue({ cn: `bot with ${kind}`, client: true, key: kind, ...options }));

/** A server that takes clients of the authority only, and keeps the names in their certificates. */
async function demanding(t, tls) {
  const shown = { calls: [], upgrades: [] };
  const nameOf = ({ socket }) => `${socket.getPeerCertificate().subject?.CN}, ${socket.getProtocol()}`;
  const verifyClient = ({ req }) => {
    shown.upgrades.push(nameOf(req));
    return true;
  };
  const demands = { requestCert: true, rejectUnauthorized: true, ca: clients().cert };
  const own = pairOf(servers().issue({ key: 'rsa' }));
  const server = await scriptedServer(t, { tls: { ...own, ...demands, ...tls }, ws: { verifyClient } });
  const answer = (request, response) => {
    shown.calls.push(nameOf(request));
    response.end(JSON.stringify(server.answer()));
  };
  return { server, shown, answer, port: Number(server.host.split(':')[1]) };
}

/** A client's session, of which connect call and socket are encrypted, and what the server was shown in each. */
async function everywhere(t, demands, tls) {
  const { server, shown, answer } = await demanding(t, demands);
  server.answers.push(answer);
  const rtm = clientOf(t, server, { ...ONCE, tls: { ca: servers().cert, ...tls } });
  const connected = new Promise((resolve, reject) => rtm.once('connected', resolve).once('error', reject));
  await rtm.start();
  await connected;
  return shown;
}

/** The same, of which only the socket is encrypted. */
async function onSocket(t, demands, tls) {
  const { server, shown } = await demanding(t, demands);
  const api = await scriptedServer(t);
  api.answers.push(api.answer({ url: server.socketUrl }));
  const rtm = clientOf(t, api, { ...ONCE, tls: { ca: servers().cert, ...tls } });
  const connected = new Promise((resolve, reject) => rtm.once('connected', resolve).once('error', reject));
  await rtm.start();
  await connected;
  return shown;
}

/** The certificate is shown, in the connect call and to the socket. */
function isShown(name, cn, make, { demands = {}, version = 'TLSv1.3', notByPeer } = {}) {
  const expected = [`${cn}, ${version}`];
  better(UNREACHED, `${name}: connect call and socket`, async (t) => {
    assert.deepEqual(await everywhere(t, demands, make()), { calls: expected, upgrades: expected });
  });

  const either = notByPeer ? (...args) => better(notByPeer, ...args) : same;
  either(`${name}: socket`, async (t) => {
    assert.deepEqual(await onSocket(t, demands, make()), { calls: [], upgrades: expected });
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

describe('a client certificate: kinds of keys', { skip: missing }, () => {
  for (const [kind, forms] of Object.entries(FORMS)) {
    for (const form of forms) {
      isShown(`${kind}, ${form}`, `bot with ${kind}`, () => {
        const { key, cert } = issue(kind);
        const pem = encodings(key, SECRET)[form];
        assert.equal(/ENCRYPTED/.test(pem), /Encrypted/.test(form));
        return { key: pem, cert, ...(/Encrypted/.test(form) && { passphrase: SECRET }) };
      });
    }

    isShown(`${kind}, TLS 1.2`, `bot with ${kind}`, () => issue(kind), {
      demands: { maxVersion: 'TLSv1.2' },
      version: 'TLSv1.2',
    });
  }

  same('no form of a key is left out here', () => {
    for (const kind of ['rsa', 'ec', 'ec-384', 'ed25519']) {
      assert.deepEqual(Object.keys(encodings(issue(kind).key, SECRET)).sort(), [...FORMS[kind]].sort());
    }
  });
});

const encrypted = (form = 'pkcs8Encrypted', passphrase = SECRET) => encodings(issue().key, passphrase)[form];

/** How the material can be given. All of it is the certificate of `issue()`. */
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
  'pem, with its passphrase, the old way': () => ({
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
  'a passphrase that is not needed': () => ({ key: issue().key, cert: issue().cert, passphrase: SECRET }),
  'a passphrase of other letters': () => ({ key: encrypted(undefined, UTF8), cert: issue().cert, passphrase: UTF8 }),
  'a passphrase of other letters, the old way': () => ({
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
  'Windows line ends': () => ({
    key: issue().key.replaceAll('\n', '\r\n'),
    cert: issue().cert.replaceAll('\n', '\r\n'),
  }),
  'without a final line end': () => ({ key: issue().key.trimEnd(), cert: issue().cert.trimEnd() }),
  'with the root behind it': () => ({ key: issue().key, cert: issue().cert + clients().cert }),
};

describe('a client certificate: how it is given', { skip: missing }, () => {
  for (const [name, make] of Object.entries(GIVEN)) isShown(name, 'bot with ec', make);

  isShown(
    'pem without a list',
    'bot with ec',
    () => ({
      key: { pem: encrypted(), passphrase: SECRET },
      cert: issue().cert,
    }),
    { notByPeer: 'Node takes it in a list only' },
  );
});

describe('a client certificate: chains', { skip: missing }, () => {
  const viaMiddle = () => clients().intermediate('Middle of clients').issue({ cn: 'bot behind others', client: true });
  const viaTwo = () =>
    clients().intermediate('Middle of clients').intermediate('Low').issue({ cn: 'bot behind others', client: true });

  isShown('an intermediate', 'bot behind others', () => ({ key: viaMiddle().key, cert: viaMiddle().fullChain }));
  isShown('two intermediates', 'bot behind others', () => ({ key: viaTwo().key, cert: viaTwo().fullChain }));
  isShown('an intermediate that is in ca only', 'bot behind others', () => ({
    key: viaMiddle().key,
    cert: viaMiddle().cert,
    ca: [servers().cert, viaMiddle().chain, clients().cert],
  }));
  isShown(
    'an intermediate, TLS 1.2',
    'bot behind others',
    () => ({ key: viaMiddle().key, cert: viaMiddle().fullChain }),
    { demands: { maxVersion: 'TLSv1.2' }, version: 'TLSv1.2' },
  );
  isShown('PKCS#12 with an intermediate', 'bot behind others', () => ({
    pfx: pkcs12({ ...viaMiddle(), passphrase: SECRET }),
    passphrase: SECRET,
  }));
  isShown('PKCS#12 with two intermediates and the root', 'bot behind others', () => ({
    pfx: pkcs12({ ...viaTwo(), chain: viaTwo().chain + viaTwo().ca, passphrase: SECRET }),
    passphrase: SECRET,
  }));
});

// ── PKCS#12 ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const RC2 = 'this Node reads RC2 with its legacy provider only';

describe('a client certificate: PKCS#12', { skip: missing }, () => {
  for (const [form, legacy] of Object.entries({ 'as of today': false, 'RC2-40': true, '3DES': 'des3' })) {
    const notByPeer = legacy === true ? RC2 : undefined;
    const file = (passphrase) => pkcs12({ ...issue(), passphrase, legacy });
    const isTaken = (name, make) => isShown(`${form}, ${name}`, 'bot with ec', make, { notByPeer });

    isTaken('with a passphrase', () => ({ pfx: file(SECRET), passphrase: SECRET }));
    isTaken('with a passphrase of other letters', () => ({ pfx: file(UTF8), passphrase: UTF8 }));
    better('it takes it', `${form}, with an emoji as passphrase: refused, and said so`, () => {
      const options = { tls: { pfx: file(EMOJI), passphrase: EMOJI } };
      assert.throws(() => new RTMClient('xoxb-x', options), { name: 'TypeError', message: /^tls\.pfx: .*U\+FFFF/ });
    });
    isTaken("with the passphrase ''", () => ({ pfx: file(''), passphrase: '' }));
    isTaken('with none', () => ({ pfx: file('') }));
    isTaken('as a Uint8Array', () => ({ pfx: new Uint8Array(file(SECRET)), passphrase: SECRET }));
    isTaken('in a list', () => ({ pfx: [file(SECRET)], passphrase: SECRET }));
    isTaken('with its own passphrase', () => ({ pfx: [{ buf: file(SECRET), passphrase: SECRET }] }));
    isTaken('with its own passphrase and another common one', () => ({
      pfx: [{ buf: file(SECRET), passphrase: SECRET }],
      passphrase: 'another',
    }));
    isTaken('as buf with the common passphrase', () => ({ pfx: [{ buf: file(SECRET) }], passphrase: SECRET }));
  }

  for (const kind of ['rsa', 'ec-384', 'ed25519']) {
    isShown(kind, `bot with ${kind}`, () => ({
      pfx: pkcs12({ ...issue(kind), passphrase: SECRET }),
      passphrase: SECRET,
    }));
  }

  for (const [name, ca] of Object.entries({
    'a root in it is trusted, as in Node': () => undefined,
    'a root in it is trusted beside ca, as in Node': () => authority('A stranger').cert,
  })) {
    const pfx = (chain) => pkcs12({ ...issue(), chain, passphrase: SECRET });
    const given = (chain) => ({ pfx: pfx(chain), passphrase: SECRET, ca: ca() });

    better(UNREACHED, name, async (t) => {
      const { port } = await demanding(t);
      assert.equal(await nodesVerdict({ port, ...given(servers().cert) }), 'accepted');
      assert.notEqual(await nodesVerdict({ port, ...given('') }), 'accepted');
      const expected = ['bot with ec, TLSv1.3'];
      const shown = await everywhere(t, {}, given(servers().cert));
      assert.deepEqual(shown, { calls: expected, upgrades: expected });
      await assert.rejects(everywhere(t, {}, given('')), { code: 'slack_webapi_request_error' });
    });
  }
});

// ── Several ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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
        better(UNREACHED, `${name}: the one that the server can check (${kind}, ${maxVersion})`, async (t) => {
          const demands = { ...pairOf(servers().issue({ key: kind })), maxVersion, sigalgs };
          const expected = [`bot with ${kind}, ${maxVersion}`];
          const shown = await everywhere(t, demands, make());
          assert.deepEqual(shown, { calls: expected, upgrades: expected });
        });
      }
    }

    better(UNREACHED, `${name}: where the server can check both, the same as Node's`, async (t) => {
      const { server, shown, answer, port } = await demanding(t);
      const tls = { ca: servers().cert, ...make() };
      server.answers.push(answer);
      assert.equal(await nodesVerdict({ port, ...tls }), 'accepted');
      assert.deepEqual(await everywhere(t, {}, make()), { calls: shown.calls, upgrades: shown.calls });
    });
  }
});

// ── None, or one that will not do ───────────────────────────────────────────────────────────────────────────────────

const REFUSED = {
  none: () => ({}),
  'of an unknown authority': () => pairOf(authority('A stranger').issue({ client: true })),
  'self-signed': () => pairOf(selfSigned({ cn: 'bot by itself' })),
  expired: () => issue('ec', { days: -1 }),
  'not valid yet': () => issue('ec', { notBefore: new Date('2040-01-01'), days: 30 }),
  "a server's": () => issue('ec', { client: false }),
  'without its intermediate': () => pairOf(clients().intermediate('Middle of clients').issue({ client: true })),
};

describe('a client certificate that will not do', { skip: missing }, () => {
  for (const [name, make] of Object.entries(REFUSED)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const tls = () => ({ ca: servers().cert, ...make() });

      better(UNREACHED, `${name}, ${maxVersion}: the connect call fails as in Node`, async (t) => {
        const { server, port } = await demanding(t, { maxVersion });
        const expected = await nodesVerdict({ port, ...tls() });
        const rtm = clientOf(t, server, { ...ONCE, tls: tls() });
        const error = await rtm.start().catch((reason) => reason);
        assert.equal(error.code, 'slack_webapi_request_error');
        assert.ok(error.original instanceof Error);
        assert.equal(error.original.code, expected);
        assert.equal(server.calls.length, 0);
      });

      same(`${name}, ${maxVersion}: the socket fails as in Node`, async (t) => {
        const { server, port } = await demanding(t, { maxVersion });
        const expected = await nodesVerdict({ port, ...tls() });
        const api = await scriptedServer(t);
        api.answers.push(api.answer({ url: server.socketUrl }));
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

  better(UNREACHED, 'none, TLSv1.2, however fast the server hangs up: the code is always the same', async (t) => {
    const { server, port } = await demanding(t, { maxVersion: 'TLSv1.2' });
    const tls = { ca: servers().cert };
    const expected = await nodesVerdict({ port, ...tls });
    for (let n = 0; n < 150; n += 1) {
      const error = await clientOf(t, server, { ...ONCE, tls })
        .start()
        .catch((reason) => reason);
      assert.equal(error.original.code, expected, `attempt ${n}: ${error.message}`);
    }
  });

  same('one that nobody asks for does no harm', async (t) => {
    const expected = { calls: [], upgrades: ['undefined, TLSv1.3'] };
    const demands = { requestCert: false, rejectUnauthorized: false };
    assert.deepEqual(await onSocket(t, demands, issue()), expected);
  });
});
