// The tests of the store with the driver that STORE_DRIVER names. store.test.js runs this file.
'use strict';

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { loadDriver, openStore } = require('../lib/store');
const { Workspace } = require('..');

const driver = process.env.STORE_DRIVER;

/** The path of a new file, in a folder that is deleted after the test. */
function newFile(t) {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'store-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'data.db');
}

/** Opens a store. It is closed before its folder is deleted, unless the test has closed it. */
function open(t, file) {
  const store = openStore(file, { driver });
  t.after(() => {
    try {
      store.close();
    } catch {
      // The test has closed it.
    }
  });
  return store;
}

const dataFileError = (pattern) => ({ name: 'DataFileError', code: 'ERR_DATA_FILE', message: pattern });

test('entries are still there after closing and opening, in the order in which they were first put', (t) => {
  const file = newFile(t);
  const values = [null, 0, '', { a: [1, 'é\ud800/\u0000'] }, 'x'.repeat(1e6)];
  const first = open(t, file);
  assert.deepStrictEqual(first.load(), []);
  for (const [index, value] of values.entries()) first.put('kind', `id ${index}`, value);
  first.put('other', 'id 0', 'of another kind');
  first.put('kind', 'id 1', 'changed');
  first.delete('kind', 'id 2');
  first.delete('kind', 'never there');
  const expected = [
    { kind: 'kind', id: 'id 0', value: null },
    { kind: 'kind', id: 'id 1', value: 'changed' },
    { kind: 'kind', id: 'id 3', value: values[3] },
    { kind: 'kind', id: 'id 4', value: values[4] },
    { kind: 'other', id: 'id 0', value: 'of another kind' },
  ];
  assert.deepStrictEqual(first.load(), expected);
  first.close();
  assert.deepStrictEqual(fs.readdirSync(path.dirname(file)), ['data.db']);
  if (process.platform !== 'win32') assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600, 'it holds tokens');
  assert.deepStrictEqual(open(t, file).load(), expected);
});

test('a value that cannot be written as JSON is refused', (t) => {
  const store = open(t, newFile(t));
  assert.throws(() => store.put('kind', 'id', undefined), /kind id cannot be stored as JSON: undefined/);
  assert.deepStrictEqual(store.load(), []);
});

test('a transaction is stored completely or not at all', (t) => {
  const file = newFile(t);
  const store = open(t, file);
  assert.strictEqual(
    store.transaction(() => {
      store.put('a', '1', 1);
      return 'done';
    }),
    'done',
  );
  const failure = new Error('in the middle');
  const half = () =>
    store.transaction(() => {
      store.put('a', '2', 2);
      throw failure;
    });
  assert.throws(half, failure);
  store.put('a', '3', 3);
  store.close();
  assert.deepStrictEqual(
    open(t, file)
      .load()
      .map(({ id }) => id),
    ['1', '3'],
  );
});

test('a killed process loses no entry whose put has returned', async (t) => {
  const script = `
    const { openStore } = require(${JSON.stringify(require.resolve('../lib/store'))});
    const store = openStore(process.argv[1], { driver: ${JSON.stringify(driver)} });
    for (let index = 0; ; index += 1) {
      store.put('message', 'C1:' + index, { text: 'number ' + index });
      require('node:fs').writeSync(1, index + '\\n');
    }
  `;
  const file = newFile(t);
  for (const enough of [1, 30, 80]) {
    const child = spawn(process.execPath, ['-e', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let confirmed = -1;
    createInterface(child.stdout).on('line', (line) => {
      confirmed = Number(line);
      if (confirmed >= enough) child.kill('SIGKILL');
    });
    assert.deepStrictEqual(await once(child, 'close'), [null, 'SIGKILL']);
    assert.ok(confirmed >= enough);
    const store = openStore(file, { driver });
    const kept = store.load();
    store.close();
    assert.ok(kept.length > confirmed, `${kept.length} kept of ${confirmed + 1}`);
    for (const [index, { id, value }] of kept.entries()) {
      assert.deepStrictEqual([id, value.text], [`C1:${index}`, `number ${index}`]);
    }
  }
});

test('a process that is killed in a transaction stores nothing of it', async (t) => {
  const script = `
    const { openStore } = require(${JSON.stringify(require.resolve('../lib/store'))});
    const store = openStore(process.argv[1], { driver: ${JSON.stringify(driver)} });
    store.transaction(() => {
      for (let index = 0; index < 10000; index += 1) store.put('user', 'U' + index, 'x'.repeat(1000));
      process.kill(process.pid, 'SIGKILL');
    });
  `;
  const file = newFile(t);
  const child = spawn(process.execPath, ['-e', script, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  assert.deepStrictEqual(await once(child, 'close'), [null, 'SIGKILL']);
  assert.deepStrictEqual(open(t, file).load(), []);
});

test('a file of another program is refused and not changed', (t) => {
  const file = newFile(t);
  for (const content of ['abc', 'just some notes\n'.repeat(1000), Buffer.alloc(8192, 1)]) {
    fs.writeFileSync(file, content);
    assert.throws(() => openStore(file, { driver }), dataFileError(/data\.db is not a database$/));
    assert.deepStrictEqual(fs.readFileSync(file), Buffer.from(content));
  }
  fs.rmSync(file);
  const foreign = new (loadDriver(driver))(file);
  foreign.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (1)');
  foreign.close();
  const before = fs.readFileSync(file);
  assert.throws(() => openStore(file, { driver }), dataFileError(/data\.db is a database of another program$/));
  assert.deepStrictEqual(fs.readFileSync(file), before);
  assert.deepStrictEqual(fs.readdirSync(path.dirname(file)), ['data.db']);
});

test('a file of a later version is refused', (t) => {
  const file = newFile(t);
  open(t, file).close();
  const database = new (loadDriver(driver))(file);
  database.exec('PRAGMA user_version = 2');
  database.close();
  assert.throws(() => openStore(file, { driver }), dataFileError(/data\.db was made by a later version/));
});

test('a damaged file is reported', (t) => {
  const file = newFile(t);
  const store = open(t, file);
  for (let index = 0; index < 100; index += 1) store.put('a', String(index), 'x'.repeat(1000));
  store.close();
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, Buffer.alloc(40_000, 0xff), 0, 40_000, 4096);
  fs.closeSync(handle);
  assert.throws(() => open(t, file).load(), dataFileError(/data\.db (is damaged|is not a database)$/));
});

test('the error for a file that cannot be created or used says why', (t) => {
  const file = newFile(t);
  assert.throws(() => openStore(path.dirname(file), { driver }), dataFileError(/ is a folder$/));
  assert.throws(() => openStore(path.join(file, 'nope', 'x'), { driver }), dataFileError(/its folder does not exist$/));
  assert.throws(() => openStore('', { driver }), TypeError);
  open(t, file);
  assert.throws(
    () => openStore(file, { driver }),
    dataFileError(/data\.db is already open, in this or another process$/),
  );
});

test('file names that are special for SQLite are ordinary file names', (t) => {
  const folder = path.dirname(newFile(t));
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  for (const name of [':memory:', 'file:x?mode=memory']) openStore(name, { driver }).close();
  assert.deepStrictEqual(fs.readdirSync(folder).sort(), [':memory:', 'file:x?mode=memory']);
});

test('a workspace with a data file continues where it ended', async (t) => {
  const data = newFile(t);
  const options = { data, users: ['ann'], channels: ['general', { name: 'club', isPrivate: true, members: ['ann'] }] };
  const first = await Workspace.start(options);
  const said = first.user('ann').say('#general', 'kept');
  first.user('ann').dm(first.bot, 'also kept');
  await first.close();
  assert.deepStrictEqual(fs.readdirSync(path.dirname(data)), ['data.db']);
  const second = await Workspace.start({ data, users: ['not', 'used'] });
  t.after(() => second.close());
  assert.strictEqual(second.token, first.token);
  assert.deepStrictEqual(second.team, first.team);
  const shape = (slack) => slack.channels.map(({ id, name, members }) => ({ id, name, members: [...members] }));
  assert.deepStrictEqual(shape(second), shape(first));
  const ids = (slack) => slack.users.map(({ id, name }) => [id, name]);
  assert.deepStrictEqual(ids(second), ids(first));
  assert.deepStrictEqual(
    second.messages('#general').map(({ text, ts }) => [text, ts]),
    [['kept', said.ts]],
  );
  assert.deepStrictEqual(
    second.messages(second.im('ann')).map(({ text }) => text),
    ['also kept'],
  );
  const next = second.user('ann').say('#general', 'later');
  assert.ok(next.ts > said.ts);
  const added = second.addBot('second');
  assert.ok(!ids(first).some(([id]) => id === added.id), 'ids go on');
});

test('a workspace that fails to start releases its data file', async (t) => {
  const data = newFile(t);
  await assert.rejects(Workspace.start({ data, users: ['ann', 'ann'] }), /user @ann already exists/);
  const other = await Workspace.start();
  t.after(() => other.close());
  const port = Number(new URL(other.apiUrl).port);
  await assert.rejects(Workspace.start({ data, port }), { code: 'EADDRINUSE' });
  const slack = await Workspace.start({ data });
  await slack.close();
});

test('a refused second opening in one process does not release the lock', (t) => {
  const file = newFile(t);
  open(t, file).put('kind', 'id', 1);
  assert.throws(() => openStore(file, { driver }), dataFileError(/is already open, in this or another process$/));
  const script = `
    const { openStore } = require(${JSON.stringify(require.resolve('../lib/store'))});
    openStore(process.argv[1], { driver: ${JSON.stringify(driver)} });
  `;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script, file]);
  assert.strictEqual(status, 1);
  assert.match(stderr.toString(), /is already open, in this or another process/);
});
