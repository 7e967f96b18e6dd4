// Certificates and keys in the forms that Node takes: checked, and converted to the form that native code takes. Also the
// root certificates that Node trusts. No key and no passphrase is ever part of an error.
'use strict';

const { X509Certificate, createPrivateKey } = require('node:crypto');
const { readFileSync, readdirSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const tls = require('node:tls');
const { formatValue } = require('./format-value.js');

/**
 * @typedef {object} TlsMaterial
 * @property {Buffer[] | null} ca PEM, certificates only, one for each value of the option; `null`: the default roots
 * @property {Buffer[]} certs PEM, certificates only, one chain each, the client's own certificate first
 * @property {Buffer[]} keys PKCS#8, DER, not encrypted
 * @property {{ data: Buffer, passphrase: string | null }[]} pfx PKCS#12 files, unchanged
 * @property {boolean} verify false if `rejectUnauthorized` is false
 */

const CERTIFICATES = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]+?-----END \1-----/g;
const PRIVATE_KEYS = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[^]+?-----END \1-----/g;
const ENCRYPTED = /^-----BEGIN ENCRYPTED |\nProc-Type: 4,ENCRYPTED/;

/** Node reads these variables when it starts, so later changes have no effect. */
const { NODE_EXTRA_CA_CERTS, NODE_OPTIONS = '' } = environmentAtStart();

/** The folders in which builds of OpenSSL look for `cert.pem` and `certs`: Node's build first, then distributions. */
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
 * Reads `ca`, `cert`, `key`, `pfx` and `passphrase` in the forms of `tls.createSecureContext`, and `rejectUnauthorized`.
 * Ignores other options.
 * @param {any} value
 * @param {string} [prefix] the option's name in errors
 * @returns {TlsMaterial}
 */
function readTls(value, prefix = 'tls') {
  if (isOmitted(value)) return { ca: null, certs: [], keys: [], pfx: [], verify: true };
  if (typeof value !== 'object') throw new TypeError(`${prefix} must be an object, but is ${formatValue(value)}`);
  const { ca, cert, key, pfx } = value;
  const passphrase = readPassphrase(`${prefix}.passphrase`, value.passphrase);
  const material = {
    ca: isOmitted(ca) ? null : readCertificates(`${prefix}.ca`, ca),
    certs: isOmitted(cert) ? [] : readCertificates(`${prefix}.cert`, cert),
    keys: isOmitted(key) ? [] : readKeys(prefix, key, passphrase),
    pfx: isOmitted(pfx) ? [] : readPfx(prefix, pfx, passphrase),
    verify: value.rejectUnauthorized !== false,
  };
  checkPair(prefix, material);
  return material;
}

/** @param {unknown} value */
function isOmitted(value) {
  return value === undefined || value === null;
}

/**
 * @param {string} option
 * @param {unknown} value
 */
function readPassphrase(option, value) {
  if (isOmitted(value)) return undefined;
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
  throw new TypeError(`${option} must be a string, a Buffer, or an array of them, but contains ${formatValue(value)}`);
}

/**
 * The PEM blocks in a file, without the text between them.
 * @param {Buffer} bytes
 * @param {RegExp} blocks
 */
function blocksIn(bytes, blocks) {
  return bytes.toString('latin1').match(blocks) ?? [];
}

/**
 * @param {string} option
 * @param {unknown} value
 */
function readCertificates(option, value) {
  return listOf(option, value).map((one) => {
    const blocks = blocksIn(bytesOf(option, one), CERTIFICATES);
    if (blocks.length === 0) {
      throw new TypeError(`${option} contains no certificate: pass the text of a PEM file, not its name`);
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
    throw unusable(`${option} contains a certificate that cannot be read: pass the PEM file unchanged`, error);
  }
}

/**
 * @param {string} prefix
 * @param {unknown} value
 * @param {string | undefined} passphrase for keys without a passphrase of their own
 */
function readKeys(prefix, value, passphrase) {
  const option = `${prefix}.key`;
  return listOf(option, value).flatMap((one) => {
    const [pem, own] = withPassphrase(option, one, 'pem');
    const blocks = blocksIn(bytesOf(option, pem), PRIVATE_KEYS);
    if (blocks.length === 0) {
      throw new TypeError(`${option} contains no private key: pass the text of a PEM file, not its name`);
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
        : `${prefix}.key contains a private key that cannot be read: pass the PEM file unchanged`,
      error,
    );
  }
}

/**
 * @param {string} prefix
 * @param {unknown} value
 * @param {string | undefined} passphrase for files without a passphrase of their own
 */
function readPfx(prefix, value, passphrase) {
  const option = `${prefix}.pfx`;
  return listOf(option, value).map((one) => {
    const [buf, own] = withPassphrase(option, one, 'buf');
    const file = { data: bytesOf(option, buf), passphrase: own || passphrase || null };
    checkPfx(prefix, file);
    return file;
  });
}

/**
 * Splits an array's item into the key or file and its passphrase, if it has one.
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
 * Opens a PKCS#12 file like Node, to report an unusable file in the constructor. If this Node does not support the file's
 * encryption, native code checks it.
 * @param {string} prefix
 * @param {{ data: Buffer, passphrase: string | null }} file
 */
function checkPfx(prefix, { data, passphrase }) {
  try {
    // With `ca`, Node does not load its root certificates.
    tls.createSecureContext({ pfx: [{ buf: data, passphrase: passphrase ?? undefined }], ca: [] });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (/unsupported/i.test(message)) return;
    const isLocked = /mac verify failure/.test(message);
    throw unusable(isLocked ? lockedPfx(prefix, passphrase) : `${prefix}.pfx is not a usable PKCS#12 file`, error);
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
 * Throws if no key belongs to a certificate, like Node.
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
 * Creates an error. OpenSSL's error becomes its `cause`, because it contains only OpenSSL's text; other errors may contain the
 * option's value.
 * @param {string} message
 * @param {unknown} error
 */
function unusable(message, error) {
  const isOpenssl = 'opensslErrorStack' in Object(error) || /^ERR_OSSL/.test(Object(error).code);
  return isOpenssl ? new TypeError(message, { cause: error }) : new TypeError(message);
}

// ── Root certificates ─────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The certificates, as PEM, that this Node trusts if `ca` is omitted. A file that cannot be read is skipped, as in Node, which
 * has already warned. Native code skips certificates that it cannot use.
 * @returns {string[]}
 */
function defaultRoots() {
  const ofOpenssl = trustsOpenssl() ? opensslRoots() : undefined;
  const { getCACertificates } = /** @type {any} */ (tls);
  // Node >= 22.15 returns all but OpenSSL's certificates. If the program has deleted NODE_EXTRA_CA_CERTS, it omits those, too.
  if (getCACertificates) {
    const isDeleted = NODE_EXTRA_CA_CERTS && !process.env.NODE_EXTRA_CA_CERTS;
    return [...getCACertificates('default'), ...(isDeleted ? getCACertificates('extra') : []), ...(ofOpenssl ?? [])];
  }
  const extra = NODE_EXTRA_CA_CERTS ? certificatesIn(NODE_EXTRA_CA_CERTS) : [];
  return [...(ofOpenssl ?? tls.rootCertificates), ...extra];
}

/**
 * The environment at the start of the process on Linux; on other systems, the current one.
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

/** Whether Node trusts OpenSSL's certificates instead of its own, because of an option or of its build. */
function trustsOpenssl() {
  const options = [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].map((option) => option.replaceAll('_', '-'));
  if (options.includes('--use-bundled-ca')) return false;
  if (options.includes('--use-openssl-ca')) return true;
  return Boolean(process.config.target_defaults.defines?.includes('NODE_OPENSSL_CERT_STORE'));
}

/** The certificates that OpenSSL trusts: one file, and folders with files named by hash. */
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

/** Whether certificates are checked if `rejectUnauthorized` is omitted. */
function rejectsUnauthorized() {
  return process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
}

module.exports = { defaultRoots, readTls, rejectsUnauthorized };
