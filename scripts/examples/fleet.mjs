// The scenario of examples/fleet: Redis, six workspaces, two fleet processes and a consumer. One process is killed, and the
// other one connects its workspaces.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { examples, install } from './prepare.mjs';

const require = createRequire(import.meta.url);
const SIZE = 6;

export async function fleet(context) {
  install('fleet');
  const { RedisServer, missing } = require('./redis-server.js');
  if (missing) throw new Error(`the fleet needs Redis, and ${missing}`);
  const { connectRedis } = require(join(examples, 'fleet/redis.js'));
  const { Leases } = require(join(examples, 'fleet/leases.js'));

  const server = new RedisServer();
  context.onClose(() => server.close());
  await server.start();
  const slacks = [];
  for (let n = 1; n <= SIZE; n += 1) {
    slacks.push(await context.workspace({ team: { name: `acme-${n}`, domain: `acme-${n}` } }, { quiet: true }));
  }
  const list = slacks.map(({ team: { name }, token, apiUrl }) => ({ name, token, slackApiUrl: apiUrl }));
  const names = list.map(({ name }) => name);
  const redis = await connectRedis(server.url);
  context.onClose(() => redis.destroy());
  const leases = new Leases(redis, { owner: 'scenario' });
  await leases.begin(); // no process holds a lease yet, so Redis can grant leases at once

  const env = { REDIS_URL: server.url, FLEET_WORKSPACES: context.file('workspaces.json', list) };
  const start = (file, more, show) =>
    context.run(process.execPath, [join(examples, 'fleet', file)], { ...env, ...more }, show);
  const table = async () => {
    for (const { name, owner = 'none', token } of await leases.holders(names)) {
      context.print('', `${name}  ${owner.split('/')[0].padEnd(6)}  token ${token}`);
    }
  };
  const greet = async (text) => {
    context.print('ann', `says "${text}" in each workspace`);
    for (const slack of slacks) slack.user('ann').say('#general', text);
    const expected = { text: `You said: ${text}`, timeout: 60_000 };
    const replies = await Promise.all(slacks.map((slack) => slack.nextMessage({ from: slack.bot, ...expected })));
    context.print('robot', `replies "${replies[0].text}" in ${replies.length} workspaces`);
  };

  context.print('start', 'one: node fleet.js');
  const one = start('fleet.js', { FLEET_NAME: 'one' }, () => {});
  await one.prints(/: connected, token/, SIZE);
  context.print('start', 'other: node fleet.js');
  const other = start('fleet.js', { FLEET_NAME: 'other' }, () => {});
  await other.prints(/: connected, token/, SIZE / 2);
  await table();
  context.print('start', 'node consumer.js');
  const consumer = start('consumer.js', { CONSUMER_NAME: 'consumer' }, () => {});
  await greet('hello');

  context.print('kill -9', 'one');
  const killed = performance.now();
  one.child.kill('SIGKILL');
  await one.exited;
  context.programs.splice(context.programs.indexOf(one), 1);
  await other.prints(/: connected, token/, SIZE / 2);
  context.print(
    '',
    `the other process has connected them all after ${((performance.now() - killed) / 1000).toFixed(1)} s`,
  );
  await table();
  await greet('still there?');
  return { bot: other, others: [consumer] };
}
