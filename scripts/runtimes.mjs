// `npm run test:runtimes`: every JavaScript test of the package and of the workspace, on every version of Node that
// __test__/package/runtimes/ has, one after the other, with a table at the end. Words behind it choose (`-- 18 26 sending`):
// numbers the versions, others the test files whose names hold them. Takes minutes for each version.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fail, root, setup } from './setup.mjs';

const { tools } = createRequire(import.meta.url)('../__test__/package/support/tools.js');

const words = process.argv.slice(2);
const isVersion = (word) => /^[\d.]+$/.test(word);
const numbers = words.filter(isVersion);
const names = words.filter((word) => !isVersion(word));

/** The versions, with the program of each. */
function versions() {
  const modules = tools(join(root, '__test__/package/runtimes'));
  return readdirSync(modules)
    .filter((name) => name.startsWith('node-'))
    .map((name) => ({ name: name.slice('node-'.length), node: join(modules, name, 'bin/node') }))
    .filter(({ name }) => numbers.length === 0 || numbers.includes(name));
}

/** The test files. */
function testFiles() {
  return ['__test__', 'workspace/test']
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.test.js') && (names.length === 0 || names.some((word) => file.includes(word))));
}

/** The PATH, with npm and npx run by the Node that runs this: the newest npm does not run on all versions. */
function pathWithTools(folder) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['npm', 'npx']) {
    const program = realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  }
  return [bin, process.env.PATH].join(delimiter);
}

/** Runs the tests on a version; gives the row of the table, and whether all is well. */
function run({ node }, path, report) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\n── Node ${version} ${'─'.repeat(80)}\n`);
  const reporters = ['spec', 'tap'].flatMap((one) => [
    `--test-reporter=${one}`,
    `--test-reporter-destination=${one === 'tap' ? report : 'stdout'}`,
  ]);
  const env = { ...process.env, PATH: [dirname(node), path].join(delimiter) };
  const start = performance.now();
  const { status } = spawnSync(node, ['--test', ...reporters, ...testFiles()], { cwd: root, stdio: 'inherit', env });
  const seconds = Math.round((performance.now() - start) / 1000);
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const count = (what) => Number(text.match(new RegExp(`^# ${what} (\\d+)$`, 'm'))?.[1] ?? NaN);
  const row = { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped'), seconds };
  return { version, row, isWell: status === 0 && row.passed + row.skipped > 0 && row.failed === 0 };
}

setup();
const chosen = testFiles().length > 0 ? versions() : [];
if (chosen.length === 0)
  fail('No such version of Node is installed here (they are for Linux on x64), or no test file has such a name.');
const folder = mkdtempSync(join(tmpdir(), 'runtimes-'));
const path = pathWithTools(folder);
const results = chosen.map((version) => run(version, path, join(folder, `${version.name}.tap`)));
rmSync(folder, { recursive: true });
console.table(Object.fromEntries(results.map(({ version, row }) => [version, row])));
process.exit(results.every(({ isWell }) => isWell) ? 0 : 1);
