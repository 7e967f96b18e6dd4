// Shared by the tests of the page: a browser, an open page, a bot.
'use strict';

const assert = require('node:assert');
const { after } = require('node:test');
const { chromium } = require('playwright-core');
const { RTMClient } = require('slack-rtm-api-7.0.1');
const { Workspace } = require('..');
const { executablePath, skip } = require('./chromium');

/** ms */
const timeout = 60_000;
const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel() {
    return 'error';
  },
  setName() {},
};

/** @type {Promise<import('playwright-core').Browser> | undefined} one for all tests of a file */
let launched;
after(async () => (await launched)?.close());

/** A headless browser. */
function browser() {
  launched ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--headless', '--disable-dev-shm-usage'] });
  return launched;
}

/** @type {WeakMap<import('node:test').TestContext, (() => unknown)[]>} */
const endings = new WeakMap();

/**
 * Calls a function after a test. The last one that was added is called first: a bot disconnects before its workspace
 * closes.
 *
 * @param {import('node:test').TestContext} t
 * @param {() => unknown} end
 */
function atEnd(t, end) {
  const present = endings.get(t);
  if (present) {
    present.push(end);
    return;
  }
  const all = [end];
  endings.set(t, all);
  t.after(async () => {
    for (const one of all.reverse()) await one();
  });
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('..').StartOptions} [options]
 */
async function startWorkspace(t, options) {
  const slack = await Workspace.start(options);
  atEnd(t, () => slack.close());
  return slack;
}

const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 375, height: 740 } };

/**
 * Opens the page of a workspace, and waits until it is connected. The test fails if the page logs an error or throws,
 * unless the error matches `expected`.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('..').Workspace} slack
 * @param {import('playwright-core').BrowserContextOptions & { size?: keyof typeof SIZES, expected?: RegExp }} [options]
 */
async function openPage(t, slack, { size = 'desktop', expected = /WebSocket connection to/, ...options } = {}) {
  const context = await (await browser()).newContext({ viewport: SIZES[size], ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error.stack)));
  page.on('console', (message) => {
    // The browser logs the error of a lost socket.
    if (message.type() === 'error' && !expected.test(message.text())) problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    problems.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  atEnd(t, async () => {
    await context.close();
    assert.deepStrictEqual(problems, []);
  });
  await page.goto(new URL('/', slack.apiUrl).href);
  await page.locator('#status[data-state=live]').waitFor();
  return page;
}

/** Waits until a message with this text is shown, and returns its row. */
async function shown(page, text, log = '#log') {
  const row = page.locator(`${log} .message`, { hasText: text }).last();
  await row.waitFor();
  return row;
}

/** A bot with `@slack/rtm-api` that answers `ping`. */
async function startBot(t, slack) {
  const rtm = new RTMClient(slack.token, { slackApiUrl: slack.apiUrl, logger: silent });
  atEnd(t, () => rtm.disconnect());
  rtm.on('message', async (event) => {
    if (!/ping/.test(event.text ?? '')) return;
    await rtm.sendTyping(event.channel);
    await rtm.sendMessage(`pong, <@${event.user}>`, event.channel);
  });
  await rtm.start();
  return rtm;
}

/** Presses the button of a fault, and returns the text that the page shows. */
async function fault(page, name, choice) {
  const button = page.locator(`[data-fault=${name}]`);
  if (choice !== undefined) await button.locator('xpath=../select').selectOption(choice);
  await page.locator('#fault-result').evaluate((line) => {
    line.textContent = '';
  });
  await button.click();
  await page.waitForFunction(() => document.querySelector('#fault-result').textContent !== '');
  return page.locator('#fault-result').textContent();
}

module.exports = { skip, timeout, atEnd, startWorkspace, startBot, openPage, shown, fault };
