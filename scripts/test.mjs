// `npm test`: everything that must hold, from a fresh clone on. With words behind it (`npm test -- reconnect`), only
// the JavaScript tests whose file names hold one of them. With `--slow` (`npm run test:slow`), only what takes too long for
// every day: the promises at full length, the Autobahn cases, an installation from git, the fuzz targets. With
// `--javascript`, only the JavaScript tests of package and workspace, with whatever addon is there.

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

/** Two at a time: they measure deadlines. */
function keepPromises(env) {
  const promises = testsIn('__test__/promises');
  if (promises.length === 0) return;
  section('The promises of docs/reliability.md');
  run(process.execPath, ['--test', '--test-concurrency=2', ...promises], { env });
}

// One build of the addon for all: linked as that of a release is, where its packages are tested, too.
setup({ floor: words.length === 0 && !isSlow && !isJavaScript });

if (isJavaScript) {
  section('The package, and the local workspace');
  run(process.execPath, ['--test', ...testsIn('__test__'), ...testsIn('workspace/test')]);
  process.exit();
}

if (isSlow) {
  keepPromises({ PROMISES: 'full' });
  if (words.length > 0) process.exit();
  section('The Autobahn test suite');
  run(process.execPath, ['scripts/autobahn.mjs', '--optional']);
  section('npm install of a git URL, built by cargo');
  run(process.execPath, ['--test', '__test__/package/git-install.test.js'], { env: { GIT_INSTALL: 'cargo' } });
  section('Fuzzing');
  run(process.execPath, ['scripts/fuzz.mjs']);
  process.exit();
}

if (words.length === 0) {
  needCargo();
  section('Rust: session, driver, binding');
  run('cargo', ['test', '--all-features']);
  section('Typings');
  for (const project of ['__test__/types', '__test__/types/tsconfig.peer.json']) {
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project]);
  }
  section('The local workspace');
  run(process.execPath, ['workspace/test/clients/programs.js']);
  run(process.execPath, ['--test', '--test-concurrency=2', ...testsIn('workspace/test')]);
  section('Clients that nobody here wrote, against the local workspace');
  run(process.execPath, ['--test', '--test-concurrency=2', ...testsIn('workspace/test/clients')]);
}

const tests = testsIn('__test__');
const others = words.length > 0 ? [...testsIn('workspace/test'), ...testsIn('workspace/test/clients')] : [];
if (
  ['__test__', '__test__/package', '__test__/promises', 'workspace/test', 'workspace/test/clients'].every(
    (folder) => testsIn(folder).length === 0,
  )
) {
  console.error(`No test file has ${words.join(' or ')} in its name.`);
  process.exit(1);
}

if (tests.length + others.length > 0) {
  section('The package');
  run(process.execPath, ['--test', ...tests, ...others]);
}

const packageTests = testsIn('__test__/package');
if (packageTests.length > 0) {
  section('The package as users install it');
  (await import('./pack.mjs')).pack();
  run(process.execPath, ['__test__/package/support/tools.js']);
  run(process.execPath, ['--test', '--test-concurrency=2', ...packageTests]);
}

keepPromises({});

if (tests.length > 0) {
  section('The same tests against @slack/rtm-api 7.0.1');
  // It waits, two seconds for each `ready`, more than it works.
  run(process.execPath, ['--test', '--test-concurrency=2', ...tests], { env: { RTM_CLIENT: 'peer' } });
}
