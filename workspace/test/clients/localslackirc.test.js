// The unmodified localslackirc (Debian), a gateway between IRC and Slack. It has Slack's address built in, so the test
// resolves slack.com to a TLS proxy in front of the workspace.
//
// It sends messages by chat.postMessage only, and no pings. On the RTM socket it therefore tests receiving, typing and
// reconnecting, but not replies.
'use strict';

const assert = require('node:assert');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const tls = require('node:tls');
const { startWorkspace } = require('../support');
const { localslackirc } = require('./programs');

const PYTHON = '/usr/bin/python3';
/** ms. Python starts slowly. */
const timeout = 30_000;

function skipReason() {
  if (!localslackirc) return 'localslackirc is not installed (Debian package localslackirc)';
  // Without this module, localslackirc 1.17 fails at the first message.
  if (spawnSync(PYTHON, ['-c', 'import emoji']).status !== 0)
    return 'the Debian package python3-emoji is not installed';
  if (spawnSync('openssl', ['version']).status !== 0) return 'openssl is not installed';
  return false;
}

/** A TLS proxy with a certificate for slack.com in front of the workspace. */
async function startProxy(t, slack) {
  // localslackirc changes to another user if root starts it. That user must be able to read the folder.
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'slack-com-'));
  fs.chmodSync(folder, 0o755);
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=slack.com',
      '-addext',
      'subjectAltName=DNS:slack.com',
    ],
    { stdio: 'ignore' },
  );
  const server = tls.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (socket) => {
    const onward = net.connect(Number(new URL(slack.apiUrl).port), '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return { port: server.address().port, cert };
}

async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Connects as soon as a server listens on the port. */
async function connectTo(port) {
  for (const until = Date.now() + timeout; ; ) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

/** A connection to an IRC server. */
class Irc {
  #lines = [];
  #wake = () => {};
  #ended = false;

  constructor(socket) {
    this.socket = socket;
    socket.on('error', () => {});
    createInterface(socket)
      .on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      })
      .on('close', () => {
        this.#ended = true;
        this.#wake();
      });
  }

  send(line) {
    this.socket.write(`${line}\r\n`);
  }

  /** The next line that matches. Earlier lines are dropped. */
  async next(pattern) {
    const seen = [];
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        if (pattern.test(line)) return line;
        seen.push(line);
      }
      if (this.#ended) throw new Error(`no ${pattern} before the end: ${seen.join('\n')}`);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

test('localslackirc connects, receives, sends, and reconnects after a drop', {
  skip: skipReason(),
  timeout: 120_000,
}, async (t) => {
  const den = { name: 'den', members: ['ann', 'robot'], topic: 'quiet' };
  const slack = await startWorkspace(t, { channels: ['general', den] });
  const { port, cert } = await startProxy(t, slack);
  const ircPort = await freePort();
  const child = spawn(PYTHON, [localslackirc, '--port', String(ircPort), '--autojoin'], {
    env: {
      PATH: process.env.PATH,
      PYTHONPATH: path.join(__dirname, 'redirect'),
      PYTHONDONTWRITEBYTECODE: '1',
      SLACK_COM_PORT: String(port),
      SSL_CERT_FILE: cert,
      TOKEN: slack.token,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const ended = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    if (errors) t.diagnostic(errors.trim().split('\n').slice(-8).join('\n'));
  });
  const irc = new Irc(await connectTo(ircPort));
  t.after(() => irc.socket.destroy());
  irc.send('NICK robot');
  irc.send('USER robot 8 * :Robot');

  // Connecting: the team's name, the channels and their members.
  await irc.next(/ 002 robot :Your team domain is: local-workspace$/);
  await irc.next(/ JOIN #general$/);
  assert.match(await irc.next(/ 353 robot = #general :/), /:(?=.*\bann\b)(?=.*\bbob\b)(?=.*\bcarol\b)(?=.*\brobot\b)/);
  await irc.next(/ JOIN #den$/);
  await irc.next(/ 332 robot #den :quiet$/);
  assert.match(await irc.next(/ 353 robot = #den :/), /:(ann robot|robot ann)$/);
  await slack.nextConnection({ timeout });
  const first = slack.connections[0];

  // Receiving, with a mention and with Slack's escapes.
  const ann = slack.user('ann');
  ann.say('#general', `hi <@${slack.bot.id}>, 1 &lt; 2 é 🎉`);
  assert.strictEqual(
    await irc.next(/ PRIVMSG #general :/),
    ':ann!ann@127.0.0.1 PRIVMSG #general :hi robot, 1 < 2 é 🎉',
  );
  ann.dm(slack.bot, 'psst');
  assert.strictEqual(await irc.next(/ PRIVMSG robot :/), ':ann!ann@127.0.0.1 PRIVMSG robot :psst');

  // Sending to a channel and to a person. localslackirc drops the event of its own message by its `ts`.
  irc.send('PRIVMSG #general :hello bob & <all> é');
  const posted = await slack.nextMessage({ in: '#general', timeout });
  assert.strictEqual(posted.text, `hello <@${slack.user('bob').id}> &amp; &lt;all&gt; é`);
  irc.send('PRIVMSG ann :psst yourself');
  assert.strictEqual((await slack.nextMessage({ in: '@ann', timeout })).text, 'psst yourself');
  ann.say('#general', 'after the echo');
  assert.match(await irc.next(/ PRIVMSG /), /:after the echo$/);

  // localslackirc shows a thread as a channel.
  const parent = ann.say('#den', 'a question');
  ann.say('#den', 'more of it', { thread_ts: parent.ts });
  await irc.next(/ PRIVMSG #den :a question$/);
  await irc.next(new RegExp(` JOIN #t-den-${parent.ts}$`));
  irc.send(`PRIVMSG #t-den-${parent.ts} :an answer`);
  const answer = await slack.nextMessage({ in: '#den', timeout });
  assert.deepStrictEqual([answer.text, answer.thread_ts], ['an answer', parent.ts]);

  // The command `annoy` sends `typing` whenever the given user types.
  irc.send('annoy ann');
  await irc.next(/Will annoy ann/);
  ann.typing('#general');
  await slack.nextFrame({ type: 'typing', timeout });

  // A dropped connection. localslackirc reads the missed messages from the history.
  slack.faults.drop();
  ann.say('#general', 'said meanwhile');
  await first.closed;
  await slack.nextConnection({ timeout });
  await irc.next(/ PRIVMSG #general :said meanwhile$/);
  ann.say('#general', 'still there?');
  await irc.next(/ PRIVMSG #general :still there\?$/);
  irc.send('PRIVMSG #general :still here');
  assert.strictEqual((await slack.nextMessage({ in: '#general', timeout })).text, 'still here');
  assert.strictEqual(child.exitCode, null);
});
