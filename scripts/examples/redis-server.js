// A Redis server for a test or a demonstration, on a socket in a folder of its own. Owns its start, what is done to it, and
// its end.
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

/** Why there is none, or false: for `skip`. */
const missing =
  spawnSync('redis-server', ['--version']).status !== 0 &&
  'redis-server is not installed (Debian: apt-get install redis-server)';

class RedisServer {
  #folder = mkdtempSync(path.join(tmpdir(), 'rtm-redis-'));
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;

  /** For REDIS_URL. */
  url = path.join(this.#folder, 'socket');

  /** Starts it, empty unless it keeps what it had: with `keep`, all is on the disk before it is acknowledged. */
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
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true }); // not for Ctrl-C
    this.#child = child;
    let output = '';
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server ended:\n${output}`)));
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

  /** Ends it as a failing machine does. */
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
