// Runs code in a process with its own network namespace (Linux, as root). Changes to its routes and name resolution affect no other
// process, and end with it.
//
//   const child = await inOwnNetwork(t, fn, input);   // `fn` runs in the process, as with child.js. Its context:
//                                                     //   client(options), next, input; report(value), order();
//                                                     //   run(program, ...args)
//   const value = await child.report();               // the next reported value
//   child.order(value);                               // resolves the next order() of the process
//   const cable = layCable(t, child.pid);             // { here, there }: the addresses of the two ends of a virtual cable
//   cable.cut(); cable.mend();                        // cuts and repairs it, silently
//   missing                                           // false, or why namespaces are not available: for `skip`
'use strict';

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { on, once } = require('node:events');
const path = require('node:path');
const { atEnd } = require('./cleanup.js');

/** With its own mounts, so that it can have its own /etc/resolv.conf, and with the loopback interface up. */
const ENTER = ['unshare', '--net', '--mount', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];

/** Creates a cable, to find out whether that is possible. */
const CABLE = ['ip', 'link', 'add', 'name', 'near', 'type', 'veth', 'peer', 'name', 'far'];

const missing = whyMissing();

function whyMissing() {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  const [program, ...args] = [...ENTER, ...CABLE];
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return false;
  return `no network namespace: ${(error?.message ?? stderr).split('\n')[0]}`;
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

/** Runs a command in the network namespace of a process. */
const inside = (pid, ...command) => run('nsenter', `--net=/proc/${pid}/ns/net`, ...command);

/**
 * Lays a virtual cable from this network to that of a process, with an address at each end.
 * @param {import('node:test').TestContext} t
 * @param {number} pid
 */
function layCable(t, pid) {
  const near = `rtm${pid}`;
  // An address range for benchmarks of network devices (RFC 2544), chosen by the process id.
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
