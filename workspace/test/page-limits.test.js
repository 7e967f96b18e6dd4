// The page in a browser with HTML in texts, with too many messages, and without a workspace.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { Workspace } = require('..');
const { skip, timeout, atEnd, startWorkspace, openPage, shown, fault } = require('./page-support');
const { call, Client } = require('./support');

const nodesOf = (page, selector) => page.evaluate((one) => document.querySelectorAll(one).length, selector);

const MARKUP = [
  '<img src=x onerror="alert(1)">',
  '<script>alert(1)</script>',
  '<svg/onload=alert(1)>',
  '"><b id=injected>x</b>',
  '<javascript:alert(1)|click>',
  '<data:text/html,<script>alert(1)</script>|x>',
  '<JaVaScRiPt:alert(1)>',
  '<vbscript:x|y>',
  '<@U1|<img src=x onerror=alert(1)>>',
  '<!here|<img src=x onerror=alert(1)>>',
  '`<img src=x onerror=alert(1)>`',
  '```<iframe srcdoc="<script>alert(1)</script>"></iframe>```',
  '*<u>bold</u>*',
  '&lt;img src=x onerror=alert(1)&gt;',
  '&amp;lt;b&amp;gt;',
  '{{constructor.constructor("alert(1)")()}}',
  '\u202e\u0000<style>*{display:none}</style>',
];

test('text from users never becomes HTML', { skip, timeout }, async (t) => {
  const evil = '<img src=x onerror=alert(1)>';
  const slack = await startWorkspace(t, {
    team: { name: evil },
    users: ['ann', { name: `${evil}u`, realName: evil }],
    bots: [{ name: `${evil}b` }],
    channels: ['general', { name: `${evil}c`, topic: evil, purpose: evil }],
  });
  const page = await openPage(t, slack);
  const before = await page.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((one) =>
        one.matches('img, script, iframe, style, svg, object, embed, [onerror], [onload]'),
      ).length,
  );
  for (const text of MARKUP) {
    await page.locator('#write').fill(text);
    await page.locator('#write').press('Enter');
    await page.waitForFunction(() => document.querySelector('#write').value === '');
    slack.user(`${evil}u`).say('#general', text);
    slack.user(slack.bot).say('#general', text, { username: text, subtype: 'bot_message' });
  }
  const { ts, channel } = slack.messages('#general').at(-1);
  slack.events.emit(
    'event',
    { type: 'reaction_added', user: slack.bot.id, reaction: evil, item: { channel, ts } },
    { channel },
    { via: 'web' },
  );
  slack.user(`${evil}u`).typing('#general');
  const client = await Client.connect(slack);
  client.send({ id: 1, type: evil, subtype: evil, text: evil });
  client.send(evil);
  await call(slack, evil).catch(() => {});
  await page.locator('#typing', { hasText: 'is typing' }).waitFor();
  await page.locator('#wire-log .entry', { hasText: 'not JSON' }).waitFor();
  for (const summary of await page.locator('#wire-log .entry.in summary').all()) await summary.click();
  await page.locator('#channels button', { hasText: evil }).click();
  await page.locator('#channel-topic', { hasText: evil }).waitFor();
  await page.locator('#channels button', { hasText: 'general' }).click();
  const rows = page.locator('#log .message .body');
  await page.waitForFunction(
    (number) => document.querySelectorAll('#log .message').length === number,
    3 * MARKUP.length,
  );
  const texts = await rows.allTextContents();
  for (const text of MARKUP.slice(0, 5))
    assert.ok(
      texts.some((shownText) => shownText.includes(text)),
      `${text} as it was typed`,
    );
  const after = await page.evaluate(() => ({
    count: [...document.querySelectorAll('*')].filter((one) =>
      one.matches('img, script, iframe, style, svg, object, embed, [onerror], [onload]'),
    ).length,
    injected: document.getElementById('injected'),
    links: [...document.querySelectorAll('a[href]')].map(({ href }) => new URL(href).protocol),
  }));
  assert.strictEqual(after.count, before);
  assert.strictEqual(after.injected, null);
  assert.ok(
    after.links.every((protocol) => ['http:', 'https:', 'mailto:'].includes(protocol)),
    String(after.links),
  );
});

test("the page's policy prevents an injected script from creating HTML and scripts", { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack, { expected: /requires 'Trusted(HTML|Script)' assignment/ });
  const tries = await page.evaluate(async () => {
    const attempt = (run) => {
      try {
        run();
        return 'done';
      } catch (error) {
        return error.name;
      }
    };
    const inline = document.createElement('script');
    return {
      innerHTML: attempt(() => {
        document.createElement('p').innerHTML = '<b>x</b>';
      }),
      script: attempt(() => {
        inline.textContent = 'window.ran = true';
        document.head.append(inline);
      }),
      ran: window.ran === true,
    };
  });
  assert.deepStrictEqual(tries, { innerHTML: 'TypeError', script: 'TypeError', ran: false });
});

test('a message of 40,000 characters is shown in part, and completely on request', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.locator('#write').fill('y'.repeat(40_000));
  await page.locator('#write').press('Enter');
  const row = await shown(page, 'yyy');
  assert.strictEqual(slack.messages('#general')[0].text.length, 40_000);
  assert.ok((await row.locator('.body').textContent()).length < 4000);
  await row.getByRole('button', { name: 'show all 40,000 characters' }).click();
  assert.strictEqual((await row.locator('.body').textContent()).length, 40_000);
  await page.locator('#write').fill('z'.repeat(40_001));
  await page.locator('#write').press('Enter');
  await page.locator('#toast', { hasText: 'msg_too_long' }).waitFor();
  assert.strictEqual((await page.locator('#write').inputValue()).length, 40_001, 'what was typed stays');
  for (const text of [
    '*'.repeat(40_000),
    '`'.repeat(39_999),
    '<'.repeat(40_000),
    ':a'.repeat(20_000),
    '_a'.repeat(20_000),
    '\n'.repeat(40_000),
  ]) {
    slack.user('bob').say('#general', text);
  }
  slack.user('bob').say('#general', 'still alive');
  await shown(page, 'still alive');
  const more = page.getByRole('button', { name: /^show all/ });
  while ((await more.count()) > 0) await more.first().click();
});

test('during a flood of 5,000 messages per second the page shows some and says so', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  await Client.connect(slack);
  const page = await openPage(t, slack);
  await page.locator('.bot.connected').waitFor();
  await page.evaluate(() => {
    window.most = { messages: 0, frames: 0, nodes: 0 };
    new MutationObserver(() => {
      window.most.messages = Math.max(window.most.messages, document.querySelector('#log').childElementCount);
      window.most.frames = Math.max(window.most.frames, document.querySelector('#wire-log').childElementCount);
      window.most.nodes = Math.max(window.most.nodes, document.querySelectorAll('*').length);
    }).observe(document.body, { childList: true, subtree: true });
  });
  assert.match(await fault(page, 'flood', '5000/3'), /5,000 messages per second/);
  await page.locator('#flood', { hasText: /messages per second, \d+ of them shown/ }).waitFor();
  await page.locator('#wire-count', { hasText: /some not shown/ }).waitFor();
  await page.locator('#write').fill('said in the flood');
  await page.locator('#write').press('Enter');
  await page.waitForFunction(() => document.querySelector('#write').value === '');
  await page.locator('#flood').waitFor({ state: 'hidden', timeout: 30_000 });
  await page.locator('#log .gap', { hasText: 'skipped: too many to show' }).first().waitFor();
  await page.locator('#wire-log .gap', { hasText: 'not shown' }).first().waitFor();
  assert.ok(slack.messages('#general').some(({ text }) => text === 'said in the flood'));
  const most = await page.evaluate(() => window.most);
  assert.ok(most.messages > 20 && most.messages <= 220, `${most.messages} rows of messages`);
  assert.ok(most.frames > 20 && most.frames <= 170, `${most.frames} rows of frames`);
  assert.ok(most.nodes < 5000, `${most.nodes} elements`);
  await page.locator('#write').fill('after the flood');
  await page.locator('#write').press('Enter');
  await shown(page, 'after the flood');
});

test('the page holds 200 messages and loads earlier ones on request', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  for (let index = 0; index < 450; index += 1) slack.user('bob').say('#general', `m${index}`);
  await shown(page, 'm449');
  assert.ok((await nodesOf(page, '#log .message')) <= 200);
  await page.reload();
  await shown(page, 'm449');
  assert.strictEqual(await nodesOf(page, '#log .message'), 200);
  await page.getByRole('button', { name: 'Earlier messages' }).click();
  await shown(page, 'm249');
  assert.strictEqual(await nodesOf(page, '#log .message'), 200);
  slack.user('bob').say('#general', 'a new one');
  await page.getByRole('button', { name: '1 new message' }).click();
  await shown(page, 'a new one');
  await page.getByRole('button', { name: 'Earlier messages' }).click();
  await page.getByRole('button', { name: 'To the latest' }).waitFor();
  await page.locator('#write').fill('said from back there');
  await page.locator('#write').press('Enter');
  await shown(page, 'said from back there');
});

test('the page reconnects to a restarted workspace and keeps the text in the field', {
  skip,
  timeout,
}, async (t) => {
  const first = await Workspace.start();
  atEnd(t, () => first.close());
  const page = await openPage(t, first);
  first.user('bob').say('#random', 'before');
  await page.locator('#channels button', { hasText: 'random' }).click();
  await shown(page, 'before');
  await page.locator('#actor').selectOption({ label: 'carol' });
  await page.locator('#write').fill('half a mess');
  await first.close();
  await page.locator('#status[data-state=lost]').waitFor();
  await page.locator('#write').press('Enter');
  await page.locator('#toast', { hasText: 'lost' }).waitFor();
  const second = await startWorkspace(t, { port: Number(new URL(first.apiUrl).port) });
  second.user('bob').say('#random', 'afterwards');
  await page.locator('#status[data-state=live]').waitFor();
  await shown(page, 'afterwards');
  await page.getByText('before', { exact: true }).waitFor({ state: 'detached' });
  await page.locator('#write').press('Enter');
  await shown(page, 'half a mess');
  assert.strictEqual(second.messages('#random').at(-1).user, second.user('carol').id);
});
