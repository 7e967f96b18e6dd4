// The published tarballs: publint and are-the-types-wrong have no complaints, and the manifests are correct.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { tools } = require('./support/tools.js');

const [major] = process.versions.node.split('.').map(Number);

test('the published packages', async (t) => {
  const { folder, pack } = await import('../../scripts/pack.mjs');
  const { manifest, platforms } = await import('../../scripts/platforms.mjs');
  pack();
  const modules = tools(path.join(__dirname, 'published'));
  const json = (name) => JSON.parse(readFileSync(path.join(folder, 'content', name, 'package.json'), 'utf8'));
  const run = (bin, ...args) => spawnSync(process.execPath, [path.join(modules, bin), ...args], { encoding: 'utf8' });

  for (const tarball of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) {
    await t.test(`have no complaint of publint: ${tarball}`, () => {
      const { status, stdout, stderr } = run('publint/src/cli.js', 'run', path.join(folder, tarball), '--strict');
      assert.match(stdout, /All good!/, stdout + stderr);
      assert.equal(status, 0);
    });
  }

  await t.test('have no problem that are-the-types-wrong finds', { skip: major < 20 && 'it needs Node 20' }, () => {
    const tarball = path.join(folder, `${manifest.name}-${manifest.version}.tgz`);
    const { stdout, stderr } = run('@arethetypeswrong/cli/dist/index.js', tarball, '--format', 'json');
    const { analysis, problems } = JSON.parse(stdout || `{"problems": ${JSON.stringify(stderr)}}`);
    const found = Object.values(problems)
      .flat()
      .map(({ kind, fileName, moduleSpecifier }) => [kind, fileName, moduleSpecifier].join(' '));
    assert.deepEqual([...new Set(found)], []);
    assert.deepEqual(Object.keys(analysis.entrypoints['.'].resolutions), [
      'node10',
      'node16-cjs',
      'node16-esm',
      'bundler',
    ]);
  });

  await t.test(
    'include a main package without binary and scripts, whose optional dependencies are all platforms in its version',
    () => {
      const main = json(manifest.name);
      assert.equal(main.scripts, undefined);
      assert.deepEqual(Object.keys(main.dependencies), ['eventemitter3']);
      assert.deepEqual(
        main.optionalDependencies,
        Object.fromEntries(platforms.map(({ packageName }) => [packageName, manifest.version])),
      );
      assert.equal(platforms.length, 8);
    },
  );

  await t.test('name the systems that they are for', async () => {
    const { platformManifest } = await import('../../scripts/pack.mjs');
    const fits = platforms.map((platform) => {
      const { name, os, cpu, libc = [] } = platformManifest(platform);
      return [name.replace(`${manifest.name}-`, ''), ...os, ...cpu, ...libc].join(' ');
    });
    assert.deepEqual(fits, [
      'linux-x64-gnu linux x64 glibc',
      'linux-arm64-gnu linux arm64 glibc',
      'linux-x64-musl linux x64 musl',
      'linux-arm64-musl linux arm64 musl',
      'darwin-x64 darwin x64',
      'darwin-arm64 darwin arm64',
      'win32-x64-msvc win32 x64',
      'win32-arm64-msvc win32 arm64',
    ]);
  });

  await t.test('link the C library of the program that loads them, or include their own', () => {
    const config = readFileSync(path.join(__dirname, '../../.cargo/config.toml'), 'utf8');
    const flags = [
      ...config.matchAll(/^\[target\.(.*)\]\nrustflags = \["-C", "target-feature=(.)crt-static"\]$/gm),
    ].map(([, target, sign]) => `${target} ${sign}`);
    const wanted = platforms
      .filter(({ target }) => /musl|msvc/.test(target))
      .map(({ target }) => `${target} ${target.includes('musl') ? '-' : '+'}`);
    assert.deepEqual(flags.sort(), wanted.sort());
  });

  await t.test('are all found by binding.js', () => {
    const binding = readFileSync(path.join(__dirname, '../../binding.js'), 'utf8');
    for (const { packageName, file } of platforms) {
      assert.ok(binding.includes(`require('${packageName}')`) && binding.includes(`require('./${file}')`), packageName);
    }
  });
});

const hasCargo = spawnSync('cargo', ['--version']).status === 0;

test('the crate contains its sources and documentation', { skip: !hasCargo && 'cargo is not installed' }, () => {
  const { status, stdout, stderr } = spawnSync('cargo', ['package', '--list', '--allow-dirty', '--offline'], {
    cwd: path.join(__dirname, '../..'),
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const files = stdout
    .trim()
    .split(/\r?\n/)
    .map((name) => name.replaceAll('\\', '/'));
  assert.ok(files.includes('src/lib.rs'));
  const others = files.filter((name) => !/^(src|tests)\/|^(\.cargo_vcs_info\.json|Cargo\.toml\.orig)$/.test(name));
  assert.deepEqual(others, [
    'CHANGELOG.md',
    'Cargo.lock',
    'Cargo.toml',
    'LICENSE',
    'README.md',
    'build.rs',
    'examples/echo.rs',
  ]);
});

test('crates with another licence, or linked twice, are reported', async () => {
  const { complaints } = await import('../../scripts/crates.mjs');
  const rules = readFileSync(path.join(__dirname, '../../deny.toml'), 'utf8');
  const fine = [
    { name: 'one', version: '1.0.0', license: '(GPL-3.0 OR MIT) AND ISC' },
    { name: 'getrandom', version: '0.2.17', license: 'MIT/Apache-2.0' },
    { name: 'getrandom', version: '0.4.3', license: 'MIT OR Apache-2.0' },
  ];
  assert.deepEqual(complaints(fine, rules), []);
  assert.deepEqual(complaints([{ name: 'two', version: '1.0.0', license: 'MIT AND GPL-3.0' }], rules), [
    'two 1.0.0 is under MIT AND GPL-3.0',
  ]);
  const twice = ['1.0.0', '2.0.0'].map((version) => ({ name: 'three', version, license: 'MIT' }));
  assert.deepEqual(
    complaints(twice, rules),
    ['1.0.0', '2.0.0'].map((version) => `three ${version} is linked together with another version`),
  );
});
