// Certificates and keys, as Node takes them: checked, and in the form the network side takes. Owns what is valid TLS
// material and what this Node trusts by default; it opens no connection, and whether material fits a server is not
// known here. No key and no passphrase is ever part of an error.
'use strict';

const { X509Certificate, createPrivateKey } = require('node:crypto');
const { readFileSync, readdirSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const tls = require('node:tls');
const { show } = require('./show.js');

/**
 * @typedef {object} TlsMaterial
 * @property {Buffer[] | null} ca PEM, one for each value given, certificates only; `null`: the default roots
 * @property {Buffer[]} certs PEM, one chain each, certificates only, the client's own first
 * @property {Buffer[]} keys PKCS#8, DER, not encrypted
 * @property {{ data: Buffer, passphrase: string | null }[]} pfx PKCS#12, as given
 * @property {boolean} verify false for `rejectUnauthorized: false`
 */

const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]+?-----END \1-----/g;
const PRIVATE_KEYS = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[^]+?-----END \1-----/g;
const ENCRYPTED = /^-----BEGIN ENCRYPTED |\nProc-Type: 4,ENCRYPTED/;

/** Node reads these when it starts; what the program does to them afterwards has no effect. */
const { NODE_EXTRA_CA_CERTS, NODE_OPTIONS = '' } = environmentAtStart();

/** Where builds of OpenSSL look for `cert.pem` and `certs`: Node's own first, then those of distributions. */
const OPENSSL_FOLDERS = [
  '/etc/ssl',
  '/usr/lib/ssl',
  '/etc/pki/tls',
  '/System/Library/OpenSSL',
  '/opt/homebrew/etc/openssl@3',
  '/usr/local/etc/openssl@3',
  'C:\\Program Files\\Common Files\\SSL',
];

// ── Certificates and keys ─────────────────────────────────────────────────────────────────────────────────────────

/**
 * Takes what `tls.createSecureContext` takes as `ca`, `cert`, `key`, `pfx` and `passphrase`, and `rejectUnauthorized`.
 * Other options are not looked at.
 * @param {any} given
 * @param {string} [prefix] what errors call it
 * @returns {TlsMaterial}
 */
function readTls(given, prefix = 'tls') {
  if (isLeftOut(given)) return { ca: null, certs: [], keys: [], pfx: [], verify: true };
  if (typeof given !== 'object') throw new TypeError(`${prefix} must be an object, but is ${show(given)}`);
  const { ca, cert, key, pfx } = given;
  const passphrase = readPassphrase(`${prefix}.passphrase`, given.passphrase);
  const material = {
    ca: isLeftOut(ca) ? null : readCertificates(`${prefix}.ca`, ca),
    certs: isLeftOut(cert) ? [] : readCertificates(`${prefix}.cert`, cert),
    keys: isLeftOut(key) ? [] : readKeys(prefix, key, passphrase),
    pfx: isLeftOut(pfx) ? [] : readPfx(prefix, pfx, passphrase),
    verify: given.rejectUnauthorized !== false,
  };
  checkPair(prefix, material);
  return material;
}

/** @param {unknown} value */
function isLeftOut(value) {
  return value === undefined || value === null;
}

/**
 * @param {string} option
 * @param {unknown} value
 */
function readPassphrase(option, value) {
  if (isLeftOut(value)) return undefined;
  if (typeof value !== 'string') throw new TypeError(`${option} must be a string, but is of type ${typeof value}`);
  return value;
}

/**
 * @param {string} option
 * @param {any} value
 * @returns {any[]}
 */
function listOf(option, value) {
  if (!Array.isArray(value)) return [value];
  if (value.length === 0) throw new TypeError(`${option} must not be an empty list`);
  return value;
}

/**
 * @param {string} option
 * @param {unknown} value
 */
function bytesOf(option, value) {
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`${option} must be a string, a Buffer, or a list of them, but holds ${show(value)}`);
}

/**
 * The PEM blocks in a text that holds anything besides.
 * @param {Buffer} bytes
 * @param {RegExp} blocks
 */
function blocksIn(bytes, blocks) {
  return bytes.toString('latin1').match(blocks) ?? [];
}

/**
 * @param {string} option
 * @param {unknown} given
 */
function readCertificates(option, given) {
  return listOf(option, given).map((one) => {
    const blocks = blocksIn(bytesOf(option, one), CERTIFICATES);
    if (blocks.length === 0) {
      throw new TypeError(`${option} holds no certificate: pass the text of a PEM file, not its name`);
    }
    return Buffer.from(blocks.map((block) => readCertificate(option, block)).join(''));
  });
}

/**
 * @param {string} option
 * @param {string} block
 */
function readCertificate(option, block) {
  try {
    return new X509Certificate(block).toString();
  } catch (error) {
    throw unusable(`${option} holds a certificate that cannot be read: pass the PEM file as it is`, error);
  }
}

/**
 * @param {string} prefix
 * @param {unknown} given
 * @param {string | undefined} passphrase of keys that bring none of their own
 */
function readKeys(prefix, given, passphrase) {
  const option = `${prefix}.key`;
  return listOf(option, given).flatMap((one) => {
    const [pem, own] = withPassphrase(option, one, 'pem');
    const blocks = blocksIn(bytesOf(option, pem), PRIVATE_KEYS);
    if (blocks.length === 0) {
      throw new TypeError(`${option} holds no private key: pass the text of a PEM file, not its name`);
    }
    return blocks.map((block) => readKey(prefix, block, own ?? passphrase));
  });
}

/**
 * @param {string} prefix
 * @param {string} block
 * @param {string | undefined} passphrase
 */
function readKey(prefix, block, passphrase) {
  const isEncrypted = ENCRYPTED.test(block);
  if (isEncrypted && passphrase === undefined) {
    throw new TypeError(`${prefix}.key is encrypted: pass its passphrase as ${prefix}.passphrase`);
  }
  try {
    return createPrivateKey({ key: block, passphrase }).export({ type: 'pkcs8', format: 'der' });
  } catch (error) {
    throw unusable(
      isEncrypted
        ? `${prefix}.key cannot be decrypted: ${prefix}.passphrase must be the one it was encrypted with`
        : `${prefix}.key holds a private key that cannot be read: pass the PEM file as it is`,
      error,
    );
  }
}

/**
 * @param {string} prefix
 * @param {unknown} given
 * @param {string | undefined} passphrase of files that bring none of their own
 */
function readPfx(prefix, given, passphrase) {
  const option = `${prefix}.pfx`;
  return listOf(option, given).map((one) => {
    const [buf, own] = withPassphrase(option, one, 'buf');
    const file = { data: bytesOf(option, buf), passphrase: own || passphrase || null };
    checkPfx(prefix, file);
    return file;
  });
}

/**
 * A list's item: the material, or an object of it and its passphrase.
 * @param {string} option
 * @param {any} item
 * @param {'pem' | 'buf'} field
 * @returns {[any, string | undefined]}
 */
function withPassphrase(option, item, field) {
  if (item?.[field] === undefined) return [item, undefined];
  return [item[field], readPassphrase(`${option}.passphrase`, item.passphrase)];
}

/**
 * Opens a PKCS#12 file as Node would, to tell now what would fail later. One in an encryption that this Node has
 * switched off is left to the network side.
 * @param {string} prefix
 * @param {{ data: Buffer, passphrase: string | null }} file
 */
function checkPfx(prefix, { data, passphrase }) {
  try {
    // With `ca`, Node does not load the default roots.
    tls.createSecureContext({ pfx: [{ buf: data, passphrase: passphrase ?? undefined }], ca: [] });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (/unsupported/i.test(message)) return;
    const isLocked = /mac verify failure/.test(message);
    throw unusable(isLocked ? lockedPfx(prefix, passphrase) : `${prefix}.pfx holds no usable PKCS#12 file`, error);
  }
}

/**
 * @param {string} prefix
 * @param {string | null} passphrase
 */
function lockedPfx(prefix, passphrase) {
  if (passphrase === null) return `${prefix}.pfx is encrypted: pass its passphrase as ${prefix}.passphrase`;
  return `${prefix}.pfx cannot be decrypted: ${prefix}.passphrase must be the one it was encrypted with`;
}

/**
 * Node refuses a key that belongs to none of the certificates; so do we.
 * @param {string} prefix
 * @param {TlsMaterial} material
 */
function checkPair(prefix, { certs, keys }) {
  if (certs.length === 0 || keys.length === 0) return;
  const own = certs.map((chain) => new X509Certificate(chain));
  const isPair = keys.some((der) => {
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return own.some((certificate) => certificate.checkPrivateKey(key));
  });
  if (!isPair) throw new TypeError(`${prefix}.key does not belong to ${prefix}.cert: pass the key of the certificate`);
}

/**
 * An error with OpenSSL's own as its cause: that holds no more than OpenSSL's words. Others may hold what was given.
 * @param {string} message
 * @param {unknown} error
 */
function unusable(message, error) {
  const isOpenssl = 'opensslErrorStack' in Object(error) || /^ERR_OSSL/.test(Object(error).code);
  return isOpenssl ? new TypeError(message, { cause: error }) : new TypeError(message);
}

// ── Whom Node trusts ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The certificates, as PEM, that this Node trusts where `ca` is not given. A file that cannot be read is left out, as
 * Node does, which has warned of it already; a certificate that cannot be used is left out by the network side.
 * @returns {string[]}
 */
function defaultRoots() {
  const ofOpenssl = trustsOpenssl() ? opensslRoots() : undefined;
  const { getCACertificates } = /** @type {any} */ (tls);
  // Node >= 22.15 tells of all but OpenSSL's; and not of the extra ones where the program took away their variable.
  if (getCACertificates) {
    const isTaken = NODE_EXTRA_CA_CERTS && !process.env.NODE_EXTRA_CA_CERTS;
    return [...getCACertificates('default'), ...(isTaken ? getCACertificates('extra') : []), ...(ofOpenssl ?? [])];
  }
  const extra = NODE_EXTRA_CA_CERTS ? certificatesIn(NODE_EXTRA_CA_CERTS) : [];
  return [...(ofOpenssl ?? tls.rootCertificates), ...extra];
}

/**
 * The environment that the process was started with, where the system tells; else as it is now.
 * @returns {NodeJS.ProcessEnv}
 */
function environmentAtStart() {
  if (process.platform !== 'linux') return process.env;
  try {
    const variables = readFileSync('/proc/self/environ', 'utf8').split('\0');
    return Object.fromEntries(variables.map((text) => text.split(/=(.*)/s)));
  } catch {
    return process.env;
  }
}

/** Whether Node trusts OpenSSL's certificates in place of its own: by an option, or by how it was built. */
function trustsOpenssl() {
  const options = [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].map((option) => option.replaceAll('_', '-'));
  if (options.includes('--use-bundled-ca')) return false;
  if (options.includes('--use-openssl-ca')) return true;
  return Boolean(process.config.target_defaults.defines?.includes('NODE_OPENSSL_CERT_STORE'));
}

/** What OpenSSL trusts: one file, and folders whose files bear the hash of a name. */
function opensslRoots() {
  const { SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  const inFolder = (/** @type {string} */ name) => OPENSSL_FOLDERS.map((folder) => join(folder, name));
  const ofFile = SSL_CERT_FILE ? certificatesIn(SSL_CERT_FILE) : firstFound(inFolder('cert.pem'), certificatesIn);
  const ofFolders = SSL_CERT_DIR
    ? SSL_CERT_DIR.split(delimiter).flatMap(certificatesOfFolder)
    : firstFound(inFolder('certs'), certificatesOfFolder);
  return [...new Set([...ofFile, ...ofFolders])];
}

/**
 * @param {string[]} places
 * @param {(place: string) => string[]} read
 */
function firstFound(places, read) {
  for (const place of places) {
    const found = read(place);
    if (found.length > 0) return found;
  }
  return [];
}

/** @param {string} folder */
function certificatesOfFolder(folder) {
  return namesIn(folder)
    .filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name))
    .flatMap((name) => certificatesIn(join(folder, name)));
}

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @param {string} file */
function certificatesIn(file) {
  try {
    return blocksIn(readFileSync(file), CERTIFICATES);
  } catch {
    return [];
  }
}

/** Whether certificates are checked where `rejectUnauthorized` is not given. Node asks at each connection. */
function rejectsUnauthorized() {
  return process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
}

module.exports = { defaultRoots, readTls, rejectsUnauthorized };
