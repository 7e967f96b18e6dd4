// Certificates of every kind, made by `openssl` (3.0 or later) when a test first asks for them. Owns their shapes, and
// the folder they are made in, which goes when the process ends. The same question gets the same answer all the while.
//
//   const ca = authority('Test authority');          // a root; `ca.cert` is its PEM. Options: ISSUER and SUBJECT below
//   authority('Test authority', { copy: 2 });        // another key by the same name
//   const leaf = ca.issue();                         // { key, cert, chain, fullChain, ca }, all of them PEM:
//                                                    // `chain` the intermediates, '' without; `fullChain` is cert
//                                                    // and chain, what a server sends; `ca` the root
//   ca.issue({ cn: 'bot', client: true });           // for a client. All options: LEAF and SUBJECT below
//   ca.issue({ days: -1 });                          // ended yesterday
//   ca.issue({ notBefore: new Date('2040-01-01'), days: 30 });
//   ca.intermediate('Middle').issue({ san: ['DNS:other.example'] });
//   selfSigned({ cn: 'localhost' });                 // like `openssl req -x509`: it may sign others; `isCa: false` not
//
//   selfSigned({ extensions: ['keyUsage = …'] });    // lines of an extension file; they replace ours
//   authority('Test authority', { key: other.key }); // with another's key, for what is renewed, or signed by two
//
//   encodings(leaf.key, 'secret');                   // { pkcs8, pkcs1 or sec1, pkcs8Encrypted…, legacyEncrypted… }
//   pkcs12({ ...leaf, passphrase: 'secret' });       // a Buffer; `legacy: true` as Windows and OpenSSL 1 wrote them
//
//   await nodesVerdict({ port, host, ca });          // what its https says: 'accepted', or the error's code
//   describe('…', { skip: missing }, …);             // false, or why nothing of this can be had
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const https = require('node:https');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `false`, or why tests with certificates cannot run. */
const missing = (() => {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (status !== 0) return 'openssl is not installed';
  return /^OpenSSL ([3-9]|\d\d)\./.test(stdout) ? false : `openssl is too old, or not OpenSSL: ${stdout.trim()}`;
})();

/** What `genpkey` is asked for. */
const KEYS = {
  rsa: ['RSA', 'rsa_keygen_bits:2048'],
  'rsa-1024': ['RSA', 'rsa_keygen_bits:1024'],
  'rsa-4096': ['RSA', 'rsa_keygen_bits:4096'],
  'rsa-pss': ['RSA-PSS', 'rsa_keygen_bits:2048'],
  ec: ['EC', 'ec_paramgen_curve:P-256'],
  'ec-384': ['EC', 'ec_paramgen_curve:P-384'],
  'ec-521': ['EC', 'ec_paramgen_curve:P-521'],
  ed25519: ['ED25519'],
};

/** For `openssl req` and `openssl ca`; the latter because it alone takes both dates, in every 3.x. */
const CONFIG = `
[req]
distinguished_name = nothing
prompt = no
string_mask = utf8only
[nothing]
[ca]
default_ca = us
[us]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
policy = any
[any]
commonName = optional
`;

/** The folder of this process, made when it is first needed. */
const home = memoized(() => {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'openssl.cnf'), CONFIG);
  writeFileSync(join(folder, 'index.txt'), '');
  return folder;
});

let files = 0;

/** The path of a new file, with this text if any is given. */
function file(text) {
  const path = join(home(), String(++files));
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

/** Runs it; what it says is in the error, if it fails. */
function openssl(...args) {
  return execFileSync('openssl', args, { cwd: home(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The function, which runs once for the same arguments (JSON values and dates). */
function memoized(make) {
  const made = new Map();
  return (...args) => {
    const key = JSON.stringify(args);
    if (!made.has(key)) made.set(key, make(...args));
    return made.get(key);
  };
}

/** A key of this kind, or this one. */
function newKey(kind) {
  if (kind.startsWith('-----BEGIN')) return kind;
  const [algorithm, option] = KEYS[kind];
  return openssl('genpkey', '-algorithm', algorithm, ...(option ? ['-pkeyopt', option] : [])).toString();
}

/** As `openssl ca` takes it: YYYYMMDDHHMMSSZ. */
function stamp(date) {
  return date.toISOString().replace(/\.\d+|[-:T]/g, '');
}

/** From `notBefore` to `notAfter`; what is not given follows from `days`, which counts from now, or from the start. */
function validity({ notBefore, notAfter, days = 30 }) {
  const from = notBefore?.getTime() ?? Date.now();
  const until = notAfter?.getTime() ?? from + days * DAY;
  return { from: notBefore ?? new Date(Math.min(from - HOUR, until - 30 * DAY)), until: new Date(until) };
}

/**
 * What all certificates can be told.
 * @typedef {object} Subject
 * @property {string} [cn] the common name; none if it is ''
 * @property {'rsa' | 'rsa-1024' | 'rsa-4096' | 'rsa-pss' | 'ec' | 'ec-384' | 'ec-521' | 'ed25519' | string} [key] the kind
 *   of a new one, or a PEM. Default: ec
 * @property {number} [days] how long from now, or from `notBefore`; negative for one that has ended. Default: 30
 * @property {Date} [notBefore]
 * @property {Date} [notAfter]
 * @property {'sha1' | 'sha256' | 'sha384'} [digest] of the signature
 * @property {boolean} [v1] version 1 of X.509, which has no extensions, so no `san` either
 * @property {string[]} [extensions] more of them, as lines of an extension file; one of the same name is
 *   replaced, or, by a line without a value, left out
 * @property {number} [copy] tells apart what is the same otherwise
 *
 * @typedef {{ key: string, cert: string, root?: string, chain?: string }} Signer
 */

/**
 * A new key, and a certificate for it, signed by `issuer` or by itself.
 * @param {Subject} subject
 * @param {string[]} extensions
 * @param {Signer} [issuer]
 * @returns {{ key: string, cert: string }}
 */
function certify({ cn = '', key = 'ec', digest = 'sha256', v1 = false, ...subject }, extensions, issuer) {
  const pem = newKey(key);
  const [keyFile, request, out] = [file(pem), file(), file()];
  const { from, until } = validity(subject);
  const name = cn === '' ? '/' : `/CN=${cn.replace(/[\\/+]/g, '\\$&')}`;
  const signer = issuer ? ['-cert', file(issuer.cert)] : ['-selfsign'];
  const signingKey = issuer ? file(issuer.key) : keyFile;
  const lines = effective([...extensions, ...(subject.extensions ?? [])]).join('\n');
  openssl('req', '-new', '-config', 'openssl.cnf', '-utf8', '-key', keyFile, '-subj', name, '-out', request);
  openssl(
    'ca',
    '-config',
    'openssl.cnf',
    '-batch',
    '-notext',
    '-utf8',
    '-in',
    request,
    '-out',
    out,
    '-md',
    digest,
    ...signer,
    '-keyfile',
    signingKey,
    '-startdate',
    stamp(from),
    '-enddate',
    stamp(until),
    ...(v1 ? [] : ['-extfile', file(lines)]),
  );
  return { key: pem, cert: readFileSync(out, 'utf8') };
}

/** Of lines with the same name, the last one counts. */
function effective(lines) {
  const byName = new Map(lines.map((line) => [line.split('=')[0].trim(), line]));
  return [...byName.values()].filter((line) => !/=\s*$/.test(line));
}

/** The extensions of one that is no authority. */
function leafExtensions({ san = ['DNS:localhost', 'IP:127.0.0.1'], client = false }) {
  return [
    'basicConstraints = CA:FALSE',
    'keyUsage = critical, digitalSignature',
    `extendedKeyUsage = ${client ? 'clientAuth' : 'serverAuth'}`,
    'subjectKeyIdentifier = hash',
    ...(san.length > 0 ? [`subjectAltName = ${san.join(', ')}`] : []),
  ];
}

/** The extensions of one that signs others, or, with `isCa: false`, only pretends to. */
function authorityExtensions({ isCa = true, pathLength }) {
  const limit = pathLength === undefined ? '' : `, pathlen:${pathLength}`;
  return [
    `basicConstraints = critical, ${isCa ? `CA:TRUE${limit}` : 'CA:FALSE'}`,
    ...(isCa ? ['keyUsage = critical, keyCertSign, cRLSign'] : []),
    'subjectKeyIdentifier = hash',
  ];
}

class Authority {
  /**
   * @param {Subject & { isCa?: boolean, pathLength?: number }} subject
   * @param {Authority} [issuer] none for a root
   */
  constructor(subject, issuer) {
    Object.assign(this, certify(subject, [...authorityExtensions(subject), ...(issuer?.mark ?? [])], issuer));
    /** The extension by which those that this one signs refer to it; one of version 1 cannot be referred to. */
    this.mark = subject.v1 ? [] : ['authorityKeyIdentifier = keyid'];
    /** The root's PEM. */
    this.root = issuer ? issuer.root : this.cert;
    /** The PEMs from this one up to the root, without it. */
    this.chain = issuer ? this.cert + issuer.chain : '';
  }

  /** A server's key and certificate, or a client's (`client: true`). */
  issue = memoized((/** @type {Subject & { san?: string[], client?: boolean }} */ leaf = {}) => {
    const { key, cert } = certify({ cn: 'localhost', ...leaf }, [...leafExtensions(leaf), ...this.mark], this);
    return { key, cert, chain: this.chain, fullChain: cert + this.chain, ca: this.root };
  });

  /** An authority signed by this one; with `isCa: false` one that had no right to sign. */
  intermediate = memoized((/** @type {string} */ name, options = {}) => new Authority({ ...options, cn: name }, this));
}

/**
 * A root of one's own.
 * @type {(name: string, options?: Subject & { pathLength?: number }) => Authority}
 */
const authority = memoized((name, options = {}) => new Authority({ ...options, cn: name }));

/**
 * A certificate that vouches for itself. Like those of `openssl req -x509` it is an authority; not with `isCa: false`.
 * @type {(subject?: Subject & { san?: string[], isCa?: boolean }) =>
 *   { key: string, cert: string, chain: string, fullChain: string, ca: string }}
 */
const selfSigned = memoized((subject = {}) => {
  const { san = ['DNS:localhost', 'IP:127.0.0.1'], isCa = true } = subject;
  const names = san.length > 0 ? [`subjectAltName = ${san.join(', ')}`] : [];
  const role = `basicConstraints = ${isCa ? 'critical, CA:TRUE' : 'CA:FALSE'}`;
  const { key, cert } = certify({ cn: 'localhost', ...subject }, [role, 'subjectKeyIdentifier = hash', ...names]);
  return { key, cert, chain: '', fullChain: cert, ca: cert };
});

/**
 * One key in all the ways in which PEM can hold it; those that are encrypted want the passphrase.
 * @type {(key: string, passphrase?: string) => Record<string, string>}
 */
const encodings = memoized((key, passphrase = 'secret') => {
  const path = file(key);
  const pass = ['-passout', `pass:${passphrase}`];
  const pkcs8 = (...args) => openssl('pkcs8', '-topk8', '-in', path, ...args).toString();
  const traditional = (...args) => openssl('pkey', '-in', path, '-traditional', ...args).toString();
  const modern = {
    pkcs8: pkcs8('-nocrypt'),
    pkcs8Encrypted: pkcs8('-v2', 'aes-256-cbc', ...pass),
    pkcs8EncryptedAes128: pkcs8('-v2', 'aes-128-cbc', ...pass),
    pkcs8EncryptedDes3: pkcs8('-v2', 'des3', '-v2prf', 'hmacWithSHA1', ...pass),
    pkcs8EncryptedScrypt: pkcs8('-scrypt', ...pass),
    pkcs8EncryptedPbes1: pkcs8('-v1', 'PBE-SHA1-3DES', ...pass),
  };
  const type = openssl('pkey', '-in', path, '-noout', '-text').toString();
  const isRsa = /modulus:/.test(type) && !/PSS/.test(type);
  if (!isRsa && !/NIST CURVE/.test(type)) return modern;
  return {
    ...modern,
    [isRsa ? 'pkcs1' : 'sec1']: traditional(),
    legacyEncrypted: traditional('-aes-256-cbc', ...pass),
    legacyEncryptedAes128: traditional('-aes-128-cbc', ...pass),
    legacyEncryptedDes3: traditional('-des3', ...pass),
  };
});

/**
 * How the parts of a PKCS#12 file are encrypted: as OpenSSL 3 does it (AES); as OpenSSL 1 and Windows did (RC2 with 40
 * bits, which OpenSSL 3 reads with its legacy provider only); as what both read.
 */
const PBES = {
  false: [],
  true: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES'],
  des3: ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
};

/**
 * Key and certificates in one PKCS#12 file.
 * @param {{ key: string, cert: string, chain?: string, passphrase?: string, legacy?: boolean | 'des3' }} content
 *   without a passphrase, it is ''
 * @returns {Buffer}
 */
function pkcs12({ key, cert, chain = '', passphrase = '', legacy = false }) {
  const others = chain === '' ? [] : ['-certfile', file(chain)];
  return openssl(
    'pkcs12',
    '-export',
    '-inkey',
    file(key),
    '-in',
    file(cert),
    ...others,
    '-passout',
    `pass:${passphrase}`,
    ...PBES[String(legacy)],
  );
}

/**
 * What Node's own https says of a server on this computer: 'accepted', or the code of the error.
 * @param {https.RequestOptions} options `port`, and those of TLS; `host` need not exist
 * @returns {Promise<string | undefined>}
 */
function nodesVerdict(options) {
  const here = { address: '127.0.0.1', family: 4 };
  const lookup = (_, { all }, done) => (all ? done(null, [here]) : done(null, here.address, here.family));
  return new Promise((resolve) => {
    const request = https.request({ host: '127.0.0.1', agent: false, lookup, ...options }, (response) => {
      response.resume().on('error', () => {});
      resolve('accepted');
    });
    request.on('error', ({ code }) => resolve(code)).end();
  });
}

module.exports = { authority, encodings, missing, nodesVerdict, pkcs12, selfSigned };
