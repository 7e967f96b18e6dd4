// Checks the direction of imports in src/ (run by `npm run lint`): which folder may use which, and that no two files of a
// folder use each other. ARCHITECTURE.md explains the order.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail, filesIn, isMain, root } from './project.mjs';

/** The folders of `src/`, and those that each may use. `driver::io` is the session's vocabulary for the binding. */
const MAY_USE = {
  session: [],
  net: [],
  records: [],
  driver: ['session', 'net'],
  binding: ['driver', 'records'],
};

/** Crates and modules that a folder may not use: the session and the records do no I/O, and only the binding knows Node.js. */
const FORBIDDEN = {
  session: /\b(?:napi|napi_derive|tokio|hyper|reqwest|rustls|std::(?:net|fs|thread))::/,
  records: /\b(?:napi|napi_derive|tokio|hyper|reqwest|rustls|std::(?:net|fs|thread))::/,
  net: /\b(?:napi|napi_derive)::/,
  driver: /\b(?:napi|napi_derive)::/,
};

/**
 * Errors in the imports of these files, as text.
 * @param {Map<string, string>} sources Rust source texts by their path below the project's root
 * @returns {string[]}
 */
export function importErrors(sources) {
  const errors = [];
  /** @type {Map<string, Set<string>>} */
  const imports = new Map();
  for (const [file, source] of sources) {
    const [, folder] = file.split('/');
    if (file.split('/').length > 2 && !(folder in MAY_USE))
      errors.push(`${file}: add src/${folder} to the table in this script`);
    const code = withoutBraces(source.replace(/^\s*\/\/.*$/gm, ''));
    for (const used of foldersUsed(file, code)) {
      if (!(folder in MAY_USE) || !(used in MAY_USE) || used === folder || MAY_USE[folder].includes(used)) continue;
      errors.push(
        `${file} uses crate::${used}, but src/${folder} may use only: ${MAY_USE[folder].join(', ') || 'none'}`,
      );
    }
    const [forbidden] = FORBIDDEN[folder]?.exec(code) ?? [];
    if (forbidden !== undefined) errors.push(`${file} uses ${forbidden} which src/${folder} may not use`);
    if (/\buse (?:crate|super) as\b/.test(code)) errors.push(`${file} renames crate or super, which hides imports`);
    imports.set(file, new Set(importedFiles(file, code, sources)));
  }
  for (const cycle of cyclesIn(imports)) errors.push(`import cycle: ${[...cycle, cycle[0]].join(' -> ')}`);
  return errors;
}

/** The folders of `src/` that a file names, by `crate::` or by enough `super::`. */
function foldersUsed(file, code) {
  const names = [...code.matchAll(/\bcrate::(\w+)/g)].map(([, name]) => name);
  const depth = file.split('/').length - (basename(file) === 'mod.rs' ? 2 : 1);
  for (const [, supers, name] of code.matchAll(/\b((?:super::)+)(\w+)/g)) {
    if (supers.length / 'super::'.length >= depth) names.push(name);
  }
  return new Set(names);
}

/** The code with each `use a::{b, c::d};` written as `use a::b, a::c::d;`. */
function withoutBraces(code) {
  return code.replace(/\buse [^;]+;/g, (statement) => {
    let flat = statement;
    let before;
    do {
      before = flat;
      flat = flat.replace(/((?:\w+::)+)\{([^{}]*)\}/, (_, prefix, names) =>
        names
          .split(',')
          .map((name) => prefix + name.trim())
          .join(', '),
      );
    } while (flat !== before);
    return flat;
  });
}

/** The files of `src/` that a file names in its paths. A parent module (`mod.rs`) counts as none: it only lists its children. */
function* importedFiles(file, code, sources) {
  const own = basename(file) === 'mod.rs' ? dirname(file) : file.replace(/\.rs$/, '');
  for (const [, start, rest] of code.matchAll(/\b((?:super::)+|crate::|self::)((?:\w+::)*\w+)/g)) {
    const ups = start.startsWith('super') ? start.length / 'super::'.length : 0;
    let folder = start === 'crate::' ? 'src' : own;
    for (let i = 0; i < ups; i += 1) folder = dirname(folder);
    let found;
    for (const name of rest.split('::')) {
      folder = join(folder, name);
      if (sources.has(`${folder}.rs`)) found = `${folder}.rs`;
    }
    if (found !== undefined && found !== file && !file.startsWith(found.replace(/\.rs$/, '/'))) yield found;
  }
}

/** Cycles of the graph: at least one for each group of files that use each other. */
function cyclesIn(imports) {
  const cycles = [];
  const done = new Set();
  const visit = (file, path) => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push(path.slice(at));
    if (at >= 0 || done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return cycles;
}

if (isMain(import.meta.url)) {
  const files = filesIn('src').filter((file) => file.endsWith('.rs') && !/\btests?\.rs$|\/tests\//.test(file));
  const errors = importErrors(new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')])));
  if (errors.length > 0) fail(errors.join('\n'));
  console.log(`The imports of ${files.length} files in src/ have the right direction.`);
}
