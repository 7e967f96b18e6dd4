// The programs that tests need beside the package's dependencies: a Python environment with the packages of requirements.txt,
// localslackirc, better-sqlite3, and a Node.js with node:sqlite. Run as a command, this file installs them (except
// localslackirc) into workspace/.programs. It never fails: a test whose program is missing is skipped.
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

/** The Python with slack_sdk and schemathesis; undefined if it is not installed. */
const python = existsSync(PYTHON) ? PYTHON : undefined;

/** The script of Debian's package localslackirc; undefined if it is not installed. */
const localslackirc = ['/usr/share/localslackirc/localslackirc'].find((file) => existsSync(file));

/** A Node.js with node:sqlite: the running one or the installed one; undefined if there is none. */
const sqliteNode = [
  process.execPath,
  path.join(MODULES, NODE_PACKAGE, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
].find((file) => existsSync(file) && succeeds(file, ['-e', 'require("node:sqlite")']));

/** The NODE_PATH for better-sqlite3; undefined if the running Node.js cannot use it. */
const sqlitePath =
  existsSync(path.join(MODULES, 'better-sqlite3')) &&
  succeeds(process.execPath, ['-e', 'new (require("better-sqlite3"))(":memory:")'], { NODE_PATH: MODULES })
    ? MODULES
    : undefined;

/** The reason to skip a test whose program is undefined here. */
const missing = (/** @type {string} */ name) =>
  `${name} is not installed; node ${path.relative('.', __filename)} installs it`;

/**
 * The two drivers of the data file, each with the Node.js and the environment to run it with.
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
 * @param {string} name
 * @param {[string, string[]][]} commands
 * @returns {boolean} whether it is installed
 */
function attempt(name, commands) {
  console.log(`Installing ${name}`);
  for (const [command, args] of commands) {
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      cwd: FOLDER,
      encoding: 'utf8',
      timeout: 10 * MINUTES,
      shell: process.platform === 'win32',
    });
    if (status === 0) continue;
    console.log(`${name} could not be installed; its tests are skipped:`);
    console.log(error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n'));
    return false;
  }
  return true;
}

/** Installs the programs, unless they are installed in these versions already. */
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
  const hasPython = attempt('slack_sdk and schemathesis (Python)', [
    [process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', VENV]],
    [PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS]],
  ]);
  const havePackages = PACKAGES.map((name) =>
    attempt(name, [['npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', name]]]),
  );
  if (hasPython && havePackages.every(Boolean)) writeFileSync(stamp, state);
}

if (require.main === module) install();

module.exports = { python, localslackirc, dataDrivers, missing };
