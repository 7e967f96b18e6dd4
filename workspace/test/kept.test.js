// What is put into a store, and when; a workspace begins with what is there.
'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');
const { State } = require('../lib/state');

/** A store in memory that holds what would be on disk: JSON. */
class Memory {
  entries = new Map();

  load() {
    return [...this.entries.values()].reverse().map((text) => JSON.parse(text));
  }

  put(kind, id, value) {
    if (this.broken) throw new Error('disk full');
    this.entries.set(`${kind} ${id}`, JSON.stringify({ kind, id, value }));
  }

  delete(kind, id) {
    this.entries.delete(`${kind} ${id}`);
  }
}

const ORIGIN = { via: 'web' };

const byId = (a, b) => (a.id < b.id ? -1 : 1);

/** What users see of a state, whatever order the store gave it in. */
function view(state) {
  const channels = state.channels.sort(byId);
  return {
    team: state.team,
    users: state.users.sort(byId),
    channels: channels.map((channel) => ({ ...channel, members: [...channel.members] })),
    messages: channels.map((channel) => state.history(channel)),
  };
}

test('a workspace begins where the last one ended, whatever the seed', () => {
  const store = new Memory();
  const first = new State({ store, team: { name: 'Acme' }, users: ['ann', 'bob'] }, new EventEmitter());
  const ann = first.user('ann');
  const said = first.post(ann, '#general', 'one', ORIGIN);
  first.post('bob', '#general', 'reply', ORIGIN, { thread_ts: said.ts });
  first.react('bob', '#general', said.ts, 'wave', ORIGIN);
  first.update(ann, '#general', said.ts, { text: 'two' }, ORIGIN);
  const gone = first.post(ann, '#random', 'gone', ORIGIN);
  first.remove(ann, '#random', gone.ts, ORIGIN);
  first.create(ann, 'club', { isPrivate: true }, ORIGIN);
  first.invite(ann, '#club', 'bob', ORIGIN);
  first.leave('bob', '#random', ORIGIN);
  first.setProfile(ann, { statusText: 'out' }, ORIGIN);
  first.setPresence(['bob'], 'away');
  first.addBot('second');
  const again = new State({ store, users: ['zed'], bots: ['other'] }, new EventEmitter());
  assert.deepStrictEqual(view(again), view(first));
  assert.strictEqual(again.botByToken(first.bots[0].token).id, first.bots[0].id, 'tokens stay good');
  assert.strictEqual(again.history(again.channel('general'))[0].text, 'two');
  const ids = new Set([...again.users, ...again.channels].map(({ id }) => id));
  const made = again.create(again.user('ann'), 'later', {}, ORIGIN);
  assert.ok(!ids.has(made.id), 'ids go on');
  const third = again.addBot('third');
  assert.ok(again.channel('general').members.has(third.id), 'channels open to everybody stay so');
  assert.ok(!again.channel('club').members.has(third.id));
});

test('a beginning that was interrupted is made anew', () => {
  for (const after of [1, 3, 6, 10, 15]) {
    const store = new Memory();
    const put = store.put.bind(store);
    let left = after;
    store.put = (...entry) => {
      left -= 1;
      if (left < 0) throw new Error('killed');
      put(...entry);
    };
    assert.throws(() => new State({ store }, new EventEmitter()), /killed/);
    store.put = put;
    const state = new State({ store, users: ['zed'] }, new EventEmitter());
    assert.deepStrictEqual(
      state.users.map(({ name }) => name),
      ['zed', 'robot'],
    );
    assert.deepStrictEqual(view(new State({ store }, new EventEmitter())), view(state), 'and nothing else is left');
  }
});

test('what happens is in the store before it is told', () => {
  const store = new Memory();
  const events = new EventEmitter();
  const state = new State({ store }, events);
  let told = 0;
  events.on('event', (event) => {
    if (event.type !== 'message' || event.hidden) return;
    told += 1;
    assert.ok(store.entries.has(`message ${event.channel}:${event.ts}`));
  });
  state.post('ann', '#general', 'one', ORIGIN);
  state.create('ann', 'club', {}, ORIGIN);
  assert.strictEqual(told, 2);
});

test('what the store cannot take did not happen', () => {
  const store = new Memory();
  const events = new EventEmitter();
  const state = new State({ store }, events);
  const said = state.post('ann', '#general', 'one', ORIGIN);
  const before = JSON.stringify(view(state));
  let told = 0;
  events.on('event', () => {
    told += 1;
  });
  store.broken = true;
  for (const act of [
    () => state.post('ann', '#general', 'two', ORIGIN),
    () => state.update('ann', '#general', said.ts, { text: 'two' }, ORIGIN),
    () => state.react('bob', '#general', said.ts, 'wave', ORIGIN),
    () => state.setProfile('ann', { statusText: 'out' }, ORIGIN),
    () => state.setPresence(['ann'], 'away'),
    () => state.leave('ann', '#random', ORIGIN),
  ])
    assert.throws(act, /disk full/);
  assert.strictEqual(JSON.stringify(view(state)), before);
  assert.strictEqual(told, 0);
});

test('clocks that go back give no timestamp twice', () => {
  const store = new Memory();
  const state = new State({ store }, new EventEmitter());
  const { ts, channel } = state.post('ann', '#general', 'from the future', ORIGIN);
  const later = `${Number(ts.slice(0, 10)) + 1000}${ts.slice(10)}`;
  store.put('message', `${channel}:${later}`, { ...state.history({ id: channel })[0], ts: later });
  assert.ok(new State({ store }, new EventEmitter()).nextTs() > later);
});
