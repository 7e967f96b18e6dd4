// `npm run release:package`: packs the npm packages into target/package, and does not publish them. There is a main package,
// and a package with the binary for each platform whose addon is in the project's folder. `npm run build` writes the addon of
// this platform there. The release workflow downloads the addons of all platforms and uses --all, which fails if one is
// missing. Tests use the packages, too. Nothing is done if no source has changed.

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { manifest, platforms } from './platforms.mjs';
import { fail, filesIn, isMain, root, stateOf } from './project.mjs';
import { setup } from './setup.mjs';

/** The folder of the tarballs. Its folder `content/` has their files. */
export const folder = join(root, 'target/package');

const ALWAYS = ['README.md', 'LICENSE'];
/** Files of the package that the main package leaves out: they belong to the binary, or describe it to developers. */
const NOT_MAIN = ['binding.d.ts', 'THIRD-PARTY-LICENSES.md'];
/** The fields of package.json that npm and Node read. The others are for the repository. */
const FIELDS = [
  ...[
    'name',
    'version',
    'description',
    'keywords',
    'homepage',
    'bugs',
    'repository',
    'license',
    'type',
    'main',
    'types',
    'engines',
  ],
  ...['dependencies', 'publishConfig'],
];

/** Packs the packages, unless they are up to date. */
export function pack({ all = false } = {}) {
  const built = platforms.filter(({ file }) => existsSync(join(root, file)));
  const missing = platforms.filter((platform) => !built.includes(platform));
  if (all && missing.length > 0)
    fail(`The project's folder has no addon for these platforms: ${missing.map(({ file }) => file).join(', ')}`);
  const files = manifest.files.filter(
    (file) => !file.endsWith('.node') && !NOT_MAIN.includes(file) && existsSync(join(root, file)),
  );
  const stamp = join(folder, 'stamp');
  const sources = [
    'package.json',
    'scripts/pack.mjs',
    'scripts/platforms.mjs',
    ...ALWAYS,
    ...NOT_MAIN,
    ...files,
    ...built.map(({ file }) => file),
  ];
  const state = stateOf(sources.flatMap((file) => (statSync(join(root, file)).isDirectory() ? filesIn(file) : [file])));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;

  // Written to a temporary folder and renamed, so that a test never finds half of it.
  const temporary = `${folder}-${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  const content = join(temporary, 'content');
  const main = stage(content, mainManifest(files), files);
  const own = built.map((platform) =>
    stage(content, platformManifest(platform), [platform.file, 'THIRD-PARTY-LICENSES.md'], platformReadme(platform)),
  );
  tarballs([main, ...own], temporary);
  writeFileSync(join(temporary, 'stamp'), state);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
}

/** The main package has no binary and no scripts. Its optional dependencies are the packages of all platforms. */
function mainManifest(files) {
  const optional = platforms.map(({ packageName }) => [packageName, manifest.version]);
  return { ...pick(FIELDS), files, optionalDependencies: Object.fromEntries(optional) };
}

/** The package of a platform has the binary. npm installs it only on that platform. */
export function platformManifest({ name, packageName, file, os, cpu, libc }) {
  return {
    ...pick(FIELDS.filter((field) => !['keywords', 'types', 'dependencies'].includes(field))),
    name: packageName,
    description: `The binary of ${manifest.name} for ${name}`,
    main: file,
    files: [file, 'THIRD-PARTY-LICENSES.md'],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
  };
}

const platformReadme = ({ name }) => `# ${manifest.name}-${name}

The binary of [${manifest.name}](${manifest.homepage}) for ${name}. npm installs it with \`${manifest.name}\` on this platform.
`;

function pick(fields) {
  return Object.fromEntries(fields.filter((field) => field in manifest).map((field) => [field, manifest[field]]));
}

/** Copies the files of a package into a folder. Returns the folder. */
function stage(content, json, files, readme) {
  const target = join(content, json.name);
  mkdirSync(target, { recursive: true });
  for (const file of [...ALWAYS, ...files]) cpSync(join(root, file), join(target, file), { recursive: true });
  if (readme) writeFileSync(join(target, 'README.md'), readme);
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(json, null, 2)}\n`);
  return target;
}

function tarballs(folders, destination) {
  const args = ['pack', '--silent', '--pack-destination', destination, ...folders];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) fail(`npm pack failed:\n${stdout}${stderr}`);
}

if (isMain(import.meta.url)) {
  const all = process.argv.includes('--all');
  if (!all) setup({ floor: true });
  pack({ all });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) console.log(join(folder, file));
}
