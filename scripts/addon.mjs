// Builds the addon for this platform into the project's folder, where binding.js looks for it first. Owns how it is linked
// (against which C library), that it is stripped, and where its symbols are kept. Uses nothing but Node's own modules.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, filesIn, isMain, needCargo, onChange, platformName, root } from './project.mjs';
import { fetchSysroot, sysroot } from './sysroot.mjs';

const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'scripts/addon.mjs', 'scripts/sysroot.mjs', ...filesIn('src')];

/** Where what belongs to a crash report is: the symbols of the addon that was built last, not part of any package. */
export const symbols = join(root, 'target/symbols');

/** The name of the addon's file. */
export const file = `slack-rtm-native.${platformName()}.node`;

/**
 * Builds the addon unless it is there. With `floor`, for glibc 2.17 or later where that can be had; for a `release`, it must be,
 * and there are line numbers among the symbols. SLACK_RTM_NATIVE_BUILD=off takes what lies there.
 */
export function addon({ floor = false, release = false } = {}) {
  if (process.env.SLACK_RTM_NATIVE_BUILD === 'off') return;
  if (floor || release) fetchSysroot();
  const against = sysroot();
  if (release && platformName().endsWith('-gnu') && against === '')
    fail('The addon of a release is linked against glibc 2.17, which is not here.');
  const env = {
    ...(against && { RTM_SYSROOT: against }),
    ...(release && {
      CARGO_PROFILE_RELEASE_DEBUG: 'line-tables-only',
      CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO: process.platform === 'linux' ? 'off' : 'packed',
    }),
  };
  const result = existsSync(symbols) ? file : 'target/symbols';
  onChange(
    '.build-stamp',
    SOURCES,
    result,
    () => {
      needCargo();
      console.log(`Building the addon${against ? ' for glibc 2.17 or later' : ''} (a few minutes the first time) …`);
      put(compile(env), join(root, file));
    },
    JSON.stringify(env),
  );
}

/** Gives the path of the library. */
function compile(env) {
  const { status, stdout } = spawnSync(
    'cargo',
    [
      'build',
      '--release',
      '--no-default-features',
      '--features',
      'node',
      '--message-format',
      'json-render-diagnostics',
    ],
    {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) process.exit(status ?? 1);
  return stdout
    .split('\n')
    .filter((line) => line.includes('"compiler-artifact"') && line.includes('"cdylib"'))
    .flatMap((line) => JSON.parse(line).filenames)
    .find((name) => /\.(so|dylib|dll)$/.test(name));
}

/** Puts the library in its place, without its symbols, and those into a folder of their own. */
function put(library, addon) {
  rmSync(symbols, { recursive: true, force: true });
  mkdirSync(symbols, { recursive: true });
  // A new file in place of the old one: a running process keeps what it has loaded.
  const made = `${addon}.${process.pid}`;
  if (process.platform === 'linux') {
    const kept = join(symbols, `${file}.debug`);
    tool('objcopy', ['--only-keep-debug', library, kept]);
    tool('objcopy', ['--strip-all', '--remove-section=.comment', `--add-gnu-debuglink=${kept}`, library, made]);
  } else {
    copyFileSync(library, made);
    const apart = process.platform === 'win32' ? library.replace(/\.dll$/, '.pdb') : `${library}.dSYM`;
    if (existsSync(apart))
      cpSync(apart, join(symbols, process.platform === 'win32' ? `${file}.pdb` : `${file}.dSYM`), {
        recursive: true,
        dereference: true,
      });
    if (process.platform === 'darwin') tool('strip', ['-x', made]);
  }
  renameSync(made, addon);
}

function tool(name, args) {
  const { status, error, stderr } = spawnSync(name, args, { encoding: 'utf8' });
  if (error || status !== 0)
    fail(`${name} (of binutils, which comes with every C compiler) failed: ${error?.message ?? stderr}`);
}

if (isMain(import.meta.url)) addon({ release: process.argv.includes('--release') });
