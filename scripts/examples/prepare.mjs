// Makes the examples ready to run where they stand: they know this package by its name, as in any project.

import { mkdirSync, writeFileSync } from 'node:fs';
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
  writeFileSync(join(folder, 'package.json'), '{ "name": "slack-rtm-native", "main": "index.js", "types": "index.d.ts" }\n');
  writeFileSync(join(folder, 'index.js'), "module.exports = require('../../../index.js');\n");
  writeFileSync(join(folder, 'index.d.ts'), "export * from '../../../index.js';\n");
}

/** Installs what the examples, or one in a folder of its own, depend on; gives their node_modules. */
export function install(folder = '.') {
  const modules = tools(join(examples, folder));
  link();
  return modules;
}
