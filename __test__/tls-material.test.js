// Certificates and keys in all forms that Node accepts: how lib/tls.js reads them, which it refuses, and which roots it trusts
// by default. This is a unit test, because a handshake shows neither the key that was read from a PEM nor a secret that an
// error might contain.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const { X509Certificate, createPrivateKey } = require('node:crypto');
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { delimiter, join } = require('node:path');
const { after, before, describe } = require('node:test');
const tls = require('node:tls');
const { inspect } = require('node:util');
const { defaultRoots, readTls, rejectsUnauthorized } = require('../lib/tls.js');
const { better, isSlackRtmApi } = require('./support/client.js');

const OURS = 'this is a unit test of our code';
const hasOpenssl = !isSlackRtmApi && spawnSync('openssl', ['version']).status === 0;
const skip = !hasOpenssl && (isSlackRtmApi ? `@slack/rtm-api: ${OURS}` : 'openssl is not installed');
const PASSPHRASE = 'pass-phrase-1';
const NONE = { ca: null, certs: [], keys: [], pfx: [], verify: true };

/** The arguments of `openssl genpkey` for each type of key. */
const TYPES = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-algorithm', 'ED25519'],
};

/**
 * Makes keys and certificates in all their forms with openssl.
 * @param {string} folder
 */
function material(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const read = (name) => readFileSync(join(folder, name), 'utf8');
  const converted = (...args) => openssl(...args).toString();
  const made = {};
  for (const [type, args] of Object.entries(TYPES)) {
    openssl('genpkey', ...args, '-out', `${type}.key`);
    openssl('req', '-x509', '-key', `${type}.key`, '-out', `${type}.pem`, '-days', '2', '-subj', `/CN=${type}`);
    const pkcs8 = ['pkcs8', '-topk8', '-in', `${type}.key`, '-passout', `pass:${PASSPHRASE}`];
    made[type] = { plain: read(`${type}.key`), cert: read(`${type}.pem`), encrypted: converted(...pkcs8) };
  }
  const legacy = ['-traditional', '-aes256', '-passout', `pass:${PASSPHRASE}`];
  made.rsa.traditional = converted('rsa', '-in', 'rsa.key', '-traditional');
  made.rsa.legacy = converted('rsa', '-in', 'rsa.key', ...legacy);
  for (const type of ['p256', 'p384']) {
    made[type].traditional = converted('ec', '-in', `${type}.key`);
    made[type].parameters = converted('ecparam', '-name', { p256: 'prime256v1', p384: 'secp384r1' }[type]);
    made[type].legacy = converted('pkey', '-in', `${type}.key`, ...legacy);
  }
  const pfx = (...args) => openssl('pkcs12', '-export', '-inkey', 'p256.key', '-in', 'p256.pem', ...args);
  made.pfx = pfx('-passout', `pass:${PASSPHRASE}`);
  made.openPfx = pfx('-passout', 'pass:');
  return made;
}

/** The PKCS#8 DER of a PEM. */
const der = (pem) => createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });

/** The subjects of all certificates in PEMs. */
const subjects = (pems) =>
  pems.map((pem) =>
    pem
      .toString()
      .match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n/g)
      .map((one) => new X509Certificate(one).subject),
  );

/**
 * Asserts that the options are refused with a TypeError that has this message and shows no secret.
 * @param {unknown} given
 * @param {RegExp} pattern
 * @param {string} [prefix]
 */
function assertRefused(given, pattern, prefix) {
  assert.throws(
    () => readTls(given, prefix),
    (error) => {
      assert.ok(error instanceof TypeError, inspect(error));
      assert.match(error.message, pattern);
      const shown = inspect(error, { depth: 5, showHidden: true });
      assert.doesNotMatch(shown, /BEGIN|pass-phrase|wrong-phrase|MII/, 'no secret is shown');
      return true;
    },
  );
}

describe('TLS material', { skip }, () => {
  /** @type {any} */
  let made;
  let folder;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tls-material-'));
    made = material(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  better(OURS, 'can be left out', () => {
    for (const given of [undefined, null, {}, { other: 1 }, { ca: null, cert: null, key: null, pfx: null }]) {
      assert.deepEqual(readTls(given), NONE);
    }
    assert.deepEqual(readTls({ passphrase: PASSPHRASE }), NONE);
  });

  better(OURS, 'turns the verification off only with rejectUnauthorized false', () => {
    for (const value of [undefined, null, true, 0]) assert.equal(readTls({ rejectUnauthorized: value }).verify, true);
    assert.equal(readTls({ rejectUnauthorized: false }).verify, false);
  });

  for (const [form, make] of Object.entries({
    'a string': (pem) => pem,
    'a Buffer': (pem) => Buffer.from(pem),
    'a Uint8Array': (pem) => new Uint8Array(Buffer.from(pem)),
    'a view of a part of a buffer': (pem) => new DataView(new Uint8Array(Buffer.from(`--${pem}`)).buffer, 2),
    'a list': (pem) => [Buffer.from(pem)],
  })) {
    better(OURS, `is read from ca, cert and key as ${form}`, () => {
      const { ca, certs, keys } = readTls({
        ca: make(made.rsa.cert),
        cert: make(made.p256.cert),
        key: make(made.p256.plain),
      });
      assert.deepEqual(subjects(ca), [['CN=rsa']]);
      assert.deepEqual(subjects(certs), [['CN=p256']]);
      assert.deepEqual(keys, [der(made.p256.plain)]);
    });
  }

  better(OURS, 'can have several certificates in one PEM, which stay in order without other text', () => {
    const { rsa, p256, p384 } = made;
    const pem = `# a comment\r\n${p256.plain}${p256.cert.replaceAll('\n', '\r\n')}\n${rsa.cert}`;
    const { ca, certs } = readTls({ ca: [pem, p384.cert], cert: pem, key: pem });
    assert.deepEqual(subjects(ca), [['CN=p256', 'CN=rsa'], ['CN=p384']]);
    assert.deepEqual(subjects(certs), [['CN=p256', 'CN=rsa']]);
    assert.doesNotMatch(`${ca}${certs}`, /KEY|comment/);
  });

  better(OURS, "can be a certificate with OpenSSL's trust settings", () => {
    const trusted = execFileSync('openssl', ['x509', '-in', 'rsa.pem', '-trustout', '-addtrust', 'serverAuth'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.match(trusted, /BEGIN TRUSTED CERTIFICATE/);
    assert.deepEqual(subjects(readTls({ ca: trusted }).ca), [['CN=rsa']]);
  });

  for (const [form, make] of Object.entries({
    'RSA, PKCS#8': () => [made.rsa.plain, 'rsa'],
    'RSA, PKCS#1': () => [made.rsa.traditional, 'rsa'],
    'P-256, PKCS#8': () => [made.p256.plain, 'p256'],
    'P-256, SEC1': () => [made.p256.traditional, 'p256'],
    'P-256, SEC1, after EC PARAMETERS': () => [made.p256.parameters + made.p256.traditional, 'p256'],
    'P-384, PKCS#8': () => [made.p384.plain, 'p384'],
    'P-384, SEC1': () => [made.p384.traditional, 'p384'],
    'P-384, SEC1, after EC PARAMETERS': () => [made.p384.parameters + made.p384.traditional, 'p384'],
    Ed25519: () => [made.ed25519.plain, 'ed25519'],
    'with its certificate': () => [made.rsa.cert + made.rsa.traditional, 'rsa'],
  })) {
    better(OURS, `is read from a key: ${form}`, () => {
      const [pem, type] = make();
      const { keys } = readTls({ key: pem, cert: made[type].cert, passphrase: 'not needed' });
      assert.deepEqual(keys, [der(made[type].plain)]);
    });
  }

  for (const [type, form] of [
    ...Object.keys(TYPES).map((type) => [type, 'encrypted']),
    ...['rsa', 'p256', 'p384'].map((type) => [type, 'legacy']),
  ]) {
    const name = `${type}${form === 'legacy' ? ', in the legacy encryption' : ''}`;
    better(OURS, `is read from an encrypted key: ${name}`, () => {
      const [pem, keys] = [made[type][form], [der(made[type].plain)]];
      assert.match(pem, form === 'legacy' ? /Proc-Type: 4,ENCRYPTED/ : /BEGIN ENCRYPTED/);
      assert.deepEqual(readTls({ key: pem, passphrase: PASSPHRASE }).keys, keys);
      assert.deepEqual(readTls({ key: [{ pem, passphrase: PASSPHRASE }] }).keys, keys);
      assert.deepEqual(readTls({ key: [{ pem: Buffer.from(pem) }], passphrase: PASSPHRASE }).keys, keys);
      assert.deepEqual(readTls({ key: { pem, passphrase: PASSPHRASE }, passphrase: 'wrong-phrase' }).keys, keys);
    });

    better(OURS, `is refused if the passphrase of an encrypted key is missing, wrong or not a string: ${name}`, () => {
      const key = made[type][form];
      assertRefused({ key }, /^tls\.key is encrypted: pass its passphrase as tls\.passphrase$/);
      assertRefused({ key: [{ pem: key }] }, /^tls\.key is encrypted/);
      assertRefused({ key, passphrase: 'wrong-phrase' }, /^tls\.key cannot be decrypted: tls\.passphrase must be/);
      assertRefused({ key, passphrase: '' }, /^tls\.key cannot be decrypted/);
      assertRefused({ key, passphrase: 5 }, /^tls\.passphrase must be a string, but is of type number$/);
      assertRefused({ key: [{ pem: key, passphrase: 5 }] }, /^tls\.key\.passphrase must be a string/);
    });
  }

  better(OURS, 'can have several keys, in one PEM and in a list', () => {
    const { rsa, p256, ed25519 } = made;
    const { keys, certs } = readTls({
      key: [`${rsa.plain}${p256.legacy}`, { pem: ed25519.encrypted, passphrase: PASSPHRASE }],
      cert: [rsa.cert, p256.cert],
      passphrase: PASSPHRASE,
    });
    assert.deepEqual(
      keys,
      [rsa, p256, ed25519].map(({ plain }) => der(plain)),
    );
    assert.deepEqual(subjects(certs), [['CN=rsa'], ['CN=p256']]);
  });

  better(OURS, 'is refused if it has no certificate or key, or an invalid one', () => {
    const { rsa, p256 } = made;
    const broken = (pem) => pem.replace(/\n[^]{100}/, '\nMIIB');
    for (const option of ['ca', 'cert']) {
      const starts = (text) => new RegExp(`^tls\\.${option} ${text}`);
      assertRefused({ [option]: '' }, starts('contains no certificate'));
      assertRefused(
        { [option]: './ca.pem' },
        starts('contains no certificate: pass the text of a PEM file, not its name'),
      );
      assertRefused({ [option]: rsa.plain }, starts('contains no certificate'));
      assertRefused({ [option]: [rsa.cert, Buffer.from('x')] }, starts('contains no certificate'));
      assertRefused({ [option]: broken(rsa.cert) }, starts('contains a certificate that cannot be read'));
      assertRefused({ [option]: [] }, starts('must not be an empty list'));
    }
    assertRefused({ key: '' }, /^tls\.key contains no private key/);
    assertRefused({ key: rsa.cert }, /^tls\.key contains no private key/);
    assertRefused({ key: broken(rsa.plain) }, /^tls\.key contains a private key that cannot be read/);
    assertRefused({ key: broken(rsa.traditional) }, /^tls\.key contains a private key that cannot be read/);
    assertRefused({ key: [] }, /^tls\.key must not be an empty list/);
    assertRefused({ key: p256.plain, cert: rsa.cert }, /^tls\.key does not belong to tls\.cert/);
    assertRefused({ key: rsa.plain, cert: rsa.cert, ca: 'x' }, /^agent\.ca contains no certificate/, 'agent');
    assertRefused(
      { key: rsa.encrypted },
      /^agent\.key is encrypted: pass its passphrase as agent\.passphrase/,
      'agent',
    );
  });

  better(OURS, 'is refused if it has the wrong type', () => {
    for (const option of ['ca', 'cert', 'key', 'pfx']) {
      for (const [value, shown] of [
        [5, '5'],
        [true, 'true'],
        [[null], 'null'],
        [{}, 'an object'],
      ]) {
        assertRefused(
          { [option]: value },
          new RegExp(`^tls\\.${option} must be a string, a Buffer, .* but contains ${shown}$`),
        );
      }
    }
    assertRefused(5, /^tls must be an object, but is 5$/);
    assertRefused('x', /^tls must be an object, but is "x"$/);
  });

  better(OURS, 'is read from pfx with and without a passphrase', () => {
    const data = made.pfx;
    const expected = [{ data, passphrase: PASSPHRASE }];
    assert.deepEqual(readTls({ pfx: data, passphrase: PASSPHRASE }).pfx, expected);
    assert.deepEqual(readTls({ pfx: [new Uint8Array(data)], passphrase: PASSPHRASE }).pfx, expected);
    assert.deepEqual(readTls({ pfx: [{ buf: data, passphrase: PASSPHRASE }], passphrase: 'x' }).pfx, expected);
    assert.deepEqual(readTls({ pfx: { buf: data }, passphrase: PASSPHRASE }).pfx, expected);
    assert.deepEqual(readTls({ pfx: made.openPfx }).pfx, [{ data: made.openPfx, passphrase: null }]);
  });

  better(OURS, 'is refused if pfx is invalid', () => {
    assertRefused({ pfx: made.pfx }, /^tls\.pfx is encrypted: pass its passphrase as tls\.passphrase$/);
    assertRefused(
      { pfx: made.pfx, passphrase: 'wrong-phrase' },
      /^tls\.pfx cannot be decrypted: tls\.passphrase must be/,
    );
    assertRefused({ pfx: made.pfx, passphrase: 5 }, /^tls\.passphrase must be a string/);
    assertRefused({ pfx: 'x' }, /^tls\.pfx is not a usable PKCS#12 file/);
    assertRefused({ pfx: made.pfx.subarray(0, 100), passphrase: PASSPHRASE }, /^tls\.pfx is not a usable PKCS#12 file/);
    assertRefused({ pfx: made.p256.cert }, /^tls\.pfx is not a usable PKCS#12 file/);
  });

  // ── The default roots ───────────────────────────────────────────────────────────────────────────────────────────

  /** The subjects of the roots that a process with these options and variables trusts. */
  function trusted(execArgv, env) {
    const script = `
      const { X509Certificate } = require('node:crypto');
      const { defaultRoots } = require(${JSON.stringify(require.resolve('../lib/tls.js'))});
      process.env.NODE_EXTRA_CA_CERTS = 'changed too late';
      console.log(JSON.stringify(defaultRoots().map((pem) => new X509Certificate(pem).subject)));`;
    return JSON.parse(spawnSync(process.execPath, [...execArgv, '-e', script], { env, encoding: 'utf8' }).stdout);
  }

  better(OURS, 'uses the roots of this Node by default', () => {
    const roots = defaultRoots();
    assert.ok(roots.length > 50);
    for (const pem of roots) assert.match(pem, /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----\n/);
    assert.equal(trusted(['--use-bundled-ca'], {}).length, tls.rootCertificates.length);
  });

  better(OURS, 'adds the roots in NODE_EXTRA_CA_CERTS', () => {
    const usual = trusted([], {});
    const file = join(folder, 'extra.pem');
    writeFileSync(file, `# ours\n${made.rsa.cert}\n${made.p256.cert}`);
    const found = trusted([], { NODE_EXTRA_CA_CERTS: file });
    assert.deepEqual(
      found.filter((subject) => !usual.includes(subject)),
      ['CN=rsa', 'CN=p256'],
    );
    assert.equal(found.length, usual.length + 2);
  });

  better(OURS, 'ignores a NODE_EXTRA_CA_CERTS that cannot be read', () => {
    const usual = trusted([], {});
    assert.deepEqual(trusted([], { NODE_EXTRA_CA_CERTS: join(folder, 'none.pem') }), usual);
  });

  better(OURS, 'uses the roots of OpenSSL instead with --use-openssl-ca', () => {
    const directory = join(folder, 'certs');
    mkdirSync(directory);
    const hash = execFileSync('openssl', ['x509', '-in', 'p384.pem', '-noout', '-hash'], { cwd: folder });
    writeFileSync(join(directory, `${String(hash).trim()}.0`), made.p384.cert);
    writeFileSync(join(directory, 'not-hashed.pem'), made.ed25519.cert);
    const env = { SSL_CERT_FILE: join(folder, 'rsa.pem'), SSL_CERT_DIR: ['/none', directory].join(delimiter) };
    const extra = join(folder, 'p256.pem');
    assert.deepEqual(trusted(['--use-openssl-ca'], env), ['CN=rsa', 'CN=p384']);
    assert.deepEqual(trusted([], { ...env, NODE_OPTIONS: '--no-warnings --use-openssl-ca' }), ['CN=rsa', 'CN=p384']);
    const all = trusted(['--use-openssl-ca'], { ...env, NODE_EXTRA_CA_CERTS: extra });
    assert.deepEqual(all.sort(), ['CN=p256', 'CN=p384', 'CN=rsa']);
    assert.ok(trusted(['--use-bundled-ca'], env).length > 50);
    const none = { SSL_CERT_FILE: '/none', SSL_CERT_DIR: '/none' };
    assert.deepEqual(trusted(['--use-openssl-ca'], none), []);
  });

  better(OURS, 'reads NODE_TLS_REJECT_UNAUTHORIZED each time', (t) => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    t.after(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    });
    for (const [value, expected] of [
      ['0', false],
      ['1', true],
      ['', true],
    ]) {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = value;
      assert.equal(rejectsUnauthorized(), expected);
    }
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    assert.equal(rejectsUnauthorized(), true);
  });
});
