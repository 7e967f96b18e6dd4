// A client with given options, for the tests of what each option does.
'use strict';

const { clientOf, next, record } = require('./client.js');
const { scriptedServer } = require('./scripted-server.js');

/** A client with its own server, and a record of its lifecycle events. */
async function clientWith(t, options, server = undefined) {
  const to = server ?? (await scriptedServer(t));
  const rtm = clientOf(t, to, options);
  return { server: to, rtm, recorded: record(rtm) };
}

/** Starts the client and waits for this event. */
async function start(rtm, name = 'connected') {
  const reached = next(rtm, name);
  const data = await rtm.start();
  await reached;
  return data;
}

/** How long an async function takes, in ms. */
async function took(run) {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

module.exports = { clientWith, start, took };
