// The scene of examples/fleet: a Redis, six workspaces, two processes and a consumer; one process is killed, and the table of
// who has which workspace moves over.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { examples, install } from './prepare.mjs';

const require = createRequire(import.meta.url);
const SIZE = 6;

export async function fleet(stage) {
  install('fleet');
  const { RedisServer, missing } = require('./redis-server.js');
  if (missing) throw new Error(`the fleet needs Redis, and ${missing}`);
  const { connectRedis } = require(join(examples, 'fleet/redis.js'));
  const { Leases } = require(join(examples, 'fleet/leases.js'));

  const server = new RedisServer();
  stage.atEnd(() => server.close());
  await server.start();
  const slacks = [];
  for (let n = 1; n <= SIZE; n += 1) {
    slacks.push(await stage.workspace({ team: { name: `acme-${n}`, domain: `acme-${n}` } }, { quiet: true }));
  }
  const list = slacks.map(({ team: { name }, token, apiUrl }) => ({ name, token, slackApiUrl: apiUrl }));
  const names = list.map(({ name }) => name);
  const redis = await connectRedis(server.url);
  stage.atEnd(() => redis.destroy());
  const leases = new Leases(redis, { owner: 'scene' });
  await leases.begin(); // nobody has anything, so there is nothing to wait for

  const env = { REDIS_URL: server.url, FLEET_WORKSPACES: stage.file('workspaces.json', list) };
  const start = (file, more, show) =>
    stage.run(process.execPath, [join(examples, 'fleet', file)], { ...env, ...more }, show);
  const table = async () => {
    for (const { name, owner = 'nobody', token } of await leases.holders(names)) {
      stage.line('', `${name}  ${owner.split('/')[0].padEnd(6)}  token ${token}`);
    }
  };
  const greet = async (text) => {
    stage.line('ann', `says "${text}" in each workspace`);
    for (const slack of slacks) slack.user('ann').say('#general', text);
    const expected = { text: `You said: ${text}`, timeout: 60_000 };
    const answers = await Promise.all(slacks.map((slack) => slack.nextMessage({ from: slack.bot, ...expected })));
    stage.line('robot', `answers "${answers[0].text}" in ${answers.length} workspaces`);
  };

  stage.line('start', 'one: node fleet.js');
  const one = start('fleet.js', { FLEET_NAME: 'one' }, () => {});
  await one.prints(/: connected, token/, SIZE);
  stage.line('start', 'other: node fleet.js');
  const other = start('fleet.js', { FLEET_NAME: 'other' }, () => {});
  await other.prints(/: connected, token/, SIZE / 2);
  await table();
  stage.line('start', 'node consumer.js');
  const consumer = start('consumer.js', { CONSUMER_NAME: 'consumer' }, () => {});
  await greet('hello');

  stage.line('kill -9', 'one');
  const killed = performance.now();
  one.child.kill('SIGKILL');
  await one.exited;
  stage.programs.splice(stage.programs.indexOf(one), 1);
  await other.prints(/: connected, token/, SIZE / 2);
  stage.line('', `all are connected again, by other, after ${((performance.now() - killed) / 1000).toFixed(1)} s`);
  await table();
  await greet('still there?');
  return { bot: other, others: [consumer] };
}
