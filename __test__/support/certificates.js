// Certificates of every kind. `openssl` (3.0 or later) makes them when a test first needs them, in a folder that is removed
// when the process ends. Equal arguments return the same certificate.
//
//   const ca = authority('Test authority');          // a root; `ca.cert` is its PEM. Options: ISSUER and SUBJECT below
//   authority('Test authority', { copy: 2 });        // another key with the same name
//   const leaf = ca.issue();                         // { key, cert, chain, fullChain, ca }, each of them PEM:
//                                                    // `chain` has the intermediates, or is ''; `fullChain` is cert
//                                                    // and chain, as a server sends them; `ca` is the root
//   ca.issue({ cn: 'bot', client: true });           // for a client. All options: LEAF and SUBJECT below
//   ca.issue({ days: -1 });                          // expired yesterday
//   ca.issue({ notBefore: new Date('2040-01-01'), days: 30 });
//   ca.intermediate('Middle').issue({ san: ['DNS:other.example'] });
//   selfSigned({ cn: 'localhost' });                 // like `openssl req -x509`: a CA, unless `isCa: false`
//
//   selfSigned({ extensions: ['keyUsage = …'] });    // lines of an extension file; they replace the defaults
//   authority('Test authority', { key: other.key }); // with the key of another: a renewed or cross-signed certificate
//
//   encodings(leaf.key, 'secret');                   // { pkcs8, pkcs1 or sec1, pkcs8Encrypted…, legacyEncrypted… }
//   pkcs12({ ...leaf, passphrase: 'secret' });       // a Buffer; `legacy: true`: the format of Windows and OpenSSL 1
//
//   await nodesVerdict({ port, host, ca });          // 'accepted', or the code of the error of Node's own https
//   describe('…', { skip: missing }, …);             // false, or the reason why certificates cannot be made
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const https = require('node:https');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `false`, or the reason why tests with certificates cannot run. */
const missing = (() => {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (status !== 0) return 'openssl is not installed';
  return /^OpenSSL ([3-9]|\d\d)\./.test(stdout) ? false : `openssl is too old, or not OpenSSL: ${stdout.trim()}`;
})();

/** The arguments of `openssl genpkey`. */
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

/** For `openssl req` and `openssl ca`. Only `openssl ca` accepts both dates in every 3.x version. */
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

/** The folder of this process. */
const home = memoized(() => {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'openssl.cnf'), CONFIG);
  writeFileSync(join(folder, 'index.txt'), '');
  return folder;
});

let files = 0;

/** The path of a new file; with this text if one is given. */
function file(text) {
  const path = join(home(), String(++files));
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

/** Runs `openssl`. If it fails, the error contains its output. */
function openssl(...args) {
  return execFileSync('openssl', args, { cwd: home(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Caches the function's results by its arguments, which are JSON values and dates. */
function memoized(make) {
  const made = new Map();
  return (...args) => {
    const key = JSON.stringify(args);
    if (!made.has(key)) made.set(key, make(...args));
    return made.get(key);
  };
}

/** A new key of this kind, or the given PEM itself. */
function newKey(kind) {
  if (kind.startsWith('-----BEGIN')) return kind;
  const [algorithm, option] = KEYS[kind];
  return openssl('genpkey', '-algorithm', algorithm, ...(option ? ['-pkeyopt', option] : [])).toString();
}

/** The date in the format of `openssl ca`: YYYYMMDDHHMMSSZ. */
function stamp(date) {
  return date.toISOString().replace(/\.\d+|[-:T]/g, '');
}

/** From `notBefore` to `notAfter`. Without these, `days` counts from `notBefore`, or from now. */
function validity({ notBefore, notAfter, days = 30 }) {
  const from = notBefore?.getTime() ?? Date.now();
  const until = notAfter?.getTime() ?? from + days * DAY;
  return { from: notBefore ?? new Date(Math.min(from - HOUR, until - 30 * DAY)), until: new Date(until) };
}

/**
 * The options of all certificates.
 * @typedef {object} Subject
 * @property {string} [cn] the common name; '' leaves it out
 * @property {'rsa' | 'rsa-1024' | 'rsa-4096' | 'rsa-pss' | 'ec' | 'ec-384' | 'ec-521' | 'ed25519' | string} [key] the kind
 *   of a new one, or a PEM. Default: ec
 * @property {number} [days] validity from now, or from `notBefore`; negative for an expired certificate. Default: 30
 * @property {Date} [notBefore]
 * @property {Date} [notAfter]
 * @property {'sha1' | 'sha256' | 'sha384'} [digest] of the signature
 * @property {boolean} [v1] version 1 of X.509, which has no extensions and therefore no `san`
 * @property {string[]} [extensions] more extensions, as lines of an extension file. A line replaces the default of the same
 *   name; a line without a value removes it
 * @property {number} [copy] distinguishes certificates with otherwise equal options
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

/** Of lines with the same name, the last one is used. */
function effective(lines) {
  const byName = new Map(lines.map((line) => [line.split('=')[0].trim(), line]));
  return [...byName.values()].filter((line) => !/=\s*$/.test(line));
}

/** The extensions of a certificate that is not a CA. */
function leafExtensions({ san = ['DNS:localhost', 'IP:127.0.0.1'], client = false }) {
  return [
    'basicConstraints = CA:FALSE',
    'keyUsage = critical, digitalSignature',
    `extendedKeyUsage = ${client ? 'clientAuth' : 'serverAuth'}`,
    'subjectKeyIdentifier = hash',
    ...(san.length > 0 ? [`subjectAltName = ${san.join(', ')}`] : []),
  ];
}

/** The extensions of a CA. With `isCa: false`, it signs others without the right to do so. */
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
    Object.assign(this, certify(subject, [...authorityExtensions(subject), ...(issuer?.authorityKeyId ?? [])], issuer));
    /** The extension with which issued certificates refer to this one. They cannot refer to a version 1 certificate. */
    this.authorityKeyId = subject.v1 ? [] : ['authorityKeyIdentifier = keyid'];
    /** The root's PEM. */
    this.root = issuer ? issuer.root : this.cert;
    /** The PEMs from this certificate up to the root, without the root. */
    this.chain = issuer ? this.cert + issuer.chain : '';
  }

  /** A key and certificate for a server, or with `client: true` for a client. */
  issue = memoized((/** @type {Subject & { san?: string[], client?: boolean }} */ leaf = {}) => {
    const { key, cert } = certify(
      { cn: 'localhost', ...leaf },
      [...leafExtensions(leaf), ...this.authorityKeyId],
      this,
    );
    return { key, cert, chain: this.chain, fullChain: cert + this.chain, ca: this.root };
  });

  /** An authority signed by this one. With `isCa: false`, it has no right to sign. */
  intermediate = memoized((/** @type {string} */ name, options = {}) => new Authority({ ...options, cn: name }, this));
}

/**
 * A root CA.
 * @type {(name: string, options?: Subject & { pathLength?: number }) => Authority}
 */
const authority = memoized((name, options = {}) => new Authority({ ...options, cn: name }));

/**
 * A self-signed certificate. It is a CA, like those of `openssl req -x509`, unless `isCa: false`.
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
 * A key in all PEM encodings. The encrypted ones need the passphrase.
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
 * The encryption of a PKCS#12 file, by `legacy`: that of OpenSSL 3 (AES); that of OpenSSL 1 and Windows (40-bit RC2, which
 * OpenSSL 3 reads only with its legacy provider); one that both read.
 */
const PBES = {
  false: [],
  true: ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES'],
  des3: ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
};

/**
 * Key and certificates in one PKCS#12 file.
 * @param {{ key: string, cert: string, chain?: string, passphrase?: string, legacy?: boolean | 'des3' }} content
 *   the default passphrase is ''
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
 * The verdict of Node's own https on a server of this computer: 'accepted', or the code of the error.
 * @param {https.RequestOptions} options `port`, and those of TLS; `host` does not have to exist
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
