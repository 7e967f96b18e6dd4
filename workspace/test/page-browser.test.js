// The page in a browser, with a bot connected: reading, writing, faults, the Wire panel.
'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { skip, timeout, startWorkspace, startBot, openPage, shown, fault } = require('./page-support');
const { call, Client, refusedStatus } = require('./support');

/** The next frame of a client that is not `user_typing`. */
async function next(client) {
  for (;;) {
    const frame = await client.next();
    if (frame.type !== 'user_typing') return frame;
  }
}

test("a person writes to the bot, and the page shows the bot's answer", { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.getByText('No bot is connected').waitFor();
  assert.match(await page.locator('.connect pre').textContent(), new RegExp(`${slack.token}.*${slack.apiUrl}`));
  await startBot(t, slack);
  await page.locator('.bot.connected').waitFor();
  assert.strictEqual(await page.locator('.connect').count(), 0);

  await page.locator('#write').fill('@robot ping & <b>, see #random or https://example.com/a?b=1&c=2.');
  await page.locator('#write').press('Enter');
  const said = await shown(page, 'see #random');
  assert.strictEqual(
    await said.locator('.body').textContent(),
    '@robot ping & <b>, see #random or https://example.com/a?b=1&c=2.',
  );
  assert.strictEqual(await said.locator('a').getAttribute('href'), 'https://example.com/a?b=1&c=2');
  assert.deepStrictEqual(
    slack
      .messages('#general')
      .map(({ text, user }) => [text, user])
      .at(0),
    [
      `<@${slack.bot.id}> ping &amp; &lt;b&gt;, see <#${slack.channel('random').id}|random> or <https://example.com/a?b=1&amp;c=2>.`,
      slack.user('ann').id,
    ],
  );
  const answer = await shown(page, 'pong');
  assert.strictEqual(await answer.locator('.mention.me').textContent(), '@ann');
  assert.strictEqual(await answer.locator('.tag').textContent(), 'bot');
  assert.strictEqual(await page.locator('#write').inputValue(), '');

  for (const [kind, type] of [
    ['out', 'hello'],
    ['out', 'message'],
    ['in', 'typing'],
    ['in', 'message'],
    ['out', 'reply'],
  ]) {
    await page.locator(`#wire-log .entry.${kind} b`, { hasText: type }).first().waitFor();
  }
  await page.locator('#wire-log .entry.call b', { hasText: 'rtm.connect' }).first().waitFor();
});

test('a person can speak as any user, and send direct messages to the bot', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  await startBot(t, slack);
  const page = await openPage(t, slack);
  await page.locator('#actor').selectOption({ label: 'carol' });
  await page.locator('#people button', { hasText: 'robot' }).click();
  await page.locator('#channel-name', { hasText: 'robot' }).waitFor();
  await page.locator('#write').fill('ping');
  await page.getByRole('button', { name: 'Send' }).click();
  await shown(page, 'pong, @carol');
  assert.deepStrictEqual(
    slack.messages(slack.im('carol')).map(({ user }) => user),
    [slack.user('carol').id, slack.bot.id],
  );
  await page.locator('#actor').selectOption({ label: 'bob' });
  await page.getByText('No messages in @robot yet.').waitFor();
  await page.locator('#presence').click();
  await page.locator('#presence', { hasText: 'away' }).waitFor();
  assert.strictEqual(slack.user('bob').presence, 'away');
});

test('the page shows typing users, presence and unread messages', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  slack.user('bob').typing('#general');
  await page.locator('#typing', { hasText: 'bob is typing…' }).waitFor();
  slack.user('carol').typing('#general');
  await page.locator('#typing', { hasText: 'bob and carol are typing…' }).waitFor();
  slack.user('bob').say('#general', 'done');
  await page.locator('#typing', { hasText: /^carol is typing…$/ }).waitFor();
  slack.user('carol').setPresence('away');
  await page.locator('#people button', { hasText: 'carol' }).locator('.dot.away').waitFor();
  slack.user('bob').say('#random', 'one');
  slack.user('bob').say('#random', `two, <@${slack.user('ann').id}>`);
  const random = page.locator('#channels button', { hasText: 'random' });
  await random.locator('.badge.mention', { hasText: '2' }).waitFor();
  assert.match(await page.title(), /^\(2\) /);
  await random.click();
  await shown(page, 'two, @ann');
  assert.strictEqual(await random.locator('.badge').count(), 0);
});

test('reactions, threads, edits and deletions work on the page, and those of a bot are shown', {
  skip,
  timeout,
}, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const client = await Client.connect(slack);
  await page.locator('#write').fill('first');
  await page.locator('#write').press('Enter');
  await shown(page, 'first');
  const row = page.locator('#log .message').first();
  assert.strictEqual((await next(client)).text, 'first');

  await row.hover();
  await row.getByRole('button', { name: 'React' }).click();
  await page.locator('#react-choices [aria-label=tada]').click();
  await row.locator('.reaction[aria-pressed=true]', { hasText: '1' }).waitFor();
  assert.strictEqual((await next(client)).type, 'reaction_added');
  await row.locator('.reaction').click();
  assert.strictEqual((await next(client)).type, 'reaction_removed');
  await row.locator('.reaction').waitFor({ state: 'detached' });

  await row.hover();
  await row.getByRole('button', { name: 'Edit' }).click();
  assert.strictEqual(await page.locator('#write').inputValue(), 'first');
  await page.locator('#write').fill('second');
  await page.locator('#write').press('Enter');
  await row.getByText('(edited)').waitFor();
  const { subtype, message } = await next(client);
  assert.deepStrictEqual([subtype, message.text], ['message_changed', 'second']);

  await row.hover();
  await row.getByRole('button', { name: 'Reply in thread' }).click();
  await page.locator('#reply').fill('in the thread');
  await page.locator('#reply').press('Enter');
  await shown(page, 'in the thread', '#thread-log');
  await row.locator('.replies', { hasText: '1 reply' }).waitFor();
  assert.strictEqual(await page.locator('#log .message').count(), 1, 'a reply is not in the channel');
  assert.strictEqual((await next(client)).thread_ts, message.ts);
  client.send({
    id: 1,
    type: 'message',
    channel: slack.channel('general').id,
    thread_ts: message.ts,
    text: 'from the bot',
  });
  await shown(page, 'from the bot', '#thread-log');
  await row.locator('.replies', { hasText: '2 replies' }).waitFor();
  await page.locator('#thread-close').click();

  const said = slack.messages('#general').find(({ text }) => text === 'second');
  slack.events.emit(
    'event',
    {
      type: 'reaction_added',
      user: slack.bot.id,
      reaction: 'eyes',
      item: { type: 'message', channel: said.channel, ts: said.ts },
    },
    { channel: said.channel },
    { via: 'web' },
  );
  await row.locator('.reaction', { hasText: '👀' }).waitFor();

  await page.locator('#write').fill('to be deleted');
  await page.locator('#write').press('Enter');
  const last = await shown(page, 'to be deleted');
  await last.hover();
  await last.getByRole('button', { name: 'Delete' }).click();
  await page.locator('#log').getByText('to be deleted').waitFor({ state: 'detached' });
});

test('channels can be created, joined and left, and an error is shown', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.locator('#create-open').click();
  await page.locator('#create-name').fill('general');
  await page.locator('#create').getByRole('button', { name: 'Create' }).click();
  await page.locator('#create-error', { hasText: /\w/ }).waitFor();
  await page.locator('#create-name').fill('plans');
  await page.locator('#create-name').press('Enter');
  await page.locator('#channel-name', { hasText: '#plans' }).waitFor();
  await page.locator('#actor').selectOption({ label: 'bob' });
  await page.getByPlaceholder('bob is not in #plans').waitFor();
  assert.strictEqual(await page.locator('#write').isDisabled(), true);
  await page.getByRole('button', { name: 'Join as bob' }).click();
  await page.getByPlaceholder('Message #plans').waitFor();
  assert.ok(slack.channel('plans').members.has(slack.user('bob').id));
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByPlaceholder('bob is not in #plans').waitFor();
});

test('the buttons for drop, goodbye, migrate and half-open cause these faults', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  assert.match(await fault(page, 'drop'), /no bot is connected/);
  const connect = async () => {
    const client = await Client.connect(slack);
    await page.locator('.bot.connected').waitFor();
    return client;
  };

  let client = await connect();
  assert.match(await fault(page, 'drop'), /Dropped 1 connection/);
  assert.strictEqual((await client.closed).code, 1006);
  await page.locator('#wire-log .entry.close', { hasText: '1006' }).waitFor();

  client = await connect();
  await fault(page, 'goodbye');
  assert.strictEqual((await client.next()).type, 'goodbye');
  assert.notStrictEqual((await client.closed).code, 1006);

  client = await connect();
  await fault(page, 'migrate');
  assert.strictEqual((await client.next()).type, 'team_migration_started');
  assert.notStrictEqual((await client.closed).code, 1006);
  await fault(page, 'clear');

  client = await connect();
  const other = await Client.connect(slack);
  await page
    .locator('#fault-target option', { hasText: `#${slack.connections[0].id} robot` })
    .waitFor({ state: 'attached' });
  await page.locator('#fault-target').selectOption(String(slack.connections[0].id));
  assert.match(await fault(page, 'silence'), /1 connection half-open/);
  client.send({ id: 1, type: 'ping' });
  for (let id = 1; id <= 5; id += 1) await other.ask({ id, type: 'ping' });
  assert.strictEqual(client.texts.length, 1, 'hello alone');
  await page.locator('[data-fault=silence][aria-pressed=true]').click();
  assert.strictEqual((await client.next()).type, 'pong');
  await page.locator('[data-fault=silence][aria-pressed=false]').waitFor();
});

test('the buttons for delay, refuse, rate-limit, hold and clear cause these faults', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const client = await Client.connect(slack);

  await fault(page, 'delayReplies', '60000');
  await page.locator('[data-fault=delayReplies][aria-pressed=true]').waitFor();
  client.send({ id: 1, type: 'ping' });
  slack.user('ann').say('#general', 'events come at once');
  assert.strictEqual((await client.next()).type, 'message');
  await fault(page, 'delayReplies');
  assert.strictEqual((await client.ask({ id: 2, type: 'ping' })).reply_to, 2);

  for (const [choice, expected] of [
    ['account_inactive', 'account_inactive'],
    ['migration_in_progress', 'migration_in_progress'],
  ]) {
    assert.match(await fault(page, 'refuseConnect', choice), new RegExp(choice));
    assert.strictEqual((await call(slack, 'rtm.connect')).body.error, expected);
    assert.strictEqual((await call(slack, 'rtm.connect')).body.ok, true, 'the next one only');
  }
  await fault(page, 'refuseConnect', '503');
  assert.strictEqual((await fetch(`${slack.apiUrl}rtm.connect`)).status, 503);
  await fault(page, 'refuseConnect', 'html');
  assert.match(await (await fetch(`${slack.apiUrl}rtm.connect`)).text(), /^<!doctype html>/);
  await fault(page, 'refuseConnect', 'drop');
  await assert.rejects(fetch(`${slack.apiUrl}rtm.connect`));

  await fault(page, 'rateLimit', '10');
  const limited = await call(slack, 'rtm.connect');
  assert.deepStrictEqual(
    [limited.status, limited.headers.get('retry-after'), limited.body.error],
    [429, '10', 'ratelimited'],
  );

  await fault(page, 'refuseSocket', '1');
  const {
    body: { url },
  } = await call(slack, 'rtm.connect');
  assert.strictEqual(await refusedStatus(url), 503);
  await fault(page, 'holdHello');
  const held = await Client.open(slack);
  await slack.nextConnection();
  assert.deepStrictEqual(held.texts, []);
  await fault(page, 'refuseConnect', 'fatal_error');
  assert.match(await fault(page, 'clear'), /All faults ended/);
  assert.strictEqual((await held.next()).type, 'hello');
  assert.strictEqual((await call(slack, 'rtm.connect')).body.ok, true);
});

test('the whole page can be used by keyboard', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const client = await Client.connect(slack);
  const page = await openPage(t, slack);
  const { keyboard } = page;
  const press = async (...keys) => {
    for (const key of keys) await keyboard.press(key);
  };

  await press('?');
  await page.locator('#help[open]').waitFor();
  const documented = await page.locator('#help-keys dt').count();
  assert.ok(documented >= 25, `${documented} keys are documented`);
  await press('Escape', 'm');
  await keyboard.type('hello @ro');
  await page.locator('#write-options li', { hasText: 'robot' }).waitFor();
  await press('Tab');
  assert.strictEqual(await page.locator('#write').inputValue(), 'hello @robot ');
  await keyboard.type('D?mnr: keys in a field are text');
  await press('Enter');
  assert.match((await client.next()).type, /user_typing/);
  const { text } = await client.next();
  assert.strictEqual(text, `hello <@${slack.bot.id}> D?mnr: keys in a field are text`);
  const row = await shown(page, 'keys in a field');

  await press('Escape', 'r');
  await page.locator('#react[open]').waitFor();
  await press('Tab', 'ArrowRight', 'Enter');
  await row.locator('.reaction').waitFor();
  await press('e');
  await page.locator('#write:focus').waitFor();
  await press('Control+A');
  await keyboard.type('edited');
  await press('Enter');
  await shown(page, 'edited');
  await press('Escape', 't');
  await page.locator('#reply:focus').waitFor();
  await keyboard.type('a reply');
  await press('Enter');
  await shown(page, 'a reply', '#thread-log');
  await press('Escape');
  await page.locator('#thread').waitFor({ state: 'hidden' });

  await press('Control+k');
  await keyboard.type('rand');
  await press('Enter');
  await page.locator('#channel-name', { hasText: '#random' }).waitFor();
  await press('Alt+ArrowUp');
  await page.locator('#channel-name', { hasText: '#general' }).waitFor();
  await press('Escape', 'u');
  await page.locator('#actor:focus').waitFor();
  await press('ArrowDown');
  await page.getByRole('button', { name: 'bob is active' }).waitFor();
  await page.evaluate(() => document.activeElement.blur());

  await press('w');
  await page.locator('#wire-log summary:focus').waitFor();
  await press('Enter');
  await page.locator('#wire-log details[open] pre.raw').waitFor();
  await press('f');
  await keyboard.type('hello');
  await press('Tab', 'Tab', 'Tab');
  await page.evaluate(() => document.activeElement.blur());
  await press('p');
  await page.locator('#wire-pause[aria-pressed=true]').waitFor();
  await press('p', 'n');
  await keyboard.type('by-keys');
  await press('Enter');
  await page.locator('#channel-name', { hasText: '#by-keys' }).waitFor();
  await press('Escape', 'Shift+D');
  assert.strictEqual((await client.closed).code, 1006);

  await press('?');
  await page.locator('#keys-on').press('Space');
  await press('Escape', 'n');
  assert.strictEqual(await page.locator('#create[open]').count(), 0, 'single keys can be turned off');
});

test('the Wire panel can be filtered and paused, and a frame can be opened', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const client = await Client.connect(slack);
  await client.ask({ id: 1, type: 'ping' });
  slack.user('ann').say('#general', 'a / and ü');
  await page.locator('#wire-log b', { hasText: /^message$/ }).waitFor();
  assert.strictEqual(await page.locator('#wire-log b', { hasText: /p[io]ng/ }).count(), 0, 'pings are hidden at first');
  await page.locator('#wire-pings').check();
  await page.locator('#wire-log .in b', { hasText: 'ping' }).waitFor();
  await page.locator('#wire-log .out b', { hasText: 'pong' }).waitFor();
  await page.locator('#wire-kind').selectOption('in');
  await page.waitForFunction(() => document.querySelectorAll('#wire-log .entry').length === 1);
  await page.locator('#wire-kind').selectOption('');
  await page.locator('#wire-filter').fill('general nothing');
  await page.getByText('No entry matches the filter.').waitFor();
  await page.locator('#wire-filter').fill('message robot');
  await page.waitForFunction(() => document.querySelectorAll('#wire-log .entry').length === 1);
  await page.locator('#wire-log summary').click();
  assert.strictEqual(JSON.parse(await page.locator('#wire-log pre').first().textContent()).text, 'a / and ü');
  assert.strictEqual(await page.locator('#wire-log .preview').textContent(), '#general ann: a / and ü');
  assert.strictEqual(
    await page.locator('#wire-log pre.raw').textContent(),
    client.texts.find((frame) => frame.includes('"a ')),
  );
  await page.locator('#wire-filter').fill('');
  await page.locator('#wire-pause').click();
  const before = await page.locator('#wire-log .entry').count();
  await client.ask({ id: 2, type: 'ping' });
  await page.locator('#wire-count', { hasText: 'paused, 2 new' }).waitFor();
  assert.strictEqual(await page.locator('#wire-log .entry').count(), before);
  await page.locator('#wire-pause').click();
  await page.waitForFunction((number) => document.querySelectorAll('#wire-log .entry').length === number, before + 2);
});
