// Makes the examples ready to run where they stand: they know this package by its name, as in any project.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../setup.mjs';

const { tools } = createRequire(import.meta.url)('../../__test__/package/support/tools.js');

export const examples = join(root, 'examples');

/**
 * Has `slack-rtm-native` mean this checkout, in the examples. By a package that refers to it: a link would be a loop, in
 * which tools that look through folders lose themselves.
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
    // At one stroke: another example may be reading it.
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  }
}

/** Installs what the examples, or one in a folder of its own, depend on; gives their node_modules. */
export function install(folder = '.') {
  const modules = tools(join(examples, folder));
  link();
  return modules;
}
