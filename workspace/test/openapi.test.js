// The responses of rtm.connect, checked against openapi/rtm-connect.yaml.
'use strict';

const assert = require('node:assert');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { default: Ajv } = require('ajv/dist/2020');
const { parse } = require('yaml');
const { startWorkspace } = require('./support');

const description = parse(readFileSync(path.join(__dirname, '..', 'openapi', 'rtm-connect.yaml'), 'utf8'));
// Not strict: an OpenAPI document has keywords that JSON Schema does not know.
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema(description, 'description');

const pointer = (...keys) => `/${keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;

/** The differences between a response and its description; empty if there are none. */
function deviations({ method, status, headers, body }) {
  const { responses } = description.paths['/rtm.connect'][method.toLowerCase()];
  let at = pointer('paths', '/rtm.connect', method.toLowerCase(), 'responses', String(status));
  let response = responses[status];
  if (!response) return [`status ${status}`];
  if (response.$ref) {
    at = response.$ref.slice(1);
    response = at
      .slice(1)
      .split('/')
      .reduce((inner, key) => inner[key], description);
  }
  const [type] = headers.get('content-type').split(';');
  if (!response.content[type]) return [`content type ${type}`];
  const found = [];
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    const { required, schema } = header.$ref ? description.components.headers[header.$ref.split('/').at(-1)] : header;
    const value = headers.get(name);
    if (value === null) {
      if (required) found.push(`${name} is missing`);
    } else if (!ajv.validate(schema, schema.type === 'integer' ? Number(value) : value)) {
      found.push(`${name}: ${ajv.errorsText()}`);
    }
  }
  const validate = ajv.compile({ $ref: `description#${at}${pointer('content', type, 'schema')}` });
  if (!validate(JSON.parse(body))) found.push(`${ajv.errorsText(validate.errors)}: ${body}`);
  return found;
}

/** Calls rtm.connect, and returns the response. */
async function connect(slack, { method = 'POST', token = slack.token, query = '', body, headers = {} } = {}) {
  const response = await fetch(`${slack.apiUrl}rtm.connect${query}`, {
    method,
    body,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  });
  return { method, status: response.status, headers: response.headers, body: await response.text() };
}

const form = 'application/x-www-form-urlencoded';
const calls = {
  'a success by GET': [{ method: 'GET', query: '?batch_presence_aware=1&presence_sub=true' }, true],
  'a success by form': [{ body: new URLSearchParams({ batch_presence_aware: '1' }) }, true],
  'a success by JSON': [
    { body: '{"batch_presence_aware":true}', headers: { 'content-type': 'application/json' } },
    true,
  ],
  'JSON with a charset': [{ body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } }, true],
  'a form with a charset': [{ body: 'a=b', headers: { 'content-type': `${form}; charset=utf-8` } }, true],
  'no body': [{}, true],
  'no token': [{ token: '' }, 'not_authed'],
  'a wrong token': [{ token: 'xoxb-wrong' }, 'invalid_auth'],
  'no JSON': [{ body: '{', headers: { 'content-type': 'application/json' } }, 'invalid_json'],
  'JSON that is no object': [{ body: '[]', headers: { 'content-type': 'application/json' } }, 'json_not_object'],
  'an unknown type': [{ body: 'x', headers: { 'content-type': 'application/x-unknown' } }, 'invalid_post_type'],
};

for (const [name, [request, expected]] of Object.entries(calls)) {
  test(`rtm.connect matches its description: ${name}`, async (t) => {
    const actual = await connect(await startWorkspace(t), request);
    assert.deepStrictEqual(deviations(actual), []);
    const { ok, error } = JSON.parse(actual.body);
    assert.strictEqual(ok || error, expected);
  });
}

test('rtm.connect matches its description: every error that Slack documents', async (t) => {
  const slack = await startWorkspace(t);
  for (const error of description.components.schemas.ErrorCode.enum) {
    slack.faults.refuseConnect({ error });
    assert.deepStrictEqual(deviations(await connect(slack)), []);
  }
});

test('rtm.connect matches its description: a rate limit, and a body that is too long', async (t) => {
  const slack = await startWorkspace(t);
  const limited = { status: 429, headers: { 'retry-after': '30' }, body: { ok: false, error: 'ratelimited' } };
  slack.faults.refuseConnect(limited, 2);
  for (const method of ['GET', 'POST']) {
    const actual = await connect(slack, { method });
    assert.deepStrictEqual([actual.status, deviations(actual)], [429, []]);
  }
  const long = await connect(slack, { body: 'x'.repeat(10_000_001), headers: { 'content-type': form } });
  assert.deepStrictEqual([long.status, deviations(long)], [413, []]);
});

test('a response that does not match the description is found', async (t) => {
  const slack = await startWorkspace(t);
  const wrong = [
    { error: 'made_up' },
    { error: 'invalid_auth', stack: 'at …' },
    { html: '<title>Slack</title>' },
    { status: 500, headers: {}, body: {} },
    { status: 429, headers: {}, body: { ok: false, error: 'ratelimited' } },
    { status: 429, headers: { 'retry-after': 'soon' }, body: { ok: false, error: 'ratelimited' } },
    { status: 200, headers: {}, body: { ok: true } },
    { status: 200, headers: {}, body: { ok: true, url: 'http://x/', team: {}, self: {} } },
  ];
  for (const response of wrong) {
    slack.faults.refuseConnect(response);
    assert.notDeepStrictEqual(deviations(await connect(slack)), [], JSON.stringify(response));
  }
});

const recorded = path.join(__dirname, '..', '..', '..', 'shared', 'data', 'rtm-connect.json');
test('recorded responses of Slack match the description', {
  skip: !existsSync(recorded) && 'there are no recordings',
}, () => {
  const validate = ajv.compile({ $ref: 'description#/components/schemas/Session' });
  const responses = JSON.parse(readFileSync(recorded, 'utf8')).filter(
    ({ ok, url }) => ok && /^wss?:\/\/[^/]+\//.test(url),
  );
  assert.ok(responses.length > 0);
  for (const response of responses) assert.ok(validate(response), ajv.errorsText(validate.errors));
});
