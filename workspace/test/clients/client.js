// Owns running a client that nobody here wrote, in a process of its own: a short script that uses it, told what to do by
// lines of JSON and telling what happens by such lines.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { python } = require('./programs');

class Client {
  #child;
  /** @type {Record<string, unknown>[]} told, and not handed out yet */
  #told = [];
  #errors = '';
  #ended = false;
  #wake = () => {};

  /**
   * @param {import('node:test').TestContext} t which it ends with
   * @param {string} script in this folder
   * @param {{ apiUrl: string, token: string }} slack
   */
  constructor(t, script, { apiUrl, token }) {
    this.#child = spawn(String(python), ['-u', path.join(__dirname, script)], {
      env: { ...process.env, SLACK_API_URL: apiUrl, SLACK_TOKEN: token, PYTHONDONTWRITEBYTECODE: '1' },
    });
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#told.push(JSON.parse(line));
      this.#wake();
    });
    this.#child.stderr.on('data', (text) => {
      this.#errors += text;
    });
    this.#child.stdin.on('error', () => {});
    const closed = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#child.on('close', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
    t.after(async () => {
      this.#child.kill('SIGKILL');
      await closed;
    });
  }

  /** @param {Record<string, unknown>} order */
  tell(order) {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  /**
   * The oldest line that has all these members and was not handed out; else waits for it.
   *
   * @param {Record<string, unknown>} members
   */
  async hears(members) {
    for (;;) {
      const index = this.#told.findIndex((line) =>
        Object.entries(members).every(([key, value]) => line[key] === value),
      );
      if (index >= 0) return this.#told.splice(index, 1)[0];
      if (this.#ended) throw new Error(`no ${JSON.stringify(members)} until the client ended: ${this.#seen()}`);
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #seen() {
    return `${JSON.stringify(this.#told.slice(-10))} ${this.#errors.slice(-2000)}`;
  }
}

module.exports = { Client };
