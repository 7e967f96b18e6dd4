// Proxy programs for one test, on free loopback ports. Each runs in its own process behind a relay, and ends with the test.
//
//   const proxy = await tinyproxy(t, { user: 'robot', password: 'secret' });    // HTTP: CONNECT and absolute URLs
//   const proxy = await squid(t, { user, password, tls: { key, cert } });       // the same; `tls`: an https: proxy
//   const proxy = await microsocks(t, { user, password });                      // SOCKS 5
//   const proxy = await dante(t, { refuse: true });                             // SOCKS 4, 4a and 5
//   const front = await tlsFront(t, proxy, { key, cert, ca, requestCert: true }); // TLS in front of any proxy
//   missing.squid                                     // false, or the reason why squid cannot run: for `skip`
//
//   proxy.host; proxy.port; proxy.url;                // the URL contains user and password, percent-encoded
//   proxy.urlWith({ scheme: 'socks5h', host: 'localhost', user: 'other', password: 'wrong' });  // replaces any of them
//   proxy.connections; proxy.open; proxy.drop();      // see counted-server.js
//   proxy.output();                                   // the program's output
//   front.clients;                                    // one for each TLS handshake: { servername, alpn, authorized, cn }
//   front.failures;                                   // the errors of failed handshakes
'use strict';

const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { atEnd } = require('./cleanup.js');
const { CountedServer, connected, joinTo } = require('./counted-server.js');

/** The path of a program. Daemons may be in folders that PATH does not contain. */
function programOf(name) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** Squid's password checker. No PATH contains its folder. */
const PASSWORD_CHECKER = ['/usr/lib/squid', '/usr/lib64/squid', '/usr/libexec/squid', '/usr/local/libexec/squid']
  .map((folder) => path.join(folder, 'basic_ncsa_auth'))
  .find((file) => fs.existsSync(file));

function reasonMissing(name) {
  return programOf(name) === undefined && `${name} is not installed`;
}

/** For each program: `false`, or the reason why it cannot run here, for `skip`. */
const missing = {
  tinyproxy: reasonMissing('tinyproxy'),
  squid: reasonMissing('squid') || (PASSWORD_CHECKER === undefined && 'basic_ncsa_auth of squid is not installed'),
  microsocks: reasonMissing('microsocks'),
  dante: reasonMissing('danted'),
};

/** Each test process has its own loopback address, so that no other process takes a port between its choice and its use. */
const LOOPBACK =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`
    : '127.0.0.1';

async function freePort() {
  const server = net.createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What ends the programs if the process exits before the tests have ended them. */
const runningPrograms = new Set();
process.on('exit', () => {
  for (const end of runningPrograms) end();
});

let count = 0;

/**
 * @typedef {object} Place where a program runs
 * @property {string} host
 * @property {number} port
 * @property {string} name unique; letters and digits
 * @property {string} folder unique
 * @property {(name: string, text: string) => string} file writes a file in the folder and returns its path
 */

/** @returns {Promise<Place>} */
async function newPlace() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-'));
  // Squid drops its root privileges.
  fs.chmodSync(folder, 0o755);
  const file = (name, text) => {
    const at = path.join(folder, name);
    fs.writeFileSync(at, text, { mode: 0o644 });
    return at;
  };
  return { host: LOOPBACK, port: await freePort(), name: `rtm${process.pid}x${++count}`, folder, file };
}

/** Removes the program's files, and the shared memory that Squid leaves under its name. */
function removeFiles({ folder, name }) {
  fs.rmSync(folder, { recursive: true, force: true });
  const shared = fs.existsSync('/dev/shm') ? fs.readdirSync('/dev/shm') : [];
  for (const file of shared.filter((one) => one.startsWith(`${name}-`))) fs.rmSync(path.join('/dev/shm', file));
}

/** Waits until the program accepts connections. Rejects if it exits or takes too long. */
async function listening(child, { host, port }, output) {
  const tooLate = Date.now() + 15_000;
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined && Date.now() < tooLate) {
    const probe = await connected(host, port).catch(() => undefined);
    if (probe !== undefined) {
      probe.destroy();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${child.spawnfile} does not listen on ${host}:${port}:\n${output()}`);
}

/**
 * Starts a program behind a relay that counts and can cut its connections.
 * @param {import('node:test').TestContext} t
 * @param {string} program
 * @param {(place: Place) => string[]} configure writes the configuration files and returns the arguments
 * @param {{ scheme: string, user?: string, password?: string }} address
 * @param {NodeJS.Signals} [signal] ends the program
 * @returns {Promise<CountedServer & { output: () => string }>}
 */
async function start(t, program, configure, address, signal = 'SIGKILL') {
  const place = await newPlace();
  const file = programOf(program) ?? program;
  const child = spawn(file, configure(place), { cwd: place.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.on('exit', resolve).on('error', resolve));
  let written = '';
  const output = () => written;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (written += text));
  const end = () => {
    child.kill(signal);
    removeFiles(place);
  };
  runningPrograms.add(end);
  atEnd(t, async () => {
    runningPrograms.delete(end);
    child.kill(signal);
    await exited;
    removeFiles(place);
  });
  await listening(child, place, output);
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    joinTo(socket, LOOPBACK, place.port),
  );
  return Object.assign(await new CountedServer(server, address).listen(t), { output });
}

/**
 * Tinyproxy. Its user and password can only contain ASCII letters, digits, `-`, `.` and `_`.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string }} [options]
 */
function tinyproxy(t, { user, password } = {}) {
  if (![user, password].every((word) => word === undefined || /^[-\w.]+$/.test(word))) {
    throw new TypeError('Tinyproxy accepts no such user or password; use squid');
  }
  const configure = ({ file, host, port }) => [
    '-d',
    '-c',
    file(
      'tinyproxy.conf',
      [
        `Listen ${host}`,
        `Port ${port}`,
        'Timeout 600',
        'MaxClients 100',
        'LogLevel Connect',
        ...(user === undefined ? [] : [`BasicAuth ${user} ${password}`]),
        '',
      ].join('\n'),
    ),
  ];
  return start(t, 'tinyproxy', configure, { scheme: 'http', user, password });
}

/** Writes a password file for `basic_ncsa_auth`. */
function passwordFile(file, user, password) {
  return file('users', `${user}:${createHash('md5').update(password).digest('hex')}\n`);
}

/**
 * Squid. The user can contain any character but `:`, the password any character. With `tls` it is an https: proxy.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string, tls?: { key: string, cert: string } }} [options]
 */
function squid(t, { user, password, tls: certificate } = {}) {
  const listen = ({ file, host, port }) =>
    certificate === undefined
      ? `http_port ${host}:${port}`
      : `https_port ${host}:${port} tls-cert=${file('cert', certificate.cert)} tls-key=${file('key', certificate.key)}`;
  const access = ({ file }) =>
    user === undefined
      ? []
      : [
          `auth_param basic program ${PASSWORD_CHECKER} ${passwordFile(file, user, password)}`,
          'auth_param basic children 1',
          'auth_param basic realm test',
          'acl known proxy_auth REQUIRED',
          'http_access deny !known',
        ];
  const configure = (place) => [
    '-N',
    '-d',
    '1',
    '-n',
    place.name,
    '-f',
    place.file(
      'squid.conf',
      [
        listen(place),
        ...access(place),
        'http_access allow all',
        'visible_hostname localhost',
        'max_filedescriptors 1024',
        'via off',
        'forwarded_for delete',
        'cache deny all',
        'access_log none',
        'cache_log /dev/null',
        'netdb_filename none',
        'pid_filename none',
        'pinger_enable off',
        '',
      ].join('\n'),
    ),
  ];
  return start(t, 'squid', configure, { scheme: certificate === undefined ? 'http' : 'https', user, password });
}

/**
 * Microsocks: SOCKS 5. User and password can contain any character.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string }} [options]
 */
function microsocks(t, { user, password } = {}) {
  const known = user === undefined ? [] : ['-u', user, '-P', password];
  const configure = ({ host, port }) => ['-i', host, '-p', String(port), ...known];
  return start(t, 'microsocks', configure, { scheme: 'socks5', user, password });
}

/**
 * Dante: SOCKS 4, 4a and 5. It only accepts users of the system, so a test has no user that it accepts.
 * @param {import('node:test').TestContext} t
 * @param {{ refuse?: boolean, demand?: boolean }} [options]
 *   `refuse`: no connection is allowed; `demand`: each client must log in as a user of the system
 */
function dante(t, { refuse = false, demand = false } = {}) {
  const configure = ({ file, folder, host, port }) => [
    '-p',
    path.join(folder, 'pid'),
    '-f',
    file(
      'danted.conf',
      [
        'logoutput: stderr',
        `internal: ${host} port = ${port}`,
        'external: 127.0.0.1',
        'clientmethod: none',
        `socksmethod: ${demand ? 'username' : 'none'}`,
        ...(process.getuid() === 0 ? ['user.privileged: root', 'user.unprivileged: nobody'] : []),
        'client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
        `socks ${refuse ? 'block' : 'pass'} { from: 0.0.0.0/0 to: 0.0.0.0/0 }`,
        '',
      ].join('\n'),
    ),
  ];
  // On SIGTERM, Dante ends its child processes before it exits.
  return start(t, 'danted', configure, { scheme: 'socks5' }, 'SIGTERM');
}

/**
 * A TLS server in front of a proxy: together they are an https: proxy.
 * @param {import('node:test').TestContext} t
 * @param {CountedServer} proxy
 * @param {tls.TlsOptions} options with `key` and `cert`
 */
async function tlsFront(t, proxy, options) {
  const [clients, failures] = [[], []];
  const server = tls.createServer({ noDelay: true, ...options, allowHalfOpen: true }, (socket) => {
    const { servername, alpnProtocol: alpn, authorized } = socket;
    clients.push({ servername, alpn, authorized, cn: socket.getPeerCertificate()?.subject?.CN });
    joinTo(socket, proxy.host, proxy.port);
  });
  server.on('tlsClientError', (error) => failures.push(error));
  const front = new CountedServer(server, { ...proxy.address, scheme: 'https' });
  return Object.assign(await front.listen(t), { clients, failures });
}

module.exports = { dante, microsocks, missing, squid, tinyproxy, tlsFront };
