// The examples in README.md and docs/, run as they stand there: each in a process of its own, against a server with
// certificates, behind a proxy. Only host names are put in the place of the examples' own.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');
const { authority, encodings, missing } = require('./support/certificates.js');
const { atEnd } = require('./support/cleanup.js');
const { better } = require('./support/client.js');
const { answers, scriptedProxy } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const root = path.join(__dirname, '..');
const PASSPHRASE = 'secret of the key';

/** The packages as the examples see them: all goes to the test's server, and a client ends when it is ready. */
const PACKAGES = {
  'slack-rtm-native': `
    const native = require(${JSON.stringify(root)});
    exports.retryPolicies = native.retryPolicies;
    exports.RTMClient = class extends native.RTMClient {
      constructor(token, options) {
        super(token, { slackApiUrl: process.env.API_URL, ...options });
        this.on('ready', () => {
          console.log('READY');
          this.disconnect();
        });
      }
    };`,
  '@slack/web-api': `
    const { WebClient } = require(${JSON.stringify(require.resolve('@slack/web-api'))});
    exports.WebClient = class extends WebClient {
      constructor(token, options) {
        super(token, { slackApiUrl: process.env.API_URL, ...options });
      }
    };`,
  'https-proxy-agent': `module.exports = require(${JSON.stringify(require.resolve('https-proxy-agent'))});`,
};

/** All examples in JavaScript: where they stand, and their text. */
function examples() {
  const pages = ['README.md', ...readdirSync(path.join(root, 'docs')).map((name) => path.join('docs', name))];
  return pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) => {
      const text = readFileSync(path.join(root, page), 'utf8');
      return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(({ 1: code, index }) => {
        const heading = text.slice(0, index).match(/^#+ .*$/gm)?.at(-1) ?? '';
        return { where: `${page}, ${heading.replace(/^#+ /, '')}`, code };
      });
    });
}

/** A folder to run an example in: the package, its peers, certificates. */
function prepare(t, leaf, client) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rtm-docs-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  for (const [name, code] of Object.entries(PACKAGES)) {
    mkdirSync(path.join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(path.join(folder, 'node_modules', name, 'index.js'), code);
  }
  writeFileSync(path.join(folder, 'authority.pem'), leaf.ca);
  writeFileSync(path.join(folder, 'bot.pem'), client.cert);
  writeFileSync(path.join(folder, 'bot.key'), encodings(client.key, PASSPHRASE).pkcs8Encrypted);
  return folder;
}

/** Answers every method that the examples call. */
function answerTo(server, url) {
  const people = { members: [{ id: 'U1' }], users: [{ id: 'U1' }], channels: [] };
  return url.includes('/rtm.') ? server.answer(people) : { ok: true, ...people };
}

describe('the examples in the documentation run as they stand', { skip: missing, concurrency: 2 }, () => {
  const list = examples();
  for (const { where, code } of list) {
    better('its documentation is another', `${where}: ${code.split('\n').find((line) => /new RTMClient/.test(line))}`, async (t) => {
      const ca = authority('Documentation authority');
      const [leaf, client] = [ca.issue(), ca.issue({ cn: 'bot', client: true })];
      const server = await scriptedServer(t, {
        tls: { key: leaf.key, cert: leaf.fullChain, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
      });
      const answer = (request, response, { url }) => response.end(JSON.stringify(answerTo(server, url)));
      server.answers.push(answer, answer, answer);
      const proxy = await scriptedProxy(t, answers.demand('bot', 's@cret'));
      const folder = prepare(t, leaf, client);
      const file = /^import /m.test(code) ? 'example.mjs' : 'example.js';
      writeFileSync(path.join(folder, file), code.replaceAll('proxy.example:3128', `${proxy.host}:${proxy.port}`));
      const { NODE_TEST_CONTEXT, ...env } = process.env;
      const child = spawn(process.execPath, [file], {
        cwd: folder,
        env: {
          ...env,
          SLACK_BOT_TOKEN: server.token,
          KEY_PASSPHRASE: PASSPHRASE,
          API_URL: server.apiUrl,
          PORT: '0',
          NODE_EXTRA_CA_CERTS: path.join(folder, 'authority.pem'),
        },
      });
      atEnd(t, () => child.kill('SIGKILL'));
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
      const [status] = await once(child, 'close');
      assert.equal(status, 0, output);
      assert.ok(server.calls.length > 0, output);
      if (code.includes('.start(')) assert.match(output, /READY/);
      if (code.includes('proxy.example')) assert.equal(proxy.requests.length, 2);
    });
  }
});
