// The published binary: the Linux versions that it supports, the libraries that it needs, and no debug information. The tests
// read it with readelf, which belongs to the C toolchain that linked it, and with the loader of glibc 2.17.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { readdirSync, statSync } = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const root = path.join(__dirname, '../..');
const isGlibc = process.platform === 'linux' && Boolean(process.report.getReport().header.glibcVersionRuntime);
const hasReadelf = spawnSync('readelf', ['--version']).status === 0;
const skip =
  (!isGlibc && 'this test is for Linux with glibc') || (!hasReadelf && 'readelf (binutils) is not installed');

/** The glibc of CentOS 7, the oldest that official Node binaries ever supported. */
const FLOOR = [2, 17];
const LIBRARIES = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'librt.so.1',
  'libgcc_s.so.1',
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
];
const MOST_BYTES = 5_200_000;

function readelf(...args) {
  const { status, stdout, stderr } = spawnSync('readelf', ['--wide', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('the binary', { skip }, async (t) => {
  const { folder, pack } = await import('../../scripts/pack.mjs');
  const { ownPlatform } = await import('../../scripts/platforms.mjs');
  const { sysroot } = await import('../../scripts/sysroot.mjs');
  pack();
  const { packageName, file } = ownPlatform();
  const binary = path.join(folder, 'content', packageName, file);
  const old = !sysroot() && 'glibc 2.17 to link against could not be fetched (scripts/sysroot.mjs)';

  await t.test('needs no symbol that is newer than glibc 2.17', { skip: old }, () => {
    const versions = [...readelf('--version-info', binary).matchAll(/\bGLIBC_([\d.]+)/g)].map(([, version]) => version);
    assert.ok(versions.length > 0);
    const isNewer = ([major, minor]) => major > FLOOR[0] || (major === FLOOR[0] && minor > FLOOR[1]);
    assert.deepEqual(
      [...new Set(versions)].filter((version) => isNewer(version.split('.').map(Number))),
      [],
    );
  });

  await t.test('can be loaded by the loader of glibc 2.17', { skip: old }, () => {
    const libraries = path.join(sysroot(), 'lib');
    const [loader] = readdirSync(libraries).filter((name) => /^ld-linux.*\.so\.\d$/.test(name));
    const { status, stdout, stderr } = spawnSync(
      path.join(libraries, loader),
      ['--library-path', libraries, '--list', binary],
      { encoding: 'utf8' },
    );
    assert.equal(`${status} ${stderr}`, '0 ');
    assert.match(stdout, new RegExp(`libc.so.6 => ${libraries}`));
    assert.doesNotMatch(stdout, /not found/);
  });

  await t.test('needs only the C library', () => {
    const needed = [...readelf('--dynamic', binary).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
    assert.ok(needed.includes('libc.so.6'));
    assert.deepEqual(
      needed.filter((name) => !LIBRARIES.includes(name)),
      [],
    );
  });

  await t.test('has no symbols and no debug information, which are in a separate file', async () => {
    const sections = (name) =>
      [...readelf('--sections', name).matchAll(/^ *\[ *\d+\] (\.\S+)/gm)].map(([, section]) => section);
    const forDebugging = sections(binary).filter((name) => /^\.(z?debug_|symtab|strtab|gdb_index|stab)/.test(name));
    assert.deepEqual(forDebugging, []);

    const { symbols } = await import('../../scripts/addon.mjs');
    const apart = path.join(symbols, `${file}.debug`);
    const id = (name) => readelf('--notes', name).match(/Build ID: (\w+)/)?.[1];
    assert.match(id(binary), /^\w{16,}$/);
    assert.equal(id(apart), id(binary));
    assert.ok(readelf('--symbols', apart).includes('tokio'));
    assert.ok(sections(binary).includes('.gnu_debuglink'));
  });

  await t.test(`is at most ${MOST_BYTES / 1_000_000} MB`, (one) => {
    const { size } = statSync(binary);
    one.diagnostic(`${(size / 1_000_000).toFixed(2)} MB`);
    assert.ok(size <= MOST_BYTES, `${size} bytes`);
  });

  await t.test('does not contain the path of its build folder', () => {
    const { stdout } = spawnSync('grep', ['--text', '--only-matching', '--fixed-strings', root, binary], {
      encoding: 'utf8',
    });
    assert.equal(stdout, '');
  });
});
