// Owns finding the browser that the page is tested in: Debian's chromium, or what CHROMIUM names.
'use strict';

const { accessSync, constants } = require('node:fs');
const path = require('node:path');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const folders = (process.env.PATH ?? '').split(path.delimiter);
const files = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));

/** The path of a browser, undefined where there is none. */
const executablePath = process.env.CHROMIUM ?? files.find(isProgram);

const missing = executablePath ? false : `there is no ${NAMES.join(', ')} in PATH, and CHROMIUM does not name one`;
const isTooOld = process.versions.node.startsWith('18.17.');

/** Why tests with a browser cannot run; false where they can. */
const skip = isTooOld
  ? 'Node 18.17 does not run what closes the browser when a file ends (an `after` outside of tests)'
  : missing;

module.exports = { executablePath, skip };
