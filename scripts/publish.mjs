// `npm run publish:packages`: publishes what `npm run package` made, and the workspace: each platform's package before the
// main one, which needs them all. What is published already is left out, so a release that broke off goes on where it was.
// With --dry-run, npm only says what it would do.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './pack.mjs';
import { manifest, platforms } from './platforms.mjs';
import { fail, root, run } from './project.mjs';

const isDry = process.argv.includes('--dry-run');
const tag = manifest.version.includes('-') ? ['--tag', 'next'] : [];
const tarball = (name) => join(folder, `${name}-${manifest.version}.tgz`);
const packages = [
  ...platforms.map(({ packageName }) => ({ name: packageName, what: tarball(packageName) })),
  { name: manifest.name, what: tarball(manifest.name) },
  { name: 'slack-rtm-workspace', what: join(root, 'workspace') },
];

const missing = packages.filter(({ what }) => !existsSync(what));
if (missing.length > 0 && !isDry)
  fail(`Not packed, so nothing is published: ${missing.map(({ name }) => name).join(', ')}`);

for (const { name, what } of packages.filter((one) => !missing.includes(one))) {
  const { stdout } = spawnSync('npm', ['view', `${name}@${manifest.version}`, 'version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (stdout.trim() === manifest.version) console.log(`${name} ${manifest.version} is published already.`);
  else run('npm', ['publish', what, '--access', 'public', ...tag, ...(isDry ? ['--dry-run'] : ['--provenance'])]);
}
