// Runs the bot in a worker thread that is terminated while connected, and then in the main thread.
'use strict';

const path = require('node:path');
const { Worker } = require('node:worker_threads');

const worker = new Worker(path.join(__dirname, 'bot.cjs'));
worker.on('error', ({ message }) => console.log(message));
worker.on('message', (line) => {
  console.log(`worker: ${line}`);
  if (line === 'ready') worker.terminate();
});
worker.on('exit', () => require('./bot.cjs'));
