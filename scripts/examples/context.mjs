// Runs an example: starts its workspaces and its process, prints what happens, and cleans up at the end.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { examples } from './prepare.mjs';

const { Workspace } = createRequire(import.meta.url)('slack-rtm-workspace');

/** Time limit, in ms, for an expected line of output. */
const OUTPUT_TIMEOUT = 60_000;

/** A process of an example, and its output. */
export class Program {
  #unread = [];
  #waiting = new Set();

  constructor(command, args, env, show) {
    const { SLACK_BOT_TOKEN, NODE_TEST_CONTEXT, ...inherited } = process.env;
    this.child = spawn(command, args, {
      cwd: examples,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32', // Ctrl-C goes to this process only; it then sends SIGTERM to the example
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.exited.then(
      ({ code, signal }) => this.#fail(`the example exited (${signal ?? code})`),
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

  /** Waits until the process has printed `count` more matching lines. A line counts for one call only. */
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
      const fail = (why) => end(reject, new Error(`${why}; expected a line that matches ${pattern}`));
      const timer = setTimeout(() => fail(`timed out after ${OUTPUT_TIMEOUT / 1000} s`), OUTPUT_TIMEOUT);
      const waiting = { look, fail };
      this.#waiting.add(waiting);
      look();
    });
  }

  #fail(why) {
    for (const { fail } of [...this.#waiting]) fail(why);
  }

  /** Sends a signal, if the process is still running. Throws unless it exits with code 0. */
  async end(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const { code, signal: killedBy } = await this.exited;
    if (code !== 0) throw new Error(`the example exited with ${killedBy ?? code}`);
  }
}

export class ExampleContext {
  #cleanups = [];
  #folder = mkdtempSync(join(tmpdir(), 'rtm-example-'));
  /** All processes that were started. */
  programs = [];

  /** Prints a line: who acts, and what happens. */
  print(who, text) {
    console.log(`${who.padEnd(8)} ${text}`);
  }

  /** Registers a cleanup function. The last one registered runs first. */
  onClose(cleanup) {
    this.#cleanups.unshift(cleanup);
  }

  /** Starts a workspace. Its messages and typing indicators are printed, unless it is `quiet`. */
  async workspace(options, { quiet = false } = {}) {
    const slack = await Workspace.start(options);
    this.onClose(() => slack.close());
    if (quiet) return slack;
    this.page = slack.pageUrl;
    const name = (id) => slack.users.find((user) => user.id === id).name;
    const place = (id) => {
      const { isIm, name: channel, members } = slack.channel(id);
      return isIm ? `@${[...members].map(name).find((other) => other !== slack.bot.name)}` : `#${channel}`;
    };
    slack.events.on('message', ({ user, channel, text }) => this.print(name(user), `${place(channel)}: ${text}`));
    slack.events.on('typing', ({ user, channel }) => this.print(name(user), `types in ${place(channel)}`));
    return slack;
  }

  /** Writes a JSON file for the example and returns its path. */
  file(name, value) {
    const path = join(this.#folder, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  }

  /** Runs an example with Node. Its output is printed. */
  node(file, env) {
    return this.run(process.execPath, [join(examples, file)], env);
  }

  run(command, args, env, show = (line) => this.print('prints', line)) {
    const program = new Program(command, args, env, show);
    this.programs.push(program);
    this.onClose(() => program.child.kill('SIGKILL'));
    return program;
  }

  /** The environment variables that connect an example to a workspace. */
  access({ token, apiUrl }) {
    return { SLACK_BOT_TOKEN: token, SLACK_API_URL: apiUrl };
  }

  async close() {
    for (const cleanup of this.#cleanups) await cleanup();
    rmSync(this.#folder, { recursive: true });
  }
}
