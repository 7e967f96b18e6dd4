// Owns the seed file: reads it and checks it, naming the place in it where something is wrong. What is made of it is the
// state's.
'use strict';

const { readFileSync } = require('node:fs');

/** The file cannot be used; the message is one line for who wrote it. */
class SeedError extends Error {
  name = 'SeedError';
}

/**
 * @typedef {(value: any, path: string) => void} Check throws a `SeedError` that begins with the path
 * @typedef {Record<string, Check>} Shape the checks of an object's members
 */

/** @type {Check} */
const text = (value, path) => {
  if (typeof value !== 'string') fail(path, 'must be a string', value);
};
/** @type {Check} */
const filled = (value, path) => {
  if (typeof value !== 'string' || value.trim() === '') fail(path, 'must be a string that is not empty', value);
};
/** @type {Check} */
const flag = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'must be true or false', value);
};
/** @type {Check} */
const amount = (value, path) => {
  if (typeof value !== 'number' || value < 0) fail(path, 'must be a number, 0 or more', value);
};
/** @type {Check} */
const presence = (value, path) => {
  if (value !== 'active' && value !== 'away') fail(path, 'must be "active" or "away"', value);
};

const USER = object({ name: filled, id: filled, realName: text, presence }, ['name']);
const BOT = object({ name: filled, id: filled, realName: text, token: filled }, ['name']);
const CHANNEL = object(
  { name: filled, id: filled, isPrivate: flag, members: list(filled), topic: text, purpose: text },
  ['name'],
);
const SEED = object({
  team: object({ id: filled, name: filled, domain: filled }),
  bots: list(nameOr(BOT)),
  users: list(nameOr(USER)),
  channels: list(nameOr(CHANNEL)),
  ticketLifetime: amount,
  maxFrameBytes: amount,
});

/**
 * @param {string} file
 * @returns {import('../index').StartOptions} without `port`, `host` and `data`
 */
function readSeed(file) {
  let json;
  try {
    json = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new SeedError(`${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`}`);
  }
  let seed;
  try {
    seed = JSON.parse(json.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new SeedError(`${file} is not JSON: ${/** @type {Error} */ (error).message}`);
  }
  try {
    checkSeed(seed);
  } catch (error) {
    if (error instanceof SeedError) error.message = `${file}: ${error.message}`;
    throw error;
  }
  return seed;
}

/**
 * Throws a `SeedError` unless a workspace can be made of it.
 *
 * @param {any} seed
 */
function checkSeed(seed) {
  SEED(seed, '');
  if (seed.bots?.length === 0) fail('bots', 'must name at least one bot', seed.bots);
  const { users = ['ann', 'bob', 'carol'], bots = ['robot'], channels = [] } = seed;
  const people = named(
    [
      ['users', users],
      ['bots', bots],
    ],
    '@',
  );
  unique(bots.map((/** @type {any} */ bot, /** @type {number} */ i) => [bot.token, `bots[${i}].token`]));
  named([['channels', channels]], '#');
  for (const [i, { members = [] }] of channels.entries()) {
    for (const [j, member] of members.entries()) {
      if (people.has(bare(member, '@'))) continue;
      throw new SeedError(
        `channels[${i}].members[${j}] is ${show(member)}, who is neither among the users nor the bots`,
      );
    }
  }
}

/**
 * Checks that names and ids are told apart; gives all of them.
 *
 * @param {[string, any[]][]} lists each with its path
 * @param {string} sign that a name may begin with
 * @returns {Set<string>}
 */
function named(lists, sign) {
  const all = lists.flatMap(([path, items]) => items.map((item, i) => ({ item, path: `${path}[${i}]` })));
  const names = unique(
    all.map(({ item, path }) =>
      typeof item === 'string' ? [bare(item, sign), path] : [bare(item.name, sign), `${path}.name`],
    ),
  );
  const ids = unique(all.map(({ item, path }) => [item.id, `${path}.id`]));
  return new Set([...names, ...ids]);
}

/** @param {[string | undefined, string][]} values each with its path */
function unique(values) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [value, path] of values) {
    if (value === undefined) continue;
    if (seen.has(value)) throw new SeedError(`${path} is ${show(value)}, and so is ${seen.get(value)}`);
    seen.set(value, path);
  }
  return seen.keys();
}

/**
 * @param {Shape} shape
 * @param {string[]} [needed]
 * @returns {Check}
 */
function object(shape, needed = []) {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'must be an object', value);
    for (const key of Object.keys(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(shape, key)) {
        throw new SeedError(`${at} is not known; there are ${Object.keys(shape).join(', ')}`);
      }
      shape[key](value[key], at);
    }
    for (const key of needed) if (!Object.hasOwn(value, key)) throw new SeedError(`${path}.${key} is missing`);
  };
}

/**
 * @param {Check} check
 * @returns {Check}
 */
function list(check) {
  return (value, path) => {
    if (!Array.isArray(value)) fail(path, 'must be a list', value);
    value.forEach((/** @type {unknown} */ item, /** @type {number} */ i) => check(item, `${path}[${i}]`));
  };
}

/**
 * @param {Check} check
 * @returns {Check}
 */
function nameOr(check) {
  return (value, path) => (typeof value === 'string' ? filled : check)(value, path);
}

/**
 * @param {string} name
 * @param {string} sign
 */
function bare(name, sign) {
  return name.startsWith(sign) ? name.slice(1) : name;
}

/**
 * @param {string} path
 * @param {string} wanted
 * @param {unknown} value
 * @returns {never}
 */
function fail(path, wanted, value) {
  throw new SeedError(`${path === '' ? 'the seed' : path} ${wanted}, not ${show(value)}`);
}

/** @param {unknown} value */
function show(value) {
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}

module.exports = { readSeed, checkSeed, SeedError };
