// localslackirc (Debian), unmodified, against the workspace: an IRC client talks to it, and it talks to Slack. Slack's
// address is written into it, so its look-up of slack.com leads to a TLS proxy in front of the workspace.
//
// It sends messages by chat.postMessage alone and no pings, so of the RTM socket it shows receiving, typing and
// reconnecting, not replies.
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
/** ms; Python starts slowly */
const timeout = 30_000;

function whyNot() {
  if (!localslackirc) return 'localslackirc is not here; it is the Debian package of that name';
  // Without it, localslackirc 1.17 fails at the first message.
  if (spawnSync(PYTHON, ['-c', 'import emoji']).status !== 0) return 'the Debian package python3-emoji is not here';
  if (spawnSync('openssl', ['version']).status !== 0) return 'openssl is not here';
  return false;
}

/** A TLS server with a certificate for slack.com, which hands everything on to the workspace. */
async function slackCom(t, slack) {
  // Readable by the user that localslackirc becomes where it is started as root.
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

/** Connects as soon as somebody listens. */
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

/** What an IRC server says, line by line. */
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

  say(line) {
    this.socket.write(`${line}\r\n`);
  }

  /** The next line that matches; those before it are left out. */
  async hears(pattern) {
    const seen = [];
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        if (pattern.test(line)) return line;
        seen.push(line);
      }
      if (this.#ended) throw new Error(`no ${pattern} until the end: ${seen.join('\n')}`);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

test('localslackirc connects, receives, sends, survives a drop', { skip: whyNot(), timeout: 120_000 }, async (t) => {
  const den = { name: 'den', members: ['ann', 'robot'], topic: 'quiet' };
  const slack = await startWorkspace(t, { channels: ['general', den] });
  const { port, cert } = await slackCom(t, slack);
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
  irc.say('NICK robot');
  irc.say('USER robot 8 * :Robot');

  // Connecting: it names the team, joins the channels, and lists who is there.
  await irc.hears(/ 002 robot :Your team domain is: local-workspace$/);
  await irc.hears(/ JOIN #general$/);
  assert.match(await irc.hears(/ 353 robot = #general :/), /:(?=.*\bann\b)(?=.*\bbob\b)(?=.*\bcarol\b)(?=.*\brobot\b)/);
  await irc.hears(/ JOIN #den$/);
  await irc.hears(/ 332 robot #den :quiet$/);
  assert.match(await irc.hears(/ 353 robot = #den :/), /:(ann robot|robot ann)$/);
  await slack.nextConnection({ timeout });
  const first = slack.connections[0];

  // Receiving, with a mention and what Slack escapes.
  const ann = slack.user('ann');
  ann.say('#general', `hi <@${slack.bot.id}>, 1 &lt; 2 é 🎉`);
  assert.strictEqual(
    await irc.hears(/ PRIVMSG #general :/),
    ':ann!ann@127.0.0.1 PRIVMSG #general :hi robot, 1 < 2 é 🎉',
  );
  ann.dm(slack.bot, 'psst');
  assert.strictEqual(await irc.hears(/ PRIVMSG robot :/), ':ann!ann@127.0.0.1 PRIVMSG robot :psst');

  // Sending: to a channel, and to a person. It leaves out the echo of its own messages by their `ts`.
  irc.say('PRIVMSG #general :hello bob & <all> é');
  const posted = await slack.nextMessage({ in: '#general', timeout });
  assert.strictEqual(posted.text, `hello <@${slack.user('bob').id}> &amp; &lt;all&gt; é`);
  irc.say('PRIVMSG ann :psst yourself');
  assert.strictEqual((await slack.nextMessage({ in: '@ann', timeout })).text, 'psst yourself');
  ann.say('#general', 'after the echo');
  assert.match(await irc.hears(/ PRIVMSG /), /:after the echo$/);

  // A thread is a channel of its own.
  const parent = ann.say('#den', 'a question');
  ann.say('#den', 'more of it', { thread_ts: parent.ts });
  await irc.hears(/ PRIVMSG #den :a question$/);
  await irc.hears(new RegExp(` JOIN #t-den-${parent.ts}$`));
  irc.say(`PRIVMSG #t-den-${parent.ts} :an answer`);
  const answer = await slack.nextMessage({ in: '#den', timeout });
  assert.deepStrictEqual([answer.text, answer.thread_ts], ['an answer', parent.ts]);

  // A frame of its own on the socket: it types when somebody whom it is to annoy types.
  irc.say('annoy ann');
  await irc.hears(/Will annoy ann/);
  ann.typing('#general');
  await slack.nextFrame({ type: 'typing', timeout });

  // A dropped connection. What was said meanwhile it takes from the history.
  slack.faults.drop();
  ann.say('#general', 'said meanwhile');
  await first.closed;
  await slack.nextConnection({ timeout });
  await irc.hears(/ PRIVMSG #general :said meanwhile$/);
  ann.say('#general', 'still there?');
  await irc.hears(/ PRIVMSG #general :still there\?$/);
  irc.say('PRIVMSG #general :still here');
  assert.strictEqual((await slack.nextMessage({ in: '#general', timeout })).text, 'still here');
  assert.strictEqual(child.exitCode, null);
});
