// The typings in an installed package: with every supported version of TypeScript, in every kind of module, with and without the
// types of Node. The code is in __test__/types: code for `@slack/rtm-api` compiles unchanged (also with that package's typings,
// which shows that it is such code), and the additional types are as documented.
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

/** Other packages with types that user code imports. None of them is installed with the package. */
const OTHERS = [
  '@slack',
  '@types',
  'https-proxy-agent',
  'socks-proxy-agent',
  'slack-rtm-api-7.0.1',
  'slack-rtm-workspace',
];

/** Kinds of modules: compiler options, the files of this kind, the first version that supports it. */
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

/** The options of a kind of module in a version. Version 6 deprecates the module resolution `node`, and version 7 removes it. */
function optionsOf(kind, version) {
  const { options } = MODULES[kind];
  if (kind !== 'CommonJS' || version < 6) return options;
  return version < 7 ? { ...options, ignoreDeprecations: '6.0' } : { module: 'CommonJS', moduleResolution: 'bundler' };
}

/** Installs the packed typings of this package, or instead those of `@slack/rtm-api`, and links to other packages. */
function install(name, others, isSlackRtmApi = false) {
  const folder = path.join(base, name);
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const link = (from, to) => symlinkSync(from, path.join(modules, to), 'junction');
  if (isSlackRtmApi) link(path.join(root, 'node_modules', 'slack-rtm-api-7.0.1'), 'slack-rtm-native');
  else for (const file of packed()) cpSync(path.join(root, file), path.join(modules, 'slack-rtm-native', file));
  for (const other of ['eventemitter3', ...others]) link(path.join(root, 'node_modules', other), other);
  if (others.length > 0) link(path.join(versions, 'rxjs'), 'rxjs');
  cpSync(types, folder, { recursive: true, filter: (file) => !file.endsWith('.json') });
  writeFileSync(path.join(folder, 'package.json'), '{}');
  return folder;
}

let list;

/** The packed files of the package that TypeScript reads. */
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

/** Compiles files of a folder. Resolves with the messages of TypeScript. */
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

async function assertCompiles(...args) {
  assert.deepEqual(await compile(...args), []);
}

const withNode = { types: ['node'], allowJs: true, checkJs: true };

/** Also checks our typings, which other packages' typings would prevent. */
const checked = { types: [], skipLibCheck: false };

describe('typings', { concurrency: 2 }, () => {
  const project = install('project', OTHERS);
  const alone = install('alone', []);
  const slackRtmApi = install('slack-rtm-api', OTHERS, true);

  for (const version of VERSIONS) {
    for (const [kind, { files, since }] of Object.entries(MODULES)) {
      if (Number(version) < since) continue;
      test(`TypeScript ${version}, ${kind}: user code compiles, and mistakes do not`, async () => {
        await assertCompiles(version, project, files, { ...withNode, ...optionsOf(kind, Number(version)) });
      });
    }

    test(`TypeScript ${version}: the typings need no other package, not even the types of Node`, async () => {
      await assertCompiles(version, alone, ['alone/*.ts'], { ...optionsOf('NodeNext'), ...checked, lib: ['ES2020'] });
    });

    test(`TypeScript ${version}: with strictEvents, every known field has its exact type`, async () => {
      await assertCompiles(version, alone, ['strict-events/*.ts'], { ...optionsOf('NodeNext'), ...checked });
    });
  }

  for (const version of ['6', '7']) {
    test(`TypeScript ${version}: the typings make the types of Node known, like those of @slack/rtm-api`, async () => {
      for (const folder of [project, slackRtmApi])
        await assertCompiles(version, folder, ['implied/*.ts'], optionsOf('NodeNext'));
    });
  }

  for (const version of ['4.9', '7']) {
    test(`TypeScript ${version}: the workspace's typings only need those of Node`, async () => {
      await assertCompiles(version, project, ['workspace.ts'], {
        ...optionsOf('NodeNext'),
        ...checked,
        types: ['node'],
      });
    });
  }

  test('code compiles without strict options', async () => {
    for (const folder of [project, slackRtmApi]) {
      await assertCompiles('7', folder, ['user-code.ts', 'bots/*'], {
        ...withNode,
        ...optionsOf('NodeNext'),
        strict: false,
      });
    }
  });

  for (const [version, kind] of [
    ['4.9', 'CommonJS'],
    ['5.9', 'NodeNext'],
    ['7', 'NodeNext'],
  ]) {
    const options = { ...withNode, ...optionsOf(kind, Number(version)) };
    test(`TypeScript ${version}, ${kind}: the same code compiles with the typings of @slack/rtm-api`, async () => {
      const files = MODULES[kind].files.filter((file) => file.startsWith('bots/'));
      await assertCompiles(version, slackRtmApi, ['user-code.ts', ...files], options);
    });
  }

  test('the typings of @slack/rtm-api have no events', async () => {
    const complaints = await compile('5.9', slackRtmApi, ['events.ts'], { ...withNode, ...optionsOf('NodeNext') });
    assert.ok(
      complaints.some((line) => line.startsWith('events.ts') && line.includes('RTMEvents')),
      complaints.join('\n'),
    );
  });
});
