// `npm run generate:api-docs`: generates the API reference, docs/api/, from the typings, with typedoc. Run it after a change
// to index.d.ts or types/. With `--out FOLDER` it writes to another folder: the tests compare that with docs/api.

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

// typedoc writes an empty paragraph for each type that another file re-exports. Replace these with one list of links.
const index = join(folder, 'index.md');
const list = (text) => [...text.matchAll(/^Re-exports (.*)$/gm)].map(([, link]) => link).join(' · ');
const text = readFileSync(index, 'utf8').replace(
  /^## References\n.*?(?=^## |(?![^]))/ms,
  (part) => `## On other pages\n\n${list(part)}\n`,
);
writeFileSync(index, text);
