// Many workspaces in one process, and one table of their health. A client costs some kilobytes and no thread, so a few
// thousand fit; what to do when one process is not enough is in fleet/.
//
// WORKSPACES names a file: [{ "name": "acme", "token": "xoxb-…" }, …]. SIGUSR2 prints the table.
//
//   npm run example -- many-workspaces
'use strict';

const { readFileSync } = require('node:fs');
const { RTMClient } = require('slack-rtm-native');

/** A workspace that is away for longer is worth a look. */
const LIMIT = 60_000;

const workspaces = JSON.parse(readFileSync(process.env.WORKSPACES ?? 'workspaces.json', 'utf8')).map(connect);

function connect({ name, token, slackApiUrl }) {
  // Without a limit to the retries, a workspace that is not reachable at the start is connected when it is.
  const rtm = new RTMClient(token, {
    slackApiUrl,
    logLevel: 'error',
    retryConfig: { forever: true, maxTimeout: 60_000 },
  });
  const workspace = { name, rtm, awaySince: Date.now(), messages: 0, losses: 0, problem: '' };

  rtm.on('ready', () => Object.assign(workspace, { awaySince: undefined, problem: '' }));
  rtm.on('reconnecting', () => {
    if (workspace.awaySince !== undefined) return; // after each failed attempt, too
    workspace.losses += 1;
    workspace.awaySince = Date.now();
    console.log(`${name}: connection lost, the client reconnects`);
  });
  rtm.on('unable_to_rtm_start', (error) => {
    const problem = error.data?.error ?? error.code;
    if (problem !== workspace.problem) console.log(`${name}: cannot connect: ${problem}`); // once, not at each attempt
    workspace.problem = problem;
  });
  rtm.on('disconnected', (error) => {
    workspace.awaySince ??= Date.now();
    if (error) console.error(`${name}: stopped: ${error.message}`); // the others go on
  });
  rtm.on('message', (event) => answer(workspace, event));
  rtm.start().catch(() => {}); // `disconnected` tells why
  return workspace;
}

async function answer(workspace, { text, channel, user }) {
  workspace.messages += 1;
  if (user === workspace.rtm.activeUserId || text !== 'ping') return;
  try {
    await workspace.rtm.sendMessage(`pong from ${workspace.name}`, channel);
  } catch (error) {
    console.error(`${workspace.name}: could not answer: ${error.message}`);
  }
}

/** One line a workspace; what is unwell stands first. */
function table() {
  const rows = workspaces.map(({ name, rtm, awaySince, messages, losses, problem }) => {
    const away = awaySince === undefined ? 0 : Date.now() - awaySince;
    const health = away === 0 ? 'well' : away < LIMIT ? 'away' : 'unwell';
    return { name, health, state: rtm.state, messages, losses, problem };
  });
  rows.sort((one, other) => Number(one.health === 'well') - Number(other.health === 'well'));
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
const ticking = setInterval(() => console.log(table()), LIMIT);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    clearInterval(ticking);
    await Promise.all(workspaces.map(({ rtm }) => rtm.disconnect()));
    console.log(`all ${workspaces.length} workspaces are disconnected`);
  });
}
