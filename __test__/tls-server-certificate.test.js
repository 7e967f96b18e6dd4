// Server certificates: the client accepts those that Node accepts, and refuses others with Node's error code. The expected
// verdict comes from Node's own https, for the same server.
'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { describe } = require('node:test');
const { createSecureContext } = require('node:tls');
const { ErrorCode, better, clientOf, isSlackRtmApi, same } = require('./support/client.js');
const { missing, nodesVerdict } = require('./support/certificates.js');
const { scriptedProxy } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { CERTIFICATE_CASES, root } = require('./support/server-certificate-cases.js');

const UNREACHED = '`tls` does not reach the connect call';

/** Lets the server use weak keys and digests, so that the client decides. */
const ALLOW_WEAK = 'DEFAULT@SECLEVEL=0';

/** A proxy that connects to this computer for any host. */
function proxyHere(t) {
  return scriptedProxy(t, ({ target }, socket) => {
    const server = net.connect(Number(target.split(':').pop()), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(socket).pipe(server);
    });
    server.on('error', () => socket.destroy());
    socket.on('error', () => server.destroy()).on('close', () => server.destroy());
  });
}

/** Why this Node cannot make a server with a certificate, or `undefined`: 18.17 checks its strength before it reads `ciphers`. */
function reasonUnsupported(certificate) {
  const { key, cert } = certificate();
  try {
    createSecureContext({ key, cert, ciphers: ALLOW_WEAK });
  } catch ({ code }) {
    return code === 'ERR_SSL_CA_MD_TOO_WEAK'
      ? `Node ${process.version} cannot make a server with this certificate: ${code}`
      : undefined;
  }
}

/** A server with this certificate, Node's verdict on it, and the options of a client. */
async function served(t, { server: certificate, ca = () => root().cert, host = '127.0.0.1' }) {
  const { key, cert } = certificate();
  const server = await scriptedServer(t, { tls: { key, cert, ciphers: ALLOW_WEAK } });
  const port = Number(server.host.split(':')[1]);
  const tls = { ca: ca() };
  const expected = await nodesVerdict({ ...tls, host, port });
  server.calls.length = 0;
  const isHere = ['127.0.0.1', 'localhost'].includes(host);
  const options = { tls, retryConfig: { retries: 0 }, ...(!isHere && { proxy: (await proxyHere(t)).url }) };
  return { server, expected, options, authority: `${host}:${port}` };
}

/** The verdict of a client's connect call, in the form of Node's verdict. */
async function verdictOfCall(t, { server, options, authority: at }) {
  const rtm = clientOf(t, server, { ...options, slackApiUrl: `https://${at}/api/`, autoReconnect: false });
  const error = await rtm.start().then(
    () => undefined,
    (reason) => reason,
  );
  if (error === undefined) {
    assert.equal(server.calls.length, 1);
    return 'accepted';
  }
  assert.equal(server.calls.length, 0);
  assert.equal(error.code, 'slack_webapi_request_error');
  assert.ok(error.original instanceof Error);
  return error.original.code;
}

/** The verdict of a client's socket, in the form of Node's verdict. */
async function verdictOfSocket(t, { server, options, authority: at }) {
  const api = await scriptedServer(t);
  api.responses.push(api.connectResponse({ url: `wss://${at}/socket` }));
  const rtm = clientOf(t, api, { ...options, autoReconnect: false });
  const outcome = new Promise((resolve) => rtm.once('connected', () => resolve()).once('error', resolve));
  await rtm.start();
  const error = await outcome;
  if (error === undefined) {
    assert.equal(server.sockets.length, 1);
    return 'accepted';
  }
  assert.equal(server.upgrades.length, 0);
  assert.equal(error.code, ErrorCode.WebsocketError);
  assert.ok(error.original instanceof Error);
  return error.original.code;
}

/** Verdicts that deliberately differ from Node's. docs/tls.md describes those that matter to users. */
const UNLIKE_NODE = {
  // Both refuse it, with different codes.
  'not for signing certificates': 'INVALID_PURPOSE',
  'an intermediate that is not for signing certificates': 'INVALID_PURPOSE',
  'only the intermediate is in ca, but the root is sent': 'SELF_SIGNED_CERT_IN_CHAIN',
  // The client trusts an authority in `ca` with all its extensions.
  'with an unknown critical extension': 'accepted',
  // Refused, because the TLS library does not support it.
  'since 1960': 'UNSPECIFIED',
  'ten intermediates': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'a known extension that is critical': 'UNSPECIFIED',
  ...Object.fromEntries(
    ['rsa-pss', 'ec-521'].flatMap((key) => [
      [`${key} of the server`, 'EPROTO'],
      [`${key} of the root`, 'UNSPECIFIED'],
      [`${key} of an intermediate`, 'UNSPECIFIED'],
    ]),
  ),
  // Refused, because the key is too weak.
  'rsa-1024 of the server': 'EPROTO',
  'rsa-1024 of the root': 'CERT_SIGNATURE_FAILURE',
  'rsa-1024 of an intermediate': 'CERT_SIGNATURE_FAILURE',
};

for (const [group, cases] of Object.entries(CERTIFICATE_CASES)) {
  describe(`a server's certificate: ${group}`, { skip: missing }, () => {
    for (const [name, one] of Object.entries(cases)) {
      better(
        UNREACHED,
        `${name}: the connect call has ${UNLIKE_NODE[name] ? 'the documented verdict' : "Node's verdict"}`,
        async (t) => {
          const reason = reasonUnsupported(one.server);
          if (reason) return t.skip(reason);
          const reached = await served(t, one);
          assert.equal(await verdictOfCall(t, reached), UNLIKE_NODE[name] ?? reached.expected);
        },
      );

      const isReached = ['127.0.0.1', 'localhost', undefined].includes(one.host);
      const either = isReached ? same : (...args) => better('it has no `proxy`', ...args);
      either(
        `${name}: the socket has ${UNLIKE_NODE[name] ? 'the documented verdict' : "Node's verdict"}`,
        async (t) => {
          const reason = reasonUnsupported(one.server);
          if (reason) return t.skip(reason);
          const reached = await served(t, one);
          assert.equal(await verdictOfSocket(t, reached), (!isSlackRtmApi && UNLIKE_NODE[name]) || reached.expected);
        },
      );
    }
  });
}
