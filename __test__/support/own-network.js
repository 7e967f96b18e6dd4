// Code that runs in a process with a network of its own (Linux, as root): what happens to routes and names there
// touches nothing else, and ends with the process. Owns the process, and the cable to it; what is done with both is
// the test's.
//
//   const child = await inOwnNetwork(t, fn, input);   // `fn` is a function's text, as with child.js; its context:
//                                                     //   client(options), next, input; report(value), order();
//                                                     //   run(program, ...args)
//   const value = await child.report();               // what it reports, in order
//   child.order(value);                               // what its next order() resolves with
//   const cable = layCable(t, child.pid);             // { here, there }: addresses of its two ends
//   cable.cut(); cable.mend();                        // without a word to anybody
//   missing                                           // false, or why there is none: for `skip`
'use strict';

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { on, once } = require('node:events');
const path = require('node:path');
const { atEnd } = require('./cleanup.js');

/** With mounts of its own, so that it may have its own /etc/resolv.conf; and the loopback up. */
const ENTER = ['unshare', '--net', '--mount', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

/** Tried once, between nothing and nothing. */
const CABLE = ['ip', 'link', 'add', 'name', 'near', 'type', 'veth', 'peer', 'name', 'far'];

const missing = whyMissing();

function whyMissing() {
  if (process.platform !== 'linux') return "networks of one's own are Linux's";
  const [program, ...args] = [...ENTER, ...CABLE];
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return false;
  return `no network of one's own: ${(error?.message ?? stderr).split('\n')[0]}`;
}

function run(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function codeOf(fn, input) {
  return `
    const { RTMClient, recordingLogger, next } = require(${JSON.stringify(path.join(__dirname, 'client.js'))});
    const client = (token, options) => new RTMClient(token, { logger: recordingLogger(), ...options });
    const report = (value) => process.send(value);
    const order = async () => (await require('node:events').once(process, 'message'))[0];
    ${run}
    const { execFileSync } = require('node:child_process');
    process.on('disconnect', () => process.exit());
    (${fn})({ client, next, order, report, run, input: ${JSON.stringify(input)} });
  `;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {(context: any) => void} fn
 * @param {any} [input]
 */
function inOwnNetwork(t, fn, input = null) {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const [program, ...args] = [...ENTER, process.execPath, '-e', codeOf(fn, input)];
  const cwd = path.join(__dirname, '../..');
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const reports = on(child, 'message');
  const exited = once(child, 'exit');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    pid: child.pid,
    report: async () => (await reports.next()).value[0],
    order: (value) => child.send(value),
  };
}

/** Enters the network of a process. */
const inside = (pid, ...command) => run('nsenter', `--net=/proc/${pid}/ns/net`, ...command);

/**
 * A cable from this network to that of a process which runs there, with an address at either end.
 * @param {import('node:test').TestContext} t
 * @param {number} pid
 */
function layCable(t, pid) {
  const near = `rtm${pid}`;
  // Of the addresses for tests of network devices, by the process' number.
  const subnet = `198.${18 + ((pid >> 14) & 1)}.${(pid >> 6) & 255}`;
  const [here, there] = [1, 2].map((end) => `${subnet}.${((pid << 2) & 255) + end}`);
  run('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(pid));
  atEnd(t, () => spawnSync('ip', ['link', 'delete', near]));
  run('ip', 'address', 'add', `${here}/30`, 'dev', near);
  run('ip', 'link', 'set', near, 'up');
  inside(pid, 'ip', 'address', 'add', `${there}/30`, 'dev', 'cable');
  inside(pid, 'ip', 'link', 'set', 'cable', 'up');
  return {
    here,
    there,
    cut: () => run('ip', 'link', 'set', near, 'down'),
    mend: () => run('ip', 'link', 'set', near, 'up'),
  };
}

module.exports = { inOwnNetwork, layCable, missing };
