// `npm run instructions`: counts the instructions that native code executes per frame, from the arrival of the frame to the
// record that JavaScript reads (src/binding/cost.rs). callgrind counts them, so unlike a time the number hardly varies. It
// fails if the number exceeds LIMIT. Run it after a change to the code that handles every frame.
//
//   npm run instructions -- --optional   succeeds if valgrind is not installed
//   npm run instructions -- --build      only builds the test

import { spawnSync } from 'node:child_process';
import { fail, needCargo, root } from './project.mjs';

/** Measured: 11,300. The version of the compiler, and the processor that valgrind emulates, change it by a few percent. */
const LIMIT = 13_000;

/** The difference between two runs is the cost of the frames alone. */
const FEW = 2000;
const MANY = 12_000;

needCargo();
const { error } = spawnSync('valgrind', ['--version']);
if (error) {
  if (!process.argv.includes('--optional')) fail('valgrind is not installed: install it, or use --optional.');
  console.log('Skipped: valgrind is not installed.');
  process.exit();
}

const test = build();
if (process.argv.includes('--build')) process.exit();
const perFrame = (instructions(MANY) - instructions(FEW)) / (MANY - FEW);
console.log(`${Math.round(perFrame)} instructions per frame (limit: ${LIMIT})`);
if (!(perFrame > 0 && perFrame <= LIMIT))
  fail('A frame costs more instructions than the limit in scripts/instructions.mjs.');

/** Builds the unit tests with optimization. A target folder of their own lets another cargo run at the same time. */
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

/** The instructions of a whole run that reads this number of frames. */
function instructions(frames) {
  const args = [
    '--tool=callgrind',
    '--callgrind-out-file=/dev/null',
    test,
    'binding::cost::read_many_frames',
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
  if (status !== 0 || count === undefined || !stdout.includes('1 passed'))
    fail(`The test binding::cost::pass failed:\n${stdout}${stderr}`);
  return Number(count);
}
