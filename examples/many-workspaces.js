// Many workspaces in one process, and a table of their health. A client needs some kilobytes and no extra thread, so one
// process can hold thousands. If one process is not enough, see fleet/.
//
// WORKSPACES is the path of a file: [{ "name": "acme", "token": "xoxb-…" }, …]. SIGUSR2 prints the table.
//
//   npm run example -- many-workspaces
'use strict';

const { readFileSync } = require('node:fs');
const { RTMClient } = require('slack-rtm-native');

/** A workspace without a connection for longer than this, in ms, is `down`: a person should look at it. */
const AWAY_LIMIT_MS = 60_000;

const workspaces = JSON.parse(readFileSync(process.env.WORKSPACES ?? 'workspaces.json', 'utf8')).map(connect);

function connect({ name, token, slackApiUrl }) {
  // Unlimited retries: a workspace that is unreachable at startup is connected later.
  const rtm = new RTMClient(token, {
    slackApiUrl,
    logLevel: 'error',
    retryConfig: { forever: true, maxTimeout: 60_000 },
  });
  const workspace = { name, rtm, awaySince: Date.now(), messages: 0, losses: 0, problem: '' };

  rtm.on('ready', () => Object.assign(workspace, { awaySince: undefined, problem: '' }));
  rtm.on('reconnecting', () => {
    if (workspace.awaySince !== undefined) return; // `reconnecting` is also emitted after each failed attempt
    workspace.losses += 1;
    workspace.awaySince = Date.now();
    console.log(`${name}: connection lost, reconnecting`);
  });
  rtm.on('unable_to_rtm_start', (error) => {
    const problem = error.data?.error ?? error.code;
    if (problem !== workspace.problem) console.log(`${name}: cannot connect: ${problem}`); // log it once, not at each attempt
    workspace.problem = problem;
  });
  rtm.on('disconnected', (error) => {
    workspace.awaySince ??= Date.now();
    if (error) console.error(`${name}: stopped: ${error.message}`); // the other workspaces are not affected
  });
  rtm.on('message', (event) => reply(workspace, event));
  rtm.start().catch(() => {}); // the `disconnected` listener reports the error
  return workspace;
}

async function reply(workspace, { text, channel, user }) {
  workspace.messages += 1;
  if (user === workspace.rtm.activeUserId || text !== 'ping') return;
  try {
    await workspace.rtm.sendMessage(`pong from ${workspace.name}`, channel);
  } catch (error) {
    console.error(`${workspace.name}: could not reply: ${error.message}`);
  }
}

/** A table with one line per workspace. Workspaces with a problem come first. */
function table() {
  const rows = workspaces.map(({ name, rtm, awaySince, messages, losses, problem }) => {
    const away = awaySince === undefined ? 0 : Date.now() - awaySince;
    const health = away === 0 ? 'ok' : away < AWAY_LIMIT_MS ? 'away' : 'down';
    return { name, health, state: rtm.state, messages, losses, problem };
  });
  rows.sort((one, other) => Number(one.health === 'ok') - Number(other.health === 'ok'));
  const columns = Object.keys(rows[0] ?? {});
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column]).length)));
  const line = (cells) =>
    cells
      .map((cell, index) => String(cell).padEnd(widths[index]))
      .join('  ')
      .trimEnd();
  return [line(columns), ...rows.map((row) => line(columns.map((column) => row[column])))].join('\n');
}

const ready = workspaces.map(({ rtm }) => new Promise((resolve) => rtm.once('ready', resolve)));
Promise.all(ready).then(() => console.log(`all ${workspaces.length} workspaces are connected`));
process.on('SIGUSR2', () => console.log(table()));
const ticking = setInterval(() => console.log(table()), AWAY_LIMIT_MS);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    clearInterval(ticking);
    await Promise.all(workspaces.map(({ rtm }) => rtm.disconnect()));
    console.log(`all ${workspaces.length} workspaces are disconnected`);
  });
}
