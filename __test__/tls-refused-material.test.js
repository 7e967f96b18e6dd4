// Certificates and keys that cannot be used: the constructor says so, names the option, and keeps every secret.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { inspect } = require('node:util');
const { RTMClient, better, keepingLogger } = require('./support/client.js');
const { authority, encodings, missing, pkcs12, selfSigned } = require('./support/certificates.js');

const LATER = 'it says so at the first connection, if at all';
const TOKEN = 'xoxb-token-of-the-test';
const SECRET = 'passphrase-of-the-test';
const WRONG = 'another-passphrase';

const issue = (key = 'ec') => {
  const { key: pem, cert } = authority('Authority of clients').issue({ cn: 'bot', client: true, key });
  return { key: pem, cert };
};
const encrypted = (form, kind) => encodings(issue(kind).key, SECRET)[form];
/** Its first half. */
const torn = (text) => text.slice(0, text.length / 2);
/** With bytes in the middle that mean nothing. */
const broken = (pem) => pem.replace(/\n[^-\n]+\n-----END/, '\nAAAA\n-----END');
const file = (options) => pkcs12({ ...issue(), passphrase: SECRET, ...options });

/** What is given, and what the error names. */
const REFUSED = {
  'a key, a wrong passphrase': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: WRONG }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key, the passphrase is missing': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted') }),
    /tls\.key.*tls\.passphrase/,
  ],
  "a key, the passphrase is ''": [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: '' }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key, a passphrase in capitals': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: SECRET.toUpperCase() }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key of the old kind, a wrong passphrase': [
    () => ({ ...issue('rsa'), key: encrypted('legacyEncrypted', 'rsa'), passphrase: WRONG }),
    /tls\.key.*tls\.passphrase/,
  ],
  'a key of the old kind, the passphrase is missing': [
    () => ({ ...issue('rsa'), key: encrypted('legacyEncrypted', 'rsa') }),
    /tls\.key.*tls\.passphrase/,
  ],
  'pem, its passphrase is wrong': [
    () => ({ ...issue(), key: [{ pem: encrypted('pkcs8Encrypted'), passphrase: WRONG }], passphrase: SECRET }),
    /tls\.key.*passphrase/,
  ],
  'a passphrase that is a Buffer': [
    () => ({ ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: Buffer.from(SECRET) }),
    /tls\.passphrase/,
  ],
  'a key that is torn': [() => ({ ...issue(), key: torn(issue().key) }), /tls\.key/],
  'a key that is broken': [() => ({ ...issue('rsa'), key: broken(issue('rsa').key) }), /tls\.key/],
  'an encrypted key that is broken': [
    () => ({ ...issue('rsa'), key: broken(encrypted('pkcs8Encrypted', 'rsa')), passphrase: SECRET }),
    /tls\.key/,
  ],
  'a key without its frame': [() => ({ ...issue(), key: issue().key.replaceAll(/-----.*-----\n/g, '') }), /tls\.key/],
  'a key in DER': [
    () => ({ ...issue(), key: Buffer.from(issue().key.replaceAll(/-----.*-----\n/g, ''), 'base64') }),
    /tls\.key/,
  ],
  'the certificate in place of the key': [() => ({ cert: issue().cert, key: issue().cert }), /tls\.key/],
  'an empty key': [() => ({ ...issue(), key: '' }), /tls\.key/],
  'a key that does not fit': [() => ({ cert: issue().cert, key: issue('rsa').key }), /tls\.(key|cert)/],
  'a key of the same kind that does not fit': [
    () => ({ cert: issue().cert, key: selfSigned().key }),
    /tls\.(key|cert)/,
  ],
  'a certificate without a key': [() => ({ cert: issue().cert }), /tls\.cert/],
  'a key without a certificate': [() => ({ key: issue().key }), /tls\.key/],
  'a certificate that is torn': [() => ({ ...issue(), cert: torn(issue().cert) }), /tls\.cert/],
  'a certificate that is broken': [() => ({ ...issue(), cert: broken(issue().cert) }), /tls\.cert/],
  'the key in place of the certificate': [() => ({ cert: issue().key, key: issue().key }), /tls\.cert/],
  'a broken certificate behind it': [
    () => ({ ...issue(), cert: issue().cert + broken(selfSigned().cert) }),
    /tls\.cert/,
  ],
  'ca that is torn': [() => ({ ca: torn(selfSigned().cert) }), /tls\.ca/],
  'ca that is broken': [() => ({ ca: broken(selfSigned().cert) }), /tls\.ca/],
  'ca, of which one is broken': [() => ({ ca: [selfSigned().cert, broken(selfSigned().cert)] }), /tls\.ca/],
  'a key as ca': [() => ({ ca: issue().key }), /tls\.ca/],
  'PKCS#12, a wrong passphrase': [() => ({ pfx: file(), passphrase: WRONG }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12, the passphrase is missing': [() => ({ pfx: file() }), /tls\.pfx.*tls\.passphrase/],
  "PKCS#12, the passphrase is ''": [() => ({ pfx: file(), passphrase: '' }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12, its own passphrase is wrong': [
    () => ({ pfx: [{ buf: file(), passphrase: WRONG }], passphrase: SECRET }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12, the second is wrong': [
    () => ({ pfx: [file(), file({ passphrase: WRONG })], passphrase: SECRET }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12 with RC2, a wrong passphrase': [
    () => ({ pfx: file({ legacy: true }), passphrase: WRONG }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12 with RC2, the passphrase is missing': [() => ({ pfx: file({ legacy: true }) }), /tls\.pfx.*tls\.passphrase/],
  'PKCS#12 with 3DES, a wrong passphrase': [
    () => ({ pfx: file({ legacy: 'des3' }), passphrase: WRONG }),
    /tls\.pfx.*passphrase/,
  ],
  'PKCS#12 that is torn': [() => ({ pfx: torn(file()), passphrase: SECRET }), /tls\.pfx/],
  'PKCS#12 that is empty': [() => ({ pfx: Buffer.alloc(0), passphrase: SECRET }), /tls\.pfx/],
  'PEM in place of PKCS#12': [() => ({ pfx: Buffer.from(issue().key + issue().cert) }), /tls\.pfx/],
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

/** All texts in what is given that nobody may read in an error: passphrases, and lines of keys. */
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

describe('certificates and keys that cannot be used', { skip: missing }, () => {
  for (const [name, [make, pattern]] of Object.entries(REFUSED)) {
    better(LATER, name, () => {
      const tls = make();
      const logger = keepingLogger();
      assert.throws(
        () => new RTMClient(TOKEN, { logger, tls }),
        (error) => {
          assert.ok(error instanceof TypeError, inspect(error));
          assert.match(error.message, pattern);
          const told = [
            error.message,
            error.stack,
            JSON.stringify(error),
            inspect(error, { depth: Infinity, showHidden: true, maxStringLength: null, maxArrayLength: null }),
            JSON.stringify(logger.lines),
          ].join('\n');
          assert.doesNotMatch(told, /-----BEGIN|<Buffer/);
          for (const secret of secretsIn(tls)) assert.ok(!told.includes(secret), `${secret} is in ${told}`);
          return true;
        },
      );
    });
  }

  better(LATER, 'what is usable is not refused, so that the above can fail', () => {
    for (const tls of [
      issue(),
      { ...issue(), key: encrypted('pkcs8Encrypted'), passphrase: SECRET },
      { pfx: file(), passphrase: SECRET },
      { ca: selfSigned().cert },
    ]) {
      const rtm = new RTMClient(TOKEN, { logger: keepingLogger(), tls });
      const shown = inspect(rtm, { depth: Infinity, showHidden: true, maxStringLength: null });
      for (const secret of secretsIn(tls)) if (secret !== TOKEN) assert.ok(!shown.includes(secret));
    }
  });
});
