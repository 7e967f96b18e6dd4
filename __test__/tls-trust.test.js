// The authorities that a client trusts without `tls.ca`: those that Node trusts in this process. Each test therefore runs in
// a child process, which also asks Node's https. And the ways to turn the verification of certificates off.
'use strict';

const assert = require('node:assert/strict');
const { rmSync, mkdtempSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describe } = require('node:test');
const tls = require('node:tls');
const { RTMClient, better, clientOf, recordingLogger, next, same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { atEnd } = require('./support/cleanup.js');
const { authority, missing, nodesVerdict, selfSigned } = require('./support/certificates.js');
const { scriptedServer } = require('./support/scripted-server.js');

const ours = () => authority('Our authority');
const stranger = () => authority('A stranger');
const middle = () => ours().intermediate('Our middle');

const ONCE = { retryConfig: { retries: 0 }, autoReconnect: false };
const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
const ACCEPTED = { node: 'accepted', call: 'accepted', socket: 'accepted' };
const REFUSED = { node: UNKNOWN, call: UNKNOWN, socket: UNKNOWN };

const BROKEN = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** The environment variables that affect trust. The tests set all of them. */
const VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_USE_SYSTEM_CA',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
];

/** Runs in the child: the verdicts of Node, of a client's connect call and of a client's socket. */
async function threeVerdicts({ RTMClient, client, report, input }) {
  const evaluate = (text) => globalThis.eval(`(${text})`);
  if (input.inWorker) {
    const { inWorker } = require(input.child);
    const { inWorker: _, ...rest } = input;
    const { report: workerReport, worker } = inWorker(input.slack, evaluate(input.inWorker), rest);
    worker.on('error', (error) => report({ error: error.stack }));
    return report(await workerReport());
  }
  const { nodesVerdict } = require(input.certificates);
  const verdicts = {};
  const options = { retryConfig: { retries: 0 }, autoReconnect: false, tls: input.tls };
  if (input.before) await evaluate(input.before)({ client, input });
  verdicts.node = await nodesVerdict({ port: input.port, ...input.tls });
  const first = client({ ...options, slackApiUrl: `https://127.0.0.1:${input.port}/api/` });
  const second = client({ ...options, slackApiUrl: input.api });
  if (input.between) evaluate(input.between)({ client, input });
  verdicts.call = await first.start().then(
    () => 'accepted',
    (error) => error.original.code,
  );
  const connected = new Promise((resolve) => {
    second.once('connected', () => resolve('accepted')).once('error', ({ original }) => resolve(original.code));
  });
  await second.start();
  verdicts.socket = await connected;
  for (const rtm of [first, second]) if (rtm.connected) await rtm.disconnect();
  return report(verdicts);
}

/** A file with this text in a temporary folder. */
function fileWith(t, text, name = 'file') {
  const folder = mkdtempSync(join(tmpdir(), 'tls-trust-'));
  atEnd(t, () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/**
 * The three verdicts of a child process on a server.
 * @param {import('node:test').TestContext} t
 * @param {{ env?: Record<string, string>, flags?: string[], input?: any, certificate?: any, preload?: string }} options
 */
async function verdictsOf(t, { env = {}, flags = [], input, certificate = ours().issue(), preload }) {
  const { key, cert, chain = '' } = certificate;
  const server = await scriptedServer(t, { tls: { key, cert: cert + chain } });
  const api = await scriptedServer(t);
  api.responses.push(api.connectResponse({ url: server.socketUrl }));
  const all = {
    api: api.apiUrl,
    port: Number(server.host.split(':')[1]),
    certificates: require.resolve('./support/certificates.js'),
    child: require.resolve('./support/child.js'),
    slack: { token: server.token, apiUrl: api.apiUrl },
    ...input,
  };
  const before = { ...process.env };
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, env);
  const required = preload === undefined ? [] : ['--require', fileWith(t, preload, 'preload.js')];
  const child = inProcess(t, server, threeVerdicts, { input: all, flags: [...flags, ...required] });
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, before);
  const { code, stderr, reports } = await child.ended;
  assert.equal(code, 0, stderr);
  return { ...reports[0] };
}

const extra = (t, text = ours().cert) => ({ NODE_EXTRA_CA_CERTS: fileWith(t, text) });
const IN_WORKER = { inWorker: threeVerdicts.toString() };

describe('NODE_EXTRA_CA_CERTS', { skip: missing }, () => {
  same('a private authority is not trusted without it', async (t) => {
    assert.deepEqual(await verdictsOf(t, {}), REFUSED);
  });

  same('a private authority in it is trusted', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: extra(t) }), ACCEPTED);
  });

  same('another authority in it is not enough', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: extra(t, stranger().cert) }), REFUSED);
  });

  for (const [name, content] of Object.entries({
    'several, with comments': () => `# ours\n${stranger().cert}\nand\n${ours().cert}# the end\n`,
    'Windows line endings': () => ours().cert.replaceAll('\n', '\r\n'),
    'no final line ending': () => ours().cert.trimEnd(),
    'a key before it': () => ours().key + ours().cert,
    'an invalid one after it': () => `${ours().cert}${BROKEN}`,
    'an empty file': () => '',
    "only the server's certificate": () => ours().issue().cert,
  })) {
    same(`it has the same effect as in Node with ${name}`, async (t) => {
      const { node, call, socket } = await verdictsOf(t, { env: extra(t, content()) });
      assert.deepEqual({ call, socket }, { call: node, socket: node });
    });
  }

  same('an intermediate in it completes the chain', async (t) => {
    const { key, cert } = middle().issue();
    const env = extra(t, middle().cert + ours().cert);
    assert.deepEqual(await verdictsOf(t, { env, certificate: { key, cert } }), ACCEPTED);
  });

  same('an intermediate alone in it has the same effect as in Node', async (t) => {
    const env = extra(t, middle().cert);
    const { node, call, socket } = await verdictsOf(t, { env, certificate: middle().issue() });
    assert.deepEqual({ call, socket }, { call: node, socket: node });
    assert.notEqual(node, 'accepted');
  });

  same('a self-signed certificate in it is trusted', async (t) => {
    const certificate = selfSigned();
    assert.deepEqual(await verdictsOf(t, { env: extra(t, certificate.cert), certificate }), ACCEPTED);
  });

  better('`tls` does not reach the connect call', '`tls.ca` replaces it', async (t) => {
    const input = { tls: { ca: stranger().cert } };
    assert.deepEqual(await verdictsOf(t, { env: extra(t), input }), REFUSED);
  });

  better('`tls` does not reach the connect call', '`tls.ca` does not need it', async (t) => {
    const input = { tls: { ca: ours().cert } };
    assert.deepEqual(await verdictsOf(t, { env: extra(t, stranger().cert), input }), ACCEPTED);
  });

  same('it applies to worker threads', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: extra(t), input: IN_WORKER }), ACCEPTED);
    assert.deepEqual(await verdictsOf(t, { input: IN_WORKER }), REFUSED);
  });

  for (const [where, input] of [
    ['', {}],
    [', in a worker thread', IN_WORKER],
  ]) {
    same(`it has no effect if the program sets it before it loads the package, like in Node${where}`, async (t) => {
      const file = fileWith(t, ours().cert);
      const preload = `process.env.NODE_EXTRA_CA_CERTS = ${JSON.stringify(file)};`;
      assert.deepEqual(await verdictsOf(t, { input, preload }), REFUSED);
    });

    same(`it has no effect if the program sets it before the first client, like in Node${where}`, async (t) => {
      const file = fileWith(t, ours().cert);
      const before = ({ input: { file } }) => (process.env.NODE_EXTRA_CA_CERTS = file);
      assert.deepEqual(await verdictsOf(t, { input: { ...input, file, before: String(before) } }), REFUSED);
    });

    same(`it stays in effect if the program deletes it, like in Node${where}`, async (t) => {
      const preload = 'delete process.env.NODE_EXTRA_CA_CERTS;';
      assert.deepEqual(await verdictsOf(t, { env: extra(t), input, preload }), ACCEPTED);
    });
  }

  same('the other roots are still trusted if its file does not exist', async (t) => {
    const env = { NODE_EXTRA_CA_CERTS: '/nowhere/extra.pem', SSL_CERT_FILE: fileWith(t, ours().cert) };
    assert.deepEqual(await verdictsOf(t, { env, flags: ['--use-openssl-ca'] }), ACCEPTED);
    assert.deepEqual(await verdictsOf(t, { env }), REFUSED);
  });

  same('the other roots are still trusted if it names a folder', async (t) => {
    const env = { NODE_EXTRA_CA_CERTS: tmpdir(), SSL_CERT_FILE: fileWith(t, ours().cert) };
    assert.deepEqual(await verdictsOf(t, { env, flags: ['--use-openssl-ca'] }), ACCEPTED);
  });
});

describe('the roots of OpenSSL and of the system', { skip: missing }, () => {
  const file = (t) => ({ SSL_CERT_FILE: fileWith(t, ours().cert), SSL_CERT_DIR: '/nowhere' });

  same('--use-openssl-ca trusts SSL_CERT_FILE', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: file(t), flags: ['--use-openssl-ca'] }), ACCEPTED);
  });

  same('--use-openssl-ca works in NODE_OPTIONS', async (t) => {
    const env = { ...file(t), NODE_OPTIONS: '--no-warnings --use-openssl-ca' };
    assert.deepEqual(await verdictsOf(t, { env }), ACCEPTED);
  });

  same('--use-openssl-ca applies to worker threads', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: file(t), flags: ['--use-openssl-ca'], input: IN_WORKER }), ACCEPTED);
  });

  same('--use-openssl-ca does not trust a private authority without SSL_CERT_FILE', async (t) => {
    assert.deepEqual(await verdictsOf(t, { flags: ['--use-openssl-ca'] }), REFUSED);
  });

  same('--use-openssl-ca trusts NODE_EXTRA_CA_CERTS, too', async (t) => {
    const env = { SSL_CERT_FILE: fileWith(t, stranger().cert), ...extra(t) };
    assert.deepEqual(await verdictsOf(t, { env, flags: ['--use-openssl-ca'] }), ACCEPTED);
  });

  same('--use-bundled-ca ignores SSL_CERT_FILE', async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: file(t), flags: ['--use-bundled-ca'] }), REFUSED);
  });

  const hasSystem = process.allowedNodeEnvironmentFlags.has('--use-system-ca') && process.platform === 'linux';
  same('--use-system-ca has the same effect as in Node', async (t) => {
    if (!hasSystem) return t.skip('this Node does not have it');
    const { node, call, socket } = await verdictsOf(t, { env: file(t), flags: ['--use-system-ca'] });
    assert.deepEqual({ call, socket }, { call: node, socket: node });
  });

  const setsDefaults = typeof (/** @type {any} */ (tls).setDefaultCACertificates) === 'function';
  for (const [when, isFirst] of [
    ['has the same effect as in Node before the first client', true],
    ['has no effect after the first client, which reads the roots', false],
  ]) {
    const either = isFirst ? same : (...args) => better('Node reads the roots for each connection', ...args);
    either(`tls.setDefaultCACertificates() ${when}`, async (t) => {
      if (!setsDefaults) return t.skip('this Node does not have it');
      const before = ({ client, input: { pem, isFirst: first } }) => {
        if (!first) client();
        require('node:tls').setDefaultCACertificates([pem]);
      };
      const input = { pem: ours().cert, isFirst, before: String(before) };
      const { call, socket } = await verdictsOf(t, { input });
      const expected = isFirst ? ACCEPTED : REFUSED;
      assert.deepEqual({ call, socket }, { call: expected.call, socket: expected.socket });
    });
  }
});

describe('NODE_TLS_REJECT_UNAUTHORIZED', { skip: missing }, () => {
  same("'0' accepts any certificate", async (t) => {
    assert.deepEqual(await verdictsOf(t, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }), ACCEPTED);
  });

  for (const value of ['1', '', 'false', 'no', ' 0']) {
    same(`'${value}' does not turn the verification off`, async (t) => {
      assert.deepEqual(await verdictsOf(t, { env: { NODE_TLS_REJECT_UNAUTHORIZED: value } }), REFUSED);
    });
  }

  same("'0' works if the program sets it before it creates the client", async (t) => {
    const before = () => (process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0');
    assert.deepEqual(await verdictsOf(t, { input: { before: String(before) } }), ACCEPTED);
  });

  better(
    'Node reads it for each connection',
    "'0' has no effect if the program sets it after it creates the client",
    async (t) => {
      const between = () => (process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0');
      assert.deepEqual(await verdictsOf(t, { input: { between: String(between) } }), REFUSED);
    },
  );

  better('it does not use the option', "tls.rejectUnauthorized true overrides '0'", async (t) => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    assert.deepEqual(await verdictsOf(t, { env, input: { tls: { rejectUnauthorized: true } } }), REFUSED);
  });

  better('it does not use the option', "tls.rejectUnauthorized false overrides '1'", async (t) => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '1' };
    assert.deepEqual(await verdictsOf(t, { env, input: { tls: { rejectUnauthorized: false } } }), ACCEPTED);
  });
});

/** Certificates that are refused with verification. */
const BAD = {
  'unknown authority': () => stranger().issue(),
  'self-signed': () => selfSigned(),
  expired: () => ours().issue({ days: -1 }),
  'another name': () => ours().issue({ san: ['DNS:other.example'] }),
  'a client certificate': () => ours().issue({ client: true }),
  'version 1': () => ours().issue({ v1: true }),
  'version 1, RSA': () => ours().issue({ v1: true, key: 'rsa' }),
  'an unknown critical extension': () => ours().issue({ extensions: ['1.3.6.1.4.1.99999.1 = critical, ASN1:NULL'] }),
  'an intermediate is missing': () => ({ ...middle().issue(), chain: '' }),
};

describe('tls.rejectUnauthorized', { skip: missing }, () => {
  const WARNING = /certificates are not verified/;
  const warningsOf = (lines) => lines.filter(({ level, text }) => level === 'warn' && WARNING.test(text));

  for (const [name, make] of Object.entries(BAD)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      better('it does not use the option', `false accepts any certificate: ${name}, ${maxVersion}`, async (t) => {
        const { key, cert } = make();
        const server = await scriptedServer(t, { tls: { key, cert, maxVersion } });
        const port = Number(server.host.split(':')[1]);
        assert.notEqual(await nodesVerdict({ port, ca: ours().cert }), 'accepted');
        const rtm = clientOf(t, server, { ...ONCE, tls: { ca: ours().cert, rejectUnauthorized: false } });
        const connected = next(rtm, 'connected');
        await rtm.start();
        await connected;
        assert.equal(server.sockets.length, 1);
      });
    }
  }

  for (const value of [true, undefined, null, 0, '', 'false']) {
    better('it does not use the option', `${JSON.stringify(value)} does not turn the verification off`, async (t) => {
      const { key, cert } = stranger().issue();
      const server = await scriptedServer(t, { tls: { key, cert } });
      const rtm = clientOf(t, server, { ...ONCE, tls: { ca: ours().cert, rejectUnauthorized: value } });
      const error = await rtm.start().catch((reason) => reason);
      assert.equal(error.original?.code, UNKNOWN);
      assert.equal(server.calls.length, 0);
    });
  }

  better('it logs nothing', 'false logs a warning, once for each client', async () => {
    for (const [value, count] of [
      [false, 1],
      [true, 0],
      [undefined, 0],
    ]) {
      const logger = recordingLogger();
      new RTMClient('xoxb-x', { logger, tls: { rejectUnauthorized: value } });
      assert.equal(warningsOf(logger.lines).length, count);
    }
  });

  better('it logs nothing', "NODE_TLS_REJECT_UNAUTHORIZED='0' logs a warning", async (t) => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    atEnd(t, () => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    });
    const logger = recordingLogger();
    new RTMClient('xoxb-x', { logger });
    assert.equal(warningsOf(logger.lines).length, 1);
  });
});
