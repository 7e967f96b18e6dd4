// Owns the programs that the tests of this folder use and that npm does not bring with the package: a Python environment
// with what requirements.txt names, localslackirc, better-sqlite3, and a Node with node:sqlite. Run as a command, it
// installs them into a folder that is not part of the repository; it never fails. Tests that lack one are skipped, and
// say so.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const FOLDER = path.join(__dirname, '..', '..', '.programs');
const REQUIREMENTS = path.join(__dirname, 'requirements.txt');
const VENV = path.join(FOLDER, 'python');
const PYTHON = path.join(VENV, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const MODULES = path.join(FOLDER, 'node_modules');
const NODE_PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const PACKAGES = ['better-sqlite3@12.11.1', `${NODE_PACKAGE}@24.21.0`];
const MINUTES = 60_000;

/** The Python that has slack_sdk and schemathesis; undefined where it was not installed. */
const python = existsSync(PYTHON) ? PYTHON : undefined;

/** Of localslackirc, as Debian has it. */
const localslackirc = ['/usr/share/localslackirc/localslackirc'].find((file) => existsSync(file));

/** A Node that has node:sqlite: this one, or the one that was installed. */
const sqliteNode = [
  process.execPath,
  path.join(MODULES, NODE_PACKAGE, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
].find((file) => existsSync(file) && succeeds(file, ['-e', 'require("node:sqlite")']));

/** Where `require` finds better-sqlite3, as NODE_PATH; undefined where this Node cannot use it. */
const sqlitePath =
  existsSync(path.join(MODULES, 'better-sqlite3')) &&
  succeeds(process.execPath, ['-e', 'new (require("better-sqlite3"))(":memory:")'], { NODE_PATH: MODULES })
    ? MODULES
    : undefined;

/** Why a test of something that is undefined here is skipped. */
const missing = (/** @type {string} */ name) =>
  `${name} is not here; node ${path.relative('.', __filename)} installs it`;

/**
 * The two ways to keep data: what to run with which environment.
 *
 * @type {{ driver: string, node?: string, env: Record<string, string>, skip: string | false }[]}
 */
const dataDrivers = [
  { driver: 'node:sqlite', node: sqliteNode, env: {}, skip: !sqliteNode && missing('a Node with node:sqlite') },
  {
    driver: 'better-sqlite3',
    node: process.execPath,
    env: sqlitePath ? { NODE_PATH: sqlitePath } : {},
    skip: !sqlitePath && missing('better-sqlite3'),
  },
];

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function succeeds(command, args, env = {}) {
  return spawnSync(command, args, { env: { ...process.env, ...env }, stdio: 'ignore', timeout: MINUTES }).status === 0;
}

/**
 * @param {string} what
 * @param {[string, string[]][]} commands
 * @returns {boolean} whether it is there now
 */
function attempt(what, commands) {
  console.log(`Installing ${what}`);
  for (const [command, args] of commands) {
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      cwd: FOLDER,
      encoding: 'utf8',
      timeout: 10 * MINUTES,
      shell: process.platform === 'win32',
    });
    if (status === 0) continue;
    console.log(`${what} could not be installed; its tests are skipped:`);
    console.log(error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n'));
    return false;
  }
  return true;
}

/** Installs what is missing, anew when the versions have changed. */
function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(REQUIREMENTS))
    .update(PACKAGES.join())
    .update(process.version);
  const state = wanted.digest('hex');
  const stamp = path.join(FOLDER, 'stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, 'package.json'), '{"private":true}\n');
  const isPythonThere = attempt('slack_sdk and schemathesis (Python)', [
    [process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', VENV]],
    [PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS]],
  ]);
  const arePackagesThere = PACKAGES.map((name) =>
    attempt(name, [['npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', name]]]),
  );
  if (isPythonThere && arePackagesThere.every(Boolean)) writeFileSync(stamp, state);
}

if (require.main === module) install();

module.exports = { python, localslackirc, dataDrivers, missing };
