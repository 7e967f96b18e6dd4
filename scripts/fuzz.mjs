// `npm run fuzz`: gives the fuzz targets inputs of their own making, ten minutes each. What is in the corpus comes
// first.
//
//   npm run fuzz -- --seconds 20              a short run of all targets
//   npm run fuzz -- frames socket             these targets only
//   npm run fuzz -- frames path/of/an/input   one input again, all output shown
//   npm run fuzz -- --build                   builds them, and no more
//   npm run fuzz -- --minimize                what earlier runs have found, as the corpus: few files, the same coverage
//
// The targets are laid out for cargo-fuzz, which is not needed: they are built here in the way it builds them,
// without a sanitizer (there is no unsafe code to watch), so that a stable compiler will do.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { needCargo, root } from './project.mjs';

const TARGETS = ['frames', 'session', 'socket', 'answer'];

/** What cargo-fuzz has the compiler do, for libFuzzer to see where an input leads. */
const INSTRUMENTATION = [
  '--cfg=fuzzing',
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '-Ccodegen-units=1',
];

/** Bounds of one input: its bytes, the process's memory, its time. */
const BOUNDS = ['-max_len=4096', '-rss_limit_mb=1024', '-timeout=20'];

const fuzz = join(root, 'fuzz');
const options = readOptions(process.argv.slice(2));

needCargo();
const programs = build();
if (options.build) process.exit();
for (const target of options.targets) {
  if (options.input) repeat(target, options.input);
  else if (options.minimize) minimize(target);
  else await run(target);
}

function readOptions(words) {
  const options = { targets: [], seconds: 600, build: false, minimize: false, input: undefined };
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--seconds') options.seconds = Number(words.shift());
    else if (word === '--build') options.build = true;
    else if (word === '--minimize') options.minimize = true;
    else if (TARGETS.includes(word)) options.targets.push(word);
    else if (existsSync(word)) options.input = word;
    else fail(`${word} is no target (${TARGETS.join(', ')}), and no file.`);
  }
  if (!(options.seconds > 0)) fail('--seconds needs a number.');
  if (options.input && options.targets.length !== 1) fail('Of which target is the input?');
  if (options.targets.length === 0) options.targets = TARGETS;
  return options;
}

/** Builds the targets; gives their programs by name. */
function build() {
  const host = /^host: (.*)$/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)[1];
  const manifest = join(fuzz, 'Cargo.toml');
  // A target that is named keeps the flags away from build scripts.
  const words = ['build', '--release', '--locked', '--manifest-path', manifest, '--target', host];
  const { status, stdout } = spawnSync('cargo', [...words, '--message-format', 'json-render-diagnostics'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, CARGO_ENCODED_RUSTFLAGS: INSTRUMENTATION.join('\x1f') },
  });
  if (status !== 0) process.exit(status ?? 1);
  const artifacts = stdout.split('\n').filter((line) => line.includes('"compiler-artifact"'));
  const built = artifacts.map((line) => JSON.parse(line)).filter(({ executable }) => executable);
  return Object.fromEntries(built.map(({ target, executable }) => [target.name, executable]));
}

/** Where a target's inputs are: those in the repository, those found by earlier runs, those that failed. */
function folders(target) {
  const all = {
    corpus: join(fuzz, 'corpus', target),
    found: join(fuzz, 'target', 'found', target),
    artifacts: join(fuzz, 'artifacts', target),
  };
  for (const folder of Object.values(all)) mkdirSync(folder, { recursive: true });
  return all;
}

/** Runs a target for its time; says in one line what came of it, or ends with what failed. */
async function run(target) {
  const { corpus, found, artifacts } = folders(target);
  const before = new Set(readdirSync(artifacts));
  const bounds = [...BOUNDS, `-max_total_time=${options.seconds}`, `-dict=${join(fuzz, 'json.dict')}`];
  const started = Date.now();
  const words = [...bounds, `-artifact_prefix=${artifacts}/`, found, corpus];
  const { status, output } = await spawned(programs[target], words);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (status !== 0) {
    const inputs = readdirSync(artifacts).filter((file) => !before.has(file));
    const panic = /panicked at [^]*?(?=\nnote: )|^.*ERROR: libFuzzer.*$/m.exec(output)?.[0] ?? output.slice(-2000);
    const repeats = inputs.map((file) => `  npm run fuzz -- ${target} ${relative(root, join(artifacts, file))}`);
    fail([panic, `${target} failed after ${seconds} s. Once more:`, ...repeats].join('\n'));
  }
  const coverage = (word) => Number(new RegExp(`${word}\\s+cov: (\\d+)`).exec(output)?.[1] ?? 0);
  const executions = /^#(\d+)\s+DONE/m.exec(output)?.[1] ?? '?';
  const gain = coverage('DONE') - coverage('INITED');
  console.log(`${target.padEnd(8)} ${executions} executions, coverage ${coverage('DONE')} (${gain} new), ${seconds} s`);
}

/** Runs a program to its end; keeps what libFuzzer says at the beginning and at the end. */
function spawned(program, words) {
  const env = { ...process.env, RUST_BACKTRACE: '0' };
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text.replace(/^#\d+\s+(NEW|REDUCE|RELOAD|pulse).*\n/gm, '');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, output }));
  });
}

function repeat(target, input) {
  process.exit(spawnSync(programs[target], [...BOUNDS, input], { stdio: 'inherit' }).status ?? 1);
}

/** Makes a corpus of the smallest inputs that lead to all places, and of those that bear names: people made them. */
function minimize(target) {
  const { corpus, found } = folders(target);
  const small = `${corpus}.small`;
  rmSync(small, { recursive: true, force: true });
  mkdirSync(small);
  const named = readdirSync(corpus).filter((file) => !/^[0-9a-f]{40}$/.test(file));
  for (const file of named) copyFileSync(join(corpus, file), join(small, file));
  const words = [...BOUNDS, '-set_cover_merge=1', '-use_counters=0', small, corpus, found];
  const { status, stderr } = spawnSync(programs[target], words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) fail(stderr.slice(-4000));
  rmSync(corpus, { recursive: true });
  renameSync(small, corpus);
  const bytes = readdirSync(corpus).reduce((sum, file) => sum + readFileSync(join(corpus, file)).length, 0);
  console.log(`${target.padEnd(8)} ${readdirSync(corpus).length} inputs, ${bytes} bytes`);
}

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}
