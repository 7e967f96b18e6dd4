// The health check of docs/operations.md, unchanged: 200 while the bot is connected, 503 when it was away for too long.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { describe } = require('node:test');
const { better } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { scriptedServer } = require('./support/scripted-server.js');

const page = readFileSync(path.join(__dirname, '../docs/operations.md'), 'utf8');
const [, recipe] = page.match(/## A health check.*?^```js\n(.*?)^```$/ms);

/** The recipe with the test's client, and a limit that a test can wait for. */
const code = recipe
  .replace(/^import .*\n/gm, '')
  .replace(/new RTMClient\(.*\)/, 'client({ retryConfig: { forever: true, minTimeout: 50, factor: 1 } })')
  .replace('120_000', '300');

/** In the child: the names that the recipe uses are in scope. */
async function runRecipe({ client, report, input }) {
  // biome-ignore lint/correctness/noUnusedVariables: the recipe that is evaluated below uses it
  const { createServer } = require('node:http');
  process.env.PORT = '0';
  const [rtm, server] = await eval(`(async () => { ${input}; return [rtm, server]; })()`);
  report(server.address().port);
  rtm.on('ready', () => report('ready'));
}

async function check(port) {
  const response = await new Promise((resolve) => http.get({ port, agent: false }, resolve));
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, ...JSON.parse(body) };
}

describe('the health check of the documentation', () => {
  better(
    'it has no `state`, `latency` and `lastActivity`',
    'responds with 200 when ready, 503 when away for too long, and 200 again',
    async (t) => {
      const server = await scriptedServer(t);
      const before = Date.now();
      const child = inProcess(t, server, runRecipe, { input: code });
      const port = await child.report();
      assert.equal(await child.report(), 'ready');
      let health = await check(port);
      assert.deepEqual([health.status, health.state, health.awaySince], [200, 'connected', undefined]);
      assert.ok(health.lastActivity >= before);

      const refuse = (request, response) => response.writeHead(503).end();
      server.responses.push(...Array(1000).fill(refuse));
      (await server.nextSocket()).drop();
      await server.nextCall();
      do health = await check(port);
      while (health.status === 200);
      assert.equal(health.status, 503);
      assert.ok(Date.now() - health.awaySince >= 300);
      assert.notEqual(health.state, 'connected');

      server.responses.length = 0;
      assert.equal(await child.report(), 'ready');
      assert.equal((await check(port)).status, 200);
    },
  );
});
