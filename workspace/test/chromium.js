// The browser for the tests of the page: a chromium in PATH, or the one that CHROMIUM names.
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

/** The path of a browser; undefined if there is none. */
const executablePath = process.env.CHROMIUM ?? files.find(isProgram);

const missing = executablePath ? false : `no browser found: install chromium, or set CHROMIUM to the path of one`;
const isTooOld = process.versions.node.startsWith('18.17.');

/** The reason to skip tests with a browser; false if they can run. */
const skip = isTooOld ? 'Node 18.17 does not run an `after` hook outside of tests, which closes the browser' : missing;

module.exports = { executablePath, skip };
