// The typings, as TypeScript finds them in an installed package: with every version, in every kind of module, with and
// without the types of Node. The code is in __test__/types: what users of `@slack/rtm-api` write compiles unchanged (and
// with the original's typings, which shows that it is such code), and what these typings promise beyond holds.
'use strict';

const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { after, describe, test } = require('node:test');
const { tools } = require('./support/tools.js');

const root = path.join(__dirname, '..', '..');
const types = path.join(root, '__test__', 'types');
const versions = tools(path.join(__dirname, 'typescript'));
const base = mkdtempSync(path.join(realpathSync(tmpdir()), 'rtm-typings-'));
after(() => rmSync(base, { recursive: true }));

const VERSIONS = ['4.9', '5.0', '5.4', '5.9', '6', '7'];

/** What user code is typed by besides; none of it comes along with the package. */
const OTHERS = ['@slack', '@types', 'https-proxy-agent', 'socks-proxy-agent', 'rtm-api-peer', 'slack-rtm-workspace'];

/** Kinds of modules: options, the files that are of this kind, the first version that has it. */
const MODULES = {
  CommonJS: {
    options: { module: 'CommonJS', moduleResolution: 'node', esModuleInterop: false },
    files: ['*.ts', 'bots/*.ts', 'bots/*.cts'],
    since: 4.9,
  },
  NodeNext: { options: { module: 'NodeNext' }, files: ['*.ts', 'bots/*'], since: 4.9 },
  bundler: {
    options: { module: 'ESNext', moduleResolution: 'bundler', esModuleInterop: true },
    files: ['*.ts', 'bots/*.ts', 'bots/*.mts'],
    since: 5.0,
  },
};

/** The options of a kind of module in a version: 6 deprecates, and 7 no longer has, what bundlers and Node do otherwise. */
function optionsOf(kind, version) {
  const { options } = MODULES[kind];
  if (kind !== 'CommonJS' || version < 6) return options;
  return version < 7 ? { ...options, ignoreDeprecations: '6.0' } : { module: 'CommonJS', moduleResolution: 'bundler' };
}

/** Installs the package's typings, as it is packed, or the original's in their place; and these others, by links. */
function install(name, others, isPeer = false) {
  const folder = path.join(base, name);
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const link = (from, to) => symlinkSync(from, path.join(modules, to), 'junction');
  if (isPeer) link(path.join(root, 'node_modules', 'rtm-api-peer'), 'slack-rtm-native');
  else for (const file of packed()) cpSync(path.join(root, file), path.join(modules, 'slack-rtm-native', file));
  for (const other of ['eventemitter3', ...others]) link(path.join(root, 'node_modules', other), other);
  if (others.length > 0) link(path.join(versions, 'rxjs'), 'rxjs');
  cpSync(types, folder, { recursive: true, filter: (file) => !file.endsWith('.json') });
  writeFileSync(path.join(folder, 'package.json'), '{}');
  return folder;
}

let list;

/** The files of the package that TypeScript looks at, of those that are packed. */
function packed() {
  if (list === undefined) {
    const options = {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options));
    list = files.map((file) => file.path).filter((file) => file === 'package.json' || file.endsWith('.d.ts'));
  }
  return list;
}

let count = 0;

/** Compiles these files of a folder, and gives what TypeScript has to say. */
async function compile(version, folder, include, options) {
  const config = path.join(folder, `tsconfig.${count++}.json`);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'ES2022',
    lib: ['ES2022'],
    skipLibCheck: true,
    ...options,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, include }));
  const tsc = path.join(versions, `typescript-${version}`, 'bin', 'tsc');
  const output = await new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: folder }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve(stdout + stderr);
    });
  });
  return output.split('\n').filter((line) => line !== '');
}

async function compiles(...what) {
  assert.deepEqual(await compile(...what), []);
}

const withNode = { types: ['node'], allowJs: true, checkJs: true };

/** Without any other package's typings, so that all of ours are checked, too. */
const checked = { types: [], skipLibCheck: false };

describe('typings', { concurrency: 2 }, () => {
  const project = install('project', OTHERS);
  const alone = install('alone', []);
  const peer = install('peer', OTHERS, true);

  for (const version of VERSIONS) {
    for (const [kind, { files, since }] of Object.entries(MODULES)) {
      if (Number(version) < since) continue;
      test(`TypeScript ${version}, ${kind}: users' code compiles, and mistakes do not`, async () => {
        await compiles(version, project, files, { ...withNode, ...optionsOf(kind, Number(version)) });
      });
    }

    test(`TypeScript ${version}: nothing else is needed, not even the types of Node`, async () => {
      await compiles(version, alone, ['alone/*.ts'], { ...optionsOf('NodeNext'), ...checked, lib: ['ES2020'] });
    });

    test(`TypeScript ${version}: with strictEvents, every known field has its exact type`, async () => {
      await compiles(version, alone, ['strict-events/*.ts'], { ...optionsOf('NodeNext'), ...checked });
    });
  }

  for (const version of ['6', '7']) {
    test(`TypeScript ${version}: the types of Node are known without being named, as with the original's typings`, async () => {
      for (const folder of [project, peer]) await compiles(version, folder, ['implied/*.ts'], optionsOf('NodeNext'));
    });
  }

  for (const version of ['4.9', '7']) {
    test(`TypeScript ${version}: the workspace's typings need nothing but those of Node`, async () => {
      await compiles(version, project, ['workspace.ts'], { ...optionsOf('NodeNext'), ...checked, types: ['node'] });
    });
  }

  test('code that is not strict compiles', async () => {
    for (const folder of [project, peer]) {
      await compiles('7', folder, ['user-code.ts', 'bots/*'], { ...withNode, ...optionsOf('NodeNext'), strict: false });
    }
  });

  for (const [version, kind] of [
    ['4.9', 'CommonJS'],
    ['5.9', 'NodeNext'],
    ['7', 'NodeNext'],
  ]) {
    const options = { ...withNode, ...optionsOf(kind, Number(version)) };
    test(`TypeScript ${version}, ${kind}: the same code compiles with the original's typings`, async () => {
      const files = MODULES[kind].files.filter((file) => file.startsWith('bots/'));
      await compiles(version, peer, ['user-code.ts', ...files], options);
    });
  }

  test('the original knows no events', async () => {
    const complaints = await compile('5.9', peer, ['events.ts'], { ...withNode, ...optionsOf('NodeNext') });
    assert.ok(
      complaints.some((line) => line.startsWith('events.ts') && line.includes('RTMEvents')),
      complaints.join('\n'),
    );
  });
});
