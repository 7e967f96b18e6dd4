// `npm run generate:licences`: writes the licences of the crates that the addon links, on any platform, to
// THIRD-PARTY-LICENSES.md. Run it after an update of crates.
//
// With --check (part of `npm run lint`) it writes nothing. It fails if that file is not current, if deny.toml does not allow
// the licence of a crate, or if a crate is linked in two versions that deny.toml does not list.

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { platforms } from './platforms.mjs';
import { fail, isMain, needCargo, root } from './project.mjs';

const FILE = join(root, 'THIRD-PARTY-LICENSES.md');
const LICENCE_FILE = /^(licen[cs]e|copying|copyright|notice)/i;
/** If a crate offers two licences, this one is not chosen. */
const NOT_CHOSEN = /apache|unlicen/i;

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Linked into every binary, but not listed in Cargo.lock. */
const STANDARD_LIBRARY = {
  name: "Rust's standard library",
  version: '',
  license: 'MIT OR Apache-2.0',
  texts: [`Copyright (c) The Rust Project Contributors\n\n${MIT}`],
};

/** The text of THIRD-PARTY-LICENSES.md. */
function licences(crates) {
  const byText = new Map();
  for (const crate of [STANDARD_LIBRARY, ...crates.map((one) => ({ ...one, texts: textsOf(one) }))]) {
    for (const [copyright, text] of crate.texts.map(split)) {
      const key = words(text);
      if (!byText.has(key)) byText.set(key, { text, crates: [] });
      byText.get(key).crates.push(`- ${nameOf(crate)} (${crate.license})${copyright && `: ${copyright}`}`);
    }
  }
  const parts = [...byText.values()].map(
    ({ text, crates: lines }) => `${lines.join('\n')}\n\n\`\`\`text\n${text}\n\`\`\`\n`,
  );
  return `# Third-party licences\n\nThe binaries of slack-rtm-native link the crates below, under the licence that follows each group.\n\n${parts.join('\n---\n\n')}`;
}

const words = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();

/** A licence as its copyright lines and its text. Only the MIT licence is split: a hundred crates share its text. */
function split(text) {
  const start = text.search(/permission is hereby granted, free of charge/i);
  if (start < 0 || words(text.slice(start)) !== words(MIT)) return ['', text];
  const lines = text
    .slice(0, start)
    .split('\n')
    .map((line) => line.trim());
  return [
    lines.filter((line) => /[^=]/.test(line) && !/^(the )?mit licen[cs]e( \(mit\))?$/i.test(line)).join('; '),
    MIT,
  ];
}

const nameOf = ({ name, version }) => `${name} ${version}`.trim();

/** The crates that the addon contains: no build dependencies and no procedural macros. */
function linked() {
  const found = new Map();
  for (const { target } of platforms) {
    const { packages, resolve } = metadata(target);
    const byId = new Map(packages.map((one) => [one.id, one]));
    const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
    const seen = new Set();
    const visit = (id) => {
      if (seen.has(id) || byId.get(id).targets.some(({ kind }) => kind.includes('proc-macro'))) return;
      seen.add(id);
      if (id !== resolve.root) found.set(id, byId.get(id));
      for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps)
        if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    };
    visit(resolve.root);
  }
  return [...found.values()].sort((one, other) => nameOf(one).localeCompare(nameOf(other), 'en'));
}

function metadata(target) {
  const args = [
    'metadata',
    '--format-version',
    '1',
    '--locked',
    '--no-default-features',
    '--features',
    'node',
    '--filter-platform',
    target,
  ];
  const { status, stdout, stderr } = spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) fail(`cargo metadata failed:\n${stderr}`);
  return JSON.parse(stdout);
}

/** The licence files of a crate. If it has none, the text of the licence that its manifest names. */
function textsOf({ name, authors, license, manifest_path: manifest }) {
  const folder = dirname(manifest);
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  const isChoice = /\bOR\b|\//.test(license) && files.some((file) => !NOT_CHOSEN.test(file));
  const chosen = files.filter((file) => !isChoice || !NOT_CHOSEN.test(file)).sort();
  if (chosen.length > 0)
    return chosen.map((file) => readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim());
  if (!/\bMIT\b/.test(license))
    fail(`The crate ${name} has no file with its licence, ${license}: add the text to scripts/crates.mjs.`);
  return [`Copyright (c) ${authors.join(', ') || `The ${name} authors`}\n\n${MIT}`];
}

/** The crates that break a rule of deny.toml, as sentences. */
export function complaints(crates, rules) {
  const [, list] = /^allow = \[(.*)\]$/m.exec(rules);
  const allowed = [...list.matchAll(/"(.*?)"/g)].map(([, name]) => name);
  const skipped = [...rules.matchAll(/^ +\{ name = "(.*?)", version = "(.*?)" \}/gm)].map(([, name, version]) => ({
    name,
    version,
  }));
  const isSkipped = ({ name, version }) =>
    skipped.some((one) => one.name === name && `${version}.`.startsWith(`${one.version}.`));
  const once = crates.filter((one) => !isSkipped(one));
  return [
    ...crates
      .filter(({ license }) => !isAllowed(license, allowed))
      .map((one) => `${nameOf(one)} is under ${one.license}`),
    ...once
      .filter(({ name, version }) => once.some((other) => other.name === name && other.version !== version))
      .map((one) => `${nameOf(one)} is linked together with another version`),
  ];
}

/** Whether these licences satisfy an SPDX expression. Crates use only AND, OR and parentheses. */
function isAllowed(license, allowed) {
  const tokens = license.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g);
  const alternatives = () => {
    let holds = all();
    while (tokens[0] === 'OR') {
      tokens.shift();
      holds = all() || holds;
    }
    return holds;
  };
  const all = () => {
    let holds = one();
    while (tokens[0] === 'AND') {
      tokens.shift();
      holds = one() && holds;
    }
    return holds;
  };
  const one = () => {
    const token = tokens.shift();
    if (token !== '(') return allowed.includes(token);
    const holds = alternatives();
    tokens.shift();
    return holds;
  };
  return alternatives();
}

if (isMain(import.meta.url)) {
  needCargo();
  const crates = linked();
  const text = licences(crates);
  if (process.argv.includes('--check')) {
    const wrong = complaints(crates, readFileSync(join(root, 'deny.toml'), 'utf8'));
    if (wrong.length > 0)
      fail(`These crates break the rules of deny.toml:\n${wrong.map((line) => `- ${line}`).join('\n')}`);
    if (readFileSync(FILE, 'utf8') !== text)
      fail('THIRD-PARTY-LICENSES.md is not current: run `npm run generate:licences`.');
  } else writeFileSync(FILE, text);
}
