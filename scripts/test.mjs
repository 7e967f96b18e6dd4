// `npm test`: all tests, from a fresh clone on.
//
//   npm test -- reconnect    only the JavaScript test files whose names contain one of the given words
//   npm run test:slow        (`--slow`) only the tests that take too long for every day: the guarantees at full length, the
//                            Autobahn cases, an installation from git, the fuzz targets
//   --javascript             only the JavaScript tests of the package and the workspace, with the existing addon

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { needCargo, root, run, setup } from './setup.mjs';

const isSlow = process.argv.includes('--slow');
const isJavaScript = process.argv.includes('--javascript');
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));

function testsIn(folder) {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .map((file) => join(folder, file));
}

function section(title) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 100 - title.length))}\n`);
}

function testGuarantees(env) {
  const guarantees = testsIn('__test__/guarantees');
  if (guarantees.length === 0) return;
  section('The guarantees of docs/reliability.md');
  // Two at a time, because they measure deadlines.
  run(process.execPath, ['--test', '--test-concurrency=2', ...guarantees], { env });
}

// One build of the addon for all tests. If the packages are tested, too, it is linked like that of a release.
setup({ floor: words.length === 0 && !isSlow && !isJavaScript });

if (isJavaScript) {
  section('The package and the local workspace');
  run(process.execPath, ['--test', ...testsIn('__test__'), ...testsIn('workspace/test')]);
  process.exit();
}

if (isSlow) {
  testGuarantees({ GUARANTEES: 'full' });
  if (words.length > 0) process.exit();
  section('The Autobahn test suite');
  run(process.execPath, ['scripts/autobahn.mjs', '--optional']);
  section('npm install from a git URL, built with cargo');
  run(process.execPath, ['--test', '__test__/package/git-install.test.js'], { env: { GIT_INSTALL: 'cargo' } });
  section('Fuzzing');
  run(process.execPath, ['scripts/fuzz.mjs']);
  process.exit();
}

if (words.length === 0) {
  needCargo();
  section('Rust');
  run('cargo', ['test', '--all-features']);
  section('Typings');
  for (const project of ['__test__/types', '__test__/types/tsconfig.slack.json']) {
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project]);
  }
  section('The local workspace');
  run(process.execPath, ['workspace/test/clients/programs.js']);
  run(process.execPath, ['--test', '--test-concurrency=2', ...testsIn('workspace/test')]);
  section('Other Slack clients against the local workspace');
  run(process.execPath, ['--test', '--test-concurrency=2', ...testsIn('workspace/test/clients')]);
}

const tests = testsIn('__test__');
const others = words.length > 0 ? [...testsIn('workspace/test'), ...testsIn('workspace/test/clients')] : [];
if (
  ['__test__', '__test__/package', '__test__/guarantees', 'workspace/test', 'workspace/test/clients'].every(
    (folder) => testsIn(folder).length === 0,
  )
) {
  console.error(`No name of a test file contains ${words.join(' or ')}.`);
  process.exit(1);
}

if (tests.length + others.length > 0) {
  section('The package');
  run(process.execPath, ['--test', ...tests, ...others]);
}

const packageTests = testsIn('__test__/package');
if (packageTests.length > 0) {
  section('The installed package');
  (await import('./pack.mjs')).pack();
  run(process.execPath, ['__test__/package/support/tools.js']);
  run(process.execPath, ['--test', '--test-concurrency=2', ...packageTests]);
}

testGuarantees({});

if (tests.length > 0) {
  section('The same tests against @slack/rtm-api 7.0.1');
  // Two at a time, because these tests mostly wait: two seconds for each `ready`.
  run(process.execPath, ['--test', '--test-concurrency=2', ...tests], { env: { RTM_CLIENT: 'slack' } });
}
