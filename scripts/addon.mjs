// `npm run release:build`: builds the addon of a release for this platform. The release workflow runs it on each platform.
// `npm run build` and the installation of a git URL use the same code for an addon without the guarantees of a release.
//
// The addon is written to the project's folder, where binding.js looks for it first. Only modules of Node are used, because
// the dependencies may not be installed yet.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, filesIn, isMain, needCargo, onChange, platformName, root } from './project.mjs';
import { fetchSysroot, sysroot } from './sysroot.mjs';

const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'scripts/addon.mjs', 'scripts/sysroot.mjs', ...filesIn('src')];

/** The folder of the debug symbols of the addon that was built last. They decode crash reports; no package has them. */
export const symbols = join(root, 'target/symbols');

export const file = `slack-rtm-native.${platformName()}.node`;

/**
 * Builds the addon if a source has changed since the last build. SLACK_RTM_NATIVE_BUILD=off turns this off.
 *
 * @param {object} [options]
 * @param {boolean} [options.floor] Link against glibc 2.17, so that the addon runs on old systems. If that glibc cannot
 *   be fetched, print why and link against the glibc of this system.
 * @param {boolean} [options.release] The same, but fail if glibc 2.17 cannot be fetched. Adds line numbers to the symbols.
 */
export function addon({ floor = false, release = false } = {}) {
  if (process.env.SLACK_RTM_NATIVE_BUILD === 'off') return;
  if (floor || release) fetchSysroot();
  const folder = sysroot();
  if (release && platformName().endsWith('-gnu') && folder === '')
    fail('The addon of a release must be linked against glibc 2.17, but it could not be fetched.');
  const env = {
    ...(folder && { RTM_SYSROOT: folder }),
    ...(release && {
      CARGO_PROFILE_RELEASE_DEBUG: 'line-tables-only',
      CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO: process.platform === 'linux' ? 'off' : 'packed',
    }),
  };
  const result = existsSync(symbols) ? file : 'target/symbols';
  onChange(
    'target/build-stamp',
    SOURCES,
    result,
    () => {
      needCargo();
      console.log(`Building the addon${folder ? ' for glibc 2.17 or later' : ''} (a few minutes the first time) …`);
      install(compile(env), join(root, file));
    },
    JSON.stringify(env),
  );
}

/** Runs cargo. Returns the path of the library that it has built. */
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

/** Writes the library without its symbols to the path of the addon, and the symbols to their folder. */
function install(library, addon) {
  rmSync(symbols, { recursive: true, force: true });
  mkdirSync(symbols, { recursive: true });
  // Rename a new file over the old one: a running process may have the old one mapped into memory.
  const temporary = `${addon}.${process.pid}`;
  if (process.platform === 'linux') {
    const debugFile = join(symbols, `${file}.debug`);
    tool('objcopy', ['--only-keep-debug', library, debugFile]);
    tool('objcopy', [
      '--strip-all',
      '--remove-section=.comment',
      `--add-gnu-debuglink=${debugFile}`,
      library,
      temporary,
    ]);
  } else {
    copyFileSync(library, temporary);
    const debugFile = process.platform === 'win32' ? library.replace(/\.dll$/, '.pdb') : `${library}.dSYM`;
    if (existsSync(debugFile))
      cpSync(debugFile, join(symbols, process.platform === 'win32' ? `${file}.pdb` : `${file}.dSYM`), {
        recursive: true,
        dereference: true,
      });
    if (process.platform === 'darwin') tool('strip', ['-x', temporary]);
  }
  renameSync(temporary, addon);
}

function tool(name, args) {
  const { status, error, stderr } = spawnSync(name, args, { encoding: 'utf8' });
  if (error || status !== 0)
    fail(`${name} (of binutils, which comes with every C compiler) failed: ${error?.message ?? stderr}`);
}

if (isMain(import.meta.url)) addon({ release: process.argv.includes('--release') });
