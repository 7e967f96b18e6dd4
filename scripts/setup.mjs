// Makes a fresh clone ready: installs the dependencies and builds the addon, each only when something changed since.
// Uses nothing but Node's own modules, since nothing else is there yet.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the project's folder, its output shown; ends the process where it fails. */
export function run(command, args, { env = {} } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) fail(`${command} could not be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs and builds what is missing or out of date. */
export function setup() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 18 || (major === 18 && minor < 17)) fail(`Node ${process.versions.node} is too old: 18.17 or later is needed.`);
  onChange('node_modules/.setup-stamp', ['package-lock.json'], 'node_modules/eventemitter3', () => {
    console.log('Installing dependencies …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
  const addon = `slack-rtm-native.${platform()}.node`;
  onChange('.build-stamp', ['Cargo.toml', 'Cargo.lock', 'build.rs', ...filesIn('src')], addon, () => {
    needCargo();
    console.log('Building the addon (a few minutes the first time) …');
    build(join(root, addon));
  });
}

/** Builds the addon and puts it where binding.js looks for it first. */
function build(addon) {
  const { status, stdout } = spawnSync(
    'cargo',
    ['build', '--release', '--features', 'node', '--message-format', 'json-render-diagnostics'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) process.exit(status ?? 1);
  const library = stdout
    .split('\n')
    .filter((line) => line.includes('"compiler-artifact"') && line.includes('"cdylib"'))
    .flatMap((line) => JSON.parse(line).filenames)
    .find((file) => /\.(so|dylib|dll)$/.test(file));
  // A new file in place of the old one: a running process keeps what it has loaded.
  rmSync(addon, { force: true });
  copyFileSync(library, addon);
}

/** The platform's name by napi-rs's convention. */
function platform() {
  const { platform, arch } = process;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const isGlibc = Boolean(process.report?.getReport().header.glibcVersionRuntime);
  return `linux-${arch}-${isGlibc ? 'gnu' : 'musl'}`;
}

/** Ends with an explanation where there is no Rust toolchain. */
export function needCargo() {
  if (spawnSync('cargo', ['--version'], { shell: process.platform === 'win32' }).status === 0) return;
  fail(
    'The addon is written in Rust, and cargo (Rust 1.88 or later) was not found on the PATH.\n' +
      'Get it from https://rustup.rs, or from your system\'s packages (rustup, rust, cargo), and run this again.',
  );
}

/** Does something unless its result is there and the files are what they were when it was last done. */
function onChange(stamp, files, result, action) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  const state = hash.digest('hex');
  const path = join(root, stamp);
  if (existsSync(join(root, result)) && existsSync(path) && readFileSync(path, 'utf8') === state) return;
  action();
  writeFileSync(path, state);
}

function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

export function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
