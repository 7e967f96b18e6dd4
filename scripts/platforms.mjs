// The platforms that have a binary: the targets that package.json lists under `napi`, with the names that follow from them
// by the convention of napi-rs. binding.js, which the CLI of napi-rs generates, uses the same names.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformName, root } from './project.mjs';

const CPUS = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' };
const LIBCS = { gnu: 'glibc', musl: 'musl' };

/** The package.json of the project. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * All platforms. `target` is the name in Rust; `name` is part of the package and file names; `os`, `cpu` and `libc` are the
 * values of these fields in package.json.
 *
 * @type {{ target: string, name: string, packageName: string, file: string, os: string, cpu: string, libc?: string }[]}
 */
export const platforms = manifest.napi.targets.map((target) => {
  const [architecture, , system, abi] = target.split('-');
  const [os, cpu] = [SYSTEMS[system], CPUS[architecture]];
  if (os === undefined || cpu === undefined)
    throw new Error(`package.json lists the target ${target}, which scripts/platforms.mjs does not know`);
  const name = [os, cpu, abi].filter(Boolean).join('-');
  return {
    target,
    name,
    packageName: `${manifest.name}-${name}`,
    file: `${manifest.napi.binaryName}.${name}.node`,
    os,
    cpu,
    libc: os === 'linux' ? LIBCS[abi] : undefined,
  };
});

/** The platform that this process runs on; undefined if there is no binary for it. */
export function ownPlatform() {
  return platforms.find(({ name }) => name === platformName());
}
