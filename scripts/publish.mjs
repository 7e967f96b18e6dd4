// `npm run release:publish`: publishes the packages of `npm run release:package`, and the workspace, on npm. The release
// workflow runs it. Packages whose version is already published are skipped, so a release that was interrupted can be run
// again. With --dry-run, npm only prints what it would publish.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folder } from './pack.mjs';
import { manifest, platforms } from './platforms.mjs';
import { fail, root, run } from './project.mjs';

const isDry = process.argv.includes('--dry-run');
const tag = manifest.version.includes('-') ? ['--tag', 'next'] : [];
const tarball = (name) => join(folder, `${name}-${manifest.version}.tgz`);
// The main package needs those of the platforms, so it comes after them.
const packages = [
  ...platforms.map(({ packageName }) => ({ name: packageName, source: tarball(packageName) })),
  { name: manifest.name, source: tarball(manifest.name) },
  { name: 'slack-rtm-workspace', source: join(root, 'workspace') },
];

const missing = packages.filter(({ source }) => !existsSync(source));
if (missing.length > 0 && !isDry)
  fail(`Nothing is published, because these packages are missing: ${missing.map(({ name }) => name).join(', ')}`);

for (const { name, source } of packages.filter((one) => !missing.includes(one))) {
  const { stdout } = spawnSync('npm', ['view', `${name}@${manifest.version}`, 'version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (stdout.trim() === manifest.version) console.log(`${name} ${manifest.version} is already published.`);
  else run('npm', ['publish', source, '--access', 'public', ...tag, ...(isDry ? ['--dry-run'] : ['--provenance'])]);
}
