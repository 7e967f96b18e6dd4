// The arguments of a Web API request: query, form, JSON and multipart, and Slack's warnings about them.
'use strict';

const { Busboy } = require('@fastify/busboy');
const { decodeObject } = require('../json');
const { SlackError } = require('../slack-error');

/** @typedef {Record<string, unknown>} Params */

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const MULTIPART = 'multipart/form-data';
const PLAIN = 'text/plain';
/** A multipart body with more parts is refused. */
const MAX_PARTS = 1000;
const MAX_NAME_LENGTH = 255;

/**
 * The arguments of query and body together. An argument in the body overrides the same one in the query.
 *
 * @param {string} query
 * @param {Buffer} body
 * @param {string} [contentType]
 * @returns {Promise<{ params: Params, warnings: string[] }>} rejects with a SlackError
 */
async function readParams(query, body, contentType) {
  /** @type {Params} */
  const params = Object.create(null);
  addPairs(params, new URLSearchParams(query));
  if (body.length === 0) return { params, warnings: [] };
  const { type, charset } = readType(contentType);
  const text = () => body.toString(charset === 'iso-8859-1' ? 'latin1' : 'utf8');
  switch (type) {
    case FORM:
      addPairs(params, new URLSearchParams(text()));
      return { params, warnings: charset ? ['superfluous_charset'] : [] };
    case MULTIPART:
      addPairs(params, await readMultipart(body, String(contentType)));
      return { params, warnings: charset ? ['superfluous_charset'] : [] };
    case JSON_TYPE:
      Object.assign(params, readJson(text()));
      return { params, warnings: charset ? [] : ['missing_charset'] };
    case PLAIN:
      return { params, warnings: charset ? [] : ['missing_charset'] };
    case '':
      throw new SlackError('missing_post_type');
    default:
      throw new SlackError('invalid_post_type');
  }
}

/** @param {string} [contentType] */
function readType(contentType = '') {
  const type = contentType.split(';', 1)[0].trim().toLowerCase();
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType) ?? [];
  const known = charset?.toLowerCase();
  if (known !== undefined && known !== 'utf-8' && known !== 'iso-8859-1') throw new SlackError('invalid_charset');
  return { type, charset: known };
}

/**
 * @param {Params} params
 * @param {Iterable<[string, unknown]>} pairs
 */
function addPairs(params, pairs) {
  for (const [name, value] of pairs) {
    if (/^\w+\[.*\]$/.test(name)) throw new SlackError('invalid_array_arg');
    if (!/^\w+$/.test(name) || name.length > MAX_NAME_LENGTH) throw new SlackError('invalid_arg_name');
    params[name] = value;
  }
}

/** @param {string} body */
function readJson(body) {
  const object = decodeObject(body);
  if (object) return object;
  try {
    JSON.parse(body);
  } catch {
    throw new SlackError('invalid_json');
  }
  throw new SlackError('json_not_object');
}

/**
 * @param {Buffer} body
 * @param {string} contentType
 * @returns {Promise<[string, unknown][]>} a file is an object with its name, type and size, without its content
 */
function readMultipart(body, contentType) {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new SlackError('invalid_form_data'));
    /** @type {[string, unknown][]} */
    const pairs = [];
    try {
      const limits = { fieldNameSize: MAX_NAME_LENGTH + 1, fieldSize: body.length + 1, parts: MAX_PARTS };
      const parser = new Busboy({ headers: { 'content-type': contentType }, limits });
      // The types do not say it, but a part can come without a name.
      parser.on('field', (name, value) => (name === undefined ? refuse() : void pairs.push([name, value])));
      parser.on('file', (name, file, filename, encoding, mimetype) => {
        if (name === undefined) refuse();
        let size = 0;
        file.on('data', (chunk) => {
          size += chunk.length;
        });
        file.on('end', () => void pairs.push([name, { filename, mimetype, size }]));
        file.on('error', refuse);
      });
      parser
        .on('partsLimit', refuse)
        .on('error', refuse)
        .on('finish', () => resolve(pairs));
      parser.end(body);
    } catch {
      refuse();
    }
  });
}

module.exports = { readParams };
