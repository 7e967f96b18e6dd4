// `npm run instructions`: how many instructions the Rust side spends on a frame, from its arrival to the words that
// JavaScript reads (src/binding/cost.rs), counted by callgrind. Fails where they are many more than when the bound was
// set. With --optional, without valgrind it says so and ends well. With --build, it builds what it runs, and no more.

import { spawnSync } from 'node:child_process';
import { fail, needCargo, root } from './project.mjs';

/** 11,300 when it was set; the compiler and the processor's features that valgrind knows make a few percent. */
const MOST = 13_000;

const FEW = 2000;
const MANY = 12_000;

needCargo();
const { error } = spawnSync('valgrind', ['--version']);
if (error) {
  if (!process.argv.includes('--optional')) fail('valgrind is not installed');
  console.log('Skipped: valgrind is not installed.');
  process.exit();
}

const test = build();
if (process.argv.includes('--build')) process.exit();
const perFrame = (instructions(MANY) - instructions(FEW)) / (MANY - FEW);
console.log(`${Math.round(perFrame)} instructions a frame, of at most ${MOST}`);
if (!(perFrame > 0 && perFrame <= MOST)) fail('the way of a frame has become longer');

/** The unit tests, optimised; in a folder of their own, so that they can be built while something else is. */
function build() {
  const words = ['test', '--release', '--features', 'node', '--lib', '--no-run', '--target-dir', 'target/instructions'];
  const { status, stdout } = spawnSync('cargo', [...words, '--message-format', 'json-render-diagnostics'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) process.exit(status ?? 1);
  const messages = stdout
    .split('\n')
    .filter((line) => line.includes('"compiler-artifact"'))
    .map((line) => JSON.parse(line));
  return messages.findLast(({ profile, executable }) => profile.test && executable !== null).executable;
}

/** All instructions of a run that reads so many frames. */
function instructions(frames) {
  const args = [
    '--tool=callgrind',
    '--callgrind-out-file=/dev/null',
    test,
    'binding::cost::pass',
    '--exact',
    '--ignored',
    '--test-threads=1',
  ];
  const { status, stdout, stderr } = spawnSync('valgrind', args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, FRAMES: String(frames) },
  });
  const [, count] = /Collected : (\d+)/.exec(stderr) ?? [];
  if (status !== 0 || count === undefined || !stdout.includes('1 passed')) fail(`the run failed:\n${stdout}${stderr}`);
  return Number(count);
}
