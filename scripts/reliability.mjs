// `npm run reliability`: every promise of docs/reliability.md measured on this package and on @slack/rtm-api 7.0.1, one
// after the other, nothing else beside it; the table of the page is made from what came out.

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
const files = readdirSync(join(root, '__test__/promises'))
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

/** @type {Map<string, { file: string, ours?: string, peer?: string }>} */
const rows = new Map();
let failed = false;
for (const file of files) {
  for (const client of ['ours', 'peer']) {
    console.log(`── ${file}: ${client === 'ours' ? 'this package' : 'the original'}`);
    const figures = join(folder, 'figures');
    writeFileSync(figures, '');
    const { status } = spawnSync(process.execPath, ['--test', join('__test__/promises', file)], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FIGURES: figures, RTM_CLIENT: client === 'peer' ? 'slack' : '' },
    });
    failed ||= client === 'ours' && status !== 0;
    for (const line of readFileSync(figures, 'utf8').trim().split('\n').filter(Boolean)) {
      const { promise, figures: measured } = JSON.parse(line);
      const row = rows.get(promise) ?? { file };
      rows.set(promise, { ...row, [client]: shown(measured) });
    }
  }
}
rmSync(folder, { recursive: true });

/** Figures in a cell of a table. */
function shown(figures) {
  return Object.entries(figures)
    .map(([what, value]) => `${what}: ${value}`)
    .join('<br>')
    .replaceAll('|', '\\|');
}

const table = [
  '| promise | test | this package | `@slack/rtm-api` 7.0.1 |',
  '|---|---|---|---|',
  ...[...rows].map(([promise, { file, ours = '', peer = '—' }]) => `| ${promise} | \`${file}\` | ${ours} | ${peer} |`),
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
