// Runs a function in a child process or a worker thread: for code that ends its process, or blocks its event loop while the
// test's server must respond.
//
// The function is passed as text, so it cannot use the test's variables. Its context is
//   RTMClient, ErrorCode  the package under test
//   client(options)       a client of the session's workspace that prints no log
//   next(rtm, name)       resolves with the arguments of the next event of that name
//   report(value)         sends a JSON value to the test immediately
//   input                 a JSON value from the test
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { atEnd } = require('./cleanup.js');

/** Writes each report synchronously as one line, so that none is lost when the process ends. */
const TO_STDOUT = `(value) => require('node:fs').writeSync(1, JSON.stringify(value) + '\\n')`;
const TO_PARENT = `(value) => require('node:worker_threads').parentPort.postMessage(value)`;

function codeOf(fn, slack, input, report) {
  return `
    const { ErrorCode, RTMClient, recordingLogger, next } = require(${JSON.stringify(path.join(__dirname, 'client.js'))});
    const quiet = { logger: recordingLogger(), slackApiUrl: ${JSON.stringify(slack?.apiUrl)} };
    const client = (options) => new RTMClient(${JSON.stringify(slack?.token)}, { ...quiet, ...options });
    const report = ${report};
    (${fn})({ ErrorCode, RTMClient, client, next, report, input: ${JSON.stringify(input)} });
  `;
}

/** A queue that hands out each report once, in the order of arrival. */
class Reports {
  all = [];
  #waiting = [];
  #taken = 0;
  #end;

  add(report) {
    this.all.push(report);
    if (this.#waiting.length > 0) this.#waiting.shift().resolve(this.all[this.#taken++]);
  }

  next() {
    if (this.#taken < this.all.length) return Promise.resolve(this.all[this.#taken++]);
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** No report follows. */
  end(why) {
    this.#end = new Error(`no report: ${why}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}

/**
 * Runs a function in a child process, which is killed if the test ends first.
 * @param {import('node:test').TestContext} t
 * @param {import('slack-rtm-workspace').Workspace | undefined} slack
 * @param {(context: any) => void} fn
 * @param {{ input?: any, flags?: string[] }} [options] `flags` are Node's command-line options
 */
function inProcess(t, slack, fn, { input = null, flags = [] } = {}) {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const child = spawn(process.execPath, [...flags, '-e', codeOf(fn, slack, input, TO_STDOUT)], {
    cwd: path.join(__dirname, '../..'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const reports = new Reports();
  let line = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (line + text).split('\n');
    line = lines.pop();
    for (const one of lines) reports.add(JSON.parse(one));
  });
  const closed = once(child, 'close');
  closed.then(([code, signal]) => reports.end(`the process ended (${signal ?? code}): ${stderr}`));
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    /** The next report. */
    report: () => reports.next(),
    /** How the process ended, with all its reports and its stderr. */
    ended: closed.then(([code, signal]) => ({ code, signal, reports: reports.all, stderr })),
  };
}

/**
 * Runs a function in a worker thread of the test's process.
 * @param {import('slack-rtm-workspace').Workspace | undefined} slack
 * @param {(context: any) => void} fn
 * @param {any} [input]
 */
function inWorker(slack, fn, input = null) {
  const worker = new Worker(codeOf(fn, slack, input, TO_PARENT), { eval: true });
  const reports = new Reports();
  worker.on('message', (report) => reports.add(report));
  const ended = once(worker, 'exit').then(([code]) => code);
  ended.then(
    (code) => reports.end(`the worker ended (${code})`),
    () => {},
  );
  return { worker, report: () => reports.next(), ended };
}

module.exports = { inProcess, inWorker };
