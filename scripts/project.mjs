// What all scripts have in common: where the project is, running commands in it, doing work only when something changed.
// Uses nothing but Node's own modules.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Whether this is Linux with glibc. */
export const isGlibc = process.platform === 'linux' && Boolean(process.report?.getReport().header.glibcVersionRuntime);

/** This platform's name by napi-rs's convention, whether there is a binary for it or not. */
export function platformName() {
  const { platform, arch } = process;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  return platform === 'linux' ? `linux-${arch}-${isGlibc ? 'gnu' : 'musl'}` : `${platform}-${arch}`;
}

/** Whether a script was started as a command, not imported; also by a path with links in it. */
export function isMain(url) {
  const [, started] = process.argv;
  return started !== undefined && existsSync(started) && realpathSync(started) === realpathSync(fileURLToPath(url));
}

/** Runs a command in the project's folder, its output shown; ends the process where it fails. */
export function run(command, args, { env = {} } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // npm is a batch file there. Programs by their paths need none, and a space (C:\Program Files) would not get through it.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) fail(`${command} could not be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Ends with an explanation where there is no Rust toolchain. */
export function needCargo() {
  if (spawnSync('cargo', ['--version'], { shell: process.platform === 'win32' }).status === 0) return;
  fail(
    'The addon is written in Rust, and cargo (Rust 1.88 or later) was not found on the PATH.\n' +
      "Get it from https://rustup.rs, or from your system's packages (rustup, rust, cargo), and run this again.",
  );
}

/** Does something unless its result is there and the files, and what else it depends on, are what they were when it was last done. */
export function onChange(stamp, files, result, action, ...others) {
  const state = stateOf(files, process.platform, process.arch, ...others);
  const path = join(root, stamp);
  if (existsSync(join(root, result)) && existsSync(path) && readFileSync(path, 'utf8') === state) return;
  action();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, state);
}

/** Files, and whatever else, in short. */
export function stateOf(files, ...others) {
  const hash = createHash('sha256').update(others.join(' '));
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** All files below a folder of the project. */
export function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

export function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}
