// `npm run package`: makes the packages that npm gets, in target/package: the main one, and one with the binary for each
// platform whose addon lies in the project's folder (`npm run build` puts this platform's there; a release brings all,
// and says --all so that none is left out). Publishes nothing. Does nothing where all is as it was.

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

/** Where the tarballs are, with the folders that they were made of in `content/`. */
export const folder = join(root, 'target/package');

const ALWAYS = ['README.md', 'LICENSE'];
/** What belongs to the binary, and to the addon's maker. */
const NOT_MAIN = ['binding.d.ts', 'THIRD-PARTY-LICENSES.md'];
/** What npm and Node look at; the rest of the manifest is for the repository. */
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

/** Makes the packages, unless they are there. */
export function pack({ all = false } = {}) {
  const built = platforms.filter(({ file }) => existsSync(join(root, file)));
  const missing = platforms.filter((platform) => !built.includes(platform));
  if (all && missing.length > 0)
    fail(`These binaries are not in the project's folder: ${missing.map(({ file }) => file).join(', ')}`);
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

  // Made elsewhere and moved, so that nobody ever finds a part of it.
  const made = `${folder}-${process.pid}`;
  rmSync(made, { recursive: true, force: true });
  const content = join(made, 'content');
  const main = stage(content, mainManifest(files), files);
  const own = built.map((platform) =>
    stage(content, platformManifest(platform), [platform.file, 'THIRD-PARTY-LICENSES.md'], platformReadme(platform)),
  );
  tarballs([main, ...own], made);
  writeFileSync(join(made, 'stamp'), state);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}

/** The main package: no binary, no scripts, and every platform's package of the same version as an optional dependency. */
function mainManifest(files) {
  const optional = platforms.map(({ packageName }) => [packageName, manifest.version]);
  return { ...pick(FIELDS), files, optionalDependencies: Object.fromEntries(optional) };
}

/** A platform's package: the binary, for whom it is. */
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

The binary of [${manifest.name}](${manifest.homepage}) for ${name}. Installing \`${manifest.name}\` brings it where it fits.
`;

function pick(fields) {
  return Object.fromEntries(fields.filter((field) => field in manifest).map((field) => [field, manifest[field]]));
}

/** Puts a package's files into a folder of its own; gives the folder. */
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
