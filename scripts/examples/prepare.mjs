// Prepares the examples: they can require this package by its name, as in any project.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../setup.mjs';

const { tools } = createRequire(import.meta.url)('../../__test__/package/support/tools.js');

export const examples = join(root, 'examples');

/**
 * Makes `slack-rtm-native` resolve to this checkout in the examples, through a small package that re-exports it. A symbolic
 * link would form a loop, and tools that walk through folders would never finish.
 */
export function link() {
  const folder = join(examples, 'node_modules/slack-rtm-native');
  mkdirSync(folder, { recursive: true });
  const files = {
    'package.json': '{ "name": "slack-rtm-native", "main": "index.js", "types": "index.d.ts" }\n',
    'index.js': "module.exports = require('../../../index.js');\n",
    'index.d.ts': "export * from '../../../index.js';\n",
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    // Renaming is atomic: another example may read the file at this moment.
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  }
}

/** Installs the npm packages of examples/, or of a folder in it. Returns the path of node_modules. */
export function install(folder = '.') {
  const modules = tools(join(examples, folder));
  link();
  return modules;
}
