// `npm run bench`: compares this package with @slack/rtm-api 7.0.4. The packages take turns in one run, with the same server process
// and the same frames. Linux only, because it needs the CPU time of single threads.
//
//   npm run bench -- [--quick] [--only name]… [--rounds n] [--json file] [--svg file]
//   npm run bench -- --from file.json --svg file        # table and picture of an earlier run

import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../scripts/setup.mjs';
import { measurements } from './measurements.mjs';
import { picture } from './picture.mjs';
import { machine, summary, table } from './report.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    json: { type: 'string' },
    svg: { type: 'string' },
    from: { type: 'string' },
  },
});

/** The time limit of a run, in ms. */
const LIMIT = 120_000;
/** The number of attempts, if a run hangs or dies. */
const ATTEMPTS = 3;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const { resolve } = createRequire(import.meta.url);
const PACKAGES = { ours: resolve('..'), theirs: resolve('slack-rtm-api-7.0.4') };

const report = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await measureAll();
console.log(table(report));
if (options.svg) writeFileSync(options.svg, picture(report));
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
else if (!options.from) console.log(`\n${JSON.stringify(report)}`);

async function measureAll() {
  setup();
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
  const all = measurements(options.quick, openFiles());
  const chosen = all.filter(({ name }) => options.only === undefined || options.only.includes(name));
  if (!(rounds >= 1) || chosen.length === 0) {
    throw new Error(`--rounds is a number from 1, --only one of ${all.map(({ name }) => name).join(', ')}`);
  }
  const began = performance.now();
  const server = fork(here('server.mjs'));
  const info = await messageOf(server, LIMIT);
  const measured = [];
  for (const [index, measurement] of chosen.entries()) {
    const which = `${index + 1} of ${chosen.length}, ${measurement.name}`;
    if (!process.stderr.isTTY) console.error(which);
    const progress = (what) => printProgress(`${which}: ${what}`, began);
    measured.push({ ...measurement, ...(await measure(measurement, rounds, info, progress)) });
  }
  server.disconnect();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = Math.round((performance.now() - began) / 1000);
  return summary(measured, { ...machine(), rounds, quick: options.quick, seconds, sizes: info.sizes });
}

/** Every round of a measurement: the figures of each client by point of its curve (0 without one), and what failed. */
async function measure({ task, jobs, repeat = 1 }, rounds, server, progress) {
  const figures = { ours: {}, theirs: {} };
  const failures = [];
  for (let round = 0; round < rounds * repeat; round += 1) {
    // Now the one is first, now the other.
    const order = round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
    for (const { most = Infinity, ...job } of jobs) {
      if (round >= most) continue;
      for (const who of order) {
        progress(`round ${round + 1} of ${rounds * repeat}, ${who === 'ours' ? 'this package' : '@slack/rtm-api'}`);
        const run = { package: PACKAGES[who], task, options: job, server };
        const points = await attempt(run, (why) => failures.push(`${who}: ${why}`));
        for (const { at = 0, ...figure } of points) (figures[who][at] ??= []).push(figure);
      }
    }
  }
  return { figures, failures };
}

/** One run in a process of its own. It is repeated if it hangs or dies. */
async function attempt(job, failed) {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    const settings = { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] };
    const child = fork(here('client.cjs'), [JSON.stringify(job)], settings);
    try {
      return await messageOf(child, LIMIT);
    } catch (error) {
      failed(error.message);
    } finally {
      child.kill('SIGKILL');
    }
  }
  return [];
}

/** The first message of a process. */
function messageOf(child, limit) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`hung for ${limit / 1000} s`)), limit);
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal}`)));
    child.once('message', () => clearTimeout(timer));
    child.once('exit', () => clearTimeout(timer));
  });
}

/** The limit of open files of a process. Node raises its own limit to the maximum. */
function openFiles() {
  return Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
}

/** Prints the progress on one line of the terminal. */
function printProgress(what, began) {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K${what} (${Math.round((performance.now() - began) / 1000)} s)`);
}
