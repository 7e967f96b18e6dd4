// The Python packages that the tests of a folder use. They are installed on first use, into a virtual environment in that
// folder, and again after its requirements.txt has changed.
'use strict';

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const MINUTE = 60_000;
const IS_WINDOWS = process.platform === 'win32';

/**
 * Installs the packages of a folder's requirements.txt.
 *
 * @param {string} folder
 * @returns {{ python: string } | { missing: string }} The Python that has them, or why it could not be installed.
 */
function pythonTools(folder) {
  const environment = path.join(folder, '.venv');
  const requirements = path.join(folder, 'requirements.txt');
  const python = path.join(environment, IS_WINDOWS ? 'Scripts/python.exe' : 'bin/python');
  const stamp = path.join(environment, 'stamp');
  const state = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return { python };
  rmSync(environment, { recursive: true, force: true });
  for (const [command, args] of [
    [IS_WINDOWS ? 'python' : 'python3', ['-m', 'venv', environment]],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]],
  ]) {
    const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 5 * MINUTE });
    if (status === 0) continue;
    const last = error?.message ?? `${stdout}${stderr}`.trim().split('\n').at(-1);
    return { missing: `\`${command} ${args.slice(0, 3).join(' ')} …\` failed: ${last}` };
  }
  writeFileSync(stamp, state);
  return { python };
}

module.exports = { pythonTools };
