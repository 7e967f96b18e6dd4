// The platforms that binaries are made for: the targets that package.json names under `napi`, and what follows from
// each by napi-rs's convention. Owns the names; binding.js, which `napi build` makes, looks for the same ones.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformName, root } from './project.mjs';

const CPUS = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' };
const LIBCS = { gnu: 'glibc', musl: 'musl' };

/** The root's package.json. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * All platforms: `target` is Rust's name, `name` that of package and file, `os`, `cpu` and `libc` are npm's words.
 *
 * @type {{ target: string, name: string, packageName: string, file: string, os: string, cpu: string, libc?: string }[]}
 */
export const platforms = manifest.napi.targets.map((target) => {
  const [architecture, , system, abi] = target.split('-');
  const [os, cpu] = [SYSTEMS[system], CPUS[architecture]];
  if (os === undefined || cpu === undefined)
    throw new Error(`package.json: the target ${target} is not known to scripts/platforms.mjs`);
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

/** The platform this process runs on; undefined where it is none of them. */
export function ownPlatform() {
  return platforms.find(({ name }) => name === platformName());
}
