// The page with hostile requests, outdated state, fast input and many users. The first tests need no browser.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const WebSocket = require('ws');
const { Feed } = require('../lib/page/feed');
const { skip, timeout, atEnd, startWorkspace, openPage, shown, fault } = require('./page-support');
const { call, Client } = require('./support');

/** A page's socket, and all frames that it receives. */
async function openSocket(t, slack) {
  const ws = new WebSocket(`${slack.pageUrl.replace('http', 'ws')}page/socket`);
  const got = [];
  ws.on('message', (data) => got.push({ length: data.length, ...JSON.parse(data) }));
  atEnd(t, () => ws.terminate());
  await once(ws, 'open');
  return { ws, got };
}

/** Waits until `find` returns something; calls it again with each message. */
async function until(ws, find) {
  for (;;) {
    const found = find();
    if (found) return found;
    await once(ws, 'message');
  }
}

const nest = (depth) => '['.repeat(depth) + ']'.repeat(depth);

/** Calls a method with a JSON body, given as text. */
async function callWith(slack, method, body) {
  const headers = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${slack.token}` };
  return (await fetch(`${slack.apiUrl}${method}`, { method: 'POST', headers, body })).json();
}

test('a deeply nested request id does no harm', async (t) => {
  const slack = await startWorkspace(t);
  const { ws, got } = await openSocket(t, slack);
  ws.send(`{"action":"nothing","id":${nest(300_000)}}`);
  ws.send('{"action":"nothing","id":7}');
  const answer = await until(ws, () => got.find(({ id }) => id === 7));
  assert.strictEqual(answer.error, 'unknown_action');
});

test('a call of megabytes is shortened for the page, and a deeply nested one gets the same response as without a page', async (t) => {
  const slack = await startWorkspace(t);
  const body = `{"foo":${nest(100_000)}}`;
  const without = await callWith(slack, 'api.test', body);
  const { ws, got } = await openSocket(t, slack);
  assert.deepStrictEqual(await callWith(slack, 'api.test', body), without);
  await call(slack, 'chat.postMessage', { channel: slack.channel('general').id, text: 'b'.repeat(5_000_000) });
  const find = () => got.flatMap(({ frames = [] }) => frames).find(({ type }) => type === 'chat.postMessage');
  const entry = await until(ws, find);
  assert.ok(entry.data.length <= 60_000, `${entry.data.length} characters`);
  assert.ok(entry.length > 5_000_000);
});

test('requests of a page that does not read responses are not read', () => {
  let isPaused = false;
  /** @type {() => void} */
  let taken = () => {};
  const ws = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    send(data, done = () => {}) {
      this.bufferedAmount += data.length;
      taken = done;
    },
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
    },
  };
  const feed = new Feed(ws, () => ({}));
  feed.respond(1, { result: 'small' });
  assert.strictEqual(isPaused, false);
  feed.respond(2, { result: 'x'.repeat(3_000_000) });
  assert.strictEqual(isPaused, true);
  ws.bufferedAmount = 0;
  taken();
  assert.strictEqual(isPaused, false);
});

test('a page cannot reply to a deleted message', async (t) => {
  const slack = await startWorkspace(t);
  const { ws, got } = await openSocket(t, slack);
  const said = slack.user('ann').say('#general', 'soon gone');
  slack.user('ann').delete(said);
  const request = {
    action: 'post',
    id: 1,
    as: slack.user('bob').id,
    channel: said.channel,
    text: 'x',
    thread: said.ts,
  };
  ws.send(JSON.stringify(request));
  const { error } = await until(ws, () => got.find(({ id }) => id === 1));
  assert.strictEqual(error, 'thread_not_found');
});

test('the button "To the latest" disappears when the latest message is shown', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  for (let index = 0; index < 250; index += 1) slack.user('bob').say('#general', `m${index}`);
  const page = await openPage(t, slack);
  await page.getByRole('button', { name: 'Earlier messages' }).click();
  await page.getByRole('button', { name: 'To the latest' }).click();
  await shown(page, 'm249');
  await page.locator('#newest').waitFor({ state: 'hidden', timeout: 2000 });
  await page.getByRole('button', { name: 'Earlier messages' }).press('Enter');
  await page.getByRole('button', { name: 'To the latest' }).waitFor();
  assert.strictEqual(await page.evaluate(() => document.activeElement.id), 'log', 'the focus is not lost');
});

test('pressing Enter twice sends a message once', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.locator('#write').fill('once');
  await page.evaluate(() => {
    const field = document.querySelector('#write');
    for (let time = 0; time < 3; time += 1)
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
  });
  await page.waitForFunction(() => document.querySelector('#write').value === '');
  await page.locator('#write').fill('twice');
  await page.locator('#write').press('Enter');
  await shown(page, 'twice');
  assert.deepStrictEqual(
    slack.messages('#general').map(({ text }) => text),
    ['once', 'twice'],
  );
});

test('a thread closes when its deleted first message disappears', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const ann = slack.user('ann');
  const said = ann.say('#general', 'with a reaction');
  slack.user('bob').react(said, 'eyes');
  const row = await shown(page, 'with a reaction');
  await row.locator('.reaction').waitFor();
  await row.hover();
  await row.getByRole('button', { name: 'Reply in thread' }).click();
  await shown(page, 'with a reaction', '#thread-log');
  await page.locator('#wire-filter').focus();
  const reply = slack.user('bob').say('#general', 'the only reply', { thread_ts: said.ts });
  await shown(page, 'the only reply', '#thread-log');
  ann.delete(said);
  const tombstone = await shown(page, 'This message was deleted.');
  assert.strictEqual(await tombstone.locator('.reaction').count(), 0, 'a deleted message has no reactions');
  slack.user('bob').delete(reply);
  await page.locator('#thread').waitFor({ state: 'hidden', timeout: 2000 });
  assert.strictEqual(await page.evaluate(() => document.activeElement.id), 'wire-filter', 'the focus stays');
});

test('choosing another user closes a thread that this user cannot see', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.locator('#people button', { hasText: 'bob' }).click();
  await page.locator('#write').fill('between us');
  await page.locator('#write').press('Enter');
  const row = await shown(page, 'between us');
  await row.hover();
  await row.getByRole('button', { name: 'Reply in thread' }).click();
  await shown(page, 'between us', '#thread-log');
  await page.locator('#actor').selectOption({ label: 'carol' });
  await page.locator('#thread').waitFor({ state: 'hidden', timeout: 2000 });
});

test("↑ edits the user's last message, not a notice about the user", { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const ann = slack.user('ann');
  const said = ann.say('#random', 'my own words');
  await page.locator('#channels button', { hasText: 'random' }).click();
  await shown(page, 'my own words');
  await page.locator('#membership').click();
  await page.getByRole('button', { name: 'Join as ann' }).click();
  await shown(page, 'has joined');
  await page.locator('#write').focus();
  await page.locator('#write').press('ArrowUp');
  assert.strictEqual(await page.locator('#write').inputValue(), said.text);
});

test('while the Wire panel is paused, a filter searches the entries from before the pause', {
  skip,
  timeout,
}, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const client = await Client.connect(slack);
  client.send('the needle');
  await page.locator('#wire-log .entry', { hasText: 'needle' }).waitFor();
  await page.locator('#wire-pause').click();
  for (let index = 0; index < 1500; index += 1) {
    client.send(`hay ${index}`);
    if (index % 30 === 0) await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  await page.locator('#wire-count', { hasText: /paused, [23],\d+ new/ }).waitFor();
  await page.locator('#wire-filter').fill('needle');
  await page.locator('#wire-log .entry', { hasText: 'needle' }).waitFor({ timeout: 2000 });
  await page.locator('#wire-filter').fill('hay');
  assert.strictEqual(await page.locator('#wire-log .entry').count(), 0, 'what came since waits');
  await page.locator('#wire-filter').press('Escape');
  assert.notStrictEqual(await page.evaluate(() => document.activeElement.id), 'wire-filter', 'Esc leaves the field');
  await page.keyboard.press('p');
  await page.locator('#wire-log .entry', { hasText: 'hay 1499' }).waitFor();
});

test('the size of a binary frame is shown in bytes', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await Client.connect(slack);
  slack.emit(Buffer.alloc(5000, 7));
  const row = page.locator('#wire-log .entry', { hasText: 'binary' });
  await row.locator('summary').click();
  await row.getByText('5,000 bytes, the first 1,000 shown').waitFor({ timeout: 2000 });
});

test('a deeply nested frame is shown as it was sent', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const client = await Client.connect(slack);
  client.send(`{"type":"message","x":${nest(7000)}}`);
  const row = page.locator('#wire-log .entry.in').last();
  await row.locator('summary').click();
  await row.locator('pre.raw').waitFor({ timeout: 3000 });
});

test('half-open affects only the chosen connection', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await Client.connect(slack);
  await Client.connect(slack);
  const button = page.locator('[data-fault=silence]');
  await page.locator('#fault-target option').nth(2).waitFor({ state: 'attached' });
  await page.locator('#fault-target').selectOption('1');
  assert.match(await fault(page, 'silence'), /^1 connection half-open/);
  await page.locator('[data-fault=silence][aria-pressed=true]').waitFor();
  await page.locator('#fault-target').selectOption('2');
  assert.strictEqual(await button.getAttribute('aria-pressed'), 'false');
  assert.match(await fault(page, 'silence'), /^1 connection half-open/);
  await page.locator('#fault-target').selectOption('');
  assert.match(await fault(page, 'silence'), /^2 connections working again/);
});

test('the page works with invalid stored settings and with invalid fields in messages', {
  skip,
  timeout,
}, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  await page.evaluate(() => localStorage.setItem('selection', 'null'));
  await page.reload();
  await page.locator('#status[data-state=live]').waitFor({ timeout: 3000 });
  const channel = slack.channel('general').id;
  for (const extra of [
    { username: 5 },
    { username: '' },
    { username: { a: 1 } },
    { attachments: [null, 5, { text: { a: 1 } }] },
    { text: '', blocks: [null] },
    { icon_emoji: {}, reactions: null, edited: 'x', subtype: {} },
  ]) {
    await callWith(slack, 'chat.postMessage', JSON.stringify({ channel, text: 'odd', ...extra }));
  }
  slack.user('bob').say('#general', 'from a test', { username: 5, attachments: 'none', reactions: null });
  slack.user('bob').say('#general', 'still there');
  await shown(page, 'still there');
});

test('messages are marked as read when the page is visible again', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const look = (hidden) =>
    page.evaluate((isHidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await look(true);
  slack.user('bob').say('#general', 'meanwhile');
  await page.locator('#channels .badge').waitFor();
  await look(false);
  await page.locator('#channels .badge').waitFor({ state: 'detached', timeout: 2000 });
});

test('with 1,000 users in 500 channels, a change does not send and redraw everything', { skip, timeout }, async (t) => {
  const users = ['ann', 'bob', ...Array.from({ length: 998 }, (_, index) => `user-${index}`)];
  const channels = ['general', ...Array.from({ length: 499 }, (_, index) => `channel-${index}`)];
  const slack = await startWorkspace(t, { users, channels });
  const page = await openPage(t, slack);
  const first = page.locator('#channels li').first();
  const last = page.locator('#people li', { hasText: 'user-997' });
  const marked = await Promise.all([first.elementHandle(), last.elementHandle()]);
  const { ws, got } = await openSocket(t, slack);
  for (let index = 0; index < 8; index += 1) {
    slack.user('bob').say('#general', `m${index}`);
    slack.setPresence([`user-${index}`], 'away');
    await shown(page, `m${index}`);
  }
  // The ninth is the bot, which has no connection.
  await page.locator('#people .dot.away').nth(8).waitFor();
  for (const handle of marked) assert.ok(await handle.evaluate((item) => item.isConnected), 'the same as before');
  await until(ws, () =>
    got.some(
      ({ snapshot }) =>
        snapshot?.users.filter(({ id, presence }) => presence === 'away' && id !== slack.bot.id).length === 8,
    ),
  );

  got.length = 0;
  const begin = performance.now();
  const changed = new Set(users.slice(100, 120));
  for (const user of changed) {
    slack.setPresence([user], 'away');
    await pause(60); // longer than from one batch to the next
  }
  const isAway = ({ name, presence }) => presence === 'away' && changed.has(name);
  await until(ws, () => got.some(({ snapshot }) => snapshot?.users.filter(isAway).length === changed.size));
  const snapshots = got.filter(({ snapshot }) => snapshot);
  const least = snapshots[0].length / 10_000; // ms from one to the next
  assert.ok(snapshots.length <= 2 + (performance.now() - begin) / least, `${snapshots.length} times`);
});

test('a reply to a missing message is shown in the channel', { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const channel = slack.channel('general').id;
  await call(slack, 'chat.postMessage', { channel, text: 'in no thread', thread_ts: '1.000001' });
  await shown(page, 'in no thread');
  await page.reload();
  await shown(page, 'in no thread');
});

test("a day's heading disappears with the last message of the day", { skip, timeout }, async (t) => {
  const slack = await startWorkspace(t);
  const page = await openPage(t, slack);
  const ann = slack.user('ann');
  const [first, second] = ['one', 'two'].map((text) => ann.say('#general', text));
  await shown(page, 'two');
  ann.delete(first);
  await page.getByText('one', { exact: true }).waitFor({ state: 'detached' });
  assert.strictEqual(await page.locator('#log .day').count(), 1);
  ann.delete(second);
  await page.getByText('two', { exact: true }).waitFor({ state: 'detached' });
  assert.strictEqual(await page.locator('#log .day').count(), 0);
});
