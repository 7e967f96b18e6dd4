// `npm run reliability`: measures the guarantees of docs/reliability.md with this package and with @slack/rtm-api 7.0.1, one test
// file at a time, and writes the table of the page. With arguments (`npm run reliability -- outage sleep`), it measures only the
// test files whose names contain one of them, and prints the table instead.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const PAGE = join(root, 'docs/reliability.md');
const [BEGIN, END] = ['<!-- figures -->', '<!-- /figures -->'];
const TESTS = '__test__/guarantees';

/** The values of RTM_CLIENT (see __test__/support/client.js), and the names of the packages. */
const PACKAGES = { '': 'this package', slack: '@slack/rtm-api' };

setup();

const folder = mkdtempSync(join(tmpdir(), 'rtm-reliability-'));
const words = process.argv.slice(2);
const files = readdirSync(join(root, TESTS))
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

/** The rows by guarantee, with a cell for each package. @type {Map<string, Record<string, string>>} */
const rows = new Map();
let failed = false;
for (const file of files) {
  for (const [client, name] of Object.entries(PACKAGES)) {
    console.log(`── ${file}: ${name}`);
    const output = join(folder, 'figures');
    writeFileSync(output, '');
    const { status } = spawnSync(process.execPath, ['--test', join(TESTS, file)], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FIGURES: output, RTM_CLIENT: client },
    });
    failed ||= client === '' && status !== 0;
    for (const line of readFileSync(output, 'utf8').trim().split('\n').filter(Boolean)) {
      const { guarantee, figures } = JSON.parse(line);
      rows.set(guarantee, { file, ...rows.get(guarantee), [name]: cell(figures) });
    }
  }
}
rmSync(folder, { recursive: true });

/** Figures as a cell of the table. */
function cell(figures) {
  return Object.entries(figures)
    .map(([label, value]) => `${label}: ${value}`)
    .join('<br>')
    .replaceAll('|', '\\|');
}

const [OURS, THEIRS] = Object.values(PACKAGES);
const table = [
  `| guarantee | test | ${OURS} | \`${THEIRS}\` 7.0.1 |`,
  '|---|---|---|---|',
  ...[...rows].map(([guarantee, { file, [OURS]: ours = '', [THEIRS]: theirs = '—' }]) => {
    return `| ${guarantee} | \`${file}\` | ${ours} | ${theirs} |`;
  }),
].join('\n');

if (words.length > 0) {
  console.log(table);
} else {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  writeFileSync(PAGE, `${page.slice(0, before)}\n${table}\n${page.slice(after)}`);
  console.log(`\nThe table of ${PAGE} is up to date.`);
}
process.exit(failed ? 1 : 0);
