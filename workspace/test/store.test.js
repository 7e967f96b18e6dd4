// Runs store-cases.js with both modules that can read SQLite.
'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { dataDrivers } = require('./clients/programs');

for (const { driver, node, env, skip } of dataDrivers) {
  test(`the store with ${driver}`, { skip }, () => {
    const args = ['--test', '--test-reporter=tap', path.join(__dirname, 'store-cases.js')];
    const { NODE_TEST_CONTEXT, ...own } = process.env;
    const { status, stdout } = spawnSync(node, args, {
      env: { ...own, ...env, STORE_DRIVER: driver },
      encoding: 'utf8',
    });
    assert.match(stdout, /^# pass [1-9]/m, stdout);
    assert.strictEqual(status, 0, stdout);
  });
}

test('without a module that reads SQLite, the error names the modules, and no file is created', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'store-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = `
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (['node:sqlite', 'better-sqlite3'].includes(name)) throw new Error('not there');
      return load(name, ...rest);
    };
    const { openStore } = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'store.js'))});
    try { openStore('data.db'); } catch ({ code, message }) { console.log(code, message); }
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' });
  assert.match(stdout, /^ERR_DATA_FILE .*data\.db needs Node\.js 22\.13 or later, or .* better-sqlite3/, stderr);
  assert.strictEqual(existsSync(path.join(folder, 'data.db')), false);
});
