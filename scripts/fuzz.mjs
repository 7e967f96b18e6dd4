// `npm run fuzz`: runs the fuzz targets of fuzz/, ten minutes each. Run it after a change to a parser or to the session.
//
//   npm run fuzz -- --seconds 20              a short run of all targets
//   npm run fuzz -- frames socket             only these targets
//   npm run fuzz -- frames path/of/an/input   one input again, with all output
//   npm run fuzz -- --build                   only builds the targets
//   npm run fuzz -- --minimize                deletes the found inputs that add no coverage to the others
//
// A run starts from the seeds in fuzz/corpus, which people wrote, and from the inputs that earlier runs found
// (fuzz/found, not in the repository). It adds what it finds to fuzz/found. CI keeps that folder in a cache.
//
// The targets have the layout of cargo-fuzz. This script builds them as cargo-fuzz does, but without a sanitizer, which
// needs a nightly compiler: a stable compiler is enough, and memory errors are found only if they crash the process.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { needCargo, root } from './project.mjs';

const TARGETS = ['frames', 'session', 'socket', 'answer'];

/** The compiler flags of cargo-fuzz. They report to libFuzzer which code an input reaches. */
const INSTRUMENTATION = [
  '--cfg=fuzzing',
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '-Ccodegen-units=1',
];

/** Limits of one input: its bytes, the memory of the process in MB, the seconds it may take. */
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
    else fail(`${word} is neither a target (${TARGETS.join(', ')}) nor a file.`);
  }
  if (!(options.seconds > 0)) fail('--seconds needs a number greater than 0.');
  if (options.input && options.targets.length !== 1) fail('Name the target of the input: npm run fuzz -- TARGET INPUT');
  if (options.targets.length === 0) options.targets = TARGETS;
  return options;
}

/** Builds the targets. Returns the path of each program by the name of its target. */
function build() {
  const host = /^host: (.*)$/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout)[1];
  const manifest = join(fuzz, 'Cargo.toml');
  // With an explicit --target, cargo does not apply the flags to build scripts.
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

/** The folders of a target's inputs: seeds in the repository, inputs that earlier runs found, inputs that failed. */
function folders(target) {
  const all = {
    corpus: join(fuzz, 'corpus', target),
    found: join(fuzz, 'found', target),
    artifacts: join(fuzz, 'artifacts', target),
  };
  for (const folder of Object.values(all)) mkdirSync(folder, { recursive: true });
  return all;
}

/** Runs a target and prints one line of results. If an input fails, prints the failure and ends the process. */
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
    fail([panic, `${target} failed after ${seconds} s. To repeat it:`, ...repeats].join('\n'));
  }
  const coverage = (word) => Number(new RegExp(`${word}\\s+cov: (\\d+)`).exec(output)?.[1] ?? 0);
  const executions = /^#(\d+)\s+DONE/m.exec(output)?.[1] ?? '?';
  const gain = coverage('DONE') - coverage('INITED');
  console.log(`${target.padEnd(8)} ${executions} executions, coverage ${coverage('DONE')} (${gain} new), ${seconds} s`);
}

/** Runs a program to its end. Keeps the output of libFuzzer without the lines about single inputs. */
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

/** Keeps only the found inputs that reach code which neither the seeds nor smaller found inputs reach. */
function minimize(target) {
  const { corpus, found } = folders(target);
  // libFuzzer merges into the first folder, so the seeds must be there first.
  const merged = `${found}.merged`;
  const seeds = readdirSync(corpus);
  rmSync(merged, { recursive: true, force: true });
  mkdirSync(merged);
  for (const file of seeds) copyFileSync(join(corpus, file), join(merged, file));
  const words = [...BOUNDS, '-set_cover_merge=1', '-use_counters=0', merged, found];
  const { status, stderr } = spawnSync(programs[target], words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) fail(stderr.slice(-4000));
  for (const file of seeds) rmSync(join(merged, file));
  rmSync(found, { recursive: true });
  renameSync(merged, found);
  const files = readdirSync(found);
  const bytes = files.map((file) => statSync(join(found, file)).size).reduce((sum, size) => sum + size, 0);
  console.log(`${target.padEnd(8)} ${files.length} inputs beside the seeds, ${bytes} bytes`);
}

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}
