// `npm run screenshot`: takes docs/page.png and docs/page-dark.png, the README's pictures of the page. Needs chromium, and the
// fonts Inter, JetBrains Mono and Noto Color Emoji for the page's usual look (Debian: fonts-inter, fonts-jetbrains-mono,
// fonts-noto-color-emoji).

import { createRequire } from 'node:module';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { RTMClient } = require('slack-rtm-api-7.0.1');
const { chromium } = require('playwright-core');
const { Workspace } = require('..');
const { executablePath } = require('../test/chromium.js');

const MAX_BYTES = 200_000;

const slack = await Workspace.start({
  team: { name: 'Acme' },
  users: ['ann', { name: 'bob', presence: 'away' }, 'carol'],
  bots: ['deploybot'],
  channels: ['general', 'deploys', { name: 'incidents', isPrivate: true }, 'random'],
});
const rtm = new RTMClient(slack.token, { slackApiUrl: slack.apiUrl, logLevel: 'error' });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--headless'] });

/** Opens the page and waits until it shows #deploys. */
async function open(colorScheme) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 800 }, colorScheme });
  await context.addInitScript(() => localStorage.setItem('selection', '{"actor":"ann","channel":"deploys"}'));
  const page = await context.newPage();
  await page.goto(new URL('/', slack.apiUrl).href);
  await page.locator('#channel-name', { hasText: '#deploys' }).waitFor();
  return page;
}

const pages = { 'page.png': await open('light'), 'page-dark.png': await open('dark') };
const page = pages['page.png'];
rtm.on('message', ({ text = '', user, channel }) => {
  if (text.includes('deploy'))
    void rtm.sendMessage(
      `On it, <@${user}>. \`api\` goes to *production*: <https://ci.example/builds/412|build 412> :rocket:`,
      channel,
    );
  if (text.includes('there')) void rtm.sendMessage('Yes. I lost the connection for a moment and reconnected.', channel);
});
await rtm.start();

const [bot, ann, bob, carol] = [slack.bot, slack.user('ann'), slack.user('bob'), slack.user('carol')];
const plan = bob.say('#deploys', 'Version 3.2 is ready. Shall we ship it before lunch?');
carol.react(plan, '+1');
ann.react(plan, '+1');
carol.react(plan, 'ship');
carol.reply(plan, 'Before lunch, please.');
bob.reply(plan, 'Then now.');
ann.say('#deploys', `<@${bot.id}> deploy api`);
const answer = await slack.nextMessage({ from: bot });
carol.react(answer, 'tada');
const closed = slack.connections[0].closed;
const back = new Promise((resolve) => rtm.once('ready', resolve));
await page.locator('[data-fault=drop]').click();
await closed;
await back;
await page.locator('#write').fill(`@${bot.name} still there?`);
await page.locator('#write').press('Enter');
await slack.nextMessage({ from: bot });
bob.say('#random', `<@${ann.id}> lunch?`);
carol.typing('#deploys');

for (const [name, one] of Object.entries(pages)) {
  await one.locator('#log .message', { hasText: 'and reconnected' }).waitFor();
  await one.locator('#typing', { hasText: 'carol is typing' }).waitFor();
  await one.locator('#channels .badge').waitFor();
  await one.locator('#wire-log .entry.out', { hasText: 'reply' }).last().waitFor();
  await one.locator('#wire-log').evaluate((log) => {
    log.scrollTop = log.scrollHeight;
  });
  await one.evaluate(() => document.activeElement.blur());
  const file = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  await one.screenshot({ path: file });
  const { size } = statSync(file);
  console.log(`docs/${name}: ${size} bytes`);
  if (size >= MAX_BYTES) throw new Error(`${name} has ${size} bytes, the limit is ${MAX_BYTES}`);
}

await browser.close();
await rtm.disconnect();
await slack.close();
