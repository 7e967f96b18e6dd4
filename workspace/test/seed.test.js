'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { checkSeed } = require('../lib/seed');

/** The message about a wrong seed; undefined if the seed is correct. */
function errorOf(seed) {
  try {
    checkSeed(seed);
    return undefined;
  } catch (error) {
    assert.strictEqual(error.name, 'SeedError');
    return error.message;
  }
}

test('a seed has the same form as the options of Workspace.start', () => {
  assert.strictEqual(errorOf({}), undefined);
  assert.strictEqual(
    errorOf({
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
    errorOf({ channels: [{ name: 'x', members: ['ann', 'robot'] }] }),
    undefined,
    'the default users and bots',
  );
});

const wrong = [
  [null, 'the seed must be an object, not null'],
  [[], 'the seed must be an object, not []'],
  ['ann', 'the seed must be an object, not "ann"'],
  [{ port: 1 }, 'port is unknown; known are team, bots, users, channels, ticketLifetime, maxFrameBytes'],
  [JSON.parse('{"__proto__":1}'), /^__proto__ is unknown/],
  [{ team: 'Acme' }, 'team must be an object, not "Acme"'],
  [{ team: { name: '' } }, 'team.name must be a non-empty string, not ""'],
  [{ bots: [] }, 'bots must name at least one bot, not []'],
  [{ bots: 'robot' }, 'bots must be a list, not "robot"'],
  [{ bots: [{ name: 'x', tokn: 'y' }] }, 'bots[0].tokn is unknown; known are name, id, realName, token'],
  [{ users: ['ann', 3] }, 'users[1] must be an object, not 3'],
  [{ users: ['ann', ' '] }, 'users[1] must be a non-empty string, not " "'],
  [{ users: [{}] }, 'users[0].name is missing'],
  [{ users: [{ name: 'x', presence: null }] }, 'users[0].presence must be "active" or "away", not null'],
  [{ users: ['ann', { name: '@ann' }] }, 'users[1].name is "ann", which users[0] has already'],
  [{ users: ['robot'] }, 'bots[0] is "robot", which users[0] has already'],
  [
    {
      users: [
        { name: 'x', id: 'U1' },
        { name: 'y', id: 'U1' },
      ],
    },
    'users[1].id is "U1", which users[0].id has already',
  ],
  [
    {
      bots: [
        { name: 'x', token: 't' },
        { name: 'y', token: 't' },
      ],
    },
    'bots[1].token is "t", which bots[0].token has already',
  ],
  [{ channels: ['x', '#x'] }, 'channels[1] is "x", which channels[0] has already'],
  [{ channels: [{ name: 'x', isPrivate: 'yes' }] }, 'channels[0].isPrivate must be true or false, not "yes"'],
  [{ channels: [{ name: 'x', members: [1] }] }, 'channels[0].members[0] must be a non-empty string, not 1'],
  [
    { users: ['dora'], channels: ['a', { name: 'x', members: ['dora', 'ann'] }] },
    'channels[1].members[1] is "ann", which is not a user or bot of the seed',
  ],
  [{ ticketLifetime: -1 }, 'ticketLifetime must be a number, 0 or more, not -1'],
  [{ team: { name: ['x'.repeat(100)] } }, /^team\.name must be .*, not \["x{57}…$/],
];

for (const [seed, expected] of wrong) {
  test(`${JSON.stringify(seed).slice(0, 70)} is refused with the path of the wrong value`, () => {
    const message = errorOf(seed);
    if (typeof expected === 'string') assert.strictEqual(message, expected);
    else assert.match(String(message), expected);
  });
}
