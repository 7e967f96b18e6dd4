// A user's project in a temporary folder: installs packages from the local registry, and runs programs.
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { atEnd } = require('../../support/cleanup.js');
const { cleanEnvironment } = require('./registry.js');

class App {
  #t;

  constructor(t, folder) {
    this.#t = t;
    this.folder = folder;
  }

  /** A file's path. */
  path(...parts) {
    return path.join(this.folder, ...parts);
  }

  write(name, text) {
    mkdirSync(path.dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), typeof text === 'string' ? text : JSON.stringify(text));
  }

  /** Copies a file or a folder into the project. */
  copy(from, name = path.basename(from)) {
    cpSync(from, this.path(name), { recursive: true });
  }

  /** Links a package that is installed in another folder. */
  link(name, modules) {
    mkdirSync(path.dirname(this.path('node_modules', name)), { recursive: true });
    symlinkSync(path.join(modules, name), this.path('node_modules', name), 'junction');
  }

  /** Installs packages with npm, from the registry. */
  async install(registry, ...packages) {
    await this.done(['npm', 'install', '--prefer-offline', '--loglevel=error', ...packages], { env: registry.env });
  }

  /**
   * Starts a program in the project, which is killed if the test ends first.
   * @param {string[]} command
   * @param {{ env?: NodeJS.ProcessEnv, t?: import('node:test').TestContext }} [options]
   */
  run([command, ...args], { env = {}, t = this.#t } = {}) {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
    atEnd(t, async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const early = ended.then((end) => {
      throw new Error(`${[command, ...args].join(' ')} ended:\n${JSON.stringify(end, null, 2)}`);
    });
    early.catch(() => {});
    return {
      /** Its exit code or signal, and its output. */
      ended,
      /** Awaits a promise. Rejects if the program ends before. */
      until: (awaited) => Promise.race([awaited, early]),
    };
  }

  /** Runs a program, which must exit with code 0. Resolves with its stdout. */
  async done(command, options) {
    const end = await this.run(command, options).ended;
    if (end.code !== 0) throw new Error(`${command.join(' ')} failed:\n${JSON.stringify(end, null, 2)}`);
    return end.stdout;
  }
}

/**
 * An empty project. Its folder is removed when the test ends.
 * @param {import('node:test').TestContext} t
 * @param {object} [manifest]
 */
function newApp(t, manifest = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rtm-app-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  const app = new App(t, folder);
  app.write('package.json', { private: true, ...manifest });
  return app;
}

module.exports = { newApp };
