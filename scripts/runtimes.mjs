// `npm run test:runtimes`: runs the JavaScript tests of the package and of the workspace on every version of Node in
// __test__/package/runtimes/ (for Linux on x64), one after the other, and prints a table. Each version takes minutes. Run it
// after a change that may depend on the version of Node.
//
//   npm run test:runtimes -- 18 26 sending   only Node 18 and 26, only test files with "sending" in their names

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

/** The versions, each with the path of its program. */
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

/** A PATH whose npm and npx run on the Node of this process: the newest npm does not support all versions of Node. */
function pathWithTools(folder) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['npm', 'npx']) {
    const program = realpathSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim());
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  }
  return [bin, process.env.PATH].join(delimiter);
}

/** Runs the tests on a version. Returns its row of the table, and whether it passed. */
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
  const count = (name) => Number(text.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? NaN);
  const row = { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped'), seconds };
  return { version, row, hasPassed: status === 0 && row.passed + row.skipped > 0 && row.failed === 0 };
}

setup();
const chosen = testFiles().length > 0 ? versions() : [];
if (chosen.length === 0)
  fail('Nothing to run: no such version of Node is installed (they are for Linux on x64), or no test file matches.');
const folder = mkdtempSync(join(tmpdir(), 'runtimes-'));
const path = pathWithTools(folder);
const results = chosen.map((version) => run(version, path, join(folder, `${version.name}.tap`)));
rmSync(folder, { recursive: true });
console.table(Object.fromEntries(results.map(({ version, row }) => [version, row])));
process.exit(results.every(({ hasPassed }) => hasPassed) ? 0 : 1);
