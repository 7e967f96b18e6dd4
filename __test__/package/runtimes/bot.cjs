// The bot that runtimes.test.js runs on each runtime. It executes commands from messages, prints a line for each event, and
// exits when its client disconnects. AGENT=1: an agent makes its connections.
'use strict';

const http = require('node:http');
const net = require('node:net');
const { parentPort } = require('node:worker_threads');
const { RTMClient } = require('slack-rtm-native');

class OwnConnections extends http.Agent {
  createConnection(options) {
    print('connection');
    return net.connect(options);
  }
}

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, {
  slackApiUrl: process.env.API_URL,
  logLevel: 'warn',
  ...(process.env.AGENT === '1' && { agent: new OwnConnections() }),
});

const COMMANDS = {
  type: ({ channel }) => rtm.sendTyping(channel),
  throw: () => {
    throw new Error('of a listener');
  },
  disconnect: () => rtm.disconnect(),
  exit: () => process.exit(3),
};

function print(line) {
  if (parentPort) parentPort.postMessage(line);
  else console.log(line);
}

for (const state of ['ready', 'reconnecting', 'disconnected']) rtm.on(state, () => print(state));
process.on('uncaughtException', ({ message }) => print(message));

rtm.on('message', (event) => COMMANDS[event.text]?.(event));
rtm.on('message', async ({ text, user, channel }) => {
  if (user === rtm.activeUserId || text in COMMANDS) return;
  const reply = await rtm.sendMessage(`${text}, <@${user}>`, channel);
  print(`reply ${reply.ok}`);
});

rtm.start();
