// Copies of the client's package, each in a folder of its own, as npm installs it for two packages that need different versions. The
// folders are deleted when the test ends.
'use strict';

const fs = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { atEnd } = require('./cleanup.js');
const { isSlackRtmApi } = require('./client.js');

const ROOT = path.join(__dirname, '../..');
const MODULES = path.join(ROOT, 'node_modules');

/**
 * @param {import('node:test').TestContext} t
 * @param {number} count
 * @returns {string[]} the path of each copy's main file
 */
function copies(t, count) {
  const home = fs.mkdtempSync(path.join(tmpdir(), 'copies-'));
  atEnd(t, () => fs.rmSync(home, { recursive: true }));
  const from = isSlackRtmApi ? path.join(MODULES, 'slack-rtm-api-7.0.1') : ROOT;
  const { files, main } = JSON.parse(fs.readFileSync(path.join(from, 'package.json'), 'utf8'));
  const isWanted = (name) => name.endsWith('.node') || files.some((file) => file.startsWith(name));
  const wanted = fs.readdirSync(from).filter(isWanted);
  return Array.from({ length: count }, (_, n) => {
    const folder = path.join(home, `copy-${n}`);
    for (const name of ['package.json', ...wanted]) {
      fs.cpSync(path.join(from, name), path.join(folder, name), { recursive: true });
    }
    fs.symlinkSync(fs.realpathSync(MODULES), path.join(folder, 'node_modules'));
    return path.join(folder, main);
  });
}

module.exports = { copies };
