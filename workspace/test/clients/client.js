// Runs a Python script that uses an independent client. The test sends commands and reads reports, both as lines of JSON.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { python } = require('./programs');

class Client {
  #child;
  /** @type {Record<string, unknown>[]} reports that the test has not read */
  #reports = [];
  #errors = '';
  #ended = false;
  #wake = () => {};

  /**
   * @param {import('node:test').TestContext} t the process is killed after this test
   * @param {string} script in this folder
   * @param {{ apiUrl: string, token: string }} slack
   */
  constructor(t, script, { apiUrl, token }) {
    this.#child = spawn(String(python), ['-u', path.join(__dirname, script)], {
      env: { ...process.env, SLACK_API_URL: apiUrl, SLACK_TOKEN: token, PYTHONDONTWRITEBYTECODE: '1' },
    });
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#reports.push(JSON.parse(line));
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

  /** @param {Record<string, unknown>} command */
  send(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /**
   * The oldest unread report with these fields. Waits until there is one.
   *
   * @param {Record<string, unknown>} fields
   */
  async next(fields) {
    for (;;) {
      const index = this.#reports.findIndex((line) =>
        Object.entries(fields).every(([key, value]) => line[key] === value),
      );
      if (index >= 0) return this.#reports.splice(index, 1)[0];
      if (this.#ended) throw new Error(`no ${JSON.stringify(fields)} before the client ended: ${this.#summary()}`);
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #summary() {
    return `${JSON.stringify(this.#reports.slice(-10))} ${this.#errors.slice(-2000)}`;
  }
}

module.exports = { Client };
