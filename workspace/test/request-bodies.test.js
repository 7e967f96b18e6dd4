'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { startWorkspace, call, read } = require('./support');

const BOUNDARY = 'border';

/** Posts to api.test, which returns its arguments. */
async function post(slack, body, contentType, method = 'api.test') {
  const headers = { authorization: `Bearer ${slack.token}`, 'content-type': contentType };
  return (await read(await fetch(slack.apiUrl + method, { method: 'POST', headers, body }))).body;
}

function multipart(parts) {
  const begin = `--${BOUNDARY}\r\nContent-Disposition: form-data; `;
  return `${parts.map(([head, value]) => `${begin}${head}\r\n\r\n${value}\r\n`).join('')}--${BOUNDARY}--\r\n`;
}

test('arguments are read from multipart bodies, and files without their content', async (t) => {
  const slack = await startWorkspace(t);
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const { args } = await post(
    slack,
    multipart([
      ['name="a"', 'é/'],
      ['name="a"', 'last'],
      ['name="file"; filename="x.bin"\r\nContent-Type: a/b', 'four'],
    ]),
    type,
  );
  assert.deepStrictEqual(args, { a: 'last', file: { filename: 'x.bin', mimetype: 'a/b', size: 4 } });
  const form = new FormData();
  form.set('token', slack.token);
  form.set('channel', slack.channel('general').id);
  form.set('text', 'by multipart');
  const response = await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', body: form });
  assert.strictEqual((await response.json()).message.text, 'by multipart');
});

test('an invalid multipart body gets invalid_form_data', async (t) => {
  const slack = await startWorkspace(t);
  const whole = multipart([['name="a"', '1']]);
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const nameless = multipart([
    ['name="a"', '1'],
    ['x="y"', '2'],
  ]);
  const namelessFile = multipart([['filename="x"', '2']]);
  const many = multipart(Array.from({ length: 1001 }, (_, n) => [`name="p${n}"`, 'x']));
  for (const [body, contentType] of [
    [whole, 'multipart/form-data'],
    [whole.slice(0, -20), type],
    ['rubbish', type],
    [many, type],
    [whole, 'multipart/form-data; boundary=other'],
    [nameless, type],
    [namelessFile, type],
  ]) {
    assert.strictEqual((await post(slack, body, contentType)).error, 'invalid_form_data', contentType);
  }
});

test('invalid argument names are refused', async (t) => {
  const slack = await startWorkspace(t);
  assert.strictEqual((await call(slack, 'api.test', { 'foo[7]': 'x' })).body.error, 'invalid_array_arg');
  assert.strictEqual((await call(slack, 'api.test', { 'a-b': 'x' })).body.error, 'invalid_arg_name');
  assert.strictEqual((await call(slack, 'api.test', { ['x'.repeat(256)]: 'x' })).body.error, 'invalid_arg_name');
  assert.strictEqual((await (await fetch(`${slack.apiUrl}api.test?a%20b=1`)).json()).error, 'invalid_arg_name');
});

test('a missing or superfluous charset causes a warning, in successful and failed responses', async (t) => {
  const slack = await startWorkspace(t);
  const superfluous = { warning: 'superfluous_charset', response_metadata: { warnings: ['superfluous_charset'] } };
  const missing = { warning: 'missing_charset', response_metadata: { warnings: ['missing_charset'] } };
  const form = 'application/x-www-form-urlencoded';
  const warned = await post(slack, 'a=1', `${form}; charset=utf-8`);
  assert.deepStrictEqual(warned, { ok: true, args: { a: '1' }, ...superfluous });
  assert.deepStrictEqual(await post(slack, 'a=1', form), { ok: true, args: { a: '1' } });
  assert.deepStrictEqual(await post(slack, '{"a":1}', 'application/json'), { ok: true, args: { a: 1 }, ...missing });
  assert.deepStrictEqual(await post(slack, '{}', 'application/json; charset="UTF-8"'), { ok: true });
  assert.deepStrictEqual(await post(slack, 'ignored', 'text/plain'), { ok: true, ...missing });
  const refused = await post(slack, '{}', 'application/json', 'chat.postMessage');
  assert.deepStrictEqual(refused, {
    ok: false,
    error: 'invalid_arguments',
    warning: 'missing_charset',
    response_metadata: { messages: ['[ERROR] missing required field: channel'], warnings: ['missing_charset'] },
  });
});

test('ISO 8859-1 is supported, other charsets are refused', async (t) => {
  const slack = await startWorkspace(t);
  const latin = Buffer.from('{"a":"é"}', 'latin1');
  assert.strictEqual((await post(slack, latin, 'application/json; charset=ISO-8859-1')).args.a, 'é');
  assert.strictEqual((await post(slack, '{}', 'application/json; charset=utf-16')).error, 'invalid_charset');
});

test('the error for a value of the wrong type names the argument', async (t) => {
  const slack = await startWorkspace(t);
  const json = (body, method) => post(slack, JSON.stringify(body), 'application/json; charset=utf-8', method);
  const refused = await json({ channel: { id: 'x' } }, 'chat.postMessage');
  assert.strictEqual(refused.error, 'invalid_arguments');
  assert.deepStrictEqual(refused.response_metadata.messages, ['[ERROR] must be a string [json-pointer:/channel]']);
  const channel = slack.channel('general').id;
  const deep = `${'['.repeat(500)}${']'.repeat(500)}`;
  assert.strictEqual((await json({ channel, blocks: JSON.parse(deep) }, 'chat.postMessage')).error, 'invalid_blocks');
  assert.strictEqual((await json({ channel, text: 5 }, 'chat.postMessage')).message.text, '5');
  assert.strictEqual((await json({ batch_presence_aware: { toString: 1 } }, 'rtm.connect')).ok, true);
  assert.strictEqual((await json({ error: { toString: 1 } }, 'api.test')).error, '{"toString":1}');
});
