// A Redis server for tests and examples. It listens on a Unix socket in a temporary folder.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

/** False, or the reason why Redis cannot be started: a value for the `skip` option of a test. */
const missing =
  spawnSync('redis-server', ['--version']).status !== 0 &&
  'redis-server is not installed (Debian: apt-get install redis-server)';

class RedisServer {
  #folder = mkdtempSync(path.join(tmpdir(), 'rtm-redis-'));
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;

  /** The value for REDIS_URL. */
  url = path.join(this.#folder, 'socket');

  /** Starts the server. With `keep`, it writes each change to disk before it acknowledges it, and has its data after a restart. */
  async start({ keep = false } = {}) {
    const settings = {
      port: '0',
      unixsocket: this.url,
      dir: this.#folder,
      save: '',
      appendonly: keep ? 'yes' : 'no',
      appendfsync: 'always',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true }); // so that Ctrl-C does not stop it
    this.#child = child;
    let output = '';
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server exited:\n${output}`)));
      child.stdout.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (/ready to accept connections/i.test(output)) resolve(undefined);
      });
    });
    return this;
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    this.#child?.kill(signal);
  }

  /** Kills the server without a shutdown, as a machine failure would. */
  async kill() {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async close() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

module.exports = { RedisServer, missing };
