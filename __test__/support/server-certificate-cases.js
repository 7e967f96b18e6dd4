// Cases of server certificates, in groups: valid and invalid names, dates, authorities, chains, purposes and keys.
'use strict';

const { authority, selfSigned } = require('./certificates.js');

/** The OID of an unknown extension. */
const UNKNOWN = '1.3.6.1.4.1.99999.1';

const root = () => authority('The root');
const stranger = () => authority('A stranger');
const middle = (options) => root().intermediate('The middle', options);

/** The key and certificates that a server sends. */
const sends = ({ key }, ...certs) => ({ key, cert: certs.join('') });

/** The certificate with a wrong signature. */
function forged({ key, cert }) {
  const bytes = Buffer.from(cert.replace(/-----.*-----|\s/g, ''), 'base64');
  // The signature is at the end.
  bytes[bytes.length - 1] ^= 1;
  const lines = bytes.toString('base64').match(/.{1,64}/g);
  return { key, cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n') };
}

/** A certificate that the trusted root has signed: one case of the tables below. */
const good = (leaf, host) => ({ server: () => sends(root().issue(leaf()), root().issue(leaf()).cert), host });
const named = (san, host, cn = 'localhost') => good(() => ({ san, cn }), host);

/**
 * The certificates that a server sends, its host name, and the authorities that the client trusts (default: the root). Host
 * names that do not exist are reached through a proxy.
 * @type {Record<string, Record<string, { server: () => any, ca?: () => any, host?: string }>>}
 */
const CERTIFICATE_CASES = {
  'the name': {
    'good by IP': good(() => ({})),
    'good by name': good(() => ({}), 'localhost'),
    'another name': named(['DNS:other.example'], 'localhost'),
    'another IP': named(['IP:127.0.0.2', 'DNS:localhost']),
    'another name, for an IP': named(['DNS:other.example']),
    'an IP as a name': named(['DNS:127.0.0.1']),
    'an IP as the common name': named([], undefined, '127.0.0.1'),
    'the common name only': named([], 'localhost'),
    'another common name only': named([], 'localhost', 'other.example'),
    'the common name, with alternative names of others': named(['DNS:other.example'], 'localhost'),
    'the common name, with an alternative IP': named(['IP:127.0.0.1'], 'localhost'),
    'the common name, with an alternative URI': named(['URI:https://other.example/'], 'localhost'),
    'the common name, with an alternative mail address': named(['email:a@b.example'], 'localhost'),
    'no common name': named(['DNS:localhost'], 'localhost', ''),
    'no name at all': named([], 'localhost', ''),
    'in upper case': named(['DNS:LocalHost'], 'localhost'),
    'a final dot': named(['DNS:localhost.'], 'localhost'),
    'many names': named([...Array(200).keys()].map((n) => `DNS:h${n}.example`).concat('DNS:localhost'), 'localhost'),
    'a URL in upper case': named(['DNS:bot.test.example'], 'BOT.Test.Example'),
    'a wildcard': named(['DNS:*.test.example'], 'bot.test.example'),
    'a wildcard for two labels': named(['DNS:*.test.example'], 'a.bot.test.example'),
    'a wildcard without a label': named(['DNS:*.test.example'], 'test.example'),
    'a wildcard for a part of a label': named(['DNS:b*t.test.example'], 'bot.test.example'),
    'a wildcard for a part of another label': named(['DNS:b*x.test.example'], 'bot.test.example'),
    'a wildcard that is not the leftmost label': named(['DNS:bot.*.example'], 'bot.test.example'),
    'a wildcard below a top-level domain': named(['DNS:*.example'], 'test.example'),
    'a wildcard alone': named(['DNS:*'], 'localhost'),
    'a wildcard as the common name': named([], 'bot.test.example', '*.test.example'),
    'an international name': named(['DNS:xn--bcher-kva.example'], 'xn--bcher-kva.example'),
    'a wildcard for an international name': named(['DNS:*.test.example'], 'xn--bcher-kva.test.example'),
  },
  'the dates': {
    expired: good(() => ({ days: -1 })),
    'not valid yet': good(() => ({ notBefore: new Date('2040-01-01'), days: 30 })),
    'until 2060': good(() => ({ notAfter: new Date('2060-01-01') })),
    'since 1960': good(() => ({ notBefore: new Date('1960-01-01'), notAfter: new Date('2049-12-31') })),
    'expired, and another name': good(() => ({ days: -1, san: ['DNS:other.example'] })),
    'expired, of an unknown authority': { server: () => stranger().issue({ days: -1 }) },
    'not valid yet, by an expired root': {
      server: () => authority('Old', { days: -1 }).issue({ notBefore: new Date('2040-01-01') }),
      ca: () => authority('Old', { days: -1 }).cert,
    },
    'an expired root': {
      server: () => authority('Old', { days: -1 }).issue(),
      ca: () => authority('Old', { days: -1 }).cert,
    },
    'an expired root, not trusted, sent along': {
      server: () =>
        sends(
          authority('Old', { days: -1 }).issue(),
          authority('Old', { days: -1 }).issue().cert,
          authority('Old', { days: -1 }).cert,
        ),
    },
    'a root that is not valid yet': {
      server: () => authority('Young', { notBefore: new Date('2040-01-01') }).issue(),
      ca: () => authority('Young', { notBefore: new Date('2040-01-01') }).cert,
    },
    'an expired root, and its renewal': {
      server: () => authority('Renewed').issue(),
      ca: () => [authority('Renewed', { key: authority('Renewed').key, days: -1 }).cert, authority('Renewed').cert],
    },
    'an expired intermediate': {
      server: () => {
        const leaf = middle({ days: -1 }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is not valid yet': {
      server: () => {
        const leaf = middle({ notBefore: new Date('2040-01-01') }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an expired intermediate is sent, its renewal is in ca': {
      server: () => {
        const leaf = middle().issue();
        return sends(leaf, leaf.cert, middle({ key: middle().key, days: -1 }).cert);
      },
      ca: () => [root().cert, middle().cert],
    },
  },
  'self-signed': {
    unknown: { server: () => selfSigned() },
    'unknown, not a CA': { server: () => selfSigned({ isCa: false }) },
    'unknown, with the default roots': { server: () => selfSigned(), ca: () => undefined },
    trusted: { server: () => selfSigned(), ca: () => selfSigned().cert },
    'trusted, not a CA': { server: () => selfSigned({ isCa: false }), ca: () => selfSigned({ isCa: false }).cert },
    'trusted, of version 1': {
      server: () => selfSigned({ v1: true }),
      ca: () => selfSigned({ v1: true }).cert,
      host: 'localhost',
    },
    'trusted, for signing certificates only': {
      server: () => selfSigned({ extensions: ['keyUsage = critical, keyCertSign'] }),
      ca: () => selfSigned({ extensions: ['keyUsage = critical, keyCertSign'] }).cert,
    },
    'trusted, for clients': {
      server: () => selfSigned({ extensions: ['extendedKeyUsage = clientAuth'] }),
      ca: () => selfSigned({ extensions: ['extendedKeyUsage = clientAuth'] }).cert,
    },
    'trusted, another name': {
      server: () => selfSigned({ san: ['DNS:other.example'] }),
      ca: () => selfSigned({ san: ['DNS:other.example'] }).cert,
    },
    'trusted, expired': { server: () => selfSigned({ days: -1 }), ca: () => selfSigned({ days: -1 }).cert },
    'unknown, expired': { server: () => selfSigned({ days: -1 }) },
    'another of the same name is trusted': { server: () => selfSigned(), ca: () => selfSigned({ copy: 2 }).cert },
    'another with the same key is trusted': {
      server: () => selfSigned({ key: selfSigned().key, days: 10 }),
      ca: () => selfSigned().cert,
    },
    'trusted, RSA': { server: () => selfSigned({ key: 'rsa' }), ca: () => selfSigned({ key: 'rsa' }).cert },
    'trusted, with an unknown critical extension': {
      server: () => selfSigned({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }),
      ca: () => selfSigned({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }).cert,
    },
  },
  'the authority': {
    unknown: { server: () => stranger().issue() },
    'unknown, sent along': { server: () => sends(stranger().issue(), stranger().issue().cert, stranger().cert) },
    'unknown, by name': { server: () => stranger().issue(), host: 'localhost' },
    'unknown, and another name': { server: () => stranger().issue({ san: ['DNS:other.example'] }) },
    'unknown, of the same name': { server: () => authority('The root', { copy: 2 }).issue() },
    'unknown, of the same name, without key identifiers': {
      server: () =>
        authority('Plain', { copy: 2, extensions: ['subjectKeyIdentifier ='] }).issue({
          extensions: ['authorityKeyIdentifier ='],
        }),
      ca: () => authority('Plain', { extensions: ['subjectKeyIdentifier ='] }).cert,
    },
    'known, without key identifiers': {
      server: () =>
        authority('Plain', { extensions: ['subjectKeyIdentifier ='] }).issue({
          extensions: ['authorityKeyIdentifier ='],
        }),
      ca: () => authority('Plain', { extensions: ['subjectKeyIdentifier ='] }).cert,
    },
    'one of two of the same name': {
      server: () =>
        authority('Plain', { copy: 2, extensions: ['subjectKeyIdentifier ='] }).issue({
          extensions: ['authorityKeyIdentifier ='],
        }),
      ca: () => [undefined, 2].map((copy) => authority('Plain', { copy, extensions: ['subjectKeyIdentifier ='] }).cert),
    },
    'known, sent along': { server: () => sends(root().issue(), root().issue().cert, root().cert) },
    'known, the signature is wrong': { server: () => forged(root().issue()) },
    'known, of version 1': {
      server: () => authority('Ancient', { v1: true }).issue(),
      ca: () => authority('Ancient', { v1: true }).cert,
    },
    'known, of version 1, sent along': {
      server: () => {
        const leaf = authority('Ancient', { v1: true }).issue();
        return sends(leaf, leaf.cert, leaf.ca);
      },
      ca: () => authority('Ancient', { v1: true }).cert,
    },
    'known, the certificate is of version 1': { ...good(() => ({ v1: true }), 'localhost') },
    'unknown, the certificate is of version 1': { server: () => stranger().issue({ v1: true }), host: 'localhost' },
    'not a CA': {
      server: () => authority('Pretender', { isCa: false }).issue(),
      ca: () => authority('Pretender', { isCa: false }).cert,
    },
    'not for signing certificates': {
      server: () => authority('Reader', { extensions: ['keyUsage = critical, cRLSign'] }).issue(),
      ca: () => authority('Reader', { extensions: ['keyUsage = critical, cRLSign'] }).cert,
    },
    'without key usage': {
      server: () => authority('Any', { extensions: ['keyUsage ='] }).issue(),
      ca: () => authority('Any', { extensions: ['keyUsage ='] }).cert,
    },
    'for clients only': {
      server: () => authority('Clients', { extensions: ['extendedKeyUsage = clientAuth'] }).issue(),
      ca: () => authority('Clients', { extensions: ['extendedKeyUsage = clientAuth'] }).cert,
    },
    'with an unknown critical extension': {
      server: () => authority('Odd', { extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }).issue(),
      ca: () => authority('Odd', { extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }).cert,
    },
    'only the certificate itself is trusted': { server: () => root().issue(), ca: () => root().issue().cert },
    'with a name in Unicode': {
      server: () => authority('Zertifizierungsstelle Köln, 東京').issue(),
      ca: () => authority('Zertifizierungsstelle Köln, 東京').cert,
    },
  },
  'the chain': {
    'an intermediate': { server: () => sends(middle().issue(), middle().issue().fullChain) },
    'an intermediate and the root': {
      server: () => sends(middle().issue(), middle().issue().fullChain, root().cert),
    },
    'an intermediate of an unknown root': {
      server: () => {
        const leaf = stranger().intermediate('Strange middle').issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate and an unknown root': {
      server: () => {
        const leaf = stranger().intermediate('Strange middle').issue();
        return sends(leaf, leaf.fullChain, leaf.ca);
      },
    },
    'the intermediate is missing': { server: () => sends(middle().issue(), middle().issue().cert) },
    'the intermediate is missing, and in ca': {
      server: () => sends(middle().issue(), middle().issue().cert),
      ca: () => `${middle().cert}${root().cert}`,
    },
    'only the intermediate is in ca': {
      server: () => sends(middle().issue(), middle().issue().fullChain),
      ca: () => middle().cert,
    },
    'only the intermediate is in ca, and missing': {
      server: () => sends(middle().issue(), middle().issue().cert),
      ca: () => middle().cert,
    },
    'only the intermediate is in ca, but the root is sent': {
      server: () => sends(middle().issue(), middle().issue().fullChain, root().cert),
      ca: () => middle().cert,
    },
    'two intermediates': {
      server: () => {
        const leaf = middle().intermediate('Lower').issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'two intermediates, in the wrong order': {
      server: () => {
        const leaf = middle().intermediate('Lower').issue();
        return sends(leaf, leaf.cert, middle().cert, middle().intermediate('Lower').cert);
      },
    },
    'the upper of two intermediates is missing': {
      server: () => {
        const lower = middle().intermediate('Lower');
        return sends(lower.issue(), lower.issue().cert, lower.cert);
      },
    },
    'unrelated certificates': {
      server: () => sends(root().issue(), root().issue().cert, stranger().cert, middle().cert, selfSigned().cert),
    },
    'the certificate twice': { server: () => sends(root().issue(), root().issue().cert, root().issue().cert) },
    'an intermediate that is not a CA': {
      server: () => {
        const leaf = middle({ isCa: false }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is not a CA, but trusted': {
      server: () => sends(middle({ isCa: false }).issue(), middle({ isCa: false }).issue().fullChain),
      ca: () => [root().cert, middle({ isCa: false }).cert],
    },
    'an intermediate of version 1': {
      server: () => {
        const leaf = middle({ v1: true }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is not for signing certificates': {
      server: () => {
        const leaf = middle({ extensions: ['keyUsage = critical, digitalSignature'] }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate for servers': {
      server: () => {
        const leaf = middle({ extensions: ['extendedKeyUsage = serverAuth, clientAuth'] }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate for clients': {
      server: () => {
        const leaf = middle({ extensions: ['extendedKeyUsage = clientAuth'] }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate with an unknown critical extension': {
      server: () => {
        const leaf = middle({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }).issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'an intermediate with a wrong signature': {
      server: () => sends(middle().issue(), middle().issue().cert, forged(middle()).cert),
    },
    'an intermediate with a wrong signature, and an expired certificate': {
      server: () => sends(middle().issue({ days: -1 }), middle().issue({ days: -1 }).cert, forged(middle()).cert),
    },
    'a root that allows no intermediate, and none': {
      server: () => authority('Narrow', { pathLength: 0 }).issue(),
      ca: () => authority('Narrow', { pathLength: 0 }).cert,
    },
    'a root that allows no intermediate, and one': {
      server: () => {
        const leaf = authority('Narrow', { pathLength: 0 }).intermediate('One').issue();
        return sends(leaf, leaf.fullChain);
      },
      ca: () => authority('Narrow', { pathLength: 0 }).cert,
    },
    'an intermediate that allows no other, and one': {
      server: () => {
        const leaf = middle({ pathLength: 0 }).intermediate('Lower').issue();
        return sends(leaf, leaf.fullChain);
      },
    },
    'cross-signed, by a trusted and an expired root': {
      server: () => {
        const old = authority('Old', { days: -1 });
        const crossed = old.intermediate('The root', { key: root().key });
        return sends(root().issue(), root().issue().cert, crossed.cert, old.cert);
      },
      ca: () => [authority('Old', { days: -1 }).cert, root().cert],
    },
    'cross-signed, by a trusted and an unknown root': {
      server: () => {
        const crossed = stranger().intermediate('The root', { key: root().key });
        return sends(root().issue(), root().issue().cert, crossed.cert, stranger().cert);
      },
    },
    'ten intermediates': {
      server: () => {
        let last = root();
        for (let n = 0; n < 10; n += 1) last = last.intermediate(`Step ${n}`);
        const leaf = last.issue();
        return sends(leaf, leaf.fullChain);
      },
    },
  },
  'the purpose': {
    'a client certificate': good(() => ({ client: true })),
    'without extended key usage': good(() => ({ extensions: ['extendedKeyUsage ='] })),
    'for any purpose': good(() => ({ extensions: ['extendedKeyUsage = anyExtendedKeyUsage'] })),
    'for servers and clients': good(() => ({ extensions: ['extendedKeyUsage = clientAuth, serverAuth'] })),
    'for mail': good(() => ({ extensions: ['extendedKeyUsage = emailProtection'] })),
    'without key usage': good(() => ({ extensions: ['keyUsage ='] })),
    'for key agreement only': good(() => ({ extensions: ['keyUsage = critical, keyAgreement'] })),
    'for signatures of documents only': good(() => ({ extensions: ['keyUsage = critical, nonRepudiation'] })),
    'of a CA': good(() => ({
      extensions: ['basicConstraints = critical, CA:TRUE', 'keyUsage = critical, digitalSignature, keyCertSign'],
    })),
    'without basic constraints': good(() => ({ extensions: ['basicConstraints ='] })),
    'an unknown extension': good(() => ({ extensions: [`${UNKNOWN} = ASN1:UTF8String:x`] })),
    'an unknown critical extension': good(() => ({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] })),
    'a known extension that is critical': good(() => ({ extensions: ['certificatePolicies = critical, 1.2.3.4'] })),
    'that requires OCSP stapling': good(() => ({ extensions: ['tlsfeature = status_request'] })),
    'critical names': named(['critical', 'IP:127.0.0.1']),
    ...Object.fromEntries(
      [
        ['permitted names', 'permitted;DNS:localhost', {}, 'localhost'],
        ['names that are not permitted', 'permitted;DNS:other.example', { san: ['DNS:localhost'] }, 'localhost'],
        [
          'names of which one is not permitted',
          'permitted;DNS:localhost',
          { san: ['DNS:localhost', 'DNS:other.example'] },
          'localhost',
        ],
        ['names that are excluded', 'excluded;DNS:localhost', { san: ['DNS:localhost'] }, 'localhost'],
        [
          'a name below a permitted one',
          'permitted;DNS:test.example',
          { san: ['DNS:bot.test.example'] },
          'bot.test.example',
        ],
        ['a common name that is not permitted', 'permitted;DNS:other.example', { san: [] }, 'localhost'],
        [
          'a common name that is not permitted, beside an alternative one that is',
          'permitted;DNS:localhost',
          { cn: 'other.example', san: ['DNS:localhost'] },
          'localhost',
        ],
        ['a permitted IP', 'permitted;IP:127.0.0.0/255.0.0.0', { san: ['IP:127.0.0.1'] }, undefined],
        ['an IP that is not permitted', 'permitted;IP:10.0.0.0/255.0.0.0', { san: ['IP:127.0.0.1'] }, undefined],
        ['an IP with constraints for names', 'permitted;DNS:localhost', { san: ['IP:127.0.0.1'] }, undefined],
      ].map(([name, constraints, leaf, host]) => {
        const limited = () => authority('Limited', { extensions: [`nameConstraints = critical, ${constraints}`] });
        return [name, { server: () => limited().issue(leaf), ca: () => limited().cert, host }];
      }),
    ),
  },
  'the key': {
    ...Object.fromEntries(
      ['rsa', 'rsa-4096', 'rsa-pss', 'ec', 'ec-384', 'ec-521', 'ed25519', 'rsa-1024'].flatMap((key) => [
        [`${key} of the server`, good(() => ({ key }))],
        [
          `${key} of the root`,
          {
            server: () => authority(`Root with ${key}`, { key }).issue(),
            ca: () => authority(`Root with ${key}`, { key }).cert,
          },
        ],
        [
          `${key} of an intermediate`,
          {
            server: () => {
              const leaf = root().intermediate(`Middle with ${key}`, { key }).issue();
              return sends(leaf, leaf.fullChain);
            },
          },
        ],
      ]),
    ),
    ...Object.fromEntries(
      ['rsa', 'ec'].flatMap((key) =>
        ['sha1', 'sha384'].flatMap((digest) => [
          [
            `${digest} by ${key}`,
            {
              server: () => authority(`Root with ${key}`, { key }).issue({ digest }),
              ca: () => authority(`Root with ${key}`, { key }).cert,
            },
          ],
          [
            `${digest} of the root by ${key}`,
            {
              server: () => authority(`Root with ${key}, ${digest}`, { key, digest }).issue(),
              ca: () => authority(`Root with ${key}, ${digest}`, { key, digest }).cert,
            },
          ],
        ]),
      ),
    ),
    'of version 1, RSA': good(() => ({ v1: true, key: 'rsa' }), 'localhost'),
  },
};

module.exports = { CERTIFICATE_CASES, root };
