'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { checkSeed } = require('../lib/seed');

/** What is said about a seed; undefined where it is fine. */
function complaint(seed) {
  try {
    checkSeed(seed);
    return undefined;
  } catch (error) {
    assert.strictEqual(error.name, 'SeedError');
    return error.message;
  }
}

test('a seed has the form of the options of Workspace.start', () => {
  assert.strictEqual(complaint({}), undefined);
  assert.strictEqual(
    complaint({
      team: { id: 'T1', name: 'Acme', domain: 'acme' },
      bots: ['robot', { name: 'second', id: 'U9', realName: '', token: 'xoxb-2' }],
      users: ['@ann', { name: 'bob', id: 'U1', realName: 'Bob', presence: 'away' }],
      channels: [
        '#general',
        { name: 'x', id: 'C1', isPrivate: true, members: ['ann', '@bob', 'U9'], topic: '', purpose: 'p' },
      ],
      ticketLifetime: 0,
      maxFrameBytes: 100,
    }),
    undefined,
  );
  assert.strictEqual(
    complaint({ channels: [{ name: 'x', members: ['ann', 'robot'] }] }),
    undefined,
    'the default ones',
  );
});

const wrong = [
  [null, 'the seed must be an object, not null'],
  [[], 'the seed must be an object, not []'],
  ['ann', 'the seed must be an object, not "ann"'],
  [{ port: 1 }, 'port is not known; there are team, bots, users, channels, ticketLifetime, maxFrameBytes'],
  [JSON.parse('{"__proto__":1}'), /^__proto__ is not known/],
  [{ team: 'Acme' }, 'team must be an object, not "Acme"'],
  [{ team: { name: '' } }, 'team.name must be a string that is not empty, not ""'],
  [{ bots: [] }, 'bots must name at least one bot, not []'],
  [{ bots: 'robot' }, 'bots must be a list, not "robot"'],
  [{ bots: [{ name: 'x', tokn: 'y' }] }, 'bots[0].tokn is not known; there are name, id, realName, token'],
  [{ users: ['ann', 3] }, 'users[1] must be an object, not 3'],
  [{ users: ['ann', ' '] }, 'users[1] must be a string that is not empty, not " "'],
  [{ users: [{}] }, 'users[0].name is missing'],
  [{ users: [{ name: 'x', presence: null }] }, 'users[0].presence must be "active" or "away", not null'],
  [{ users: ['ann', { name: '@ann' }] }, 'users[1].name is "ann", and so is users[0]'],
  [{ users: ['robot'] }, 'bots[0] is "robot", and so is users[0]'],
  [
    {
      users: [
        { name: 'x', id: 'U1' },
        { name: 'y', id: 'U1' },
      ],
    },
    'users[1].id is "U1", and so is users[0].id',
  ],
  [
    {
      bots: [
        { name: 'x', token: 't' },
        { name: 'y', token: 't' },
      ],
    },
    'bots[1].token is "t", and so is bots[0].token',
  ],
  [{ channels: ['x', '#x'] }, 'channels[1] is "x", and so is channels[0]'],
  [{ channels: [{ name: 'x', isPrivate: 'yes' }] }, 'channels[0].isPrivate must be true or false, not "yes"'],
  [{ channels: [{ name: 'x', members: [1] }] }, 'channels[0].members[0] must be a string that is not empty, not 1'],
  [
    { users: ['dora'], channels: ['a', { name: 'x', members: ['dora', 'ann'] }] },
    'channels[1].members[1] is "ann", who is neither among the users nor the bots',
  ],
  [{ ticketLifetime: -1 }, 'ticketLifetime must be a number, 0 or more, not -1'],
  [{ team: { name: ['x'.repeat(100)] } }, /^team\.name must be .*, not \["x{57}…$/],
];

for (const [seed, expected] of wrong) {
  test(`${JSON.stringify(seed).slice(0, 70)} is refused with the place in it`, () => {
    const said = complaint(seed);
    if (typeof expected === 'string') assert.strictEqual(said, expected);
    else assert.match(String(said), expected);
  });
}
