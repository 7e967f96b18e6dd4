// Proxies for one test, on free ports of 127.0.0.1, which end with it: real ones, in processes of their own, and
// scripted ones, in this process. Owns their settings, their start and their end, and no expectation.
//
// Real ones. A small relay stands before each of them: it counts, and can cut.
//   const proxy = await tinyproxy(t, { user: 'robot', password: 'secret' });   // HTTP, of CONNECT and of whole URLs
//   const proxy = await squid(t, { user, password, tls: { key, cert } });      // the same; `tls`: an https: proxy
//   const proxy = await microsocks(t, { user, password });                     // SOCKS 5
//   const proxy = await dante(t, { refuse: true });                            // SOCKS 4, 4a and 5
//   const front = await secure(t, proxy, { key, cert, ca, requestCert: true }); // TLS before any proxy of this file
//   missing.squid                                     // false, or why there is none: for `skip`
//
//   proxy.host; proxy.port; proxy.url;                // with user and password, percent-encoded
//   proxy.urlWith({ scheme: 'socks5h', host: 'localhost', user: 'other', password: 'wrong' });  // any of them
//   proxy.connections;                                // how many were accepted since the start
//   proxy.open;                                       // how many of them are open
//   proxy.drop();                                     // ends these
//   proxy.output();                                   // what the program has written
//   front.clients;                                    // of each TLS handshake: { servername, alpn, authorized, cn }
//   front.failures;                                   // the errors of those that failed
//
// A gate: a relay before a server of scripted-server.js, whose URLs lead through it from then on. It counts and cuts as
// those before the proxies do, so that a test can tell whether a connection went around the proxy.
//   const door = await gate(t, server);
//
// Scripted ones.
//   const proxy = await scriptedProxy(t, answers.refuse(502));
//   proxy.handler = (request, socket) => socket.end('HTTP/1.1 403 No\r\n\r\n');  // from now on
//   proxy.requests; await proxy.nextRequest();        // { method, target, headers, lines, socket }, as they come
//
//   answers.tunnel({ head, leftover, slowly })        // does what it should; the default
//   answers.demand(user, password)                    // the same, for those who know them; 407 to others
//   answers.refuse(407, { headers, body, keepAlive }) // `keepAlive`: the connection can be used again
//   answers.raw(bytes, { end: true })                 // anything at all
//   answers.silence(); answers.close(); answers.reset();
//   answers.endless('HTTP/1.1 200 OK\r\n', 'X: y\r\n')  // the second over and over, while the client takes it
//   scriptedProxy(t, handler, { accept: (socket) => socket.destroy() });  // … before anything was read
//
//   const proxy = await scriptedSocks(t);             // a SOCKS 5 proxy; with { user, password } it demands them
//   await scriptedSocks(t, { request: () => socksReply(5) });        // refuses
//   await scriptedSocks(t, { greeting: () => Buffer.of(5, 0xff) });  // accepts no method
//   await scriptedSocks(t, { greeting: () => {} });                  // goes silent
//   await scriptedSocks(t, { request: (request, socket) => socket.resetAndDestroy() });
//   await scriptedSocks(t, { slowly: true });                        // answers byte by byte
//   proxy.requests; await proxy.nextRequest();        // { version, methods, user, password, command, type, host, port,
//                                                     // socket }: as much of it as the client tells
//   All stages: greeting, auth, request. What a stage gives back is sent; if that is nothing, it was the last.
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

// ── What all have in common ─────────────────────────────────────────────────────────────────────────────────────────

/** A server on a free port of 127.0.0.1, whose connections are counted. */
class Listener {
  host = '127.0.0.1';
  connections = 0;
  #open = new Set();

  /**
   * @param {net.Server} server
   * @param {{ scheme: string, user?: string, password?: string }} address
   */
  constructor(server, address) {
    this.server = server;
    this.address = address;
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#open.add(socket);
      socket.on('error', () => {}).on('close', () => this.#open.delete(socket));
    });
  }

  /** @param {import('node:test').TestContext} t */
  async listen(t) {
    await new Promise((resolve) => this.server.listen(0, this.host, resolve));
    atEnd(t, () => {
      this.drop();
      return new Promise((resolve) => this.server.close(resolve));
    });
    return this;
  }

  get port() {
    return /** @type {net.AddressInfo} */ (this.server.address()).port;
  }

  get url() {
    return this.urlWith({});
  }

  /** @param {{ scheme?: string, host?: string, user?: string, password?: string }} other */
  urlWith(other) {
    const { scheme, host, user, password } = { host: this.host, ...this.address, ...other };
    const name = user === undefined ? '' : encodeURIComponent(user);
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `${scheme}://${name}${secret}${name || secret ? '@' : ''}${host}:${this.port}`;
  }

  get open() {
    return this.#open.size;
  }

  drop() {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Joins two sockets for as long as both live. */
function join(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => (from.readableEnded ? undefined : to.destroy()));
  }
}

/** A connection, once it stands; rejects if there is none. */
async function connected(host, port) {
  const socket = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Joins the socket with a new connection. */
function relay(socket, host, port) {
  join(socket, net.connect({ host, port, allowHalfOpen: true, noDelay: true }));
}

/** Takes what comes and answers nothing, until the client ends it. */
function ignore(socket) {
  if (!socket.destroyed) socket.on('end', () => socket.end()).resume();
}

/** Sends it byte by byte. */
async function dribble(socket, bytes) {
  for (const byte of Buffer.from(bytes)) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    await new Promise(setImmediate);
  }
}

/** Hands out requests in the order in which they come. */
class Requests {
  all = [];
  #waiting = [];
  #taken = 0;

  add(request) {
    this.all.push(request);
    if (this.#waiting.length > 0) this.#waiting.shift()(this.all[this.#taken++]);
  }

  next() {
    if (this.#taken < this.all.length) return Promise.resolve(this.all[this.#taken++]);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

// ── Programs ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where a program is; daemons are not in everybody's PATH. */
function programOf(name) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** Squid's checker of passwords, which is in no PATH. */
const CHECKER = ['/usr/lib/squid', '/usr/lib64/squid', '/usr/libexec/squid', '/usr/local/libexec/squid']
  .map((folder) => path.join(folder, 'basic_ncsa_auth'))
  .find((file) => fs.existsSync(file));

function lacking(name) {
  return programOf(name) === undefined && `${name} is not installed`;
}

/** Of each program `false`, or why it cannot be used here. */
const missing = {
  tinyproxy: lacking('tinyproxy'),
  squid: lacking('squid') || (CHECKER === undefined && 'basic_ncsa_auth of squid is not installed'),
  microsocks: lacking('microsocks'),
  dante: lacking('danted'),
};

/** Programs listen on an address of this process alone, so that nobody takes a port between its choice and its use. */
const HOME =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`
    : '127.0.0.1';

async function freePort() {
  const server = net.createServer().listen(0, HOME);
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** How a test ends what it left, should the process end first. */
const leftovers = new Set();
process.on('exit', () => {
  for (const end of leftovers) end();
});

let services = 0;

/**
 * @typedef {object} Place where a program is to run
 * @property {string} host
 * @property {number} port
 * @property {string} name of its own, of letters and digits
 * @property {string} folder of its own
 * @property {(name: string, text: string) => string} file writes a file in the folder; its path
 */

/** @returns {Promise<Place>} */
async function newPlace() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-'));
  // Squid gives up being root.
  fs.chmodSync(folder, 0o755);
  const file = (name, text) => {
    const at = path.join(folder, name);
    fs.writeFileSync(at, text, { mode: 0o644 });
    return at;
  };
  return { host: HOME, port: await freePort(), name: `rtm${process.pid}x${++services}`, folder, file };
}

/** Removes what a program has left; Squid leaves shared memory too, by its name. */
function tidy({ folder, name }) {
  fs.rmSync(folder, { recursive: true, force: true });
  const shared = fs.existsSync('/dev/shm') ? fs.readdirSync('/dev/shm') : [];
  for (const file of shared.filter((one) => one.startsWith(`${name}-`))) fs.rmSync(path.join('/dev/shm', file));
}

/** Waits until the program takes connections; rejects when it ends, or takes too long. */
async function accepts(child, { host, port }, output) {
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
 * Starts a program, with a relay before it.
 * @param {import('node:test').TestContext} t
 * @param {string} program
 * @param {(place: Place) => string[]} configure writes what it needs; its arguments
 * @param {{ scheme: string, user?: string, password?: string }} address
 * @param {NodeJS.Signals} [signal] what ends it
 * @returns {Promise<Listener & { output: () => string }>}
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
    tidy(place);
  };
  leftovers.add(end);
  atEnd(t, async () => {
    leftovers.delete(end);
    child.kill(signal);
    await exited;
    tidy(place);
  });
  await accepts(child, place, output);
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => relay(socket, HOME, place.port));
  return Object.assign(await new Listener(server, address).listen(t), { output });
}

/**
 * Tinyproxy. Its user and password can be of ASCII letters, digits, `-`, `.` and `_` only.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string }} [options]
 */
function tinyproxy(t, { user, password } = {}) {
  if (![user, password].every((word) => word === undefined || /^[-\w.]+$/.test(word))) {
    throw new TypeError('Tinyproxy knows no such user or password; squid does');
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

/** A file of one user and password, as `basic_ncsa_auth` reads it. */
function passwordFile(file, user, password) {
  return file('users', `${user}:${createHash('md5').update(password).digest('hex')}\n`);
}

/**
 * Squid. Users may have any characters but `:`, passwords any at all. With `tls` it is an https: proxy.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string, tls?: { key: string, cert: string } }} [options]
 */
function squid(t, { user, password, tls: secrets } = {}) {
  const listen = ({ file, host, port }) =>
    secrets === undefined
      ? `http_port ${host}:${port}`
      : `https_port ${host}:${port} tls-cert=${file('cert', secrets.cert)} tls-key=${file('key', secrets.key)}`;
  const guard = ({ file }) =>
    user === undefined
      ? []
      : [
          `auth_param basic program ${CHECKER} ${passwordFile(file, user, password)}`,
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
        ...guard(place),
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
  return start(t, 'squid', configure, { scheme: secrets === undefined ? 'http' : 'https', user, password });
}

/**
 * Microsocks: SOCKS 5. User and password may have any characters.
 * @param {import('node:test').TestContext} t
 * @param {{ user?: string, password?: string }} [options]
 */
function microsocks(t, { user, password } = {}) {
  const known = user === undefined ? [] : ['-u', user, '-P', password];
  const configure = ({ host, port }) => ['-i', host, '-p', String(port), ...known];
  return start(t, 'microsocks', configure, { scheme: 'socks5', user, password });
}

/**
 * Dante: SOCKS 4, 4a and 5. It knows the system's users only, so tests can have none that it lets in.
 * @param {import('node:test').TestContext} t
 * @param {{ refuse?: boolean, demand?: boolean }} [options]
 *   `refuse`: no connection is allowed; `demand`: every client must name a user of the system
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
  // Its many processes end by themselves, but only when it is asked to end does it see them off.
  return start(t, 'danted', configure, { scheme: 'socks5' }, 'SIGTERM');
}

/**
 * TLS before a proxy.
 * @param {import('node:test').TestContext} t
 * @param {Listener} proxy
 * @param {tls.TlsOptions} options among them `key` and `cert`
 */
async function secure(t, proxy, options) {
  const [clients, failures] = [[], []];
  const server = tls.createServer({ noDelay: true, ...options, allowHalfOpen: true }, (socket) => {
    const { servername, alpnProtocol: alpn, authorized } = socket;
    clients.push({ servername, alpn, authorized, cn: socket.getPeerCertificate()?.subject?.CN });
    relay(socket, proxy.host, proxy.port);
  });
  server.on('tlsClientError', (error) => failures.push(error));
  const listener = new Listener(server, { ...proxy.address, scheme: 'https' });
  return Object.assign(await listener.listen(t), { clients, failures });
}

/**
 * A relay before a server.
 * @param {import('node:test').TestContext} t
 * @param {{ host: string }} server with its port; from now on it is the relay's
 * @returns {Promise<Listener>}
 */
async function gate(t, server) {
  const { host, port } = placeOf(server.host);
  const front = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => relay(socket, host, port));
  const listener = await new Listener(front, { scheme: 'tcp' }).listen(t);
  Object.defineProperty(server, 'host', { value: `${listener.host}:${listener.port}` });
  return listener;
}

// ── Scripts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Resolves when there is something to read, or nothing will come. */
function more(socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('readable', done).off('close', done);
      resolve(undefined);
    };
    socket.on('readable', done).on('close', done);
  });
}

/** The next bytes of a socket, of this number; undefined when it ends before. */
async function take(socket, count) {
  for (;;) {
    const bytes = count === 0 ? Buffer.alloc(0) : socket.read(count);
    if (bytes?.length === count) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) return undefined;
    await more(socket);
  }
}

/** The next request's head, with its empty line; undefined when the socket ends before. What follows stays. */
async function takeHead(socket) {
  let head = Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read();
    if (bytes !== null) {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n') + 4;
      if (end >= 4) {
        if (end < head.length) socket.unshift(head.subarray(end));
        return head.toString('latin1', 0, end);
      }
    }
    if (socket.readableEnded || socket.destroyed) return undefined;
    if (bytes === null) await more(socket);
  }
}

/** A request's head in parts; header names in lower case. */
function parse(head) {
  const [first, ...lines] = head.trimEnd().split('\r\n');
  const [method, target] = first.split(' ');
  const pairs = lines.map((line) => [line.split(':', 1)[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return { method, target, headers: Object.fromEntries(pairs), lines: [first, ...lines] };
}

/** Host and port of `host:port` or `[host]:port`. */
function placeOf(target) {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(target) ?? [];
  return { host, port: Number(port) };
}

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} target
 * @property {Record<string, string>} headers
 * @property {string[]} lines of the head as they came
 * @property {net.Socket} socket
 *
 * @typedef {(request: Request, socket: net.Socket) => unknown} Handler gives back true if another request may follow
 */

class ScriptedProxy extends Listener {
  #requests = new Requests();

  /**
   * @param {Handler} handler
   * @param {(socket: net.Socket) => unknown} [accept]
   */
  constructor(handler, accept) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, async (socket) => {
      if (accept) accept(socket);
      else await this.#serve(socket);
    });
    super(server, { scheme: 'http' });
    this.handler = handler;
  }

  async #serve(socket) {
    for (let again = true; again; ) {
      const head = await takeHead(socket);
      if (head === undefined) return void socket.end();
      const request = { ...parse(head), socket };
      this.#requests.add(request);
      again = (await this.handler(request, socket)) === true;
    }
  }

  get requests() {
    return this.#requests.all;
  }

  nextRequest() {
    return this.#requests.next();
  }
}

/**
 * An HTTP proxy that does what the test says.
 * @param {import('node:test').TestContext} t
 * @param {Handler} [handler]
 * @param {{ accept?: (socket: net.Socket) => unknown }} [options] `accept` takes new connections, in place of all else
 * @returns {Promise<ScriptedProxy>}
 */
function scriptedProxy(t, handler = answers.tunnel(), { accept } = {}) {
  return new ScriptedProxy(handler, accept).listen(t);
}

/** Leads a request of CONNECT, or of a whole URL, to where it wants. */
async function lead(request, socket, write, head) {
  const isConnect = request.method === 'CONNECT';
  const url = isConnect ? undefined : new URL(request.target);
  const { host, port } = isConnect ? placeOf(request.target) : { host: url.hostname, port: Number(url.port || 80) };
  const other = await connected(host, port).catch(() => undefined);
  if (other === undefined) return void refuseWith(socket, 502);
  if (isConnect) await write(head);
  else other.write(`${originForm(request, url)}\r\n\r\n`, 'latin1');
  join(socket, other);
}

/** The head of a request of a whole URL, as the server is to get it. */
function originForm({ method, lines }, url) {
  const kept = lines.slice(1).filter((line) => !/^proxy-/i.test(line));
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...kept].join('\r\n');
}

function refuseWith(socket, status, { headers = {}, body = '', keepAlive = false } = {}) {
  const connection = keepAlive ? 'keep-alive' : 'close';
  const fields = { 'Content-Length': Buffer.byteLength(body), Connection: connection, ...headers };
  const lines = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.write(`HTTP/1.1 ${status} Scripted\r\n${lines}\r\n${body}`);
  if (!keepAlive) socket.end();
  return keepAlive;
}

const BASIC = { headers: { 'Proxy-Authenticate': 'Basic realm="test"' } };
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Handlers for `scriptedProxy`. */
const answers = {
  /**
   * Leads to the target; `leftover` are bytes before the target's own, in one write with the head.
   * @returns {Handler}
   */
  tunnel:
    ({ head = ESTABLISHED, leftover = '', slowly = false } = {}) =>
    (request, socket) => {
      const write = (bytes) => (slowly ? dribble(socket, bytes) : socket.write(bytes));
      return lead(request, socket, write, Buffer.concat([Buffer.from(head), Buffer.from(leftover)]));
    },

  /**
   * Leads to the target whoever has these credentials.
   * @returns {Handler}
   */
  demand: (user, password) => (request, socket) => {
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const isKnown = request.headers['proxy-authorization'] === wanted;
    return (isKnown ? answers.tunnel() : answers.refuse(407, { keepAlive: true }))(request, socket);
  },

  /**
   * Refuses with a status; 407 asks for `Basic`.
   * @param {number} status
   * @param {{ headers?: Record<string, string>, body?: string, keepAlive?: boolean }} [options]
   * @returns {Handler}
   */
  refuse: (status, options) => (_request, socket) =>
    refuseWith(socket, status, { ...(status === 407 ? BASIC : {}), ...options }),

  /** @returns {Handler} */
  raw:
    (bytes, { end = false } = {}) =>
    (_request, socket) => {
      socket.write(bytes);
      if (end) socket.end();
      ignore(socket);
    },

  /** @returns {Handler} */
  silence: () => (_request, socket) => ignore(socket),

  /** @returns {Handler} */
  close: () => (_request, socket) => void socket.end(() => socket.destroy()),

  /** @returns {Handler} */
  reset: () => (_request, socket) => void socket.resetAndDestroy(),

  /**
   * Never comes to an end.
   * @returns {Handler}
   */
  endless: (first, repeated) => async (_request, socket) => {
    ignore(socket);
    socket.write(first);
    const many = repeated.repeat(Math.ceil(4096 / repeated.length));
    while (!socket.destroyed) await new Promise((resolve) => socket.write(many, resolve));
  },
};

/** What SOCKS 5 answers to a request: 0 is success, 1 to 8 are refusals. */
function socksReply(code, bound = Buffer.of(1, 0, 0, 0, 0, 0, 0)) {
  return Buffer.concat([Buffer.of(5, code, 0), bound]);
}

/** How addresses of SOCKS 5 are read, by their type. */
const ADDRESSES = {
  1: { type: 'ipv4', length: async () => 4, text: (bytes) => bytes.join('.') },
  3: { type: 'domain', length: async (socket) => (await take(socket, 1))?.[0], text: (bytes) => bytes.toString() },
  4: {
    type: 'ipv6',
    length: async () => 16,
    text: (bytes) =>
      bytes
        .toString('hex')
        .match(/..../g)
        .map((part) => parseInt(part, 16).toString(16))
        .join(':'),
  },
};

/** Reads what belongs to each stage; undefined when the client ends before. */
const STAGES = {
  async greeting(socket) {
    const head = await take(socket, 2);
    const methods = head && (await take(socket, head[1]));
    return methods && { version: head[0], methods: [...methods] };
  },

  async auth(socket) {
    const words = [];
    if ((await take(socket, 1)) === undefined) return undefined;
    for (let index = 0; index < 2; index += 1) {
      const length = await take(socket, 1);
      words.push(length && (await take(socket, length[0])));
    }
    return words[1] && { user: words[0].toString(), password: words[1].toString() };
  },

  async request(socket) {
    const head = await take(socket, 4);
    const address = head && ADDRESSES[head[3]];
    const length = address && (await address.length(socket));
    const host = length === undefined ? undefined : await take(socket, length);
    const port = host && (await take(socket, 2));
    return port && { command: head[1], type: address.type, host: address.text(host), port: port.readUInt16BE() };
  },
};

/** What a proxy answers that does as it should. */
function goodSocks({ user, password }) {
  const method = user === undefined ? 0 : 2;
  return {
    greeting: ({ methods }) => Buffer.of(5, methods.includes(method) ? method : 0xff),
    auth: (request) => Buffer.of(1, request.user === user && request.password === password ? 0 : 1),
    request: () => socksReply(0),
  };
}

/**
 * @typedef {(request: any, socket: net.Socket) => Uint8Array | void} Stage what to send; if nothing, it was the last
 * @typedef {object} SocksScript
 * @property {string} [user]
 * @property {string} [password]
 * @property {boolean} [slowly] all answers come byte by byte
 * @property {Stage} [greeting]
 * @property {Stage} [auth]
 * @property {Stage} [request]
 */

class ScriptedSocks extends Listener {
  /** All of them, from their greeting on. */
  requests = [];
  /** Those that have told all that they will. */
  #told = new Requests();

  /** @param {SocksScript} script */
  constructor(script) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#serve(socket));
    super(server, { scheme: 'socks5', user: script.user, password: script.password });
    this.script = script;
  }

  nextRequest() {
    return this.#told.next();
  }

  /** Goes from stage to stage for as long as both sides go along. */
  async #serve(socket) {
    const request = { socket };
    let method = await this.#stage('greeting', socket, request);
    if (method === 2) method = await this.#stage('auth', socket, request);
    const code = method === 0 ? await this.#stage('request', socket, request) : undefined;
    if (request.command === undefined) this.#told.add(request);
    if (code !== 0) ignore(socket);
  }

  /** The code of the answer, which is its second byte; undefined if there was none. */
  async #stage(name, socket, request) {
    const told = await STAGES[name](socket);
    if (told === undefined) return void socket.end();
    Object.assign(request, told);
    if (name === 'greeting') this.requests.push(request);
    if (name === 'request') this.#told.add(request);
    const answer = { ...goodSocks(this.script), ...this.script }[name](request, socket);
    if (answer === undefined) return undefined;
    const [, code] = answer;
    if (name === 'request' && code === 0) await this.#lead(request, answer);
    else await this.#send(socket, answer);
    if (name !== 'greeting' && code !== 0) socket.end();
    return code;
  }

  async #lead({ host, port, socket }, answer) {
    const other = await connected(host, port).catch(() => undefined);
    await this.#send(socket, other ? answer : socksReply(5));
    if (other) join(socket, other);
    else socket.end();
  }

  async #send(socket, bytes) {
    if (this.script.slowly) await dribble(socket, bytes);
    else socket.write(bytes);
  }
}

/**
 * A SOCKS 5 proxy that does what the test says.
 * @param {import('node:test').TestContext} t
 * @param {SocksScript} [script]
 * @returns {Promise<ScriptedSocks>}
 */
function scriptedSocks(t, script = {}) {
  return new ScriptedSocks(script).listen(t);
}

module.exports = {
  answers,
  dante,
  dribble,
  gate,
  microsocks,
  missing,
  scriptedProxy,
  scriptedSocks,
  secure,
  socksReply,
  squid,
  tinyproxy,
};
