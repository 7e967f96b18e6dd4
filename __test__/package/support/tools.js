// Installs npm packages that only the tests of this folder need (bundlers, TypeScript versions, runtimes, …), so that `npm ci`
// of the project stays small. Each subfolder with a package.json is a set with its own lock file. A set is installed when a test
// first needs it, and again when its lock file has changed. Run as a program, this module installs all sets, because concurrent
// tests may need the same one.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/**
 * Installs a set of packages.
 *
 * @param {string} folder - The folder of its package.json.
 * @returns {string} Its node_modules.
 * @throws {Error} With the output of npm.
 */
function tools(folder) {
  const modules = path.join(folder, 'node_modules');
  const stamp = path.join(modules, '.tools-stamp');
  const state = createHash('sha256')
    .update(process.version)
    .update(readFileSync(path.join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return modules;
  rmSync(modules, { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci in ${folder} failed:\n${stdout}${stderr}`);
  writeFileSync(stamp, state);
  return modules;
}

/** The folders of all sets. */
function sets() {
  const folder = path.join(__dirname, '..');
  return readdirSync(folder)
    .map((name) => path.join(folder, name))
    .filter((one) => existsSync(path.join(one, 'package-lock.json')));
}

if (require.main === module) sets().forEach(tools);

module.exports = { tools };
