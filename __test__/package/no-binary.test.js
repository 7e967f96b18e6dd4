// Without a suitable binary, the error says what is missing, why, and what to do. Each test creates the real cause in an
// installed package; only other operating systems are simulated.
'use strict';

const assert = require('node:assert/strict');
const { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { version } = require('../../package.json');
const { newApp } = require('./support/app.js');
const { localRegistry } = require('./support/registry.js');

const isGlibc = process.platform === 'linux' && Boolean(process.report.getReport().header.glibcVersionRuntime);
const notHere = !isGlibc && 'binaries of this format are for Linux with glibc';
const SOURCE = `npm install git+https://github.com/slack-rtm-native/slack-rtm-native.git#v${version}`;

test('the error without a suitable binary explains', async (t) => {
  const { ownPlatform, platforms } = await import('../../scripts/platforms.mjs');
  const own = ownPlatform().packageName;
  const installed = `node_modules/${own}`;
  const app = newApp(t);
  const registry = await localRegistry(t);
  await app.done(['npm', 'install', '--prefer-offline', 'slack-rtm-native'], { env: registry.env });
  cpSync(app.path(installed), app.path('kept'), { recursive: true });

  t.beforeEach(() => {
    rmSync(app.path(installed), { recursive: true, force: true });
    cpSync(app.path('kept'), app.path(installed), { recursive: true });
  });

  /** The message of the error that requiring the package throws in a process. */
  async function errorOf({ env = {}, code = '', file = 'slack-rtm-native' } = {}) {
    const script = `${code}; try { require('${file}') } catch (error) { console.log(error.code); console.log(error.message); }`;
    const [first, ...lines] = (await app.done([process.execPath, '-e', script], { env })).split('\n');
    assert.equal(first, 'ERR_SLACK_RTM_NATIVE_BINARY', lines.join('\n'));
    return lines.join('\n');
  }

  /** Replaces bytes in the file of the binary. */
  function change(from, to) {
    const [name] = readdirSync(app.path(installed)).filter((file) => file.endsWith('.node'));
    const file = app.path(installed, name);
    const bytes = readFileSync(file);
    const at = typeof from === 'number' ? from : bytes.indexOf(`\0${from}\0`) + 1;
    assert.ok(at > 0 || from === 0, `${from} is in the binary`);
    bytes.write(to, at, 'latin1');
    rmSync(file);
    writeFileSync(file, bytes);
  }

  await t.test('omitted optional dependencies', async () => {
    await app.done(['npm', 'install', '--prefer-offline', '--omit=optional', 'slack-rtm-native'], {
      env: registry.env,
    });
    const message = await errorOf();
    assert.match(message, new RegExp(`on ${process.platform} ${process.arch}.*\\(Node ${process.versions.node}\\)`));
    if (isGlibc) assert.match(message, new RegExp(`, glibc ${process.report.getReport().header.glibcVersionRuntime} `));
    assert.ok(message.includes(`the package ${own}@${version}.`), message);
    for (const word of [
      '--omit=optional',
      'npm/cli/issues/4828',
      'Delete node_modules and package-lock.json',
      SOURCE,
    ]) {
      assert.ok(message.includes(word), `${word} in:\n${message}`);
    }
  });

  await t.test('node_modules of another platform', async () => {
    rmSync(app.path(installed), { recursive: true });
    const other = process.platform === 'darwin' ? 'slack-rtm-native-linux-x64-gnu' : 'slack-rtm-native-darwin-arm64';
    mkdirSync(app.path('node_modules', other));
    const message = await errorOf();
    rmSync(app.path('node_modules', other), { recursive: true });
    assert.match(message, new RegExp(`Only ${other} is installed, so node_modules was copied from another platform`));
    assert.ok(message.includes('Delete node_modules and install again here.') && message.includes(SOURCE), message);
  });

  await t.test('the right package without its binary', async () => {
    for (const name of readdirSync(app.path(installed)).filter((file) => file.endsWith('.node')))
      rmSync(app.path(installed, name));
    const message = await errorOf();
    assert.match(
      message,
      /That package is installed, but has another version or is incomplete\..*The error:\n {2}Cannot find module .*\.node'/,
    );
    assert.doesNotMatch(message, /place is taken/);
  });

  await t.test('the right package of another version, with the version check of napi-rs', async () => {
    const manifest = JSON.parse(readFileSync(app.path(installed, 'package.json'), 'utf8'));
    writeFileSync(app.path(installed, 'package.json'), JSON.stringify({ ...manifest, version: '99.0.0' }));
    const message = await errorOf({ env: { NAPI_RS_ENFORCE_VERSION_CHECK: '1' } });
    assert.match(message, /That package is installed, but has another version .*The error:\n.*but got 99\.0\.0/);
  });

  await t.test('a package from git without its install scripts', async () => {
    const from = path.join(__dirname, '../..');
    mkdirSync(app.path('source/lib'), { recursive: true });
    for (const file of ['package.json', 'binding.js', 'lib/binding.js'])
      copyFileSync(path.join(from, file), app.path('source', file));
    rmSync(app.path(installed), { recursive: true });
    const message = await errorOf({ file: './source/lib/binding.js' });
    assert.match(message, /from its git repository without building the binary.*--ignore-scripts.*npm run build/s);
    assert.ok(!message.includes('comes with the package') && !message.includes('optional'), message);
  });

  await t.test('a damaged binary if errors have the class of another context, like in Jest', async () => {
    change(0, process.platform === 'win32' ? '\x7fELF' : 'MZ\0\0not one');
    const code = `const { _extensions: load } = require('node:module'); const native = load['.node'];
      const Foreign = require('node:vm').runInNewContext('Error');
      load['.node'] = (...args) => {
        try { native(...args) } catch ({ message, code }) { throw Object.assign(new Foreign(message), { code }) }
      }`;
    assert.match(
      await errorOf({ code }),
      /made for another operating system, processor or C library, or is damaged.*The system reports:/s,
    );
  });

  await t.test('a binary for another processor', { skip: notHere }, async () => {
    change(18, process.arch === 'arm64' ? '\x3e' : '\xb7'); // e_machine: x86-64, AArch64
    assert.match(await errorOf(), /made for another operating system, processor or C library.*The system reports:/s);
  });

  await t.test('a file that is not a binary', async () => {
    change(0, process.platform === 'win32' ? '\x7fELF' : 'MZ\0\0not one');
    assert.match(
      await errorOf(),
      /made for another operating system, processor or C library, or is damaged.*The system reports:/s,
    );
  });

  await t.test('a binary for another C library', { skip: notHere }, async () => {
    change('libc.so.6', 'libc.so.9');
    assert.match(await errorOf(), /made for another .* C library.*libc\.so\.9: cannot open shared object file/s);
  });

  await t.test('a glibc that is too old', { skip: notHere }, async () => {
    change('GLIBC_2.14', 'GLIBC_9.14');
    const message = await errorOf();
    assert.match(
      message,
      /The binary needs glibc 9\.14, and this system has glibc [\d.]+\. Released binaries run on glibc 2\.17 or later\./,
    );
    assert.match(message, /The system reports:\n.*version `GLIBC_9\.14' not found/);
  });

  await t.test('another error of the system by quoting it', { skip: notHere }, async () => {
    change('getaddrinfo', 'getaddrXXXX');
    assert.match(await errorOf(), /The binary exists, but cannot be loaded\.\nThe system reports:\n.*getaddrXXXX/);
  });

  for (const [platform, arch] of [
    ['sunos', 'x64'],
    ['linux', 'ppc64'],
    ['freebsd', 'x64'],
    ['win32', 'ia32'],
  ]) {
    await t.test(`a platform without binaries: ${platform} ${arch}`, async () => {
      const code = `Object.defineProperty(process, 'platform', { value: '${platform}' }); Object.defineProperty(process, 'arch', { value: '${arch}' })`;
      const message = await errorOf({ code });
      assert.match(message, new RegExp(`on ${platform} ${arch}`));
      assert.match(
        message,
        /There is no binary for this platform\. There are binaries for Linux \(glibc 2\.17 or later, or musl\), macOS and Windows/,
      );
      assert.ok(message.includes(SOURCE) && !message.includes('comes with the package'), message);
    });
  }

  await t.test('musl', { skip: notHere }, async () => {
    const code = `process.report.getReport = () => ({ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] });
      const { readFileSync } = fs = require('node:fs');
      fs.readFileSync = (file, ...rest) => file === '/usr/bin/ldd' ? 'musl' : readFileSync(file, ...rest)`;
    const message = await errorOf({ code });
    assert.match(message, /on linux \w+, musl \(Node/);
    assert.match(message, /the package slack-rtm-native-linux-\w+-musl@/);
    assert.match(message, /Only slack-rtm-native-linux-\w+-gnu is installed/);
  });

  await t.test('a wrong NAPI_RS_NATIVE_LIBRARY_PATH', async () => {
    const message = await errorOf({ env: { NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere/some.node' } });
    assert.match(
      message,
      /NAPI_RS_NATIVE_LIBRARY_PATH names \/nowhere\/some\.node, which cannot be loaded\.\nUnset it/,
    );
  });

  await t.test('a bundle that contains the package', async () => {
    mkdirSync(app.path('bundle/dist'), { recursive: true });
    for (const file of ['package.json', 'binding.js'])
      copyFileSync(app.path('node_modules/slack-rtm-native', file), app.path('bundle', file));
    copyFileSync(app.path('node_modules/slack-rtm-native/lib/binding.js'), app.path('bundle/dist/main.js'));
    rmSync(app.path(installed), { recursive: true });
    const message = await errorOf({ file: './bundle/dist/main.js' });
    assert.ok(
      message.includes(`has included slack-rtm-native in ${path.join(app.path('bundle/dist/main.js'))}`) &&
        message.includes('external'),
      message,
    );
  });

  await t.test('all platforms with binaries, and no others', async () => {
    const source = readFileSync(path.join(__dirname, '../../lib/binding.js'), 'utf8');
    const known = [...source.slice(0, source.indexOf('];')).matchAll(/^ {2}'(.*)',$/gm)].map(([, name]) => name);
    assert.deepEqual(
      known,
      platforms.map(({ name }) => name),
    );
  });
});
