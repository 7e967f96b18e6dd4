// `npm run docs`: makes docs/api/ (the API reference) out of the typings, with typedoc. `--out FOLDER` puts it elsewhere, which
// is how the tests see whether what is in docs/api is current.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from './setup.mjs';

const require = createRequire(import.meta.url);
const { tools } = require('../__test__/package/support/tools.js');

const { out } = parseArgs({ options: { out: { type: 'string', default: 'docs/api' } } }).values;
const folder = resolve(root, out);
const set = join(root, '__test__/package/docs');

run(process.execPath, [
  join(tools(set), 'typedoc/bin/typedoc'),
  '--options',
  join(set, 'typedoc.json'),
  '--out',
  relative(root, folder),
]);

// What the package exports from other files is a paragraph each, with nothing in it; one list will do.
const index = join(folder, 'index.md');
const list = (text) => [...text.matchAll(/^Re-exports (.*)$/gm)].map(([, link]) => link).join(' · ');
const text = readFileSync(index, 'utf8').replace(
  /^## References\n.*?(?=^## |(?![^]))/ms,
  (part) => `## On other pages\n\n${list(part)}\n`,
);
writeFileSync(index, text);
