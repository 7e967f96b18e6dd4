// How lib/proxy.js and lib/proxy-agents.js read the option `proxy` and the agents of well-known packages, whose connections
// native code makes. This is a unit test, because the connections do not show whether native code or the agent made them.
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const { describe } = require('node:test');
const { parse } = require('node:url');
const { inspect } = require('node:util');
const hpagent = require('hpagent');
const { HttpsProxyAgent: HttpsProxyAgent5 } = require('https-proxy-agent-5');
const tunnel = require('tunnel');
const { proxyOfAgent, readProxy } = require('../lib/proxy.js');
const { better } = require('./support/client.js');
const { unsupported } = require('./support/package-versions.js');

const OURS = 'this is a unit test of our code';
const NO_TLS = { ca: null, certs: [], keys: [], pfx: [], verify: true };
const UNVERIFIED = { ...NO_TLS, verify: false };

/** The expected proxy; a test only names the fields that differ from these defaults. */
const proxy = (fields) => ({
  kind: 'http',
  host: 'proxy.example',
  port: 8080,
  username: null,
  password: null,
  headers: [],
  tls: NO_TLS,
  ...fields,
});

/** The expected result for an agent; a test only names the fields that differ from these defaults. */
const proxyWith = (fields, rest) => ({ proxy: proxy(fields), tls: null, absoluteForm: false, ...rest });

const WITH_NAME = { username: 'us:er', password: 'p@ss' };
const URL_WITH_NAME = 'http://us%3Aer:p%40ss@proxy.example:8080/';
const PLAIN = 'http://proxy.example:8080';
const SECURE = 'https://proxy.example:8080';

describe('the option proxy', () => {
  for (const [url, fields] of [
    ['http://proxy.example:8080', {}],
    ['HTTP://Proxy.Example/', { port: 80 }],
    ['https://proxy.example', { kind: 'https', port: 443 }],
    ['http://proxy.example:443', { port: 443 }],
    ['socks5://proxy.example', { kind: 'socks5', port: 1080 }],
    ['socks5h://proxy.example:80', { kind: 'socks5h', port: 80 }],
    ['socks://proxy.example', { kind: 'socks5h', port: 1080 }],
    ['http://[::1]:8080', { host: '::1' }],
    ['socks5://[2001:db8::1]', { kind: 'socks5', host: '2001:db8::1', port: 1080 }],
    [URL_WITH_NAME, WITH_NAME],
    ['socks5://us%3Aer:p%40ss@proxy.example:8080', { kind: 'socks5', ...WITH_NAME }],
    ['http://user@proxy.example:8080', { username: 'user', password: '' }],
    ['http://:pass@proxy.example:8080', { username: '', password: 'pass' }],
    ['http://100%:%E4@proxy.example:8080', { username: '100%', password: '%E4' }],
    ['http://proxy.example:8080/path?query', {}],
  ]) {
    better(OURS, `is read: ${url}`, () => {
      assert.deepEqual(readProxy(url), proxy(fields));
      assert.deepEqual(readProxy(new URL(url)), proxy(fields));
    });
  }

  better(OURS, 'can be left out', () => {
    assert.equal(readProxy(undefined), null);
    assert.equal(readProxy(null), null);
  });

  better(OURS, 'is refused if it is invalid, with an error that shows the value', () => {
    const values = [
      [5, '5'],
      [true, 'true'],
      [{}, 'an object'],
      ['', '""'],
      ['x', '"x"'],
      ['http://', '"http://"'],
      ['ftp://x.y/', '"ftp://x.y/"'],
      [new URL('ftp://x.y/'), '"ftp://x.y/"'],
      ['socks5://', '"socks5://"'],
      ['socks4://x.y', '"socks4://x.y"'],
      ['proxy.example:8080', '"proxy.example:8080"'],
      ['http://proxy.example:0', '"http://proxy.example:0"'],
      ['http://proxy.example:65536', '"http://proxy.example:65536"'],
    ];
    for (const [value, shown] of values) {
      assert.throws(() => readProxy(value), {
        name: 'TypeError',
        message: `proxy must be an http:, https:, socks5: or socks5h: URL, but is ${shown}`,
      });
    }
  });

  better(OURS, 'is refused without showing a password, even if the URL is malformed', () => {
    for (const value of [
      'ftp://user:secret@x.y',
      new URL('ftp://user:secret@x.y'),
      'user:secret@x.y:8080',
      'http://user:sec/secret@x.y',
      'http://user:secret#@x.y',
      'http://user:secret%40x.y',
      'http://user:secret',
      'http:/user:secret@:80',
      'http://secret@',
    ]) {
      assert.throws(
        () => readProxy(value),
        (error) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, /^proxy must be/);
          assert.doesNotMatch(inspect(error, { showHidden: true }).split('\n    at ')[0], /secret/, String(value));
          return true;
        },
      );
    }
  });
});

/** Agents that native code replaces, and how each is read. */
const nativeOf = ({ HttpProxyAgent, HttpsProxyAgent, SocksProxyAgent }) => ({
  'https-proxy-agent': [
    [() => new HttpsProxyAgent(PLAIN), proxyWith()],
    [() => new HttpsProxyAgent(new URL(URL_WITH_NAME), { keepAlive: true, timeout: 5 }), proxyWith(WITH_NAME)],
    [() => new HttpsProxyAgent('https://[::1]'), proxyWith({ kind: 'https', host: '::1', port: 443 })],
    [
      () => new HttpsProxyAgent(SECURE, { headers: { 'X-A': 'a', 'X-B': 5 }, rejectUnauthorized: false }),
      proxyWith({ kind: 'https', headers: ['X-A', 'a', 'X-B', '5'], tls: UNVERIFIED }),
    ],
    // Without TLS to the proxy, its TLS settings are not used.
    [() => new HttpsProxyAgent(PLAIN, { rejectUnauthorized: false, ca: 'no certificate' }), proxyWith()],
    [() => new HttpsProxyAgent(PLAIN, { ca: undefined, localAddress: null }), proxyWith()],
    [
      () => Object.assign(new HttpsProxyAgent(PLAIN), { options: { rejectUnauthorized: false, ca: ['x'], cert: '' } }),
      proxyWith({}, { tls: { ca: ['x'], rejectUnauthorized: false } }),
    ],
  ],
  'https-proxy-agent 5': [
    [() => new HttpsProxyAgent5(PLAIN), proxyWith()],
    [() => new HttpsProxyAgent5(URL_WITH_NAME), proxyWith({ username: 'us', password: 'er:p@ss' })],
    [() => new HttpsProxyAgent5('http://[::1]'), proxyWith({ host: '::1', port: 80 })],
    [
      () => new HttpsProxyAgent5({ ...parse(SECURE), headers: { 'X-A': 'a' }, rejectUnauthorized: false }),
      proxyWith({ kind: 'https', headers: ['X-A', 'a'], tls: UNVERIFIED }),
    ],
    [
      () => new HttpsProxyAgent5({ host: 'proxy.example', port: '8080', secureProxy: true }),
      proxyWith({ kind: 'https' }),
    ],
  ],
  'http-proxy-agent': [
    [() => new HttpProxyAgent(PLAIN), proxyWith({}, { absoluteForm: true })],
    [
      () => new HttpProxyAgent(URL_WITH_NAME, { keepAlive: true, maxSockets: 5, headers: { a: 'b' } }),
      proxyWith({ ...WITH_NAME, headers: ['a', 'b'] }, { absoluteForm: true }),
    ],
    [
      () => new HttpProxyAgent(SECURE, { rejectUnauthorized: false }),
      proxyWith({ kind: 'https', tls: UNVERIFIED }, { absoluteForm: true }),
    ],
  ],
  'socks-proxy-agent': [
    [() => new SocksProxyAgent('socks://proxy.example:8080'), proxyWith({ kind: 'socks5h' })],
    [() => new SocksProxyAgent('socks5h://proxy.example'), proxyWith({ kind: 'socks5h', port: 1080 })],
    [() => new SocksProxyAgent(URL_WITH_NAME.replace('http', 'socks5')), proxyWith({ kind: 'socks5', ...WITH_NAME })],
    [
      () => new SocksProxyAgent('socks4://user@[::1]:8080'),
      proxyWith({
        kind: 'socks4',
        host: '::1',
        username: 'user',
        password: '',
      }),
    ],
    [() => new SocksProxyAgent('socks4a://proxy.example:8080'), proxyWith({ kind: 'socks4a' })],
    [
      () => new SocksProxyAgent('socks5://proxy.example:8080', { keepAlive: true, rejectUnauthorized: false }),
      proxyWith({ kind: 'socks5' }, { tls: { rejectUnauthorized: false } }),
    ],
  ],
  hpagent: [
    [() => new hpagent.HttpsProxyAgent({ proxy: PLAIN, keepAlive: true, scheduling: 'lifo' }), proxyWith()],
    [() => new hpagent.HttpProxyAgent({ proxy: new URL(URL_WITH_NAME) }), proxyWith(WITH_NAME)],
    [
      () =>
        new hpagent.HttpsProxyAgent({
          proxy: 'https://[::1]',
          proxyRequestOptions: { headers: { 'X-A': 'a' }, rejectUnauthorized: false },
          ca: ['x'],
        }),
      proxyWith(
        { kind: 'https', host: '::1', port: 443, headers: ['X-A', 'a'], tls: UNVERIFIED },
        { tls: { ca: ['x'] } },
      ),
    ],
  ],
  tunnel: [
    [() => tunnel.httpOverHttp({ proxy: { host: 'proxy.example' } }), proxyWith({ port: 80 })],
    [
      () => tunnel.httpsOverHttp({ proxy: { host: 'proxy.example', port: '8080', proxyAuth: 'us:er:p' }, key: 'x' }),
      proxyWith({ username: 'us', password: 'er:p' }, { tls: { key: 'x' } }),
    ],
    [() => tunnel.httpOverHttps({ proxy: { host: '::1' } }), proxyWith({ kind: 'https', host: '::1', port: 443 })],
    [
      () =>
        tunnel.httpsOverHttps({
          maxSockets: 5,
          rejectUnauthorized: true,
          proxy: { host: 'proxy.example', port: 8080, headers: { 'X-A': 'a' }, rejectUnauthorized: false },
        }),
      proxyWith({ kind: 'https', headers: ['X-A', 'a'], tls: UNVERIFIED }, { tls: { rejectUnauthorized: true } }),
    ],
  ],
});

/** One agent of each package, with the given options. */
const madeWith = ({ HttpProxyAgent, HttpsProxyAgent, SocksProxyAgent }) => ({
  'https-proxy-agent': (options) => new HttpsProxyAgent(SECURE, options),
  'https-proxy-agent 5': (options) => new HttpsProxyAgent5({ ...parse(SECURE), ...options }),
  'http-proxy-agent': (options) => new HttpProxyAgent(SECURE, options),
  'socks-proxy-agent': (options) => new SocksProxyAgent('socks5://proxy.example', options),
  'hpagent, to the target': (options) => new hpagent.HttpsProxyAgent({ proxy: SECURE, ...options }),
  'hpagent, to the proxy': (options) => new hpagent.HttpsProxyAgent({ proxy: SECURE, proxyRequestOptions: options }),
  'tunnel, to the target': (options) => tunnel.httpsOverHttps({ proxy: { host: 'x', port: 1 }, ...options }),
  'tunnel, to the proxy': (options) => tunnel.httpsOverHttps({ proxy: { host: 'x', port: 1, ...options } }),
});

/** Options that change the connections in a way that native code does not support. */
const UNSUPPORTED = {
  servername: 'other.example',
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
  minVersion: 'TLSv1.3',
  secureContext: {},
  checkServerIdentity: () => undefined,
  lookup: () => undefined,
  localAddress: '127.0.0.2',
  family: 6,
  ALPNProtocols: ['h2'],
  crl: 'x',
  unknown: 1,
};

/** Agents of these packages that a program has changed, or that have unsupported settings. */
const changedOf = ({ HttpsProxyAgent, SocksProxyAgent }) => ({
  'a subclass of the same name': new (class extends HttpsProxyAgent {
    static name = 'HttpsProxyAgent';
    connect() {}
  })(PLAIN),
  'a subclass without changes': new (class Mine extends HttpsProxyAgent {})(PLAIN),
  'a foreign class of the same name': new (class HttpsProxyAgent extends http.Agent {
    proxy = new URL(PLAIN);
    connectOpts = { host: 'x', port: 1 };
    proxyHeaders = {};
  })(),
  ...Object.fromEntries(
    ['connect', 'createConnection', 'createSocket', 'addRequest', 'getName'].map((name) => [
      `a replaced ${name}`,
      Object.assign(new HttpsProxyAgent(PLAIN), { [name]: () => undefined }),
    ]),
  ),
  'a replaced callback': Object.assign(new HttpsProxyAgent5(PLAIN), { callback: () => undefined }),
  'a replaced createSocket of tunnel': Object.assign(tunnel.httpOverHttp({ proxy: { host: 'x', port: 1 } }), {
    createSocket: function createSocket() {},
  }),
  'a replaced request': Object.assign(tunnel.httpOverHttp({ proxy: { host: 'x', port: 1 } }), {
    request: () => undefined,
  }),
  'a listener of its connections': new HttpsProxyAgent(PLAIN).on('proxyConnect', () => undefined),
  'a listener of its keys': new hpagent.HttpsProxyAgent({ proxy: PLAIN }).on('keylog', () => undefined),
  'headers from a function': new HttpsProxyAgent(PLAIN, { headers: () => ({ a: 'b' }) }),
  'headers of the class Headers': new HttpsProxyAgent(PLAIN, { headers: new Headers({ a: 'b' }) }),
  'headers in lists': new HttpsProxyAgent(PLAIN, { headers: { a: ['b', 'c'] } }),
  'a header that cannot be sent': new HttpsProxyAgent(PLAIN, { headers: { a: 'b\r\nc: d' } }),
  'a Host header': new HttpsProxyAgent(PLAIN, { headers: { host: 'x' } }),
  'a Proxy-Connection header': new HttpsProxyAgent(PLAIN, { headers: { 'Proxy-Connection': 'x' } }),
  'credentials twice': new HttpsProxyAgent(URL_WITH_NAME, { headers: { 'Proxy-Authorization': 'Basic x' } }),
  'another protocol': new HttpsProxyAgent('socks5://x.y'),
  'another protocol, https-proxy-agent 5': new HttpsProxyAgent5('socks5://x.y:1'),
  'no host': new HttpsProxyAgent5({ port: 1 }),
  'an invalid port': new HttpsProxyAgent5({ host: 'x', port: 70_000 }),
  'a timeout for connecting': new HttpsProxyAgent5({ host: 'x', port: 1, timeout: 5 }),
  'a timeout for being idle': new SocksProxyAgent('socks5://x', { timeout: 5 }),
  'options for the socket': new SocksProxyAgent('socks5://x', { socketOptions: { localAddress: '127.0.0.2' } }),
  'hpagent with a timeout': new hpagent.HttpsProxyAgent({ proxy: PLAIN, timeout: 5 }),
  'tunnel without proxy': tunnel.httpOverHttp({}),
  'options set later': Object.assign(new HttpsProxyAgent(PLAIN), { options: { servername: 'x' } }),
  'options set later, https-proxy-agent 5': Object.assign(new HttpsProxyAgent5(PLAIN), { options: { ca: 'x' } }),
});

/** Agents without a known proxy, other values, and values that throw when they are read. */
const othersOf = ({ HttpsProxyAgent }) => ({
  'http.Agent': new http.Agent(),
  'https.Agent': new https.Agent({ ca: 'x' }),
  'https.globalAgent': https.globalAgent,
  'a subclass': new (class Mine extends http.Agent {})(),
  'a null prototype': Object.create(null),
  'an object': {},
  'a prototype that throws': Object.create({
    get constructor() {
      throw new Error('no');
    },
  }),
  'a getter that throws': Object.defineProperty(new HttpsProxyAgent(PLAIN), 'proxy', {
    get: () => assert.fail('no'),
  }),
  'an option that throws': Object.assign(new HttpsProxyAgent(PLAIN), {
    options: Object.defineProperty({}, 'ca', { enumerable: true, get: () => assert.fail('no') }),
  }),
  'a Proxy': new Proxy(new HttpsProxyAgent(PLAIN), {}),
  'a Proxy that throws': new Proxy({}, { getPrototypeOf: () => assert.fail('no') }),
  'a Proxy for options': Object.assign(new HttpsProxyAgent(PLAIN), { options: new Proxy({}, {}) }),
  'a string': 'http://x',
  'a function': () => undefined,
  null: null,
  undefined,
});

describe('the option agent', () => {
  better(OURS, 'is read after the agent was in use', async () => {
    const agent = new HttpsProxyAgent5('http://127.0.0.1:1');
    await new Promise((resolve) => http.get('http://127.0.0.1:2', { agent }).once('error', resolve));
    assert.ok(Object.hasOwn(agent, 'promisifiedCallback'));
    assert.deepEqual(proxyOfAgent(agent), proxyWith({ host: '127.0.0.1', port: 1 }));
  });

  better(OURS, 'makes the connections itself if it has its own response to a 407 (version 9)', (t) => {
    for (const [alias, name] of [
      ['https-proxy-agent-9', 'HttpsProxyAgent'],
      ['http-proxy-agent-9', 'HttpProxyAgent'],
    ]) {
      const skip = unsupported(alias);
      if (skip) return t.skip(skip);
      const { [name]: Agent } = require(alias);
      assert.equal(proxyOfAgent(new Agent(PLAIN, { onProxyAuth: () => ({ headers: {} }) })), null);
    }
  });

  for (const major of [2, 3]) {
    better(OURS, `makes the connections itself: an agent of https-proxy-agent ${major}`, () => {
      const HttpsProxyAgentOld = require(`https-proxy-agent-${major}`);
      assert.equal(proxyOfAgent(new HttpsProxyAgentOld(PLAIN)), null);
    });
  }
});

/** The packages with several major versions that work alike, by their aliases in package.json. */
const VERSIONS = [
  ['http-proxy-agent', 'https-proxy-agent', 'socks-proxy-agent'],
  ['http-proxy-agent-9', 'https-proxy-agent-9', 'socks-proxy-agent-10'],
];

for (const aliases of VERSIONS) {
  describe(`an agent of ${aliases.join(', ')}`, { skip: aliases.map(unsupported).find(Boolean) }, () => {
    const classes = Object.assign({}, ...aliases.map((alias) => require(alias)));
    const { HttpsProxyAgent } = classes;

    for (const [name, cases] of Object.entries(nativeOf(classes))) {
      better(OURS, `is read with its proxy, credentials, headers and TLS settings: ${name}`, () => {
        for (const [make, expected] of cases) assert.deepEqual(proxyOfAgent(make()), expected, make.toString());
      });
    }

    for (const [name, make] of Object.entries(madeWith(classes))) {
      better(OURS, `makes the connections itself if it has an unsupported option: ${name}`, () => {
        assert.notEqual(proxyOfAgent(make({})), null);
        for (const [key, value] of Object.entries(UNSUPPORTED)) {
          assert.equal(proxyOfAgent(make({ [key]: value })), null, key);
        }
      });
    }

    for (const [name, agent] of Object.entries({ ...changedOf(classes), ...othersOf(classes) })) {
      better(OURS, `makes the connections itself: ${name}`, () => assert.equal(proxyOfAgent(agent), null));
    }

    better(OURS, 'is refused if its certificates for the connection to the proxy are invalid', () => {
      const refusal = { name: 'TypeError', message: /^agent\.ca contains no certificate/ };
      assert.throws(() => proxyOfAgent(new HttpsProxyAgent(SECURE, { ca: 'x' })), refusal);
      assert.throws(() => proxyOfAgent(new HttpsProxyAgent5({ ...parse(SECURE), ca: 'x' })), refusal);
    });
  });
}
