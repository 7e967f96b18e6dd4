// Invalid certificates and keys: the constructor throws an error that names the option and shows no secret.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { RTMClient, better, recordingLogger } = require('./support/client.js');
const { authority, encodings, missing, pkcs12, selfSigned } = require('./support/certificates.js');

const LATER = 'it fails at the first connection, or not at all';
const TOKEN = 'xoxb-token-of-the-test';
const SECRET = 'passphrase-of-the-test';
const WRONG = 'another-passphrase';

const issue = (key = 'ec') => {
  const { key: pem, cert } = authority('Authority of clients').issue({ cn: 'bot', client: true, key });
  return { key: pem, cert };
};
const encrypted = (form, kind) => encodings(issue(kind).key, SECRET)[form];
/** The first half of a text. */
const truncated = (text) => text.slice(0, text.length / 2);
/** The PEM with wrong bytes in the middle. */
const broken = (pem) => pem.replace(/\n[^-\n]+\n-----END/, '\nAAAA\n-----END');
const file = (options) => pkcs12({ ...issue(), passphrase: SECRET, ...options });

/** The options, and the names in the error. */
const REFUSED = {
  'a key with a wrong passphrase': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: WRONG }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key without its passphrase': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted') }),
    /tls\.key.*tls\.passphrase/,
  ],
  "a key with the passphrase ''": [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: '' }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key with its passphrase in upper case': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: SECRET.toUpperCase() }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key in the legacy encryption with a wrong passphrase': [
    () => ({ ...issue('rsa'), key: encrypted('legacyEncrypted', 'rsa'), passphrase: WRONG }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key in the legacy encryption without its passphrase': [
    () => ({ ...issue('rsa'), key: encrypted('legacyEncrypted', 'rsa') }),
    /tls\.key.*tls\.passphrase/,
  ],
  'pem with a wrong passphrase': [
    () => ({ ...issue(), key: [{ pem: encrypted('pkcs8Encrypted'), passphrase: WRONG }], passphrase: SECRET }),
    /tls\.key.*passphrase/,
  ],
  'a passphrase that is a Buffer': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: Buffer.from(SECRET) }),
    /tls\.passphrase/,
  ],
  'a truncated key': [() => ({ ...issue(), key: truncated(issue().key) }), /tls\.key/],
  'a broken key': [() => ({ ...issue('rsa'), key: broken(issue('rsa').key) }), /tls\.key/],
  'a broken encrypted key': [
    () => ({ ...issue('rsa'), key: broken(encrypted('pkcs8Encrypted', 'rsa')), passphrase: SECRET }),
    /tls\.key/,
  ],
  'a key without BEGIN and END': [
    () => ({ ...issue(), key: issue().key.replaceAll(/-----.*-----\n/g, '') }),
    /tls\.key/,
  ],
  'a key in DER': [
    () => ({ ...issue(), key: Buffer.from(issue().key.replaceAll(/-----.*-----\n/g, ''), 'base64') }),
    /tls\.key/,
  ],
  'a certificate as key': [() => ({ cert: issue().cert, key: issue().cert }), /tls\.key/],
  'an empty key': [() => ({ ...issue(), key: '' }), /tls\.key/],
  'a key of another certificate': [() => ({ cert: issue().cert, key: issue('rsa').key }), /tls\.(key|cert)/],
  'a key of the same kind, of another certificate': [
    () => ({ cert: issue().cert, key: selfSigned().key }),
    /tls\.(key|cert)/,
  ],
  'a certificate without a key': [() => ({ cert: issue().cert }), /tls\.cert/],
  'a key without a certificate': [() => ({ key: issue().key }), /tls\.key/],
  'a truncated certificate': [() => ({ ...issue(), cert: truncated(issue().cert) }), /tls\.cert/],
  'a broken certificate': [() => ({ ...issue(), cert: broken(issue().cert) }), /tls\.cert/],
  'a key as certificate': [() => ({ cert: issue().key, key: issue().key }), /tls\.cert/],
  'a good certificate followed by a broken one': [
    () => ({ ...issue(), cert: issue().cert + broken(selfSigned().cert) }),
    /tls\.cert/,
  ],
  'a truncated ca': [() => ({ ca: truncated(selfSigned().cert) }), /tls\.ca/],
  'a broken ca': [() => ({ ca: broken(selfSigned().cert) }), /tls\.ca/],
  'a list in ca with a broken one': [() => ({ ca: [selfSigned().cert, broken(selfSigned().cert)] }), /tls\.ca/],
  'a key as ca': [() => ({ ca: issue().key }), /tls\.ca/],
  'PKCS#12 with a wrong passphrase': [() => ({ pfx: file(), passphrase: WRONG }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12 without its passphrase': [() => ({ pfx: file() }), /tls\.pfx.*tls\.passphrase/],
  "PKCS#12 with the passphrase ''": [() => ({ pfx: file(), passphrase: '' }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12 with a wrong passphrase of its own': [
    () => ({ pfx: [{ buf: file(), passphrase: WRONG }], passphrase: SECRET }),
    /tls\.pfx.*passphrase/,
  ],
  'two PKCS#12 files with one wrong passphrase': [
    () => ({ pfx: [file(), file({ passphrase: WRONG })], passphrase: SECRET }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12 in RC2 with a wrong passphrase': [
    () => ({ pfx: file({ legacy: true }), passphrase: WRONG }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12 in RC2 without its passphrase': [() => ({ pfx: file({ legacy: true }) }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12 in 3DES with a wrong passphrase': [
    () => ({ pfx: file({ legacy: 'des3' }), passphrase: WRONG }),
    /tls\.pfx.*passphrase/,
  ],
  'a truncated PKCS#12': [() => ({ pfx: truncated(file()), passphrase: SECRET }), /tls\.pfx/],
  'an empty PKCS#12': [() => ({ pfx: Buffer.alloc(0), passphrase: SECRET }), /tls\.pfx/],
  'PEM as pfx': [() => ({ pfx: Buffer.from(issue().key + issue().cert) }), /tls\.pfx/],
  ...Object.fromEntries(
    ['ec-521', 'rsa-1024', 'rsa-pss'].flatMap((kind) => [
      [`a key of an unsupported kind: ${kind}`, [() => issue(kind), /tls\.key.*P-256/]],
      [
        `PKCS#12 with a key of an unsupported kind: ${kind}`,
        [() => ({ pfx: pkcs12({ ...issue(kind), passphrase: SECRET }), passphrase: SECRET }), /tls\.pfx/],
      ],
    ]),
  ),
};

/** The secrets in the options that no error may show: passphrases, and lines of keys. */
function secretsIn(given) {
  const texts = [TOKEN, SECRET, WRONG, SECRET.toUpperCase()];
  for (const value of [given.key, given.key?.[0]?.pem, given.cert, given.ca].flat()) {
    if (value === undefined) continue;
    const lines = Buffer.from(value.pem ?? value)
      .toString('latin1')
      .split('\n');
    texts.push(...lines.filter((line) => /^[A-Za-z0-9+/=]{24,}$/.test(line)));
  }
  for (const value of [given.pfx].flat().filter(Boolean)) {
    const bytes = Buffer.from(value.buf ?? value);
    if (bytes.length > 40) texts.push(...['hex', 'base64'].map((form) => bytes.subarray(16, 40).toString(form)));
  }
  return texts;
}

describe('the constructor refuses', { skip: missing }, () => {
  for (const [name, [make, pattern]] of Object.entries(REFUSED)) {
    better(LATER, name, () => {
      const tls = make();
      const logger = recordingLogger();
      assert.throws(
        () => new RTMClient(TOKEN, { logger, tls }),
        (error) => {
          assert.ok(error instanceof TypeError, inspect(error));
          assert.match(error.message, pattern);
          const shown = [
            error.message,
            error.stack,
            JSON.stringify(error),
            inspect(error, { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null }),
            JSON.stringify(logger.lines),
          ].join('\n');
          assert.doesNotMatch(shown, /-----BEGIN|<Buffer/);
          for (const secret of secretsIn(tls)) assert.ok(!shown.includes(secret), `${secret} is in ${shown}`);
          return true;
        },
      );
    });
  }

  better(LATER, 'no valid certificates and keys', () => {
    for (const tls of [
      issue(),
      { ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: SECRET },
      { pfx: file(), passphrase: SECRET },
      { ca: selfSigned().cert },
    ]) {
      const rtm = new RTMClient(TOKEN, { logger: recordingLogger(), tls });
      const shown = inspect(rtm, { depth: Infinity, showHidden: true, maxStringLength: null });
      for (const secret of secretsIn(tls)) if (secret !== TOKEN) assert.ok(!shown.includes(secret));
    }
  });
});
