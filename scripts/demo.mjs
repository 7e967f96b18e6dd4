// `npm run demo`: a bot and a workspace for it on localhost, in one process, with a page to talk to the bot on. Goes on
// until Ctrl-C; with --once it ends by itself. With SLACK_BOT_TOKEN set, the same bot runs against Slack.

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

const STREAM = 20_000;
const started = performance.now();

if (process.env.SLACK_BOT_TOKEN) await againstSlack(process.env.SLACK_BOT_TOKEN);
else await againstWorkspace(process.argv.includes('--once'));

async function againstSlack(token) {
  console.log('SLACK_BOT_TOKEN is set, so the bot runs against Slack. Write to it; "goodbye" or Ctrl-C ends it.\n');
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

  const took = [
    await talk(slack, 'ann', 'hello, bot!'),
    await talk(slack, 'bob', 'Umlaute: äöü, and 🎉?'),
    await talk(slack, 'carol', 'and </> & "quotes"?'),
  ];
  const back = next(rtm, 'ready');
  line('server', 'red', 'drops the connection');
  slack.faults.drop();
  await back;
  took.push(await talk(slack, 'ann', 'still there?'));
  summarize(await stream(slack, rtm), took);

  if (!once) await converse(slack);
  await rtm.disconnect();
  await slack.close();
}

/** An echo bot whose life is shown. */
function bot(token, options) {
  const rtm = new RTMClient(token, { logLevel: 'error', ...options });
  const life = {
    connecting: () => 'calls rtm.connect',
    authenticated: ({ self, team }) => `as ${self.name} (${self.id}) of ${team.name}`,
    connected: () => 'the server said hello',
    ready: () => 'messages may go out',
    reconnecting: () => 'the connection was lost; a new one follows',
    unable_to_rtm_start: (error) => error.message,
    error: (error) => error.message,
    disconnecting: () => 'says goodbye to the server',
    disconnected: (error) => error?.message ?? 'as asked for',
  };
  for (const [event, tell] of Object.entries(life)) {
    rtm.on(event, (arg) => line('bot', 'cyan', `${event.padEnd(13)} ${tell(arg)}`));
  }
  echoBot(rtm);
  return rtm;
}

/** A user says something; the bot answers. Gives the ms in between. */
async function talk(slack, user, text) {
  line(user, 'yellow', text);
  const before = performance.now();
  slack.user(user).say('#general', text);
  const answer = await slack.nextMessage({ from: slack.bot, in: '#general' });
  const took = performance.now() - before;
  line('bot', 'green', answer.text);
  return took;
}

/** Sends a mixed stream as fast as it goes; gives what the bot heard, by type, and the time it took. */
async function stream(slack, rtm) {
  // The messages in it are the bot's own, so that it does not answer them all.
  const frames = events(STREAM).map((event) => (event.type === 'message' ? { ...event, user: slack.bot.id } : event));
  line('server', 'red', `sends ${frames.length} events of all kinds`);
  const counts = new Map();
  let heard = 0;
  const before = performance.now();
  const done = new Promise((resolve) => {
    rtm.on('slack_event', function count(type, { subtype }) {
      if (type === undefined) return; // a reply to a message of the bot's
      const name = subtype === undefined ? type : `${type}::${subtype}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      heard += 1;
      if (heard === frames.length) resolve(rtm.off('slack_event', count));
    });
  });
  await slack.replay(frames);
  await done;
  return { counts, ms: performance.now() - before };
}

function summarize({ counts, ms }, took) {
  console.log('\nWhat the bot heard:');
  for (const [name, count] of [...counts].sort(([, one], [, other]) => other - one)) {
    console.log(`${String(count).padStart(8)}  ${name}`);
  }
  const rate = Math.round(STREAM / ms) * 1000;
  console.log(`${String(STREAM).padStart(8)}  in ${ms.toFixed(0)} ms: ${rate} events/s, server and bot in one process`);
  console.log(`\nFrom a user's message to the bot's answer: ${took.map((time) => time.toFixed(1)).join(', ')} ms\n`);
}

/** Goes on until Ctrl-C: bob greets now and then, whoever sits at the terminal speaks as ann, and on the page as anybody. */
async function converse(slack) {
  console.log(`Type something to say it as ann, or open ${slack.pageUrl} to talk and to break things; Ctrl-C ends.\n`);
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

/** A line with its time, who it is from, and what happened. */
function line(who, colour, text) {
  const seconds = ((performance.now() - started) / 1000).toFixed(3).padStart(8);
  const name = who.padEnd(7);
  console.log(`${seconds}  ${process.stdout.isTTY && util.styleText ? util.styleText(colour, name) : name} ${text}`);
}

function next(rtm, event) {
  return new Promise((resolve) => rtm.once(event, resolve));
}
