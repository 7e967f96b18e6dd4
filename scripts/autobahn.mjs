// `npm run autobahn`: runs the Autobahn test suite (crossbario/autobahn-testsuite) against the WebSocket layer. The suite's
// server breaks the protocol in hundreds of ways and judges how the client reacts. Run it after a change to
// src/driver/socket.
//
//   npm run autobahn -- --cases=1.*,2.*   only these cases
//   npm run autobahn -- --optional        succeeds if the suite cannot be installed (it needs Python 2.7 and PyPI)
//
// It fails if a case fails that is not listed in EXPLAINED. The suite's report, with every frame, is in
// target/autobahn/reports.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapse } from 'node:timers/promises';
import { needCargo, root } from './project.mjs';

const SUITE = 'autobahntestsuite==25.10.1';
/** The last version that creates environments for Python 2.7. */
const VIRTUALENV = 'virtualenv==20.21.1';

/** Cases that may fail, each with the reason. */
const EXPLAINED = {};

/** Why a correct behaviour is judged NON-STRICT, by case or group of cases. */
const EARLY = 'a violation right after a frame ends the connection before the frame is echoed';
const LATE = 'invalid UTF-8 within a frame is detected when the whole frame has arrived';
const NOT_STRICT = { '3.': EARLY, '4.': EARLY, 5.15: EARLY, '6.4.': LATE };

const GROUPS = {
  1: 'framing',
  2: 'pings and pongs',
  3: 'reserved bits',
  4: 'opcodes',
  5: 'fragmentation',
  6: 'UTF-8',
  7: 'closing',
  9: 'limits and performance',
  10: 'miscellaneous',
  12: 'compression (not offered)',
  13: 'compression (not offered)',
};
const VERDICTS = ['OK', 'NON-STRICT', 'INFORMATIONAL', 'UNIMPLEMENTED', 'FAILED'];

const MINUTE = 60_000;
const folder = join(root, 'target/autobahn');
const reports = join(folder, 'reports');
const bin = (environment, program) => join(folder, environment, 'bin', program);
const cases = process.argv.find((arg) => arg.startsWith('--cases='))?.slice('--cases='.length) ?? '*';

needCargo();
const obstacle = await install();
if (obstacle !== undefined) {
  console.log(`skipped: ${obstacle}`);
  process.exit(process.argv.includes('--optional') ? 0 : 1);
}
const started = performance.now();
await runCases();
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.exitCode = report(JSON.parse(readFileSync(join(reports, 'index.json'), 'utf8'))) ? 0 : 1;
console.log(`\n${seconds} s. Every frame of every case: ${join(reports, 'index.html')}`);

/** Installs the suite if it is not installed. Returns why that is impossible, or undefined. */
async function install() {
  if (existsSync(bin('python', 'wstest'))) return undefined;
  const python2 = findPython2();
  if (python2 === undefined) return 'the suite needs Python 2.7, which was not found. Set AUTOBAHN_PYTHON to its path.';
  console.log('Installing the Autobahn test suite …');
  mkdirSync(folder, { recursive: true });
  const steps = [
    ['python3', ['-m', 'venv', join(folder, 'tools')]],
    [bin('tools', 'pip'), ['install', '--quiet', VIRTUALENV]],
    [bin('tools', 'virtualenv'), ['--quiet', '--no-periodic-update', '--python', python2, join(folder, 'python')]],
    [bin('python', 'pip'), ['install', '--quiet', SUITE]],
  ];
  for (const [program, args] of steps) {
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 5 * MINUTE });
    if (status !== 0) {
      const last = String(error?.message ?? stderr)
        .trim()
        .split('\n')
        .at(-1);
      return `\`${[program, ...args].join(' ')}\` failed: ${last}`;
    }
  }
  return undefined;
}

/** @returns {string | undefined} */
function findPython2() {
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const ofPyenv = existsSync(pyenv) ? readdirSync(pyenv).filter((version) => version.startsWith('2.7')) : [];
  const inPyenv = ofPyenv.map((version) => join(pyenv, version, 'bin/python2.7'));
  const candidates = [process.env.AUTOBAHN_PYTHON, 'python2.7', 'python2', ...inPyenv];
  const printPath = ['-c', 'import sys; print(sys.executable if sys.version_info[:2] == (2, 7) else "")'];
  return candidates
    .filter((program) => program !== undefined)
    .map((program) => spawnSync(program, printPath, { encoding: 'utf8' }).stdout?.trim())
    .find(Boolean);
}

/** Starts the suite's server and runs the echo client of src/driver/socket/autobahn.rs against it. */
async function runCases() {
  rmSync(reports, { recursive: true, force: true });
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const spec = join(folder, 'spec.json');
  const options = { failByDrop: false };
  writeFileSync(spec, JSON.stringify({ url, options, outdir: reports, cases: cases.split(','), 'exclude-cases': [] }));
  const log = openSync(join(folder, 'server.log'), 'w');
  const args = ['--mode', 'fuzzingserver', '--webport', '0', '--spec', spec];
  const server = spawn(bin('python', 'wstest'), args, { cwd: folder, stdio: ['ignore', log, log] });
  try {
    await listening(port, server);
    const client = ['test', '--all-features', '--lib', '--', '--ignored', '--nocapture', 'autobahn'];
    const env = { ...process.env, AUTOBAHN_SERVER: url };
    const { status } = spawnSync('cargo', client, { cwd: root, env, stdio: 'inherit', timeout: 20 * MINUTE });
    if (status !== 0) throw new Error('the echo client (src/driver/socket/autobahn.rs) failed');
  } finally {
    server.kill('SIGKILL');
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function listening(port, server) {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (server.exitCode !== null) break;
    const isListening = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isListening) return;
    await elapse(200);
  }
  throw new Error(
    `the suite's server does not accept connections. Its log:\n${readFileSync(join(folder, 'server.log'), 'utf8')}`,
  );
}

/** Prints the verdicts by group, and each case that is not OK. Returns whether no case failed without an explanation. */
function report(index) {
  const verdicts = Object.entries(Object.values(index)[0] ?? {}).map(([id, one]) => ({
    id,
    group: id.split('.')[0],
    verdict: [one.behavior, one.behaviorClose].every((part) => VERDICTS.includes(part)) ? one.behavior : 'FAILED',
    closing: one.behaviorClose,
  }));
  verdicts.sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
  const count = (group, verdict) =>
    verdicts.filter((one) => (group === undefined || one.group === group) && one.verdict === verdict).length;
  const row = (name, cells) => {
    console.log(name.padEnd(30) + cells.map((cell) => String(cell || '·').padStart(15)).join(''));
  };

  console.log();
  row('cases', VERDICTS);
  for (const [group, name] of Object.entries(GROUPS)) {
    if (!verdicts.some((one) => one.group === group)) continue;
    row(
      `${group}  ${name}`,
      VERDICTS.map((verdict) => count(group, verdict)),
    );
  }
  row(
    'all',
    VERDICTS.map((verdict) => count(undefined, verdict)),
  );

  const notable = verdicts.filter(({ verdict }) => verdict === 'NON-STRICT' || verdict === 'FAILED');
  if (notable.length > 0) console.log();
  for (const { id, verdict, closing } of notable) {
    const loose = Object.entries(NOT_STRICT).find(([group]) => verdict === 'NON-STRICT' && id.startsWith(group));
    const reason = EXPLAINED[id] ?? loose?.[1] ?? 'not explained';
    console.log(`${id.padEnd(8)} ${verdict} (closing: ${closing}): ${reason}`);
  }
  const failed = verdicts.filter(({ id, verdict }) => verdict === 'FAILED' && EXPLAINED[id] === undefined);
  if (verdicts.length === 0) console.log('No case ran: --cases matches none.');
  return verdicts.length > 0 && failed.length === 0;
}
