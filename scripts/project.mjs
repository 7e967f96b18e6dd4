// Functions that all scripts share: the paths of the project, running commands, and skipping work whose inputs have not
// changed. Not a script itself. Only modules of Node are used, because the dependencies may not be installed yet.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Whether this process runs on Linux with glibc. */
export const isGlibc = process.platform === 'linux' && Boolean(process.report?.getReport().header.glibcVersionRuntime);

/** The name of this platform by the convention of napi-rs, also if there is no binary for it. */
export function platformName() {
  const { platform, arch } = process;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  return platform === 'linux' ? `linux-${arch}-${isGlibc ? 'gnu' : 'musl'}` : `${platform}-${arch}`;
}

/** Whether a script was started as a command and not imported. Symbolic links in its path are resolved. */
export function isMain(url) {
  const [, started] = process.argv;
  return started !== undefined && existsSync(started) && realpathSync(started) === realpathSync(fileURLToPath(url));
}

/** Runs a command in the project's folder and shows its output. If it fails, ends the process with its exit code. */
export function run(command, args, { env = {} } = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // On Windows npm is a batch file, which needs a shell. Other commands must not use one: a path with a space
    // (C:\Program Files) would be split.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Ends the process with an explanation if cargo is not installed. */
export function needCargo() {
  if (spawnSync('cargo', ['--version'], { shell: process.platform === 'win32' }).status === 0) return;
  fail(
    'The addon is written in Rust, but cargo (Rust 1.88 or later) was not found on the PATH.\n' +
      "Install it from https://rustup.rs, or with your system's packages (rustup, rust, cargo), and try again.",
  );
}

/**
 * Runs an action, unless its result exists and neither the files nor the other values have changed since the last run.
 *
 * @param {string} stamp The file that keeps the state of the last run.
 * @param {string[]} files
 * @param {string} result A file or folder that the action creates.
 * @param {() => void} action
 * @param {...string} others
 */
export function onChange(stamp, files, result, action, ...others) {
  const state = stateOf(files, process.platform, process.arch, ...others);
  const path = join(root, stamp);
  if (existsSync(join(root, result)) && existsSync(path) && readFileSync(path, 'utf8') === state) return;
  action();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, state);
}

/** A hash of the files and the other values. */
export function stateOf(files, ...others) {
  const hash = createHash('sha256').update(others.join(' '));
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** The paths of all files in a folder of the project and its subfolders. */
export function filesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

/** Prints an error and ends the process. */
export function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}
