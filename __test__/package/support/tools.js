// Owns the npm packages that only the tests of this folder use (bundlers, TypeScript versions, runtimes, …). Each folder
// below that has a package.json is a set of them, with a lock file of its own: installed when first asked for, and again
// when its lock file changed, so that `npm ci` of the project itself stays small. Run as a program, it installs all of them,
// since two tests that run at a time may use the same.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/**
 * Installs a set of tools.
 *
 * @param {string} folder - That of its package.json.
 * @returns {string} Its node_modules.
 * @throws {Error} With what npm printed.
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
