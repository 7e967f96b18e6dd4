// The JavaScript and TypeScript examples of README.md and docs/ run unchanged, except for host names and ids. Each runs in
// its own process: against a workspace with activity, or against a server with certificates if it uses TLS options, and
// behind a proxy if it names one. An example must print the lines that its page shows.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');
const ts = require('typescript');
const { authority, encodings, missing } = require('./support/certificates.js');
const { atEnd } = require('./support/cleanup.js');
const { better } = require('./support/client.js');
const { RUN_ELSEWHERE, blocks, missingLine, pages } = require('./support/documentation.js');
const { proxyHandlers, scriptedProxy } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

const PASSPHRASE = 'secret of the key';
const BOT = JSON.stringify(require.resolve('./support/documented-bot.js'));

/** The packages that the examples import. */
const PACKAGES = {
  'slack-rtm-native': `Object.assign(exports, require(${BOT}));
    exports.RTMClient = exports.RTMClient; exports.ErrorCode = exports.ErrorCode;
    exports.LogLevel = exports.LogLevel; exports.retryPolicies = exports.retryPolicies;`,
  '@slack/rtm-api': `module.exports = require(${BOT});`,
  '@slack/web-api': `
    const { WebClient } = require(${JSON.stringify(require.resolve('@slack/web-api'))});
    exports.WebClient = class extends WebClient {
      constructor(token, options) {
        super(token, { slackApiUrl: process.env.SLACK_API_URL, ...options });
      }
    };`,
  'https-proxy-agent': `module.exports = require(${JSON.stringify(require.resolve('https-proxy-agent'))});`,
};

/** All examples that run, with their expected output. */
function examples() {
  return pages()
    .filter((page) => !(page in RUN_ELSEWHERE))
    .flatMap((page) => {
      const all = blocks(page);
      const run = all.filter(({ language }) => language === 'js' || language === 'ts');
      // The output of a block `node bot.js` belongs to the block that starts with the comment `// bot.js`.
      for (const { language, code, output } of all) {
        const [, file] = (language === 'sh' && /\bnode (\S+\.js)$/m.exec(code)) || [];
        const source = file && run.find((block) => block.code.startsWith(`// ${file}\n`));
        if (source && output) source.output = output;
      }
      return run;
    });
}

/** The activity in a workspace while an example listens. */
function act(slack) {
  const [ann, bob, carol] = ['ann', 'bob', 'carol'].map((name) => slack.user(name));
  const said = ann.say('#general', 'hello');
  ann.edit(said, 'hello, world');
  ann.react(said, 'wave');
  ann.typing('#general');
  ann.create('club');
  ann.invite('#club', 'robot');
  carol.join('#club');
  bob.dm(slack.bot, 'are you there?');
  bob.setPresence('away');
}

/** A workspace for an example. */
async function inWorkspace(t, code) {
  const bots = code.includes('SLACK_BOT_TOKENS') ? ['robot', 'second'] : ['robot'];
  const slack = await startWorkspace(t, { bots });
  return {
    apiUrl: slack.apiUrl,
    token: slack.token,
    env: { SLACK_BOT_TOKENS: slack.bots.map(({ token }) => token).join(','), ANSWERS_PINGS: '1' },
    clients: bots.length,
    ids: {
      C0123456789: slack.channel('#general').id,
      U0123456789: slack.user('ann').id,
      U9876543210: slack.user('bob').id,
    },
    act: () => act(slack),
    drop: () => slack.faults.drop(),
    end: () => slack.emit({ type: 'that_is_all' }),
    calls: () => slack.requests,
  };
}

/** A server with certificates for an example. */
async function secured(t, { leaf, ca }) {
  const server = await scriptedServer(t, {
    tls: { key: leaf.key, cert: leaf.fullChain, ca: ca.cert, requestCert: true, rejectUnauthorized: false },
  });
  const end = () => server.sockets.at(-1).send({ type: 'that_is_all' });
  return {
    apiUrl: server.apiUrl,
    token: server.token,
    env: {},
    clients: 1,
    ids: {},
    act() {},
    end,
    calls: () => server.calls,
  };
}

/** A folder for an example, with the packages and certificates. */
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

/** A process with its output. */
function start(t, command, args, options) {
  const child = spawn(command, args, options);
  atEnd(t, () => child.kill('SIGKILL'));
  const closed = once(child, 'close').then(([status]) => status);
  let output = '';
  let check = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      check();
    });
  }
  const count = () => output.match(/^READY$/gm)?.length ?? 0;
  /** Resolves when the process has printed READY so many times. Fails if it exits before. */
  const ready = (times) => {
    const reached = new Promise((resolve) => {
      check = () => count() >= times && resolve();
      check();
    });
    const ended = closed.then((status) =>
      assert.ok(count() >= times, `ended with ${status} before it was ready: ${output}`),
    );
    return Promise.race([reached, ended]);
  };
  return { child, closed, ready, printed: () => output };
}

const asJavaScript = ({ language, code }) => {
  const target = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  return language === 'ts' ? ts.transpileModule(code, { compilerOptions: target }).outputText : code;
};

describe('the examples of the documentation run unchanged:', { skip: missing, concurrency: 2 }, () => {
  const certificates = () => {
    const ca = authority('Documentation authority');
    return { ca, leaf: ca.issue(), client: ca.issue({ cn: 'bot', client: true }) };
  };
  for (const example of examples()) {
    const { page, line, heading } = example;
    better('it has its own documentation', `${page}:${line}, ${heading}`, async (t) => {
      const { ca, leaf, client } = certificates();
      const code = asJavaScript(example);
      const wantsProxy = /proxy\.example|HTTPS_PROXY/.test(code);
      const server = /\btls:|https\.Agent/.test(code) ? await secured(t, { leaf, ca }) : await inWorkspace(t, code);
      const proxy = wantsProxy ? await scriptedProxy(t, proxyHandlers.demand('bot', 's@cret')) : undefined;
      const folder = prepare(t, leaf, client);
      const file = /^import /m.test(code) ? 'example.mjs' : 'example.js';
      let runnable = proxy ? code.replaceAll('proxy.example:3128', `${proxy.host}:${proxy.port}`) : code;
      for (const [id, real] of Object.entries(server.ids)) runnable = runnable.replaceAll(id, real);
      writeFileSync(path.join(folder, file), runnable);
      const { NODE_TEST_CONTEXT, ...env } = process.env;
      const run = start(t, process.execPath, [file], {
        cwd: folder,
        env: {
          ...env,
          ...server.env,
          SLACK_BOT_TOKEN: server.token,
          SLACK_API_URL: server.apiUrl,
          KEY_PASSPHRASE: PASSPHRASE,
          PORT: '0',
          NODE_EXTRA_CA_CERTS: path.join(folder, 'authority.pem'),
          ...(code.includes('HTTPS_PROXY') && { HTTPS_PROXY: `http://bot:s%40cret@${proxy.host}:${proxy.port}` }),
        },
      });
      if (code.includes('.start(') && !code.includes('xoxb-not-a-token')) {
        await run.ready(server.clients);
        server.act();
        if (code.includes('reconnecting') && server.drop) {
          server.drop();
          await run.ready(2 * server.clients);
        }
        if (code.includes('SIGTERM')) run.child.kill('SIGTERM');
        else server.end();
      }
      assert.equal(await run.closed, 0, run.printed());
      assert.ok(server.calls().length > 0, run.printed());
      assert.equal(missingLine(example.output ?? [], run.printed()), undefined, `not printed, but: ${run.printed()}`);
      if (proxy) assert.equal(proxy.requests.length, 2);
    });
  }
});
