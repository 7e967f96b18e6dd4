#!/usr/bin/env node
// Owns the command: its arguments, what it prints, how it ends. The workspace itself is lib/workspace.js.
'use strict';

const { spawn } = require('node:child_process');
const { readFileSync, statSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { Workspace } = require('..');
const { readSeed, SeedError } = require('../lib/seed');
const { DataFileError } = require('../lib/store');
const { decodeObject } = require('../lib/wire');
const { version } = require('../package.json');

const HELP = `Usage: slack-rtm-workspace [options]

A small Slack on this machine, to run and test RTM bots against. It goes on until Ctrl-C.

  --port PORT    where to listen; default 4390, 0 for any free port
  --host HOST    the address to listen on; default 127.0.0.1. Whoever reaches another one can do anything here
  --data FILE    keep users, tokens, channels and messages in FILE; default: they end with the command
  --seed FILE    who and what is there at first: JSON in the form of the options of Workspace.start()
  --replay FILE  send the frames of FILE (one JSON object a line) at their recorded pace to the first bot that connects
  --open         open the page in a browser
  --help         print this
  --version      print the version
`;

/** The command was called in a way that it cannot work. */
class UsageError extends Error {}

/** The command was called well, but something it was told to use cannot be used. */
class Refusal extends Error {}

main().catch((error) => {
  const isUsage = error instanceof UsageError || error instanceof SeedError;
  if (!isUsage && !(error instanceof Refusal || error instanceof DataFileError)) throw error;
  console.error(`slack-rtm-workspace: ${error.message.replace(/\s+/g, ' ')}`);
  process.exitCode = isUsage ? 2 : 1;
});

async function main() {
  const options = readArguments(process.argv.slice(2));
  // A reader that went away (`| head`) is no reason to end.
  process.stdout.on('error', () => {});
  if (options.help || options.version) {
    process.stdout.write(options.help ? HELP : `${version}\n`);
    return;
  }
  const seed = options.seed === undefined ? {} : readSeed(options.seed);
  const frames = options.replay === undefined ? undefined : readFrames(options.replay);
  const isSeedIgnored = options.seed !== undefined && options.data !== undefined && isFilled(options.data);
  const slack = await start(seed, options);
  endBySignal(slack);
  if (isSeedIgnored) console.log(`${options.data} holds a workspace, so ${options.seed} is not used.`);
  console.log(describe(slack));
  if (options.open) openInBrowser(slack.pageUrl);
  if (frames) slack.events.once('connection', ({ bot }) => void replay(slack, frames, bot));
}

/** @param {string[]} args */
function readArguments(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: '4390' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string' },
        seed: { type: 'string' },
        replay: { type: 'string' },
        open: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }));
  } catch (error) {
    const [first] = /** @type {Error} */ (error).message.split(/\.\s/);
    throw new UsageError(`${first}; --help tells what there is`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new UsageError(`--${name} needs a value`);
  }
  const { port: given = '', ...rest } = values;
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65_535)
    throw new UsageError(`--port must be a number from 0 to 65535, not ${given}`);
  return { ...rest, port };
}

/**
 * @param {import('..').StartOptions} seed
 * @param {ReturnType<typeof readArguments>} options
 */
async function start(seed, { port, host, data, seed: seedFile }) {
  try {
    return await Workspace.start({ ...seed, port, host, data });
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EADDRINUSE')
      throw new Refusal(`port ${port} is taken; choose another with --port, or 0 for any free one`);
    if (code === 'EACCES') throw new Refusal(`port ${port} may not be used by this user; choose another with --port`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new Refusal(`${host} is no address of this machine`);
    }
    if (seedFile !== undefined && !(error instanceof DataFileError)) throw new SeedError(`${seedFile}: ${message}`);
    throw error;
  }
}

/** @param {Workspace} slack */
function describe({ apiUrl, pageUrl, token, team }) {
  return `
${team.name} runs here until Ctrl-C.

  API URL  ${apiUrl}
  Token    ${token}
  Page     ${pageUrl}

For a bot:

  new RTMClient('${token}', { slackApiUrl: '${apiUrl}' })
`;
}

/** @param {Workspace} slack */
function endBySignal(slack) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // A second one ends the process at once.
    process.once(signal, () => void slack.close().then(() => process.exit(0)));
  }
}

/**
 * @param {string} file
 * @returns {string[]} the lines that hold a frame
 */
function readFrames(file) {
  let lines;
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new Refusal(`${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`}`);
  }
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || decodeObject(line)) continue;
    throw new Refusal(`${file}, line ${index + 1}: not a JSON object`);
  }
  const frames = lines.filter((line) => line.trim() !== '');
  if (frames.length === 0) throw new Refusal(`${file} holds no frame`);
  return frames;
}

/**
 * @param {Workspace} slack
 * @param {string[]} frames
 * @param {import('..').Bot} bot
 */
async function replay(slack, frames, bot) {
  console.log(`Replaying ${frames.length} frames …`);
  const sent = await slack.replay(frames, { speed: 1, to: bot });
  console.log(sent === frames.length ? 'Replayed all of them.' : `Replayed ${sent}; then the last connection ended.`);
}

/** @param {string} file */
function isFilled(file) {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** @param {string} url of http, without quotes or blanks */
function openInBrowser(url) {
  const [command, ...args] = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
  }[/** @type {string} */ (process.platform)] ?? ['xdg-open', url];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => console.log(`No browser could be opened: ${command} is missing.`)).unref();
}
