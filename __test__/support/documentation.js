// The documentation as the tests see it: its pages, and the code blocks in them. Owns what a block is, and which pages have
// theirs run by another test.
//
//   pages();                 // README.md and those in docs/: paths from the project's folder, with /
//   reference();             // those of the API reference, which is made of the typings
//   allPages();              // of the whole project
//   blocks('docs/tls.md');   // { page, line, heading, language, code, output }, in order. `output`, of js, ts and sh: the
//                            // lines of the block without a language that follows it, which it must print
//   matchLine('posted at 1…', line)   // … stands for anything
'use strict';

const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/** Pages of docs/ whose blocks are run by a test of their own. */
const RUN_ELSEWHERE = { 'docs/bundlers.md': '__test__/package/bundlers.test.js' };

/** Folders that hold no page of the project's. */
const FOREIGN = /^(node_modules|target|\.programs|\.git|fixtures|corpus|artifacts)$/;

function markdownIn(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) return FOREIGN.test(entry.name) ? [] : markdownIn(file);
      return entry.name.endsWith('.md') ? [file] : [];
    })
    .sort();
}

const reference = () => markdownIn('docs/api');
const pages = () => ['README.md', ...markdownIn('docs').filter((page) => !page.startsWith('docs/api/'))];
const allPages = () => markdownIn('.');
const read = (page) => readFileSync(path.join(root, page), 'utf8');

/** @param {string} page */
function blocks(page) {
  const text = read(page);
  const found = [];
  for (const { 1: language, 2: code, index } of text.matchAll(/^```(\S*)[^\n]*\n(.*?)^```$/gms)) {
    const before = text.slice(0, index);
    const heading = (before.match(/^#+ .*$/gm)?.at(-1) ?? '').replace(/^#+ /, '');
    const block = { page, line: before.split('\n').length, heading, language, code, output: undefined };
    const source = found.at(-1);
    if (language === '' && source && /^(js|ts|sh)$/.test(source.language)) source.output ??= code.trim().split('\n');
    found.push(block);
  }
  return found;
}

/**
 * Whether a line is what the documentation says.
 * @param {string} written
 * @param {string} line
 */
function matchLine(written, line) {
  const parts = written.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}

/**
 * The first line of the documentation's that was not printed, in this order.
 * @param {string[]} written
 * @param {string} printed
 */
function missingLine(written, printed) {
  const lines = printed.split('\n');
  let from = 0;
  return written.find((line) => {
    const index = lines.findIndex((each, at) => at >= from && matchLine(line, each));
    from = index + 1;
    return index === -1;
  });
}

module.exports = { RUN_ELSEWHERE, allPages, blocks, matchLine, missingLine, pages, read, reference, root };
