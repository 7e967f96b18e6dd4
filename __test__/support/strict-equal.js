// Equality of JSON values, stricter than assert's: it compares the order of keys, own properties called `__proto__` and -0,
// and works at any depth.
'use strict';

const assert = require('node:assert/strict');

/**
 * Throws if two values differ, and names the place.
 * @param {unknown} actual
 * @param {unknown} expected
 */
function assertIdentical(actual, expected) {
  const open = [{ actual, expected, at: '' }];
  while (open.length > 0) {
    const pair = open.pop();
    const differ = (what) => assert.fail(`${what} of event${pair.at.slice(0, 500)} differ`);
    if (typeof pair.expected !== 'object' || pair.expected === null) {
      if (!Object.is(pair.actual, pair.expected)) differ(`the values ${show(pair.actual)} and ${show(pair.expected)}`);
      continue;
    }
    if (typeof pair.actual !== 'object' || pair.actual === null) differ('the types');
    if (Object.getPrototypeOf(pair.actual) !== Object.getPrototypeOf(pair.expected)) differ('the prototypes');
    const keys = Reflect.ownKeys(pair.expected);
    const actualKeys = Reflect.ownKeys(pair.actual);
    if (keys.length !== actualKeys.length || keys.some((key, index) => key !== actualKeys[index])) {
      differ(`the keys ${show(actualKeys)} and ${show(keys)}`);
    }
    for (const key of keys) {
      const is = Object.getOwnPropertyDescriptor(pair.actual, key);
      const shouldBe = Object.getOwnPropertyDescriptor(pair.expected, key);
      for (const trait of ['writable', 'enumerable', 'configurable']) {
        if (is[trait] !== shouldBe[trait]) differ(`whether ${show(key)} is ${trait}`);
      }
      open.push({
        actual: is.value,
        expected: shouldBe.value,
        at: pair.at.length > 500 ? pair.at : `${pair.at}[${show(key)}]`,
      });
    }
  }
}

function show(value) {
  if (Object.is(value, -0)) return '-0';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

module.exports = { assertIdentical };
