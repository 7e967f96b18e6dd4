// Storing the state, and restoring it.
'use strict';

const assert = require('node:assert');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');
const { State } = require('../lib/state/state');

/** A store in memory. It keeps entries as JSON, as the data file does. */
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

/** The content of a state, in an order that does not depend on the store. */
function view(state) {
  const channels = state.channels.all.sort(byId);
  return {
    team: state.team,
    users: state.users.all.sort(byId),
    channels: channels.map((channel) => ({ ...channel, members: [...channel.members] })),
    messages: channels.map((channel) => state.history.of(channel)),
  };
}

test('a workspace continues with the stored state and ignores the seed', () => {
  const store = new Memory();
  const first = new State({ team: { name: 'Acme' }, users: ['ann', 'bob'] }, { store, events: new EventEmitter() });
  const ann = first.users.get('ann');
  const said = first.messages.post(ann, '#general', 'one', ORIGIN);
  first.messages.post('bob', '#general', 'reply', ORIGIN, { thread_ts: said.ts });
  first.reactions.add('bob', '#general', said.ts, 'wave', ORIGIN);
  first.messages.update(ann, '#general', said.ts, { text: 'two' }, ORIGIN);
  const gone = first.messages.post(ann, '#random', 'gone', ORIGIN);
  first.messages.delete(ann, '#random', gone.ts, ORIGIN);
  first.conversations.create(ann, 'club', { isPrivate: true }, ORIGIN);
  first.conversations.invite(ann, '#club', 'bob', ORIGIN);
  first.conversations.leave('bob', '#random', ORIGIN);
  first.users.setProfile(ann, { statusText: 'out' }, ORIGIN);
  first.presence.set(['bob'], 'away');
  first.addBot('second');
  const again = new State({ users: ['zed'], bots: ['other'] }, { store, events: new EventEmitter() });
  assert.deepStrictEqual(view(again), view(first));
  assert.strictEqual(again.users.botByToken(first.users.bots[0].token).id, first.users.bots[0].id, 'tokens stay good');
  assert.strictEqual(again.history.of(again.channels.get('general'))[0].text, 'two');
  const ids = new Set([...again.users.all, ...again.channels.all].map(({ id }) => id));
  const made = again.conversations.create(again.users.get('ann'), 'later', {}, ORIGIN);
  assert.ok(!ids.has(made.id), 'ids go on');
  const third = again.addBot('third');
  assert.ok(again.channels.get('general').members.has(third.id), 'channels open to everybody stay so');
  assert.ok(!again.channels.get('club').members.has(third.id));
});

test('an incomplete seed is stored again from the start', () => {
  for (const after of [1, 3, 6, 10, 15]) {
    const store = new Memory();
    const put = store.put.bind(store);
    let left = after;
    store.put = (...entry) => {
      left -= 1;
      if (left < 0) throw new Error('killed');
      put(...entry);
    };
    assert.throws(() => new State({}, { store, events: new EventEmitter() }), /killed/);
    store.put = put;
    const state = new State({ users: ['zed'] }, { store, events: new EventEmitter() });
    assert.deepStrictEqual(
      state.users.all.map(({ name }) => name),
      ['zed', 'robot'],
    );
    assert.deepStrictEqual(
      view(new State({}, { store, events: new EventEmitter() })),
      view(state),
      'and nothing else is left',
    );
  }
});

test('a change is stored before its event is published', () => {
  const store = new Memory();
  const events = new EventEmitter();
  const state = new State({}, { store, events });
  let published = 0;
  events.on('event', (event) => {
    if (event.type !== 'message' || event.hidden) return;
    published += 1;
    assert.ok(store.entries.has(`message ${event.channel}:${event.ts}`));
  });
  state.messages.post('ann', '#general', 'one', ORIGIN);
  state.conversations.create('ann', 'club', {}, ORIGIN);
  assert.strictEqual(published, 2);
});

test('a change that cannot be stored changes nothing and publishes no event', () => {
  const store = new Memory();
  const events = new EventEmitter();
  const state = new State({}, { store, events });
  const said = state.messages.post('ann', '#general', 'one', ORIGIN);
  const before = JSON.stringify(view(state));
  let published = 0;
  events.on('event', () => {
    published += 1;
  });
  store.broken = true;
  for (const act of [
    () => state.messages.post('ann', '#general', 'two', ORIGIN),
    () => state.messages.update('ann', '#general', said.ts, { text: 'two' }, ORIGIN),
    () => state.reactions.add('bob', '#general', said.ts, 'wave', ORIGIN),
    () => state.users.setProfile('ann', { statusText: 'out' }, ORIGIN),
    () => state.presence.set(['ann'], 'away'),
    () => state.conversations.leave('ann', '#random', ORIGIN),
  ])
    assert.throws(act, /disk full/);
  assert.strictEqual(JSON.stringify(view(state)), before);
  assert.strictEqual(published, 0);
});

test('timestamps are not repeated when the clock goes back', () => {
  const store = new Memory();
  const state = new State({}, { store, events: new EventEmitter() });
  const { ts, channel } = state.messages.post('ann', '#general', 'from the future', ORIGIN);
  const later = `${Number(ts.slice(0, 10)) + 1000}${ts.slice(10)}`;
  store.put('message', `${channel}:${later}`, { ...state.history.of({ id: channel })[0], ts: later });
  assert.ok(new State({}, { store, events: new EventEmitter() }).timestamps.next() > later);
});
