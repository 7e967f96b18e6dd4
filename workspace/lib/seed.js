// Reading and checking the file of the option `--seed`.
'use strict';

const { readFileSync } = require('node:fs');

/** The file cannot be used. The message is one line for its author, and names the path of the wrong value. */
class SeedError extends Error {
  name = 'SeedError';
}

/**
 * @typedef {(value: any, path: string) => void} Check throws a `SeedError` whose message begins with the path
 * @typedef {Record<string, Check>} Shape the checks of an object's fields
 */

/** @type {Check} */
const text = (value, path) => {
  if (typeof value !== 'string') fail(path, 'must be a string', value);
};
/** @type {Check} */
const nonEmpty = (value, path) => {
  if (typeof value !== 'string' || value.trim() === '') fail(path, 'must be a non-empty string', value);
};
/** @type {Check} */
const flag = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'must be true or false', value);
};
/** @type {Check} */
const nonNegative = (value, path) => {
  if (typeof value !== 'number' || value < 0) fail(path, 'must be a number, 0 or more', value);
};
/** @type {Check} */
const presence = (value, path) => {
  if (value !== 'active' && value !== 'away') fail(path, 'must be "active" or "away"', value);
};

const USER = object({ name: nonEmpty, id: nonEmpty, realName: text, presence }, ['name']);
const BOT = object({ name: nonEmpty, id: nonEmpty, realName: text, token: nonEmpty }, ['name']);
const CHANNEL = object(
  { name: nonEmpty, id: nonEmpty, isPrivate: flag, members: list(nonEmpty), topic: text, purpose: text },
  ['name'],
);
const SEED = object({
  team: object({ id: nonEmpty, name: nonEmpty, domain: nonEmpty }),
  bots: list(nameOr(BOT)),
  users: list(nameOr(USER)),
  channels: list(nameOr(CHANNEL)),
  ticketLifetime: nonNegative,
  maxFrameBytes: nonNegative,
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
 * Throws a `SeedError` if no workspace can be created from the seed.
 *
 * @param {any} seed
 */
function checkSeed(seed) {
  SEED(seed, '');
  if (seed.bots?.length === 0) fail('bots', 'must name at least one bot', seed.bots);
  const { users = ['ann', 'bob', 'carol'], bots = ['robot'], channels = [] } = seed;
  const members = checkUnique(
    [
      ['users', users],
      ['bots', bots],
    ],
    '@',
  );
  checkDistinct(bots.map((/** @type {any} */ bot, /** @type {number} */ i) => [bot.token, `bots[${i}].token`]));
  checkUnique([['channels', channels]], '#');
  for (const [i, channel] of channels.entries()) {
    for (const [j, member] of (channel.members ?? []).entries()) {
      if (members.has(withoutSign(member, '@'))) continue;
      throw new SeedError(`channels[${i}].members[${j}] is ${show(member)}, which is not a user or bot of the seed`);
    }
  }
}

/**
 * Checks that names are unique and that ids are unique.
 *
 * @param {[string, any[]][]} lists each with its path
 * @param {string} sign the sign that a name may begin with
 * @returns {Set<string>} all names and ids
 */
function checkUnique(lists, sign) {
  const all = lists.flatMap(([path, items]) => items.map((item, i) => ({ item, path: `${path}[${i}]` })));
  const names = checkDistinct(
    all.map(({ item, path }) =>
      typeof item === 'string' ? [withoutSign(item, sign), path] : [withoutSign(item.name, sign), `${path}.name`],
    ),
  );
  const ids = checkDistinct(all.map(({ item, path }) => [item.id, `${path}.id`]));
  return new Set([...names, ...ids]);
}

/** @param {[string | undefined, string][]} values each with its path */
function checkDistinct(values) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const [value, path] of values) {
    if (value === undefined) continue;
    if (seen.has(value)) throw new SeedError(`${path} is ${show(value)}, which ${seen.get(value)} has already`);
    seen.set(value, path);
  }
  return seen.keys();
}

/**
 * @param {Shape} shape
 * @param {string[]} [required]
 * @returns {Check}
 */
function object(shape, required = []) {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'must be an object', value);
    for (const key of Object.keys(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(shape, key)) {
        throw new SeedError(`${at} is unknown; known are ${Object.keys(shape).join(', ')}`);
      }
      shape[key](value[key], at);
    }
    for (const key of required) if (!Object.hasOwn(value, key)) throw new SeedError(`${path}.${key} is missing`);
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
  return (value, path) => (typeof value === 'string' ? nonEmpty : check)(value, path);
}

/**
 * @param {string} name
 * @param {string} sign
 */
function withoutSign(name, sign) {
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
