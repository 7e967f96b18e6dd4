'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, Client } = require('./support');

test('a ping gets a pong with the same fields', async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const pong = await client.ask({ id: 3, type: 'ping', time: 1403299273342, note: 'a/b', reply_to: 99 });
  assert.deepStrictEqual(pong, { time: 1403299273342, note: 'a/b', reply_to: 3, type: 'pong' });
  assert.deepStrictEqual(await client.ask({ type: 'ping' }), { type: 'pong' });
});
