// `npm run demo`: runs a bot against a local workspace, which has a page to talk to the bot. It runs until Ctrl-C. With
// --once it ends after a short tour. If SLACK_BOT_TOKEN is set, the same bot runs against Slack.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setInterval as every } from 'node:timers/promises';
import util from 'node:util';
import { setup } from './setup.mjs';
import { link } from './examples/prepare.mjs';

setup();
link();

const require = createRequire(import.meta.url);
const { events } = await import('../benchmark/frames.mjs');
const { RTMClient } = require('..');
const { echoBot } = require('../examples/echo-bot.js');

/** The number of events that the server sends to show the speed. */
const EVENT_COUNT = 20_000;
const started = performance.now();

if (process.env.SLACK_BOT_TOKEN) await againstSlack(process.env.SLACK_BOT_TOKEN);
else await againstWorkspace(process.argv.includes('--once'));

async function againstSlack(token) {
  console.log('SLACK_BOT_TOKEN is set, so the bot runs against Slack. Write to it. "goodbye" or Ctrl-C ends it.\n');
  const rtm = bot(token);
  process.once('SIGINT', () => rtm.disconnect());
  await rtm.start().catch(() => {
    process.exitCode = 1;
  });
}

async function againstWorkspace(once) {
  const { Workspace } = require('slack-rtm-workspace');
  const slack = await Workspace.start();
  console.log(`A workspace runs at ${slack.apiUrl}, and a bot connects to it.`);
  console.log(`Its page: ${slack.pageUrl}\n`);
  const rtm = bot(slack.token, { slackApiUrl: slack.apiUrl });
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;

  const responseTimes = [
    await talk(slack, 'ann', 'hello, bot!'),
    await talk(slack, 'bob', 'Umlaute: äöü, and 🎉?'),
    await talk(slack, 'carol', 'and </> & "quotes"?'),
  ];
  const readyAgain = next(rtm, 'ready');
  line('server', 'red', 'drops the connection');
  slack.faults.drop();
  await readyAgain;
  responseTimes.push(await talk(slack, 'ann', 'still there?'));
  summarize(await stream(slack, rtm), responseTimes);

  if (!once) await converse(slack);
  await rtm.disconnect();
  await slack.close();
}

/** An echo bot that prints its lifecycle events. */
function bot(token, options) {
  const rtm = new RTMClient(token, { logLevel: 'error', ...options });
  const lifecycle = {
    connecting: () => 'calls rtm.connect',
    authenticated: ({ self, team }) => `as ${self.name} (${self.id}) of ${team.name}`,
    connected: () => 'the server sent hello',
    ready: () => 'the bot can send messages',
    reconnecting: () => 'the connection was lost; the bot opens a new one',
    unable_to_rtm_start: (error) => error.message,
    error: (error) => error.message,
    disconnecting: () => 'closes the connection',
    disconnected: (error) => error?.message ?? 'by disconnect()',
  };
  for (const [event, describe] of Object.entries(lifecycle)) {
    rtm.on(event, (arg) => line('bot', 'cyan', `${event.padEnd(13)} ${describe(arg)}`));
  }
  echoBot(rtm);
  return rtm;
}

/** Sends a message as a user and waits for the bot's answer. Returns the milliseconds in between. */
async function talk(slack, user, text) {
  line(user, 'yellow', text);
  const before = performance.now();
  slack.user(user).say('#general', text);
  const answer = await slack.nextMessage({ from: slack.bot, in: '#general' });
  const milliseconds = performance.now() - before;
  line('bot', 'green', answer.text);
  return milliseconds;
}

/** Sends many events of all types at once. Returns how many of each type the bot received, and the milliseconds it took. */
async function stream(slack, rtm) {
  // The messages are from the bot itself, so that it does not answer them.
  const frames = events(EVENT_COUNT).map((event) =>
    event.type === 'message' ? { ...event, user: slack.bot.id } : event,
  );
  line('server', 'red', `sends ${frames.length} events of all types`);
  const counts = new Map();
  let received = 0;
  const before = performance.now();
  const done = new Promise((resolve) => {
    rtm.on('slack_event', function count(type, { subtype }) {
      if (type === undefined) return; // a reply to a message that the bot sent
      const name = subtype === undefined ? type : `${type}::${subtype}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      received += 1;
      if (received === frames.length) resolve(rtm.off('slack_event', count));
    });
  });
  await slack.replay(frames);
  await done;
  return { counts, ms: performance.now() - before };
}

function summarize({ counts, ms }, responseTimes) {
  console.log('\nThe bot received:');
  for (const [name, count] of [...counts].sort(([, one], [, other]) => other - one)) {
    console.log(`${String(count).padStart(8)}  ${name}`);
  }
  const rate = Math.round(EVENT_COUNT / ms) * 1000;
  console.log(
    `${String(EVENT_COUNT).padStart(8)}  in ${ms.toFixed(0)} ms: ${rate} events/s, server and bot in one process`,
  );
  console.log(
    `\nFrom a user's message to the bot's answer: ${responseTimes.map((time) => time.toFixed(1)).join(', ')} ms\n`,
  );
}

/** Runs until Ctrl-C. Lines from the terminal are messages from ann; bob tells the time every ten seconds. */
async function converse(slack) {
  console.log(
    `Type a message from ann, or open ${slack.pageUrl} to write as any user and to cause faults. Ctrl-C ends.\n`,
  );
  const end = new AbortController();
  process.once('SIGINT', () => end.abort());
  slack.events.on('message', (message, { via }) => {
    if (message.user === slack.bot.id) line('bot', 'green', message.text);
    else if (via === 'page') line(nameOf(slack, message.user), 'yellow', message.text);
  });
  const input = createInterface({ input: process.stdin });
  input.on('line', (text) => {
    if (text.trim() !== '') slack.user('ann').say('#general', text);
  });
  try {
    for await (const _ of every(10_000, undefined, { signal: end.signal })) {
      const text = `it is ${new Date().toLocaleTimeString()}`;
      line('bob', 'yellow', text);
      slack.user('bob').say('#general', text);
    }
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  } finally {
    input.close();
  }
}

function nameOf(slack, id) {
  return slack.users.find((user) => user.id === id).name;
}

/** Prints the time, the source of the line, and the text. */
function line(who, colour, text) {
  const seconds = ((performance.now() - started) / 1000).toFixed(3).padStart(8);
  const name = who.padEnd(7);
  console.log(`${seconds}  ${process.stdout.isTTY && util.styleText ? util.styleText(colour, name) : name} ${text}`);
}

function next(rtm, event) {
  return new Promise((resolve) => rtm.once(event, resolve));
}
