// `npm run reliability`: measures every guarantee of docs/reliability.md with this package and with @slack/rtm-api 7.0.1, one
// after the other, and writes the table of the page. Run it on an idle machine.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const PAGE = join(root, 'docs/reliability.md');
const [BEGIN, END] = ['<!-- figures -->', '<!-- /figures -->'];

setup();

const folder = mkdtempSync(join(tmpdir(), 'rtm-reliability-'));
const words = process.argv.slice(2);
const files = readdirSync(join(root, '__test__/guarantees'))
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

/** @type {Map<string, { file: string, ours?: string, theirs?: string }>} */
const rows = new Map();
let failed = false;
for (const file of files) {
  for (const client of ['ours', 'theirs']) {
    console.log(`── ${file}: ${client === 'ours' ? 'this package' : '@slack/rtm-api'}`);
    const figures = join(folder, 'figures');
    writeFileSync(figures, '');
    const { status } = spawnSync(process.execPath, ['--test', join('__test__/guarantees', file)], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FIGURES: figures, RTM_CLIENT: client === 'theirs' ? 'slack' : '' },
    });
    failed ||= client === 'ours' && status !== 0;
    for (const line of readFileSync(figures, 'utf8').trim().split('\n').filter(Boolean)) {
      const { guarantee, figures: measured } = JSON.parse(line);
      const row = rows.get(guarantee) ?? { file };
      rows.set(guarantee, { ...row, [client]: cellOf(measured) });
    }
  }
}
rmSync(folder, { recursive: true });

/** The figures as the text of a table's cell. */
function cellOf(figures) {
  return Object.entries(figures)
    .map(([label, value]) => `${label}: ${value}`)
    .join('<br>')
    .replaceAll('|', '\\|');
}

const table = [
  '| guarantee | test | this package | `@slack/rtm-api` 7.0.1 |',
  '|---|---|---|---|',
  ...[...rows].map(
    ([guarantee, { file, ours = '', theirs = '—' }]) => `| ${guarantee} | \`${file}\` | ${ours} | ${theirs} |`,
  ),
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
