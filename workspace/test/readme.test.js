// Runs the README's example: the bot, and its test.
'use strict';

const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { compileFunction } = require('node:vm');

const readme = readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
const files = new Map();
for (const [, source] of readme.matchAll(/```js\n(.*?)```/gs)) {
  const [, name] = /^\/\/ (\S+\.js)\n/.exec(source) ?? [];
  if (name) files.set(name, source);
}
assert.deepStrictEqual([...files.keys()], ['bot.js', 'bot.test.js']);

const aliases = new Map([
  ['slack-rtm-workspace', '..'],
  ['@slack/rtm-api', 'slack-rtm-api-7.0.1'],
]);

/** Loads a file of the README. */
function load(name) {
  const module = { exports: {} };
  const requireHere = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(aliases.get(id) ?? id));
  const run = compileFunction(files.get(name), ['require', 'exports', 'module'], { filename: `README.md/${name}` });
  run(requireHere, module.exports, module);
  return module.exports;
}

load('bot.test.js');
