// Several major versions of one npm package. Each is installed under an alias of package.json: `https-proxy-agent-9` is
// version 9 of https-proxy-agent.
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const MODULES = path.join(__dirname, '../../node_modules');

/**
 * Why this version of Node cannot `require` a package.
 * @param {string} alias its folder in node_modules
 * @returns {string | false}
 */
function unsupported(alias) {
  const { version, engines, type } = JSON.parse(readFileSync(path.join(MODULES, alias, 'package.json'), 'utf8'));
  const least = Number(/^>=\s*(\d+)/.exec(engines?.node ?? '')?.[1] ?? 0);
  const found = `this is ${process.version}`;
  if (Number.parseInt(process.versions.node, 10) < least) return `${alias} ${version} needs Node ${least}; ${found}`;
  if (type === 'module' && !process.features.require_module)
    return `${alias} ${version} is an ES module, which only Node 20.19, 22.12 or later can require; ${found}`;
  return false;
}

/**
 * The alias of a package with a major version: "https-proxy-agent 9" is `https-proxy-agent-9`.
 * @param {string} name
 */
function aliasOf(name) {
  return name.replace(/ (\d+)$/, '-$1');
}

/**
 * The exports of a package, of a major version if the name has one.
 * @param {string} name
 */
function load(name) {
  return require(aliasOf(name));
}

/**
 * Whether this version of Node can load a package with a major version ("https-proxy-agent 9"); a name without a number
 * is always `true`. If it cannot, a skipped test says why.
 * @param {string} name
 */
function canLoad(name) {
  const skip = / \d+$/.test(name) && unsupported(aliasOf(name));
  if (skip) test(name, { skip });
  return !skip;
}

module.exports = { canLoad, load, unsupported };
