// Agents of https-proxy-agent 2 and 3. Their agent-base 4 replaces `https.request` in the whole process with a function
// that takes one options object. That is why these tests have a file, and so a process, of their own.
'use strict';

const assert = require('node:assert/strict');
const https = require('node:https');
const { describe } = require('node:test');
const { missing: noCertificates } = require('./support/certificates.js');
const { openSlack } = require('./support/agents.js');
const { better, same } = require('./support/client.js');
const { proxyHandlers, scriptedProxy } = require('./support/scripted-proxies.js');
const { assertAllProxied, runSession } = require('./support/session-scenario.js');

const originalRequest = https.request;
const HttpsProxyAgent2 = require('https-proxy-agent-2');
const HttpsProxyAgent3 = require('https-proxy-agent-3');

const UNREACHED = '`tls` does not reach the connect call';
const ROBOT = { user: 'robot', password: 'S3CR3T-w0rd' };

/**
 * `openSlack` with `localhost`: the agents use the host as the TLS server name, and Node 26 does not accept an IP address as
 * one.
 */
async function openLocalhost(t, options) {
  const slack = await openSlack(t, options);
  for (const name of ['apiUrl', 'socketUrl'])
    Object.defineProperty(slack.server, name, { value: slack.server[name].replace('127.0.0.1', 'localhost') });
  return slack;
}

describe('with agent-base 4 in the process', { concurrency: true, skip: noCertificates }, () => {
  same('`https.request` is not that of Node', () => assert.notEqual(https.request, originalRequest));

  for (const [major, HttpsProxyAgent] of [
    [2, HttpsProxyAgent2],
    [3, HttpsProxyAgent3],
  ]) {
    better(UNREACHED, `https-proxy-agent ${major}: a session with a wss: URL goes through its proxy`, async (t) => {
      const { server, relay, ca, client } = await openLocalhost(t);
      const proxy = await scriptedProxy(t, proxyHandlers.demand(ROBOT.user, ROBOT.password));
      const agent = new HttpsProxyAgent(proxy.urlWith(ROBOT));
      await runSession(server, client({ agent, tls: { ca } }));
      assertAllProxied(server, relay, proxy);
      assert.deepEqual(
        proxy.requests.map(({ method, target }) => [method, target]),
        Array(4).fill(['CONNECT', server.host.replace('127.0.0.1', 'localhost')]),
      );
    });

    same(`https-proxy-agent ${major}: a session with a ws: URL goes through its proxy`, async (t) => {
      const { server, relay, client } = await openLocalhost(t, { plain: true });
      const proxy = await scriptedProxy(t, proxyHandlers.demand(ROBOT.user, ROBOT.password));
      await runSession(server, client({ agent: new HttpsProxyAgent(proxy.urlWith(ROBOT)) }));
      assertAllProxied(server, relay, proxy);
    });

    better('it has no apiCall()', `https-proxy-agent ${major}: apiCall() goes through its proxy`, async (t) => {
      const { server, relay, ca, client } = await openLocalhost(t);
      const proxy = await scriptedProxy(t);
      server.responses.push({ ok: true, x: 1 });
      const rtm = client({ agent: new HttpsProxyAgent(proxy.url), tls: { ca } });
      assert.equal((await rtm.apiCall('a.b', { c: 'd' })).x, 1);
      const [{ url, form }] = server.calls;
      assert.deepEqual([url, form, relay.connections, proxy.connections], ['/api/a.b', { c: 'd' }, 1, 1]);
    });
  }

  same('an https.Agent makes its connections itself', async (t) => {
    const { server, relay, ca, client } = await openLocalhost(t);
    await runSession(server, client({ agent: new https.Agent({ ca }) }));
    assert.equal(relay.connections, 4);
  });

  better(UNREACHED, 'a client without an agent connects', async (t) => {
    const { server, relay, ca, client } = await openLocalhost(t);
    await runSession(server, client({ tls: { ca } }));
    assert.equal(relay.connections, 4);
  });
});
