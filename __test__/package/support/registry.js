// A local npm registry with this project's packages as a release would publish them: the tarballs of `npm run release:package`, and
// packages without a binary for the platforms that are not built here. It redirects requests for other packages to the
// configured registry. It runs in a worker thread, so that tests may block (spawnSync).
//
// Verdaccio is not used: the newest version for Node 18 is old, needs an override to install, and has 278 packages for the two
// kinds of requests that this module handles.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { createServer } = require('node:http');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { gzipSync } = require('node:zlib');
const { atEnd } = require('../../support/cleanup.js');

/**
 * @typedef {object} Published
 * @property {any} manifest
 * @property {Buffer} tarball
 */

/**
 * Starts a registry that ends with the test.
 *
 * @param {import('node:test').TestContext} t
 * @returns {Promise<{ url: string, env: NodeJS.ProcessEnv, caches: string }>} `env` makes npm, pnpm, Yarn, Bun and Deno use the
 * registry, with separate caches (in `caches`) for those that cache a package by its version.
 */
async function localRegistry(t) {
  const worker = new Worker(__filename, { workerData: { upstream: configured(), packages: await published() } });
  atEnd(t, () => worker.terminate());
  const [port] = await once(worker, 'message');
  const url = `http://127.0.0.1:${port}/`;
  const caches = mkdtempSync(path.join(tmpdir(), 'rtm-caches-'));
  atEnd(t, () => rmSync(caches, { recursive: true, force: true }));
  const env = {
    ...cleanEnvironment(),
    npm_config_registry: url,
    NPM_CONFIG_REGISTRY: url,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    YARN_NPM_REGISTRY_SERVER: url,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    BUN_CONFIG_REGISTRY: url,
    BUN_INSTALL_CACHE_DIR: path.join(caches, 'bun'),
    DENO_DIR: path.join(caches, 'deno'),
  };
  return { url, env, caches };
}

/** The environment without the variables that `npm run` and the test runner add for their children. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(?!config_(cache|proxy|https_proxy|noproxy|cafile)$)|^(NODE_TEST_CONTEXT|INIT_CWD)$/i.test(name),
    ),
  );
}

/** The configured registry of npm. */
function configured() {
  const { stdout, stderr } = spawnSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const url = stdout.trim();
  if (!URL.canParse(url)) throw new Error(`npm has no valid registry: ${stdout}${stderr}`);
  return url.replace(/\/?$/, '/');
}

/** @returns {Promise<Published[]>} */
async function published() {
  const { folder, pack, platformManifest } = await import('../../../scripts/pack.mjs');
  const { manifest, platforms } = await import('../../../scripts/platforms.mjs');
  pack();
  const packed = (/** @type {string} */ name) => ({
    manifest: JSON.parse(readFileSync(path.join(folder, 'content', name, 'package.json'), 'utf8')),
    tarball: readFileSync(path.join(folder, `${name}-${manifest.version}.tgz`)),
  });
  const ofPlatform = (/** @type {any} */ platform) => {
    const json = platformManifest(platform);
    return { manifest: json, tarball: tarballOf(json) };
  };
  const isPacked = (/** @type {any} */ { packageName }) => existsSync(path.join(folder, 'content', packageName));
  return [
    packed(manifest.name),
    ...platforms.map((platform) => (isPacked(platform) ? packed(platform.packageName) : ofPlatform(platform))),
  ];
}

/** A tarball with only a package.json. */
function tarballOf(/** @type {object} */ json) {
  const content = Buffer.from(JSON.stringify(json));
  const header = Buffer.alloc(512);
  const octal = (/** @type {number} */ value, /** @type {number} */ width) => value.toString(8).padStart(width, '0');
  header.write('package/package.json', 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return gzipSync(Buffer.concat([header, content, padding, Buffer.alloc(1024)]));
}

/** Runs in the worker thread. */
function serve(/** @type {{ upstream: string, packages: Published[] }} */ { upstream, packages }) {
  const byName = new Map(packages.map((one) => [one.manifest.name, one]));
  const server = createServer(({ url = '', headers }, response) => {
    const [, name, file] = /^\/([^/?]+)(?:\/-\/([^/?]+))?(?:\?.*)?$/.exec(decodeURIComponent(url)) ?? [];
    const found = name === undefined ? undefined : byName.get(name);
    if (found === undefined) {
      response.writeHead(302, { location: new URL(url.slice(1), upstream).href }).end();
    } else if (file === undefined) {
      const { manifest, tarball } = found;
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
      const dist = { integrity, tarball: `http://${headers.host}/${name}/-/${name}-${manifest.version}.tgz` };
      const versions = { [manifest.version]: { ...manifest, dist } };
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify({ name, 'dist-tags': { latest: manifest.version }, versions }));
    } else {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.from(found.tarball));
    }
  });
  server.listen(0, '127.0.0.1', () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    parentPort?.postMessage(address.port);
  });
}

if (isMainThread) module.exports = { localRegistry, cleanEnvironment };
else serve(workerData);
