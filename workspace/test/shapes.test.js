// The shape (fields and types) of all events and responses, compared with fixtures/shapes.json and with recordings of Slack
// if there are any. `WRITE_SHAPES=1` writes the fixture.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { startWorkspace, call, Client } = require('./support');

const FIXTURE = path.join(__dirname, 'fixtures', 'shapes.json');
const RECORDINGS = process.env.RECORDINGS ?? path.join(__dirname, '../../../shared/data');
/** Timestamps that newer events have and older recordings do not. */
const STAMPS = ['ts', 'event_ts', 'cache_ts'];
/** Fields that recordings have and this workspace leaves out, by event. */
const LEFT_OUT = {
  bot_added: ['icons'],
  'message::thread_broadcast': ['blocks', 'channel_type'],
  team_join: ['fields', 'presence', 'status'],
  rtm_start: ['prefs', 'icon', 'icons', 'dnd_debug', 'status'],
};
/** Fields that Slack documents and no recording has. */
const DOCUMENTED = [
  'always_active',
  'api_app_id',
  'bot_id',
  'is_user_deleted',
  'num_members',
  'team_id',
  'updated',
  'user_id',
];
/** The kind of object that a field contains, in any event. */
const KINDS = new Map(
  Object.entries({
    message: 'message',
    previous_message: 'message',
    root: 'message',
    latest: 'message',
    channel: 'channel',
    channels: 'channel',
    groups: 'channel',
    ims: 'channel',
    mpims: 'channel',
    user: 'user',
    users: 'user',
    profile: 'profile',
  }),
);

/** The shape of a JSON value: field names and types. The entries of a list are united. */
function shapeOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length > 0 ? [value.map(shapeOf).reduce(unite)] : [];
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, shapeOf(value[key])]),
  );
}

function unite(one, other) {
  return typeof one === 'object' && typeof other === 'object' && !Array.isArray(one) ? { ...one, ...other } : one;
}

function nameOf({ type, subtype }) {
  return subtype === undefined ? type : `${type}::${subtype}`;
}

/** Collects all field names that were recorded for each kind of object. */
function collect(shape, kind, pool) {
  if (Array.isArray(shape)) shape.forEach((one) => collect(one, kind, pool));
  if (typeof shape !== 'object' || Array.isArray(shape)) return;
  if (kind) pool.set(kind, new Set([...(pool.get(kind) ?? []), ...Object.keys(shape)]));
  for (const [key, inner] of Object.entries(shape)) collect(inner, KINDS.get(key), pool);
}

/** The differences: fields or types that no sample has, and missing fields that all samples have. */
function differences(shape, samples, at, { kind, pool, leftOut }) {
  const typeOf = (one) => (Array.isArray(one) ? 'array' : typeof one === 'object' ? 'object' : one);
  const types = samples.map(typeOf);
  const type = typeOf(shape);
  if (shape !== 'null' && !types.includes('null') && !types.includes(type)) return [`${at}: ${type}`];
  if (type === 'array') {
    const entries = samples.filter(Array.isArray).flat();
    if (shape.length === 0 || entries.length === 0) return [];
    return differences(shape[0], entries, `${at}[]`, { kind, pool, leftOut });
  }
  if (type !== 'object') return [];
  const objects = samples.filter((one) => typeOf(one) === 'object');
  if (objects.length === 0) return [];
  const known = new Set([...objects.flatMap(Object.keys), ...(pool.get(kind) ?? []), ...STAMPS, ...DOCUMENTED]);
  const found = [];
  for (const key of Object.keys(shape)) {
    const inner = objects.filter((one) => key in one).map((one) => one[key]);
    const next = { kind: KINDS.get(key), pool, leftOut };
    if (!known.has(key)) found.push(`${at}.${key}: unknown`);
    else if (inner.length > 0 && !leftOut.includes(key)) {
      found.push(...differences(shape[key], inner, `${at}.${key}`, next));
    }
  }
  for (const key of Object.keys(objects[0])) {
    const always = objects.every((one) => key in one) && !leftOut.includes(key);
    if (always && !(key in shape)) found.push(`${at}.${key}: missing`);
  }
  return found;
}

/** Causes every kind of event and response, and returns one of each. */
async function causeEverything(t) {
  const slack = await startWorkspace(t, { reconnectUrlEvery: 200 });
  const seen = new Map();
  const add = (name, value) => {
    if (!seen.has(name)) seen.set(name, value);
  };
  const client = await Client.connect(slack, { batch_presence_aware: 1 });
  slack.events.on('frame', ({ direction, data }) => {
    const frame = direction === 'out' ? JSON.parse(data) : {};
    if (frame.type) add(nameOf(frame), frame);
  });
  slack.events.on('event', (event) => add(nameOf(event), event));
  const [ann, bob] = [slack.user('ann'), slack.user('bob')];
  const general = slack.channel('general').id;

  add('hello', JSON.parse(client.texts[0]));
  add('pong', await client.ask({ id: 1, type: 'ping' }));
  add('reply', await client.ask({ id: 2, type: 'message', channel: general, text: 'hi' }));
  add('reply_error', await client.ask({ id: 3, type: 'message', channel: general }));
  add('error', await client.ask('{'));
  add('rtm_connect', (await call(slack, 'rtm.connect')).body);
  const said = ann.say('#general', 'hello');
  bob.reply(said, 'in a thread');
  bob.reply(said, 'for all', { subtype: 'thread_broadcast' });
  ann.edit(said, 'hello again');
  bob.react(said, 'wave');
  bob.unreact(said, 'wave');
  ann.delete(ann.say('#general', 'gone'));
  ann.create('club');
  ann.invite('#club', ['bob', slack.bot]);
  bob.leave('#club');
  ann.create('secret', { isPrivate: true });
  ann.invite('#secret', ['bob', slack.bot]);
  bob.leave('#secret');
  ann.open('bob');
  ann.open(['bob', slack.bot]);
  ann.typing('#general');
  ann.setProfile({ statusText: 'out' });
  slack.setPresence(['ann', 'bob'], 'away');
  ann.setPresence('active');
  await call(slack, 'users.setPresence', { presence: 'away' });
  slack.addBot('second');
  const other = await Client.connect(slack);
  add('rtm_start', (await call(slack, 'rtm.start')).body);
  while (!seen.has('reconnect_url')) await other.next();
  slack.faults.migrate({ to: slack.connections[1] });
  await other.closed;
  slack.faults.goodbye({ closeAfter: 0 });
  await client.closed;
  return seen;
}

test('all events and responses have the shapes of the fixture', async (t) => {
  const seen = await causeEverything(t);
  const shapes = Object.fromEntries([...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, shapeOf(v)]));
  if (process.env.WRITE_SHAPES) fs.writeFileSync(FIXTURE, `${JSON.stringify(shapes, null, 1)}\n`);
  assert.deepStrictEqual(shapes, JSON.parse(fs.readFileSync(FIXTURE, 'utf8')));
});

const missing = fs.existsSync(RECORDINGS) ? false : 'there are no recordings';
test('all events and responses fit the recordings of Slack', { skip: missing }, async (t) => {
  const read = (file) => fs.readFileSync(path.join(RECORDINGS, file), 'utf8');
  const lines = (file) =>
    read(file)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const recorded = new Map([
    [
      'rtm_connect',
      JSON.parse(read('rtm-connect.json'))
        .filter(({ ok }) => ok)
        .map(shapeOf),
    ],
    ['rtm_start', JSON.parse(read('rtm-start.json')).map(shapeOf)],
  ]);
  const record = (name, event) => recorded.set(name, [...(recorded.get(name) ?? []), shapeOf(event)]);
  for (const event of [...lines('events.ndjson'), ...lines('capture-wee-slack.ndjson')]) {
    if (event.type) record(nameOf(event), event);
    else record(event.ok ? 'reply' : 'reply_error', event);
  }
  const pool = new Map();
  for (const [name, samples] of recorded) {
    for (const sample of samples) collect(sample, name.startsWith('message') ? 'message' : undefined, pool);
  }
  let compared = 0;
  const found = [];
  for (const [name, event] of await causeEverything(t)) {
    const samples = recorded.get(name);
    if (!samples) continue;
    compared += 1;
    const kind = event.type === 'message' ? 'message' : undefined;
    found.push(...differences(shapeOf(event), samples, name, { kind, pool, leftOut: LEFT_OUT[name] ?? [] }));
  }
  assert.deepStrictEqual(found, []);
  assert.ok(compared >= 25, `only ${compared} kinds were compared`);
});
