// What an example is shown on: workspaces, the example's process, and lines that tell what happens. Owns their start and end.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { examples } from './prepare.mjs';

const { Workspace } = createRequire(import.meta.url)('slack-rtm-workspace');

/** So long, in ms, an example may take for what it is expected to do. */
const PATIENCE = 60_000;

/** A process of an example, and what it prints. */
export class Program {
  #unread = [];
  #waiting = new Set();

  constructor(command, args, env, show) {
    const { SLACK_BOT_TOKEN, NODE_TEST_CONTEXT, ...inherited } = process.env;
    this.child = spawn(command, args, {
      cwd: examples,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32', // Ctrl-C is for the stage, which then asks the example to end
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.exited.then(
      ({ code, signal }) => this.#fail(`the example has ended (${signal ?? code})`),
      (error) => this.#fail(error.message),
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        show(line);
        this.#unread.push(line);
        for (const { look } of this.#waiting) look();
      });
    }
  }

  /** Waits until it has printed so many lines that match, of those that no earlier call has waited for. */
  async prints(pattern, count = 1) {
    for (let found = 0; found < count; found += 1) await this.#line(pattern);
  }

  #line(pattern) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        settle(value);
      };
      const look = () => {
        const index = this.#unread.findIndex((line) => pattern.test(line));
        if (index >= 0) end(resolve, this.#unread.splice(index, 1));
      };
      const fail = (why) => end(reject, new Error(`${why}; it was to print ${pattern}`));
      const timer = setTimeout(() => fail(`nothing in ${PATIENCE / 1000} s`), PATIENCE);
      const waiting = { look, fail };
      this.#waiting.add(waiting);
      look();
    });
  }

  #fail(why) {
    for (const { fail } of [...this.#waiting]) fail(why);
  }

  /** Asks it to end, where it has not done so by itself; it must do so with code 0. */
  async end(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const ended = await this.exited;
    if (ended.code !== 0) throw new Error(`the example ended with ${ended.signal ?? ended.code}`);
  }
}

export class Stage {
  #ends = [];
  #folder = mkdtempSync(join(tmpdir(), 'rtm-example-'));
  /** What runs until Ctrl-C. */
  programs = [];

  line(who, text) {
    console.log(`${who.padEnd(8)} ${text}`);
  }

  /** Does this at the end, before what was registered earlier. */
  atEnd(end) {
    this.#ends.unshift(end);
  }

  /** A workspace, of which is shown who says and types what, and where. */
  async workspace(options, { quiet = false } = {}) {
    const slack = await Workspace.start(options);
    this.atEnd(() => slack.close());
    if (quiet) return slack;
    this.page = slack.pageUrl;
    const name = (id) => slack.users.find((user) => user.id === id).name;
    const place = (id) => {
      const { isIm, name: channel, members } = slack.channel(id);
      return isIm ? `@${[...members].map(name).find((other) => other !== slack.bot.name)}` : `#${channel}`;
    };
    slack.events.on('message', ({ user, channel, text }) => this.line(name(user), `${place(channel)}: ${text}`));
    slack.events.on('typing', ({ user, channel }) => this.line(name(user), `types in ${place(channel)}`));
    return slack;
  }

  /** A file that the example reads. */
  file(name, value) {
    const path = join(this.#folder, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  }

  /** Runs an example; what it prints is shown. */
  node(file, env) {
    return this.run(process.execPath, [join(examples, file)], env);
  }

  run(command, args, env, show = (line) => this.line('prints', line)) {
    const program = new Program(command, args, env, show);
    this.programs.push(program);
    this.atEnd(() => program.child.kill('SIGKILL'));
    return program;
  }

  /** The token and the address of a workspace, for an example. */
  access({ token, apiUrl }) {
    return { SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl };
  }

  async close() {
    for (const end of this.#ends) await end();
    rmSync(this.#folder, { recursive: true });
  }
}
