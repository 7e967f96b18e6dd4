// Runs the commands of the README, with its seed.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Run, newFolder } = require('./command-support');
const { dataDrivers } = require('./clients/programs');
const { call } = require('./support');

const text = fs.readFileSync(path.join(__dirname, '..', 'README.md'), 'utf8');
const examples = [...text.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, lines]) => lines.split('\n'))
  .filter((line) => line.startsWith('npx slack-rtm-workspace'))
  .map((line) => line.split(' ').slice(2));
const [, seed] = /```json\n(.*?)```/s.exec(text) ?? [];
const { node, env, skip } = dataDrivers.find((each) => !each.skip) ?? dataDrivers[0];

test('the README has examples of the command and of a seed', () => {
  assert.ok(examples.length >= 2);
  assert.ok(JSON.parse(String(seed)));
});

for (const args of examples) {
  const isKept = args.includes('--data');
  test(`npx slack-rtm-workspace ${args.join(' ')}`, { skip: isKept && skip }, async (t) => {
    const folder = newFolder(t);
    fs.writeFileSync(path.join(folder, 'seed.json'), String(seed));
    const slack = await new Run(t, [...args, '--port', '0'], {
      cwd: folder,
      ...(isKept ? { node, env } : {}),
    }).started();
    const { members } = (await call(slack, 'users.list')).body;
    const names = members.map(({ name }) => name);
    assert.deepStrictEqual(
      names,
      args.includes('--seed') ? ['dora', 'emil', 'helper'] : ['ann', 'bob', 'carol', 'robot'],
    );
    assert.strictEqual(fs.existsSync(path.join(folder, 'workspace.db')), isKept);
  });
}
