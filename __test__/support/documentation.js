// The pages of the documentation, and their code blocks.
//
//   pages();                 // README.md and the pages in docs/: paths from the project's folder, with /
//   reference();             // the pages of the API reference, which is generated from the typings
//   allPages();              // all pages of the project
//   blocks('docs/tls.md');   // { page, line, heading, language, code, output }, in order. A js, ts or sh block has `output`
//                            // if a block without a language follows it: the lines that the code must print
//   matchLine('posted at 1…', line)   // … matches any text
'use strict';

const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/** Pages of docs/ whose blocks another test runs. */
const RUN_ELSEWHERE = { 'docs/bundlers.md': '__test__/package/bundlers.test.js' };

/** Folders without pages of the project. */
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
 * Whether a printed line matches a line of the documentation.
 * @param {string} written
 * @param {string} line
 */
function matchLine(written, line) {
  const parts = written.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}

/**
 * The first line of the documentation that was not printed in this order.
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
