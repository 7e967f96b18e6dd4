// The page's layout and accessibility in a browser: keyboard focus, phones, light and dark, WCAG.
'use strict';

const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const { test } = require('node:test');
const { skip, timeout, startWorkspace, openPage, shown, fault } = require('./page-support');
const { Client } = require('./support');

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const widthOf = (page) => page.evaluate(() => document.documentElement.scrollWidth);

test('every control can be reached with Tab and has a visible focus', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const controls = await page.evaluate(
    () =>
      [...document.querySelectorAll('button, select, input, textarea, a')].filter(
        (one) => one.checkVisibility() && !one.disabled,
      ).length,
  );
  const reached = new Set();
  for (let index = 0; index < controls + 10; index += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      element.dataset.reached ??= String(Math.random());
      const field = element.closest('.composer') ?? element;
      const { outlineStyle, boxShadow } = getComputedStyle(element.matches('textarea') ? field : element);
      return {
        name: element.dataset.reached,
        tag: element.tagName,
        isMarked: outlineStyle !== 'none' || boxShadow !== 'none',
      };
    });
    if (focused.tag === 'BODY') continue;
    assert.ok(focused.isMarked, focused.tag);
    reached.add(focused.name);
  }
  assert.ok(reached.size >= controls, `${reached.size} of ${controls}`);
});

test('on a phone nothing scrolls sideways', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t, {
    channels: ['general', 'a-channel-with-a-name-that-is-as-long-as-slack-lets-a-name-be-which-is-eighty'],
  });
  await Client.connect(slack);
  const page = await openPage(t, slack, { size: 'phone', hasTouch: true, isMobile: true });
  slack.user('bob').say('#general', 'w'.repeat(500));
  slack.user('bob').say('#general', `\`\`\`${'c'.repeat(300)}\`\`\` <https://example.com/${'l'.repeat(300)}>`);
  const row = await shown(page, 'www');
  for (const view of ['sidebar', 'faults', 'wire', 'conversation']) {
    await page.locator(`.tabs [data-view=${view}]`).tap();
    const part = { sidebar: '#sidebar', faults: '#faults', wire: '#wire', conversation: '#conversation' }[view];
    await page.locator(part).waitFor();
    assert.strictEqual(await widthOf(page), 375, view);
    const wide = await page.evaluate(
      (selector) =>
        [...document.querySelectorAll(`${selector}, ${selector} :is(button, select, input, textarea, header)`)]
          .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 0.5)
          .map((one) => one.outerHTML.slice(0, 80)),
      part,
    );
    assert.deepStrictEqual(wide, [], view);
  }
  await row.tap();
  await row.getByRole('button', { name: 'Reply in thread' }).tap();
  await page.locator('#reply').fill('from a phone');
  await page.getByRole('button', { name: 'Reply', exact: true }).tap();
  await shown(page, 'from a phone', '#thread-log');
  assert.strictEqual(await widthOf(page), 375);
  await page.locator('#help-open').tap();
  assert.strictEqual(await widthOf(page), 375);
});

for (const colorScheme of ['light', 'dark']) {
  test(`the ${colorScheme} page meets WCAG 2.2 AA (contrast, names, roles)`, { skip, timeout }, async (t) => {
    const slack = await startWorkspace(t);
    const check = async (page, where) => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        window.axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
          resultTypes: ['violations'],
        }),
      );
      const found = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
      );
      assert.deepStrictEqual(found, [], where);
    };
    const page = await openPage(t, slack, { colorScheme });
    await check(page, 'empty, no bot');
    const client = await Client.connect(slack);
    const ann = slack.user('ann');
    const said = ann.say(
      '#general',
      `*bold* _it_ ~no~ \`code\` <@${slack.bot.id}> <@${ann.id}> <https://example.com|link> :tada:\n\`\`\`pre\`\`\``,
    );
    ann.say('#general', 'x'.repeat(5000));
    slack.events.emit(
      'event',
      { type: 'reaction_added', user: ann.id, reaction: 'eyes', item: { channel: said.channel, ts: said.ts } },
      { channel: said.channel },
      { via: 'test' },
    );
    slack.events.emit(
      'event',
      { type: 'reaction_added', user: slack.bot.id, reaction: '+1', item: { channel: said.channel, ts: said.ts } },
      { channel: said.channel },
      { via: 'test' },
    );
    slack.user('bob').say('#general', 'reply', { thread_ts: said.ts });
    slack.user('bob').say('#random', `<@${ann.id}>`);
    slack.user('bob').setPresence('away');
    slack.user('bob').typing('#general');
    client.send('no JSON');
    client.send({ id: 1, type: 'message', channel: said.channel, text: 'hi' });
    await shown(page, 'hi');
    const row = await shown(page, 'bold');
    await row.locator('.reaction').nth(1).waitFor();
    await row.hover();
    await fault(page, 'delayReplies');
    await fault(page, 'drop');
    await page.locator('#wire-log .entry.close').waitFor();
    await page.locator('#wire-log .entry.in summary').first().click();
    await page.locator('#wire-pause').click();
    await check(page, 'messages');
    await row.locator('.replies').click();
    await shown(page, 'reply', '#thread-log');
    await page.locator('#reply').fill('@');
    await page.locator('#reply-options li').first().waitFor();
    await check(page, 'a thread, and a list to choose from');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    for (const [open, dialog] of [
      ['#help-open', '#help'],
      ['#create-open', '#create'],
      ['#switch-open', '#switch'],
    ]) {
      await page.locator(open).click();
      await page.locator(`${dialog}[open]`).waitFor();
      await check(page, dialog);
      await page.keyboard.press('Escape');
    }
    await row.hover();
    await row.getByRole('button', { name: 'React' }).click();
    await check(page, '#react');
    await page.keyboard.press('Escape');
    await row.hover();
    await row.getByRole('button', { name: 'Edit' }).click();
    await check(page, 'editing');
    const phone = await openPage(t, slack, { colorScheme, size: 'phone' });
    for (const view of ['sidebar', 'faults', 'wire', 'conversation']) {
      await phone.locator(`.tabs [data-view=${view}]`).click();
      await check(phone, `${view} on a phone`);
    }
  });
}

test("the page follows the system's light or dark setting", { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack, { colorScheme: 'light' });
  const brightness = () => page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)[0]));
  assert.ok((await brightness()) > 200);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.ok((await brightness()) < 60);
});
