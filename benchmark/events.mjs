// `npm run bench`: this package beside @slack/rtm-api, in turn, in one run: the same server, the same frames. Prints
// medians over the rounds and their ratios. Linux only (CPU time by thread).
//
//   npm run bench -- [rounds] [events]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setup } from '../scripts/setup.mjs';

setup();

const [rounds = 5, count = 100_000] = process.argv.slice(2).map(Number);
const { resolve } = createRequire(import.meta.url);
const CLIENTS = { ours: resolve('..'), 'peer 7.0.4': resolve('rtm-api-peer-latest') };
const MIXES = {
  messages: 'message events, all heard',
  mixed: 'mixed events, messages are heard',
  noisy: 'mixed events, 1 in 20 is heard',
};
const FIGURES = {
  rate: 'events/s',
  main: 'main thread, µs/event',
  all: 'all threads, µs/event',
  rss: 'peak RSS, MB',
};

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

for (const [mix, title] of Object.entries(MIXES)) {
  const server = fork(here('server.mjs'), [String(count), mix]);
  const [{ port }] = await once(server, 'message');
  const results = { ours: [], 'peer 7.0.4': [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, path] of Object.entries(CLIENTS)) {
      process.stderr.write(`\r${title}: round ${round + 1} of ${rounds}, ${name}        `);
      results[name].push(await measure(path, port));
    }
  }
  process.stderr.write('\r\x1b[K');
  server.disconnect();
  report(title, results);
}

async function measure(path, port) {
  const client = fork(here('client.cjs'), [path, String(port)]);
  const [{ heard, letters, ms, main, all, rss }] = await once(client, 'message');
  return { heard, letters, rate: (count / ms) * 1000, main: main / count, all: all / count, rss };
}

function report(title, results) {
  const [ours, peer] = Object.values(results);
  if (new Set([...ours, ...peer].map(({ heard, letters }) => `${heard} ${letters}`)).size !== 1) {
    throw new Error(`the two did not hear the same: ${JSON.stringify(results)}`);
  }
  console.log(`${title} (${count} frames, ${ours[0].heard} heard, median of ${rounds})`);
  for (const [figure, unit] of Object.entries(FIGURES)) {
    const [one, other] = [ours, peer].map((all) => median(all.map((result) => result[figure])));
    const show = (value) => (value >= 100 ? Math.round(value) : value.toFixed(2)).toString().padStart(9);
    console.log(`  ${unit.padEnd(24)} ours ${show(one)}   peer ${show(other)}   ratio ${(one / other).toFixed(2)}`);
  }
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
