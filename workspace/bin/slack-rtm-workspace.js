#!/usr/bin/env node
// The command `slack-rtm-workspace`.
'use strict';

const { spawn } = require('node:child_process');
const { readFileSync, statSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { Workspace } = require('..');
const { readSeed, SeedError } = require('../lib/seed');
const { DataFileError } = require('../lib/store');
const { decodeObject } = require('../lib/json');
const { version } = require('../package.json');

const HELP = `Usage: slack-rtm-workspace [options]

Runs a local Slack workspace to develop and test RTM bots against. Ctrl-C ends it.

  --port PORT    the port to listen on; default 4390; 0 uses any free port
  --host HOST    the address to listen on; default 127.0.0.1; anyone who can reach it controls the workspace
  --data FILE    keep users, tokens, channels and messages in FILE; without it they are lost when the command ends
  --seed FILE    create the users, bots and channels of FILE: JSON in the form of the options of Workspace.start()
  --replay FILE  send recorded frames (one JSON object per line) to the first bot that connects, at their recorded pace
  --open         open the page in a browser
  --help         print this help
  --version      print the version
`;

/** The arguments are wrong: exit code 2. */
class UsageError extends Error {}

/** The arguments are right, but a port, an address or a file cannot be used: exit code 1. */
class StartError extends Error {}

main().catch((error) => {
  const isUsage = error instanceof UsageError || error instanceof SeedError;
  if (!isUsage && !(error instanceof StartError || error instanceof DataFileError)) throw error;
  console.error(`slack-rtm-workspace: ${error.message.replace(/\s+/g, ' ')}`);
  process.exitCode = isUsage ? 2 : 1;
});

async function main() {
  const options = readArguments(process.argv.slice(2));
  // The reader of the output may go away (`| head`). The workspace goes on.
  process.stdout.on('error', () => {});
  if (options.help || options.version) {
    process.stdout.write(options.help ? HELP : `${version}\n`);
    return;
  }
  const seed = options.seed === undefined ? {} : readSeed(options.seed);
  const frames = options.replay === undefined ? undefined : readFrames(options.replay);
  const isSeedIgnored = options.seed !== undefined && options.data !== undefined && hasContent(options.data);
  const slack = await start(seed, options);
  closeOnSignal(slack);
  if (isSeedIgnored) console.log(`${options.data} contains a workspace already; ${options.seed} is ignored.`);
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
    throw new UsageError(`${first}; see --help`);
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
      throw new StartError(`port ${port} is in use; choose another with --port, or any free one with --port 0`);
    if (code === 'EACCES') throw new StartError(`port ${port} needs more privileges; choose another with --port`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      throw new StartError(`cannot listen on ${host}: not an address of this machine`);
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

Connect a bot:

  new RTMClient('${token}', { slackApiUrl: '${apiUrl}' })
`;
}

/** @param {Workspace} slack */
function closeOnSignal(slack) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // `once`: a second signal ends the process at once.
    process.once(signal, () => void slack.close().then(() => process.exit(0)));
  }
}

/**
 * @param {string} file
 * @returns {string[]} the lines that are not empty
 */
function readFrames(file) {
  let lines;
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new StartError(`${file} ${code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`}`);
  }
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || decodeObject(line)) continue;
    throw new StartError(`${file}, line ${index + 1}: not a JSON object`);
  }
  const frames = lines.filter((line) => line.trim() !== '');
  if (frames.length === 0) throw new StartError(`${file} contains no frames`);
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
  console.log(
    sent === frames.length ? 'Replayed all frames.' : `Replayed ${sent} frames, until the last connection ended.`,
  );
}

/** @param {string} file */
function hasContent(file) {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** @param {string} url an http URL without quotes and spaces: it becomes part of a command line on Windows */
function openInBrowser(url) {
  const [command, ...args] = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
  }[/** @type {string} */ (process.platform)] ?? ['xdg-open', url];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => console.log(`Cannot open a browser: ${command} is not installed.`)).unref();
}
