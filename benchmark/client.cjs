// One run of one package, in a process of its own: loads the package, runs one task (tasks.cjs), sends the figures to the parent
// process and exits.
'use strict';

const before = process.hrtime.bigint();
const { package: path, task, options, server } = JSON.parse(process.argv[2]);
const { RTMClient } = require(path);
const requireTime = Number(process.hrtime.bigint() - before) / 1e6;

const { tasks } = require('./tasks.cjs');

/** Creates a client of the server. `scheme` is that of the socket's URL. */
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
