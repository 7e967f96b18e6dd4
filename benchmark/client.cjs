// One run of one client, a process of its own: loads the client's package, does one task with it (tasks.cjs), tells its
// parent what that cost, and ends there and then.
'use strict';

const before = process.hrtime.bigint();
const { package: path, task, options, server } = JSON.parse(process.argv[2]);
const { RTMClient } = require(path);
const requireTime = Number(process.hrtime.bigint() - before) / 1e6;

const { tasks } = require('./tasks.cjs');

/** A client of the server, by this scheme of sockets. */
function makeClient(scheme = 'wss') {
  return new RTMClient('xoxb-benchmark', {
    slackApiUrl: `http://127.0.0.1:${server.port}/${scheme}/`,
    logLevel: 'error',
    ...(scheme === 'wss' && { tls: { ca: server.ca } }),
  });
}

tasks[task](makeClient, { ...options, requireTime }).then((result) =>
  process.send([result].flat(), () => process.exit()),
);
