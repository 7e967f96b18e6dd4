// Running the command in a process.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const COMMAND = path.join(__dirname, '..', 'bin', 'slack-rtm-workspace.js');

/** An empty folder, deleted after the test. */
function newFolder(t) {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'workspace-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One run of the command. It is killed after the test if it is still running. */
class Run {
  output = '';
  errors = '';
  #wake = () => {};

  /**
   * @param {import('node:test').TestContext} t
   * @param {string[]} args
   * @param {{ node?: string, command?: string[], env?: Record<string, string>, cwd?: string }} [how]
   */
  constructor(t, args, { node = process.execPath, command = [node, COMMAND], env = {}, cwd } = {}) {
    const [file, ...first] = command;
    // A process group, so that the processes of a wrapper such as npx end together.
    this.child = spawn(file, [...first, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      this.output += text;
      this.#wake();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors += text;
      this.#wake();
    });
    /** @type {Promise<{ code: number | null, signal: string | null, output: string, errors: string }>} */
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject).on('close', (code, signal) => {
        resolve({ code, signal, output: this.output, errors: this.errors });
        this.#wake();
      });
    });
    t.after(async () => {
      this.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Sends a signal to all processes of the run. */
  kill(signal) {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-this.child.pid, signal);
  }

  /** Waits until the output matches, and returns the match. */
  async prints(pattern) {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.child.exitCode !== null)
        throw new Error(`ended with ${this.child.exitCode}: ${this.output}${this.errors}`);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits until the workspace is running, and returns the printed URLs, token and code. */
  async started() {
    const [, apiUrl, token, page, line] = await this.prints(
      /API URL {2}(\S+)\n {2}Token {4}(\S+)\n {2}Page {5}(\S+)\n\nConnect a bot:\n\n {2}(.*)\n/,
    );
    return { apiUrl, token, page, line };
  }
}

module.exports = { Run, newFolder };
