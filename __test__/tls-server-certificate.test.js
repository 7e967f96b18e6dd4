// Which certificates of servers are believed: those that Node believes, and with Node's code for what is wrong with the
// others. What is expected is not written down here: Node's own https is asked, about the same server.
'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { describe } = require('node:test');
const { createSecureContext } = require('node:tls');
const { ErrorCode, better, clientOf, isPeer, same } = require('./support/client.js');
const { authority, missing, nodesVerdict, selfSigned } = require('./support/certificates.js');
const { scriptedProxy } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const UNREACHED = '`tls` does not reach the connect call';

/** An extension that nobody knows. */
const UNKNOWN = '1.3.6.1.4.1.99999.1';

/** Whether keys and digests are too weak is for the client to say. */
const WEAK_TOO = 'DEFAULT@SECLEVEL=0';

const root = () => authority('The root');
const stranger = () => authority('A stranger');
const middle = (options) => root().intermediate('The middle', options);

/** What a server shows. */
const shows = ({ key }, ...certs) => ({ key, cert: certs.join('') });

/** The certificate with another signature than its issuer made. */
function forged({ key, cert }) {
  const bytes = Buffer.from(cert.replace(/-----.*-----|\s/g, ''), 'base64');
  // The signature ends with a number, of which this is the last digit.
  bytes[bytes.length - 1] ^= 1;
  const lines = bytes.toString('base64').match(/.{1,64}/g);
  return { key, cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n') };
}

/** A certificate of the root's, which is trusted: one row of the tables below. */
const good = (leaf, host) => ({ server: () => shows(root().issue(leaf()), root().issue(leaf()).cert), host });
const named = (san, host, cn = 'localhost') => good(() => ({ san, cn }), host);

/**
 * What servers show, at which host, and whom the client trusts (default: the root). Hosts that do not exist are reached
 * by a proxy.
 * @type {Record<string, Record<string, { server: () => any, ca?: () => any, host?: string }>>}
 */
const KINDS = {
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
    'in capitals': named(['DNS:LocalHost'], 'localhost'),
    'a final dot': named(['DNS:localhost.'], 'localhost'),
    'many names': named([...Array(200).keys()].map((n) => `DNS:h${n}.example`).concat('DNS:localhost'), 'localhost'),
    'a URL in capitals': named(['DNS:bot.test.example'], 'BOT.Test.Example'),
    'a wildcard': named(['DNS:*.test.example'], 'bot.test.example'),
    'a wildcard for two labels': named(['DNS:*.test.example'], 'a.bot.test.example'),
    'a wildcard for none': named(['DNS:*.test.example'], 'test.example'),
    'a wildcard for a part of a label': named(['DNS:b*t.test.example'], 'bot.test.example'),
    'a wildcard for a part of another label': named(['DNS:b*x.test.example'], 'bot.test.example'),
    'a wildcard that is not the leftmost': named(['DNS:bot.*.example'], 'bot.test.example'),
    'a wildcard for half the world': named(['DNS:*.example'], 'test.example'),
    'a wildcard for the world': named(['DNS:*'], 'localhost'),
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
    'expired, and unknown': { server: () => stranger().issue({ days: -1 }) },
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
        shows(
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
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is not valid yet': {
      server: () => {
        const leaf = middle({ notBefore: new Date('2040-01-01') }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an expired intermediate is sent, its renewal is in ca': {
      server: () => {
        const leaf = middle().issue();
        return shows(leaf, leaf.cert, middle({ key: middle().key, days: -1 }).cert);
      },
      ca: () => [root().cert, middle().cert],
    },
  },
  'self-signed': {
    unknown: { server: () => selfSigned() },
    'unknown, no authority': { server: () => selfSigned({ isCa: false }) },
    'unknown, with nothing but the default roots': { server: () => selfSigned(), ca: () => undefined },
    trusted: { server: () => selfSigned(), ca: () => selfSigned().cert },
    'trusted, no authority': { server: () => selfSigned({ isCa: false }), ca: () => selfSigned({ isCa: false }).cert },
    'trusted, of version 1': {
      server: () => selfSigned({ v1: true }),
      ca: () => selfSigned({ v1: true }).cert,
      host: 'localhost',
    },
    'trusted, for signatures of certificates only': {
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
    'unknown, sent along': { server: () => shows(stranger().issue(), stranger().issue().cert, stranger().cert) },
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
    'known, sent along': { server: () => shows(root().issue(), root().issue().cert, root().cert) },
    'known, the signature is wrong': { server: () => forged(root().issue()) },
    'known, of version 1': {
      server: () => authority('Ancient', { v1: true }).issue(),
      ca: () => authority('Ancient', { v1: true }).cert,
    },
    'known, of version 1, sent along': {
      server: () => {
        const leaf = authority('Ancient', { v1: true }).issue();
        return shows(leaf, leaf.cert, leaf.ca);
      },
      ca: () => authority('Ancient', { v1: true }).cert,
    },
    'known, the certificate is of version 1': { ...good(() => ({ v1: true }), 'localhost') },
    'unknown, the certificate is of version 1': { server: () => stranger().issue({ v1: true }), host: 'localhost' },
    'no authority': {
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
    'with a name of other letters': {
      server: () => authority('Zertifizierungsstelle Köln, 東京').issue(),
      ca: () => authority('Zertifizierungsstelle Köln, 東京').cert,
    },
  },
  'the chain': {
    'an intermediate': { server: () => shows(middle().issue(), middle().issue().fullChain) },
    'an intermediate and the root': {
      server: () => shows(middle().issue(), middle().issue().fullChain, root().cert),
    },
    'an intermediate of an unknown root': {
      server: () => {
        const leaf = stranger().intermediate('Strange middle').issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate and an unknown root': {
      server: () => {
        const leaf = stranger().intermediate('Strange middle').issue();
        return shows(leaf, leaf.fullChain, leaf.ca);
      },
    },
    'the intermediate is missing': { server: () => shows(middle().issue(), middle().issue().cert) },
    'the intermediate is missing, and in ca': {
      server: () => shows(middle().issue(), middle().issue().cert),
      ca: () => `${middle().cert}${root().cert}`,
    },
    'only the intermediate is in ca': {
      server: () => shows(middle().issue(), middle().issue().fullChain),
      ca: () => middle().cert,
    },
    'only the intermediate is in ca, and missing': {
      server: () => shows(middle().issue(), middle().issue().cert),
      ca: () => middle().cert,
    },
    'only the intermediate is in ca, but the root is sent': {
      server: () => shows(middle().issue(), middle().issue().fullChain, root().cert),
      ca: () => middle().cert,
    },
    'two intermediates': {
      server: () => {
        const leaf = middle().intermediate('Lower').issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'two intermediates, in the wrong order': {
      server: () => {
        const leaf = middle().intermediate('Lower').issue();
        return shows(leaf, leaf.cert, middle().cert, middle().intermediate('Lower').cert);
      },
    },
    'the upper of two intermediates is missing': {
      server: () => {
        const lower = middle().intermediate('Lower');
        return shows(lower.issue(), lower.issue().cert, lower.cert);
      },
    },
    'certificates that have nothing to do with it': {
      server: () => shows(root().issue(), root().issue().cert, stranger().cert, middle().cert, selfSigned().cert),
    },
    'the certificate twice': { server: () => shows(root().issue(), root().issue().cert, root().issue().cert) },
    'an intermediate that is no authority': {
      server: () => {
        const leaf = middle({ isCa: false }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is no authority, trusted as well': {
      server: () => shows(middle({ isCa: false }).issue(), middle({ isCa: false }).issue().fullChain),
      ca: () => [root().cert, middle({ isCa: false }).cert],
    },
    'an intermediate of version 1': {
      server: () => {
        const leaf = middle({ v1: true }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate that is not for signing certificates': {
      server: () => {
        const leaf = middle({ extensions: ['keyUsage = critical, digitalSignature'] }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate for servers': {
      server: () => {
        const leaf = middle({ extensions: ['extendedKeyUsage = serverAuth, clientAuth'] }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate for clients': {
      server: () => {
        const leaf = middle({ extensions: ['extendedKeyUsage = clientAuth'] }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate with an unknown critical extension': {
      server: () => {
        const leaf = middle({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] }).issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'an intermediate with a wrong signature': {
      server: () => shows(middle().issue(), middle().issue().cert, forged(middle()).cert),
    },
    'an intermediate with a wrong signature, and an expired certificate': {
      server: () => shows(middle().issue({ days: -1 }), middle().issue({ days: -1 }).cert, forged(middle()).cert),
    },
    'a root that allows no intermediate, and none': {
      server: () => authority('Narrow', { pathLength: 0 }).issue(),
      ca: () => authority('Narrow', { pathLength: 0 }).cert,
    },
    'a root that allows no intermediate, and one': {
      server: () => {
        const leaf = authority('Narrow', { pathLength: 0 }).intermediate('One').issue();
        return shows(leaf, leaf.fullChain);
      },
      ca: () => authority('Narrow', { pathLength: 0 }).cert,
    },
    'an intermediate that allows no other, and one': {
      server: () => {
        const leaf = middle({ pathLength: 0 }).intermediate('Lower').issue();
        return shows(leaf, leaf.fullChain);
      },
    },
    'cross-signed, by a trusted and an expired root': {
      server: () => {
        const old = authority('Old', { days: -1 });
        const crossed = old.intermediate('The root', { key: root().key });
        return shows(root().issue(), root().issue().cert, crossed.cert, old.cert);
      },
      ca: () => [authority('Old', { days: -1 }).cert, root().cert],
    },
    'cross-signed, by a trusted and an unknown root': {
      server: () => {
        const crossed = stranger().intermediate('The root', { key: root().key });
        return shows(root().issue(), root().issue().cert, crossed.cert, stranger().cert);
      },
    },
    'ten intermediates': {
      server: () => {
        let last = root();
        for (let n = 0; n < 10; n += 1) last = last.intermediate(`Step ${n}`);
        const leaf = last.issue();
        return shows(leaf, leaf.fullChain);
      },
    },
  },
  'the purpose': {
    'a client certificate': good(() => ({ client: true })),
    'of no kind': good(() => ({ extensions: ['extendedKeyUsage ='] })),
    'of any kind': good(() => ({ extensions: ['extendedKeyUsage = anyExtendedKeyUsage'] })),
    'for servers and clients': good(() => ({ extensions: ['extendedKeyUsage = clientAuth, serverAuth'] })),
    'for mail': good(() => ({ extensions: ['extendedKeyUsage = emailProtection'] })),
    'of no key usage': good(() => ({ extensions: ['keyUsage ='] })),
    'for key agreement only': good(() => ({ extensions: ['keyUsage = critical, keyAgreement'] })),
    'for signatures of documents only': good(() => ({ extensions: ['keyUsage = critical, nonRepudiation'] })),
    'of an authority': good(() => ({
      extensions: ['basicConstraints = critical, CA:TRUE', 'keyUsage = critical, digitalSignature, keyCertSign'],
    })),
    'without basic constraints': good(() => ({ extensions: ['basicConstraints ='] })),
    'an unknown extension': good(() => ({ extensions: [`${UNKNOWN} = ASN1:UTF8String:x`] })),
    'an unknown critical extension': good(() => ({ extensions: [`${UNKNOWN} = critical, ASN1:UTF8String:x`] })),
    'a known extension that is critical': good(() => ({ extensions: ['certificatePolicies = critical, 1.2.3.4'] })),
    'with a demand for a status': good(() => ({ extensions: ['tlsfeature = status_request'] })),
    'critical names': named(['critical', 'IP:127.0.0.1']),
    ...Object.fromEntries(
      [
        ['names that are permitted', 'permitted;DNS:localhost', {}, 'localhost'],
        ['names that are not permitted', 'permitted;DNS:other.example', { san: ['DNS:localhost'] }, 'localhost'],
        [
          'names of which one is not permitted',
          'permitted;DNS:localhost',
          { san: ['DNS:localhost', 'DNS:other.example'] },
          'localhost',
        ],
        ['names that are excluded', 'excluded;DNS:localhost', { san: ['DNS:localhost'] }, 'localhost'],
        [
          'names below one that is permitted',
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
        ['an IP that is permitted', 'permitted;IP:127.0.0.0/255.0.0.0', { san: ['IP:127.0.0.1'] }, undefined],
        ['an IP that is not permitted', 'permitted;IP:10.0.0.0/255.0.0.0', { san: ['IP:127.0.0.1'] }, undefined],
        ['an IP where names are constrained', 'permitted;DNS:localhost', { san: ['IP:127.0.0.1'] }, undefined],
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
              return shows(leaf, leaf.fullChain);
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

/** A proxy to this computer, whatever the host. */
function proxyHere(t) {
  return scriptedProxy(t, ({ target }, socket) => {
    const server = net.connect(Number(target.split(':').pop()), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(socket).pipe(server);
    });
    server.on('error', () => socket.destroy());
    socket.on('error', () => server.destroy()).on('close', () => server.destroy());
  });
}

/** Why this Node makes no server with a certificate, or `undefined`: 18.17 looks at its strength before it is told not to. */
function refused(certificate) {
  const { key, cert } = certificate();
  try {
    createSecureContext({ key, cert, ciphers: WEAK_TOO });
  } catch ({ code }) {
    return code === 'ERR_SSL_CA_MD_TOO_WEAK'
      ? `Node ${process.version} makes no server with such a certificate: ${code}`
      : undefined;
  }
}

/** A server that shows this certificate, what Node says of it, and how a client gets there. */
async function served(t, { server: certificate, ca = () => root().cert, host = '127.0.0.1' }) {
  const { key, cert } = certificate();
  const server = await scriptedServer(t, { tls: { key, cert, ciphers: WEAK_TOO } });
  const port = Number(server.host.split(':')[1]);
  const tls = { ca: ca() };
  const expected = await nodesVerdict({ ...tls, host, port });
  server.calls.length = 0;
  const isHere = ['127.0.0.1', 'localhost'].includes(host);
  const options = { tls, retryConfig: { retries: 0 }, ...(!isHere && { proxy: (await proxyHere(t)).url }) };
  return { server, expected, options, authority: `${host}:${port}` };
}

/** Both tell what the client said in the way in which Node's verdict is told. */
async function verdictOfCall(t, { server, options, authority: at }) {
  const rtm = clientOf(t, server, { ...options, slackApiUrl: `https://${at}/api/`, autoReconnect: false });
  const error = await rtm.start().then(
    () => undefined,
    (reason) => reason,
  );
  if (error === undefined) {
    assert.equal(server.calls.length, 1);
    return 'accepted';
  }
  assert.equal(server.calls.length, 0);
  assert.equal(error.code, 'slack_webapi_request_error');
  assert.ok(error.original instanceof Error);
  return error.original.code;
}

async function verdictOfSocket(t, { server, options, authority: at }) {
  const api = await scriptedServer(t);
  api.answers.push(api.answer({ url: `wss://${at}/socket` }));
  const rtm = clientOf(t, api, { ...options, autoReconnect: false });
  const outcome = new Promise((resolve) => rtm.once('connected', () => resolve()).once('error', resolve));
  await rtm.start();
  const error = await outcome;
  if (error === undefined) {
    assert.equal(server.sockets.length, 1);
    return 'accepted';
  }
  assert.equal(server.upgrades.length, 0);
  assert.equal(error.code, ErrorCode.WebsocketError);
  assert.ok(error.original instanceof Error);
  return error.original.code;
}

/** Where this package fares otherwise: docs/tls.md tells of what matters of it. */
const UNLIKE_NODE = {
  // Refused by both, under another name.
  'not for signing certificates': 'INVALID_PURPOSE',
  'an intermediate that is not for signing certificates': 'INVALID_PURPOSE',
  'only the intermediate is in ca, but the root is sent': 'SELF_SIGNED_CERT_IN_CHAIN',
  // An authority of the user's own is trusted with all that it says.
  'with an unknown critical extension': 'accepted',
  // Refused, since the libraries underneath do not know it.
  'since 1960': 'UNSPECIFIED',
  'ten intermediates': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'a known extension that is critical': 'UNSPECIFIED',
  ...Object.fromEntries(
    ['rsa-pss', 'ec-521'].flatMap((key) => [
      [`${key} of the server`, 'EPROTO'],
      [`${key} of the root`, 'UNSPECIFIED'],
      [`${key} of an intermediate`, 'UNSPECIFIED'],
    ]),
  ),
  // Refused as too weak.
  'rsa-1024 of the server': 'EPROTO',
  'rsa-1024 of the root': 'CERT_SIGNATURE_FAILURE',
  'rsa-1024 of an intermediate': 'CERT_SIGNATURE_FAILURE',
};

for (const [group, kinds] of Object.entries(KINDS)) {
  describe(`a server's certificate: ${group}`, { skip: missing }, () => {
    for (const [name, kind] of Object.entries(kinds)) {
      better(
        UNREACHED,
        `${name}: the connect call fares as ${UNLIKE_NODE[name] ? 'documented' : 'Node does'}`,
        async (t) => {
          const reason = refused(kind.server);
          if (reason) return t.skip(reason);
          const reached = await served(t, kind);
          assert.equal(await verdictOfCall(t, reached), UNLIKE_NODE[name] ?? reached.expected);
        },
      );

      const isReached = ['127.0.0.1', 'localhost', undefined].includes(kind.host);
      const either = isReached ? same : (...args) => better('it has no `proxy`', ...args);
      either(`${name}: the socket fares as ${UNLIKE_NODE[name] ? 'documented' : 'Node does'}`, async (t) => {
        const reason = refused(kind.server);
        if (reason) return t.skip(reason);
        const reached = await served(t, kind);
        assert.equal(await verdictOfSocket(t, reached), (!isPeer && UNLIKE_NODE[name]) || reached.expected);
      });
    }
  });
}
